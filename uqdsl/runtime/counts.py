"""Counts that add up: NumPyro's laws, with draws for numbers of trials that are not known when a program is compiled."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpyro.distributions as dist

from uqdsl.runtime.untyped import CompoundMultinomial, MultinomialProbs


class Multinomial(MultinomialProbs):
    """Counts of `trials` draws among the categories of the last axis, with probabilities that sum to one.

    Draws are made category by category, each a Binomial of what is left, so that trials may differ from place to place.
    """

    def __init__(self, trials: jax.Array, probabilities: jax.Array) -> None:
        batch = jnp.broadcast_shapes(jnp.shape(trials), jnp.shape(probabilities)[:-1])
        super().__init__(
            jnp.broadcast_to(probabilities, (*batch, jnp.shape(probabilities)[-1])), jnp.broadcast_to(trials, batch)
        )

    def log_prob(self, value: jax.Array) -> jax.Array:
        # NumPyro compares data of NumPy by NumPy, which takes no traced trials.
        return super().log_prob(jnp.asarray(value))

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        return draw_counts(key, self.total_count, self.probs, (*sample_shape, *self.batch_shape))


class DirichletMultinomial(CompoundMultinomial):
    """Counts of `trials` draws with probabilities that are themselves Dirichlet."""

    def __init__(self, trials: jax.Array, concentration: jax.Array) -> None:
        batch = jnp.broadcast_shapes(jnp.shape(trials), jnp.shape(concentration)[:-1])
        super().__init__(
            jnp.broadcast_to(concentration, (*batch, jnp.shape(concentration)[-1])), jnp.broadcast_to(trials, batch)
        )

    def log_prob(self, value: jax.Array) -> jax.Array:
        # NumPyro compares data of NumPy by NumPy, which takes no traced trials.
        return super().log_prob(jnp.asarray(value))

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        first, second = jax.random.split(key)
        shape = (*sample_shape, *self.batch_shape)
        return draw_counts(second, self.total_count, jax.random.dirichlet(first, self.concentration, shape), shape)


def draw_counts(key: jax.Array, trials: jax.Array, probabilities: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Counts `(*shape, category)` that add up to the trials."""
    probabilities = jnp.moveaxis(jnp.broadcast_to(probabilities, (*shape, probabilities.shape[-1])), -1, 0)
    # Of what no earlier category has taken, the share of each; the last takes all.
    rest = jnp.cumsum(probabilities[::-1], axis=0)[::-1]
    shares = (
        jnp.clip(jnp.where(rest > 0, probabilities / jnp.where(rest > 0, rest, 1.0), 1.0), 0.0, 1.0).at[-1].set(1.0)
    )

    def take(left: jax.Array, given: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        key, share = given
        count = dist.BinomialProbs(share, left).sample(key)
        return left - count, count

    left = jnp.broadcast_to(jnp.asarray(trials, int), shape)
    _, counts = jax.lax.scan(take, left, (jax.random.split(key, len(shares)), shares))
    return jnp.moveaxis(counts, 0, -1)
