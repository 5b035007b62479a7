"""UQ283 to UQ284: splines."""

from __future__ import annotations

from uqdsl.messages.problem import Problem


class WrongSpline(Problem):
    code = "UQ283"
    headline = "this spline cannot be, because {reason}"
    label = "cannot be so"
    reason: str


class NoEnds(Problem):
    code = "UQ284"
    headline = "nothing says between which ends this spline lies, because {reason}"
    label = "from where to where?"
    advice = "say it: `low = 0, high = 10`"
    reason: str
