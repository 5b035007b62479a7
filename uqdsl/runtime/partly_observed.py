"""Vectors of which some elements were not observed."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist

from uqdsl.runtime.untyped import Distribution


class PartlyObserved(Distribution):
    """A normal law of vectors, whose density is that of the elements that were observed; the others are integrated out.

    Arguments:
        law: a normal law of whole vectors.
        known: which elements were observed, of the batch of the vectors and their event.
    """

    pytree_data_fields = ("base_dist", "known")

    def __init__(self, law: Any, known: jax.Array) -> None:
        self.base_dist, self.known = law, jnp.asarray(known)
        batch = jnp.broadcast_shapes(law.batch_shape, self.known.shape[:-1])
        super().__init__(batch, law.event_shape)

    @property
    def support(self) -> Any:
        """That of whole vectors."""
        return self.base_dist.support

    @property
    def mean(self) -> jax.Array:
        """That of whole vectors."""
        return jnp.broadcast_to(self.base_dist.mean, self.batch_shape + self.event_shape)

    @property
    def variance(self) -> jax.Array:
        """That of whole vectors."""
        return jnp.broadcast_to(self.base_dist.variance, self.batch_shape + self.event_shape)

    def log_prob(self, value: jax.Array) -> jax.Array:
        known = self.known
        apart = jnp.where(known, value - self.base_dist.mean, 0.0)
        # What was not observed is as if it were known to be 0, of a law with variance 1 of its own.
        both = known[..., :, None] & known[..., None, :]
        covariance = jnp.where(both, self.base_dist.covariance_matrix, jnp.eye(known.shape[-1]))
        whole = dist.MultivariateNormal(jnp.zeros(self.event_shape), covariance).log_prob(apart)
        return whole + 0.5 * jnp.log(2 * jnp.pi) * jnp.sum(~known, axis=-1)

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        law = self.base_dist
        return (law if law.batch_shape == self.batch_shape else law.expand(self.batch_shape)).sample(key, sample_shape)
