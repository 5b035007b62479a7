"""Covariances of Gaussian processes from squared distances, and their spectral densities.

`squares` are squared distances in units of the length, `amplitude` is the standard deviation of the process. A spectral
density is S(ω) = ∫ k(r) exp(-i ω·r) dr for lengths of 1 in so many `dimensions`; `squares` are then those of the frequency
times the length (Rasmussen & Williams 2006, ch. 4; Riutort-Mayol et al. 2023, eq. 1-3).
"""

from __future__ import annotations

from math import gamma, pi, sqrt

import jax.numpy as jnp
from jax import Array


def squared_exponential(squares: Array, amplitude: Array) -> Array:
    """α² exp(-r² / 2)."""
    return amplitude**2 * jnp.exp(-squares / 2)


def exponential(squares: Array, amplitude: Array) -> Array:
    """α² exp(-r), Matérn 1/2."""
    return amplitude**2 * jnp.exp(-_distance(squares))


def matern32(squares: Array, amplitude: Array) -> Array:
    """α² (1 + √3 r) exp(-√3 r)."""
    r = sqrt(3) * _distance(squares)
    return amplitude**2 * (1 + r) * jnp.exp(-r)


def matern52(squares: Array, amplitude: Array) -> Array:
    """α² (1 + √5 r + 5 r² / 3) exp(-√5 r)."""
    r = sqrt(5) * _distance(squares)
    return amplitude**2 * (1 + r + r**2 / 3) * jnp.exp(-r)


def rational_quadratic(squares: Array, amplitude: Array, mixture: Array) -> Array:
    """α² (1 + r² / (2 m))^-m: squared exponentials whose 1 / length² are spread as Gamma(m, m)."""
    return amplitude**2 * (1 + squares / (2 * mixture)) ** -mixture


def periodic(squares: Array, length: Array, amplitude: Array, period: Array) -> Array:
    """α² exp(-2 sin²(π d / p) / ℓ²), of squared distances d² as they are."""
    return amplitude**2 * jnp.exp(-2 * (jnp.sin(pi * _distance(squares) / period) / length) ** 2)


def squared_exponential_spectrum(squares: Array, amplitude: Array, dimensions: int) -> Array:
    """α² (2π)^(D/2) exp(-ω² / 2)."""
    return amplitude**2 * (2 * pi) ** (dimensions / 2) * jnp.exp(-squares / 2)


def exponential_spectrum(squares: Array, amplitude: Array, dimensions: int) -> Array:
    """That of Matérn 1/2."""
    return _matern_spectrum(0.5, squares, amplitude, dimensions)


def matern32_spectrum(squares: Array, amplitude: Array, dimensions: int) -> Array:
    """That of Matérn 3/2."""
    return _matern_spectrum(1.5, squares, amplitude, dimensions)


def matern52_spectrum(squares: Array, amplitude: Array, dimensions: int) -> Array:
    """That of Matérn 5/2."""
    return _matern_spectrum(2.5, squares, amplitude, dimensions)


def _matern_spectrum(nu: float, squares: Array, amplitude: Array, dimensions: int) -> Array:
    """α² 2^D π^(D/2) Γ(ν + D/2) / Γ(ν) (2ν)^ν (2ν + ω²)^-(ν + D/2)."""
    half = dimensions / 2
    constant = 2**dimensions * pi**half * gamma(nu + half) / gamma(nu) * (2 * nu) ** nu
    return amplitude**2 * constant * (2 * nu + squares) ** -(nu + half)


def _distance(squares: Array) -> Array:
    """The root, with derivative 0 where it is 0: a place is as far from itself whatever the length."""
    apart = squares > 0
    return jnp.where(apart, jnp.sqrt(jnp.where(apart, squares, 1.0)), 0.0)
