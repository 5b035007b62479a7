"""The functions: elementwise ones with their effect on supports, and the reductions, each with its JAX name."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, expm1, floor, inf, isinf, log, log1p, log10, pi, sqrt
from typing import NamedTuple

from uqdsl.vocabulary.supports import COUNT, NONNEGATIVE, OPEN_UNIT, POSITIVE, REAL, Support, interval, magnitude

CONSTANTS = {"pi": pi, "e": exp(1.0), "inf": inf}
"""Names of numbers; a spec may declare its own of the same name."""


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
    """A function that consumes dimensions; `jax` takes the array and `axis`."""

    name: str
    jax: str
    summary: str
    image: Callable[[Support], Support] = lambda _: REAL


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
    Function("Phi", 1, "jax.scipy.special.ndtr", "distribution function of the standard normal", lambda _: OPEN_UNIT),
    Function("erf", 1, "jax.scipy.special.erf", "error function", lambda _: Support(-1.0, 1.0, True, True)),
    Function("lgamma", 1, "jax.scipy.special.gammaln", "logarithm of the gamma function", domain=POSITIVE),
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
)

FUNCTIONS: dict[str, Function] = {each.name: each for each in _FUNCTIONS}
"""Every elementwise function by its name."""

REDUCTIONS: dict[str, Reduction] = {each.name: each for each in _REDUCTIONS}
"""Every reduction by its name."""

PLANNED = frozenset({"softmax", "morph"})
"""Functions of the language that this version cannot run."""
