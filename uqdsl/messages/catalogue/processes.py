"""UQ27x: Gaussian processes."""

from __future__ import annotations

from uqdsl.messages.problem import Problem


class NotAKernel(Problem):
    code = "UQ271"
    headline = "a Gaussian process needs a kernel, but this is none"
    label = "not a kernel"


class WrongProcess(Problem):
    code = "UQ272"
    headline = "this Gaussian process cannot be, because {reason}"
    label = "cannot be so"
    reason: str
