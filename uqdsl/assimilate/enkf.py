"""The ensemble Kalman filter with perturbed observations, whose perturbations have mean 0.

    x_i += K (y + e_i - h(x_i)),    e_i ~ Normal(0, R)

References:
    Burgers, van Leeuwen & Evensen 1998, Analysis Scheme in the Ensemble Kalman Filter, Mon. Weather Rev. 126, 1719-1724.
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

    def analysis(system: System, ensemble: jax.Array, seen: Seen, key: jax.Array) -> Moved:
        noise = seen.covariance.coloured(jax.random.normal(key, seen.members.shape))
        misfit = seen.values + noise - noise.mean(0) - seen.members
        return Moved(moved_by(system, options.localization, ensemble, seen, misfit))

    return ensemble_filter(options, plan, analysis)
