"""From expressions of the tree to those of the IR: every name resolved, dimensions and supports inferred."""

from __future__ import annotations

from dataclasses import replace

from uqdsl import ir
from uqdsl.messages import Span, did_you_mean
from uqdsl.messages.catalogue.kinds import FunctionDomain, NotANumber, UnknownArgument, WrongArgumentCount
from uqdsl.messages.catalogue.names import (
    HomelessList,
    NotADimensionName,
    NotAValue,
    ReducesNothing,
    ReductionWithoutDimension,
    RightHandDimension,
    UndeclaredName,
    UnknownDimension,
    UnknownFunction,
)
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.context import Context, Typed, poison, union
from uqdsl.semantics.declare import What
from uqdsl.semantics.selection import lower_selection
from uqdsl.semantics.walk import ungrouped
from uqdsl.syntax import tree
from uqdsl.vocabulary import supports
from uqdsl.vocabulary.distributions import DISTRIBUTIONS
from uqdsl.vocabulary.functions import CONSTANTS, FUNCTIONS, REDUCTIONS, Function, Reduction
from uqdsl.vocabulary.supports import BINARY, REAL, Support, point

_ARITHMETIC = {"+": supports.plus, "-": supports.minus, "*": supports.times, "/": supports.over, "^": supports.power}


def lower(expression: tree.Expression, context: Context) -> Typed:
    """The IR of an expression; problems go to the context."""
    span = expression.span
    match expression:
        case tree.Group(value=value):
            return lower(value, context)
        case tree.Number(text=text, whole=whole):
            value = int(text) if whole else float(text)
            return Typed(ir.Constant(span=span, value=value), point(float(value)))
        case tree.Boolean(value=value):
            return Typed(ir.Constant(span=span, value=value), point(float(value)))
        case tree.Text():
            return context.report(NotANumber(at=span, what="a text"))
        case tree.Name():
            return within(lower_name(expression, context), context)
        case tree.Unary():
            return _unary(expression, context)
        case tree.Binary():
            return _binary(expression, context)
        case tree.Conditional(test=test, then=then, otherwise=otherwise):
            parts = [number(each, context) for each in (test, then, otherwise)]
            nodes = [part.node for part in parts]
            dims = union(*(part.dims for part in parts))
            node = ir.Choice(span=span, test=nodes[0], then=nodes[1], otherwise=nodes[2], dims=dims)
            return combined(node, parts[1].support.hull(parts[2].support), *parts)
        case tree.Listing():
            return _listing(expression, context)
        case tree.Call():
            return _call(expression, context)
        case tree.Select(value=value, selectors=selectors):
            base = ungrouped(value)
            chosen = lower_name(base, context) if isinstance(base, tree.Name) else lower(base, context.anywhere())
            return within(lower_selection(chosen, expression, selectors, context, lower), context)
        case tree.Primed():
            return context.report(FeatureNotBuilt(at=span, feature="primed copies of a dimension"))
        case tree.Attribute():
            return _attribute(expression, context)


def number(expression: tree.Expression, context: Context) -> Typed:
    """The IR of an expression that has to be a number (UQ312 for a category)."""
    found = lower(expression, context)
    if found.sound and found.category is not None:
        name = getattr(found.node, "name", found.category)
        return context.report(NotANumber(at=expression.span, what=f"the category `{name}`"))
    return found


def combined(node: ir.Expression, support: Support, *parts: Typed) -> Typed:
    """An expression made of parts: sound if all are, random if one is."""
    sound = all(part.sound for part in parts)
    return Typed(node, support, sound=sound, random=any(part.random for part in parts))


def within(found: Typed, context: Context) -> Typed:
    """The same expression, after checking that it ranges only over what its place allows (UQ211)."""
    if context.ranges is None or not found.sound:
        return found
    for dim in found.dims:
        if dim not in context.ranges:
            hint = _how_to_consume(found, dim, context)
            return context.report(RightHandDimension(at=found.node.span, name=context.owner, dim=dim, hint=hint))
    return found


def _how_to_consume(found: Typed, dim: str, context: Context) -> str:
    ranges = context.ranges or ()
    name = getattr(found.node, "name", None)
    if name is not None:
        for field, category in context.declarations.categories.items():
            known = context.known.get(field)
            if category == dim and known is not None and set(known.dims) <= set(ranges):
                return f"select with the category column: `{name}[{field}]`"
    shown = name or "…"
    return f"consume it, as in `sum({shown}, over = {dim})`, or add `{dim}` to the left-hand side"


# ------------------------------------------------------------------------------------------------------------ names


def lower_name(name: tree.Name, context: Context) -> Typed:
    """The IR of a name that stands as a value, over all of its dimensions."""
    known = context.known.get(name.name)
    if known is not None:
        node = ir.Reference(span=name.span, name=name.name, dims=known.dims)
        return Typed(node, known.support, known.category, random=known.random)
    declared = context.declarations.values.get(name.name)
    if declared is not None:
        if declared.what is What.FUNCTION:
            return context.report(NotAValue(at=name.span, name=name.name, what="a function"))
        return poison(name.span)
    if name.name in context.dims:
        return Typed(ir.Coordinate(span=name.span, dim=name.name, dims=(name.name,)))
    if name.name in CONSTANTS:
        return Typed(ir.Constant(span=name.span, value=CONSTANTS[name.name]), point(CONSTANTS[name.name]))
    if name.name in context.declarations.dims:
        return poison(name.span)
    for what, table in (("a distribution", DISTRIBUTIONS), ("a function", FUNCTIONS), ("a reduction", REDUCTIONS)):
        if name.name in table:
            return context.report(NotAValue(at=name.span, name=name.name, what=what))
    candidates = [*context.declarations.values, *context.declarations.dims]
    hint = did_you_mean(name.name, candidates)
    return context.report(UndeclaredName(at=name.span, name=name.name, hint=hint))


def _attribute(expression: tree.Attribute, context: Context) -> Typed:
    root = expression.value
    while isinstance(root, tree.Attribute):
        root = root.value
    if isinstance(root, tree.Name) and root.name in context.declarations.values:
        return poison(expression.span)
    if isinstance(root, tree.Name):
        hint = did_you_mean(root.name, context.declarations.values)
        return context.report(UndeclaredName(at=root.span, name=root.name, hint=hint))
    return context.report(FeatureNotBuilt(at=expression.span, feature="names with dots"))


# -------------------------------------------------------------------------------------------------------- operators


def _unary(expression: tree.Unary, context: Context) -> Typed:
    operand = number(expression.operand, context)
    if expression.operator == "+":
        return operand
    name = "not" if expression.operator == "not" else "negative"
    if name == "negative" and isinstance(operand.node, ir.Constant) and operand.sound:
        value = -operand.node.value
        return Typed(ir.Constant(span=expression.span, value=value), point(float(value)))
    node = ir.Operation(span=expression.span, operator=name, operands=(operand.node,), dims=operand.dims)
    return combined(node, BINARY if name == "not" else supports.negative(operand.support), operand)


def _binary(expression: tree.Binary, context: Context) -> Typed:
    sign = expression.operator
    if sign == "@":
        return context.report(
            FeatureNotBuilt(
                at=expression.span,
                feature="products of labelled matrices with `@`",
                hint="name the dimension instead: `sum(a * b, over = k)`",
            )
        )
    left, right = number(expression.left, context), number(expression.right, context)
    dims = union(left.dims, right.dims)
    node = ir.Operation(span=expression.span, operator=sign, operands=(left.node, right.node), dims=dims)
    if sign in _ARITHMETIC:
        support = _ARITHMETIC[sign](left.support, right.support)
        if sign in ("*", "-") and left.node.model_copy(update={"span": Span(0, 0)}) == right.node.model_copy(
            update={"span": Span(0, 0)}
        ):
            support = supports.NONNEGATIVE if sign == "*" else point(0.0)
    else:
        support = REAL if sign == "%" else BINARY
    return combined(node, support, left, right)


def _listing(expression: tree.Listing, context: Context) -> Typed:
    if context.list_dim is None:
        return context.report(HomelessList(at=expression.span))
    items = [number(item, replace(context, list_dim=None)) for item in expression.items]
    if not items:
        return context.report(NotANumber(at=expression.span, what="an empty list"))
    dims = union(*(item.dims for item in items), (context.list_dim,))
    node = ir.Array(
        span=expression.span, items=tuple(item.node for item in items), along=context.list_dim, dims=dims
    )
    support = items[0].support
    for item in items[1:]:
        support = support.hull(item.support)
    return combined(node, support, *items)


# ------------------------------------------------------------------------------------------------------------ calls


def _call(expression: tree.Call, context: Context) -> Typed:
    function = ungrouped(expression.function)
    if not isinstance(function, tree.Name):
        return poison(function.span) if isinstance(function, tree.Attribute) else context.report(
            NotAValue(at=function.span, name="…", what="not a function")
        )
    name = function.name
    declared = context.declarations.values.get(name)
    if declared is not None:
        if declared.what in (What.FUNCTION, What.UNREADABLE):
            return poison(expression.span)  # its own statement says that it cannot be run yet
        return context.report(NotAValue(at=function.span, name=name, what=f"{declared.what}, not a function"))
    if name in FUNCTIONS:
        return _apply(FUNCTIONS[name], expression, context)
    if name in REDUCTIONS:
        return _reduce(REDUCTIONS[name], expression, context)
    if name in DISTRIBUTIONS:
        return context.report(NotAValue(at=function.span, name=name, what="a distribution"))
    hint = did_you_mean(name, [*FUNCTIONS, *REDUCTIONS, *context.declarations.values])
    return context.report(UnknownFunction(at=function.span, name=name, hint=hint))


def _plural(count: int, what: str) -> str:
    return f"one {what}" if count == 1 else f"{count} {what}s"


def _apply(function: Function, expression: tree.Call, context: Context) -> Typed:
    for argument in expression.arguments:
        if isinstance(argument, tree.Named):
            return context.report(UnknownArgument(at=argument.name_span, function=function.name, name=argument.name))
    if len(expression.arguments) != function.arity:
        count = len(expression.arguments)
        return context.report(
            WrongArgumentCount(
                at=expression.span,
                function=function.name,
                expected=_plural(function.arity, "argument"),
                found=f"{count} {'is' if count == 1 else 'are'}",
            )
        )
    parts = [number(argument, context) for argument in expression.arguments if not isinstance(argument, tree.Named)]
    for part in parts:
        if offends(part, function.domain):
            return context.report(
                FunctionDomain(
                    at=part.node.span,
                    function=function.name,
                    expected=str(function.domain),
                    found=str(part.support),
                    hint=how_to_narrow(part, function.domain, context),
                )
            )
    dims = union(*(part.dims for part in parts))
    node = ir.Apply(
        span=expression.span, function=function.name, arguments=tuple(part.node for part in parts), dims=dims
    )
    return combined(node, function.image(*(part.support for part in parts)), *parts)


def offends(found: Typed, required: Support) -> bool:
    """Whether values surely, or by plain declaration, leave the support that is required.

    Of a compound expression only the impossible is an error: `a - b` may be positive for all that matters, and a run
    says so if it is not.
    """
    if not found.sound:
        return False
    if not found.support.meets(required):
        return True
    node = found.node
    while isinstance(node, ir.Gather | ir.Pick):
        node = node.value
    plain = isinstance(node, ir.Reference | ir.Constant)
    return plain and not found.support.within(required)


def how_to_narrow(found: Typed, required: Support, context: Context) -> str:
    """What to write so that a value lies in a support."""
    node = found.node
    while isinstance(node, ir.Gather | ir.Pick):
        node = node.value
    if not isinstance(node, ir.Reference) or required.integer:
        return ""
    declared = context.declarations.values.get(node.name)
    kind = next((name for name, support in supports.KINDS.items() if support.within(required)), None)
    if required.within(supports.NONNEGATIVE) and required.upper == float("inf"):
        kind = "positive"
    if declared is not None and declared.what is What.FIELD and kind is not None:
        return f"declare the field as `{node.name} : {kind}`"
    if declared is not None and declared.what is What.UNKNOWN and kind == "positive":
        return f"give `{node.name}` a prior on positive numbers, such as `HalfNormal(1)`, or write `exp({node.name})`"
    if declared is not None and declared.what is What.UNKNOWN and kind is not None:
        return f"give `{node.name}` a prior on {required}, such as `Beta(1, 1)`, or write `sigmoid({node.name})`"
    return ""


def _reduce(reduction: Reduction, expression: tree.Call, context: Context) -> Typed:
    operands = [argument for argument in expression.arguments if not isinstance(argument, tree.Named)]
    over: tuple[str, ...] | None = None
    for argument in expression.arguments:
        if isinstance(argument, tree.Named):
            if argument.name != "over":
                hint = did_you_mean(argument.name, ["over"])
                return context.report(
                    UnknownArgument(at=argument.name_span, function=reduction.name, name=argument.name, hint=hint)
                )
            over = _dimensions(argument.value, context)
            if over is None:
                return poison(expression.span)
    if len(operands) != 1:
        found = f"{len(operands)} {'is' if len(operands) == 1 else 'are'}"
        return context.report(
            WrongArgumentCount(
                at=expression.span, function=reduction.name, expected="one argument and `over = …`", found=found
            )
        )
    if over is None:
        inner = lower(operands[0], replace(context.anywhere(), problems=[]))
        shown = " or ".join(f"`over = {dim}`" for dim in inner.dims)
        hint = f"write {shown}" if shown else "name the dimension that it consumes: `over = k`"
        return context.report(ReductionWithoutDimension(at=expression.span, function=reduction.name, hint=hint))
    operand = number(operands[0], context.over(over))
    if not operand.sound:
        return operand
    for dim in over:
        if dim not in operand.dims:
            return context.report(ReducesNothing(at=operands[0].span, function=reduction.name, dim=dim))
    dims = tuple(dim for dim in operand.dims if dim not in over)
    node = ir.Reduce(span=expression.span, function=reduction.name, operand=operand.node, over=over, dims=dims)
    return combined(node, reduction.image(operand.support), operand)


def _dimensions(value: tree.Expression, context: Context) -> tuple[str, ...] | None:
    """The dimensions that `over = k` or `over = [j, k]` names."""
    items = value.items if isinstance(value, tree.Listing) else (value,)
    names: list[str] = []
    for item in items:
        dim = dimension(item, context)
        if dim is None:
            return None
        names.append(dim)
    return tuple(dict.fromkeys(names))


def dimension(value: tree.Expression, context: Context) -> str | None:
    """The dimension that an expression names; UQ203, UQ226 where it does not."""
    if isinstance(value, tree.Primed):
        context.report(FeatureNotBuilt(at=value.span, feature="primed copies of a dimension"))
        return None
    if not isinstance(value, tree.Name):
        context.report(NotADimensionName(at=value.span))
        return None
    if value.name not in context.dims:
        hint = did_you_mean(value.name, context.dims)
        context.report(UnknownDimension(at=value.span, dim=value.name, hint=hint))
        return None
    return value.name
