"""Interval arithmetic: what is computed from numbers inside lies inside, and plain cases are exact."""

from __future__ import annotations

import operator
from math import inf, isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uqdsl.vocabulary import supports
from uqdsl.vocabulary.supports import (
    BINARY,
    COUNT,
    INTEGER,
    KINDS,
    NONNEGATIVE,
    OPEN_UNIT,
    POSITIVE,
    REAL,
    UNIT,
    Support,
    kind_that_holds,
    point,
)

from .numbers_in import holds, numbers_in
from .numbers_in import supports as any_support

OPERATORS = {
    "plus": (supports.plus, operator.add),
    "minus": (supports.minus, operator.sub),
    "times": (supports.times, operator.mul),
    "over": (supports.over, operator.truediv),
    "power": (supports.power, operator.pow),
}


@pytest.mark.parametrize("name", OPERATORS)
@given(st.data())
def test_results_lie_in_the_computed_support(name, data):
    of_supports, of_numbers = OPERATORS[name]
    a, b = data.draw(any_support()), data.draw(any_support())
    x, y = data.draw(numbers_in(a)), data.draw(numbers_in(b))
    try:
        value = of_numbers(x, y)
    except (ZeroDivisionError, OverflowError):
        return
    if isinstance(value, complex) or not isfinite(value):
        return
    found = of_supports(a, b)
    assert holds(found, value), f"{x} {name} {y} = {value} is not in {found}"


@given(st.data())
def test_constant_powers_lie_in_the_computed_support(data):
    a = data.draw(any_support())
    exponent = data.draw(st.sampled_from([-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0]))
    x = data.draw(numbers_in(a))
    if (abs(x) < 1e-100 and exponent < 0) or (x < 0 and not exponent.is_integer()):
        return
    assert holds(supports.power(a, point(exponent)), x**exponent)


@given(st.data())
def test_negative_magnitude_and_hull(data):
    a, b = data.draw(any_support()), data.draw(any_support())
    x = data.draw(numbers_in(a))
    assert holds(supports.negative(a), -x)
    assert holds(supports.magnitude(a), abs(x))
    assert holds(a.hull(b), x)
    assert holds(b.hull(a), x)
    if a.within(b):
        assert a.common(b) == a
    elif a.meets(b):
        assert a.common(b).within(a)
        assert a.common(b).within(b)


@given(st.data())
def test_within_means_that_every_number_is_in_both(data):
    a, b = data.draw(any_support()), data.draw(any_support())
    x = data.draw(numbers_in(a))
    if a.within(b):
        assert a.meets(b)
        assert holds(b, x)
    if not a.meets(b):
        assert not a.within(b)


@given(any_support(), any_support(), any_support())
def test_within_is_an_order(a, b, c):
    assert a.within(a)
    if a.within(b) and b.within(c):
        assert a.within(c)
    assert a.within(a.hull(b))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (supports.plus(POSITIVE, NONNEGATIVE), POSITIVE),
        (supports.plus(COUNT, point(1)), supports.POSITIVE_COUNT),
        (supports.plus(COUNT, point(0.5)), Support(0.5, inf)),
        (supports.plus(point(inf), REAL), REAL._replace(upper=inf)),
        (supports.minus(POSITIVE, POSITIVE), REAL),
        (supports.minus(point(1), UNIT), UNIT),
        (supports.minus(point(1), OPEN_UNIT), OPEN_UNIT),
        (supports.times(POSITIVE, POSITIVE), POSITIVE),
        (supports.times(POSITIVE, NONNEGATIVE), NONNEGATIVE),
        (supports.times(REAL, POSITIVE), REAL),
        (supports.times(UNIT, UNIT), UNIT),
        (supports.times(OPEN_UNIT, OPEN_UNIT), OPEN_UNIT),
        (supports.times(point(-2), POSITIVE), Support(-inf, 0, open_upper=True)),
        (supports.times(BINARY, COUNT), COUNT),
        (supports.times(point(0), REAL), point(0)._replace(integer=False)),
        (supports.over(POSITIVE, POSITIVE), POSITIVE),
        (supports.over(point(1), POSITIVE), POSITIVE),
        (supports.over(REAL, REAL), REAL),
        (supports.over(point(1), point(4)), Support(0.25, 0.25)),
        (supports.over(POSITIVE, Support(-inf, 0, open_upper=True)), Support(-inf, 0, open_upper=True)),
        (supports.power(REAL, point(2)), NONNEGATIVE),
        (supports.power(REAL, point(3)), REAL),
        (supports.power(POSITIVE, REAL), POSITIVE),
        (supports.power(Support(-1, 1, True, True), point(2)), Support(0, 1, False, True)),
        (supports.power(OPEN_UNIT, point(2)), OPEN_UNIT),
        (supports.power(POSITIVE, point(-0.5)), POSITIVE),
        (supports.power(REAL, point(0)), point(1)),
        (supports.power(REAL, point(0.5)), REAL),
        (supports.magnitude(REAL), NONNEGATIVE),
        (supports.magnitude(Support(-2, 1, open_lower=True)), Support(0, 2, open_upper=True)),
        (supports.minus(point(1), supports.power(Support(-1, 1, True, True), point(2))), Support(0, 1, True, False)),
    ],
)
def test_exact_results(found, expected):
    assert found == expected


def test_whole_numbers_are_no_intervals_of_reals():
    assert COUNT.within(REAL)
    assert not REAL.within(INTEGER)
    assert BINARY.within(UNIT)
    assert not UNIT.within(BINARY)
    assert not POSITIVE.meets(Support(-inf, 0))
    assert NONNEGATIVE.meets(Support(-inf, 0))
    assert not POSITIVE.meets(point(0))


@pytest.mark.parametrize(
    ("support", "text"),
    [
        (REAL, "real numbers"),
        (POSITIVE, "positive numbers"),
        (NONNEGATIVE, "numbers that are not negative"),
        (UNIT, "numbers between 0 and 1"),
        (OPEN_UNIT, "numbers strictly between 0 and 1"),
        (INTEGER, "whole numbers"),
        (COUNT, "counts"),
        (BINARY, "0 or 1"),
        (point(-1), "-1"),
        (point(0.5), "0.5"),
        (Support(-1, inf, True), "numbers above -1"),
        (Support(2, inf, integer=True), "whole numbers from 2 on"),
        (Support(-inf, 3), "numbers up to 3"),
        (Support(-inf, 3, False, True), "numbers below 3"),
        (Support(0, 10), "numbers from 0 to 10"),
        (Support(0, 10, True), "numbers in (0, 10]"),
    ],
)
def test_supports_in_words(support, text):
    assert str(support) == text


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_the_narrowest_that_holds_its_own_support(kind):
    assert kind_that_holds(KINDS[kind]) == kind


@pytest.mark.parametrize(
    ("support", "kind"),
    [
        (Support(0, 10), "nonnegative"),
        (Support(0, 10, True), "positive"),
        (Support(-1, 1), "real"),
        (OPEN_UNIT, "unit"),
        (Support(1, 6, integer=True), "count"),
        (Support(-5, 5, integer=True), "int"),
    ],
)
def test_the_narrowest_kind(support, kind):
    assert kind_that_holds(support) == kind
