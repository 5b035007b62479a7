"""The incomplete gamma and beta functions on the log scale, with derivatives in every argument.

Those of JAX underflow in the far tails, and its incomplete beta function has no derivatives in its parameters.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln
from jax.typing import ArrayLike

from uqdsl.runtime.special import log1mexp

_MOST = 20_000
"""Terms at most; about nine times the square root of the larger parameter are needed."""


def log_incomplete_gamma(shape: ArrayLike, x: ArrayLike) -> tuple[jax.Array, jax.Array]:
    """The logarithms of the regularised incomplete gamma functions, `log P(shape, x)` and `log Q(shape, x)`.

    Arguments:
        shape: above 0.
        x: above 0; broadcasts against the shape.

    References:
        Press et al. (2007), Numerical Recipes, 6.2.
    """
    return _gamma(*_floating(shape, x))


def log_incomplete_beta(a: ArrayLike, b: ArrayLike, log_x: ArrayLike, log_y: ArrayLike) -> tuple[jax.Array, jax.Array]:
    """The logarithms of the regularised incomplete beta functions, `log I_x(a, b)` and `log I_y(b, a)`, of `y = 1 - x`.

    Arguments:
        a, b: above 0.
        log_x, log_y: below 0, both given, so that neither x nor y loses digits near 1.

    References:
        Press et al. (2007), Numerical Recipes, 6.4.
    """
    return _beta(*_floating(a, b, log_x, log_y))


def _floating(*values: ArrayLike) -> list[jax.Array]:
    return list(jnp.broadcast_arrays(*(jnp.asarray(each, jnp.result_type(float)) for each in values)))


type _Tails = tuple[jax.Array, jax.Array]


def _with_derivatives(function: Callable[..., _Tails]) -> Callable[..., _Tails]:
    """Make a function with loops of unknown length, which have forward derivatives only, one that has all."""
    wrapped = jax.custom_jvp(function)

    @wrapped.defjvp
    def tangents(primals: tuple[jax.Array, ...], given: tuple[jax.Array, ...]) -> tuple[_Tails, _Tails]:
        values = function(*primals)
        found = [jnp.zeros_like(values[0]), jnp.zeros_like(values[1])]
        for index, tangent in enumerate(given):
            unit = [jnp.ones_like(each) if at == index else jnp.zeros_like(each) for at, each in enumerate(primals)]
            slopes = jax.jvp(function, primals, tuple(unit))[1]
            found = [total + slope * tangent for total, slope in zip(found, slopes, strict=True)]
        return values, (found[0], found[1])

    return wrapped


@_with_derivatives
def _gamma(shape: jax.Array, x: jax.Array) -> _Tails:
    lower = x < shape + 1
    log_factor = shape * jnp.log(x) - x - gammaln(shape)
    small = jnp.where(lower, x, 0.5 * shape)
    log_lower = log_factor - jnp.log(shape) + jnp.log(_gamma_series(shape, small))
    large = jnp.where(lower, shape + 2, x)
    log_upper = log_factor + jnp.log(_gamma_fraction(shape, large))
    return (
        jnp.where(lower, log_lower, log1mexp(jnp.where(lower, -1.0, log_upper))),
        jnp.where(lower, log1mexp(jnp.where(lower, log_lower, -1.0)), log_upper),
    )


def _gamma_series(shape: jax.Array, x: jax.Array) -> jax.Array:
    """The sum over n of `x^n / ((shape + 1) … (shape + n))`."""

    def step(state: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        index, term, total = state
        term = term * x / (shape + index)
        return index + 1, term, total + term

    def going(state: tuple[jax.Array, ...]) -> jax.Array:
        index, term, total = state
        return jnp.any(term > _precision(x) * total) & (index < _MOST)

    start = jnp.ones_like(x)
    return jax.lax.while_loop(going, step, (jnp.ones((), x.dtype), start, start))[2]


def _gamma_fraction(shape: jax.Array, x: jax.Array) -> jax.Array:
    """`Γ(shape, x) exp(x) / x^shape` by Legendre's continued fraction."""

    def terms(index: jax.Array) -> tuple[jax.Array, jax.Array]:
        return -index * (index - shape), x + 1 - shape + 2 * index

    return _fraction(terms, x + 1 - shape, shape)


@_with_derivatives
def _beta(a: jax.Array, b: jax.Array, log_x: jax.Array, log_y: jax.Array) -> _Tails:
    x, y = jnp.exp(log_x), jnp.exp(log_y)
    first = x * (a + b + 2) < a + 1
    p, q, small = jnp.where(first, a, b), jnp.where(first, b, a), jnp.where(first, x, y)
    log_norm = gammaln(a) + gammaln(b) - gammaln(a + b)
    log_tail = a * log_x + b * log_y - jnp.log(p) - log_norm + jnp.log(_beta_fraction(p, q, small))
    log_tail = jnp.minimum(log_tail, -jnp.finfo(x.dtype).tiny)
    log_other = log1mexp(log_tail)
    return jnp.where(first, log_tail, log_other), jnp.where(first, log_other, log_tail)


def _beta_fraction(a: jax.Array, b: jax.Array, x: jax.Array) -> jax.Array:
    def terms(index: jax.Array) -> tuple[jax.Array, jax.Array]:
        half = jnp.floor(index / 2)
        even = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        odd = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        return jnp.where(index % 2 == 0, even, odd), jnp.ones_like(x)

    return _fraction(terms, jnp.ones_like(x), jnp.maximum(a, b))


def _fraction(
    terms: Callable[[jax.Array], tuple[jax.Array, jax.Array]], first: jax.Array, parameter: jax.Array
) -> jax.Array:
    """`1 / (first + α₁ / (β₁ + α₂ / (β₂ + …)))` by the method of Lentz; `terms` gives α and β of an index.

    Where the parameter is whole the fraction ends, but its derivative goes on, so that some terms are taken in any case.
    """
    tiny = jnp.finfo(first.dtype).tiny ** 0.5
    least = jnp.minimum(30 + 5 * jnp.max(jnp.sqrt(parameter)), _MOST)

    def away(value: jax.Array) -> jax.Array:
        return jnp.where(jnp.abs(value) < tiny, tiny, value)

    def step(state: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        index, c, d, total, _ = state
        alpha, beta = terms(index)
        c, d = away(beta + alpha / c), 1 / away(beta + alpha * d)
        return index + 1, c, d, total * c * d, c * d

    def going(state: tuple[jax.Array, ...]) -> jax.Array:
        index, *_, change = state
        changing = jnp.any(jnp.abs(change - 1) > 4 * _precision(first)) & (index < _MOST)
        return changing | (index < least)

    d = 1 / away(first)
    start = (jnp.ones((), first.dtype), jnp.full_like(first, 1 / tiny), d, d, jnp.full_like(first, 2.0))
    return jax.lax.while_loop(going, step, start)[3]


def _precision(like: jax.Array) -> float:
    return float(jnp.finfo(like.dtype).eps)
