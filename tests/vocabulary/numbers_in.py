"""Supports, and numbers that lie in them."""

from __future__ import annotations

from math import ceil, floor, inf, isfinite

from hypothesis import strategies as st

from uqdsl.vocabulary.supports import REAL, Support, interval, point

REACH = 50.0
"""How far from zero, or from a finite end, sampled numbers lie."""
ENDS = (-inf, -3.0, -1.5, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 2.0, 3.5, 4.0, inf)


def _whole_ends(support: Support) -> tuple[int, int]:
    low, high = max(support.lower, -REACH), min(support.upper, REACH)
    first = floor(low) + 1 if support.open_lower and low == support.lower else ceil(low)
    last = ceil(high) - 1 if support.open_upper and high == support.upper else floor(high)
    return first, last


@st.composite
def supports(draw: st.DrawFn, within: Support = REAL) -> Support:
    """Supports with at least one number in them, inside of another."""
    ends = [end for end in ENDS if within.lower <= end <= within.upper]
    lower, upper = sorted((draw(st.sampled_from(ends)), draw(st.sampled_from(ends))))
    if lower == upper and (not isfinite(lower) or not point(lower).within(within)):
        lower, upper = within.lower, within.upper
    open_lower = draw(st.booleans()) or (lower == within.lower and within.open_lower)
    open_upper = draw(st.booleans()) or (upper == within.upper and within.open_upper)
    if lower == upper:
        open_lower = open_upper = False
    found = interval(lower, upper, open_lower, open_upper)
    first, last = _whole_ends(found)
    return found._replace(integer=first <= last and draw(st.booleans()))


def numbers_in(support: Support) -> st.SearchStrategy[float]:
    """Numbers of a support, its own ends among them where it is closed."""
    if support.integer:
        return st.integers(*_whole_ends(support)).map(float)
    low = max(support.lower, -REACH if support.upper > -REACH else support.upper - REACH)
    high = min(support.upper, REACH if support.lower < REACH else support.lower + REACH)
    return st.floats(
        low,
        high,
        exclude_min=support.open_lower and low == support.lower,
        exclude_max=support.open_upper and high == support.upper,
        allow_subnormal=False,
    )


def holds(support: Support, value: float) -> bool:
    """Whether a number lies in a support, up to rounding: an end that is not reached may be by a rounded result."""
    slack = 1e-9 * max(1.0, abs(value))
    if support.integer and abs(value - round(value)) > slack:
        return False
    return support.lower - slack <= value <= support.upper + slack
