"""The unscented Kalman filter: every function is the line that fits it best at a few points around what is expected.

    points    m, m ± sqrt(n + λ) times the columns of a root of P,    λ = α² (n + κ) - n
    weights   λ / (n + λ) of the first, and 1 - α² + β more where it counts for a covariance; 1 / (2 (n + λ)) of the others

References:
    Wan & van der Merwe 2000, The Unscented Kalman Filter for Nonlinear Estimation, Proc. IEEE AS-SPCC, 153-158, eq. 15.
    Särkkä 2008, Unscented Rauch-Tung-Striebel Smoother, IEEE Trans. Automat. Contr. 53, 845-849.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.gaussian import Belief, Function, Line, Linearise, gaussian_filter
from uqdsl.vocabulary.assimilation import UnscentedKalmanOptions


def make(options: UnscentedKalmanOptions, plan: Plan) -> Filter:
    """The filter."""
    return gaussian_filter(sigma_points(options), plan, options.inflation)


def sigma_points(options: UnscentedKalmanOptions) -> Linearise:
    """The best line through the values of a function at sigma points, and what it leaves."""

    def line(function: Function, belief: Belief) -> Line:
        size = len(belief.mean)
        scale = options.alpha**2 * (size + options.kappa)  # n + λ
        values, basis = jnp.linalg.eigh(belief.covariance)
        root = jnp.sqrt(jnp.maximum(values, 0.0))
        steps = jnp.sqrt(scale) * (basis * root).T
        points = belief.mean + jnp.concatenate([jnp.zeros((1, size)), steps, -steps])
        found = jax.vmap(function)(points)
        weights = jnp.full(2 * size + 1, 1 / (2 * scale)).at[0].set((scale - size) / scale)
        mean = weights @ found
        apart = found - mean
        whole = (weights.at[0].add(1 - options.alpha**2 + options.beta) * apart.T) @ apart
        along = (found[1 : size + 1] - found[size + 1 :]).T / (2 * jnp.sqrt(scale))  # slope times root
        slope = jnp.where(root > 0, along / jnp.where(root > 0, root, 1.0), 0.0) @ basis.T
        return Line(mean, slope, whole - along @ along.T)

    return line
