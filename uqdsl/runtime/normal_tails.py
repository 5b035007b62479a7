"""The tails of the normal law, on the log scale."""

from __future__ import annotations

from math import log, pi

import jax
import jax.numpy as jnp
from jax.scipy.special import erfc

LOG_ROOT_TWO_PI = 0.5 * log(2 * pi)
_FAR = 12.0
"""From here on the asymptotic series of Mills' ratio is exact to rounding, while erfc is far from underflow."""
_TERMS = 14


def log_mills(distance: jax.Array) -> jax.Array:
    """The logarithm of Mills' ratio, `log(Φ(-t) / φ(t))`, for t at or above zero, however far.

    With it products such as `exp(c) Φ(-t)` of huge and tiny numbers are `φ(·)` times a number of ordinary size.

    References:
        Abramowitz and Stegun (1964), Handbook of Mathematical Functions, 26.2.12.
    """
    far = distance > _FAR
    near = jnp.where(far, _FAR, distance)
    beyond = jnp.where(far, distance, _FAR)
    inverse = 1 / jnp.square(beyond)
    series = jnp.ones_like(inverse)
    for index in range(_TERMS, 0, -1):
        series = 1 - (2 * index - 1) * inverse * series
    return jnp.where(
        far,
        jnp.log(series) - jnp.log(beyond),
        jnp.log(0.5 * erfc(near / 2**0.5)) + 0.5 * jnp.square(near) + LOG_ROOT_TWO_PI,
    )


def log_normal_tails(z: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The logarithms of Φ(z) and Φ(-z), exact to rounding however far out."""
    left = z < 0
    distance = jnp.where(left, -z, z)
    tail = log_mills(distance) - 0.5 * jnp.square(z) - LOG_ROOT_TWO_PI
    other = jnp.log1p(-jnp.exp(tail))
    return jnp.where(left, tail, other), jnp.where(left, other, tail)
