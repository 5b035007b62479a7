"""Members beside what they should hold: the fair CRPS, and ranks.

References:
    Ferro 2014, Fair scores for ensemble forecasts, Q. J. R. Meteorol. Soc. 140, 1917-1923, eq. 10.
    Hamill 2001, Interpretation of Rank Histograms for Verifying Ensemble Forecasts, Mon. Weather Rev. 129, 550-560.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

MOST_RANKS = 20
"""Bins of a histogram of ranks, where there are more members than these."""

_FEW = 40
"""Members of which all pairs are sooner gone through than sorted."""


def bins(members: int) -> int:
    """How many bins a histogram of ranks has: one for each rank, or fewer where there are many members."""
    return members + 1 if members <= MOST_RANKS else MOST_RANKS


def fair_crps(members: jax.Array, weights: jax.Array, values: jax.Array) -> jax.Array:
    """The fair CRPS of each element: Σ w|x − y| − ½ ΣΣ w w'|x − x'| / (1 − Σ w²).

    Its expectation is least where members are drawn from the law of the values, however few they are.

    Arguments:
        members: `(N, n)`.
        weights: `(N,)`, of sum 1.
        values: `(n,)`.
    """
    apart = weights @ jnp.abs(members - values)
    if len(members) <= _FEW:
        shares = weights[:, None] * weights
        pairs = 0.5 * jnp.sum(shares[:, :, None] * jnp.abs(members[:, None] - members), axis=(0, 1))
    else:
        order = jnp.argsort(members, axis=0)
        ordered, own = jnp.take_along_axis(members, order, axis=0), weights[order]
        # In order, x stands above what lies before it and below what lies behind it.
        before = jnp.cumsum(own, axis=0) - own
        pairs = jnp.sum(own * ordered * (2 * before + own - 1), axis=0)
    return apart - pairs / jnp.maximum(1 - jnp.sum(weights**2), jnp.finfo(weights.dtype).tiny)


def ranks(members: jax.Array, weights: jax.Array, values: jax.Array, there: jax.Array, key: jax.Array) -> jax.Array:
    """How many of the values that are `there` have which rank among the members; ties are broken at random.

    Arguments:
        members: `(N, n)`.
        weights: `(N,)`, of sum 1.
        values, there: `(n,)`.

    Returns:
        Counts `(bins,)`, equal in expectation where members and values are drawn alike.
    """
    count = len(members)
    below, equal = weights @ (members < values), weights @ (members == values)
    place = (count * below + jax.random.uniform(key, values.shape) * (count * equal + 1)) / (count + 1)
    bin_ = jnp.clip((place * bins(count)).astype(int), 0, bins(count) - 1)
    return jnp.zeros(bins(count)).at[bin_].add(there & jnp.isfinite(values))
