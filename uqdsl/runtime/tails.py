"""The probabilities below and above a value, on the log scale, for each law that can be truncated."""

from __future__ import annotations

from functools import singledispatch
from math import log, pi
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import erf
from numpyro import distributions as dist

from uqdsl.runtime.ex_gaussian import ExGaussian
from uqdsl.runtime.incomplete import log_incomplete_beta, log_incomplete_gamma
from uqdsl.runtime.inverse_gaussian import InverseGaussian
from uqdsl.runtime.kumaraswamy import Kumaraswamy
from uqdsl.runtime.normal_tails import log_normal_tails
from uqdsl.runtime.special import log1mexp
from uqdsl.runtime.triangular import Triangular

type Tails = tuple[jax.Array, jax.Array]
_FAR = 37.0
"""Where 1 + exp(-x) is 1 to rounding."""


@singledispatch
def log_tails(law: Any, x: jax.Array) -> Tails:
    """`log P(X <= x)` and `log P(X > x)`, each exact to rounding however small it is.

    Arguments:
        law: over numbers.
        x: inside of its support, not at a finite end where the law is continuous; whole where it is discrete.
    """
    raise NotImplementedError(f"the tails of {type(law).__name__}")


@log_tails.register(ExGaussian)
@log_tails.register(InverseGaussian)
@log_tails.register(Kumaraswamy)
@log_tails.register(Triangular)
def _of_its_own(law: Any, x: jax.Array) -> Tails:
    return law.log_tails(x)


# the real line --------------------------------------------------------------------------------------------------------


@log_tails.register(dist.Normal)
def _(law: Any, x: jax.Array) -> Tails:
    return log_normal_tails((x - law.loc) / law.scale)


@log_tails.register(dist.StudentT)
def _(law: Any, x: jax.Array) -> Tails:
    return _student(jnp.asarray(law.df, jnp.result_type(float)), (x - law.loc) / law.scale)


@jax.custom_jvp
def _student(df: jax.Array, z: jax.Array) -> Tails:
    below = z < 0
    squared = jnp.maximum(jnp.square(z), jnp.finfo(z.dtype).tiny ** 0.5)
    tail = -log(2) + log_incomplete_beta(0.5 * df, 0.5, -jnp.log1p(squared / df), -jnp.log1p(df / squared))[0]
    other = jnp.log1p(-jnp.exp(tail))
    return jnp.where(below, tail, other), jnp.where(below, other, tail)


@_student.defjvp
def _(primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]) -> tuple[Tails, Tails]:
    """By z the derivative is the density, also at 0, where that of the incomplete beta function is infinite."""
    df, z = primals
    values, by_df = jax.jvp(lambda df: _student.fun(df, z), (df,), (tangents[0],))
    density = dist.StudentT(df, 0.0, 1.0).log_prob(z)
    return values, (
        by_df[0] + jnp.exp(density - values[0]) * tangents[1],
        by_df[1] - jnp.exp(density - values[1]) * tangents[1],
    )


@log_tails.register(dist.Cauchy)
def _(law: Any, x: jax.Array) -> Tails:
    z = (x - law.loc) / law.scale
    return jnp.log(jnp.arctan2(1.0, -z) / pi), jnp.log(jnp.arctan2(1.0, z) / pi)


@log_tails.register(dist.Laplace)
def _(law: Any, x: jax.Array) -> Tails:
    return _two_exponentials((x - law.loc) / law.scale, (x - law.loc) / law.scale, -log(2), -log(2))


@log_tails.register(dist.AsymmetricLaplace)
def _(law: Any, x: jax.Array) -> Tails:
    distance, squared = x - law.loc, jnp.square(law.asymmetry)
    return _two_exponentials(
        distance / law.left_scale, distance / law.right_scale, -jnp.log1p(1 / squared), -jnp.log1p(squared)
    )


@log_tails.register(dist.AsymmetricLaplaceQuantile)
def _(law: Any, x: jax.Array) -> Tails:
    return log_tails(law._ald, x)  # noqa: SLF001


def _two_exponentials(
    left: jax.Array, right: jax.Array, log_left: jax.Array | float, log_right: jax.Array | float
) -> Tails:
    """The tails of a density that falls off exponentially to both sides; `log_left` is the probability below 0."""
    below = left < 0
    lower = log_left + jnp.where(below, left, 0.0)
    upper = log_right - jnp.where(below, 0.0, right)
    return jnp.where(below, lower, jnp.log1p(-jnp.exp(upper))), jnp.where(below, jnp.log1p(-jnp.exp(lower)), upper)


@log_tails.register(dist.Logistic)
def _(law: Any, x: jax.Array) -> Tails:
    z = (x - law.loc) / law.scale
    return jax.nn.log_sigmoid(z), jax.nn.log_sigmoid(-z)


@log_tails.register(dist.Gumbel)
def _(law: Any, x: jax.Array) -> Tails:
    z = (x - law.loc) / law.scale
    far = z > _FAR
    return -jnp.exp(-z), jnp.where(far, -z, log1mexp(-jnp.exp(-jnp.where(far, _FAR, z))))


@log_tails.register(dist.SoftLaplace)
def _(law: Any, x: jax.Array) -> Tails:
    z = (x - law.loc) / law.scale
    left = z < 0
    distance = jnp.where(left, -z, z)
    far = distance > _FAR
    tail = log(2 / pi) + jnp.where(far, -distance, jnp.log(jnp.arctan(jnp.exp(-jnp.where(far, _FAR, distance)))))
    other = jnp.log1p(-jnp.exp(tail))
    return jnp.where(left, tail, other), jnp.where(left, other, tail)


# positive numbers -----------------------------------------------------------------------------------------------------


def _from_above(above: jax.Array) -> Tails:
    return log1mexp(above), above


@log_tails.register(dist.Exponential)
def _(law: Any, x: jax.Array) -> Tails:
    return _from_above(-law.rate * x)


@log_tails.register(dist.Weibull)
def _(law: Any, x: jax.Array) -> Tails:
    return _from_above(-jnp.power(x / law.scale, law.concentration))


@log_tails.register(dist.Gompertz)
def _(law: Any, x: jax.Array) -> Tails:
    return _from_above(-law.concentration * jnp.expm1(law.rate * x))


@log_tails.register(dist.Gamma)
def _(law: Any, x: jax.Array) -> Tails:
    return log_incomplete_gamma(law.concentration, law.rate * x)


@log_tails.register(dist.HalfNormal)
def _(law: Any, x: jax.Array) -> Tails:
    z = x / law.scale
    above = log(2) + log_normal_tails(z)[1]
    near = z < 1
    return jnp.where(
        near, jnp.log(erf(jnp.where(near, z, 1.0) / 2**0.5)), log1mexp(jnp.where(near, -1.0, above))
    ), above


@log_tails.register(dist.HalfCauchy)
def _(law: Any, x: jax.Array) -> Tails:
    return jnp.log(2 / pi * jnp.arctan2(x, law.scale)), jnp.log(2 / pi * jnp.arctan2(law.scale, x))


@log_tails.register(dist.Levy)
def _(law: Any, x: jax.Array) -> Tails:
    root = jnp.sqrt(law.scale / (x - law.loc))
    return log(2) + log_normal_tails(root)[1], jnp.log(erf(root / 2**0.5))


@log_tails.register(dist.FoldedDistribution)
def _(law: Any, x: jax.Array) -> Tails:
    return _from_above(jnp.logaddexp(log_tails(law.base_dist, x)[1], log_tails(law.base_dist, -x)[0]))


# intervals ------------------------------------------------------------------------------------------------------------


@log_tails.register(dist.Uniform)
def _(law: Any, x: jax.Array) -> Tails:
    width = jnp.log(law.high - law.low)
    return jnp.log(x - law.low) - width, jnp.log(law.high - x) - width


@log_tails.register(dist.Beta)
def _(law: Any, x: jax.Array) -> Tails:
    return log_incomplete_beta(law.concentration1, law.concentration0, jnp.log(x), jnp.log1p(-x))


# transformed laws -----------------------------------------------------------------------------------------------------


@log_tails.register(dist.TransformedDistribution)
def _(law: Any, x: jax.Array) -> Tails:
    rising = jnp.asarray(True)
    for transform in reversed(law.transforms):
        x = transform.inv(x)
        rising = rising == (transform.sign > 0)
    below, above = log_tails(law.base_dist, x)
    return jnp.where(rising, below, above), jnp.where(rising, above, below)


# whole numbers --------------------------------------------------------------------------------------------------------


@log_tails.register(dist.Poisson)
def _(law: Any, x: jax.Array) -> Tails:
    above, below = log_incomplete_gamma(x + 1, law.rate)
    return below, above


@log_tails.register(dist.BinomialProbs)
def _(law: Any, x: jax.Array) -> Tails:
    precision = jnp.finfo(jnp.result_type(float))
    p = jnp.clip(law.probs, precision.tiny, 1 - precision.eps)
    return log_incomplete_beta(law.total_count - x, x + 1, jnp.log1p(-p), jnp.log(p))


@log_tails.register(dist.BinomialLogits)
def _(law: Any, x: jax.Array) -> Tails:
    return log_incomplete_beta(
        law.total_count - x, x + 1, jax.nn.log_sigmoid(-law.logits), jax.nn.log_sigmoid(law.logits)
    )


@log_tails.register(dist.GammaPoisson)
def _(law: Any, x: jax.Array) -> Tails:
    return log_incomplete_beta(law.concentration, x + 1, -jnp.log1p(1 / law.rate), -jnp.log1p(law.rate))


@log_tails.register(dist.GeometricProbs)
def _(law: Any, x: jax.Array) -> Tails:
    return _from_above((x + 1) * jnp.log1p(-law.probs))


@log_tails.register(dist.GeometricLogits)
def _(law: Any, x: jax.Array) -> Tails:
    return _from_above((x + 1) * jax.nn.log_sigmoid(-law.logits))


@log_tails.register(dist.DiscreteUniform)
def _(law: Any, x: jax.Array) -> Tails:
    width = jnp.log(law.high + 1 - law.low)
    return jnp.log(x + 1 - law.low) - width, jnp.log(law.high - x) - width
