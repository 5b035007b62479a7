"""The model alone: members move as the states do, and no observation moves them; what any method has to beat."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Moved, Seen, ensemble_filter
from uqdsl.assimilate.system import System
from uqdsl.vocabulary.assimilation import EnsembleOptions, FreeRunOptions


def make(options: FreeRunOptions, plan: Plan) -> Filter:
    """Runs that are free."""

    def analysis(_system: System, ensemble: jax.Array, seen: Seen, _key: jax.Array) -> Moved:
        return Moved(ensemble, {"gain": jnp.zeros(len(seen.values))})

    return ensemble_filter(EnsembleOptions(members=options.members), plan, analysis)
