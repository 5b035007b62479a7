"""The exponentially modified normal law."""

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


class ExGaussian(Distribution):
    """The law of the sum of a Normal(loc, scale) and an Exponential(rate).

    With `z = (x - loc) / scale` the density is `rate exp((rate scale)² / 2 - rate scale z) Φ(z - rate scale)`.

    Arguments:
        loc: of the normal part.
        scale: of the normal part, above 0.
        rate: of the exponential part, above 0.

    References:
        Grushka (1972), Characterization of exponentially modified Gaussian peaks in chromatography.
    """

    arg_constraints: ClassVar = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "rate": constraints.positive,
    }
    support = constraints.real
    reparametrized_params: ClassVar = ["loc", "scale", "rate"]

    def __init__(self, loc: ArrayLike, scale: ArrayLike, rate: ArrayLike, *, validate_args: bool | None = None) -> None:
        batch = jnp.broadcast_shapes(jnp.shape(loc), jnp.shape(scale), jnp.shape(rate))
        self.loc, self.scale, self.rate = promote_shapes(loc, scale, rate, shape=batch)
        super().__init__(batch, validate_args=validate_args)

    def _log_tilted(self, value: jax.Array) -> jax.Array:
        """The logarithm of `exp((rate scale)² / 2 - rate scale z) Φ(z - rate scale)`."""
        z, shift = (value - self.loc) / self.scale, self.rate * self.scale
        left = z < shift
        # Left of the shift the exponent and Φ are huge and tiny; their product is φ(z) times Mills' ratio.
        mills = log_mills(jnp.where(left, shift - z, 0.0)) - 0.5 * z**2 - LOG_ROOT_TWO_PI
        plain = shift * (0.5 * shift - z) + log_normal_tails(jnp.where(left, 0.0, z - shift))[0]
        return jnp.where(left, mills, plain)

    @validate_sample
    def log_prob(self, value: jax.Array) -> jax.Array:
        return jnp.log(self.rate) + self._log_tilted(value)

    def log_tails(self, value: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The logarithms of the probabilities below and above a value."""
        z, tilted = (value - self.loc) / self.scale, self._log_tilted(value)
        below, above = log_normal_tails(z)
        return below + log1mexp(tilted - below), jnp.logaddexp(above, tilted)

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        first, second = jax.random.split(key)
        shape = (*sample_shape, *self.batch_shape)
        return (
            self.loc + self.scale * jax.random.normal(first, shape) + jax.random.exponential(second, shape) / self.rate
        )

    @property
    def mean(self) -> jax.Array:
        return jnp.broadcast_to(self.loc + 1 / self.rate, self.batch_shape)

    @property
    def variance(self) -> jax.Array:
        return jnp.broadcast_to(jnp.square(self.scale) + 1 / jnp.square(self.rate), self.batch_shape)
