"""Values at other places along an axis: a number of places on, or between two."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.lax import slice_in_dim


def neighbour(values: Array, steps: int, axis: int = -1, beyond: float | None = None) -> Array:
    """The values `steps` places on along an axis (back, where negative): `x[i + steps]` at place `i`.

    Arguments:
        values: any array.
        steps: how far on.
        axis: along which axis.
        beyond: the value of places beyond the ends; None for that at the end itself.
    """
    size = values.shape[axis]
    on = max(-size, min(steps, size))
    inside = slice_in_dim(values, max(on, 0), size + min(on, 0), axis=axis)
    if beyond is None:
        end = slice_in_dim(values, size - 1 if on > 0 else 0, size if on > 0 else 1, axis=axis)
        outside = jnp.repeat(end, abs(on), axis=axis)
    else:
        shape = [*values.shape]
        shape[axis] = abs(on)
        outside = jnp.full(shape, beyond)
    return jnp.concatenate([inside, outside] if on > 0 else [outside, inside], axis=axis)


def between(values: Array, at: Array, labels: Sequence[float], periodic: bool = False) -> Array:
    """Values `(…, n)` at places `(…)` between the labels of their last axis, interpolated linearly.

    From its last label a periodic axis goes on to its first, as far on as its labels lie apart on average.

    Arguments:
        values, at: whose other axes are broadcast against each other.
        labels: `(n,)`, numbers that grow or fall.
        periodic: whether the axis closes.

    Example:
        >>> between(jnp.array([0.0, 10.0, 30.0]), jnp.array([1.5, 2.1]), [1, 2, 3]).tolist()
        [5.0, 12.0]
    """
    grid = np.asarray(labels, float)
    if len(grid) > 1 and grid[0] > grid[-1]:
        grid, values = grid[::-1], jnp.flip(values, axis=-1)
    if periodic:
        grid = np.append(grid, grid[-1] + (np.mean(np.diff(grid)) if len(grid) > 1 else 1.0))
        at = grid[0] + jnp.mod(at - grid[0], grid[-1] - grid[0])
    size, rank = values.shape[-1], max(values.ndim - 1, jnp.ndim(at))
    values = values.reshape((1,) * (rank + 1 - values.ndim) + values.shape)
    at = jnp.reshape(at, (1,) * (rank - jnp.ndim(at)) + jnp.shape(at))
    low = jnp.clip(jnp.searchsorted(grid, at, side="right") - 1, 0, max(len(grid) - 2, 0))
    high = jnp.minimum(low + 1, len(grid) - 1)
    width = jnp.asarray(grid)[high] - jnp.asarray(grid)[low]
    share = jnp.where(width > 0, (at - jnp.asarray(grid)[low]) / jnp.where(width > 0, width, 1.0), 0.0)

    def taken(place: Array) -> Array:
        return jnp.take_along_axis(values, place[..., None] % size, axis=-1)[..., 0]

    return (1 - share) * taken(low) + share * taken(high)
