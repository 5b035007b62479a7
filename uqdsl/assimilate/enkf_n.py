"""The finite-size ensemble Kalman filter: what sampling errors of the ensemble call for in inflation is found by itself.

The covariance of the forecast is unknown beyond what N members tell of it. Its law, integrated out, leaves a cost in the mean
whose dual is a function of one inflation factor l of the anomalies:

    J(l) = |y - h|^2 in (l^2 Y' Y + N - 1) + e / l^2 + c log l^2,    e = (N + 1) / N, c = N / (N - 1),

with e and c moved towards a mode of 1 where the data tell little (Bocquet, Raanes & Hannart 2015, eq. 36). Then follows the
transform of an ensemble inflated by the best l.

References:
    Bocquet 2011, Ensemble Kalman filtering without the intrinsic need for inflation, Nonlin. Processes Geophys. 18, 735-750.
    Bocquet & Sakov 2012, Combining inflation-free and iterative ensemble Kalman filters for strongly nonlinear systems, Nonlin.
    Processes Geophys. 19, 383-399.
    Bocquet, Raanes & Hannart 2015, Expanding the validity of the ensemble Kalman filter without the intrinsic need for
    inflation, Nonlin. Processes Geophys. 22, 645-662.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Moved, Seen, ensemble_filter, spread_by
from uqdsl.assimilate.system import System
from uqdsl.infer.ensemble_transform import transform
from uqdsl.infer.kalman import White
from uqdsl.vocabulary.assimilation.ensembles import FiniteSizeOptions

_WIDEST = 100.0
"""The largest inflation that is looked at, over the least."""
_GRID = 200
_ROUNDS = 3
"""How often the grid is laid anew, each time between the neighbours of the best."""


def make(options: FiniteSizeOptions, plan: Plan) -> Filter:
    """The filter."""

    def analysis(_system: System, ensemble: jax.Array, seen: Seen, _key: jax.Array) -> Moved:
        white = seen.white
        factor = best_inflation(white, options.certainty)
        wider = White(spread_by(factor, white.predicted), white.values)
        return Moved(transform(spread_by(factor, ensemble), wider), {"inflation": factor})

    return ensemble_filter(options, plan, analysis)


def best_inflation(white: White, certainty: float) -> jax.Array:
    """The l that the dual cost is least for."""
    members = len(white.predicted)
    said = white.predicted - white.predicted.mean(0)
    values, vectors = jnp.linalg.eigh(said @ said.T)
    values = jnp.maximum(values, 0.0)
    seen = (vectors.T @ (said @ (white.values - white.predicted.mean(0)))) ** 2
    free = members - 1
    of_mean, of_log = hyperprior(values, certainty)

    def cost(log_factor: jax.Array) -> jax.Array:
        square = jnp.exp(2 * log_factor)
        explained = jnp.sum(square * seen / (free * (square * values + free)))
        return of_mean / square + 2 * of_log * log_factor - explained

    # Without data the cost is least at the mode of its two last terms; data only widen.
    low = 0.5 * jnp.log(of_mean / of_log)
    high = low + jnp.log(_WIDEST)
    for _ in range(_ROUNDS):
        grid = jnp.linspace(low, high, _GRID)
        best = jnp.argmin(jax.vmap(cost)(grid))
        low, high = grid[jnp.maximum(best - 1, 0)], grid[jnp.minimum(best + 1, _GRID - 1)]
    return jnp.exp(0.5 * (low + high))


def hyperprior(values: jax.Array, certainty: float) -> tuple[jax.Array, jax.Array]:
    """e and c, given the eigenvalues `(N,)` of Y Y'."""
    members = len(values)
    free = members - 1
    mode = (members + 1) / members * free / members
    correction = jnp.sqrt(mode ** jnp.mean(free / (values + free)))
    return (members + 1) / members / correction * certainty, members / free * correction * certainty
