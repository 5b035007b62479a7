"""Pieces of Python text: operator precedence, kinds of numbers, literals, identifiers."""

from __future__ import annotations

import json
import keyword
import re
import unicodedata
from collections.abc import Iterable
from enum import Enum
from math import e, inf, pi
from typing import NamedTuple

# Python's own precedence, from loosest to tightest.
COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)

RUNTIME = (
    "After",
    "Censored",
    "DirichletMultinomial",
    "Empirical",
    "ExGaussian",
    "Hurdle",
    "Imputed",
    "InverseChiSquared",
    "InverseGaussian",
    "Kumaraswamy",
    "LogLogistic",
    "LogitNormal",
    "Multinomial",
    "Ordered",
    "OrderedProbit",
    "PartlyObserved",
    "PoissonLog",
    "Rayleigh",
    "ScaledInverseChiSquared",
    "Sequential",
    "SkewNormal",
    "Triangular",
    "Truncated",
    "ZeroSumNormal",
    "attention",
    "between",
    "bspline",
    "bspline_between",
    "callback",
    "cloglog",
    "conv1d",
    "conv2d",
    "exponential",
    "exponential_spectrum",
    "graph",
    "gru",
    "inv_cloglog",
    "layer_norm",
    "lchoose",
    "log1mexp",
    "logdet",
    "lstm",
    "matern32",
    "matern32_spectrum",
    "matern52",
    "matern52_spectrum",
    "max_pool",
    "mean_pool",
    "neighbour",
    "periodic",
    "periodic_bspline",
    "place",
    "rational_quadratic",
    "recurrence",
    "side_by_side",
    "solve_cholesky",
    "solve_lower",
    "squared_exponential",
    "squared_exponential_spectrum",
    "sum_chain",
    "sum_out",
    "trajectory",
    "advance",
)
"""What a generated module may import from `uqdsl.runtime`."""

_OWN = """jax jnp np numpyro dist reparam scale LocScaleReparam model log_parts log_density summed with_computed values data
    coords position observed float int len
    __builtins__ __debug__ __doc__ __file__ __loader__ __name__ __package__ __spec__"""
TAKEN = frozenset([*keyword.kwlist, *keyword.softkwlist, *_OWN.split(), *RUNTIME])
"""Identifiers that a generated module needs for itself."""

_SIMPLE = re.compile(r"-*(?:[\w.]+|[\d.]+e[+-]\d+)")
WIDEST = 2**31
"""Whole numbers from here on are written as floats: an array of integers may not hold them."""


class Kind(Enum):
    """What NumPy would make of a value: booleans and integers do not follow the arithmetic of real numbers."""

    TRUTH = "boolean"
    WHOLE = "integer"
    REAL = "floating"


class Text(NamedTuple):
    """An expression of Python and how tightly its outermost operator binds.

    `value` is what a scalar made of numbers and settings alone comes to: Python computes it, not JAX.
    """

    text: str
    precedence: int = ATOM
    kind: Kind = Kind.REAL
    value: float | bool | None = None

    def at(self, precedence: int) -> str:
        """The text as an operand of an operator of that precedence, in parentheses where it needs them."""
        return self.text if self.precedence >= precedence else f"({self.text})"

    @property
    def literal(self) -> bool:
        """Whether it is a number as written, with its sign."""
        return self.value is not None and self.text == number(self.value).text

    @property
    def simple(self) -> bool:
        """Whether it is a name or a number, next to which `**` stands without spaces."""
        return _SIMPLE.fullmatch(self.text) is not None


def number(value: float | bool, *, real: bool = False) -> Text:
    """A number as Python text; `real` writes a whole number with a point."""
    if isinstance(value, bool):
        return Text(repr(value), kind=Kind.TRUTH, value=value) if not real else number(int(value), real=True)
    whole = isinstance(value, int) and not real and abs(value) < WIDEST
    if not whole:
        try:
            value = float(value)
        except OverflowError:
            value = inf if value > 0 else -inf
    named = {inf: "jnp.inf", -inf: "-jnp.inf", pi: "jnp.pi", e: "jnp.e"}.get(value, repr(value))
    return Text(named, SIGN if named.startswith("-") else ATOM, Kind.WHOLE if whole else Kind.REAL, value)


def as_number(text: Text) -> Text:
    """A truth value as 1 or 0; anything else as it is."""
    if text.kind is not Kind.TRUTH:
        return text
    return number(int(text.value or 0)) if text.literal else Text(f"jnp.where({text.text}, 1.0, 0.0)")


def as_real(text: Text) -> Text:
    """A value as a floating-point number, for functions that JAX does not define on integers."""
    text = as_number(text)
    if text.kind is Kind.REAL:
        return text
    return number(text.value or 0, real=True) if text.literal else Text(f"jnp.asarray({text.text}, dtype=float)")


def as_whole(text: Text) -> Text:
    """A value as an integer, for parameters such as a number of trials."""
    text = as_number(text)
    if text.kind is Kind.WHOLE:
        return text
    whole = text.literal and text.value is not None and float(text.value).is_integer()
    return number(int(text.value or 0)) if whole else Text(f"jnp.asarray({text.text}, dtype=int)", kind=Kind.WHOLE)


def quoted(text: str) -> str:
    """A text as a Python literal, in the quotes that need fewer escapes, on one line whatever it holds."""
    body = json.dumps(text, ensure_ascii=False)[1:-1]
    quote = '"'
    if text.count('"') > text.count("'"):
        quote, body = "'", body.replace('\\"', '"').replace("'", "\\'")
    return quote + visible(body) + quote


def visible(text: str) -> str:
    """A text with everything that does not print, as it may break a line, as an escape."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def identifiers(names: Iterable[str], taken: set[str], pattern: str = "{}") -> dict[str, str]:
    """A Python identifier for each name of a spec: the name itself, or with `_` added where it is taken.

    Python reads identifiers in the normal form NFKC, so that two names may be one to it; and a name such as `x²` is none.

    Args:
        names: of a spec.
        taken: identifiers that are not to be had; those found are added.
        pattern: what is made of a name, such as `log_p_{}`.
    """
    found: dict[str, str] = {}
    for name in names:
        normal = unicodedata.normalize("NFKC", pattern.format(name))
        identifier = "".join(each if f"_{each}".isidentifier() else "_" for each in normal)
        if not identifier.isidentifier():
            identifier = f"_{identifier}"
        while identifier in taken:
            identifier += "_"
        taken.add(identifier)
        found[name] = identifier
    return found
