"""The ensemble smoother of Rauch, Tung & Striebel behind a transform filter: regressions of members on their forecasts.

    E = E + (Es' - E'f) A'f^+ A,    with a stroke for the time after, A anomalies, and ^+ the pseudo-inverse

Where the state has more elements than there are members the pseudo-inverse is that of their inner products: the cost is
linear in the size of the state.

References:
    Raanes 2016, On the Ensemble Rauch-Tung-Striebel Smoother and Its Equivalence to the Ensemble Kalman Smoother, Q. J. R.
    Meteorol. Soc. 142, 1259-1264.
"""

from __future__ import annotations

import jax.numpy as jnp

from uqdsl.assimilate import etkf
from uqdsl.assimilate.cycle import Filter, Passed, Plan, Smoother
from uqdsl.assimilate.ensemble import Ensemble
from uqdsl.assimilate.system import Events, System
from uqdsl.vocabulary.assimilation.ensembles import EnsembleOptions


def make(options: EnsembleOptions, plan: Plan) -> Filter:
    """The filter, and the way back."""
    estimated = jnp.asarray(plan.estimated)
    filtered = etkf.make(options, plan)

    def back(_system: System, here: Passed, after: Passed, known: Ensemble, _event: Events) -> Ensemble:
        now, foretold = here.analysis.joint(estimated), after.forecast.joint(estimated)
        anomalies = foretold - foretold.mean(0)
        apart = (known.joint(estimated) - foretold) @ jnp.linalg.pinv(anomalies, rtol=1e-10)
        return here.analysis.with_joint(now + apart @ (now - now.mean(0)), estimated)

    smoother = Smoother(Passed, lambda _system, kept, _event: kept.analysis, back, filtered.estimate)
    return filtered._replace(smoother=smoother)
