"""Ranks by the standard normal."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.scipy.special import log_ndtr, ndtr

from uqdsl.runtime.special import log1mexp
from uqdsl.runtime.untyped import CategoricalProbs


class OrderedProbit(CategoricalProbs):
    """The number of cutpoints below a draw of Normal(location, 1): P(y <= k) = Φ(cutpoints[k] - location).

    Arguments:
        location: any shape.
        cutpoints: `(…, K - 1)`, increasing.
    """

    def __init__(self, location: jax.Array, cutpoints: jax.Array) -> None:
        self.gaps = jnp.asarray(cutpoints) - jnp.asarray(location)[..., None]
        ends = jnp.zeros((*self.gaps.shape[:-1], 1))
        below = jnp.concatenate([ends, ndtr(self.gaps), ends + 1.0], axis=-1)
        super().__init__(jnp.diff(below, axis=-1))

    def log_prob(self, value: jax.Array) -> jax.Array:
        """In either tail by that tail's own logarithm, so that no category is lost to rounding."""
        gaps = self.gaps
        lower, upper = gaps[..., :-1], gaps[..., 1:]
        left = lower + upper < 0
        # Φ(b) - Φ(a) = Φ(-a) - Φ(-b): from whichever side it is small.
        high = log_ndtr(jnp.where(left, upper, -lower))
        low = log_ndtr(jnp.where(left, lower, -upper))
        middle = high + log1mexp(jnp.minimum(low - high, -1e-300))
        terms = jnp.concatenate([log_ndtr(gaps[..., :1]), middle, log_ndtr(-gaps[..., -1:])], axis=-1)
        value = jnp.asarray(value)
        shape = jnp.broadcast_shapes(value.shape, terms.shape[:-1])
        inside = (value >= 0) & (value < terms.shape[-1])
        index = jnp.broadcast_to(jnp.where(inside, value, 0), shape)[..., None]
        found = jnp.take_along_axis(jnp.broadcast_to(terms, (*shape, terms.shape[-1])), index, axis=-1)[..., 0]
        return jnp.where(inside, found, -jnp.inf)
