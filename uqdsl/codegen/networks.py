"""Networks as Python functions of their inputs and weights, a line for each layer.

Values are arrays whose last axes are the dimensions of a layer, in order, whatever stands before these.
"""

from __future__ import annotations

from collections.abc import Mapping

from uqdsl import ir
from uqdsl.codegen.text import identifiers, quoted
from uqdsl.messages import Span
from uqdsl.vocabulary.functions import FUNCTIONS
from uqdsl.vocabulary.layers import LAYERS


def network_lines(network: ir.Network, taken: set[str]) -> tuple[list[str], list[tuple[str, Span]]]:
    """The parameters of a network's function, and the lines of its body with the layers that they come from."""
    inputs = identifiers([name for name, _ in network.parameters], taken)
    short = {each.name: each.name.removeprefix(f"{network.name}.") for each in network.handed}
    weights = identifiers(short.values(), taken)
    local = {name: weights[each] for name, each in short.items()}
    values = identifiers([each.name for each in network.layers], taken)
    value, lines = next(iter(inputs.values())), []
    if network.joined is not None:
        parts = [
            name if axes else f"jnp.expand_dims({name}, -1)"
            for name, (_, axes) in zip(inputs.values(), network.parameters, strict=True)
        ]
        value = identifiers([ir.own(network.joined)], taken)[ir.own(network.joined)]
        lines.append((f"{value} = side_by_side({', '.join(parts)})", network.span))
    for layer in network.layers:
        text = _layer(layer, value, local)
        if layer is network.layers[-1] and len(network.outputs) == 1:
            lines.append((f"return {text}", layer.span))
            break
        value = values[layer.name]
        lines.append((f"{value} = {text}", layer.span))
    if len(network.outputs) > 1:
        rest = ", :" * len(network.outputs[0][1])
        parts = [f"{quoted(name)}: {value}[..., {at}{rest}]" for at, (name, _) in enumerate(network.outputs)]
        lines.append((f"return {{{', '.join(parts)}}}", network.span))
    return [*inputs.values(), *local.values()], lines


def _layer(layer: ir.Layer, value: str, weights: dict[str, str]) -> str:
    """What a layer makes of a value."""
    ends = zip(LAYERS[layer.kind].ends, layer.edges, strict=True)
    own = {end: weights[each.name] for end, each in ends}
    own |= {ir.own(each.name): weights[each.name] for each in layer.weights}
    text = _WRITERS[layer.kind](layer, value, own)
    activation = layer.options.get("activation")
    if isinstance(activation, str):
        text = f"{FUNCTIONS[activation].jax}({text})"
    return f"{value} + {text}" if layer.options.get("residual") else text


def _dense(layer: ir.Layer, value: str, weights: dict[str, str]) -> str:
    places = [layer.given.index(dim) - len(layer.given) for dim in layer.over]
    last = list(range(-len(places), 0))
    if places != last:
        value = f"jnp.moveaxis({value}, {tuple(places)}, {tuple(last)})"
    out = len(layer.dims) - (len(layer.given) - len(layer.over))
    if not places:
        text = f"jnp.expand_dims({value}, {-1 if out == 1 else tuple(range(-out, 0))}) * {weights['kernel']}"
        if not out:
            text = f"{value} * {weights['kernel']}"
    elif len(places) == 1 and out <= 1:
        text = f"{value} @ {weights['kernel']}"
    else:
        text = f"jnp.tensordot({value}, {weights['kernel']}, {len(places)})"
    return f"{text} + {weights['bias']}" if "bias" in weights else text


def _called(function: str, value: str, weights: dict[str, str], **options: object) -> str:
    """A call of a function of the runtime."""
    shown = [f"{name}={option!r}" for name, option in options.items()]
    return f"{function}({', '.join([value, *weights.values(), *shown])})"


def _convolution(layer: ir.Layer, value: str, weights: dict[str, str]) -> str:
    if len(layer.given) == len(layer.over):
        value, kernel = f"jnp.expand_dims({value}, -1)", f"jnp.expand_dims({weights['kernel']}, {len(layer.over)})"
        weights = weights | {"kernel": kernel}
    defaults = {"stride": 1, "padding": "same"}
    return _called(layer.kind, value, weights, **_unusual(layer, defaults))


def _pool(layer: ir.Layer, value: str, weights: dict[str, str]) -> str:
    places = [layer.given.index(dim) - len(layer.given) for dim in layer.over]
    size = layer.options["size"]
    if size is None:
        axis = places[0] if len(places) == 1 else tuple(places)
        return f"jnp.{'max' if layer.kind == 'max_pool' else 'mean'}({value}, axis={axis})"
    windows = tuple(size if dim in layer.over else 1 for dim in layer.given)
    strides = tuple((layer.options["stride"] or size) if dim in layer.over else 1 for dim in layer.given)
    return _called(layer.kind, value, weights, windows=windows, strides=strides)


def _recurrent(layer: ir.Layer, value: str, weights: dict[str, str]) -> str:
    if len(layer.given) == 1:
        value, kernel = f"jnp.expand_dims({value}, -1)", f"jnp.expand_dims({weights['kernel']}, 0)"
        weights = weights | {"kernel": kernel}
    return _called(layer.kind, value, weights, **_unusual(layer, {"sequence": False}))


def _graph(layer: ir.Layer, value: str, weights: dict[str, str]) -> str:
    if len(layer.given) == 1:
        value = f"jnp.expand_dims({value}, -1)"
        kernels = {name: f"jnp.expand_dims({each}, 0)" for name, each in weights.items() if name.endswith("kernel")}
        weights = weights | kernels
    return _called(layer.kind, value, weights, **_unusual(layer, {"gather": "sum"}))


def _unusual(layer: ir.Layer, defaults: Mapping[str, object]) -> dict[str, object]:
    """The options that are not what they are by default."""
    return {name: layer.options[name] for name, usual in defaults.items() if layer.options[name] != usual}


_WRITERS = {
    "dense": _dense,
    "conv1d": _convolution,
    "conv2d": _convolution,
    "max_pool": _pool,
    "mean_pool": _pool,
    "layer_norm": lambda layer, value, weights: _called(
        layer.kind, value, weights, **_unusual(layer, {"epsilon": 1e-5})
    ),
    "gru": _recurrent,
    "lstm": _recurrent,
    "graph": _graph,
    "attention": lambda layer, value, weights: _called(layer.kind, value, weights),
}
