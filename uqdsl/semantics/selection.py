"""Selecting: `a[county]`, `b[district[school]]`, `x["x1"]`, `x[first]`, `x[grid = 3]`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from uqdsl import ir
from uqdsl.messages import Label, Problem, Span, SpecError, closest, did_you_mean, listing
from uqdsl.messages.catalogue.kinds import GivenTwice
from uqdsl.messages.catalogue.names import (
    NoSuchDimension,
    NothingToSelect,
    UnclearSelection,
    UndeclaredName,
    UnknownLabel,
)
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.constants import numeral
from uqdsl.semantics.context import Context, Typed, poison, union
from uqdsl.semantics.declare import What
from uqdsl.semantics.walk import is_lag, ungrouped
from uqdsl.syntax import tree

type Lower = Callable[[tree.Expression, Context], Typed]

_DIGITS = 18
"""Of the largest position that is a sensible one."""
_WAYS = "select by a dimension, a category column, a label, `first`, `last` or `at(0)`"


def lower_selection(
    base: Typed,
    expression: tree.Select,
    selectors: tuple[tree.Expression | tree.Named, ...],
    context: Context,
    lower: Lower,
) -> Typed:
    """`base` with each selector applied to the dimension it speaks of; their order does not matter."""
    found = base
    if not selectors:
        return context.report(UnclearSelection(at=expression.span, name=_named(expression), hint=_WAYS))
    for selector in selectors:
        if is_lag(selector, context.dims):
            return context.report(FeatureNotBuilt(at=selector.span, feature="neighbours and lags along a dimension"))
        if not found.sound:
            return found
        if isinstance(selector, tree.Named) and selector.name not in found.dims and base.dims:
            if selector.name in base.dims:
                problem = GivenTwice(at=selector.span, owner=_named(expression), name=selector.name)
                return context.report(problem)
            return _no_such_dimension(base, selector.name, selector.name_span, expression, context)
        if not found.dims:
            return context.report(_nothing_left(base, selector, expression, context))
        if not isinstance(selector, tree.Named):
            found = _select(found, None, ungrouped(selector), expression, context, lower)
        else:
            found = _select(found, selector.name, ungrouped(selector.value), expression, context, lower)
    return found


def _named(expression: tree.Select) -> str:
    value = ungrouped(expression.value)
    return value.name if isinstance(value, tree.Name) else "…"


def _declared_over(name: str, dims: tuple[str, ...], context: Context) -> tuple[Label, ...]:
    declared = context.declarations.values.get(name)
    over = " and ".join(f"`{each}`" for each in dims)
    text = f"declared over {over}" if over else "declared without dimensions"
    return (Label(declared.whole, text),) if declared is not None else ()


def _nothing_left(
    base: Typed, selector: tree.Expression | tree.Named, expression: tree.Select, context: Context
) -> Problem:
    name = _named(expression)
    what = f"`{name}`" if name != "…" else "this expression"
    others = _declared_over(name, base.dims, context)
    hint = ""
    if others and not base.dims and isinstance(selector, tree.Name):
        dim = context.declarations.categories.get(selector.name, selector.name)
        if dim in context.dims:
            hint = f"declare it over that dimension: `{name}[{dim}]`"
    further = "further " if base.dims else ""
    return NothingToSelect(at=selector.span, what=what, further=further, others=others, hint=hint)


def _no_such_dimension(found: Typed, dim: str, span: Span, expression: tree.Select, context: Context) -> Typed:
    name = _named(expression)
    hint = did_you_mean(dim, found.dims)
    if not hint and len(found.dims) == 1:
        hint = f"did you mean `{name}[{found.dims[0]}]`?"
    others = _declared_over(name, found.dims, context)
    return context.report(NoSuchDimension(at=span, name=name, dim=dim, hint=hint, others=others))


def _select(
    found: Typed, along: str | None, index: tree.Expression, expression: tree.Select, context: Context, lower: Lower
) -> Typed:
    match index:
        case tree.Text(value=label):
            return _by_label(found, along, label, index.span, expression, context)
        case tree.Number() | tree.Unary(operator="-", operand=tree.Number()):
            return _by_number(found, along, index, expression, context)
        case tree.Name(name="first" | "last" as word) if word not in context.declarations.values:
            return _by_position(found, along, 0 if word == "first" else -1, index.span, expression, context)
        case tree.Call(function=tree.Name(name="at")) if "at" not in context.declarations.values:
            position = _position(index)
            if position is not None:
                return _by_position(found, along, position, index.span, expression, context)
            along = _only_dimension(found, along, index.span, expression, context)
            if along is None:
                return poison(index.span)
            hint = "a position is a whole number, from 0 on: `at(0)`; the last one is `last`"
            return context.report(UnknownLabel(at=index.span, dim=along, shown="at this position", hint=hint))
        case tree.Name(name=name) if name in context.dims and along in (None, name):
            return _along_dimension(found, name, index, expression, context, lower)
    return _gather(found, along, index, expression, context, lower)


def _position(call: tree.Call) -> int | None:
    """The position that `at(0)` names."""
    match call.arguments:
        case (tree.Number(whole=True, text=text),) if len(text) <= _DIGITS:
            return int(text)
    return None


def _along_dimension(
    found: Typed, name: str, index: tree.Name, expression: tree.Select, context: Context, lower: Lower
) -> Typed:
    """`a[county]`: as it is where the statement ranges over `county`, else at the category column of that name."""
    if name not in found.dims:
        category = context.declarations.categories.get(name)
        if category is not None and category in found.dims:
            return _gather(found, category, index, expression, context, lower)
        return _no_such_dimension(found, name, index.span, expression, context)
    column = context.known.get(name)
    if name not in context.ranges and column is None and context.declarations.may_declare(name):
        return poison(index.span)
    if name in context.ranges or column is None or column.category != name:
        return found._replace(node=found.node.model_copy(update={"span": expression.span}))
    return _gather(found, name, index, expression, context, lower)


def _gather(
    found: Typed, along: str | None, index: tree.Expression, expression: tree.Select, context: Context, lower: Lower
) -> Typed:
    if (
        isinstance(index, tree.Name)
        and index.name not in context.declarations.values
        and index.name not in context.dims
    ):
        if context.declarations.may_declare(index.name):
            return poison(index.span)
        columns = [name for name, dim in context.declarations.categories.items() if dim in found.dims]
        hint = did_you_mean(index.name, [*found.dims, *columns]) or f"select by {listing([*found.dims, *columns])}"
        return context.report(UndeclaredName(at=index.span, name=index.name, hint=hint))
    where = lower(index, context)
    if not where.sound:
        return where
    if where.category is None:
        hint = _as_category(where, along or found.dims[0], context) or _WAYS
        return context.report(UnclearSelection(at=index.span, name=_named(expression), hint=hint))
    along = along or where.category
    if along not in found.dims or where.category != along:
        return _no_such_dimension(found, where.category, index.span, expression, context)
    dims = union(*(where.dims if dim == along else (dim,) for dim in found.dims))
    node = ir.Gather(span=expression.span, value=found.node, along=along, index=where.node, dims=dims)
    return found._replace(node=node)


def _as_category(where: Typed, dim: str, context: Context) -> str:
    """How a column of whole numbers is declared so that one can select with it."""
    if not isinstance(where.node, ir.Reference) or not where.support.integer:
        return ""
    declared = context.declarations.values.get(where.node.name)
    if declared is None or declared.what is not What.FIELD:
        return ""
    return f"declare the column as labels of `{dim}`: `{where.node.name} : category({dim})`"


def _only_dimension(
    found: Typed, along: str | None, span: Span, expression: tree.Select, context: Context
) -> str | None:
    if along is not None:
        return along
    if len(found.dims) == 1:
        return found.dims[0]
    name = _named(expression)
    hint = f"say which: {listing(f'{name}[{dim} = …]' for dim in found.dims)}"
    context.report(UnclearSelection(at=span, name=name, hint=hint))
    return None


def _by_number(
    found: Typed, along: str | None, index: tree.Number | tree.Unary, expression: tree.Select, context: Context
) -> Typed:
    written = index.operand if isinstance(index, tree.Unary) else index
    try:
        label = numeral(written)  # type: ignore[arg-type]
    except SpecError as error:
        return context.report(error.problems[0])
    return _by_label(found, along, -label if isinstance(index, tree.Unary) else label, index.span, expression, context)


def _by_label(
    found: Typed, along: str | None, label: str | float, span: Span, expression: tree.Select, context: Context
) -> Typed:
    if along is None:
        along = _holder(label, [context.dims[dim] for dim in found.dims])
    along = _only_dimension(found, along, span, expression, context)
    if along is None:
        return poison(span)
    dim = context.dims[along]
    labels = _labels(dim)
    if labels is not None and label not in labels:
        shown = f'"{label}"' if isinstance(label, str) else f"`{label}`"
        near = closest(label, (str(each) for each in islice(labels, 1000))) if isinstance(label, str) else None
        hint = f'did you mean `"{near}"`?' if near else _which_labels(dim)
        return context.report(UnknownLabel(at=span, dim=along, shown=shown, hint=hint))
    dims = tuple(each for each in found.dims if each != along)
    node = ir.Pick(span=expression.span, value=found.node, along=along, label=label, dims=dims)
    return found._replace(node=node)


def _holder(label: str | float, dims: list[ir.Dim]) -> str | None:
    """The one dimension that has a label, or else the one that could have one of its kind."""
    holders = [dim.name for dim in dims if label in (_labels(dim) or ())]
    if not holders:
        kinds = {dim.name: {isinstance(each, str) for each in dim.labels or ()} for dim in dims}
        text = isinstance(label, str)
        holders = [
            dim.name for dim in dims if (text in kinds[dim.name] if dim.labels else dim.size is None or not text)
        ]
    return holders[0] if len(holders) == 1 else None


def _labels(dim: ir.Dim) -> tuple[str | float, ...] | range | None:
    """The labels of a dimension as far as the spec says."""
    if dim.labels is not None:
        return dim.labels
    return range(1, dim.size + 1) if dim.size is not None else None


def _which_labels(dim: ir.Dim) -> str:
    if dim.labels is None:
        return f"its labels are the whole numbers from 1 to {dim.size}; positions, which count from 0, are `at(0)`, …"
    quoted = (f'"{each}"' if isinstance(each, str) else str(each) for each in dim.labels)
    return f"its labels are {listing(quoted, last='and')}"


def _by_position(
    found: Typed, along: str | None, position: int, span: Span, expression: tree.Select, context: Context
) -> Typed:
    along = _only_dimension(found, along, span, expression, context)
    if along is None:
        return poison(span)
    labels = _labels(context.dims[along])
    if labels is not None and position >= len(labels):
        hint = f"it has {len(labels)} labels, at positions 0 to {len(labels) - 1}"
        return context.report(UnknownLabel(at=span, dim=along, shown=f"at position {position}", hint=hint))
    dims = tuple(each for each in found.dims if each != along)
    node = ir.Pick(span=expression.span, value=found.node, along=along, position=position, dims=dims)
    return found._replace(node=node)
