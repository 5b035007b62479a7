"""Functions of Python: `extern function g(z[input]) -> real[output] from "package.module:g"`; nothing here imports one."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Mapping

from uqdsl import ir
from uqdsl.messages import Problem, did_you_mean
from uqdsl.messages.catalogue.names import NoPythonFunction, UnknownDimension, WrongResultKind
from uqdsl.semantics.context import Context
from uqdsl.semantics.declare import Declarations
from uqdsl.semantics.left import EXTERN_MODIFIERS, check_modifiers
from uqdsl.semantics.tables import axis_names
from uqdsl.syntax import tree

RESULTS = ("real", "positive", "nonnegative", "unit")
"""The kinds of numbers that a function of Python may give: JAX and NumPy compute with floating-point numbers."""


def lower_extern(
    statement: tree.Extern,
    parameters: tuple[tuple[str, tuple[str, ...]], ...],
    declarations: Declarations,
    dims: Mapping[str, ir.Dim],
    problems: list[Problem],
) -> ir.Extern | None:
    """The declaration of a function of Python; UQ203, UQ223, UQ273, UQ274 where something is wrong with it."""
    name, output = statement.name.name, statement.output
    before = len(problems)
    over = own_axes(output, declarations, dims, problems)
    context = Context(declarations, {}, {}, dims, owner=name, problems=problems)
    check_modifiers(statement.modifiers, EXTERN_MODIFIERS, "an extern function", context)
    if output.name not in RESULTS:
        hint = did_you_mean(output.name, RESULTS) or _as_kind(output)
        problems.append(WrongResultKind(at=output.name_span, name=name, kind=output.name, hint=hint))
    module, _, function = statement.origin.value.partition(":")
    if not _is_name(function) or not all(map(_is_name, module.split("."))):
        hint = _as_origin(statement.origin.value)
        problems.append(NoPythonFunction(at=statement.origin.span, name=name, origin=statement.origin.value, hint=hint))
    if len(problems) > before:
        return None
    return ir.Extern(
        span=statement.span,
        name=name,
        parameters=parameters,
        kind=output.name,
        over=over,
        module=module,
        function=function,
        nondifferentiable=any(each.name == "nondifferentiable" for each in statement.modifiers),
    )


def own_axes(
    target: tree.Target, declarations: Declarations, dims: Mapping[str, ir.Dim], problems: list[Problem]
) -> tuple[str, ...]:
    """The dimensions of a parameter or a result, which have to exist (UQ203)."""
    for axis in target.axes:
        if axis.name not in dims and not declarations.may_declare(axis.name):
            problems.append(UnknownDimension(at=axis.span, dim=axis.name, hint=did_you_mean(axis.name, dims)))
    return axis_names(target, problems)


def _is_name(word: str) -> bool:
    """Whether Python reads a word as this very name: it brings identifiers into a normal form, which may be another word."""
    return word.isidentifier() and not keyword.iskeyword(word) and unicodedata.is_normalized("NFKC", word)


def _as_kind(output: tree.Target) -> str:
    axes = f"[{', '.join(axis.name for axis in output.axes)}]" if output.axes else ""
    return f"a kind of real numbers stands here: {', '.join(f'`{each}{axes}`' for each in RESULTS)}"


def _as_origin(origin: str) -> str:
    """How a function is named that was named by a path or without its colon."""
    if ":" in origin and "/" not in origin and not origin.startswith("."):
        return ""
    words = origin.replace("/", ".").replace(".py", "").replace(":", ".").strip(".").split(".")
    if len(words) > 1 and all(map(_is_name, words)):
        return f'did you mean `"{".".join(words[:-1])}:{words[-1]}"`?'
    return ""
