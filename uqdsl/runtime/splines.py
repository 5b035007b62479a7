"""B-splines: bumps of polynomials that add up to one, each between `degree + 2` neighbouring knots.

    B_k,0(x) = 1 between t_k and t_k+1, else 0,
    B_k,p(x) = (x - t_k) / (t_k+p - t_k) B_k,p-1(x) + (t_k+p+1 - x) / (t_k+p+1 - t_k+1) B_k+1,p-1(x)

(de Boor 1978, ch. X, eq. 4-5), where 0 / 0 is 0. Beyond the interval the outermost polynomials go on.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array


def bspline(x: Array, place: Array, low: Array, high: Array, degree: int, count: int) -> Array:
    """The functions at `place` of `count`, with equally spaced knots, which go on beyond `low` and `high`.

    Arguments:
        x: where, of a shape that goes with that of `place`.
        place: which of the functions, from 0.
    """
    pieces = count - degree
    u = (x - low) * pieces / (high - low)
    piece = jnp.clip(jnp.floor(u), 0, pieces - 1)
    knots = [place - degree + each for each in range(degree + 2)]
    return _blended(u, knots, piece - knots[0])


def periodic_bspline(x: Array, place: Array, low: Array, high: Array, degree: int, count: int) -> Array:
    """The same on a circle, which `high` closes: the last functions go on at `low`."""
    u = (x - low) * count / (high - low) - place
    u = u - count * jnp.floor(u / count)
    # From each function's own first knot on, those of its neighbours.
    return _blended(u, [jnp.zeros_like(u) + each for each in range(degree + 2)], jnp.floor(u))


def bspline_between(x: Array, place: Array, low: Array, high: Array, degree: int, *inner: float) -> Array:
    """The functions at `place` with these knots between `low` and `high`, at which knots coincide."""
    knots = jnp.array([*[low] * (degree + 1), *inner, *[high] * (degree + 1)], dtype=float)
    piece = jnp.searchsorted(knots[degree + 1 : -degree - 1], x, side="right")
    return _blended(x, [knots[place + each] for each in range(degree + 2)], degree + piece - place)


def _blended(x: Array, knots: Sequence[Array], piece: Array) -> Array:
    """The recursion for a function with these knots, x being in the `piece` between them: the first is piece 0."""
    found = [jnp.where(piece == each, 1.0, 0.0) for each in range(len(knots) - 1)]
    for p in range(1, len(knots) - 1):
        found = [
            _share(x - knots[k], knots[k + p] - knots[k]) * found[k]
            + _share(knots[k + p + 1] - x, knots[k + p + 1] - knots[k + 1]) * found[k + 1]
            for k in range(len(found) - 1)
        ]
    return found[0]


def _share(part: Array, whole: Array) -> Array:
    return jnp.where(whole > 0, part / jnp.where(whole > 0, whole, 1.0), 0.0)
