"""Normal effects that add up to zero."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from numpyro.distributions import constraints

from uqdsl.runtime.untyped import Distribution


class ZeroSumNormal(Distribution):
    """Normal(0, scale) along the last axes, restricted to what sums to zero along each of them.

    Its density is that on the hyperplane of sum zero: Π (scale √(2π))^(-(n - 1)) exp(-Σ x² / (2 scale²)), with the n - 1 of
    each axis multiplied where there are several.

    Arguments:
        scale: of the elements as they were without the restriction; its shape is the batch.
        sizes: of the axes, each at least 2.
    """

    pytree_data_fields = ("scale",)

    def __init__(self, scale: jax.Array, sizes: tuple[int, ...]) -> None:
        self.scale, self.sizes = jnp.asarray(scale, float), sizes
        super().__init__(self.scale.shape, sizes)

    @property
    def support(self) -> Any:
        return constraints.zero_sum(len(self.sizes))

    def log_prob(self, value: jax.Array) -> jax.Array:
        axes = tuple(range(-len(self.sizes), 0))
        free = math.prod(size - 1 for size in self.sizes)
        return -free * jnp.log(self.scale * math.sqrt(2 * math.pi)) - jnp.sum(value**2, axis=axes) / (2 * self.scale**2)

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        drawn = jax.random.normal(key, (*sample_shape, *self.batch_shape, *self.sizes))
        for axis in range(-len(self.sizes), 0):
            drawn = drawn - jnp.mean(drawn, axis=axis, keepdims=True)
        return drawn * self.scale[(..., *(None,) * len(self.sizes))]
