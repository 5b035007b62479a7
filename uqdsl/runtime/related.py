"""Laws that are another one with its parameters or its values transformed."""

from __future__ import annotations

from math import sqrt

import jax.numpy as jnp
from jax.typing import ArrayLike
from numpyro import distributions as dist
from numpyro.distributions.transforms import ExpTransform, SigmoidTransform


def InverseChiSquared(df: ArrayLike) -> dist.Distribution:  # noqa: N802
    """The law of 1 / x where x is ChiSquared(df)."""
    return dist.InverseGamma(jnp.multiply(0.5, df), 0.5)


def ScaledInverseChiSquared(df: ArrayLike, scale: ArrayLike) -> dist.Distribution:  # noqa: N802
    """The law of df scale² / x where x is ChiSquared(df)."""
    half = jnp.multiply(0.5, df)
    return dist.InverseGamma(half, half * jnp.square(scale))


def Rayleigh(scale: ArrayLike) -> dist.Distribution:  # noqa: N802
    """The law of the length of a vector of two Normal(0, scale)."""
    return dist.Weibull(jnp.multiply(sqrt(2), scale), 2.0)


def LogLogistic(scale: ArrayLike, shape: ArrayLike) -> dist.Distribution:  # noqa: N802
    """The law of x whose logarithm is Logistic(log(scale), 1 / shape)."""
    return dist.TransformedDistribution(dist.Logistic(jnp.log(scale), jnp.divide(1, shape)), ExpTransform())


def LogitNormal(loc: ArrayLike, scale: ArrayLike) -> dist.Distribution:  # noqa: N802
    """The law of x whose logit is Normal(loc, scale)."""
    return dist.TransformedDistribution(dist.Normal(loc, scale), SigmoidTransform())
