"""Whether the rows of a stage have to do with one another: where they do not, they can be computed a block at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from uqdsl import ir
from uqdsl.ir.walk import nodes


def row_dim(spec: ir.Spec, dims: Mapping[str, tuple[str, ...]], sites: Collection[str]) -> str:
    """The dimension along which a stage can be cut into blocks: one of all sites; empty where there is none."""
    first, *others = (dims[site] for site in sites) if sites else ((),)
    return next((dim for dim in first if all(dim in each for each in others) and rows_apart(spec, dim)), "")


def rows_apart(spec: ir.Spec, dim: str) -> bool:
    """Whether no statement of a spec looks from one place of a dimension at another, or asks where it is."""
    if any(field.missing and dim in field.dims for field in spec.fields):
        return False
    return not any(_looks_along(each, dim) for each in nodes((spec.statements, spec.sums)))


def _looks_along(node: ir.Node, dim: str) -> bool:
    """Whether a node takes its dimension together, moves along it, or names its places."""
    match node:
        case ir.Law(event=event, over=over):
            return dim in event or over == dim
        case ir.Past(along=along) | ir.Flow(along=along) | ir.Shift(along=along) | ir.Gather(along=along):
            return along == dim or _drops(node, dim)
        case ir.Unknown(along=along):
            return dim in along
        case ir.Coordinate(dim=of) | ir.LabelPosition(dim=of):
            return ir.base(of) == dim
        case ir.Reduce(over=over):
            return dim in over
        case ir.Invoke(own=own):
            return dim in own
        case ir.Rename(names=names):
            return any(ir.base(old) == dim for old, _ in names)
    return _drops(node, dim)


def _drops(node: ir.Node, dim: str) -> bool:
    """Whether an expression has lost a dimension that one of its parts has."""
    own = getattr(node, "dims", None)
    if own is None or not hasattr(node, "node") or isinstance(node, ir.Unknown | ir.Quantity | ir.Observation):
        return False
    parts = [getattr(node, name) for name in type(node).model_fields]
    inner = [each for part in parts for each in (part if isinstance(part, tuple) else (part,))]
    return any(dim in getattr(each, "dims", ()) for each in inner if isinstance(each, ir.Node)) and dim not in own
