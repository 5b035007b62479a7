"""UQ28x: priors that bring other unknowns with them, or that follow from a likelihood."""

from __future__ import annotations

from uqdsl.messages.problem import Problem


class NotOfThisPrior(Problem):
    code = "UQ280"
    headline = "`{modifier}` does not go with `{law}`"
    label = "not of this prior"
    modifier: str
    law: str


class NoInformation(Problem):
    code = "UQ282"
    headline = "`{name}` has no Jeffreys prior here, because {reason}"
    label = "needs the information of a likelihood about this one unknown"
    name: str
    reason: str


class OnlyAPrior(Problem):
    code = "UQ281"
    headline = "`{law}` brings unknowns of its own with it, so it can only be the whole law of a `prior`"
    label = "not the law of a prior"
    law: str
