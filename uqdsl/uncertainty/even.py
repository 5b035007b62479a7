"""Random numbers that fill their space evenly: scrambled Sobol' points, for what a prediction draws of each of its rows.

A mean over n independent draws has an error that falls as n^(-1/2); over even ones what is smooth and hangs on few numbers
has one that falls nearly as n^(-3/2). Of each row a prediction draws true inputs and residuals. Their numbers are here
coordinates of one Sobol' point, for each draw, and so are those of a second copy of both seeds, which a budget takes. Each row,
and each further number of a row, has a scramble and an order of its own, nested in that of the draws: whichever are
looked at together are as good as independent.

Sobol' 1967, USSR Comput. Math. Math. Phys. 7, 86-112; Owen 1997, Scrambled net variance for integrals of smooth functions,
Ann. Statist. 25, 1541-1562; the scramble is a hash, as of Burley 2020, Practical hash-based Owen scrambling, J. Comput. Graph.
Tech. 9(4), 1-20.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.scipy.special import ndtri

DIMENSIONS = 4
_POLYNOMIALS = ((0, 0, ()), (1, 0, (1,)), (2, 1, (1, 3)), (3, 1, (1, 3, 1)))
"""Degree, coefficients and first direction numbers of the dimensions: Joe & Kuo 2008, SIAM J. Sci. Comput. 30, 2635-2654."""
_GOLDEN = 0x9E3779B9


def _directions(degree: int, coefficients: int, first: tuple[int, ...]) -> tuple[int, ...]:
    """The direction numbers of a dimension, as fractions of 2^32 (Joe & Kuo 2008, eq. 2)."""
    numbers = list(first) or [1] * 32
    for at in range(len(numbers), 32):
        terms = [numbers[at - each] << each for each in range(1, degree) if coefficients >> degree - 1 - each & 1]
        numbers.append(reduce(int.__xor__, terms, numbers[at - degree] << degree ^ numbers[at - degree]))
    return tuple(each << 31 - at for at, each in enumerate(numbers))


_DIRECTIONS = tuple(_directions(*each) for each in _POLYNOMIALS)


def uniform(draw: jax.Array, draws: jax.Array | int, dimension: jax.Array, place: jax.Array) -> jax.Array:
    """Numbers between 0 and 1, even over the draws of each place; of different dimensions of one place together, too.

    Arguments:
        draw: the number of the draw, below `draws`.
        dimension: below `DIMENSIONS`.
        place: 32 bits that tell what is drawn; `hashed`.
    """
    bits = jnp.maximum(1, 32 - jax.lax.clz(jnp.asarray(draws - 1, jnp.uint32)))
    # The scramble of the order leaves the first 2^bits points where they are.
    point = _scrambled(draw.astype(jnp.uint32) << 32 - bits, hashed(place, 0)) >> 32 - bits
    directions = jnp.array(_DIRECTIONS, jnp.uint32)[dimension]
    lit = point[..., None] >> jnp.arange(32, dtype=jnp.uint32) & 1
    number = jax.lax.reduce(lit * directions, np.uint32(0), jax.lax.bitwise_xor, (point.ndim,))
    number = _scrambled(number, hashed(place, dimension + 1))
    kept = min(32, jnp.finfo(float).nmant)
    return ((number >> 32 - kept) + 0.5) * 2.0**-kept


def drawn(law: Any, numbers: jax.Array, key: jax.Array) -> jax.Array:
    """A draw of a law: its quantiles at even numbers, of its shape; by a key, where a law has no formula for them."""
    inner = law
    while isinstance(inner, dist.Independent | dist.ExpandedDistribution):
        inner = inner.base_dist
    if type(inner) is dist.StudentT:
        # A normal over the root of a gamma variable, which is drawn by a key.
        half = jnp.broadcast_to(jnp.asarray(inner.df) / 2, numbers.shape)
        ratio = jnp.sqrt(half / jax.random.gamma(key, half))
        return jnp.asarray(inner.loc) + jnp.asarray(inner.scale) * ndtri(numbers) * ratio
    if inner.event_shape == ():
        try:
            return inner.icdf(numbers)
        except (NotImplementedError, ImportError):
            pass
    return law.sample(key)


def ranks_along(columns: Sequence[np.ndarray]) -> np.ndarray:
    """The rank of each draw along a curve that fills the space of these values, `(draw,)` each, with neighbours close in all.

    Draws that are numbered so have even numbers given any of the values (L'Ecuyer, Lécot & Tuffin 2008, A randomized
    quasi-Monte Carlo simulation method for Markov chains, Oper. Res. 56, 958-975). The curve is that of Morton.
    """
    draws = len(columns[0])
    bits = max(1, (draws - 1).bit_length() // len(columns))
    cells = [(np.argsort(np.argsort(each, kind="stable")) << bits) // draws for each in columns]
    code = np.zeros(draws, int)
    for bit in reversed(range(bits)):
        for cell in cells:
            code = code << 1 | cell >> bit & 1
    return np.argsort(np.argsort(code, kind="stable"))


def hashed(*parts: Any) -> jax.Array:
    """32 bits of whole numbers, by the finaliser of Wellons 2018 (lowbias32)."""
    found = jnp.uint32(_GOLDEN)
    for part in parts:
        found = found ^ jnp.asarray(part).astype(jnp.uint32) * jnp.uint32(_GOLDEN)
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
            found = (found ^ found >> shift) * jnp.uint32(factor)
    return found


def _scrambled(number: jax.Array, seed: jax.Array) -> jax.Array:
    """Owen's nested scramble of a fraction of 2^32: whether a bit is turned over hangs on those above it.

    In reversed order a hash in which bits act upwards alone does it: Laine & Karras 2011, with constants of Vegdahl 2021; once
    is not enough for scrambles of different seeds to have nothing to do with one another.
    """
    found = _reversed(number)
    for each in (seed, hashed(seed)):
        found = found ^ found * jnp.uint32(0x3D20ADEA)
        found = (found + each) * (each >> 16 | 1)
        found = found ^ found * jnp.uint32(0x05526C56)
        found = found ^ found * jnp.uint32(0x53A22864)
    return _reversed(found)


def _reversed(number: jax.Array) -> jax.Array:
    """The bits of a number in reversed order."""
    for shift, mask in ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F), (8, 0x00FF00FF)):
        number = (number >> shift & mask) | (number & mask) << shift
    return number >> 16 | number << 16
