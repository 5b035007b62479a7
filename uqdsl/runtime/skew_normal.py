"""The skew normal law."""

from __future__ import annotations

from math import log
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from numpyro.distributions import constraints
from numpyro.distributions.util import validate_sample

from uqdsl.runtime.normal_tails import LOG_ROOT_TWO_PI, log_normal_tails
from uqdsl.runtime.untyped import Distribution, promote_shapes


class SkewNormal(Distribution):
    """The density `2 φ(z) Φ(slant z) / scale` with `z = (x - loc) / scale`.

    Arguments:
        loc: the location of the normal law that it is where the slant is 0.
        scale: above 0.
        slant: leans to the right where above 0, to the left where below.

    References:
        Azzalini (1985), A class of distributions which includes the normal ones.
    """

    arg_constraints: ClassVar = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "slant": constraints.real,
    }
    support = constraints.real
    reparametrized_params: ClassVar = ["loc", "scale", "slant"]

    def __init__(
        self, loc: ArrayLike, scale: ArrayLike, slant: ArrayLike, *, validate_args: bool | None = None
    ) -> None:
        batch = jnp.broadcast_shapes(jnp.shape(loc), jnp.shape(scale), jnp.shape(slant))
        self.loc, self.scale, self.slant = promote_shapes(loc, scale, slant, shape=batch)
        super().__init__(batch, validate_args=validate_args)

    @validate_sample
    def log_prob(self, value: jax.Array) -> jax.Array:
        z = (value - self.loc) / self.scale
        return log(2) - LOG_ROOT_TWO_PI - jnp.log(self.scale) - 0.5 * z**2 + log_normal_tails(self.slant * z)[0]

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        one, other = jax.random.normal(key, (2, *sample_shape, *self.batch_shape))
        root = jnp.sqrt(1 + jnp.square(self.slant))
        return self.loc + self.scale * (self.slant * jnp.abs(one) + other) / root

    @property
    def mean(self) -> jax.Array:
        lean = self.slant / jnp.sqrt(1 + jnp.square(self.slant))
        return jnp.broadcast_to(self.loc + self.scale * lean * (2 / jnp.pi) ** 0.5, self.batch_shape)

    @property
    def variance(self) -> jax.Array:
        lean = jnp.square(self.slant) / (1 + jnp.square(self.slant))
        return jnp.broadcast_to(jnp.square(self.scale) * (1 - 2 * lean / jnp.pi), self.batch_shape)
