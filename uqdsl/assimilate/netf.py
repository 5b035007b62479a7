"""The nonlinear ensemble transform filter: members with the mean and the covariance of weighted particles, at each place.

With weights `w_i ~ p(y | x_i)` a new member is

    x_j = sum_i x_i (w_i + sqrt(N) T_ij),   T T = diag(w) - w w',

with T the symmetric root, so that members move as little as they have to and neighbouring places, whose weights are nearly
the same, move them nearly alike: nothing is resampled, and nothing torn. With localisation the weights are of each place, and
do not collapse as those of a whole state do.

Where errors are small beside the spread, they collapse at a place too. Then `effective` raises the likelihood there to the
largest power up to 1 that leaves so many members their say, as Poterjoy does: less is learned than what is observed tells.

References:
    Tödter & Ahrens 2015, A Second-Order Exact Ensemble Square Root Filter for Nonlinear Data Assimilation, Mon. Weather Rev.
    143, 1347-1367, eqs. 21 and 25.
    Tödter, Kirchgessner, Nerger & Ahrens 2016, Assessment of a Nonlinear Ensemble Transform Filter for High-Dimensional Data
    Assimilation, Mon. Weather Rev. 144, 409-427 (localisation).
    Poterjoy 2022, Regularization and tempering for a moment-matching localized particle filter, Q. J. R. Meteorol. Soc. 148,
    2631-2651 (weights made more uniform).
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Moved, Seen, ensemble_filter
from uqdsl.assimilate.localization import Localization
from uqdsl.assimilate.system import System
from uqdsl.infer.population import effective, next_temperature
from uqdsl.vocabulary.assimilation.transports import NetfOptions


def transform(members: jax.Array, log_weights: jax.Array) -> jax.Array:
    """Members `(N, d)` that count alike, with the mean and the covariance of weighted ones."""
    weights = jax.nn.softmax(log_weights)
    squares, vectors = jnp.linalg.eigh(jnp.diag(weights) - jnp.outer(weights, weights))
    root = (vectors * jnp.sqrt(jnp.maximum(squares, 0.0))) @ vectors.T
    return weights @ members + jnp.sqrt(float(len(members))) * root @ members


class _Told(NamedTuple):
    """How many members are effective at a place, what their likelihood was raised to, and whether it tells them apart."""

    effective: jax.Array
    power: jax.Array
    informed: jax.Array


def make(options: NetfOptions, plan: Plan) -> Filter:
    """The filter."""

    def analysis(system: System, ensemble: jax.Array, seen: Seen, _key: jax.Array) -> Moved:
        local = Localization(system, seen.event, options.localization)
        logs = seen.log_likelihoods(system, ensemble)

        def weighed(members: jax.Array, log_weights: jax.Array) -> tuple[jax.Array, _Told]:
            power = jnp.ones(())
            if options.effective:
                power = next_temperature(log_weights, jnp.zeros(()), options.effective * len(members))
            told = _Told(effective(power * log_weights), power, jnp.ptp(log_weights) > 0)
            return transform(members, power * log_weights), told

        def at_place(number: jax.Array, members: jax.Array) -> tuple[jax.Array, _Told]:
            near = local.near_observed(local.place(number))
            return weighed(members, logs[:, near.indices] @ near.weights)

        moved, told = local.everywhere(
            ensemble, at_place, lambda parameters: weighed(parameters, jnp.sum(logs, axis=1))[0]
        )
        numbers = {"ess": jnp.mean(told.effective)}
        if options.effective:
            numbers["power"] = jnp.mean(told.power, where=told.informed)
        return Moved(moved, numbers)

    return ensemble_filter(options, plan, analysis)
