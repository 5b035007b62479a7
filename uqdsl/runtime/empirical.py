"""A law that is known by draws alone."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from numpyro.distributions import constraints

from uqdsl.runtime.untyped import Distribution


class Empirical(Distribution):
    """The members of an ensemble, each as probable as the others.

    Such a law has no density: what `log_prob` gives is 0 everywhere, and methods that need the density of the prior are
    refused before anything runs. Those that move draws of the prior fit a mixture to the members.

    Arguments:
        members: `(member, *shape)`.
    """

    pytree_data_fields = ("members",)

    def __init__(self, members: Any) -> None:
        self.members = jnp.asarray(members, float)
        super().__init__((), self.members.shape[1:])

    @property
    def support(self) -> Any:
        return constraints.independent(constraints.real, self.members.ndim - 1)

    @property
    def mean(self) -> jax.Array:
        """That of the members."""
        return jnp.mean(self.members, axis=0)

    @property
    def variance(self) -> jax.Array:
        """That of the members, of which each is as probable as the others."""
        return jnp.var(self.members, axis=0)

    def log_prob(self, value: jax.Array) -> jax.Array:
        return jnp.zeros(value.shape[: value.ndim - self.event_dim])

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        return self.members[jax.random.randint(key, sample_shape, 0, len(self.members))]
