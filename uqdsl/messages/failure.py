"""The one exception by which problems reach a caller."""

from __future__ import annotations

from collections.abc import Sequence

from uqdsl.messages.problem import Problem, Severity
from uqdsl.messages.source import Sources


class UqdslError(Exception):
    """Problems that stop what was asked for; `problems` holds every one, `str()` renders them as text."""

    exit_code = 1

    def __init__(self, problems: Sequence[Problem], sources: Sources | None = None) -> None:
        super().__init__(problems, sources)
        self.problems = tuple(problems)
        self.sources = sources or Sources.single("", "")

    def __str__(self) -> str:
        from uqdsl.messages.render_text import render_text

        return "\n\n".join(render_text(problem, self.sources) for problem in self.problems)


class UsageError(UqdslError):
    """A command or call that asks for something that is not there: an option, a path, a file type."""

    exit_code = 2


class SpecError(UqdslError):
    """A spec that does not state a problem that can be solved."""


class DataError(UqdslError):
    """Data that does not fit the spec."""


class RunError(UqdslError):
    """A run that failed: a density that is not finite, a damaged run directory, a full disk."""


def errors(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The problems that stop a run."""
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)


def faults(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The problems that somebody should mend: all but notes."""
    return tuple(problem for problem in problems if problem.severity is not Severity.NOTE)
