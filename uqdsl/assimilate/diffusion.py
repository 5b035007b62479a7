"""The diffusion filter: noise becomes members, by the score of Gaussian kernels about the forecast in closed form.

The prior is a mixture of Gaussian kernels of covariance `h^2 P` about members that are drawn towards their mean, so that mean
and covariance P stay (Liu & West 2001); with `bandwidth = 1` it is one Gaussian. The covariance is shrunk as the number of
members wants. How the data come in is a closure, as in `infer/closures.py`: by component where data are Gaussian, else by
Laplace's method.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Analysis, Moved, Seen, ensemble_filter
from uqdsl.assimilate.system import System
from uqdsl.infer.closures import Evidence
from uqdsl.infer.diffusion import analyse
from uqdsl.infer.mixture import Mixture, shrunk_correlations
from uqdsl.vocabulary.assimilation.schemes import DiffusionSteps
from uqdsl.vocabulary.assimilation.transports import DiffusionFilterOptions


def make(options: DiffusionFilterOptions, plan: Plan) -> Filter:
    """The filter."""
    return ensemble_filter(options, plan, analysis(options))


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
