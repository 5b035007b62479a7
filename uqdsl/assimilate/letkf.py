"""The local ensemble transform Kalman filter: at each place the transform of what is observed near it.

The precision of an observation falls off with its distance from the place. Parameters, which are nowhere, are moved by all
observations. Localised by correlations, each element of states and parameters has an analysis of its own.

References:
    Hunt, Kostelich & Szunyogh 2007, Efficient Data Assimilation for Spatiotemporal Chaos: A Local Ensemble Transform Kalman
    Filter, Physica D 230, 112-126, sec. 3.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Moved, Seen, ensemble_filter
from uqdsl.assimilate.localization import BLOCK, Localization, Near, correction
from uqdsl.assimilate.system import System
from uqdsl.infer.ensemble_transform import transform
from uqdsl.vocabulary.assimilation.ensembles import LocalOptions
from uqdsl.vocabulary.assimilation.schemes import AdaptiveLocalization


def make(options: LocalOptions, plan: Plan) -> Filter:
    """The filter."""

    def analysis(system: System, ensemble: jax.Array, seen: Seen, _key: jax.Array) -> Moved:
        asked = options.localization
        if isinstance(asked, AdaptiveLocalization):
            return Moved(_by_correlations(ensemble, seen, asked.cutoff))
        local = Localization(system, seen.event, asked)

        def at_place(number: jax.Array, members: jax.Array) -> tuple[jax.Array, None]:
            return transform(members, seen.near(local.near_observed(local.place(number)))), None

        moved, _ = local.everywhere(ensemble, at_place, lambda parameters: transform(parameters, seen.white))
        return Moved(moved)

    return ensemble_filter(options, plan, analysis)


def _by_correlations(ensemble: jax.Array, seen: Seen, cutoff: float) -> jax.Array:
    """Each element of an ensemble `(N, n)` moved by what is observed and correlated with it."""
    everything = jnp.arange(len(seen.values))

    def element(members: jax.Array) -> jax.Array:
        weights = correction(members[:, None], seen.members, cutoff)[0]
        return transform(members[:, None], seen.near(Near(everything, weights)))[:, 0]

    return jax.lax.map(element, ensemble.T, batch_size=BLOCK).T
