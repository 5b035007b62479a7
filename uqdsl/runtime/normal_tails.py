"""The tails of the normal law, on the log scale."""

from __future__ import annotations

from math import log, pi

import jax
import jax.numpy as jnp
from jax.scipy.special import log_ndtr

LOG_ROOT_TWO_PI = 0.5 * log(2 * pi)
_FAR = -15.0
"""Below this the asymptotic series of Mills' ratio is exact to rounding."""
_TERMS = 14


def log_mills(z: jax.Array) -> jax.Array:
    """The logarithm of Mills' ratio, `log(Φ(z) / φ(z))`, for z below zero, however far.

    With it products such as `exp(c) Φ(z)` of huge and tiny numbers are `φ(·)` times a number of ordinary size.

    References:
        Abramowitz and Stegun (1964), Handbook of Mathematical Functions, 26.2.12.
    """
    far = z < _FAR
    near = jnp.where(far, _FAR, z)
    inverse = 1 / jnp.square(jnp.where(far, z, _FAR))
    term, total = jnp.ones_like(inverse), jnp.ones_like(inverse)
    for index in range(1, _TERMS):
        term = -term * (2 * index - 1) * inverse
        total += term
    series = jnp.log(total) - jnp.log(-jnp.where(far, z, _FAR))
    return jnp.where(far, series, log_ndtr(near) + 0.5 * near**2 + LOG_ROOT_TWO_PI)


def log_normal_cdf(z: jax.Array) -> jax.Array:
    """The logarithm of Φ(z), exact to rounding in both tails."""
    far = z < _FAR
    safe = jnp.where(far, z, _FAR)
    return jnp.where(far, log_mills(safe) - 0.5 * safe**2 - LOG_ROOT_TWO_PI, log_ndtr(jnp.where(far, _FAR, z)))


def log1mexp(a: jax.Array) -> jax.Array:
    """`log(1 - exp(a))` for a below zero, minus infinity included; exact to rounding near both ends.

    References:
        Mächler (2012), Accurately computing log(1 - exp(-|a|)).
    """
    small = a > -log(2)
    below = jnp.where(small, a, -1.0)
    above = jnp.where(small, -1.0, a)
    return jnp.where(small, jnp.log(-jnp.expm1(below)), jnp.log1p(-jnp.exp(above)))
