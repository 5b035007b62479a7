"""Recurrences: statements that need what they, or each other, were at earlier places along a dimension."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Problem, Span
from uqdsl.messages.catalogue.names import CannotRecur
from uqdsl.semantics.walk import is_lag, names_in, ungrouped
from uqdsl.syntax import tree


class Use(NamedTuple):
    """That a statement uses a name, and whether only as it was before along a dimension (`along`)."""

    name: str
    span: Span
    along: str | None = None


def uses_of(statement: tree.Node, dims: Mapping[str, ir.Dim]) -> tuple[Use, ...]:
    """The names that a statement uses, and how; looking along a dimension with a boundary is no looking back."""
    open_ended = {name for name, dim in dims.items() if dim.boundary is None}
    of_dims = {name.span for name in _dimensions(statement, dims)}
    found = [Use(name.name, name.span) for name in names_in(statement, steps=open_ended) if name.span not in of_dims]
    for select in _all_of(tree.Select, statement):
        along = next((_along(each) for each in select.selectors if is_lag(each, open_ended)), None)
        if along is not None:
            found += [Use(name.name, name.span, along) for name in names_in(select.value)]
    return tuple(found)


def _dimensions(statement: tree.Node, dims: Mapping[str, ir.Dim]) -> Iterator[tree.Name]:
    """The names that stand for a dimension, even where its category column is called the same."""
    target = getattr(statement, "target", None)
    axes = {axis.name for axis in target.axes} if isinstance(target, tree.Target) else set()
    for select in _all_of(tree.Select, statement):
        yield from (each for each in select.selectors if isinstance(each, tree.Name) and each.name in axes)
    for named in _all_of(tree.Named, statement):
        if named.name in ("over", "event"):
            yield from (each for each in names_in(named.value) if each.name in dims)


def _all_of[T: tree.Node](kind: type[T], node: object) -> Iterator[T]:
    """Every node of a kind within another."""
    if isinstance(node, kind):
        yield node
    if isinstance(node, tree.Node):
        for slot in type(node).__slots__:
            yield from _all_of(kind, getattr(node, slot))
    elif isinstance(node, tuple) and not hasattr(node, "_fields"):
        for item in node:
            yield from _all_of(kind, item)


def _along(selector: tree.Expression | tree.Named) -> str:
    step = ungrouped(selector.value if isinstance(selector, tree.Named) else selector)
    left = ungrouped(step.left) if isinstance(step, tree.Binary) else None
    return left.name if isinstance(left, tree.Name) else ""


def find_recurrences(uses: Mapping[str, Sequence[Use]]) -> dict[str, tuple[str, ...]]:
    """For each statement that is part of a recurrence, all that are, as written.

    These are the strongly connected components of the graph of uses that hold a use of what was before (Tarjan 1972).
    """
    found: dict[str, tuple[str, ...]] = {}
    for component in _components({name: [use.name for use in each] for name, each in uses.items()}):
        members = tuple(name for name in uses if name in component)
        if any(use.along and use.name in component for name in members for use in uses[name]):
            found |= dict.fromkeys(members, members)
    return found


def _components(graph: Mapping[str, Sequence[str]]) -> Iterator[set[str]]:
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    for first in graph:
        waiting = [(first, iter(graph[first]))] if first not in index else []
        while waiting:
            name, rest = waiting[-1]
            if name not in index:
                index[name] = low[name] = len(index)
                path.append(name)
            used = next((each for each in rest if each in graph), None)
            if used is not None:
                if used not in index:
                    waiting.append((used, iter(graph[used])))
                elif used in path:
                    low[name] = min(low[name], index[used])
                continue
            waiting.pop()
            if waiting:
                low[waiting[-1][0]] = min(low[waiting[-1][0]], low[name])
            if low[name] == index[name]:
                start = path.index(name)
                yield set(path[start:])
                del path[start:]


class Resolved(NamedTuple):
    """A recurrence in statements that can be computed one after the other."""

    statements: tuple[ir.Unknown | ir.Quantity, ...]
    problems: tuple[Problem, ...]


def resolve_recurrence(members: Sequence[ir.Unknown | ir.Quantity]) -> Resolved:
    """Bring a recurrence into its least form.

    A quantity that does not itself look back is written out where it is used, and computed afterwards. What is left are
    quantities that are followed together, or one unknown whose law looks back.
    """
    simple = {each.name: each for each in members if isinstance(each, ir.Quantity) and each.past is None}
    written = _written_out(simple)
    recurrent = [_in_terms_of(each, written) for each in members if each.name not in simple]
    unknowns = [each for each in recurrent if isinstance(each, ir.Unknown)]
    quantities = [each for each in recurrent if isinstance(each, ir.Quantity)]
    problem = _along_one(recurrent)
    if problem is None and len(unknowns) > 1:
        names = " and ".join(f"`{each.name}`" for each in unknowns)
        reason = f"{names} each need what the other was before"
        hint = "write them as one unknown over a dimension, as in `prior x[t, k] ~ …`, or make them `noncentered`"
        problem = CannotRecur(at=unknowns[1].span, reason=reason, hint=hint)
    if problem is None and unknowns and quantities:
        (unknown,) = unknowns
        after = {each.name: each.value for each in quantities}
        if any(ir.names_used(value) & after.keys() for value in after.values()):
            reason = f"`{quantities[0].name}` needs both its own past and that of the unknown `{unknown.name}`"
            problem = CannotRecur(at=quantities[0].span, reason=reason, hint=f"make `{unknown.name}` `noncentered`")
        else:
            recurrent = [_with_start(_in_terms_of(unknown, after), unknown, quantities), *quantities]
    if problem is not None:
        return Resolved((), (problem,))
    if not unknowns:
        together = tuple(each.name for each in quantities)
        recurrent = [each.model_copy(update={"together": together}) for each in quantities]
    return Resolved((*recurrent, *simple.values()), ())


def _with_start(unknown: ir.Unknown, before: ir.Unknown, quantities: Sequence[ir.Quantity]) -> ir.Unknown:
    """An unknown whose law looks back through quantities that were written out in it, with the start that they give it."""
    past = next(each.past for each in quantities if each.past is not None)
    if unknown.past is not None:
        return unknown
    laws = []
    for place in range(past.steps):
        starts = {
            each.name: each.past.values[place if len(each.past.values) > 1 else 0]
            for each in quantities
            if each.past is not None
        }
        laws.append(ir.at_place(_substituted(before.law, starts), past.along, place))
    return unknown.model_copy(update={"past": past.model_copy(update={"values": (), "laws": tuple(laws)})})


def _along_one(members: Sequence[ir.Unknown | ir.Quantity]) -> Problem | None:
    """What is wrong where members look back along several dimensions, or start with different numbers of places."""
    pasts = {each.name: each.past for each in members if each.past is not None}
    if len({past.along for past in pasts.values()}) > 1:
        names = " and ".join(f"`{each}`" for each in sorted({past.along for past in pasts.values()}))
        return CannotRecur(at=members[0].span, reason=f"it goes along {names} at once")
    quantities = [each for each in members if isinstance(each, ir.Quantity) and each.past is not None]
    steps = {each.name: each.past.steps for each in quantities if each.past is not None}
    if len(set(steps.values())) > 1:
        most = max(steps, key=lambda name: steps[name])
        least = min(quantities, key=lambda each: steps[each.name])
        reason = f"`{most}` starts with {steps[most]} values and `{least.name}` with {steps[least.name]}"
        hint = f"give `{least.name}` as many: `starting at […, …]`, oldest first"
        return CannotRecur(at=least.span, reason=reason, hint=hint)
    return None


def _written_out(simple: Mapping[str, ir.Quantity]) -> dict[str, ir.Expression]:
    """The value of each quantity, with the others written out in it; they stand in order."""
    found: dict[str, ir.Expression] = {}
    for name, each in simple.items():
        found[name] = _substituted(each.value, found)
    return found


def _in_terms_of[T: ir.Unknown | ir.Quantity](statement: T, values: Mapping[str, ir.Expression]) -> T:
    """A statement with quantities written out in its value or law; its start is as it was."""
    if isinstance(statement, ir.Quantity):
        return statement.model_copy(update={"value": _substituted(statement.value, values)})
    return statement.model_copy(update={"law": _substituted(statement.law, values)})


def _substituted[T](part: T, values: Mapping[str, ir.Expression]) -> T:
    def change(node: ir.Node) -> ir.Node | None:
        match node:
            case ir.Shift(value=ir.Reference(name=name), along=along, steps=steps, lag=lag) if name in values:
                if lag is None:
                    return ir.shifted(values[name], along, steps)
                whole = node.model_copy(update={"value": values[name]})
                return ir.shifted(whole, along, 0)
            case ir.Reference(name=name) if name in values:
                return values[name]
        return None

    return ir.rewrite(part, change)
