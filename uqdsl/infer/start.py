"""Where a chain starts: at random, where the log density and its gradient are finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

TRIES = 100
"""Random positions that are tried before a run gives up."""
RADIUS = 2.0
"""Positions are drawn uniformly from (-RADIUS, RADIUS) on the unconstrained scale, as in Stan and NumPyro."""


class Start(NamedTuple):
    """A position `(size,)`, the potential energy and its gradient there, and whether both are finite.

    Where none of the tries was finite, this is the last of them.
    """

    position: jax.Array
    potential_energy: jax.Array
    gradient: jax.Array
    finite: jax.Array


def find_start(potential: Callable[[jax.Array], jax.Array], size: int, key: jax.Array) -> Start:
    """The first of up to 100 random positions at which the potential energy and its gradient are finite."""

    def attempt(key: jax.Array) -> Start:
        position = jax.random.uniform(key, (size,), minval=-RADIUS, maxval=RADIUS)
        energy, gradient = jax.value_and_grad(potential)(position)
        return Start(position, energy, gradient, jnp.isfinite(energy) & jnp.all(jnp.isfinite(gradient)))

    def again(state: tuple[jax.Array, Start]) -> jax.Array:
        tried, start = state
        return (tried < TRIES) & ~start.finite

    def another(state: tuple[jax.Array, Start]) -> tuple[jax.Array, Start]:
        tried, _ = state
        return tried + 1, attempt(jax.random.fold_in(key, tried))

    nowhere = jax.tree.map(lambda each: jnp.zeros(each.shape, each.dtype), jax.eval_shape(attempt, key))
    _, start = jax.lax.while_loop(again, another, (jnp.asarray(0), nowhere))
    return start
