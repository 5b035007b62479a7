"""What a spec states, as one equation in its own names: the posterior, or for one with sources of uncertainty all of these."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import NamedTuple

from uqdsl import ir
from uqdsl.codegen.factors import Equation, Factor, Probability, Step, followed, fundamental_equation, has_sources
from uqdsl.codegen.notation import Latex, Notation, escaped
from uqdsl.messages import Sources, Span


class Line(NamedTuple):
    """A factor of a posterior: its text in a notation, and its statement."""

    text: str
    statement: ir.Statement


def equation(spec: ir.Spec, sources: Sources) -> str:
    """The equation of a spec for a terminal, each factor with where it is stated and, of a source, how it is computed."""
    if has_sources(spec):
        return "\n".join(_fundamental(fundamental_equation(spec), sources)) + "\n"
    left, lines = _posterior(spec, Notation())
    width = max((len(each.text) for each in lines), default=0)
    shown = [left, ""]
    for index, each in enumerate(lines):
        place = f"{_place(each.statement.span, sources)}: {_written(each.statement.span, sources)}"
        shown.append(f"  {'×' if index else '∝'} {each.text:{width}}   {place}")
    return "\n".join(shown) + "\n"


def equation_latex(spec: ir.Spec) -> str:
    r"""The same as an `align*` block of LaTeX, for amsmath."""
    notation = Latex()
    if has_sources(spec):
        rows = list(_fundamental_rows(fundamental_equation(spec)))
    else:
        left, lines = _posterior(spec, notation)
        rows = [
            rf"{'' if index else left} &{r'\quad\times' if index else r'\propto'} {each.text} && {_statement(each, notation)}"
            for index, each in enumerate(lines)
        ]
    return "\n".join([r"\begin{align*}", " \\\\\n".join(rows), r"\end{align*}"]) + "\n"


# ------------------------------------------------------------------------------------------------------- the posterior


def _posterior(spec: ir.Spec, notation: Notation) -> tuple[str, list[Line]]:
    """p(unknowns | data) ∝ Π p(data | …) Π p(unknown | …).

    Every factor is conditional on the unknowns and data that its statement names, with quantities (`let`) followed to what
    they are made of; the weights of a network are one unknown.
    """
    network_of = {each.name: f"{one.name}.weights" for one in spec.networks for each in one.weights}
    unknowns = {each.name: network_of.get(each.name, each.name) for each in spec.unknowns}
    observed = [each.name for each in spec.observations]
    lines: dict[str, Line] = {}
    used: set[str] = set()
    for each in sorted(spec.statements, key=lambda each: not isinstance(each, ir.Observation)):
        if isinstance(each, ir.Quantity):
            continue
        given = followed(ir.names_used(each), spec.quantities)
        used |= given
        known = [name for key, name in unknowns.items() if key in given]
        known += [one.name for one in spec.fields if one.name in given and one.name != each.name]
        condition = tuple(dict.fromkeys(known))
        if isinstance(each, ir.Factor):
            text = notation.density(notation.word(f"exp {each.name}"), ", ".join(map(notation.name, condition)))
        else:
            text = Probability((unknowns.get(each.name, each.name),), condition).written(notation)
        lines.setdefault(text, Line(text, each))
    data = observed + [each.name for each in spec.fields if each.name in used and each.name not in observed]
    wanted = Probability(tuple(dict.fromkeys(unknowns.values())), tuple(data))
    return wanted.written(notation), list(lines.values())


def _statement(line: Line, notation: Notation) -> str:
    return Step("", "", line.statement).written(notation)


# --------------------------------------------------------------------------------------------- the fundamental equation


def _fundamental(found: Equation, sources: Sources) -> Iterator[str]:
    """The equation line by line, then each source from (1) to (5)."""
    notation = Notation()
    yield f"{found.wanted.written(notation)} = ∫"
    yield ""
    texts = {each: " ".join(part.written(notation) for part in each.parts) for each in found.factors}
    width = max(map(len, texts.values()))
    shown = [each for each in found.factors if each.parts]
    for each in shown:
        yield f"  {' ' if each is shown[0] else '×'} {texts[each]:{width}}   {each.title}"
    yield ""
    yield f"  {_differential(found, notation)}"
    yield ""
    yield "ᵗʳ marks training rows, ᵗᵉ testing rows, and .truth what is true of recorded values."
    for each in reversed(found.factors):
        yield ""
        yield f"{each.title}: {each.stance}{_stated(each, sources)}"
        for step in each.steps:
            yield from _step(step, notation)


def _step(step: Step, notation: Notation) -> Iterator[str]:
    statement = step.written(notation)
    if statement:
        yield f"    {statement}"
    if step.words:
        yield f"      {_words(step)}" if statement else f"    {step.sentence}"


def _words(step: Step) -> str:
    """What is done, and to what where that is not what the statement is of."""
    return step.words if step.statement is not None and step.of == step.statement.name else step.sentence


def _fundamental_rows(found: Equation) -> Iterator[str]:
    """The same as rows of LaTeX."""
    notation = Latex()
    yield rf"{found.wanted.written(notation)} &= \int"
    for index, each in enumerate([each for each in found.factors if each.parts]):
        text = r" \, ".join(part.written(notation) for part in each.parts)
        yield rf"&\quad {r'\times ' if index else ''}{text} && \text{{{escaped(each.title)}}}"
    yield rf"&\quad {_differential(found, notation)}"
    for each in reversed(found.factors):
        yield rf"&\text{{{escaped(f'{each.title}: {each.stance}')}}}"
        for step in each.steps:
            words = rf"\text{{{escaped(_words(step))}}}" if step.words else ""
            yield rf"&\quad {step.written(notation)} && {words}"


def _differential(found: Equation, notation: Notation) -> str:
    """What is integrated over."""
    return " ".join(f"d{notation.name(each)}" for each in found.over)


def _stated(factor: Factor, sources: Sources) -> str:
    """Where a source is stated, and how."""
    at = factor.source.span
    return f"; {_place(at, sources)}: {_written(at, sources)}" if at != Span(0, 0) else ""


def _place(span: Span, sources: Sources) -> str:
    where = sources.position(span.start)
    return f"{f'{PurePath(where.file).name}, ' if sources.file(span.start) else ''}line {where.line}"


def _written(span: Span, sources: Sources) -> str:
    """A part of the spec on one line."""
    return " ".join(sources.text[span.start : span.end].split())
