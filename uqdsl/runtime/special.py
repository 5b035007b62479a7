"""Functions that JAX does not have under one name."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.scipy.linalg import cho_solve, solve_triangular
from jax.scipy.special import gammaln


def log1mexp(x: Array) -> Array:
    """log(1 - exp(x)) for x < 0, exact near 0 and far from it (Mächler 2012, eq. 7)."""
    near = x > -0.6931471805599453
    # Each branch is given only what it can take, so that the gradient of the other is no NaN.
    return jnp.where(near, jnp.log(-jnp.expm1(jnp.where(near, x, -1.0))), jnp.log1p(-jnp.exp(jnp.where(near, -1.0, x))))


def cloglog(x: Array) -> Array:
    """log(-log(1 - x)) for 0 < x < 1."""
    return jnp.log(-jnp.log1p(-x))


def inv_cloglog(x: Array) -> Array:
    """1 - exp(-exp(x)), in (0, 1)."""
    return -jnp.expm1(-jnp.exp(x))


def lchoose(n: Array, k: Array) -> Array:
    """log of n! / (k! (n - k)!), by the gamma function where these are not whole."""
    return gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)


def logdet(matrix: Array) -> Array:
    """log |det A| of matrices `(..., n, n)`."""
    return jnp.linalg.slogdet(matrix)[1]


def solve_lower(factor: Array, right: Array) -> Array:
    """X with L X = B, for lower triangular L `(..., n, n)` and B `(..., n, m)`."""
    return solve_triangular(*_together(factor, right), lower=True)


def solve_cholesky(factor: Array, right: Array) -> Array:
    """X with L L' X = B, for lower triangular L `(..., n, n)` and B `(..., n, m)`."""
    factor, right = _together(factor, right)
    return cho_solve((factor, True), right)


def _together(factor: Array, right: Array) -> tuple[Array, Array]:
    """Both with the same batch, which JAX asks of them."""
    batch = jnp.broadcast_shapes(factor.shape[:-2], right.shape[:-2])
    return (
        jnp.broadcast_to(factor, (*batch, *factor.shape[-2:])),
        jnp.broadcast_to(right, (*batch, *right.shape[-2:])),
    )
