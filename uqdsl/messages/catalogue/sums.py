"""UQ26x: discrete unknowns, which are summed out."""

from __future__ import annotations

from uqdsl.messages.problem import Problem


class EndlessValues(Problem):
    code = "UQ261"
    headline = "the discrete unknown `{name}` has no end of values, so it cannot be summed out"
    label = "{found}"
    advice = "give it an end: `truncated(0, 100)`, or a law of few values"
    name: str
    found: str


class CannotSum(Problem):
    code = "UQ262"
    headline = "the discrete unknown `{name}` cannot be summed out, because {reason}"
    label = "depends on it here"
    name: str
    reason: str
