"""Discrete unknowns summed out of a density, and drawn again from what was summed.

The logarithm of a sum over everything that discrete unknowns can be is a circuit of `logsumexp`. Its derivative with
respect to the logarithm of one of the terms is the posterior probability of that term; and where the derivative of every
`logsumexp` is replaced by a random choice among what it summed, with the probabilities that it has, the derivative of the
whole is an exact draw of the posterior (backward sampling; Chib 1996 for chains).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp


class _Recovery(NamedTuple):
    """While it is on, sums are drawn from with a key, and `taps` are added to the tables of each unknown."""

    key: jax.Array
    taps: Mapping[str, jax.Array]


_RECOVERY: ContextVar[_Recovery | None] = ContextVar("recovery", default=None)


@contextmanager
def drawing(key: jax.Array, taps: Mapping[str, jax.Array]) -> Iterator[None]:
    """Inside, the derivative of a density with respect to the taps is one draw of each unknown, as ones and zeros."""
    token = _RECOVERY.set(_Recovery(key, taps))
    try:
        yield
    finally:
        _RECOVERY.reset(token)


@contextmanager
def weighing(taps: Mapping[str, jax.Array]) -> Iterator[None]:
    """Inside, the derivative of a density with respect to the taps is the probability of each value of each unknown."""
    token = _RECOVERY.set(_Recovery(jnp.zeros((), jnp.uint32), taps))
    try:
        yield
    finally:
        _RECOVERY.reset(token)


def sum_out(name: str, table: jax.Array) -> jax.Array:
    """log Σ_k exp table[…, k]: the log density of all else, where `table` is that of each value k of the unknown `name`."""
    recovery = _RECOVERY.get()
    if recovery is None:
        return logsumexp(table, axis=-1)
    tap = recovery.taps[name]
    # Between the places of the unknown and its values stand the values of other unknowns.
    tap = tap.reshape(*tap.shape[:-1], *(1,) * (table.ndim - tap.ndim), tap.shape[-1])
    return _summed(table + tap, _stream(recovery, name))


def sum_chain(name: str, initial: jax.Array, transition: jax.Array, emission: jax.Array, *, axis: int = 0) -> jax.Array:
    """The log density of a hidden Markov chain, by the forward algorithm (Rabiner 1989, eq. 19-21, on the log scale).

    α_0(k) = initial(k) emission_0(k),   α_t(k) = emission_t(k) Σ_j α_{t-1}(j) transition(j, k),   Σ_k α_T(k)

    Arguments:
        name: of the unknown.
        initial: log probability of each state at the first place, `(…, k)`.
        transition: log probability from state j to k, `(…, j, k)`, or one for each place after the first, `(t - 1, …, j, k)`.
        emission: log density of the data at each place in each state, `(t, …, k)`.
        axis: where the chain lies among the axes of the unknown.
    """
    recovery = _RECOVERY.get()
    key = None
    if recovery is not None:
        emission = emission + jnp.moveaxis(recovery.taps[name], axis, 0)
        key = _stream(recovery, name)
    batch = emission.ndim - 2
    moving = transition.ndim == batch + 3
    keys = jax.random.split(key, len(emission)) if key is not None else None

    def ahead(alpha: jax.Array, given: tuple) -> tuple[jax.Array, None]:
        now, steps, key = given
        steps = transition if steps is None else steps
        joint = jnp.swapaxes(alpha[..., :, None] + steps, -1, -2)
        return _summed(joint, key) + now, None

    first = jnp.broadcast_to(initial, emission.shape[1:]) + emission[0]
    rest = (emission[1:], transition if moving else None, None if keys is None else keys[1:])
    last, _ = jax.lax.scan(ahead, first, rest)
    return _summed(last, None if keys is None else keys[0])


def _stream(recovery: _Recovery, name: str) -> jax.Array | None:
    """The key of an unknown; None where nothing is drawn."""
    if recovery.key.dtype == jnp.uint32 and recovery.key.ndim == 0:
        return None
    return jax.random.fold_in(recovery.key, sum((i + 1) * ord(c) for i, c in enumerate(name)) % 2**31)


def _summed(table: jax.Array, key: jax.Array | None) -> jax.Array:
    return logsumexp(table, axis=-1) if key is None else _chosen(table, key)


@jax.custom_vjp
def _chosen(table: jax.Array, _key: jax.Array) -> jax.Array:
    """The sum over the last axis, whose derivative is a random choice among it."""
    return logsumexp(table, axis=-1)


def _chosen_forward(table: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    choice = jax.random.categorical(key, table, axis=-1)
    return logsumexp(table, axis=-1), jax.nn.one_hot(choice, table.shape[-1], dtype=table.dtype)


def _chosen_backward(choice: jax.Array, change: jax.Array) -> tuple[jax.Array, None]:
    return change[..., None] * choice, None


_chosen.defvjp(_chosen_forward, _chosen_backward)
