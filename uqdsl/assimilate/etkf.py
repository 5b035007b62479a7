"""The ensemble transform Kalman filter, with the symmetric square root; its update is that of `infer/ensemble_transform.py`.

References:
    Bishop, Etherton & Majumdar 2001, Adaptive Sampling with the Ensemble Transform Kalman Filter, Mon. Weather Rev. 129.
    Hunt, Kostelich & Szunyogh 2007, Efficient Data Assimilation for Spatiotemporal Chaos: A Local Ensemble Transform Kalman
    Filter, Physica D 230, 112-126, sec. 2.3.
    Sakov & Oke 2008, Implications of the Form of the Ensemble Transformation in the Ensemble Square Root Filters, Mon. Weather
    Rev. 136, 1042-1053.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Moved, Seen, ensemble_filter
from uqdsl.assimilate.system import System
from uqdsl.infer.ensemble_transform import transform
from uqdsl.vocabulary.assimilation import EtkfOptions


def make(options: EtkfOptions, plan: Plan) -> Filter:
    """The filter."""

    def analysis(_system: System, ensemble: jax.Array, seen: Seen, key: jax.Array) -> Moved:
        updated = transform(ensemble, seen.white)
        if not options.rotate:
            return Moved(updated)
        mean = jnp.mean(updated, axis=0)
        return Moved(mean + rotation(key, len(updated)) @ (updated - mean))

    return ensemble_filter(options, plan, analysis)


def rotation(key: jax.Array, count: int) -> jax.Array:
    """A random orthogonal matrix `(count, count)` that leaves the mean of what it turns (Sakov & Oke 2008)."""
    basis = jnp.linalg.qr(jnp.eye(count).at[:, 0].set(1.0))[0]
    turned = jnp.linalg.qr(jax.random.normal(key, (count - 1, count - 1)))[0]
    inner = jnp.eye(count).at[1:, 1:].set(turned)
    return basis @ inner @ basis.T
