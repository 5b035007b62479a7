"""The local ensemble transform Kalman filter: at each place the transform of what is observed near it.

The precision of an observation falls off with its distance from the place. Parameters, which are nowhere, are moved by all
observations.

References:
    Hunt, Kostelich & Szunyogh 2007, Efficient Data Assimilation for Spatiotemporal Chaos: A Local Ensemble Transform Kalman
    Filter, Physica D 230, 112-126, sec. 3.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Moved, Seen, ensemble_filter
from uqdsl.assimilate.localization import BLOCK, Localization
from uqdsl.assimilate.system import System
from uqdsl.infer.ensemble_transform import transform
from uqdsl.vocabulary.assimilation import LocalOptions


def make(options: LocalOptions, plan: Plan) -> Filter:
    """The filter."""

    def analysis(system: System, ensemble: jax.Array, seen: Seen, _key: jax.Array) -> Moved:
        local = Localization(system, seen.event, options.localization)
        states, parameters = ensemble[:, : system.size], ensemble[:, system.size :]

        def at_place(each: tuple[jax.Array, jax.Array]) -> jax.Array:
            number, members = each
            return transform(members, seen.near(local.near_observed(local.place(number))))

        numbered = jnp.arange(local.places), local.by_place(states)
        moved = local.together(jax.lax.map(at_place, numbered, batch_size=BLOCK))
        if parameters.shape[1]:
            parameters = transform(parameters, seen.white)
        return Moved(jnp.concatenate([moved, parameters], axis=1))

    return ensemble_filter(options, plan, analysis)
