"""The ensemble adjustment Kalman filter: one observation after the other, what it changes regressed on the states near it.

    y_i -> m_u + a (y_i - m),    a^2 = r / (s^2 + r),    x_i += cov(x, y) / s^2 times that change

References:
    Anderson 2003, A Local Least Squares Framework for Ensemble Filtering, Mon. Weather Rev. 131, 634-642.
    Karspeck & Anderson 2007, Experimental Implementation of an Ensemble Adjustment Filter for an Intermediate ENSO Model, J.
    Climate 20, 4638-4658.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Moved, Seen, ensemble_filter
from uqdsl.assimilate.localization import Localization, correction
from uqdsl.assimilate.system import System
from uqdsl.vocabulary.assimilation.ensembles import SerialOptions
from uqdsl.vocabulary.assimilation.schemes import AdaptiveLocalization


def make(options: SerialOptions, plan: Plan) -> Filter:
    """The filter."""

    def analysis(system: System, ensemble: jax.Array, seen: Seen, _key: jax.Array) -> Moved:
        asked, white = options.localization, seen.white
        local = Localization(system, seen.event, asked)
        states, parameters = local.by_place(ensemble[:, : system.size]), ensemble[:, system.size :]

        def one(
            carried: tuple[jax.Array, jax.Array, jax.Array], each: tuple[jax.Array, jax.Array, jax.Array]
        ) -> tuple[tuple[jax.Array, jax.Array, jax.Array], None]:
            states, parameters, members = carried
            number, value, at = each
            own = members[number]
            anomaly = own - own.mean()
            variance = jnp.var(own, ddof=1)
            moved = (value - own.mean()) * variance / (1 + variance) + anomaly / jnp.sqrt(1 + variance) - anomaly
            slope = anomaly / jnp.where(variance > 0, variance, jnp.inf) / (len(own) - 1)
            places, others = local.near_places(at), local.near_observed(at)
            regressed = jnp.einsum("n,knm->km", slope, states[places.indices]) * places.weights[:, None]
            of_parameters = slope @ parameters
            of_others = (members[others.indices] @ slope) * others.weights
            if isinstance(asked, AdaptiveLocalization):
                regressed *= correction(states[0], own[:, None], asked.cutoff).T
                of_others *= correction(members.T, own[:, None], asked.cutoff)[:, 0]
                of_parameters *= correction(parameters, own[:, None], asked.cutoff)[:, 0]
            states = states.at[places.indices].add(moved[:, None] * regressed[:, None, :])
            members = members.at[others.indices].add(jnp.outer(of_others, moved))
            return (states, parameters + jnp.outer(moved, of_parameters), members), None

        rows = jnp.arange(len(white.values)), white.values, local.observed_at()
        (states, parameters, _), _ = jax.lax.scan(one, (states, parameters, white.predicted.T), rows)
        return Moved(jnp.concatenate([local.together(states), parameters], axis=1))

    return ensemble_filter(options, plan, analysis)
