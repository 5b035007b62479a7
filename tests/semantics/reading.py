"""From the text of a spec to what is found in it."""

from __future__ import annotations

from collections.abc import Mapping

from uqdsl import ir
from uqdsl.messages import errors, render_text
from uqdsl.semantics import Analysed, analyse
from uqdsl.semantics.constants import Value
from uqdsl.syntax.parser import parse


def read(text: str, settings: Mapping[str, Value] | None = None) -> Analysed:
    """The spec and its problems."""
    return analyse(parse(text, "spec.uq"), settings)


def codes(text: str, settings: Mapping[str, Value] | None = None) -> list[str]:
    """The codes of all problems, in the order of the text."""
    return [problem.code for problem in read(text, settings).problems]


def shown(text: str, settings: Mapping[str, Value] | None = None) -> str:
    """All problems as text."""
    parsed = parse(text, "spec.uq")
    found = analyse(parsed, settings).problems
    return "\n\n".join(render_text(problem, parsed.sources) for problem in found)


def sound(text: str, settings: Mapping[str, Value] | None = None) -> ir.Spec:
    """The IR of a spec without any problem."""
    parsed = parse(text, "spec.uq")
    found = analyse(parsed, settings)
    assert not found.problems, "\n".join(render_text(problem, parsed.sources) for problem in found.problems)
    assert found.spec is not None
    return found.spec


def accepted(text: str) -> ir.Spec:
    """The IR of a spec without errors; warnings are let pass."""
    found = read(text)
    assert not errors(found.problems), shown(text)
    assert found.spec is not None
    return found.spec
