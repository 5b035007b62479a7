"""Selecting: `a[county]`, `b[district[school]]`, `x["x1"]`, `x[first]`, `x[grid = 3]`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from uqdsl import ir
from uqdsl.messages import Label, Problem, Span, SpecError, closest, did_you_mean, listing
from uqdsl.messages.catalogue.kinds import GivenTwice
from uqdsl.messages.catalogue.names import (
    NoBoundary,
    NoSuchDimension,
    NothingToSelect,
    UnclearCopy,
    UnclearSelection,
    UndeclaredName,
    UnknownLabel,
    WrongLag,
)
from uqdsl.semantics.constants import evaluate, numeral
from uqdsl.semantics.context import Context, Known, Typed, poison, union
from uqdsl.semantics.declare import What
from uqdsl.semantics.walk import is_lag, ungrouped
from uqdsl.syntax import tree
from uqdsl.vocabulary.supports import BINARY

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
    if not selectors:
        return context.report(UnclearSelection(at=expression.span, name=_named(expression), hint=_WAYS))
    found, selectors = _copied(base, selectors, expression, context)
    copies = _along_copies(found, selectors)
    for selector in selectors:
        if not found.sound:
            return poison(expression.span)
        if is_lag(selector, context.dims):
            found = shifted(found, selector, expression, context)
            continue
        if isinstance(selector, tree.Named) and selector.name not in found.dims and base.dims:
            if selector.name in base.dims:
                problem = GivenTwice(at=selector.span, owner=_named(expression), name=selector.name)
                return context.report(problem)
            value = context.written(selector.value.span)
            return _no_such_dimension(base, selector.name, selector.name_span, expression, context, value)
        if not found.dims:
            return context.report(_nothing_left(base, selector, expression, context))
        if not isinstance(selector, tree.Named):
            found = _select(found, copies.get(selector.span), ungrouped(selector), expression, context, lower)
        else:
            found = _select(found, selector.name, ungrouped(selector.value), expression, context, lower)
    return found


def _copied(
    base: Typed, selectors: tuple[tree.Expression | tree.Named, ...], expression: tree.Select, context: Context
) -> tuple[Typed, tuple[tree.Expression | tree.Named, ...]]:
    """`base` with the dimensions renamed that are selected as copies, as in `x[t, site']`, and the other selectors.

    Where a value has several copies of a dimension, as many are named, and stand for them in their order.
    """
    wanted: dict[str, list[str]] = {}
    spans: dict[str, Span] = {}
    others = []
    for selector in selectors:
        name = copy_named(selector, context)
        several = name is not None and sum(ir.base(each) == ir.base(name) for each in base.dims) > 1
        if name is None or not (several or name != ir.base(name)):
            others.append(selector)
            continue
        wanted.setdefault(ir.base(name), []).append(name)
        spans.setdefault(ir.base(name), selector.span)
    names: list[tuple[str, str]] = []
    for dim, copies in wanted.items():
        has = [each for each in base.dims if ir.base(each) == dim]
        if not has:
            return _no_such_dimension(base, dim, spans[dim], expression, context), ()
        if len(copies) == len(has):
            names += [pair for pair in zip(has, copies, strict=True) if pair[0] != pair[1]]
        elif not set(copies) <= set(has):
            hint = f"it ranges over {listing(has, last='and')}: name as many"
            return context.report(UnclearSelection(at=spans[dim], name=_named(expression), hint=hint)), ()
    return renamed(base, tuple(names), expression.span), tuple(others)


def _along_copies(base: Typed, selectors: tuple[tree.Expression | tree.Named, ...]) -> dict[Span, str]:
    """Where as many labels are given as a value has copies of a dimension, the one that each stands for: row, column."""
    groups: dict[str, list[str]] = {}
    for dim in base.dims:
        groups.setdefault(ir.base(dim), []).append(dim)
    several = [dims for dims in groups.values() if len(dims) > 1]
    unnamed = [each for each in selectors if not isinstance(each, tree.Named)]
    labels = [each.span for each in unnamed if isinstance(ungrouped(each), tree.Text | tree.Number | tree.Unary)]
    if len(several) != 1 or len(several[0]) != len(labels):
        return {}
    return dict(zip(labels, several[0], strict=True))


def copy_named(selector: tree.Expression | tree.Named, context: Context) -> str | None:
    """The dimension, or copy of one, that a selector names."""
    match ungrouped(selector) if not isinstance(selector, tree.Named) else selector:
        case tree.Name(name=name) if name in context.dims:
            return name
        case tree.Primed(value=tree.Name(name=name), primes=primes) if name in context.dims:
            return name + "'" * primes
    return None


def renamed(found: Typed, names: tuple[tuple[str, str], ...], span: Span) -> Typed:
    """A value over other copies of its dimensions."""
    if not names or not found.sound:
        return found if found.sound else poison(span)
    new = dict(names)
    dims = tuple(new.get(dim, dim) for dim in found.dims)
    return found._replace(node=ir.Rename(span=span, value=found.node, names=names, dims=dims))


def primed(found: Typed, expression: tree.Primed, context: Context) -> Typed:
    """`x'`: a value along a copy of its only dimension."""
    if not found.sound:
        return poison(expression.span)
    if len(found.dims) != 1:
        name = expression.value.name if isinstance(expression.value, tree.Name) else None
        hint = f"say which: {listing(f"{name or 'x'}[{dim}']" for dim in found.dims)}"
        if not found.dims:
            hint = f"take `{"'" * expression.primes}` out: one number has no copies"
        count = f"{len(found.dims)}" if found.dims else "none"
        what = f"`{name}`" if name else "this"
        return context.report(UnclearCopy(at=expression.span, what=what, found=count, hint=hint))
    (dim,) = found.dims
    return renamed(found, ((dim, dim + "'" * expression.primes),), expression.span)


def shifted(found: Typed, selector: tree.Expression | tree.Named, expression: tree.Select, context: Context) -> Typed:
    """`x[grid + 1]`, `y[t - 2]`, `y[t - lag]`: a value at another place along one of its dimensions."""
    step = ungrouped(selector.value if isinstance(selector, tree.Named) else selector)
    if not isinstance(step, tree.Binary) or not isinstance(left := ungrouped(step.left), tree.Name):
        return poison(selector.span)
    along = left.name
    if along not in found.dims:
        return _no_such_dimension(found, along, left.span, expression, context)
    steps, lag = _steps(step, along, context)
    if steps is None:
        return poison(step.span)
    if context.dims[along].boundary is None:
        back = max(_steps_back(lag, context)) if lag else -steps
        if not context.looks_back(along, back):
            return context.report(NoBoundary(at=selector.span, dim=along))
    dims = union(found.dims, (lag,)) if lag else found.dims
    node = ir.Shift(span=expression.span, value=found.node, along=along, steps=steps, lag=lag, dims=dims)
    return found._replace(node=node)


def _steps(step: tree.Binary, along: str, context: Context) -> tuple[int | None, str | None]:
    """How many places on a step goes, or the dimension whose labels say how many places back."""
    amount = ungrouped(step.right)
    at, hint = amount.span, f"as in `{along} - 1`"
    if isinstance(amount, tree.Name) and amount.name in context.dims:
        labels = _labels(context.dims[amount.name]) or ()
        if not labels or step.operator != "-" or not all(isinstance(each, int) and each > 0 for each in labels):
            hint = f"give it its labels, the steps back: `dim {amount.name} = 2` or `dim {amount.name} = [1, 12]`"
            context.report(WrongLag(at=at, dim=along, what=f"`{amount.name}`", hint=hint))
            return None, None
        return 0, amount.name
    try:
        value = evaluate(amount, context.settings)
    except SpecError as error:
        context.problems.extend(error.problems)
        return None, None
    if not isinstance(value, int) or isinstance(value, bool):
        context.report(WrongLag(at=at, dim=along, what=f"`{value}`", hint=hint))
        return None, None
    return (value if step.operator == "+" else -value), None


def _steps_back(lag: str, context: Context) -> list[int]:
    return [each for each in _labels(context.dims[lag]) or () if isinstance(each, int)]


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
    if not base.dims and not hint:
        hint = f"take the brackets out: `{context.written(expression.value.span)}` is one number"
    further = "further " if base.dims else ""
    return NothingToSelect(at=selector.span, what=what, further=further, others=others, hint=hint)


def _no_such_dimension(
    found: Typed, dim: str, span: Span, expression: tree.Select, context: Context, value: str = ""
) -> Typed:
    name = _named(expression)
    hint = did_you_mean(dim, found.dims)
    if not hint and len(found.dims) == 1:
        named = f"{found.dims[0]} = {value}" if value else found.dims[0]
        hint = f"did you mean `{name}[{named}]`?"
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
        case tree.Name(name=name) if (word := context.declarations.word(name)) in ("first", "last"):
            return _by_position(found, along, 0 if word == "first" else -1, index.span, expression, context)
        case tree.Call(function=tree.Name(name=name)) if context.declarations.word(name) == "at":
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
        hint = _meant_by_index(index.name, found.dims, columns, context)
        return context.report(UndeclaredName(at=index.span, name=index.name, hint=hint))
    if isinstance(index, tree.Name) and (times := context.known.get(index.name)) is not None and times.axis is not None:
        return _at_times(found, along, index, times, expression, context)
    where = lower(index, context)
    if not where.sound:
        return where
    if where.category is None:
        moved = [name for name in ir.names_used(where.node) if (known := context.known.get(name)) and known.axis]
        if moved and not isinstance(where.node, ir.Reference):
            hint = f"a state is asked for at the times of a field: give the data another one beside `{moved[0]}`"
            return context.report(UnclearSelection(at=index.span, name=_named(expression), hint=hint))
        if along is not None and isinstance(index, tree.Name) and _is_coordinate(where, index, context):
            return _between(found, along, where, expression)
        hint = _as_category(where, along or found.dims[0], context) or _WAYS
        return context.report(UnclearSelection(at=index.span, name=_named(expression), hint=hint))
    along = along or where.category
    if along not in found.dims or where.category != along:
        return _no_such_dimension(found, where.category, index.span, expression, context)
    dims = union(*(where.dims if dim == along else (dim,) for dim in found.dims))
    node = ir.Gather(span=expression.span, value=found.node, along=along, index=where.node, dims=dims)
    return found._replace(node=node)


def _is_coordinate(where: Typed, index: tree.Name, context: Context) -> bool:
    """Whether an index is a field of real numbers."""
    declared = context.declarations.values.get(index.name)
    return not where.support.integer and declared is not None and declared.what is What.FIELD


def _between(found: Typed, along: str, where: Typed, expression: tree.Select) -> Typed:
    """`x[grid = site]`: a value at places between the labels of a dimension."""
    dims = union(*(where.dims if dim == along else (dim,) for dim in found.dims))
    node = ir.Gather(span=expression.span, value=found.node, along=along, index=where.node, between=True, dims=dims)
    return found._replace(node=node, support=found.support._replace(integer=False), spread=None)


def _meant_by_index(name: str, dims: tuple[str, ...], columns: list[str], context: Context) -> str:
    """What is meant by a name in brackets that nothing declares: a label without its quotes, or another name."""
    labels = [_labels(context.dims[ir.base(dim)]) for dim in dims]
    if any(name in (each or ()) for each in labels):
        return f'did you mean `"{name}"`?'
    otherwise = f"select by {listing([*dims, *columns])}"
    if None in labels:
        otherwise += f', or by a label in quotes: `"{name}"`'
    return did_you_mean(name, [*dims, *columns], otherwise=otherwise)


def _at_times(
    found: Typed, along: str | None, index: tree.Name, times: Known, expression: tree.Select, context: Context
) -> Typed:
    """`x[t = when]`: a state at recorded times."""
    axis = times.axis or ""
    if axis not in found.dims or along not in (None, axis):
        return _no_such_dimension(found, along or axis, index.span, expression, context)
    declared = context.declarations.values.get(_named(expression))
    if not isinstance(found.node, ir.Reference) or declared is None or declared.what is not What.STATE:
        hint = f"only a state is known between the times of `{axis}`"
        return context.report(UnclearSelection(at=index.span, name=_named(expression), hint=hint))
    dims = union(times.dims, tuple(dim for dim in found.dims if dim != axis))
    when = ir.Reference(span=index.span, name=index.name, dims=times.dims)
    return found._replace(node=ir.AtTimes(span=expression.span, state=found.node, times=when, dims=dims))


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
    hint = f"say which: {listing(f'{name}[{dim} = …]' for dim in found.dims if dim == ir.base(dim))}"
    if any(dim != ir.base(dim) for dim in found.dims):
        hint += ", or give a label for each copy"
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
        along = _holder(label, {dim: context.dims[ir.base(dim)] for dim in found.dims})
    along = _only_dimension(found, along, span, expression, context)
    if along is None:
        return poison(span)
    if not _verify_label(label, along, span, context):
        return poison(span)
    dims = tuple(each for each in found.dims if each != along)
    node = ir.Pick(span=expression.span, value=found.node, along=along, label=label, dims=dims)
    return found._replace(node=node)


def _verify_label(label: str | float, along: str, span: Span, context: Context) -> bool:
    """UQ218 for a label that a dimension is known not to have."""
    dim = context.dims[ir.base(along)]
    labels = _labels(dim)
    if labels is None or label in labels:
        return True
    shown = f'"{label}"' if isinstance(label, str) else f"`{label}`"
    near = closest(label, (str(each) for each in islice(labels, 1000))) if isinstance(label, str) else None
    hint = f'did you mean `"{near}"`?' if near else _which_labels(dim)
    context.report(UnknownLabel(at=span, dim=along, shown=shown, hint=hint))
    return False


def label_written(expression: tree.Expression) -> str | float | None:
    """The label that a text or a number stands for; None for anything else."""
    match ungrouped(expression):
        case tree.Text(value=value):
            return value
        case tree.Number() as written:
            return numeral(written)
        case tree.Unary(operator="-", operand=tree.Number() as written):
            return -numeral(written)
    return None


def compared(found: Typed, label: str | float, expression: tree.Binary, at: Span, context: Context) -> Typed:
    """`arm == "drug"`: where a category is, or is not, a label of its dimension."""
    dim = ir.base(found.category or "")
    if not _verify_label(label, dim, at, context):
        return poison(expression.span)
    position = ir.LabelPosition(span=at, dim=dim, label=label)
    operands = (found.node, position)
    node = ir.Operation(span=expression.span, operator=expression.operator, operands=operands, dims=found.dims)
    return Typed(node, BINARY, random=found.random)


def _holder(label: str | float, dims: dict[str, ir.Dim]) -> str | None:
    """The one dimension that has a label, or else the one that could have one of its kind."""
    holders = [name for name, dim in dims.items() if label in (_labels(dim) or ())]
    if not holders:
        text = isinstance(label, str)
        for name, dim in dims.items():
            kinds = {isinstance(each, str) for each in dim.labels or ()}
            if text in kinds if dim.labels else dim.size is None or not text:
                holders.append(name)
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
    labels = _labels(context.dims[ir.base(along)])
    if labels is not None and position >= len(labels):
        hint = f"it has {len(labels)} labels, at positions 0 to {len(labels) - 1}"
        return context.report(UnknownLabel(at=span, dim=along, shown=f"at position {position}", hint=hint))
    dims = tuple(each for each in found.dims if each != along)
    node = ir.Pick(span=expression.span, value=found.node, along=along, position=position, dims=dims)
    return found._replace(node=node)
