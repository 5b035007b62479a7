"""The ensemble transform Kalman filter, with the symmetric square root.

References:
    Bishop, Etherton & Majumdar 2001, Adaptive Sampling with the Ensemble Transform Kalman Filter, Mon. Weather Rev. 129.
    Hunt, Kostelich & Szunyogh 2007, Efficient Data Assimilation for Spatiotemporal Chaos: A Local Ensemble Transform Kalman
    Filter, Physica D 230, 112-126, sec. 2.3.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Seen, ensemble_filter
from uqdsl.vocabulary.assimilation import EtkfOptions


def make(options: EtkfOptions, plan: Plan) -> Filter:
    """The filter."""
    return ensemble_filter(options, plan, lambda ensemble, seen, key: transform(ensemble, seen, key, options.rotate))


def transform(ensemble: jax.Array, seen: Seen, key: jax.Array, rotate: bool = False) -> jax.Array:
    """The ensemble `(N, n)` after an analysis in the space of its members (Hunt et al. 2007, eq. 20 to 24).

    With Y the anomalies of what members show, as rows, and d the innovation of their mean,

        P = ((N - 1) I + Y R^-1 Y')^-1,  w = P Y R^-1 d,  W = ((N - 1) P)^(1/2),  x_i = mean + X' (w + W_i).
    """
    count = len(ensemble)
    mean, shown = jnp.mean(ensemble, axis=0), jnp.mean(seen.members, axis=0)
    anomalies, y = ensemble - mean, seen.members - shown
    weighted = cho_solve(cho_factor(seen.covariance, lower=True), y.T).T
    values, vectors = jnp.linalg.eigh(y @ weighted.T)
    values = jnp.maximum(values, 0.0) + count - 1
    weights = vectors @ ((vectors.T @ (weighted @ (seen.values - shown))) / values)
    root = (vectors * jnp.sqrt((count - 1) / values)) @ vectors.T
    if rotate:
        root = rotation(key, count) @ root
    return mean + (weights + root) @ anomalies


def rotation(key: jax.Array, count: int) -> jax.Array:
    """A random orthogonal matrix `(count, count)` that leaves the mean of what it turns (Sakov & Oke 2008)."""
    basis = jnp.linalg.qr(jnp.eye(count).at[:, 0].set(1.0))[0]
    turned = jnp.linalg.qr(jax.random.normal(key, (count - 1, count - 1)))[0]
    inner = jnp.eye(count).at[1:, 1:].set(turned)
    return basis @ inner @ basis.T
