"""From expressions of the tree to those of the IR: every name resolved, dimensions and supports inferred."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf

from uqdsl import ir
from uqdsl.messages import Problem, Span, SpecError, did_you_mean, listing
from uqdsl.messages.catalogue.kinds import (
    FunctionDomain,
    GivenTwice,
    NotANumber,
    UnknownArgument,
    WrongArgumentCount,
)
from uqdsl.messages.catalogue.lints import MayLeaveSupport
from uqdsl.messages.catalogue.names import (
    HomelessList,
    LabelsOfTwoDimensions,
    ListLength,
    NotADimensionName,
    NotAValue,
    NothingShared,
    ReducesNothing,
    ReductionWithoutDimension,
    UnknownDimension,
    UnknownFunction,
)
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.constants import numeral
from uqdsl.semantics.context import Context, Typed, poison, union
from uqdsl.semantics.declare import What, not_in_file
from uqdsl.semantics.derivatives import lower_gradient
from uqdsl.semantics.fit import Fit, fit, how_to_narrow
from uqdsl.semantics.functions import call
from uqdsl.semantics.matrices import lower_identity, lower_matrix
from uqdsl.semantics.names import lower_attribute, lower_name, means_coordinate, within
from uqdsl.semantics.networks import call_network
from uqdsl.semantics.selection import compared, label_written, lower_selection, primed, renamed
from uqdsl.semantics.splines import lower_spline
from uqdsl.semantics.walk import ungrouped
from uqdsl.semantics.wording import are, in_brackets, plural
from uqdsl.semantics.wording import over as dims_in_words
from uqdsl.syntax import tree
from uqdsl.vocabulary import supports, synonyms
from uqdsl.vocabulary.composed import ALONE
from uqdsl.vocabulary.distributions import DISTRIBUTIONS, PLANNED
from uqdsl.vocabulary.functions import FUNCTIONS, GRADIENT, MATRIX, REDUCTIONS, SPLINE, Function, Reduction
from uqdsl.vocabulary.functions import PLANNED as PLANNED_FUNCTIONS
from uqdsl.vocabulary.supports import BINARY, REAL, Support, point

_ARITHMETIC = {"+": supports.plus, "-": supports.minus, "*": supports.times, "/": supports.over, "^": supports.power}
_NO_SPREAD: frozenset[str] = frozenset()
_NUMERAL = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def lower(expression: tree.Expression, context: Context) -> Typed:
    """The IR of an expression; problems go to the context."""
    span = expression.span
    match expression:
        case tree.Group(value=value):
            return lower(value, context)
        case tree.Number():
            try:
                value = numeral(expression)
            except SpecError as error:
                return context.report(error.problems[0])
            return Typed(ir.Constant(span=span, value=value), point(float(value)), spread=_NO_SPREAD)
        case tree.Boolean(value=value):
            return Typed(ir.Constant(span=span, value=value), point(float(value)), spread=_NO_SPREAD)
        case tree.Text(value=value):
            hint = f"without quotes: `{value}`" if _NUMERAL.fullmatch(value) else ""
            return context.report(NotANumber(at=span, what="a text", hint=hint))
        case tree.Name():
            return within(lower_name(expression, context), context)
        case tree.Unary():
            return _unary(expression, context)
        case tree.Binary():
            return _binary(expression, context)
        case tree.Conditional(test=test, then=then, otherwise=otherwise):
            return _choice(expression, *(number(each, context) for each in (test, then, otherwise)))
        case tree.Listing():
            return _listing(expression, context)
        case tree.Call():
            return _call(expression, context)
        case tree.Select(value=value, selectors=selectors):
            base = ungrouped(value)
            inside = replace(context, list_dim=None)
            chosen = lower_name(base, inside) if isinstance(base, tree.Name) else lower(base, inside.anywhere())
            return within(lower_selection(chosen, expression, selectors, inside, lower), context)
        case tree.Primed():
            return within(_primed(expression, context), context)
        case tree.Attribute(value=tree.Call(function=tree.Name(name=name)) as of, name=output) if (
            name in context.networks
        ):
            return within(call_network(context.networks[name], of, output, context.anywhere(), number), context)
        case tree.Attribute():
            return lower_attribute(expression, context)


def number(expression: tree.Expression, context: Context, beside: tree.Expression | None = None) -> Typed:
    """The IR of an expression that has to be a number; `beside` is the other of its operation."""
    return _no_category(lower(expression, context), expression, context, beside)


def _no_category(
    found: Typed, expression: tree.Expression, context: Context, beside: tree.Expression | None = None
) -> Typed:
    """UQ312 for a category where a number is needed."""
    if found.sound and found.category is not None:
        name = getattr(found.node, "name", found.category)
        other = ungrouped(beside) if beside is not None else None
        array = other.name if isinstance(other, tree.Name) else "a"
        hint = f"select with it, as in `{array}[{name}]`; where its labels are numbers, declare it `binary` or `int`"
        return context.report(NotANumber(at=expression.span, what=f"the category `{name}`", hint=hint))
    return found


def whole(expression: tree.Expression, context: Context, read: Callable[..., Typed] = number) -> Typed:
    """The IR of all that stands in a place, whose dimensions are checked together."""
    return within(read(expression, replace(context, whole=expression.span)), context)


def bound(value: tree.Expression, context: Context) -> Typed:
    """An end of an interval, which may be infinite, or so for some."""
    inner, sign = ungrouped(value), 1.0
    if isinstance(inner, tree.Unary) and inner.operator in ("-", "+"):
        inner, sign = ungrouped(inner.operand), -1.0 if inner.operator == "-" else 1.0
    if isinstance(inner, tree.Name) and context.declarations.word(inner.name) == "inf":
        return Typed(ir.Constant(span=value.span, value=sign * inf), point(sign * inf), spread=frozenset())
    if isinstance(inner, tree.Conditional) and sign == 1.0:
        return _choice(
            inner, number(inner.test, context), *(bound(each, context) for each in (inner.then, inner.otherwise))
        )
    return number(value, context)


def _choice(expression: tree.Conditional, test: Typed, then: Typed, otherwise: Typed) -> Typed:
    dims = union(test.dims, then.dims, otherwise.dims)
    node = ir.Choice(span=expression.span, test=test.node, then=then.node, otherwise=otherwise.node, dims=dims)
    return combined(node, then.support.hull(otherwise.support), test, then, otherwise)


def combined(node: ir.Expression, support: Support, *parts: Typed, spread: frozenset[str] | None = None) -> Typed:
    """An expression made of parts: sound if all are, random if one is."""
    sound = all(part.sound for part in parts)
    return Typed(node, support, sound=sound, random=any(part.random for part in parts), spread=spread)


# -------------------------------------------------------------------------------------------------------- operators


def _unary(expression: tree.Unary, context: Context) -> Typed:
    operand = number(expression.operand, context)
    if expression.operator == "+":
        return operand
    if expression.operator == "not":
        node = ir.Operation(span=expression.span, operator="not", operands=(operand.node,), dims=operand.dims)
        return combined(node, BINARY, operand)
    if isinstance(operand.node, ir.Constant) and operand.sound and not isinstance(operand.node.value, bool):
        value = -operand.node.value
        return Typed(ir.Constant(span=expression.span, value=value), point(float(value)), spread=_NO_SPREAD)
    node = ir.Operation(span=expression.span, operator="negative", operands=(operand.node,), dims=operand.dims)
    return combined(node, supports.negative(operand.support), operand, spread=operand.spread)


def _binary(expression: tree.Binary, context: Context) -> Typed:
    sign = expression.operator
    if sign == "@":
        return _contraction(expression, context)
    if sign in ("==", "!="):
        return _equality(expression, context)
    left = number(expression.left, context, expression.right)
    right = number(expression.right, context, expression.left)
    return _operation(expression, left, right)


def _equality(expression: tree.Binary, context: Context) -> Typed:
    """`x == 1`, and of categories, or the labels of a dimension, `arm == "drug"` and `arm == arm'`."""
    sides = (expression.left, expression.right)
    try:
        labels = [label_written(each) for each in sides]
    except SpecError as error:
        return context.report(error.problems[0])
    one, other = sides if labels[0] is None else sides[::-1]
    label = labels[1] if labels[0] is None else labels[0]
    found = _own_labels(one, label, context) or lower(one, context)
    if found.sound and found.category is not None and label is not None:
        return compared(found, label, expression, other.span, context)
    if found.sound and found.category is not None:
        beside = _own_labels(other, label, context) or lower(other, context)
        if beside.sound and beside.category is not None:
            dims = [ir.base(found.category), ir.base(beside.category)]
            if dims[0] != dims[1]:
                return context.report(LabelsOfTwoDimensions(at=expression.span, one=dims[0], other=dims[1]))
            return _operation(expression, *((found, beside) if one is expression.left else (beside, found)))
    pair = (_no_category(found, one, context, other), number(other, context, one))
    return _operation(expression, *(pair if one is expression.left else pair[::-1]))


def _own_labels(expression: tree.Expression, label: str | float | None, context: Context) -> Typed | None:
    """A dimension's bare name, or `arm'`, as the labels that it has where these are, or are compared to, texts."""
    inner = ungrouped(expression)
    primes = inner.primes if isinstance(inner, tree.Primed) else 0
    name = ungrouped(inner.value) if isinstance(inner, tree.Primed) else inner
    if not isinstance(name, tree.Name) or not means_coordinate(name.name, context):
        return None
    dim = context.dims[name.name]
    texts = any(isinstance(each, str) for each in dim.labels or ())
    if not texts and not (dim.labels is None and dim.size is None and (dim.levels or isinstance(label, str))):
        return None
    node = ir.Coordinate(span=name.span, dim=dim.name, positions=True, dims=(dim.name,))
    found = Typed(node, category=dim.name)
    if primes:
        found = renamed(found, ((dim.name, dim.name + "'" * primes),), expression.span)
    return within(found, context)


def _operation(expression: tree.Binary, left: Typed, right: Typed) -> Typed:
    sign = expression.operator
    dims = union(left.dims, right.dims)
    node = ir.Operation(span=expression.span, operator=sign, operands=(left.node, right.node), dims=dims)
    if sign not in _ARITHMETIC:
        return combined(node, REAL if sign == "%" else BINARY, left, right)
    support = _ARITHMETIC[sign](left.support, right.support)
    if sign in ("*", "-") and isinstance(left.node, ir.Reference) and _same(left.node, right.node):
        support = supports.power(left.support, point(2.0)) if sign == "*" else point(0.0)
    return combined(node, support, left, right, spread=_spread(sign, left, right))


def _contraction(expression: tree.Binary, context: Context) -> Typed:
    """`A @ b`: the sum of the products over the one dimension that both share; of two square matrices their product."""
    left, right = (number(each, context.anywhere()) for each in (expression.left, expression.right))
    if not left.sound or not right.sound:
        return poison(expression.span)
    shared = tuple(dim for dim in left.dims if dim in right.dims)
    if len(shared) == 2 and ir.base(shared[0]) == ir.base(shared[1]):
        rows, columns = shared
        between = max(shared, key=len) + "'"
        left = renamed(left, ((columns, between),), expression.span)
        right = renamed(right, ((rows, between),), expression.span)
        shared = (between,)
    if len(shared) != 1:
        found = dims_in_words(shared) if shared else "none"
        product = f"{context.written(expression.left.span, 'a')} * {context.written(expression.right.span, 'b')}"
        hint = f"say which: {listing(f'sum({product}, over = {dim})' for dim in shared)}" if shared else ""
        if not left.dims or not right.dims:
            hint = f"with a number one multiplies by `*`: `{product}`"
        return context.report(NothingShared(at=expression.span, found=found, hint=hint))
    dims = union(left.dims, right.dims)
    product = ir.Operation(span=expression.span, operator="*", operands=(left.node, right.node), dims=dims)
    kept = tuple(dim for dim in dims if dim not in shared)
    node = ir.Reduce(span=expression.span, function="sum", operand=product, over=shared, dims=kept)
    support = REDUCTIONS["sum"].image(supports.times(left.support, right.support))
    return within(combined(node, support, left, right), context)


def _primed(expression: tree.Primed, context: Context) -> Typed:
    """`x'`: a value, or a dimension's coordinate, along a copy of its dimension."""
    value = ungrouped(expression.value)
    inside = replace(context, list_dim=None).anywhere()
    if isinstance(value, tree.Name) and value.name in context.dims and value.name not in context.known:
        found = lower_name(value, inside)
        return renamed(found, ((value.name, value.name + "'" * expression.primes),), expression.span)
    return primed(lower(expression.value, inside), expression, context)


def _same(left: ir.Reference, right: ir.Expression) -> bool:
    return isinstance(right, ir.Reference) and left.name == right.name


def _spread(sign: str, left: Typed, right: Typed) -> frozenset[str] | None:
    """Two operands that vary apart take every pair of values; of powers only constant ones are known that well."""
    if left.spread is None or right.spread is None or left.spread & right.spread:
        return None
    return None if sign == "^" and right.spread else left.spread | right.spread


def _listing(expression: tree.Listing, context: Context) -> Typed:
    inside = replace(context, list_dim=None, places=False)
    name = context.list_dim
    if name is None and _depth(expression) > 1 and not context.free:
        # Lists in lists nest as the dimensions of the statement that their items lack.
        inner = dims_at_sight(_innermost(expression), context)
        lacking = [dim for dim in context.ranges if dim not in inner]
        if len(lacking) == _depth(expression):
            name, *rest = lacking
            ranges = tuple(dim for dim in context.ranges if dim != name)
            inside = replace(inside, ranges=ranges, list_dim=rest[0] if len(rest) == 1 else None)
    items = [number(item, inside) for item in expression.items]
    if not all(item.sound for item in items):
        return poison(expression.span)
    if name is None:
        # Along the one dimension of the statement that its items do not have.
        over = [dim for dim in context.ranges if not any(dim in item.dims for item in items)]
        measured = [dim for dim in over if _size(context.dims[ir.base(dim)]) is not None]
        if len(over) != 1 or not measured or context.free or context.parameters:
            return context.report(HomelessList(at=expression.span, hint=_home(expression, context)))
        name = over[0]
    along = ir.Dim(name=name, size=len(items)) if context.places else context.dims[ir.base(name)]
    size = _size(along)
    if not items or (size is not None and len(items) != size):
        expected = "at least one label" if size is None else plural(size, "label")
        problem = ListLength(at=expression.span, dim=along.name, expected=expected, found=plural(len(items), "item"))
        return context.report(problem)
    for part in items:
        if name in part.dims:
            hint = f"each item of the list is for one label of `{along.name}`"
            return context.report(NotANumber(at=part.node.span, what=f"an item over all of `{along.name}`", hint=hint))
    dims = union(*(item.dims for item in items), (name,))
    node = ir.Array(span=expression.span, items=tuple(item.node for item in items), along=name, dims=dims)
    support = items[0].support
    for item in items[1:]:
        support = support.hull(item.support)
    return combined(node, support, *items)


def _depth(expression: tree.Expression) -> int:
    """How many lists stand within one another, all alike."""
    value = ungrouped(expression)
    if not isinstance(value, tree.Listing) or not value.items:
        return 0
    depths = {_depth(each) for each in value.items}
    return 1 + (depths.pop() if len(depths) == 1 else 0)


def _innermost(expression: tree.Expression) -> list[tree.Expression]:
    """The items of lists in lists that are no lists themselves."""
    value = ungrouped(expression)
    return [part for each in value.items for part in _innermost(each)] if isinstance(value, tree.Listing) else [value]


def _home(expression: tree.Listing, context: Context) -> str:
    """What to write so that a list in a `let` has a dimension to lie along."""
    declared = context.declarations.values.get(context.owner)
    if declared is None or declared.what is not What.QUANTITY or context.free:
        return ""
    if not context.ranges:
        return f"name it on the left: `let {context.owner}[…] = …`"
    fitting = [dim for dim in context.ranges if _size(context.dims[ir.base(dim)]) in (None, len(expression.items))]
    return f"one list lies along one dimension: {listing(f'let {context.owner}[{dim}] = …' for dim in fitting)}"


def _size(dim: ir.Dim) -> int | None:
    """The number of labels of a dimension, as far as the spec says."""
    return len(dim.labels) if dim.labels is not None else dim.size


# ------------------------------------------------------------------------------------------------------------ calls


def _call(expression: tree.Call, context: Context) -> Typed:
    function = ungrouped(expression.function)
    if isinstance(function, tree.Name) and function.name in context.networks:
        network = context.networks[function.name]
        return within(call_network(network, expression, None, context.anywhere(), number), context)
    if isinstance(function, tree.Attribute):
        return lower_attribute(function, context)
    if not isinstance(function, tree.Name):
        return context.report(UnknownFunction(at=function.span, name="…", hint="only a name can be called: `exp(x)`"))
    name = function.name
    declared = context.declarations.values.get(name)
    if name in context.functions:
        return within(call(context.functions[name], expression, context.anywhere(), number), context)
    if declared is not None:
        if declared.what in (What.FUNCTION, What.NETWORK, What.STATE, What.UNREADABLE):
            return poison(expression.span)  # its own statement says that it cannot be run yet
        hint = f"`{name}` is {declared.what}"
        hint += f"; select from it with brackets: `{name}[…]`" if declared.axes else ", which cannot be called"
        return context.report(UnknownFunction(at=function.span, name=name, hint=hint))
    name = context.declarations.word(name)
    if name in FUNCTIONS:
        return _apply(FUNCTIONS[name], expression, context)
    if name in REDUCTIONS:
        return _reduce(REDUCTIONS[name], expression, context)
    if name in MATRIX:
        return within(lower_matrix(MATRIX[name], expression, context, number), context)
    if name == "identity":
        dim = dimension(expression.arguments[0], context) if len(expression.arguments) == 1 else None  # type: ignore[arg-type]
        if dim is None:
            return _no_identity(expression, context)
        return within(lower_identity(dim, expression), context)
    if name == SPLINE:
        return within(lower_spline(expression, context, number, dimension), context)
    if name == GRADIENT:
        return within(lower_gradient(expression, context, number), context)
    if name in DISTRIBUTIONS or name in ALONE or name in PLANNED:
        hint = f"a law stands after `~`: `prior {context.owner or 'x'} ~ {name}(…)`"
        of = context.declarations.values.get(context.owner)
        if of is None or of.what is not What.QUANTITY or context.whole != expression.span:
            hint = (
                "a law stands after `~`: of measurements with their errors in a `likelihood`, of unknowns in a `prior`"
            )
        return context.report(NotAValue(at=function.span, name=name, what="a distribution", hint=hint))
    if name in PLANNED_FUNCTIONS:
        return context.report(FeatureNotBuilt(at=function.span, feature=f"the function `{name}`"))
    if context.declarations.may_declare(name):
        return poison(expression.span)
    file = context.owner.rpartition(".")[0]
    own = [ir.own(each) for each in context.functions if each.rpartition(".")[0] == file]
    candidates = [*FUNCTIONS, *REDUCTIONS, *MATRIX, SPLINE, GRADIENT, *own]
    hint = _in_own_words(name, expression, context) or synonyms.meant(name, candidates, synonyms.FUNCTIONS)
    return context.report(UnknownFunction(at=function.span, name=name, hint=hint))


_OPERATORS = {
    **dict.fromkeys(("pow", "power"), (2, "{0}^{1}")),
    "square": (1, "{0}^2"),
    "inverse": (1, "1 / {0}"),
    **dict.fromkeys(("where", "ifelse"), (3, "if {0} then {1} else {2}")),
    **dict.fromkeys(("dot", "matmul"), (2, "sum({0} * {1}, over = {over})")),
}
"""Functions of other languages that are operators of this one, with the number of their arguments."""


def _in_own_words(name: str, expression: tree.Call, context: Context) -> str:
    """What a call of a function of another language is in this one, with the author's arguments."""
    count, form = _OPERATORS.get(name.lower(), (0, ""))
    arguments = [each for each in expression.arguments if not isinstance(each, tree.Named)]
    if not form or not len(arguments) == len(expression.arguments) == count:
        return ""
    shown = [context.written(each.span) for each in arguments]
    if count < 3:
        compound = tree.Binary | tree.Unary | tree.Conditional
        shown = [
            f"({text})" if isinstance(each, compound) else text for text, each in zip(shown, arguments, strict=True)
        ]
    first, *rest = (dims_at_sight([each], context) for each in arguments)
    shared = [dim for dim in first if all(dim in dims for dims in rest)]
    return f"did you mean `{form.format(*shown, over=in_brackets(shared or ['…']))}`?"


def _no_identity(expression: tree.Call, context: Context) -> Typed:
    if not context.problems:
        count = are(len(expression.arguments))
        at = expression.span
        context.report(WrongArgumentCount(at=at, function="identity", expected="one dimension", found=count))
    return poison(expression.span)


def _apply(function: Function, expression: tree.Call, context: Context) -> Typed:
    for argument in expression.arguments:
        if isinstance(argument, tree.Named):
            hint = f"`{function.name}` takes its {plural(function.arity, 'argument')} without a name"
            return context.report(
                UnknownArgument(at=argument.name_span, function=function.name, name=argument.name, hint=hint)
            )
    count = len(expression.arguments)
    if count != function.arity:
        expected = plural(function.arity, "argument")
        hint = _of_so_many(function, expression, context)
        return context.report(
            WrongArgumentCount(
                at=expression.span, function=function.name, expected=expected, found=are(count), hint=hint
            )
        )
    parts = [number(argument, context) for argument in expression.arguments if not isinstance(argument, tree.Named)]
    for part in parts:
        problem = _outside_domain(part, function, context)
        if problem is not None:
            context.report(problem)
            if isinstance(problem, FunctionDomain):
                return poison(expression.span)
    dims = union(*(part.dims for part in parts))
    nodes = tuple(part.node for part in parts)
    node = ir.Apply(span=expression.span, function=function.name, arguments=nodes, dims=dims)
    spread = parts[0].spread if function.exact else None
    return combined(node, function.image(*(part.support for part in parts)), *parts, spread=spread)


def _of_so_many(function: Function, expression: tree.Call, context: Context) -> str:
    """What is meant by a call with another number of arguments than the function takes; empty where it is not sure."""
    arguments = [each for each in expression.arguments if not isinstance(each, tree.Named)]
    shown = [context.written(each.span) for each in arguments]
    match function.name, arguments:
        case "log", (_, _):
            return f"write `log10({shown[0]})`" if shown[1] == "10" else f"write `log({shown[0]}) / log({shown[1]})`"
        case "minimum" | "maximum" as name, (one,):
            over = in_brackets(dims_at_sight([one], context) or ("…",))
            return f"the {'smallest' if name == 'minimum' else 'largest'} of many is `{name[:3]}({shown[0]}, over = {over})`"
    return ""


def _outside_domain(part: Typed, function: Function, context: Context) -> Problem | None:
    found = fit(part, function.domain, context)
    if found is Fit.FITS:
        return None
    at, expected, values = part.node.span, str(function.domain), str(part.support)
    if found is Fit.MAY_LEAVE:
        return MayLeaveSupport(at=at, what=function.name, expected=expected, found=values)
    hint = how_to_narrow(part, function.domain, context)
    return FunctionDomain(at=at, function=function.name, expected=expected, found=values, hint=hint)


# ------------------------------------------------------------------------------------------------------- reductions


def _reduce(reduction: Reduction, expression: tree.Call, context: Context) -> Typed:
    operands = [argument for argument in expression.arguments if not isinstance(argument, tree.Named)]
    named = [argument for argument in expression.arguments if isinstance(argument, tree.Named)]
    for argument in named:
        if argument.name != "over":
            along = argument.value.name if isinstance(argument.value, tree.Name) else ""
            dims = (along,) if along in context.dims else dims_at_sight(operands, context)
            otherwise = f"it is written {listing(f'over = {dim}' for dim in dims or ('k',))}"
            hint = did_you_mean(argument.name, ["over"], otherwise=otherwise)
            return context.report(
                UnknownArgument(at=argument.name_span, function=reduction.name, name=argument.name, hint=hint)
            )
    if len(named) > 1:
        several = [each.value.name if isinstance(each.value, tree.Name) else "…" for each in named]
        hint = f"several dimensions are written as a list: `over = [{', '.join(several)}]`"
        return context.report(GivenTwice(at=named[1].span, owner=reduction.name, name="over", hint=hint))
    hint = listing(f"over = {dim}" for dim in dims_at_sight(operands, context))
    over = dimensions(named[0].value, context, hint and f"write {hint}") if named else ()
    if over is None:
        return poison(expression.span)
    if len(operands) != 1:
        hint = ""
        shown = [context.written(each.span) for each in operands]
        if len(operands) == 2 and not named and isinstance(operands[1], tree.Name) and shown[1] in context.dims:
            hint = f"write `over = {operands[1].name}`"
        elif reduction.name == "sum" and len(operands) > 1:
            added = " + ".join(shown)
            hint = f"did you mean `sum({added}, over = {in_brackets(over)})`?" if over else f"did you mean `{added}`?"
        elif reduction.name in ("max", "min") and len(operands) == 2:
            which = "larger" if reduction.name == "max" else "smaller"
            hint = f"the {which} of two is `{reduction.name}imum({', '.join(shown)})`"
        expected = "one argument and `over = …`"
        return context.report(
            WrongArgumentCount(
                at=expression.span, function=reduction.name, expected=expected, found=are(len(operands)), hint=hint
            )
        )
    operand = number(operands[0], context.over(over))
    if not operand.sound:
        return poison(expression.span)
    if not named:
        hint = "there is no dimension to consume here: take it out"
        if operand.dims:
            hint = f"write {listing(f'over = {dim}' for dim in operand.dims)}"
        return context.report(ReductionWithoutDimension(at=expression.span, function=reduction.name, hint=hint))
    for dim in over:
        if dim not in operand.dims:
            hint = f"it ranges over {listing(operand.dims, last='and')}" if operand.dims else "it is a single number"
            return context.report(ReducesNothing(at=operands[0].span, function=reduction.name, dim=dim, hint=hint))
    if reduction.keeps and len(over) != 1:
        hint = f"`{reduction.name}` goes along one dimension at a time"
        return context.report(NotADimensionName(at=named[0].value.span, hint=hint))
    dims = operand.dims if reduction.keeps else tuple(dim for dim in operand.dims if dim not in over)
    node = ir.Reduce(span=expression.span, function=reduction.name, operand=operand.node, over=over, dims=dims)
    # A sum of numbers that take every real value does so too.
    spread = operand.spread if reduction.name in ("sum", "mean") and operand.support == REAL else None
    return within(combined(node, reduction.image(operand.support), operand, spread=spread), context)


def dims_at_sight(operands: Sequence[tree.Expression], context: Context) -> tuple[str, ...]:
    """The dimensions of plain arithmetic of names, as far as one sees them; none of anything else."""
    found: tuple[str, ...] = ()
    for operand in operands:
        match ungrouped(operand):
            case tree.Name(name=name):
                found = union(found, context.known[name].dims if name in context.known else ())
            case tree.Binary(left=left, right=right, operator=sign) if sign != "@":
                found = union(found, dims_at_sight((left, right), context))
            case tree.Unary(operand=part):
                found = union(found, dims_at_sight((part,), context))
            case tree.Call(function=tree.Name(name=name), arguments=parts) if name in FUNCTIONS:
                found = union(
                    found, dims_at_sight([each for each in parts if not isinstance(each, tree.Named)], context)
                )
    return found


def dimensions(value: tree.Expression, context: Context, hint: str = "") -> tuple[str, ...] | None:
    """The dimensions that `over = k` or `over = [j, k]` names; `hint` is what to write where it names none."""
    items = value.items if isinstance(value, tree.Listing) else (value,)
    found = [dimension(item, context, hint) for item in items]
    if not found:
        context.report(NotADimensionName(at=value.span, hint=hint))
    names = tuple(dict.fromkeys(dim for dim in found if dim is not None))
    return names if found and None not in found else None


def dimension(value: tree.Expression, context: Context, hint: str = "") -> str | None:
    """The dimension that an expression names; UQ203, UQ226 where it does not."""
    if isinstance(value, tree.Primed):
        base = dimension(value.value, context, hint)
        return base if base is None else base + "'" * value.primes
    if not isinstance(value, tree.Name):
        name = tree.dotted(value)
        if name is not None and context.declarations.owner(name) is not None:
            return _no_dimension(name, value.span, context)
        if isinstance(value, tree.Text) and value.value in context.dims:
            hint = f"without quotes: `{value.value}`"
        context.report(NotADimensionName(at=value.span, hint=hint))
        return None
    return value.name if value.name in context.dims else _no_dimension(value.name, value.span, context)


def _no_dimension(name: str, at: Span, context: Context) -> None:
    if not context.declarations.may_declare(name):
        hint = did_you_mean(name, context.dims)
        if not hint and name in context.declarations.categories:
            hint = f"did you mean `{context.declarations.categories[name]}`?"
        problem = not_in_file(at, name, context.declarations)
        context.report(problem or UnknownDimension(at=at, dim=name, hint=hint))
