"""The triangular law."""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from numpyro.distributions import constraints
from numpyro.distributions.util import validate_sample

from uqdsl.runtime.untyped import Distribution, dependent, dependent_property, promote_shapes


class Triangular(Distribution):
    """A density that rises evenly from `low` to `peak` and falls evenly to `high`.

    Arguments:
        low, high: the ends.
        peak: the mode, between the ends or at one of them.
    """

    arg_constraints: ClassVar = {
        "low": dependent(is_discrete=False, event_dim=0),
        "peak": dependent(is_discrete=False, event_dim=0),
        "high": dependent(is_discrete=False, event_dim=0),
    }
    reparametrized_params: ClassVar = ["low", "peak", "high"]

    def __init__(self, low: ArrayLike, peak: ArrayLike, high: ArrayLike, *, validate_args: bool | None = None) -> None:
        batch = jnp.broadcast_shapes(jnp.shape(low), jnp.shape(peak), jnp.shape(high))
        self.low, self.peak, self.high = promote_shapes(low, peak, high, shape=batch)
        super().__init__(batch, validate_args=validate_args)

    @dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> constraints.Constraint:
        return constraints.interval(self.low, self.high)

    @validate_sample
    def log_prob(self, value: jax.Array) -> jax.Array:
        side, distance = self._side(value)
        possible = (self.low <= self.peak) & (self.peak <= self.high) & (self.low <= value) & (value <= self.high)
        density = jnp.log(2 * jnp.where(possible, distance, 1.0)) - jnp.log(side) - jnp.log(self.high - self.low)
        return jnp.where(possible, density, -jnp.inf)

    def _side(self, value: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The width of the side on which a value lies, and how far from its foot; both 1 for a side without width."""
        left = value < self.peak
        side = jnp.where(left, self.peak - self.low, self.high - self.peak)
        distance = jnp.where(left, value - self.low, self.high - value)
        return jnp.where(side == 0, 1.0, side), jnp.where(side == 0, 1.0, distance)

    def log_tails(self, value: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The logarithms of the probabilities below and above a value."""
        side, distance = self._side(value)
        log_tail = 2 * jnp.log(distance) - jnp.log(side) - jnp.log(self.high - self.low)
        log_other = jnp.log1p(-jnp.exp(log_tail))
        left = value < self.peak
        return jnp.where(left, log_tail, log_other), jnp.where(left, log_other, log_tail)

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        u = jax.random.uniform(key, (*sample_shape, *self.batch_shape))
        width, rise, fall = self.high - self.low, self.peak - self.low, self.high - self.peak
        rising = self.low + jnp.sqrt(u * width * rise)
        return jnp.where(u * width < rise, rising, self.high - jnp.sqrt((1 - u) * width * fall))

    @property
    def mean(self) -> jax.Array:
        return jnp.broadcast_to((self.low + self.peak + self.high) / 3, self.batch_shape)
