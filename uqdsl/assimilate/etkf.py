"""The ensemble transform Kalman filter, with the symmetric square root; its update is that of `infer/ensemble_transform.py`.

References:
    Bishop, Etherton & Majumdar 2001, Adaptive Sampling with the Ensemble Transform Kalman Filter, Mon. Weather Rev. 129.
    Hunt, Kostelich & Szunyogh 2007, Efficient Data Assimilation for Spatiotemporal Chaos: A Local Ensemble Transform Kalman
    Filter, Physica D 230, 112-126, sec. 2.3.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Moved, Seen, ensemble_filter
from uqdsl.assimilate.system import System
from uqdsl.infer.ensemble_transform import transform
from uqdsl.vocabulary.assimilation.ensembles import EnsembleOptions


def make(options: EnsembleOptions, plan: Plan) -> Filter:
    """The filter."""

    def analysis(_system: System, ensemble: jax.Array, seen: Seen, _key: jax.Array) -> Moved:
        # The update is linear in the members: a matrix of their number, and no copy of all of them on the way.
        return Moved(transform(jnp.eye(len(ensemble)), seen.white) @ ensemble)

    return ensemble_filter(options, plan, analysis)
