"""The layers of networks: what each takes in and gives out, its weights, and its options."""

from __future__ import annotations

from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field


class Weight(NamedTuple):
    """An array of weights of a layer.

    `kind` says by which names of several a prior reaches it: `kernels`, `biases` or `scales`.
    """

    name: str
    kind: Literal["kernels", "biases", "scales"]
    summary: str


class Layer(NamedTuple):
    """A layer as it is written.

    - options: with their types and defaults; those that name dimensions stand in `dims`.
    - positional: the options that may be given without their names, in order.
    - weights: that it has, with all of its options.
    - shapes: what it makes of the dimensions of its input, in words.
    """

    name: str
    options: type[BaseModel]
    positional: tuple[str, ...]
    weights: tuple[Weight, ...]
    shapes: str
    summary: str
    dims: tuple[str, ...] = ("over",)


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


_ACTIVATION = Field(default=None, description="a function of one number, such as `tanh`; none where it is left out")
_BIAS = Field(default=True, description="whether a bias is added")


class DenseOptions(_Options):
    size: int | None = Field(
        default=None, ge=1, description="of the output, or a dimension; the last layer fits the outputs"
    )
    activation: str | None = _ACTIVATION
    bias: bool = _BIAS
    residual: bool = Field(default=False, description="whether the input is added to the output")


_KERNEL = Weight("kernel", "kernels", "from each input to each output")
_BIAS_WEIGHT = Weight("bias", "biases", "of each output")

_TABLE = (
    Layer(
        "dense",
        DenseOptions,
        ("size", "activation"),
        (_KERNEL, _BIAS_WEIGHT),
        "one of its own in the place of those in `over`, which are all where it is left out",
        "activation(x @ kernel + bias)",
    ),
)

LAYERS: dict[str, Layer] = {each.name: each for each in _TABLE}
"""Every layer by its name."""
