"""The model alone: members move as the states do, and no observation moves them; what any method has to beat."""

from __future__ import annotations

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Moved, ensemble_filter
from uqdsl.vocabulary.assimilation.ensembles import EnsembleOptions
from uqdsl.vocabulary.assimilation.static import FreeRunOptions


def make(options: FreeRunOptions, plan: Plan) -> Filter:
    """Runs that are free."""
    return ensemble_filter(EnsembleOptions(members=options.members), plan, lambda _s, each, _seen, _key: Moved(each))
