"""Supports: the sets in which numbers lie, and how functions and operators carry them along."""

from __future__ import annotations

from math import inf, isinf, isnan
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
        return not (
            open_end or (upper == self.upper and self.open_upper) or (upper == other.upper and other.open_upper)
        )

    def common(self, other: Support) -> Support:
        """The values that two supports have in common, where they meet."""
        lower, open_lower = max((self.lower, self.open_lower), (other.lower, other.open_lower))
        upper, closed_upper = min((self.upper, not self.open_upper), (other.upper, not other.open_upper))
        return Support(lower, upper, open_lower, not closed_upper, self.integer or other.integer)

    def hull(self, other: Support) -> Support:
        """The smallest interval that holds both."""
        lower, open_lower = min((self.lower, self.open_lower), (other.lower, other.open_lower))
        upper, closed_upper = max((self.upper, not self.open_upper), (other.upper, not other.open_upper))
        return Support(lower, upper, open_lower, not closed_upper, self.integer and other.integer)

    def __str__(self) -> str:
        for words, support in _IN_WORDS.items():
            if support == self:
                return words
        if self.lower == self.upper:
            return f"{self.lower:g}"
        of = "whole numbers" if self.integer else "numbers"
        if self.upper == inf:
            return f"{of} {'above' if self.open_lower else 'from'} {self.lower:g}{'' if self.open_lower else ' on'}"
        if self.lower == -inf:
            return f"{of} {'below' if self.open_upper else 'up to'} {self.upper:g}"
        if not self.open_lower and not self.open_upper:
            return f"{of} from {self.lower:g} to {self.upper:g}"
        left, right = "(" if self.open_lower else "[", ")" if self.open_upper else "]"
        return f"{of} in {left}{self.lower:g}, {self.upper:g}{right}"


def interval(
    lower: float, upper: float, open_lower: bool = False, open_upper: bool = False, integer: bool = False
) -> Support:
    """A support in its one form: an infinite end counts as closed, and an end that is not a number as infinite."""
    lower = -inf if isnan(lower) else lower
    upper = inf if isnan(upper) else upper
    return Support(lower, upper, open_lower and lower > -inf, open_upper and upper < inf, integer)


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

_FROM_NARROW_TO_WIDE = ("binary", "count", "int", "unit", "positive", "nonnegative", "real")


def kind_that_holds(support: Support) -> str:
    """The narrowest kind of data that holds every value of a support: `nonnegative` for numbers in [0, 10]."""
    return next(kind for kind in _FROM_NARROW_TO_WIDE if support.within(KINDS[kind]))


def drawn(support: Support) -> Support:
    """The support of draws of a continuous law, which are never exactly at an end of it."""
    if support.integer:
        return support
    return support._replace(open_lower=support.lower > -inf, open_upper=support.upper < inf)


def point(value: float) -> Support:
    """The support of a constant."""
    return Support(value, value, integer=float(value).is_integer())


# -------------------------------------------------------------------------------------------- arithmetic of supports


def negative(a: Support) -> Support:
    return Support(-a.upper, -a.lower, a.open_upper, a.open_lower, a.integer)


def magnitude(a: Support) -> Support:
    """The absolute values."""
    if a.lower >= 0:
        return a
    if a.upper <= 0:
        return negative(a)
    upper, closed = max((-a.lower, not a.open_lower), (a.upper, not a.open_upper))
    return Support(0.0, upper, False, not closed, a.integer)


def plus(a: Support, b: Support) -> Support:
    return interval(
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
        (0.0 if x == 0 or y == 0 else x * y, _unattained(x, x_open, y, y_open))
        for x, x_open in ((a.lower, a.open_lower), (a.upper, a.open_upper))
        for y, y_open in ((b.lower, b.open_lower), (b.upper, b.open_upper))
    ]
    lower, upper = min(value for value, _ in ends), max(value for value, _ in ends)
    return interval(
        lower,
        upper,
        all(is_open for value, is_open in ends if value == lower),
        all(is_open for value, is_open in ends if value == upper),
        a.integer and b.integer,
    )


def _unattained(x: float, x_open: bool, y: float, y_open: bool) -> bool:
    """Whether no factors attain the product of two ends: one zero that is attained gives zero whatever the other is."""
    if x and y:
        return x_open or y_open
    return (x_open or x != 0) and (y_open or y != 0)


def over(a: Support, b: Support) -> Support:
    """The quotient; all reals where the divisor may be zero between its ends."""
    if b.lower < 0 < b.upper or b.lower == b.upper == 0:
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
    """a ^ b: exact for a constant power of numbers that are not negative and for a constant whole power."""
    constant = b.lower == b.upper and not isinf(b.lower)
    if constant and (a.lower >= 0 or b.integer):
        return _constant_power(a, b.lower)
    if a.within(POSITIVE):
        return POSITIVE
    return NONNEGATIVE if a.within(NONNEGATIVE) else REAL


def _constant_power(a: Support, exponent: float) -> Support:
    if exponent == 0:
        return point(1.0)
    if exponent < 0:
        return over(point(1.0), _constant_power(a, -exponent))
    if exponent % 2 == 0:
        a = magnitude(a)
    integer = a.integer and float(exponent).is_integer()
    return interval(_raised(a.lower, exponent), _raised(a.upper, exponent), a.open_lower, a.open_upper, integer)


def _raised(value: float, exponent: float) -> float:
    try:
        return value**exponent
    except OverflowError:
        return -inf if value < 0 and exponent % 2 == 1 else inf
