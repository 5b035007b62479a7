"""Values at other places along an axis that ends."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array


def neighbour(values: Array, steps: int, axis: int = -1, beyond: float | None = None) -> Array:
    """The values `steps` places on along an axis (back, where negative): `x[i + steps]` at place `i`.

    Arguments:
        values: any array.
        steps: how far on.
        axis: along which axis.
        beyond: the value of places beyond the ends; None for that at the end itself.
    """
    places = jnp.arange(values.shape[axis]) + steps
    inside = jnp.clip(places, 0, values.shape[axis] - 1)
    found = jnp.take(values, inside, axis=axis)
    if beyond is None:
        return found
    missing = jnp.expand_dims(places != inside, tuple(range(1, values.ndim - axis % values.ndim)))
    return jnp.where(missing, beyond, found)
