"""What can be computed before any data are read: settings, sizes, options, values in place."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isfinite

from uqdsl.ir import Setting, own
from uqdsl.messages import Problem, Span, SpecError, listing
from uqdsl.messages.catalogue.kinds import NotANumber, NotConstant, UnknownType, WrongSetting
from uqdsl.messages.catalogue.names import UnknownSetting
from uqdsl.semantics.order import order_statements
from uqdsl.semantics.walk import names_in
from uqdsl.syntax import tree
from uqdsl.vocabulary.functions import CONSTANTS
from uqdsl.vocabulary.synonyms import TYPES, meant

type Value = float | int | bool | str
type Settings = Mapping[str, Value | None]
"""The value of each setting; None for one whose problem has been reported."""

_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
_ARITHMETIC = frozenset(_OPERATORS) | {"^"}
_TYPES: dict[str, tuple[type, ...]] = {"int": (int,), "real": (int, float), "bool": (bool,), "text": (str,)}
_IN_WORDS = {"int": "a whole number", "real": "a finite number", "bool": "true or false", "text": "a text in quotes"}
LARGEST_WHOLE = 2**63 - 1
"""Whole numbers beyond this are read as real ones: no array holds them."""


def numeral(number: tree.Number) -> float | int:
    """The value of a number as written: whole where it was written so and an array can hold it.

    Raises:
        SpecError: UQ312 for a number that is too large for double precision.
    """
    value = float(number.text)
    if not isfinite(value):
        raise SpecError([NotANumber(at=number.span, what="a number beyond the range of double precision")])
    return int(number.text) if number.whole and value <= LARGEST_WHOLE else value


def evaluate(expression: tree.Expression, settings: Settings, *, words: bool = False) -> Value:
    """The value of an expression of numbers, texts and settings.

    Args:
        expression: what was written.
        settings: the value of each setting.
        words: whether a name that is no setting is the text of that name, as in `metric = dense`.

    Raises:
        SpecError: UQ313 for anything that is not constant, UQ312 for arithmetic that has no result; without a problem
            where the value of a setting is missing and that has been reported.
    """
    match expression:
        case tree.Number():
            return numeral(expression)
        case tree.Text(value=value) | tree.Boolean(value=value):
            return value
        case tree.Group(value=value):
            return evaluate(value, settings, words=words)
        case tree.Name(name=name) if name in settings:
            value = settings[name]
            if value is None:
                raise SpecError([])
            return value
        case tree.Name(name=name) if own(name) in CONSTANTS:
            return CONSTANTS[own(name)]
        case tree.Name(name=name):
            if words:
                return name
            hint = meant(name, settings, {})
            raise SpecError([NotConstant(at=expression.span, what=f"`{name}`", hint=hint)])
        case tree.Unary(operator="-" | "+" as sign, operand=operand):
            value = _number(evaluate(operand, settings), operand.span)
            return -value if sign == "-" else value
        case tree.Binary(operator=sign, left=left, right=right) if sign in _ARITHMETIC:
            a, b = evaluate(left, settings), evaluate(right, settings)
            if isinstance(a, str) and isinstance(b, str) and sign == "+":
                return a + b
            value = _computed(sign, _number(a, left.span), _number(b, right.span))
            if value is None:
                raise SpecError([NotANumber(at=expression.span, what=f"the result of this `{sign}`")])
            return value
    raise SpecError([NotConstant(at=expression.span, what="this value")])


def _number(value: Value, span: Span) -> float | int:
    if isinstance(value, str | bool):
        raise SpecError([NotANumber(at=span, what="a text" if isinstance(value, str) else shown(value))])
    return value


def _computed(sign: str, a: float, b: float) -> float | int | None:
    """The value of an arithmetic operation, None where it has none."""
    try:
        # A whole number to a large power would take all memory there is: the size of the result is seen first.
        value = float(a) ** b if sign == "^" else _OPERATORS[sign](a, b)
        if isinstance(value, complex) or not isfinite(value):
            return None
        if sign == "^" and isinstance(a, int) and isinstance(b, int) and b >= 0 and abs(value) <= LARGEST_WHOLE:
            value = a**b
    except (ArithmeticError, ValueError):
        return None
    return value if isinstance(value, float) or abs(value) <= LARGEST_WHOLE else float(value)


def resolve_settings(
    spec: tree.Tree, overrides: Mapping[str, Value]
) -> tuple[tuple[Setting, ...], tuple[Problem, ...]]:
    """The settings of a spec with their values; an override, from the command line or a run file, goes first."""
    declared: dict[str, tree.Setting] = {}
    for each in spec.statements:
        if isinstance(each, tree.Setting):
            declared.setdefault(each.name.name, each)
    broken = {name for each in spec.statements if isinstance(each, tree.Broken) for name in each.names}
    problems: list[Problem] = []
    for name in overrides.keys() - declared.keys() - broken:
        otherwise = f"its settings are {listing(declared, last='and')}" if declared else "it declares none"
        problems.append(UnknownSetting(name=name, hint=meant(name, declared, {}, otherwise=otherwise)))
    uses = {
        name: {used.name: used.span for used in names_in(each.value) if used.name in declared and name not in overrides}
        for name, each in declared.items()
    }
    order, cycles = order_statements(tuple(declared), uses)
    problems += cycles
    settings: dict[str, Setting] = {}
    known: dict[str, Value | None] = dict.fromkeys(declared) | dict.fromkeys(broken)
    for name in order:
        try:
            value = overrides[name] if name in overrides else evaluate(declared[name].value, known)
            setting = _typed(declared[name], value, given=name in overrides)
        except SpecError as error:
            problems += [_computed_later(each, name) for each in error.problems]
        else:
            known[name] = setting.value
            settings[name] = setting
    return tuple(settings[name] for name in declared if name in settings), tuple(problems)


def _computed_later(problem: Problem, name: str) -> Problem:
    """The problem of a setting, with what to write where its value is none that is known from the start."""
    if not isinstance(problem, NotConstant) or problem.hint:
        return problem
    return replace(problem, hint=f"what is computed from data or unknowns is a `let`: `let {name} = …`")


def _typed(statement: tree.Setting, value: Value, *, given: bool) -> Setting:
    """A setting with its value, after a check of its type (UQ314, UQ317)."""
    types = _TYPES.get(statement.type)
    if types is None:
        raise SpecError(
            [UnknownType(at=statement.type_span, name=statement.type, hint=meant(statement.type, _TYPES, TYPES))]
        )
    name = statement.name.name
    fits = isinstance(value, types) and (not isinstance(value, bool) or statement.type == "bool")
    if not fits or (isinstance(value, float) and not isfinite(value)):
        hint = "the value was not given in the spec, but to the command that reads it" if given else ""
        problem = WrongSetting(
            at=statement.type_span if given else statement.value.span,
            name=name,
            type=statement.type,
            expected=_IN_WORDS[statement.type],
            found=shown(value),
            hint=hint,
        )
        raise SpecError([problem])
    return Setting(
        span=statement.span,
        name=name,
        type=statement.type,
        value=float(value) if statement.type == "real" else value,
    )


def shown(value: object) -> str:
    """A constant as it is written in a spec, in backticks."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"
