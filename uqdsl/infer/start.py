"""Where a chain starts: the best of a few random positions at which the log density and its gradient are finite."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from uqdsl.infer.posterior import Posterior

TRIES = 100
"""Random positions that are tried before a run gives up."""
CANDIDATES = 10
"""Finite ones of which the best is taken: half of them draws of the prior, half uniform."""
SCOUTS = 16
"""Searches beside those that were asked for, which begin at a draw of the prior as it is: the best of several would lie where
the posterior is heaviest, and a lighter mode be missed. One that two fifths of the prior lead to is by a chance of 0.0003."""
RADIUS = 2.0
"""The uniform ones lie in (-RADIUS, RADIUS) on the unconstrained scale, as in Stan and NumPyro."""


class Start(NamedTuple):
    """A position `(size,)`, the potential energy and its gradient there, and whether both are finite.

    Where none of the tries was finite, this is the last of them.
    """

    position: jax.Array
    potential_energy: jax.Array
    gradient: jax.Array
    finite: jax.Array


def find_start(
    potential: Callable[[jax.Array], jax.Array],
    size: int,
    key: jax.Array,
    draw: Callable[[jax.Array], jax.Array] | None = None,
    *,
    gradient: bool = True,
    candidates: ArrayLike = CANDIDATES,
) -> Start:
    """The best of ten random positions at which the potential energy and its gradient are finite, of at most 100 tried.

    A posterior that most priors hardly touch, as those of differential equations are, has side modes in which a chain that
    starts far away is caught for good; one that starts at the best of a few draws of the prior is not.

    Arguments:
        draw: a random draw of the prior, from a key; None where there are only uniform ones.
        gradient: whether one is needed; where it is not, it is given as zero.
        candidates: of how many the best is taken, `()`; the first is a draw of the prior.
    """

    def attempt(tried: jax.Array) -> Start:
        key_of_try = jax.random.fold_in(key, tried)
        position = jax.random.uniform(key_of_try, (size,), minval=-RADIUS, maxval=RADIUS)
        if draw is not None:
            position = jnp.where(tried % 2 == 0, draw(key_of_try), position)
        energy, slope = jax.value_and_grad(potential)(position) if gradient else (potential(position), jnp.zeros(size))
        return Start(position, energy, slope, jnp.isfinite(energy) & jnp.all(jnp.isfinite(slope)))

    def again(state: tuple[jax.Array, Start]) -> jax.Array:
        tried, start = state
        return (tried < candidates) | ((tried < TRIES) & ~start.finite)

    def another(state: tuple[jax.Array, Start]) -> tuple[jax.Array, Start]:
        tried, best = state
        found = attempt(tried)
        better = ~best.finite | (found.finite & (found.potential_energy < best.potential_energy))
        return tried + 1, jax.tree.map(lambda new, old: jnp.where(better, new, old), found, best)

    nowhere = jax.tree.map(lambda each: jnp.zeros(each.shape, each.dtype), jax.eval_shape(attempt, jnp.asarray(0)))
    _, start = jax.lax.while_loop(again, another, (jnp.asarray(0), nowhere))
    return start


def start_position(posterior: Posterior, key: jax.Array, candidates: ArrayLike = CANDIDATES) -> jax.Array:
    """Where a search or a chain may start, `(size,)`, draws of the prior among what is tried."""

    def potential(position: jax.Array) -> jax.Array:
        return -posterior.log_density(position)

    return find_start(potential, posterior.size, key, posterior.draw_prior, candidates=candidates).position


@partial(jax.jit, static_argnames="count")
def dispersed(posterior: Posterior, key: jax.Array, count: int) -> jax.Array:
    """Where searches may start that are to find all modes: at `count` of the former, and at scouts, `(count + scouts, size)`.

    Weights of networks have no scouts, as they have modes without number that mean the same.
    """
    total = count if posterior.target.weights else count + SCOUTS
    candidates = jnp.where(jnp.arange(total) < count, CANDIDATES, 1)
    return jax.vmap(start_position, (None, 0, 0))(posterior, jax.random.split(key, total), candidates)
