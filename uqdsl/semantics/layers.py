"""The shapes of layers: the dimensions that each gives out, and those of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

from uqdsl import ir
from uqdsl.messages import Label, Problem, did_you_mean
from uqdsl.messages.catalogue.networks import SizeNeeded, WrongEdges, WrongLayer, WrongOutputs
from uqdsl.semantics.walk import ungrouped
from uqdsl.semantics.wording import over as in_words
from uqdsl.semantics.wording import plural
from uqdsl.syntax import tree
from uqdsl.vocabulary.layers import (
    LAYERS,
    AttentionOptions,
    Conv1dOptions,
    Conv2dOptions,
    DenseOptions,
    GraphOptions,
    LayerNormOptions,
    PoolOptions,
    RecurrentOptions,
)


class Shape(NamedTuple):
    """The dimensions of what a layer gives out, those that it takes in or goes along, and its weights.

    Each array of weights stands by its own name, with its dimensions; `edges` are fields of the data.
    """

    dims: tuple[str, ...]
    over: tuple[str, ...]
    weights: Mapping[str, tuple[str, ...]]
    fan_in: tuple[str, ...]
    fan_out: tuple[str, ...]
    edges: tuple[ir.Weights, ...] = ()


@dataclass
class Place:
    """Where a layer stands.

    - network: as written, and its `output`: the dimensions that the last layer has to give.
    - layer: as written; `name` is its full one, after which its dimensions are called.
    - given: the dimensions of its input.
    - dims: all that are known; `made` gathers those of the layer.
    - sized: the dimension that was named as its size.
    - ends: what was named as the ends of edges, and the `fields` of the data among which it should be.
    """

    network: tree.Network
    output: tuple[str, ...]
    layer: tree.Layer
    name: str
    last: bool
    given: tuple[str, ...]
    over: tuple[str, ...] | None
    sized: str | None
    ends: Mapping[str, tree.Expression]
    fields: Mapping[str, ir.DataField]
    dims: Mapping[str, ir.Dim]
    problems: list[Problem]
    made: list[ir.Dim] = field(default_factory=list)

    def size(self, dim: str) -> int | None:
        """The number of labels of a dimension, as far as the spec says."""
        found = next((each for each in self.made if each.name == dim), None) or self.dims[ir.base(dim)]
        return len(found.labels) if found.labels is not None else found.size

    def make(self, size: int, part: str = "") -> str:
        """A dimension of the layer's own."""
        name = f"{self.name}.{part}" if part else self.name
        self.made.append(ir.Dim(span=self.layer.span, name=name, size=size))
        return name

    @property
    def givers(self) -> tuple[tree.Layer | tree.Target, ...]:
        """What its input comes from: the layer before it, or what the network is given."""
        index = self.network.layers.index(self.layer)
        return self.network.layers[index - 1 : index] if index else self.network.parameters

    def refuse(self, reason: str, hint: str = "", others: tuple[Label, ...] = ()) -> None:
        """UQ381."""
        problem = WrongLayer(at=self.layer.span, layer=self.layer.name, reason=reason, hint=hint, others=others)
        self.problems.append(problem)

    def needs(self, dim: str, what: str) -> None:
        """UQ385."""
        self.problems.append(SizeNeeded(at=self.layer.span, what=what, dim=dim))


def shape_of(place: Place, options: Any) -> Shape | None:
    """The shape of a layer; None where a problem was reported."""
    match options:
        case DenseOptions():
            return _dense(place, options)
        case Conv2dOptions():
            return _convolution(place, options, 2)
        case Conv1dOptions():
            return _convolution(place, options, 1)
        case PoolOptions():
            return _pool(place, options)
        case LayerNormOptions():
            over = place.given if place.over is None else place.over
            if over != place.given[len(place.given) - len(over) :]:
                return place.refuse("goes over the last of the dimensions of its input", _ORDER)
            return Shape(place.given, over, {"scale": over, "bias": over}, over, over)
        case RecurrentOptions():
            return _recurrent(place, options)
        case AttentionOptions():
            return _attention(place, options)
        case GraphOptions():
            return _graph(place, options)
    raise TypeError(f"no shape for {place.layer.name}")


def _dense(place: Place, options: DenseOptions) -> Shape | None:
    over = place.given if place.over is None else place.over
    kept = tuple(dim for dim in place.given if dim not in over)
    out = _features(place, options.size, kept)
    if out is None:
        return None
    if options.residual:
        sizes = prod(place.size(dim) or 0 for dim in over), prod(place.size(dim) or 0 for dim in out)
        unknown = next((dim for dim in (*over, *out) if place.size(dim) is None), None)
        if unknown is not None and over != out:
            place.needs(unknown, "`residual`")
            return None
        if len(over) != 1 or len(out) != 1 or sizes[0] != sizes[1]:
            given, made = (plural(each, "number") for each in sizes)
            others = tuple(Label(each.span, "its input comes from here") for each in place.givers)
            place.refuse(f"cannot add its input, of {given}, to {made}", others=others)
            return None
    taken = tuple(dim + "'" if dim in out else dim for dim in over)
    weights = {"kernel": (*taken, *out)}
    if options.bias:
        weights["bias"] = out
    return Shape((*kept, *out), over, weights, taken, out)


_ORDER = "the order of an input's dimensions is that of the network: `f(z[time, channel])`"


def _along(place: Place, rank: int, least: int) -> tuple[str, ...] | None:
    """The first dimensions of a layer's input, which it goes along; one more at most it takes in."""
    given = place.given
    if not least <= len(given) <= rank + 1 or place.over not in (None, given[:rank]):
        shown = f"its input is over {in_words(given)}" if given else "its input is a single number"
        wanted = plural(rank, "dimension")
        place.refuse(f"goes along the first {wanted} of its input, and takes in one more", f"{shown}; {_ORDER}")
        return None
    return given[:rank]


def _windows(place: Place, dim: str, size: int, stride: int, *, padded: bool) -> str | None:
    """The dimension of the places of a window along another one."""
    if padded and stride == 1:
        return dim
    length = place.size(dim)
    if length is None:
        place.needs(dim, f"the layer `{place.layer.name}`")
        return None
    if not padded and size > length:
        place.refuse(f"has a window of {size}, and its input has {plural(length, 'place')} along `{dim}`")
        return None
    count = -(-length // stride) if padded else (length - size) // stride + 1
    return place.make(count, ir.own(dim))


def _convolution(place: Place, options: Conv1dOptions, rank: int) -> Shape | None:
    along = _along(place, rank, rank)
    if along is None:
        return None
    kept = []
    for dim in along:
        found = _windows(place, dim, options.size, options.stride, padded=options.padding == "same")
        if found is None:
            return None
        kept.append(found)
    window = tuple(place.make(options.size, f"window{at + 1}" if rank > 1 else "window") for at in range(rank))
    out = _features(place, options.channels, tuple(kept))
    if out is None:
        return None
    taken = tuple(dim + "'" if dim in out else dim for dim in place.given[rank:])
    weights = {"kernel": (*window, *taken, *out)}
    if options.bias:
        weights["bias"] = out
    return Shape((*kept, *out), along, weights, (*window, *taken), (*window, *out))


def _pool(place: Place, options: PoolOptions) -> Shape | None:
    over = place.over if place.over is not None else place.given[: max(1, len(place.given) - 1)]
    if options.size is None:
        return Shape(tuple(dim for dim in place.given if dim not in over), over, {}, (), ())
    dims = []
    for dim in place.given:
        found = dim
        if dim in over:
            found = _windows(place, dim, options.size, options.stride or options.size, padded=False)
        if found is None:
            return None
        dims.append(found)
    return Shape(tuple(dims), over, {}, (), ())


def _recurrent(place: Place, options: RecurrentOptions) -> Shape | None:
    along = _along(place, 1, 1)
    out = _features(place, options.size, along if options.sequence else ()) if along is not None else None
    if along is None or out is None:
        return None
    if len(out) != 1:
        return place.refuse("gives values over one dimension of its own", "end with `dense()`")
    gru = place.layer.name == "gru"
    gate = place.make(3 if gru else 4, "gate")
    taken = tuple(dim + "'" if dim in out else dim for dim in place.given[1:])
    weights: dict[str, tuple[str, ...]] = {
        "kernel": (*taken, gate, *out),
        "recurrent_kernel": (*(f"{dim}'" for dim in out), gate, *out),
        "bias": (gate, *out),
    }
    if gru:
        weights["recurrent_bias"] = out
    return Shape((*along, *out) if options.sequence else out, along, weights, (*taken, *out), out)


def _attention(place: Place, options: AttentionOptions) -> Shape | None:
    along = _along(place, 1, 2)
    out = _features(place, options.size, along) if along is not None else None
    if along is None or out is None:
        return None
    if len(out) != 1:
        return place.refuse("gives values over one dimension of its own", "end with `dense()`")
    (taken,) = (dim + "'" if dim in out else dim for dim in place.given[1:])
    if options.residual and (place.size(taken) is None or place.size(taken) != place.size(out[0])):
        return place.refuse("cannot add its input to an output of another size")
    head, key = place.make(options.heads, "head"), place.make(options.key, "key")
    weights = {f"{each}_kernel": (taken, head, key) for each in ("query", "key", "value")}
    weights["output_kernel"] = (head, key, *out)
    return Shape((*along, *out), along, weights, (taken,), out)


def _graph(place: Place, options: GraphOptions) -> Shape | None:
    along = _along(place, 1, 1)
    edges = _edges(place, along[0]) if along is not None else None
    out = _features(place, options.size, along) if along is not None and edges is not None else None
    if along is None or edges is None or out is None:
        return None
    taken = tuple(dim + "'" if dim in out else dim for dim in place.given[1:])
    weights = {"kernel": (*taken, *out), "neighbour_kernel": (*taken, *out)}
    if options.bias:
        weights["bias"] = out
    return Shape((*along, *out), along, weights, taken, out, edges)


def _edges(place: Place, node: str) -> tuple[ir.Weights, ...] | None:
    """The fields in which the ends of edges are: categories of the nodes, along one dimension of their own."""
    names = LAYERS[place.layer.name].ends
    if set(place.ends) != set(names):
        return place.refuse("has to be told its edges", "name the fields: `graph(8, from = start, to = stop)`")
    found: list[ir.DataField] = []
    for each in (place.ends[name] for name in names):
        name = tree.dotted(ungrouped(each)) or ""
        field = place.fields.get(name)
        if field is None:
            reason, hint = "it is no field of the data", did_you_mean(name, place.fields)
        elif field.of != node or field.kind != "category":
            reason, hint = f"it is not a category of `{node}`", f"declare it so: `{name}[edge] : category({node})`"
        elif len(field.dims) != 1 or field.dims == (node,):
            shown = in_words(field.dims)
            reason, hint = f"it is over {shown}", "edges are over one dimension of their own"
        elif field.missing:
            reason, hint = "some of it is missing", "leave out edges of which an end is not known"
        elif place.dims[field.dims[0]].parted:
            reason, hint = "it has other rows for testing", "the edges are the same for all rows"
        elif found and field.dims != found[0].dims:
            reason = f"it is over `{field.dims[0]}`, and where they start over `{found[0].dims[0]}`"
            hint = "both ends of an edge stand in the same row"
        else:
            found.append(field)
            continue
        others = (Label(field.span, "declared here"),) if field is not None else ()
        problem = WrongEdges(at=each.span, name=name or "this", reason=reason, hint=hint, others=others)
        place.problems.append(problem)
        return None
    return tuple(ir.Weights(span=each.span, name=each.name, dims=each.dims) for each in found)


def _features(place: Place, size: int | None, kept: tuple[str, ...]) -> tuple[str, ...] | None:
    """The dimensions that a layer makes of those which it takes in: one of its own, or those of the outputs."""
    if not place.last:
        if place.sized is not None:
            return (place.sized,)
        if size is None:
            place.refuse("needs a size", f"say how wide it is: `{place.layer.name}(32)`")
            return None
        return (place.make(size),)
    wanted = tuple(dim for dim in place.output if dim not in kept)
    sizes = [place.size(dim) for dim in wanted]
    names = [each.name for each in place.network.outputs]
    shown = f"{in_words(tuple(dim for dim in wanted if dim != place.name))}" if place.network.outputs[0].axes else ""
    expected = " and ".join(filter(None, [plural(len(names), "number") if len(names) > 1 or not shown else "", shown]))
    others = (Label(place.network.outputs[0].span, "the outputs"),)
    if place.sized is not None and wanted != (place.sized,):
        found = f"one over `{place.sized}`"
    elif size is None or place.sized is not None:
        return wanted
    elif None in sizes:
        dim = wanted[sizes.index(None)]
        hint = "leave the size out: `dense()` is as wide as the outputs" if len(names) > 1 else f"write `dense({dim})`"
        problem = SizeNeeded(at=place.layer.span, what="the number of outputs", dim=dim, others=others, hint=hint)
        place.problems.append(problem)
        return None
    elif size == prod(each or 1 for each in sizes):
        return wanted
    else:
        found = plural(size, "number")
        expected = plural(prod(each or 1 for each in sizes), "number")
    network = place.network.name.name
    hint = "leave the size out: `dense()` is as wide as the outputs"
    problem = WrongOutputs(
        at=place.layer.span, network=network, found=found, expected=expected, others=others, hint=hint
    )
    place.problems.append(problem)
    return None
