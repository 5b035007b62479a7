"""Binding data in one line, for tests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from uqdsl import ir
from uqdsl.data import Dataset, bind
from uqdsl.messages import DataError, Place, Problem, Sources, render_text
from uqdsl.messages.pages import page
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

REST = "\nprior q ~ Normal(0, 1)\nfactor -q^2\n"
"""What makes a spec of `data` statements alone."""


def spec_of(text: str) -> ir.Spec:
    """The IR of `data` and `dim` statements."""
    analysed = analyse(parse(text + REST, "model.uq"))
    assert analysed.spec is not None, [problem.title for problem in analysed.problems]
    return analysed.spec


def bound(text: str, folder: Path | None = None, **given: Any) -> Dataset:
    """The data of a spec."""
    return bind(spec_of(text), folder, given)


def problems_of(text: str, folder: Path | None = None, given: Mapping[str, Any] | None = None) -> tuple[Problem, ...]:
    """The problems of the data of a spec, of which there is at least one."""
    with pytest.raises(DataError) as caught:
        bind(spec_of(text), folder, given)
    return caught.value.problems


def codes_of(text: str, folder: Path | None = None, **given: Any) -> list[str]:
    """Their codes."""
    return [problem.code for problem in problems_of(text, folder, given)]


def problem_of(text: str, folder: Path | None = None, **given: Any) -> Problem:
    """The one problem of the data of a spec."""
    (problem,) = problems_of(text, folder, given)
    return problem


def said(text: str, folder: Path | None = None, **given: Any) -> tuple[str, str, str, str]:
    """The code, headline, place and help of the one problem of the data of a spec."""
    problem = problem_of(text, folder, **given)
    return problem.code, problem.title, str(problem.place or Place("")), problem.help


def shown(text: str, folder: Path | None = None, given: Mapping[str, Any] | None = None) -> str:
    """All that is said of the data of a spec, as on a terminal."""
    sources = parse(text + REST, "model.uq").sources
    return "\n\n".join(render_text(each, sources) for each in problems_of(text, folder, given))


def verify_sound(caught: DataError) -> None:
    """An error of data has problems, of data, that can be shown."""
    assert caught.problems
    for problem in caught.problems:
        assert problem.code.startswith("UQ4")
        assert render_text(problem, Sources.single("model.uq", "x" * 500))


def failing_blocks(code: str) -> list[tuple[str, str, str]]:
    """The language, the name of the file and the text of the blocks that fail on the page of a problem."""
    failing = page(code).partition("\n## Fails\n")[2].partition("\n## ")[0]
    return re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", failing, re.MULTILINE | re.DOTALL)


def same(one: Dataset, other: Dataset) -> bool:
    """Whether two data sets are equal, the types of numbers and labels included."""
    return (
        one.arrays.keys() == other.arrays.keys()
        and all(
            array.dtype == other.arrays[name].dtype and array.tolist() == other.arrays[name].tolist()
            for name, array in one.arrays.items()
        )
        and [(name, list(map(repr, labels))) for name, labels in sorted(one.coords.items())]
        == [(name, list(map(repr, labels))) for name, labels in sorted(other.coords.items())]
    )
