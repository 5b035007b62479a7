"""Shifts along a dimension, moved down to what they take from."""

from __future__ import annotations

from uqdsl.ir.spec import Coordinate, Expression, Gather, Invoke, Node, Pick, Reduce, Reference, Rename, Shift
from uqdsl.ir.walk import rewrite


def shifted(value: Expression, along: str, steps: int) -> Expression:
    """An expression `steps` places on along a dimension, with every shift at a name or a coordinate.

    `(x - mu)[t - 1]` is `x[t - 1] - mu`; what an expression consumes of the dimension stays where it is.
    """

    def change(node: Node) -> Node | None:
        match node:
            case Shift(along=dim) if dim == along:
                if isinstance(node.value, Reference | Coordinate | Invoke) and _is_leaf(node.value, along):
                    return node.model_copy(update={"steps": node.steps + steps}) if steps else node
                inner = shifted(node.value, along, 0)
                if node.lag is None:
                    return shifted(inner, along, steps + node.steps)
                return _lagged(inner, node, steps)
            case Reference(dims=dims) | Coordinate(dims=dims) | Invoke(dims=dims) if _is_leaf(node, along):
                if along not in dims or not steps:
                    return node
                return Shift(span=node.span, value=node, along=along, steps=steps, dims=dims)
            case Gather(along=dim, value=value) if dim == along:
                return node.model_copy(update={"index": shifted(node.index, along, steps), "value": value})
            case Pick(along=dim) if dim == along:
                return node
            case Reduce(over=over) if along in over:
                return node
            case Rename(names=names) if along in dict(names) or along in dict(names).values():
                old = {new: old for old, new in names}.get(along)
                return node if old is None else node.model_copy(update={"value": shifted(node.value, old, steps)})
        return None

    return rewrite(value, change)


def at_place[T: Node](part: T, along: str, place: int) -> T:
    """A part of the IR at one place along a dimension, counted from 0."""

    def change(node: Node) -> Node | None:
        match node:
            case Reference(dims=dims) | Coordinate(dims=dims) | Invoke(dims=dims) if _is_leaf(node, along):
                if along not in dims:
                    return node
                rest = tuple(dim for dim in dims if dim != along)
                return Pick(span=node.span, value=node, along=along, position=place, dims=rest)
            case Gather(along=dim) if dim == along:
                return node.model_copy(update={"index": at_place(node.index, along, place)})
            case Pick(along=dim) if dim == along:
                return node
            case Reduce(over=over) if along in over:
                return node
        return None

    def narrowed(node: Node) -> Node | None:
        dims = getattr(node, "dims", None)
        if dims is None or along not in dims:
            return node if isinstance(node, Pick | Reduce | Invoke) and dims is not None else None
        parts = {name: rewrite(getattr(node, name), narrowed) for name in type(node).model_fields if name != "dims"}
        return node.model_copy(update=parts | {"dims": tuple(dim for dim in dims if dim != along)})

    return rewrite(rewrite(part, change), narrowed)


def _lagged(value: Expression, by: Shift, steps: int) -> Expression:
    """An expression at the places that the labels of a dimension say, each of its parts for itself."""

    def change(node: Node) -> Node | None:
        match node:
            case Shift(along=dim, lag=None) if dim == by.along:
                return node.model_copy(
                    update={"steps": node.steps + steps, "lag": by.lag, "dims": _with(node.dims, by.lag)}
                )
            case Reference(dims=dims) | Coordinate(dims=dims) | Invoke(dims=dims) if _is_leaf(node, by.along):
                if by.along not in dims:
                    return node
                return Shift(
                    span=node.span, value=node, along=by.along, steps=steps, lag=by.lag, dims=_with(dims, by.lag)
                )
        return None

    def ranged(node: Node) -> Node | None:
        """What lies over the dimension lies over that of the steps too."""
        dims = getattr(node, "dims", None)
        if dims is None or by.along not in dims or by.lag in dims:
            return None
        parts = {name: rewrite(getattr(node, name), ranged) for name in type(node).model_fields if name != "dims"}
        return node.model_copy(update=parts | {"dims": _with(dims, by.lag)})

    return rewrite(rewrite(value, change), ranged)


def _is_leaf(node: Node, along: str) -> bool:
    """Whether a shift goes no further down than this: not into a function that takes or gives all places at once."""
    return not isinstance(node, Invoke) or along in node.own


def _with(dims: tuple[str, ...], dim: str | None) -> tuple[str, ...]:
    return dims if dim is None or dim in dims else (*dims, dim)
