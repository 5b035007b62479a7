"""Random expressions of the IR over a small world of names, and the values of these names.

Where a value is compared or rounded it is exact (sums and products of multiples of 1/4), so that two ways to compute it
cannot fall on different sides.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import strategies as st

from uqdsl import ir
from uqdsl.codegen.expressions import Name, Writer
from uqdsl.codegen.text import Kind
from uqdsl.vocabulary.functions import FUNCTIONS

COORDS: dict[str, list[str | float]] = {"g": [10, 20], "k": ["x", "y", "z"], "h": [0.5, 1.5, 2.0, 4.0], "one": ["only"]}
SETTINGS: dict[str, float | bool] = {"ratio": 1.25, "order": 3, "flag": True, "off": False}
FIELDS: dict[str, tuple[str, ...]] = {
    "s": (), "a": ("g",), "b": ("k",), "M": ("g", "k"), "N": ("k", "g"), "T": ("h", "k", "g"), "U": ("one", "g"),
    "V": ("k", "g", "one", "h"),
}  # fmt: skip
WHOLE: dict[str, tuple[str, ...]] = {"m": (), "n": ("h",), "W": ("k", "h")}
CATEGORIES: dict[str, tuple[str, tuple[str, ...]]] = {
    # name: the dimension that it selects from, its own dimensions
    "g_of_h": ("g", ("h",)), "k_of_h": ("k", ("h",)), "h_of_g": ("h", ("g",)), "k_of_g": ("k", ("g",)),
    "g_of_hk": ("g", ("h", "k")), "k_of_kg": ("k", ("k", "g")), "g_of_g": ("g", ("g",)), "g_of": ("g", ()),
}  # fmt: skip


def _values() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    size = {dim: len(labels) for dim, labels in COORDS.items()}
    found: dict[str, np.ndarray] = {}
    for name, dims in FIELDS.items():
        found[name] = rng.integers(-6, 7, [size[dim] for dim in dims]) / 4.0
    for name, dims in WHOLE.items():
        found[name] = rng.integers(-2, 4, [size[dim] for dim in dims])
    for name, (of, dims) in CATEGORIES.items():
        found[name] = rng.integers(0, size[of], [size[dim] for dim in dims])
    return {name: np.asarray(value) for name, value in found.items()}


ARRAYS = _values()
DIMS = FIELDS | WHOLE | {name: dims for name, (_, dims) in CATEGORIES.items()}
LABELLED = {name: xr.DataArray(value.astype(float), dims=DIMS[name]) for name, value in ARRAYS.items()}
LABELLED |= {name: xr.DataArray(float(value)) for name, value in SETTINGS.items()}


def writer() -> Writer:
    """A writer that knows the names of this world."""
    kinds = {bool: Kind.TRUTH, int: Kind.WHOLE, float: Kind.REAL}
    names = {name: Name(name, dims, Kind.REAL if name in FIELDS else Kind.WHOLE) for name, dims in DIMS.items()}
    names |= {name: Name(name, (), kinds[type(value)], value) for name, value in SETTINGS.items()}
    return Writer(names)


# ------------------------------------------------------------------------------------------------- building expressions


def union(*nodes: ir.Expression) -> tuple[str, ...]:
    return tuple(dict.fromkeys(dim for node in nodes for dim in node.dims))


def reference(name: str) -> ir.Reference:
    return ir.Reference(name=name, dims=DIMS.get(name, ()))


def operation(sign: str, *operands: ir.Expression) -> ir.Operation:
    return ir.Operation(operator=sign, operands=operands, dims=union(*operands))


def apply(function: str, *arguments: ir.Expression) -> ir.Apply:
    return ir.Apply(function=function, arguments=arguments, dims=union(*arguments))


def reduce(function: str, operand: ir.Expression, *over: str) -> ir.Reduce:
    dims = tuple(dim for dim in operand.dims if dim not in over)
    return ir.Reduce(function=function, operand=operand, over=over, dims=dims)


def gather(value: ir.Expression, along: str, index: ir.Expression) -> ir.Gather:
    dims = dict.fromkeys(each for dim in value.dims for each in (index.dims if dim == along else (dim,)))
    return ir.Gather(value=value, along=along, index=index, dims=tuple(dims))


def pick(value: ir.Expression, along: str, *, label: str | int | None = None, position: int | None = None) -> ir.Pick:
    dims = tuple(dim for dim in value.dims if dim != along)
    return ir.Pick(value=value, along=along, label=label, position=position, dims=dims)


def array(along: str, *items: ir.Expression) -> ir.Array:
    return ir.Array(items=items, along=along, dims=(*union(*items), along))


# --------------------------------------------------------------------------------------------------- drawing expressions

_EXACT_LEAVES = [*FIELDS, *WHOLE, *SETTINGS]
_CONSTANTS = st.sampled_from([0, 1, 2, -3, 0.5, -1.25, True])
_SMOOTH = sorted(
    name
    for name, each in FUNCTIONS.items()
    if each.arity == 1 and name not in {"floor", "ceil", "round", "sign", "tan"}
)


@st.composite
def indices(draw: st.DrawFn, along: str) -> ir.Expression:
    """An expression whose values are positions in a dimension: a category column, or one seen through another."""
    names = [name for name, (of, _) in CATEGORIES.items() if of == along]
    found: ir.Expression = reference(draw(st.sampled_from(names)))
    if found.dims and draw(st.integers(0, 3)) == 0:
        found = draw(selections(found))
    return found


@st.composite
def selections(draw: st.DrawFn, value: ir.Expression) -> ir.Expression:
    """A selection from an expression with dimensions."""
    along = draw(st.sampled_from(value.dims))
    labels = COORDS[along]
    how = draw(st.sampled_from(["label", "position", "gather", "gather"]))
    if how == "label":
        label = draw(st.sampled_from([label for label in labels if isinstance(label, str | int)] or [None]))
        return pick(value, along, label=label) if label is not None else pick(value, along, position=0)
    if how == "position" or along == "one":
        return pick(value, along, position=draw(st.integers(-len(labels), len(labels) - 1)))
    return gather(value, along, draw(indices(along)))


@st.composite
def exact(draw: st.DrawFn, depth: int) -> ir.Expression:
    """An expression of numbers that floating point holds exactly."""
    if depth == 0:
        if draw(st.integers(0, 4)) == 0:
            return ir.Constant(value=draw(_CONSTANTS))
        return reference(draw(st.sampled_from(_EXACT_LEAVES)))
    kind = draw(
        st.sampled_from(
            ["operation", "operation", "logic", "select", "select", "select", "reduce", "choice", "array", "coordinate"]
        )
    )
    first = draw(exact(depth - 1))
    match kind:
        case "select" if first.dims:
            return draw(selections(first))
        case "reduce" if first.dims:
            over = draw(st.lists(st.sampled_from(first.dims), min_size=1, unique=True))
            return reduce(draw(st.sampled_from(["sum", "max", "min", "count"])), first, *over)
        case "coordinate":
            dim = draw(st.sampled_from(["g", "h"]))
            return operation("*", first, ir.Coordinate(dim=dim, dims=(dim,)))
        case "choice":
            then, otherwise = draw(exact(depth - 1)), draw(exact(depth - 1))
            return ir.Choice(test=first, then=then, otherwise=otherwise, dims=union(first, then, otherwise))
        case "array":
            free = [dim for dim in ("g", "k") if dim not in first.dims]
            others = [reference(name) for name in ("s", "n", "m", "flag")] + [ir.Constant(value=2)]
            if free:
                along = draw(st.sampled_from(free))
                rest = draw(
                    st.lists(st.sampled_from(others), min_size=len(COORDS[along]) - 1, max_size=len(COORDS[along]) - 1)
                )
                return array(along, *rest, first)
        case "logic":
            sign = draw(st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "and", "or", "not"]))
            return operation(sign, first) if sign == "not" else operation(sign, first, draw(exact(depth - 1)))
    sign = draw(st.sampled_from(["+", "-", "*", "negative", "minimum", "maximum", "abs"]))
    match sign:
        case "negative":
            return operation(sign, first)
        case "abs":
            return apply(sign, first)
        case "minimum" | "maximum":
            return apply(sign, first, draw(exact(depth - 1)))
    return operation(sign, first, draw(exact(depth - 1)))


@st.composite
def expressions(draw: st.DrawFn) -> ir.Expression:
    """Any expression."""
    first = draw(exact(draw(st.integers(0, 3))))
    kind = draw(st.sampled_from(["exact", "function", "round", "power", "divide", "reduce", "product"]))
    match kind:
        case "function":
            first = apply(draw(st.sampled_from(_SMOOTH)), first)
        case "round":
            first = draw(st.sampled_from([apply("floor", first), operation("%", first, ir.Constant(value=2))]))
        case "power":
            exponent = draw(st.sampled_from([-2, -1, 0, 1, 2, 3, 5, 0.5, "n", "m", "order", "flag"]))
            second = reference(exponent) if isinstance(exponent, str) else ir.Constant(value=exponent)
            first = operation("^", first, second)
        case "divide":
            first = operation("/", first, draw(exact(1)))
        case "reduce" if first.dims:
            over = draw(st.lists(st.sampled_from(first.dims), min_size=1, unique=True))
            first = reduce(draw(st.sampled_from(["mean", "product", "sd", "variance", "logsumexp"])), first, *over)
        case "product":
            second = reference(draw(st.sampled_from(["a", "b", "M", "W"])))
            over = draw(st.sampled_from(second.dims))
            first = reduce("sum", operation("*", *draw(st.permutations([first, second]))), over)
    if draw(st.booleans()):
        other = reference(draw(st.sampled_from(["s", "b", "N"])))
        first = operation(draw(st.sampled_from(["+", "-", "*"])), *draw(st.permutations([first, other])))
    if first.dims and draw(st.integers(0, 3)) == 0:
        first = draw(selections(first))
    return first
