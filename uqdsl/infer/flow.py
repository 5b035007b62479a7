"""A normalising flow: a normal law that is bent by layers of monotone splines, each steered by a small network.

Each layer leaves half of the elements as they are, and moves the others by splines that depend on these; then the elements
are shuffled. It follows bends and skewness; of separate modes it finds the one that it began at.

Durkan, Bekasov, Murray & Papamakarios 2019, Neural Spline Flows, NeurIPS 32; Dinh, Sohl-Dickstein & Bengio 2017,
arXiv:1605.08803; as flowjax has them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax

from uqdsl.infer.pathfinder import Law
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.variational import Guide, fit
from uqdsl.vocabulary.methods.local import FlowOptions

_INTERVAL = 10.0
"""Splines are bent as far from the middle, in standard deviations of the law that it begins with."""
_BENT = 0.1
"""Share of their random weights that the networks begin with: layers that bend little, as the law is a good start."""


def run(posterior: Posterior, options: FlowOptions, key: jax.Array, watch: Watch) -> Draws:
    """Draws of the nearest law of this form."""
    return fit(posterior, options, key, watch, partial(_guide, options))


def _guide(options: FlowOptions, law: Law, key: jax.Array) -> Guide:
    import equinox as eqx
    import paramax
    from flowjax.bijections import RationalQuadraticSpline
    from flowjax.distributions import StandardNormal
    from flowjax.flows import coupling_flow, masked_autoregressive_flow

    size = law.mean.size
    # One element cannot be halved; of one, what steers the spline is a constant.
    family = coupling_flow if size > 1 else masked_autoregressive_flow
    flow = family(
        key,
        base_dist=StandardNormal((size,)),
        transformer=RationalQuadraticSpline(knots=options.knots, interval=_INTERVAL),
        flow_layers=options.layers,
        nn_width=options.width,
        invert=False,
    )
    random, fixed = eqx.partition(
        flow, eqx.is_inexact_array, is_leaf=lambda each: isinstance(each, paramax.NonTrainable)
    )

    def at(parameters: Any) -> Any:
        return paramax.unwrap(eqx.combine(parameters, fixed))

    def place(parameters: Any, noise: jax.Array) -> jax.Array:
        return law.place(at(parameters).bijection.transform(noise))

    def log_density(parameters: Any, position: jax.Array) -> jax.Array:
        return at(parameters).log_prob(law.noise(position)) - law.log_volume

    first = jax.tree.map(lambda each: _BENT * each, random)
    return Guide(first, place, log_density, size)
