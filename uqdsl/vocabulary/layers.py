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
    - ends: the options that name fields of the data, the ends of edges.
    - width: the option that is the size of its own dimension, for which a dimension can be named.
    - shapes: what it makes of the dimensions of its input, in words.
    """

    name: str
    options: type[BaseModel]
    positional: tuple[str, ...]
    weights: tuple[Weight, ...]
    shapes: str
    summary: str
    dims: tuple[str, ...] = ("over",)
    ends: tuple[str, ...] = ()
    width: str | None = None


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


_STRIDE = Field(default=1, ge=1, description="places from one window to the next")


class Conv1dOptions(_Options):
    channels: int | None = Field(default=None, ge=1, description="of the output; the last layer fits the outputs")
    size: int = Field(default=3, ge=1, description="of the window, along each dimension")
    activation: str | None = _ACTIVATION
    stride: int = _STRIDE
    padding: Literal["same", "valid"] = Field(
        default="same", description="whether windows may reach beyond the ends, where there is 0"
    )
    bias: bool = _BIAS


class Conv2dOptions(Conv1dOptions):
    pass


class PoolOptions(_Options):
    size: int | None = Field(default=None, ge=1, description="of the window; the whole dimension where it is left out")
    stride: int | None = Field(
        default=None, ge=1, description="places from one window to the next; its size if left out"
    )


class LayerNormOptions(_Options):
    epsilon: float = Field(default=1e-5, gt=0, description="added to the variance")


class RecurrentOptions(_Options):
    size: int | None = Field(default=None, ge=1, description="of what is remembered")
    sequence: bool = Field(default=False, description="whether what is remembered at each place is given, or the last")


class AttentionOptions(_Options):
    heads: int = Field(default=1, ge=1, description="that attend to the places apart")
    size: int | None = Field(default=None, ge=1, description="of the output")
    key: int = Field(default=8, ge=1, description="numbers by which a head compares two places, and that it passes on")
    residual: bool = Field(default=False, description="whether the input is added to the output")


class GraphOptions(_Options):
    size: int | None = Field(default=None, ge=1, description="of the output; the last layer fits the outputs")
    activation: str | None = _ACTIVATION
    gather: Literal["sum", "mean", "max"] = Field(
        default="sum", description="what is made of the messages that reach a node; 0 where none does"
    )
    bias: bool = _BIAS


_KERNEL = Weight("kernel", "kernels", "from each input to each output")
_BIAS_WEIGHT = Weight("bias", "biases", "of each output")
_WINDOW = Weight("kernel", "kernels", "from each place of a window and each channel to each of the output")
_GATES = (
    Weight("kernel", "kernels", "from each input to each gate"),
    Weight("recurrent_kernel", "kernels", "from what is remembered to each gate"),
    Weight("bias", "biases", "of each gate"),
)
_ALONG = "goes along its first dimension, and takes in the second"

_TABLE = (
    Layer(
        "dense",
        DenseOptions,
        ("size", "activation"),
        (_KERNEL, _BIAS_WEIGHT),
        "one of its own in the place of those in `over`, which are all where it is left out",
        "activation(x @ kernel + bias)",
        width="size",
    ),
    Layer(
        "conv1d",
        Conv1dOptions,
        ("channels", "size", "activation"),
        (_WINDOW, _BIAS_WEIGHT),
        "goes along its first, and has channels of its own in the place of those that it takes in",
        "activation(convolution of x with the kernel + bias)",
        width="channels",
    ),
    Layer(
        "conv2d",
        Conv2dOptions,
        ("channels", "size", "activation"),
        (_WINDOW, _BIAS_WEIGHT),
        "as `conv1d`, along its first two",
        "activation(convolution of x with the kernel + bias)",
        width="channels",
    ),
    Layer(
        "max_pool", PoolOptions, ("size",), (), "without a size, those in `over` are gone", "the largest of each window"
    ),
    Layer(
        "mean_pool", PoolOptions, ("size",), (), "without a size, those in `over` are gone", "the mean of each window"
    ),
    Layer(
        "layer_norm",
        LayerNormOptions,
        (),
        (Weight("scale", "scales", "of each number"), Weight("bias", "biases", "of each number")),
        "those of its input",
        "scale (x - mean(x)) / sqrt(variance(x) + epsilon) + bias",
    ),
    Layer(
        "gru",
        RecurrentOptions,
        ("size",),
        (*_GATES, Weight("recurrent_bias", "biases", "of what is remembered, in the new value")),
        _ALONG,
        "gated recurrent unit (Cho et al. 2014)",
        width="size",
    ),
    Layer(
        "lstm",
        RecurrentOptions,
        ("size",),
        _GATES,
        _ALONG,
        "long short-term memory (Hochreiter & Schmidhuber 1997)",
        width="size",
    ),
    Layer(
        "attention",
        AttentionOptions,
        ("heads",),
        (
            Weight("query_kernel", "kernels", "from what a place has to what it looks for"),
            Weight("key_kernel", "kernels", "from what a place has to what it is found by"),
            Weight("value_kernel", "kernels", "from what a place has to what it passes on"),
            Weight("output_kernel", "kernels", "from what the heads gather to the output"),
        ),
        "compares the places of its first dimension, and takes in the second",
        "multi-head attention of all places to all (Vaswani et al. 2017)",
        width="size",
    ),
    Layer(
        "graph",
        GraphOptions,
        ("size", "activation"),
        (
            Weight("kernel", "kernels", "from each input of a node to each of its outputs"),
            Weight("neighbour_kernel", "kernels", "from each input of a node to each output of those that it reaches"),
            _BIAS_WEIGHT,
        ),
        "passes messages between the places of its first dimension, and takes in the second",
        "activation(x @ kernel + gathered(x @ neighbour_kernel) + bias) over [edges](networks.md#graphs)",
        ends=("from", "to"),
        width="size",
    ),
)

LAYERS: dict[str, Layer] = {each.name: each for each in _TABLE}
"""Every layer by its name."""
