"""Curvatures of a log density, and the normal laws that have them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from uqdsl.infer.mode import GAIN, Top
from uqdsl.infer.posterior import Posterior

type Density = Callable[[Posterior, jax.Array], jax.Array]
"""A log density of a posterior at a position `(size,)`, such as `Posterior.log_density`."""

_AT_ONCE = 64
_FLAT = 1e-12
"""Least curvature that is told from none, where every unknown by itself has curvature 1."""
_DAMPED = 1e-4
"""The least that is taken where there is none."""
_POLISHED = 1e-20
_NEWTON_STEPS = 8


class Spread(NamedTuple):
    """A normal law about zero, as a linear map of standard normal numbers.

    - apply: from `(rank,)` standard normal numbers to a draw `(size,)`.
    - rank: how many it takes.
    - log_det: log determinant of its precision.
    - bent: directions in which the density does not fall, and in which the law is a guess.
    """

    apply: Callable[[jax.Array], jax.Array]
    rank: int
    log_det: float
    bent: int


def draw(spread: Spread, mean: jax.Array, key: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    """Draws `(count, size)` about a mean, and the log density of each, `(count,)`."""
    noise = jax.random.normal(key, (count, spread.rank))
    log_density = (spread.log_det - spread.rank * jnp.log(2 * jnp.pi) - jnp.sum(noise**2, axis=1)) / 2
    return mean + jax.jit(jax.vmap(spread.apply))(noise), log_density


@partial(jax.jit, static_argnums=0)
def curvature_block(density: Density, posterior: Posterior, position: jax.Array, rows: ArrayLike) -> jax.Array:
    """Minus the second derivatives along some elements of a position: `(k, k)` for `rows` of `(k,)`."""
    slope = jax.grad(lambda each: -density(posterior, each))

    def column(row: jax.Array) -> jax.Array:
        return jax.jvp(slope, (position,), (jnp.zeros_like(position).at[row].set(1.0),))[1][rows]

    found = jax.lax.map(column, jnp.asarray(rows), batch_size=_AT_ONCE)
    return (found + found.T) / 2


@partial(jax.jit, static_argnums=0)
def curvature_diagonal(density: Density, posterior: Posterior, position: jax.Array) -> jax.Array:
    """Minus the second derivative along each element of a position, `(size,)`."""
    slope = jax.grad(lambda each: -density(posterior, each))

    def element(row: jax.Array) -> jax.Array:
        return jax.jvp(slope, (position,), (jnp.zeros_like(position).at[row].set(1.0),))[1][row]

    return jax.lax.map(element, jnp.arange(position.size), batch_size=_AT_ONCE)


@partial(jax.jit, static_argnums=0)
def curvature_along(density: Density, posterior: Posterior, position: jax.Array, directions: jax.Array) -> jax.Array:
    """Minus the second derivative along each of some directions `(k, size)`."""
    slope = jax.grad(lambda each: -density(posterior, each))
    return jax.lax.map(lambda each: each @ jax.jvp(slope, (position,), (each,))[1], directions)


def spread_of(precision: jax.Array, rows: np.ndarray, size: int) -> Spread:
    """The normal law whose elements `rows` have a precision `(k, k)`, and whose others are zero.

    It is scaled to a diagonal of ones first, so that units do not matter. Where the precision is not positive, its absolute
    value is taken, or a ten-thousandth if that is more.
    """
    scale = 1 / jnp.sqrt(jnp.maximum(jnp.abs(jnp.diag(precision)), _tiny(precision)))
    values, vectors = jnp.linalg.eigh(precision * scale * scale[:, None])
    rising = ~(values > _FLAT)
    values = jnp.where(rising, jnp.maximum(jnp.abs(values), _DAMPED), values)
    factor = scale[:, None] * vectors / jnp.sqrt(values)
    log_det = jnp.sum(jnp.log(values)) - 2 * jnp.sum(jnp.log(scale))
    return Spread(
        lambda noise: jnp.zeros(size).at[rows].set(factor @ noise), len(rows), float(log_det), int(jnp.sum(rising))
    )


def diagonal_spread(precision: jax.Array) -> Spread:
    """The normal law of independent elements with precisions `(size,)`, or the absolute value of one that is negative."""
    rising = ~(precision > 0)
    sizes = jnp.maximum(jnp.abs(precision), _tiny(precision))
    return Spread(
        lambda noise: noise / jnp.sqrt(sizes), precision.size, float(jnp.sum(jnp.log(sizes))), int(jnp.sum(rising))
    )


def joined(spreads: list[Spread]) -> Spread:
    """The sum of independent laws, each of elements of its own."""
    ends = np.cumsum([each.rank for each in spreads])

    def apply(noise: jax.Array) -> jax.Array:
        parts = jnp.split(noise, ends[:-1])
        return sum((each.apply(part) for each, part in zip(spreads, parts, strict=True)), start=jnp.zeros(()))

    return Spread(apply, int(ends[-1]), sum(each.log_det for each in spreads), sum(each.bent for each in spreads))


def bent(spread: Spread) -> tuple[str, ...]:
    """Why a law is not to be trusted where the density did not fall."""
    if not spread.bent:
        return ()
    return (
        (
            f"the log density does not fall in {spread.bent} of {spread.rank} directions from the mode, in which the "
            "normal law about it is a guess; give what the data cannot tell apart a narrower prior, or take `nuts`"
        ),
    )


def polish(density: Density, posterior: Posterior, top: Top) -> Top:
    """A mode to the last digits, by steps of Newton's that do not lead away from it."""
    for _ in range(_NEWTON_STEPS):
        better = _newton(density, posterior, top)
        if not (better.gain < top.gain and better.log_density >= top.log_density - GAIN):
            break
        top = better
        if float(top.gain) < _POLISHED:
            break
    return top


@partial(jax.jit, static_argnums=0)
def _newton(density: Density, posterior: Posterior, top: Top) -> Top:
    precision = curvature_block(density, posterior, top.position, jnp.arange(top.position.size))
    position = top.position + jnp.linalg.solve(precision, top.slope)
    value, slope = jax.value_and_grad(lambda each: density(posterior, each))(position)
    return Top(position, value, slope, jnp.abs(slope @ jnp.linalg.solve(precision, slope)) / 2)


def _tiny(like: jax.Array) -> jax.Array:
    return jnp.maximum(jnp.max(jnp.abs(like)) * 1e-16, 1e-300)
