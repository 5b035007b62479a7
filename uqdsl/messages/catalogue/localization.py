"""UQ29x: what localisation needs to know of distances."""

from __future__ import annotations

from uqdsl.messages.problem import Problem


class NoDistances(Problem):
    code = "UQ291"
    headline = "localisation goes by distances along `{dim}`, whose labels are words, such as `{word}`"
    label = "how far is it between two of them?"
    advice = "localise along dimensions whose labels are numbers, or by `adaptive`, which needs no distances"
    dim: str
    word: str


class NowhereAlong(Problem):
    code = "UQ292"
    headline = "localisation along `{dim}` does not know where `{name}`, which is {what}, lies"
    label = "along which dimension?"
    dim: str
    name: str
    what: str


class NotToldHowNear(Problem):
    code = "UQ293"
    headline = "`{method}` takes in what is near, and nothing says how near that is"
    label = "how near?"
    method: str


class CorrelatedErrors(Problem):
    code = "UQ294"
    headline = "`{method}` takes in one observation after the other, but the errors of `{name}` are correlated"
    label = "and it is localised"
    advice = "take `letkf`, or no localisation"
    method: str
    name: str
