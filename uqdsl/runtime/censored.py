"""Data that are known only to lie beyond a limit."""

from __future__ import annotations

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from numpyro.distributions import constraints

from uqdsl.runtime.truncated import Truncated, between
from uqdsl.runtime.untyped import Distribution


class Censored(Distribution):
    """A law of which values from a limit on are recorded as that limit.

    log p(y) is log P(Y <= low) for y <= low, log P(Y >= high) for y >= high, and that of the law between.

    Arguments:
        law: over numbers that `log_tails` knows.
        low, high: the limits, which may differ from value to value and be infinite where there is none.
    """

    pytree_data_fields: ClassVar = ("law", "low", "high")

    def __init__(self, law: Any, low: ArrayLike | None = None, high: ArrayLike | None = None) -> None:
        self.law = law
        self.low = jnp.asarray(-jnp.inf if low is None else low)
        self.high = jnp.asarray(jnp.inf if high is None else high)
        super().__init__(jnp.broadcast_shapes(law.batch_shape, self.low.shape, self.high.shape))

    @property
    def support(self) -> constraints.Constraint:
        return self.law.support

    def log_prob(self, value: jax.Array) -> jax.Array:
        tails = Truncated(self.law).tails
        below, above = value <= self.low, value >= self.high
        # Each branch is given only values that are its own, so that the gradients of the others are no NaN.
        low = jnp.where(below, self.low, value)
        high = jnp.where(above, self.high - 1 if self.law.is_discrete else self.high, value)
        whole = self.law.support
        inside = between(getattr(whole, "lower_bound", -jnp.inf), getattr(whole, "upper_bound", jnp.inf))
        middle = self.law.log_prob(
            jnp.where(below | above, jnp.floor(inside) if self.law.is_discrete else inside, value)
        )
        return jnp.where(below, tails(low)[0], jnp.where(above, tails(high)[1], middle))

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        law = self.law if self.law.batch_shape == self.batch_shape else self.law.expand(self.batch_shape)
        drawn = law.sample(key, sample_shape)
        return jnp.clip(drawn, self.low, self.high).astype(drawn.dtype)
