"""The deterministic ensemble Kalman filter: the mean is moved by the gain, anomalies by half of it.

    mean += K (y - h),    anomalies -= K h' / 2

References:
    Sakov & Oke 2008, A deterministic formulation of the ensemble Kalman filter: an alternative to ensemble square root filters,
    Tellus A 60, 361-371, eq. 15.
"""

from __future__ import annotations

import jax

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Moved, Seen, ensemble_filter
from uqdsl.assimilate.gain import moved_by
from uqdsl.assimilate.system import System
from uqdsl.vocabulary.assimilation.ensembles import LocalizedOptions


def make(options: LocalizedOptions, plan: Plan) -> Filter:
    """The filter."""

    def analysis(system: System, ensemble: jax.Array, seen: Seen, _key: jax.Array) -> Moved:
        mean = seen.members.mean(0)
        misfit = seen.values - mean - (seen.members - mean) / 2
        return Moved(moved_by(system, options.localization, ensemble, seen, misfit))

    return ensemble_filter(options, plan, analysis)
