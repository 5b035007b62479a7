"""Log densities of laws up to a constant, summed over all elements. The support is the caller's concern."""

from __future__ import annotations

from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike


def normal(x: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> Array:
    """exp(-((x - mean) / sd)² / 2) / sd."""
    x, mean, sd = jnp.broadcast_arrays(*map(jnp.asarray, (x, mean, sd)))
    return jnp.sum(-0.5 * ((x - mean) / sd) ** 2 - jnp.log(sd))


def cauchy(x: ArrayLike, scale: float) -> Array:
    """1 / (1 + (x / scale)²), or its half."""
    return student_t(x, 1.0, 0.0, scale)


def student_t(x: ArrayLike, df: float, location: float, scale: float) -> Array:
    """(1 + ((x - location) / scale)² / df)^(-(df + 1) / 2), or its half."""
    return jnp.sum(-0.5 * (df + 1) * jnp.log1p(((jnp.asarray(x) - location) / scale) ** 2 / df))


def gamma(x: ArrayLike, shape: float, rate: float) -> Array:
    """x^(shape - 1) exp(-rate x)."""
    x = jnp.asarray(x)
    return jnp.sum((shape - 1) * jnp.log(x) - rate * x)


def inverse_gamma(x: ArrayLike, shape: float, scale: float) -> Array:
    """x^(-shape - 1) exp(-scale / x)."""
    x = jnp.asarray(x)
    return jnp.sum(-(shape + 1) * jnp.log(x) - scale / x)


def log_normal(x: ArrayLike, location: ArrayLike, scale: ArrayLike) -> Array:
    """The density of x where log x is Normal(location, scale)."""
    log_x = jnp.log(jnp.asarray(x))
    return normal(log_x, location, scale) - jnp.sum(log_x)
