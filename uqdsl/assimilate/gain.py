"""The Kalman gain of an ensemble, with covariances that fall off with distance where that is asked for.

Localised, the covariances of states and observations P H' and of observations H P H' are multiplied element by element with
a taper (Houtekamer & Mitchell 2001). Neither is ever kept: (rho * H P H' + R) z = misfit is solved by conjugate gradients, of
which each step looks at what is near each observation, and each place at the z near it. Cost and memory are linear in the
sizes of both. By correlations, it is the gain itself that is multiplied (Luo & Bhakta 2020).

References:
    Houtekamer & Mitchell 2001, A Sequential Ensemble Kalman Filter for Atmospheric Data Assimilation, Mon. Weather Rev. 129,
    123-137, eq. 6.
    Luo & Bhakta 2020, Automatic and adaptive localization for ensemble-based history matching, J. Pet. Sci. Eng. 184, 106559.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.sparse.linalg import cg

from uqdsl.assimilate.ensemble import Seen
from uqdsl.assimilate.localization import BLOCK, Localization, correction, in_blocks
from uqdsl.assimilate.system import System
from uqdsl.infer.kalman import anomalies, gained
from uqdsl.vocabulary.assimilation.schemes import AdaptiveLocalization, NoLocalization

_TOLERANCE = 1e-10
"""Of the residual of conjugate gradients, relative to the misfit."""


def moved_by(system: System, asked: Any, ensemble: jax.Array, seen: Seen, misfit: jax.Array) -> jax.Array:
    """An ensemble `(N, n)` moved by the gain of misfits `(N, p)`."""
    if isinstance(asked, NoLocalization):
        said = anomalies(seen.white.predicted)
        return ensemble + gained(anomalies(ensemble), said, seen.covariance.whitened(misfit))
    if isinstance(asked, AdaptiveLocalization):
        return ensemble + _by_correlations(ensemble, seen, misfit, asked.cutoff)
    local = Localization(system, seen.event, asked)
    sd = jnp.sqrt(seen.covariance.variance)
    # Otherwise the compiler finds both anew for each row of the first product.
    said, apart = jax.lax.optimization_barrier(((anomalies(seen.members) / sd).T, (misfit / sd).T))
    whole = seen.covariance.whole
    errors = None if whole is None else whole / jnp.outer(sd, sd)

    places = local.observed_at()

    def product(solution: jax.Array) -> jax.Array:
        # Rows are put over what the errors make of the solution, not over zeros that would be kept for it.
        acting = solution if errors is None else errors @ solution

        def row(number: jax.Array) -> jax.Array:
            near = local.near_observed(places[number])
            return (near.weights * (said[near.indices] @ said[number])) @ solution[near.indices] + acting[number]

        def some(found: jax.Array, numbers: jax.Array) -> tuple[jax.Array, None]:
            return jax.lax.dynamic_update_slice_in_dim(found, jax.vmap(row)(numbers), numbers[0], 0), None

        return jax.lax.scan(some, acting, in_blocks(len(said)))[0]

    # Zeros that rest on nothing would be made before anything else, and kept until here.
    solution, _ = cg(product, apart, 0 * apart, tol=_TOLERANCE)

    def at_place(number: jax.Array, members: jax.Array) -> tuple[jax.Array, None]:
        near = local.near_observed(local.place(number))
        change = solution[near.indices].T @ (near.weights[:, None] * (said[near.indices] @ anomalies(members)))
        return members + change, None

    return local.everywhere(
        ensemble, at_place, lambda parameters: parameters + (solution.T @ said) @ anomalies(parameters)
    )[0]


def _by_correlations(ensemble: jax.Array, seen: Seen, misfit: jax.Array, cutoff: float) -> jax.Array:
    """The gain, element by element less what chance makes of the correlation it rests on, of misfits `(N, p)`."""
    white, apart = seen.white.predicted, seen.covariance.whitened(misfit)
    said = anomalies(white)
    # K of misfits one at a time: A' S with S = (Y Y' + I)^-1 Y, in the space of members.
    shares = jnp.linalg.solve(said @ said.T + jnp.eye(len(said)), said)

    def element(members: jax.Array) -> jax.Array:
        gain = anomalies(members[:, None])[:, 0] @ shares
        return apart @ (gain * correction(members[:, None], white, cutoff)[0])

    return jax.lax.map(element, ensemble.T, batch_size=BLOCK).T
