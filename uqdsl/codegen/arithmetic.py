"""Operators of Python between texts, so that they mean what they mean between real numbers.

Python and NumPy differ from that in four ways: booleans add up to booleans, integers take no negative power and run over,
and what Python itself computes (numbers and settings) raises an exception where JAX gives an infinity or a NaN.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import log2

from uqdsl.codegen.text import (
    ATOM,
    COMPARISON,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    WIDEST,
    Kind,
    Text,
    as_number,
    as_real,
    number,
)

_PRECEDENCE = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%": PRODUCT, "^": POWER}
_PYTHON: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "^": operator.pow,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NEVER_RAISING = {"/": "jnp.divide", "%": "jnp.remainder", "^": "jnp.float_power"}


def negative(operand: Text) -> Text:
    """`-a`; a power stands in parentheses, as ruff has it."""
    operand = as_number(operand)
    if operand.literal and operand.value is not None:
        return number(-operand.value)
    shown = f"({operand.text})" if operand.precedence == POWER else operand.at(SIGN)
    return Text(f"-{shown}", SIGN, operand.kind, None if operand.value is None else -operand.value)


def binary(sign: str, left: Text, right: Text) -> Text:
    """An operator of the IR, arithmetic or comparison, between two texts that broadcast together."""
    if sign not in _PRECEDENCE:
        text = f"{left.at(SUM)} {sign} {right.at(SUM)}"  # a comparison does not chain
        return Text(text, COMPARISON, Kind.TRUTH, _computed(sign, left, right))
    if left.kind is right.kind is Kind.TRUTH or sign in "/%^":
        left, right = as_number(left), as_number(right)
    if left.value is not None and right.value is not None:
        return _scalar(sign, left, right)
    if sign == "^":
        return _power(left, right)
    whole = sign != "/" and left.kind is not Kind.REAL and right.kind is not Kind.REAL
    return _infix(sign, left, right, Kind.WHOLE if whole else Kind.REAL)


def _infix(sign: str, left: Text, right: Text, kind: Kind, value: float | None = None) -> Text:
    precedence = _PRECEDENCE[sign]
    if sign != "^":
        # `a - (b - c)` keeps its parentheses.
        return Text(f"{left.at(precedence)} {sign} {right.at(precedence + 1)}", precedence, kind, value)
    space = "" if left.precedence == ATOM and left.simple and right.simple else " "
    return Text(f"{left.at(ATOM)}{space}**{space}{right.at(SIGN)}", POWER, kind, value)


def _power(left: Text, right: Text) -> Text:
    if left.kind is not Kind.WHOLE or right.kind is not Kind.WHOLE:
        return _infix("^", left, right, Kind.REAL)
    if right.value in (0, 1, 2):
        return _infix("^", left, right, Kind.WHOLE)
    if left.literal or right.literal:
        left, right = (as_real(each) if each.literal else each for each in (left, right))
        return _infix("^", left, right, Kind.REAL)
    return Text(f"jnp.float_power({left.text}, {right.text})")


def _scalar(sign: str, left: Text, right: Text) -> Text:
    """What Python computes: as it is written, with points, or by JAX where Python would raise an exception."""
    for a, b in ((left, right), (as_real(left), as_real(right))):
        value = _computed(sign, a, b)
        if value is not None:
            return _infix(sign, a, b, Kind.WHOLE if isinstance(value, int) else Kind.REAL, value)
    left, right = as_real(left), as_real(right)
    if sign in _NEVER_RAISING:
        return Text(f"{_NEVER_RAISING[sign]}({left.text}, {right.text})")
    return _infix(sign, left, right, Kind.REAL)


def _computed(sign: str, left: Text, right: Text) -> float | None:
    """The value of an operation between scalars; None where it has none, or is no integer of an array."""
    a, b = left.value, right.value
    if a is None or b is None:
        return None
    if sign == "^" and isinstance(a, int) and isinstance(b, int) and abs(a) > 1 and abs(b) * log2(abs(a)) > 64:
        return None
    try:
        value = _PYTHON[sign](a, b)
    except ArithmeticError:
        return None
    if isinstance(value, complex) or (isinstance(value, int) and abs(value) >= WIDEST):
        return None
    return value
