"""Names that stand as values, and the dimensions that an expression may have where it stands."""

from __future__ import annotations

from uqdsl import ir
from uqdsl.messages import did_you_mean, listing
from uqdsl.messages.catalogue.kinds import NotANumber
from uqdsl.messages.catalogue.names import (
    FactorDimension,
    NoSuchPart,
    NotAValue,
    RightHandDimension,
    UndeclaredName,
)
from uqdsl.semantics.context import Context, Typed, poison
from uqdsl.semantics.declare import What
from uqdsl.syntax import tree
from uqdsl.vocabulary.distributions import DISTRIBUTIONS, PLANNED
from uqdsl.vocabulary.functions import CONSTANTS, FUNCTIONS, REDUCTIONS
from uqdsl.vocabulary.supports import REAL, Support, point

_REFUSED_AT_HOME = (What.FUNCTION, What.STATE, What.UNREADABLE)
"""What has a problem of its own where it is declared, so that its use is no second one."""


def lower_name(name: tree.Name, context: Context) -> Typed:
    """The IR of a name that stands as a value, over all of its dimensions."""
    known = context.known.get(name.name)
    if known is not None and not _means_coordinate(name.name, context):
        node = ir.Reference(span=name.span, name=name.name, dims=known.dims)
        return Typed(node, known.support, known.category, random=known.random, spread=known.spread)
    if known is None and name.name in context.declarations.values:
        return _without_value(name, context)
    if name.name in context.dims:
        return _coordinate(name, context)
    if name.name in CONSTANTS:
        return _constant(name, context)
    if context.declarations.may_declare(name.name):
        return poison(name.span)
    for what, table, hint in (
        ("a distribution", {*DISTRIBUTIONS, *PLANNED}, "a law stands after `~`: `prior {0} ~ {1}(…)`"),
        ("a function", FUNCTIONS, "call it: `{1}(…)`"),
        ("a reduction", REDUCTIONS, "call it: `{1}(…, over = k)`"),
    ):
        if name.name in table:
            hint = hint.format(context.owner or "x", name.name)
            return context.report(NotAValue(at=name.span, name=name.name, what=what, hint=hint))
    candidates = [*context.declarations.values, *context.declarations.dims]
    hint = did_you_mean(name.name, candidates)
    return context.report(UndeclaredName(at=name.span, name=name.name, hint=hint))


def _means_coordinate(name: str, context: Context) -> bool:
    """Whether a category column's name means its dimension's coordinate: where that dimension is at hand and it is not."""
    known = context.known[name]
    return known.category == name and name in context.ranges and not set(known.dims) <= set(context.ranges)


def _without_value(name: tree.Name, context: Context) -> Typed:
    """A name that is declared and has no value here; for most a problem has been reported already."""
    declared = context.declarations.values[name.name]
    if declared.what is What.FUNCTION:
        return context.report(NotAValue(at=name.span, name=name.name, what="a function"))
    if declared.what is What.SETTING and isinstance(context.settings.get(name.name), str):
        return context.report(NotANumber(at=name.span, what=f"the text `{name.name}`"))
    return poison(name.span)


def _constant(name: tree.Name, context: Context) -> Typed:
    value = CONSTANTS[name.name]
    if value == float("inf"):
        hint = "`inf` stands only for an end that is not there: `truncated(0, inf)`"
        return context.report(NotANumber(at=name.span, what="`inf`", hint=hint))
    node = ir.Constant(span=name.span, value=value)
    return Typed(node, point(value), spread=frozenset())


def _coordinate(name: tree.Name, context: Context) -> Typed:
    dim = context.dims[name.name]
    support = REAL
    if dim.size is not None:
        support = Support(1, dim.size, integer=True)
    for label in dim.labels or ():
        if isinstance(label, str):
            return context.report(
                NotANumber(at=name.span, what=f"the coordinate of `{dim.name}`, whose labels are texts,")
            )
        here = point(label)
        support = here if support == REAL else support.hull(here)
    return Typed(ir.Coordinate(span=name.span, dim=dim.name, dims=(dim.name,)), support)


def lower_attribute(expression: tree.Attribute, context: Context) -> Typed:
    """A name with dots: parts of networks, states and included files, none of which this version can run."""
    root = expression.value
    while isinstance(root, tree.Attribute | tree.Call | tree.Select | tree.Group):
        root = root.function if isinstance(root, tree.Call) else root.value
    if not isinstance(root, tree.Name):
        problem = NoSuchPart(at=expression.span, name="…", what="an expression", part=expression.name)
        return context.report(problem)
    declared = context.declarations.values.get(root.name)
    if declared is None:
        if context.declarations.may_declare(root.name):
            return poison(expression.span)
        hint = did_you_mean(root.name, context.declarations.values)
        return context.report(UndeclaredName(at=root.span, name=root.name, hint=hint))
    if declared.what in _REFUSED_AT_HOME:
        return poison(expression.span)
    what = str(declared.what)
    return context.report(NoSuchPart(at=expression.span, name=root.name, what=what, part=expression.name))


# ------------------------------------------------------------------------------------------------------- dimensions


def within(found: Typed, context: Context) -> Typed:
    """The same expression, after checking that it ranges only over what its place allows (UQ211, UQ212)."""
    if context.free or not found.sound:
        return found
    for dim in found.dims:
        if dim not in context.ranges:
            culprit = _leaf_over(dim, found.node)
            hint = _how_to_consume(culprit, dim, found, context)
            if not context.owner:
                return context.report(FactorDimension(at=culprit.span, dim=dim, hint=hint))
            return context.report(RightHandDimension(at=culprit.span, name=context.owner, dim=dim, hint=hint))
    return found


def _leaf_over(dim: str, node: ir.Expression) -> ir.Expression:
    """The first part of an expression that brings a dimension into it."""
    while True:
        match node:
            case ir.Operation(operands=parts) | ir.Apply(arguments=parts) | ir.Array(items=parts):
                pass
            case ir.Reduce(operand=operand):
                parts = (operand,)
            case ir.Choice(test=test, then=then, otherwise=otherwise):
                parts = (test, then, otherwise)
            case ir.Rename(value=value, names=names) if dim in dict(names).values():
                node, dim = value, next(old for old, new in names if new == dim)
                if dim not in node.dims:
                    return node
                continue
            case ir.Rename(value=value) | ir.Shift(value=value):
                parts = (value,)
            case ir.Matrix(operands=parts) | ir.Invoke(arguments=parts):
                pass
            case ir.Gather(index=index):
                parts = (index,)
            case _:
                return node
        inner = next((part for part in parts if dim in part.dims), None)
        if inner is None:
            return node
        node = inner


def _how_to_consume(culprit: ir.Expression, dim: str, found: Typed, context: Context) -> str:
    name = culprit.name if isinstance(culprit, ir.Reference) else None
    if name is not None:
        columns = [
            field
            for field, of in context.declarations.categories.items()
            if of == dim and field in context.known and set(context.known[field].dims) <= set(context.ranges)
        ]
        if columns:
            return f"select with the category column: {listing(f'{name}[{column}]' for column in columns)}"
    if found.category is not None:
        return ""
    consume = f"consume it, as in `sum({name or '…'}, over = {dim})`"
    if isinstance(found.node, ir.Reduce):
        consume = f"consume it too: `over = [{', '.join((*found.node.over, dim))}]`"
    if not context.owner:
        return consume
    one_for_each = (
        name is not None and context.declarations.values[name].what is What.UNKNOWN and culprit.dims == (dim,)
    )
    if one_for_each and len(context.ranges) == 1 and dim not in context.declarations.values:
        column = f"{dim}[{context.ranges[0]}] : category"
        return f"{consume}, or select by a column of the data that says which one: `{column}`"
    return f"{consume}, or add `{dim}` to the left-hand side"
