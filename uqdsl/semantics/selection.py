"""Selecting: `a[county]`, `b[district[school]]`, `x["x1"]`, `x[first]`, `x[grid = 3]`."""

from __future__ import annotations

from collections.abc import Callable

from uqdsl import ir
from uqdsl.messages import Label, Span, did_you_mean, listing
from uqdsl.messages.catalogue.names import NoSuchDimension, UnclearSelection, UndeclaredName, UnknownLabel
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.context import Context, Typed, poison, union
from uqdsl.semantics.walk import is_lag, ungrouped
from uqdsl.syntax import tree

type Lower = Callable[[tree.Expression, Context], Typed]


def lower_selection(
    base: Typed,
    expression: tree.Select,
    selectors: tuple[tree.Expression | tree.Named, ...],
    context: Context,
    lower: Lower,
) -> Typed:
    """`base` with each selector applied to the dimension it speaks of; their order does not matter."""
    found = base
    for selector in selectors:
        if is_lag(selector):
            found = context.report(FeatureNotBuilt(at=selector.span, feature="neighbours and lags along a dimension"))
        if not found.sound:
            break
        if not isinstance(selector, tree.Named):
            found = _select(found, None, ungrouped(selector), expression, context, lower)
        elif selector.name in found.dims:
            found = _select(found, selector.name, ungrouped(selector.value), expression, context, lower)
        else:
            found = _no_such_dimension(found, selector.name, selector.name_span, expression, context)
    return found


def _named(expression: tree.Select) -> str:
    value = ungrouped(expression.value)
    return value.name if isinstance(value, tree.Name) else "this expression"


def _no_such_dimension(found: Typed, dim: str, span: Span, expression: tree.Select, context: Context) -> Typed:
    name = _named(expression)
    declared = context.declarations.values.get(name)
    over = " and ".join(f"`{each}`" for each in found.dims)
    hint = did_you_mean(dim, found.dims)
    if not hint and len(found.dims) == 1:
        hint = f"did you mean `{name}[{found.dims[0]}]`?"
    label = f"declared over {over}" if over else "declared without dimensions"
    others = (Label(declared.span, label),) if declared is not None else ()
    return context.report(NoSuchDimension(at=span, name=name, dim=dim, hint=hint, others=others))


def _select(
    found: Typed, along: str | None, index: tree.Expression, expression: tree.Select, context: Context, lower: Lower
) -> Typed:
    match index:
        case tree.Text(value=label):
            return _by_label(found, along, label, index.span, expression, context)
        case tree.Number(text=text, whole=True):
            return _by_label(found, along, int(text), index.span, expression, context)
        case tree.Unary(operator="-", operand=tree.Number(text=text, whole=True)):
            return _by_label(found, along, -int(text), index.span, expression, context)
        case tree.Name(name="first" | "last" as word) if word not in context.declarations.values:
            return _by_position(found, along, 0 if word == "first" else -1, index.span, expression, context)
        case tree.Call(function=tree.Name(name="at"), arguments=(tree.Number(text=text, whole=True),)):
            return _by_position(found, along, int(text), index.span, expression, context)
        case tree.Name(name=name) if name in context.dims and along in (None, name):
            return _along_dimension(found, name, index, expression, context, lower)
    return _gather(found, along, index, expression, context, lower)


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
    if context.ranges is None or name in context.ranges or column is None or column.category != name:
        return found
    return _gather(found, name, index, expression, context, lower)


def _gather(
    found: Typed, along: str | None, index: tree.Expression, expression: tree.Select, context: Context, lower: Lower
) -> Typed:
    if isinstance(index, tree.Name) and index.name not in context.declarations.values:
        hint = did_you_mean(index.name, [*found.dims, *context.declarations.categories])
        return context.report(UndeclaredName(at=index.span, name=index.name, hint=hint or "select by a dimension"))
    where = lower(index, context)
    if not where.sound:
        return where
    if where.category is None:
        return context.report(
            UnclearSelection(
                at=index.span,
                name=_named(expression),
                hint="select by a dimension, a category column, a label, `first`, `last` or `at(0)`",
            )
        )
    along = along or where.category
    if along not in found.dims or where.category != along:
        return _no_such_dimension(found, where.category, index.span, expression, context)
    dims = union(*(where.dims if dim == along else (dim,) for dim in found.dims))
    node = ir.Gather(span=expression.span, value=found.node, along=along, index=where.node, dims=dims)
    return found._replace(node=node)


def _only_dimension(found: Typed, along: str | None, span: Span, expression: tree.Select, context: Context) -> str | None:
    if along is not None:
        return along
    if len(found.dims) == 1:
        return found.dims[0]
    name = _named(expression)
    if not found.dims:
        context.report(UnclearSelection(at=span, name=name, hint=f"`{name}` has no dimensions to select along"))
    else:
        hint = f"say which: {listing([f'{name}[{dim} = …]' for dim in found.dims])}"
        context.report(UnclearSelection(at=span, name=name, hint=hint))
    return None


def _by_label(
    found: Typed, along: str | None, label: str | int, span: Span, expression: tree.Select, context: Context
) -> Typed:
    if along is None:
        holders = [dim for dim in found.dims if label in (context.dims[dim].labels or ())]
        along = holders[0] if len(holders) == 1 else None
    along = _only_dimension(found, along, span, expression, context)
    if along is None:
        return poison(span)
    dim = context.dims[along]
    labels = dim.labels if dim.labels is not None else range(1, dim.size + 1) if dim.size is not None else None
    if labels is not None and label not in labels:
        shown = f'"{label}"' if isinstance(label, str) else f"`{label}`"
        hint = did_you_mean(str(label), [str(each) for each in labels][:1000])
        return context.report(UnknownLabel(at=span, dim=along, shown=shown, hint=hint))
    dims = tuple(each for each in found.dims if each != along)
    node = ir.Pick(span=expression.span, value=found.node, along=along, label=label, dims=dims)
    return found._replace(node=node)


def _by_position(
    found: Typed, along: str | None, position: int, span: Span, expression: tree.Select, context: Context
) -> Typed:
    along = _only_dimension(found, along, span, expression, context)
    if along is None:
        return poison(span)
    dim = context.dims[along]
    size = len(dim.labels) if dim.labels is not None else dim.size
    if size is not None and position >= size:
        hint = f"it has {size} labels: positions 0 to {size - 1}"
        return context.report(UnknownLabel(at=span, dim=along, shown=f"at position {position}", hint=hint))
    dims = tuple(each for each in found.dims if each != along)
    node = ir.Pick(span=expression.span, value=found.node, along=along, position=position, dims=dims)
    return found._replace(node=node)
