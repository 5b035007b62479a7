"""Data whose first places are given, and only the others have a law."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from uqdsl.runtime.untyped import Distribution


class After(Distribution):
    """x[0], …, x[k-1] are given; the places after them have the law.

    Arguments:
        first: the given places, k of them along `axis`.
        law: of the other places, the axis as long as there are.
        axis: along which the series lies.
    """

    pytree_data_fields = ("first", "law")

    def __init__(self, first: jax.Array, law: Any, *, axis: int = 0) -> None:
        self.first, self.law, self.axis = jnp.asarray(first), law, axis
        rest = jnp.broadcast_shapes(
            law.batch_shape, tuple(1 if place == axis else size for place, size in enumerate(self.first.shape))
        )
        self.rest = rest
        whole = (*rest[:axis], rest[axis] + self.first.shape[axis], *rest[axis + 1 :])
        super().__init__(whole, ())

    @property
    def support(self) -> Any:
        """That of the law."""
        return self.law.support

    def log_prob(self, value: jax.Array) -> jax.Array:
        count = self.first.shape[self.axis]
        rest = jax.lax.slice_in_dim(value, count, None, axis=self.axis)
        terms = jnp.broadcast_to(self.law.log_prob(rest), self.rest)
        given = jnp.zeros((*self.rest[: self.axis], count, *self.rest[self.axis + 1 :]))
        return jnp.concatenate([given, terms], axis=self.axis)

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        law = self.law if self.law.batch_shape == self.rest else self.law.expand(self.rest)
        drawn = law.sample(key, sample_shape)
        first = jnp.broadcast_to(self.first, (*sample_shape, *self.first.shape)).astype(drawn.dtype)
        return jnp.concatenate([first, drawn], axis=self.axis + len(sample_shape))
