"""Functions of the author's: `function hill(x, k, n) = x^n / (k^n + x^n)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Label, Problem, Span
from uqdsl.messages.catalogue.kinds import UnknownArgument, WrongArgumentCount
from uqdsl.messages.catalogue.names import Cycle, DeclaredTwice, NotAParameter, WrongArgumentDimensions
from uqdsl.semantics.constants import Settings
from uqdsl.semantics.context import Context, Known, Typed, poison, union
from uqdsl.semantics.declare import Declarations, What
from uqdsl.semantics.externs import lower_extern, own_axes
from uqdsl.semantics.walk import names_in
from uqdsl.semantics.wording import are, over, plural
from uqdsl.syntax import tree
from uqdsl.vocabulary.functions import CONSTANTS
from uqdsl.vocabulary.supports import KINDS

type Lower = Callable[[tree.Expression, Context], Typed]


class Signature(NamedTuple):
    """A function as declared: its parameters with the dimensions that each is over."""

    name: str
    parameters: tuple[tuple[str, tuple[str, ...]], ...]
    value: tree.Expression | ir.Extern
    """What it is, or where it is had from."""
    span: Span
    """Of its statement."""
    said: set[tuple[type[Problem], Span | None]]
    """The problems that it has whatever it is given, and that no call repeats."""
    weights: tuple[ir.Weights, ...] = ()
    """Of the networks that it calls, itself or through others."""


def signatures(
    spec: tree.Tree,
    declarations: Declarations,
    dims: Mapping[str, ir.Dim],
    networks: Mapping[str, ir.Network],
    problems: list[Problem],
) -> dict[str, Signature]:
    """The functions that a spec declares, the first of each name."""
    found: dict[str, Signature] = {}
    for statement in spec.statements:
        if not isinstance(statement, tree.Function | tree.Extern):
            continue
        name, before = statement.name.name, len(problems)
        parameters = tuple((each.name, own_axes(each, declarations, dims, problems)) for each in statement.parameters)
        seen: dict[str, Span] = {}
        for each in statement.parameters:
            if each.name in seen:
                others = (Label(seen[each.name], "first declared here"),)
                problems.append(DeclaredTwice(at=each.name_span, name=each.name, others=others))
            seen.setdefault(each.name, each.name_span)
        if isinstance(statement, tree.Extern):
            value = lower_extern(statement, parameters, declarations, dims, problems)
        else:
            value = statement.value
        if value is not None and len(problems) == before:
            found.setdefault(name, Signature(name, parameters, value, statement.span, set()))
    return {name: each._replace(weights=_weights(name, found, networks)) for name, each in found.items()}


def _weights(
    name: str, declared: Mapping[str, Signature], networks: Mapping[str, ir.Network]
) -> tuple[ir.Weights, ...]:
    """The weights of the networks that a function calls, itself or through others."""
    waiting, seen, found = [name], {name}, dict[str, ir.Weights]()
    while waiting:
        value = declared[waiting.pop()].value
        if isinstance(value, ir.Extern):
            continue
        for each in names_in(value):
            if each.name in networks:
                found |= {own.name: own for own in networks[each.name].handed}
            elif each.name in declared and each.name not in seen:
                seen.add(each.name)
                waiting.append(each.name)
    return tuple(found.values())


def lower_functions(
    declared: Mapping[str, Signature],
    declarations: Declarations,
    dims: Mapping[str, ir.Dim],
    settings: Settings,
    known: Mapping[str, Known],
    networks: Mapping[str, ir.Network],
    lower: Lower,
) -> tuple[tuple[ir.Function, ...], list[Problem]]:
    """The definitions, each after those that it calls, of functions whose arguments may be over anything."""
    written = {name: each.value for name, each in declared.items() if not isinstance(each.value, ir.Extern)}
    found: dict[str, ir.Function] = {}
    problems: list[Problem] = []

    def visit(name: str) -> None:
        signature = declared[name]
        calls = {each.name for each in names_in(written[name])} & written.keys()
        for each in calls - found.keys() - {name}:
            if each not in started:
                started.add(each)
                visit(each)
        context = Context(declarations, {}, settings, dims, owner=name, functions=declared, networks=networks)
        given = [Typed(ir.Constant(value=0), sound=True)] * len(signature.parameters)
        for axes, place in zip((axes for _, axes in signature.parameters), range(len(given)), strict=True):
            given[place] = Typed(ir.Reference(name="…", dims=("…", *axes)))
        value = _body(signature, given, known, context, lower)
        problems.extend(dict.fromkeys(context.problems))
        signature.said.update((type(each), each.at) for each in context.problems)
        if value.sound:
            found[name] = ir.Function(
                span=signature.span,
                name=name,
                parameters=signature.parameters,
                value=value.node,
                weights=signature.weights,
            )

    started: set[str] = set()
    for name in written:
        if name not in started:
            started.add(name)
            visit(name)
    return tuple(found.values()), problems


def refused_arguments(
    name: str, expression: tree.Call, expected: str, count: int, context: Context, hint: str = ""
) -> Typed | None:
    """UQ206 and the like for arguments with names, or of another number than is `expected`; None where they are well."""
    for argument in expression.arguments:
        if isinstance(argument, tree.Named):
            unnamed = f"`{name}` takes its {expected} without a name"
            return context.report(
                UnknownArgument(at=argument.name_span, function=name, name=argument.name, hint=unnamed)
            )
    if len(expression.arguments) == count:
        return None
    found = are(len(expression.arguments))
    return context.report(
        WrongArgumentCount(at=expression.span, function=name, expected=expected, found=found, hint=hint)
    )


def call(signature: Signature, expression: tree.Call, context: Context, lower: Lower) -> Typed:
    """A call of a function of the author's, checked for the arguments that it is given here."""
    name, parameters = signature.name, signature.parameters
    declared = f"it is declared as `{name}({', '.join(_shown(*each) for each in parameters)})`"
    refused = refused_arguments(
        name, expression, plural(len(parameters), "argument"), len(parameters), context, declared
    )
    if refused is not None:
        return refused
    if name in context.calls:
        path = [*context.calls[context.calls.index(name) :], name]
        shown = " → ".join(f"`{each}`" for each in path)
        return context.report(Cycle(at=expression.span, name=name, path=shown, hint="a function cannot call itself"))
    given = []
    for each, (_, axes) in zip(expression.arguments, parameters, strict=True):
        if not isinstance(each, tree.Named):
            given.append(lower(each, replace(context, reduced=union(context.reduced, axes))))
    if not all(each.sound for each in given):
        return poison(expression.span)
    own = set(_own(signature))
    for (parameter, axes), value in zip(parameters, given, strict=True):
        rest = [dim for dim in value.dims if dim not in axes]
        if not set(axes) <= set(value.dims) or own & set(rest):
            expected = over(axes) if axes else "anything but " + over(sorted(own))
            at = value.node.span
            found = over(value.dims)
            return context.report(
                WrongArgumentDimensions(at=at, function=name, parameter=parameter, expected=expected, found=found)
            )
    if isinstance(signature.value, ir.Extern):
        support, kept = KINDS[signature.value.kind], signature.value.over
    else:
        inner = replace(context, problems=[])
        value = _body(signature, given, context.settings_known, inner, lower)
        for problem in inner.problems:
            if (type(problem), problem.at) in signature.said:
                continue
            others = (*problem.others, Label(expression.span, "called here"))
            context.report(_with_others(problem, others))
        if not value.sound:
            return poison(expression.span)
        support, kept = value.support, tuple(dim for dim in value.dims if dim in own)
    batch = union(*(tuple(dim for dim in each.dims if dim not in own) for each in given))
    weights = weights_at(expression.span, signature.weights, context)
    if weights is None:
        return poison(expression.span)
    node = ir.Invoke(
        span=expression.span,
        function=name,
        arguments=tuple(each.node for each in given),
        weights=weights,
        own=_own(signature),
        dims=(*batch, *kept),
    )
    return Typed(node, support, random=any(each.random for each in given) or is_random(weights, context))


def weights_at(span: Span, weights: Sequence[ir.Weights], context: Context) -> tuple[ir.Reference, ...] | None:
    """The weights that a call hands over; None where one of them has a problem of its own."""
    known = [context.known.get(each.name) for each in weights]
    if not all(each is not None and each.sound for each in known):
        return None
    return tuple(ir.Reference(span=span, name=each.name, dims=each.dims) for each in weights)


def is_random(weights: Sequence[ir.Reference], context: Context) -> bool:
    """Whether weights are unknowns, and not given to a stage."""
    return any(context.known[each.name].random for each in weights)


def _own(signature: Signature) -> tuple[str, ...]:
    """The dimensions that a function is over itself."""
    result = signature.value.over if isinstance(signature.value, ir.Extern) else ()
    return union(*(axes for _, axes in signature.parameters), *(each.dims for each in signature.weights), result)


def _with_others(problem: Problem, others: tuple[Label, ...]) -> Problem:
    object.__setattr__(problem, "others", others)
    return problem


def _body(
    signature: Signature, given: list[Typed], settings: Mapping[str, Known], context: Context, lower: Lower
) -> Typed:
    """The value of a function whose parameters have these values."""
    known = dict(settings) | {each.name: Known(each.dims, random=True) for each in signature.weights}
    for (parameter, _), value in zip(signature.parameters, given, strict=True):
        known[parameter] = Known(value.dims, value.support, value.category, value.random, value.spread)
    names = {parameter for parameter, _ in signature.parameters}
    written = signature.value
    if isinstance(written, ir.Extern):
        raise TypeError(f"`{signature.name}` is written in Python")
    for name in names_in(written):
        declared = context.declarations.values.get(name.name)
        visible = name.name in known or (declared is not None and declared.what in (What.FUNCTION, What.NETWORK))
        if declared is not None and not visible and name.name not in context.dims and name.name not in CONSTANTS:
            return context.report(NotAParameter(at=name.span, function=signature.name, name=name.name))
    inside = replace(
        context,
        known=known,
        owner=signature.name,
        ranges=(),
        free=True,
        list_dim=None,
        back={},
        parameters=frozenset(names),
        calls=(*context.calls, signature.name),
    )
    return lower(written, inside)


def _shown(name: str, axes: tuple[str, ...]) -> str:
    return f"{name}[{', '.join(axes)}]" if axes else name
