"""The functions: elementwise ones with their effect on supports, and the reductions, each with its JAX name."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, expm1, floor, inf, isinf, log, log1p, log10, pi, sinh, sqrt
from typing import NamedTuple

from uqdsl.vocabulary.supports import (
    BINARY,
    COUNT,
    NONNEGATIVE,
    OPEN_UNIT,
    POSITIVE,
    REAL,
    UNIT,
    Support,
    interval,
    magnitude,
    negative,
)

CONSTANTS = {"pi": pi, "e": exp(1.0), "inf": inf}
"""Names of numbers; a spec may declare its own of the same name."""


NEGATIVE = Support(-inf, 0.0, open_upper=True)


class Function(NamedTuple):
    """An elementwise function.

    `domain` is what every argument must lie in; `image` gives the support of the value from those of the arguments, and
    is `exact` where the function takes every value of it.
    """

    name: str
    arity: int
    jax: str
    summary: str
    image: Callable[..., Support] = lambda *_: REAL
    domain: Support = REAL
    exact: bool = False


class Reduction(NamedTuple):
    """A function that consumes dimensions; `jax` takes the array and `axis`.

    One that `keeps` its dimension, which is one, goes along it instead: its value has it too.
    """

    name: str
    jax: str
    summary: str
    image: Callable[[Support], Support] = lambda _: REAL
    keeps: bool = False


class MatrixFunction(NamedTuple):
    """A function of linear algebra of a square matrix, over a dimension and its copy.

    `value` says what it is over: `matrix`, `vector` (the rows), `number`, or `like` its second operand. `jax` is the function
    of arrays whose last axes are the matrix; of the second operand, the rows are the last axis but one.
    """

    name: str
    jax: str
    summary: str
    value: str
    arity: int = 1
    image: Support = REAL


def _increasing(function: Callable[[float], float], low: float, high: float) -> Callable[[Support], Support]:
    """The image of a support under an increasing function with the limits `low` and `high`."""

    def at(value: float) -> float:
        try:
            return low if value == -inf else high if value == inf else function(value)
        except (OverflowError, ValueError):
            return high if value > 0 else low

    def image(a: Support) -> Support:
        opens = (a.open_lower or a.lower == -inf, a.open_upper or a.upper == inf)
        return interval(at(a.lower), at(a.upper), *opens)

    return image


def _smaller(a: Support, b: Support) -> Support:
    lower, open_lower = min((a.lower, a.open_lower), (b.lower, b.open_lower))
    upper, open_upper = min((a.upper, not a.open_upper), (b.upper, not b.open_upper))
    return Support(lower, upper, open_lower, not open_upper, a.integer and b.integer)


def _larger(a: Support, b: Support) -> Support:
    lower, open_lower = max((a.lower, a.open_lower), (b.lower, b.open_lower))
    upper, closed_upper = max((a.upper, not a.open_upper), (b.upper, not b.open_upper))
    return Support(lower, upper, open_lower, not closed_upper, a.integer and b.integer)


def _floor(a: Support) -> Support:
    upper = a.upper - 1 if a.open_upper and float(a.upper).is_integer() else a.upper
    lower, upper = (value if isinf(value) else float(floor(value)) for value in (a.lower, upper))
    return Support(lower, upper, integer=True)


def _ceil(a: Support) -> Support:
    return negative(_floor(negative(a)))


def _round(a: Support) -> Support:
    lower, upper = (value if isinf(value) else float(round(value)) for value in (a.lower, a.upper))
    return Support(lower, upper, integer=True)


def _clip(x: Support, a: Support, b: Support) -> Support:
    return _smaller(_larger(x, a), b)


def _sum(a: Support) -> Support:
    """The sum of one or more: no nearer to zero than each of them where all have the same sign."""
    lower = a.lower if a.lower >= 0 else -inf
    upper = a.upper if a.upper <= 0 else inf
    return interval(lower, upper, a.open_lower, a.open_upper, a.integer)


def _product(a: Support) -> Support:
    return POSITIVE if a.within(POSITIVE) else NONNEGATIVE if a.within(NONNEGATIVE) else REAL


_FUNCTIONS = (
    Function("exp", 1, "jnp.exp", "e to the power x", _increasing(exp, 0.0, inf), exact=True),
    Function("expm1", 1, "jnp.expm1", "exp(x) - 1, exact for small x", _increasing(expm1, -1.0, inf), exact=True),
    Function("log", 1, "jnp.log", "natural logarithm", _increasing(log, -inf, inf), POSITIVE, True),
    Function("log10", 1, "jnp.log10", "logarithm to base 10", _increasing(log10, -inf, inf), POSITIVE, True),
    Function(
        "log1p", 1, "jnp.log1p", "log(1 + x), exact for small x",
        _increasing(log1p, -inf, inf), Support(-1.0, inf, open_lower=True), True,
    ),
    Function("sqrt", 1, "jnp.sqrt", "square root", _increasing(sqrt, 0.0, inf), NONNEGATIVE, True),
    Function("abs", 1, "jnp.abs", "absolute value", magnitude, exact=True),
    Function("sin", 1, "jnp.sin", "sine of an angle in radians", lambda _: Support(-1.0, 1.0)),
    Function("cos", 1, "jnp.cos", "cosine of an angle in radians", lambda _: Support(-1.0, 1.0)),
    Function("tan", 1, "jnp.tan", "tangent of an angle in radians"),
    Function("atan2", 2, "jnp.arctan2", "angle of the point (x, y), given y and x", lambda *_: Support(-pi, pi)),
    Function("tanh", 1, "jnp.tanh", "hyperbolic tangent", lambda _: Support(-1.0, 1.0, True, True)),
    Function("sigmoid", 1, "jax.nn.sigmoid", "1 / (1 + exp(-x))", lambda _: OPEN_UNIT),
    Function("logit", 1, "jax.scipy.special.logit", "log(x / (1 - x))", domain=OPEN_UNIT),
    Function("softplus", 1, "jax.nn.softplus", "log(1 + exp(x))", lambda _: POSITIVE),
    Function("relu", 1, "jax.nn.relu", "the larger of x and 0", lambda _: NONNEGATIVE),
    Function("elu", 1, "jax.nn.elu", "x, or exp(x) - 1 below 0", lambda _: Support(-1.0, inf, open_lower=True)),
    Function("gelu", 1, "jax.nn.gelu", "x Phi(x), by its usual approximation with tanh"),
    Function("silu", 1, "jax.nn.silu", "x sigmoid(x)"),
    Function("Phi", 1, "jax.scipy.special.ndtr", "distribution function of the standard normal", lambda _: OPEN_UNIT),
    Function("erf", 1, "jax.scipy.special.erf", "error function", lambda _: Support(-1.0, 1.0, True, True)),
    Function("lgamma", 1, "jax.scipy.special.gammaln", "logarithm of the gamma function", domain=POSITIVE),
    Function("sinh", 1, "jnp.sinh", "hyperbolic sine", _increasing(sinh, -inf, inf), exact=True),
    Function("cosh", 1, "jnp.cosh", "hyperbolic cosine", lambda _: Support(1.0, inf)),
    Function("asin", 1, "jnp.arcsin", "angle whose sine is x", lambda _: Support(-pi / 2, pi / 2), Support(-1.0, 1.0)),
    Function("acos", 1, "jnp.arccos", "angle whose cosine is x", lambda _: Support(0.0, pi), Support(-1.0, 1.0)),
    Function("atan", 1, "jnp.arctan", "angle whose tangent is x", lambda _: Support(-pi / 2, pi / 2, True, True)),
    Function("logaddexp", 2, "jnp.logaddexp", "log(exp(x) + exp(y)), without overflow"),
    Function("log_sigmoid", 1, "jax.nn.log_sigmoid", "log(sigmoid(x)), without overflow", lambda _: NEGATIVE),
    Function("log1mexp", 1, "log1mexp", "log(1 - exp(x)), exact near 0", lambda _: NEGATIVE, NEGATIVE),
    Function("cloglog", 1, "cloglog", "log(-log(1 - x))", domain=OPEN_UNIT),
    Function("inv_cloglog", 1, "inv_cloglog", "1 - exp(-exp(x))", lambda _: OPEN_UNIT),
    Function("probit", 1, "jax.scipy.special.ndtri", "quantile of the standard normal", domain=OPEN_UNIT),
    Function("log_Phi", 1, "jax.scipy.special.log_ndtr", "log(Phi(x)), exact far out", lambda _: NEGATIVE),
    Function("erfc", 1, "jax.scipy.special.erfc", "1 - erf(x)", lambda _: Support(0.0, 2.0, True, True)),
    Function("digamma", 1, "jax.scipy.special.digamma", "derivative of lgamma", domain=POSITIVE),
    Function("lbeta", 2, "jax.scipy.special.betaln", "logarithm of the beta function", domain=POSITIVE),
    Function("lchoose", 2, "lchoose", "logarithm of the ways to choose k of n, given n and k", domain=NONNEGATIVE),
    Function("ceil", 1, "jnp.ceil", "smallest whole number not below x", _ceil),
    Function("round", 1, "jnp.round", "nearest whole number, the even one of two", _round),
    Function("sign", 1, "jnp.sign", "-1, 0 or 1", lambda _: Support(-1.0, 1.0, integer=True)),
    Function("clip", 3, "jnp.clip", "x, or the end of the interval from a to b that it lies beyond, given x, a and b", _clip),
    Function("floor", 1, "jnp.floor", "largest whole number not above x", _floor),
    Function("minimum", 2, "jnp.minimum", "the smaller of two", _smaller),
    Function("maximum", 2, "jnp.maximum", "the larger of two", _larger),
)  # fmt: skip

_REDUCTIONS = (
    Reduction("sum", "jnp.sum", "sum", _sum),
    Reduction("mean", "jnp.mean", "arithmetic mean", lambda a: a._replace(integer=False)),
    Reduction("product", "jnp.prod", "product", _product),
    Reduction("max", "jnp.max", "largest value", lambda a: a),
    Reduction("min", "jnp.min", "smallest value", lambda a: a),
    Reduction("sd", "jnp.std", "standard deviation, divisor n", lambda _: NONNEGATIVE),
    Reduction("variance", "jnp.var", "variance, divisor n", lambda _: NONNEGATIVE),
    Reduction("logsumexp", "jax.scipy.special.logsumexp", "log(sum(exp(x))), without overflow"),
    Reduction("count", "jnp.count_nonzero", "how many are not zero", lambda _: COUNT),
    Reduction("median", "jnp.median", "median", lambda a: a._replace(integer=False)),
    Reduction("any", "jnp.any", "1 if one is not zero, else 0", lambda _: BINARY),
    Reduction("all", "jnp.all", "1 if none is zero, else 0", lambda _: BINARY),
    Reduction("cumsum", "jnp.cumsum", "sum up to each place", _sum, keeps=True),
    Reduction("cumprod", "jnp.cumprod", "product up to each place", _product, keeps=True),
    Reduction("softmax", "jax.nn.softmax", "exp(x) / sum(exp(x)), without overflow", lambda _: UNIT, keeps=True),
    Reduction("log_softmax", "jax.nn.log_softmax", "x - logsumexp(x)", lambda _: Support(-inf, 0.0), keeps=True),
    Reduction("sort", "jnp.sort", "the values in increasing order", lambda a: a, keeps=True),
)

_MATRIX = (
    MatrixFunction("cholesky", "jnp.linalg.cholesky", "lower triangular L with L @ transpose(L) = A", "matrix"),
    MatrixFunction("inverse", "jnp.linalg.inv", "the matrix whose product with A is the identity", "matrix"),
    MatrixFunction("transpose", "jnp.matrix_transpose", "rows for columns", "matrix"),
    MatrixFunction("diagonal", "jnp.linalg.diagonal", "the entries on the diagonal", "vector"),
    MatrixFunction("trace", "jnp.linalg.trace", "sum of the diagonal", "number"),
    MatrixFunction("determinant", "jnp.linalg.det", "determinant", "number"),
    MatrixFunction("logdet", "logdet", "logarithm of the absolute value of the determinant", "number"),
    MatrixFunction("eigenvalues", "jnp.linalg.eigvalsh", "of a symmetric matrix, in increasing order", "vector"),
    MatrixFunction("solve", "jnp.linalg.solve", "x with A @ x = b", "like", 2),
    MatrixFunction("solve_lower", "solve_lower", "x with L @ x = b, where L is lower triangular", "like", 2),
    MatrixFunction("solve_cholesky", "solve_cholesky", "x with A @ x = b, where A = L @ transpose(L)", "like", 2),
    MatrixFunction("exp_matrix", "jax.scipy.linalg.expm", "the exponential of a matrix", "matrix"),
)

FUNCTIONS: dict[str, Function] = {each.name: each for each in _FUNCTIONS}
"""Every elementwise function by its name."""

REDUCTIONS: dict[str, Reduction] = {each.name: each for each in _REDUCTIONS}
"""Every reduction by its name."""

MATRIX: dict[str, MatrixFunction] = {each.name: each for each in _MATRIX}
"""Every function of linear algebra by its name; beside these there is `identity(site)`."""

SPLINE = "bspline"
"""Basis functions over a dimension, `bspline(x, over = k)`, with what they are made of in `uqdsl.runtime`."""
SPLINE_FUNCTIONS = frozenset({"bspline", "periodic_bspline", "bspline_between"})

GRADIENT = "gradient"
"""The derivative of a call by one of its arguments: `gradient(f(z), z)`."""

PLANNED = frozenset({"morph"})
"""Functions of the language that this version cannot run."""
