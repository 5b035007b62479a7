"""The diffusion filter: noise becomes members, by the score of Gaussian kernels about the forecast in closed form.

The prior is a mixture of Gaussian kernels of covariance `h^2 P` about members that are drawn towards their mean, so that mean
and covariance P stay (Liu & West 2001); with `bandwidth = 1` it is one Gaussian. The covariance is shrunk as the number of
members wants. How the data come in is a closure, as in `infer/closures.py`: by component where data are Gaussian, else by
Laplace's method.

With localisation there is a diffusion at each place, in the space of the members: its probability flow takes a draw of each
kernel, the same one at all places, to noise and back, as in `infer/probability_flow.py`. Neighbouring places, of which nearly
the same is told, are moved nearly alike, so that nothing is torn; and no matrix is larger than the members are many.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Analysis, Moved, Seen, ensemble_filter
from uqdsl.assimilate.localization import Localization
from uqdsl.assimilate.system import System
from uqdsl.infer.closures import Evidence
from uqdsl.infer.diffusion import analyse
from uqdsl.infer.mixture import Mixture, shrunk_correlations
from uqdsl.infer.probability_flow import carried
from uqdsl.vocabulary.assimilation.schemes import DiffusionSteps, NoLocalization
from uqdsl.vocabulary.assimilation.transports import DiffusionFilterOptions


def make(options: DiffusionFilterOptions, plan: Plan) -> Filter:
    """The filter."""
    if isinstance(options.localization, NoLocalization):
        return ensemble_filter(options, plan, analysis(options))

    def refuse(system: System) -> tuple[str, str] | None:
        first = jax.tree.map(lambda each: each[0], system.events)
        if system.observes_gaussian(first):
            return None
        return "it is local, and not all that is observed is Gaussian", "take `netf`, or leave out `localization`"

    return ensemble_filter(options, plan, _local(options))._replace(refuse=refuse)


def _local(options: DiffusionFilterOptions) -> Analysis:
    """Draws of kernels that flow to noise and back at each place."""

    def analysis(system: System, ensemble: jax.Array, seen: Seen, key: jax.Array) -> Moved:
        local = Localization(system, seen.event, options.localization)
        noise = jax.random.normal(key, (len(ensemble), len(ensemble)))
        flow = partial(carried, noise=noise - jnp.mean(noise, axis=0), bandwidth=options.bandwidth, steps=options.steps)

        def at_place(number: jax.Array, members: jax.Array) -> tuple[jax.Array, None]:
            return flow(members, seen.near(local.near_observed(local.place(number)))), None

        moved, _ = local.everywhere(ensemble, at_place, lambda parameters: flow(parameters, seen.white))
        return Moved(moved)

    return analysis


def analysis(options: DiffusionSteps) -> Analysis:
    """New members from noise."""

    def analysis(system: System, ensemble: jax.Array, seen: Seen, key: jax.Array) -> Moved:
        number, size = ensemble.shape
        mean, sd = jnp.mean(ensemble, axis=0), jnp.std(ensemble, axis=0, ddof=1)
        sd = jnp.where(sd > 0, sd, 1e-12)
        unit = (ensemble - mean) / sd
        root = jnp.linalg.cholesky(shrunk_correlations(unit))
        if options.bandwidth == 1:
            mixture = Mixture(jnp.ones(1), jnp.zeros((1, size)), root[None])
        else:
            centres = jnp.sqrt(1 - options.bandwidth**2) * unit
            roots = jnp.broadcast_to(options.bandwidth * root, (number, size, size))
            mixture = Mixture(jnp.full(number, 1 / number), centres, roots)

        def log_likelihood(unit: jax.Array) -> jax.Array:
            state, parameters = seen.point(mean + sd * unit)
            return system.log_likelihood(state, parameters, seen.event)

        def innovation(unit: jax.Array) -> jax.Array:
            state, parameters = seen.point(mean + sd * unit)
            said = system.observe(state, parameters, seen.event).mean
            return seen.covariance.whitened(jnp.where(seen.present, seen.values - said, 0.0))

        gaussian = system.observes_gaussian(seen.event)
        evidence = Evidence(log_likelihood, innovation if gaussian else None)
        moved = analyse(
            mixture,
            evidence,
            key,
            number,
            closure="component" if gaussian else "newton",
            draws=options.closure_draws,
            steps=options.steps,
        )
        return Moved(mean + sd * moved)

    return analysis
