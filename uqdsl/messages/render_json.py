"""Problems as plain values for machines: `--json`, and whatever reads it."""

from __future__ import annotations

from typing import Any

from uqdsl.messages.problem import Problem
from uqdsl.messages.render_text import all_others
from uqdsl.messages.source import Place, Sources, Span


def render_json(problem: Problem, sources: Sources) -> dict[str, Any]:
    """One problem as a dictionary that `json.dumps` takes; lines and columns are counted from 1."""
    return {
        "code": problem.code,
        "severity": str(problem.severity),
        **({"lint": problem.lint} if problem.lint else {}),
        "headline": problem.title,
        "at": None if problem.at is None else {**_range(problem.at, sources), "label": problem.underline},
        "others": [{**_range(label.span, sources), "label": label.text} for label in all_others(problem, sources)],
        "place": None if problem.place is None else _place(problem.place),
        "help": problem.help or None,
        "fix": None
        if problem.fix is None
        else {**_range(problem.fix.span, sources), "replacement": problem.fix.replacement},
    }


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "row": place.row, "column": place.column}


def _range(span: Span, sources: Sources) -> dict[str, Any]:
    start, end = sources.position(span.start), sources.position(span.end)
    return {
        "file": start.file,
        "start": {"line": start.line, "column": start.column, "offset": span.start},
        "end": {"line": end.line, "column": end.column, "offset": span.end},
    }
