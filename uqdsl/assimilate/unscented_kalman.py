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
from jax.scipy.linalg import solve_triangular

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.gaussian import Belief, Function, Line, Linearise, gaussian_filter
from uqdsl.vocabulary.assimilation.gaussian import UnscentedKalmanOptions

_LEAST = 1e-14
"""Share of a variance that rounding makes of nothing."""


def make(options: UnscentedKalmanOptions, plan: Plan) -> Filter:
    """The filter."""
    return gaussian_filter(sigma_points(options), plan, options.inflation, reject=options.reject)


def sigma_points(options: UnscentedKalmanOptions) -> Linearise:
    """The best line through the values of a function at sigma points, and what it leaves."""

    def line(function: Function, belief: Belief) -> Line:
        size = len(belief.mean)
        scale = options.alpha**2 * (size + options.kappa)  # n + λ
        root = root_of(belief.covariance)
        steps = jnp.sqrt(scale) * root.T
        points = belief.mean + jnp.concatenate([jnp.zeros((1, size)), steps, -steps])
        found = jax.vmap(function)(points)
        weights = jnp.full(2 * size + 1, 1 / (2 * scale)).at[0].set((scale - size) / scale)
        mean = weights @ found
        apart = found - mean
        whole = (weights.at[0].add(1 - options.alpha**2 + options.beta) * apart.T) @ apart
        along = (found[1 : size + 1] - found[size + 1 :]).T / (2 * jnp.sqrt(scale))  # slope times root
        # Along what is known exactly the points do not move, and any slope will do.
        whole_root = root + jnp.diag(jnp.where(jnp.diag(root) > 0, 0.0, 1.0))
        slope = solve_triangular(whole_root, along.T, lower=True, trans=1).T
        return Line(mean, slope, whole - along @ along.T)

    return line


def root_of(covariance: jax.Array) -> jax.Array:
    """The lower triangular root of a covariance `(n, n)`; a column of zeros for each direction that others settle.

    Unlike a root from eigenvectors it has a gradient where eigenvalues are alike, as those of independent states often are.
    """
    least = _LEAST * jnp.diag(covariance)

    def column(left: jax.Array, number: jax.Array) -> tuple[jax.Array, jax.Array]:
        variance = left[number, number]
        there = variance > least[number]
        found = jnp.where(there, left[:, number] / jnp.sqrt(jnp.where(there, variance, 1.0)), 0.0)
        found = jnp.where(jnp.arange(len(left)) >= number, found, 0.0)
        return left - jnp.outer(found, found), found

    return jax.lax.scan(column, covariance, jnp.arange(len(covariance)))[1].T
