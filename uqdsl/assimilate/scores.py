"""Members beside what they should hold: the fair CRPS, and ranks.

References:
    Ferro 2014, Fair scores for ensemble forecasts, Q. J. R. Meteorol. Soc. 140, 1917-1923, eq. 10.
    Hamill 2001, Interpretation of Rank Histograms for Verifying Ensemble Forecasts, Mon. Weather Rev. 129, 550-560.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

MOST_RANKS = 20
"""Bins of a histogram of ranks, where there are more members than these."""

_AT_ONCE = 2**18
"""Elements of members that are scored together."""

_FEW = 40
"""Members of which all pairs are sooner gone through than sorted."""

_PAIRED = 2**14
"""Elements of members of which all pairs are gone through together, which a cache holds."""


def bins(members: int) -> int:
    """How many bins a histogram of ranks has: one for each rank, or fewer where there are many members."""
    return members + 1 if members <= MOST_RANKS else MOST_RANKS


def over_elements(function: Callable[..., jax.Array], at_once: int, *arrays: jax.Array) -> jax.Array:
    """A function of members `(N, n)` and vectors `(n,)` to a vector `(n,)`, each element of which is of that place alone.

    Where there are more elements of members than may be taken `at_once`, they are taken in turns, for the sake of memory.
    """
    count, size = arrays[0].shape
    block = max(1, at_once // count)
    if size <= block:
        return function(*arrays)

    def part(start: jax.Array | int, length: int) -> jax.Array:
        return function(*(jax.lax.dynamic_slice_in_dim(each, start, length, axis=-1) for each in arrays))

    whole, rest = divmod(size, block)
    found = jax.lax.map(lambda number: part(number * block, block), jnp.arange(whole))
    return jnp.concatenate([found.ravel(), part(whole * block, rest)])


def fair_crps(members: jax.Array, weights: jax.Array, values: jax.Array) -> jax.Array:
    """The fair CRPS of each element: Σ w|x − y| − ½ ΣΣ w w'|x − x'| / (1 − Σ w²).

    Its expectation is least where members are drawn from the law of the values, however few they are.

    Arguments:
        members: `(N, n)`.
        weights: `(N,)`, of sum 1.
        values: `(n,)`.
    """
    at_once = _PAIRED if len(members) <= _FEW else _AT_ONCE
    return over_elements(partial(_fair_crps, weights), at_once, members, values)


def _fair_crps(weights: jax.Array, members: jax.Array, values: jax.Array) -> jax.Array:
    apart = weights @ jnp.abs(members - values)
    if len(members) <= _FEW:

        def with_others(number: jax.Array, pairs: jax.Array) -> jax.Array:
            return pairs + weights[number] * (weights @ jnp.abs(members - members[number]))

        pairs = 0.5 * jax.lax.fori_loop(0, len(members), with_others, jnp.zeros(values.shape))
    else:
        beside = jnp.broadcast_to(weights, members.T.shape)
        ordered, own = jax.lax.sort((members.T, beside), num_keys=1)
        # In order, x stands above what lies before it and below what lies behind it.
        before = jnp.cumsum(own, axis=1) - own
        pairs = jnp.sum(own * ordered * (2 * before + own - 1), axis=1)
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

    def place(members: jax.Array, values: jax.Array, share: jax.Array) -> jax.Array:
        below, equal = weights @ (members < values), weights @ (members == values)
        return (count * below + share * (count * equal + 1)) / (count + 1)

    found = over_elements(place, _AT_ONCE, members, values, jax.random.uniform(key, values.shape))
    bin_ = jnp.clip((found * bins(count)).astype(int), 0, bins(count) - 1)
    return jnp.zeros(bins(count)).at[bin_].add(there & jnp.isfinite(values))
