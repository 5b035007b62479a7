"""Outcomes that are zero, or else follow a law without its zero."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints

from uqdsl.runtime.special import log1mexp
from uqdsl.runtime.untyped import Distribution


class Hurdle(Distribution):
    """P(y = 0) = zero, and elsewhere (1 - zero) law(y), with 1 - law(0) in the divisor where the law can be zero.

    Arguments:
        zero: the probability of a zero.
        law: of counts, or of positive numbers.
    """

    pytree_data_fields = ("zero", "law")

    def __init__(self, zero: jax.Array, law: Any) -> None:
        self.zero, self.law = jnp.asarray(zero), law
        super().__init__(jnp.broadcast_shapes(self.zero.shape, law.batch_shape), ())

    @property
    def support(self) -> Any:
        return constraints.nonnegative_integer if self.law.is_discrete else constraints.nonnegative

    def log_prob(self, value: jax.Array) -> jax.Array:
        is_zero = value == 0
        rest = self.law.log_prob(jnp.where(is_zero, 1, value)) + jnp.log1p(-self.zero)
        if self.law.is_discrete:
            rest = rest - log1mexp(self.law.log_prob(jnp.zeros_like(value)))
        return jnp.where(is_zero, jnp.log(self.zero), rest)

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        first, second = jax.random.split(key)
        shape = (*sample_shape, *self.batch_shape)
        drawn = self._above(first, shape)
        return jnp.where(dist.Bernoulli(self.zero).expand(self.batch_shape).sample(second, sample_shape) == 1, 0, drawn)

    def _above(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        """Draws of the law that are not zero, by rejection; after many tries, 1."""
        law = self.law.expand(self.batch_shape) if self.law.batch_shape != self.batch_shape else self.law
        extra = shape[: len(shape) - len(self.batch_shape)]
        if not law.is_discrete:
            return law.sample(key, extra)

        def again(state: tuple[jax.Array, jax.Array, jax.Array]) -> jax.Array:
            count, _, drawn = state
            return (count < 10_000) & jnp.any(drawn == 0)

        def redraw(state: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array, jax.Array]:
            count, key, drawn = state
            key, now = jax.random.split(key)
            return count + 1, key, jnp.where(drawn == 0, law.sample(now, extra), drawn)

        key, now = jax.random.split(key)
        _, _, drawn = jax.lax.while_loop(again, redraw, (jnp.asarray(0), key, law.sample(now, extra)))
        return jnp.where(drawn == 0, 1, drawn)
