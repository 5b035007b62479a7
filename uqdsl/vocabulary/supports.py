"""Supports: the sets in which numbers lie, and how functions and operators carry them along."""

from __future__ import annotations

from math import inf
from typing import NamedTuple


class Support(NamedTuple):
    """An interval of the reals, or of the integers; `open_lower` leaves the lower end itself out."""

    lower: float = -inf
    upper: float = inf
    open_lower: bool = False
    open_upper: bool = False
    integer: bool = False

    def within(self, other: Support) -> bool:
        """Whether every value of this support lies in the other."""
        above = self.lower > other.lower or (self.lower == other.lower and (self.open_lower or not other.open_lower))
        below = self.upper < other.upper or (self.upper == other.upper and (self.open_upper or not other.open_upper))
        return above and below and (self.integer or not other.integer)

    def meets(self, other: Support) -> bool:
        """Whether the two supports have a value in common."""
        lower, upper = max(self.lower, other.lower), min(self.upper, other.upper)
        if lower != upper:
            return lower < upper
        open_end = (lower == self.lower and self.open_lower) or (lower == other.lower and other.open_lower)
        return not (open_end or (upper == self.upper and self.open_upper) or (upper == other.upper and other.open_upper))

    def hull(self, other: Support) -> Support:
        """The smallest interval that holds both."""
        lower, open_lower = min((self.lower, self.open_lower), (other.lower, other.open_lower))
        upper, closed_upper = max((self.upper, not self.open_upper), (other.upper, not other.open_upper))
        return Support(lower, upper, open_lower, not closed_upper, self.integer and other.integer)

    def __str__(self) -> str:
        for words, support in _IN_WORDS.items():
            if support == self:
                return words
        of = "whole numbers" if self.integer else "numbers"
        left, right = "(" if self.open_lower else "[", ")" if self.open_upper else "]"
        return f"{of} in {left}{_shown(self.lower)}, {_shown(self.upper)}{right}"


def _shown(value: float) -> str:
    return f"{value:g}"


REAL = Support()
POSITIVE = Support(0.0, inf, open_lower=True)
NONNEGATIVE = Support(0.0, inf)
UNIT = Support(0.0, 1.0)
OPEN_UNIT = Support(0.0, 1.0, open_lower=True, open_upper=True)
INTEGER = Support(integer=True)
COUNT = Support(0.0, inf, integer=True)
POSITIVE_COUNT = Support(1.0, inf, integer=True)
BINARY = Support(0.0, 1.0, integer=True)

_IN_WORDS = {
    "real numbers": REAL,
    "positive numbers": POSITIVE,
    "numbers that are not negative": NONNEGATIVE,
    "numbers between 0 and 1": UNIT,
    "numbers strictly between 0 and 1": OPEN_UNIT,
    "whole numbers": INTEGER,
    "counts": COUNT,
    "positive whole numbers": POSITIVE_COUNT,
    "0 or 1": BINARY,
}

KINDS: dict[str, Support] = {
    "real": REAL,
    "positive": POSITIVE,
    "nonnegative": NONNEGATIVE,
    "unit": UNIT,
    "count": COUNT,
    "int": INTEGER,
    "binary": BINARY,
}
"""The support of each numeric kind that a field may have; `category` and `time` are the other kinds."""


def point(value: float) -> Support:
    """The support of a constant."""
    return Support(value, value, integer=float(value).is_integer())


# -------------------------------------------------------------------------------------------- arithmetic of supports


def negative(a: Support) -> Support:
    return Support(-a.upper, -a.lower, a.open_upper, a.open_lower, a.integer)


def plus(a: Support, b: Support) -> Support:
    return Support(
        a.lower + b.lower,
        a.upper + b.upper,
        a.open_lower or b.open_lower,
        a.open_upper or b.open_upper,
        a.integer and b.integer,
    )


def minus(a: Support, b: Support) -> Support:
    return plus(a, negative(b))


def times(a: Support, b: Support) -> Support:
    """The product. An end is open where no product attains it."""
    ends = [
        (_product(x, y), x_open or y_open if x and y else not ((not x and not x_open) or (not y and not y_open)))
        for x, x_open in ((a.lower, a.open_lower), (a.upper, a.open_upper))
        for y, y_open in ((b.lower, b.open_lower), (b.upper, b.open_upper))
    ]
    lower, upper = min(value for value, _ in ends), max(value for value, _ in ends)
    return Support(
        lower,
        upper,
        all(is_open for value, is_open in ends if value == lower),
        all(is_open for value, is_open in ends if value == upper),
        a.integer and b.integer,
    )


def _product(x: float, y: float) -> float:
    return 0.0 if x == 0 or y == 0 else x * y


def over(a: Support, b: Support) -> Support:
    """The quotient; all reals where the divisor may be zero between its ends."""
    if b.lower < 0 < b.upper or (b.lower == 0 and not b.open_lower and b.upper == 0):
        return REAL
    if b.upper <= 0:
        return negative(over(a, negative(b)))
    # The divisor lies in [0, inf) here; a zero end gives an infinite quotient, never attained.
    reciprocal = Support(
        0.0 if b.upper == inf else 1 / b.upper,
        inf if b.lower == 0 else 1 / b.lower,
        b.upper == inf or b.open_upper,
        b.lower == 0 or b.open_lower,
    )
    return times(a._replace(integer=False), reciprocal)


def power(a: Support, b: Support) -> Support:
    """a ^ b: not negative for an even whole power, positive for a positive base."""
    if a.within(POSITIVE):
        return POSITIVE
    if a.within(NONNEGATIVE):
        return NONNEGATIVE
    if b.lower == b.upper and b.integer and b.lower % 2 == 0:
        return NONNEGATIVE
    return REAL
