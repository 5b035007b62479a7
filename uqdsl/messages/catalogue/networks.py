"""UQ38x: networks, their layers and their weights."""

from __future__ import annotations

from uqdsl.messages.problem import Problem


class UnknownLayer(Problem):
    code = "UQ380"
    headline = "there is no layer `{name}`"
    label = "not a layer"
    name: str


class WrongLayer(Problem):
    code = "UQ381"
    headline = "the layer `{layer}` {reason}"
    label = "does not fit here"
    layer: str
    reason: str


class WrongOutputs(Problem):
    code = "UQ382"
    headline = "the last layer of `{network}` gives {found}, but its outputs are {expected}"
    label = "gives {found}"
    network: str
    found: str
    expected: str


class WeightsWithoutPrior(Problem):
    code = "UQ383"
    headline = "{weights} of the network `{network}` {have} no prior"
    label = "its weights are unknown"
    network: str
    weights: str
    have: str


class NoSuchWeights(Problem):
    code = "UQ384"
    headline = "the network `{network}` has no weights `{part}`"
    label = "no weights of it"
    network: str
    part: str


class SizeNeeded(Problem):
    code = "UQ385"
    headline = "{what} needs the size of `{dim}`, which only the data say"
    label = "needs the size of `{dim}`"
    advice = "declare its size or its labels: `dim {dim} = …`"
    what: str
    dim: str


class WhichOutput(Problem):
    code = "UQ386"
    headline = "the network `{network}` {reason}"
    label = "which of its outputs?"
    network: str
    reason: str


class WrongEdges(Problem):
    code = "UQ388"
    headline = "`{name}` cannot be where edges of a graph end: {reason}"
    label = "not ends of edges"
    name: str
    reason: str


class WrongGradient(Problem):
    code = "UQ387"
    headline = "a gradient {reason}"
    label = "no gradient of this"
    reason: str
