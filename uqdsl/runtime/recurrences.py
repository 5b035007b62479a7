"""Quantities that follow from what they were before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp


def recurrence(
    step: Callable[..., Any], start: Any, inputs: Sequence[jax.Array] = (), *, length: int, lags: int = 1
) -> Any:
    """x[t] = step(x[t-lags], …, x[t-1], inputs[t]) for t = lags, …, length - 1, with x[0], …, x[lags-1] = start.

    Arguments:
        step: `step(past, *inputs)`, with the shape of x at one place; `past` is what x was one place before, or, for several
            lags, an array `(lags, …)` of what it was, oldest first. x may be a tuple of arrays.
        start: the first places, `(lags, …)`, or `(1, …)` for one value at all of them.
        inputs: arrays whose first axis goes along the places from `lags` on, `(length - lags, …)`.
        length: of the axis.
        lags: how far the step looks back.

    Returns:
        x, `(length, …)`.
    """

    given = tuple(jnp.asarray(each) for each in inputs)

    def stepped(past: Any, given: Sequence[jax.Array]) -> Any:
        return step(jax.tree.map(lambda each: each[0], past) if lags == 1 else past, *given)

    first = jax.tree.map(lambda each: jnp.broadcast_to(jnp.asarray(each, float), (lags, *jnp.shape(each)[1:])), start)
    like = jax.eval_shape(stepped, first, [each[0] for each in given])
    first = jax.tree.map(lambda each, new: _widened(each, new.shape), first, like)

    def ahead(past: Any, given: tuple[jax.Array, ...]) -> tuple[Any, Any]:
        new = jax.tree.map(lambda value, old: jnp.asarray(value, old.dtype), stepped(past, given), past)
        return jax.tree.map(lambda old, value: jnp.concatenate([old[1:], value[None]]), past, new), new

    _, rest = jax.lax.scan(ahead, first, given, length=length - lags)
    return jax.tree.map(lambda begin, end: jnp.concatenate([begin, end]), first, rest)


def _widened(values: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """The first places at the full shape of one, whose last axes they may be."""
    missing = (1,) * (len(shape) - values.ndim + 1)
    return jnp.broadcast_to(values.reshape(len(values), *missing, *values.shape[1:]), (len(values), *shape))
