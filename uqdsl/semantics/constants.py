"""What can be computed before any data are read: settings, sizes, options, values in place."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from math import isfinite

from uqdsl.ir import Setting
from uqdsl.messages import Problem, SpecError, did_you_mean, listing
from uqdsl.messages.catalogue.kinds import NotConstant, UnknownType, WrongSetting
from uqdsl.messages.catalogue.names import UnknownSetting
from uqdsl.syntax import tree
from uqdsl.vocabulary.functions import CONSTANTS

type Value = float | int | bool | str

_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "^": operator.pow,
}
_TYPES: dict[str, tuple[type, ...]] = {"int": (int,), "real": (int, float), "bool": (bool,), "text": (str,)}


def evaluate(expression: tree.Expression, settings: Mapping[str, Value], *, words: bool = False) -> Value:
    """The value of an expression of numbers, texts and settings.

    Args:
        expression: what was written.
        settings: the value of each setting.
        words: whether a name that is no setting is the text of that name, as in `metric = dense`.

    Raises:
        SpecError: UQ313 for anything that is not constant.
    """
    match expression:
        case tree.Number(text=text, whole=whole):
            return int(text) if whole else float(text)
        case tree.Text(value=value) | tree.Boolean(value=value):
            return value
        case tree.Group(value=value):
            return evaluate(value, settings, words=words)
        case tree.Name(name=name) if name in settings:
            return settings[name]
        case tree.Name(name=name) if name in CONSTANTS:
            return CONSTANTS[name]
        case tree.Name(name=name) if words:
            return name
        case tree.Unary(operator="-" | "+" as sign, operand=operand):
            value = evaluate(operand, settings)
            if isinstance(value, int | float):
                return -value if sign == "-" else value
        case tree.Binary(operator=sign, left=left, right=right) if sign in _OPERATORS:
            a, b = evaluate(left, settings), evaluate(right, settings)
            if isinstance(a, str) and isinstance(b, str) and sign == "+":
                return a + b
            if isinstance(a, int | float) and isinstance(b, int | float):
                value = _computed(sign, a, b)
                if value is not None:
                    return value
    raise SpecError([NotConstant(at=expression.span, what="this value")])


def _computed(sign: str, a: float, b: float) -> float | None:
    """The value of an arithmetic operation, None where it has none (or one of absurd size)."""
    if sign == "^" and abs(b) > 1024:
        a, b = float(a), float(b)
    try:
        value = _OPERATORS[sign](a, b)
    except (ArithmeticError, ValueError):
        return None
    return value if not isinstance(value, complex) else None


def resolve_settings(
    spec: tree.Tree, overrides: Mapping[str, Value]
) -> tuple[tuple[Setting, ...], tuple[Problem, ...]]:
    """The settings of a spec with their values; an override, from the command line or a run file, goes first."""
    settings: dict[str, Setting] = {}
    problems: list[Problem] = []
    declared = [each for each in spec.statements if isinstance(each, tree.Setting)]
    broken = {name for each in spec.statements if isinstance(each, tree.Broken) for name in each.names}
    for name in overrides.keys() - {each.name.name for each in declared} - broken:
        names = [each.name.name for each in declared]
        otherwise = f"its settings are {listing(names, last='and')}" if names else "it declares none"
        problems.append(UnknownSetting(name=name, hint=did_you_mean(name, names, otherwise=otherwise)))
    for statement in declared:
        name = statement.name.name
        try:
            known = {key: setting.value for key, setting in settings.items()}
            value = overrides[name] if name in overrides else evaluate(statement.value, known)
        except SpecError as error:
            problems += error.problems
            continue
        types = _TYPES.get(statement.type)
        if types is None:
            hint = did_you_mean(statement.type, _TYPES)
            problems.append(UnknownType(at=statement.type_span, name=statement.type, hint=hint))
        elif not isinstance(value, types) or (isinstance(value, bool) and statement.type != "bool"):
            problems.append(WrongSetting(at=statement.value.span, name=name, type=statement.type, found=f"`{value}`"))
        elif isinstance(value, float) and not isfinite(value):
            problems.append(WrongSetting(at=statement.value.span, name=name, type="a finite number", found=f"{value}"))
        else:
            typed = float(value) if statement.type == "real" else value
            settings[name] = Setting(span=statement.span, name=name, type=statement.type, value=typed)
    return tuple(settings.values()), tuple(problems)
