"""The particle flow filter: members flow to the posterior and push each other apart, as in `infer/particle_flow.py`.

The prior is a Gaussian of the ensemble's mean and covariance B, which is tapered where localisation is asked for and shrunk
where it is not. The flow runs in the basis in which B is the identity and the curvature of the likelihood is diagonal.

Reference:
    Hu & van Leeuwen 2021, A particle flow filter for high-dimensional system applications, Q. J. R. Meteorol. Soc. 147,
    2352-2374.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Moved, Seen, ensemble_filter
from uqdsl.assimilate.localization import Localization
from uqdsl.assimilate.system import System
from uqdsl.infer.mixture import shrunk_correlations
from uqdsl.infer.particle_flow import analyse, diagonal_basis, mean_curvature
from uqdsl.vocabulary.assimilation.schemes import NoLocalization
from uqdsl.vocabulary.assimilation.transports import ParticleFlowFilterOptions

_LEAST = 1e-6
"""Added to correlations of an element with itself."""


def make(options: ParticleFlowFilterOptions, plan: Plan) -> Filter:
    """The filter."""

    def analysis(system: System, ensemble: jax.Array, seen: Seen, _key: jax.Array) -> Moved:
        number, size = ensemble.shape
        mean, sd = jnp.mean(ensemble, axis=0), jnp.std(ensemble, axis=0, ddof=1)
        sd = jnp.where(sd > 0, sd, 1e-12)
        unit = (ensemble - mean) / sd
        if isinstance(options.localization, NoLocalization):
            correlations = shrunk_correlations(unit)
        else:
            near = _tapers(Localization(system, seen.event, options.localization), system.size)
            weights = jnp.ones((size, size)).at[: system.size, : system.size].set(near)
            correlations = weights * (unit.T @ unit) / (number - 1)
        correlations = correlations + _LEAST * jnp.eye(size)
        root = jnp.linalg.cholesky(correlations)

        def log_likelihood(unit: jax.Array) -> jax.Array:
            state, parameters = seen.point(mean + sd * unit)
            return system.log_likelihood(state, parameters, seen.event)

        def log_density(unit: jax.Array) -> jax.Array:
            white = solve_triangular(root, unit, lower=True)
            return log_likelihood(unit) - 0.5 * white @ white

        basis = diagonal_basis(correlations, mean_curvature(log_likelihood, jnp.zeros((1, size))))
        moved = analyse(
            unit,
            log_density,
            basis,
            kernel=options.kernel,
            bandwidth=options.bandwidth or 1 / number,
            steps=options.steps,
        )
        return Moved(mean + sd * moved)

    return ensemble_filter(options, plan, analysis)


def _tapers(local: Localization, size: int) -> jax.Array:
    """Weights that distances leave the covariances of elements of the states, `(d, d)`."""
    elements = local.by_place(jnp.arange(size, dtype=float)[None])[:, 0].astype(int)
    near = jax.vmap(lambda number: local.near_places(local.place(number)))(jnp.arange(local.places))
    rows = jnp.arange(local.places)[:, None]
    weights = jnp.zeros((local.places, local.places)).at[rows, near.indices].max(near.weights)
    place = jnp.zeros(size, int).at[elements].set(jnp.broadcast_to(rows, elements.shape))
    return weights[place][:, place]
