"""The ensemble smoother with multiple data assimilation, in windows of time.

The observations of a block are taken in several times, with errors of as many times their variance; before each time the
model runs over the window anew, so that the smaller steps follow its bend.

References:
    Emerick & Reynolds 2013, Ensemble Smoother with Multiple Data Assimilation, Comput. Geosci. 55, 3-15.
"""

from __future__ import annotations

import jax

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Moved
from uqdsl.assimilate.ensemble_window import Shown, ensemble_window
from uqdsl.infer.kalman import stochastic_update
from uqdsl.vocabulary.assimilation.windows import EsMdaFilterOptions


def make(options: EsMdaFilterOptions, plan: Plan) -> Filter:
    """The smoother."""

    def update(ensemble: jax.Array, shown: Shown, key: jax.Array) -> Moved:
        def once(ensemble: jax.Array, key: jax.Array) -> tuple[jax.Array, None]:
            return stochastic_update(ensemble, shown(ensemble), key, float(options.steps)), None

        return Moved(jax.lax.scan(once, ensemble, jax.random.split(key, options.steps))[0])

    return ensemble_window(options, plan, update)
