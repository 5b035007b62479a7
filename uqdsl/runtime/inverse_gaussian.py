"""The inverse Gaussian law, also called Wald's."""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from numpyro.distributions import constraints
from numpyro.distributions.util import validate_sample

from uqdsl.runtime.normal_tails import LOG_ROOT_TWO_PI, log_mills, log_normal_tails
from uqdsl.runtime.special import log1mexp
from uqdsl.runtime.untyped import Distribution, promote_shapes


class InverseGaussian(Distribution):
    """The density `sqrt(λ / (2 π x³)) exp(-λ (x - μ)² / (2 μ² x))` of the time at which a Wiener process with drift passes
    a level.

    Arguments:
        loc: the mean μ, above 0.
        concentration: the shape λ, above 0; the variance is `μ³ / λ`.

    References:
        Giner and Smyth (2016), statmod: probability calculations for the inverse Gaussian distribution.
        Michael, Schucany and Haas (1976), Generating random variates using transformations with multiple roots.
    """

    arg_constraints: ClassVar = {"loc": constraints.positive, "concentration": constraints.positive}
    support = constraints.positive
    reparametrized_params: ClassVar = ["loc", "concentration"]

    def __init__(self, loc: ArrayLike, concentration: ArrayLike, *, validate_args: bool | None = None) -> None:
        batch = jnp.broadcast_shapes(jnp.shape(loc), jnp.shape(concentration))
        self.loc, self.concentration = promote_shapes(loc, concentration, shape=batch)
        super().__init__(batch, validate_args=validate_args)

    @validate_sample
    def log_prob(self, value: jax.Array) -> jax.Array:
        squared = self.concentration * jnp.square(value / self.loc - 1) / value
        return 0.5 * (jnp.log(self.concentration) - 3 * jnp.log(value) - squared) - LOG_ROOT_TWO_PI

    def log_tails(self, value: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The logarithms of the probabilities below and above a value."""
        root = jnp.sqrt(self.concentration / value)
        z = root * (value / self.loc - 1)
        # exp(2 λ / μ) Φ(-root (x / μ + 1)), huge times tiny, is φ(z) times Mills' ratio.
        reflected = log_mills(root * (value / self.loc + 1)) - 0.5 * z**2 - LOG_ROOT_TWO_PI
        below, above = log_normal_tails(z)
        return jnp.logaddexp(below, reflected), above + log1mexp(reflected - above)

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        first, second = jax.random.split(key)
        shape = (*sample_shape, *self.batch_shape)
        ratio = 0.5 * self.loc * jnp.square(jax.random.normal(first, shape)) / self.concentration
        smaller = self.loc / (1 + ratio + jnp.sqrt(ratio * (ratio + 2)))
        takes = jax.random.uniform(second, shape) * (self.loc + smaller) <= self.loc
        return jnp.where(takes, smaller, jnp.square(self.loc) / smaller)

    @property
    def mean(self) -> jax.Array:
        return jnp.broadcast_to(self.loc, self.batch_shape)

    @property
    def variance(self) -> jax.Array:
        return jnp.broadcast_to(self.loc**3 / self.concentration, self.batch_shape)
