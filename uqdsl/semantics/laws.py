"""From `Normal(mu, variance = 4)` to a law of the IR, its parameters in standard form and within their supports."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Label, did_you_mean
from uqdsl.messages.catalogue.kinds import (
    CannotTruncate,
    EmptyInterval,
    MissingParameter,
    NoEvent,
    NoEventDimension,
    NotALaw,
    ParameterSupport,
    UnknownDistribution,
    UnknownParameter,
    WrongModifier,
)
from uqdsl.messages.catalogue.names import NoSuchDimension
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.context import Context, Typed
from uqdsl.semantics.declare import What
from uqdsl.semantics.expressions import dimension, how_to_narrow, number, offends
from uqdsl.semantics.walk import ungrouped
from uqdsl.syntax import tree
from uqdsl.vocabulary.distributions import DISTRIBUTIONS, PLANNED, Alternative, Distribution, Parameter
from uqdsl.vocabulary.functions import FUNCTIONS
from uqdsl.vocabulary.supports import Support


class LoweredLaw(NamedTuple):
    """A law, the support of its draws, and whether it depends on an unknown."""

    law: ir.Law
    distribution: Distribution
    support: Support
    random: bool


def lower_law(
    expression: tree.Expression,
    modifiers: tuple[tree.Modifier, ...],
    dims: tuple[str, ...],
    context: Context,
) -> LoweredLaw | None:
    """The law of a statement over `dims`, or None where a problem was reported."""
    call = ungrouped(expression)
    if not isinstance(call, tree.Call) or not isinstance(call.function, tree.Name):
        return _refuse_law(call, context)
    name = call.function.name
    distribution = DISTRIBUTIONS.get(name)
    if distribution is None:
        if name in context.declarations.values and context.declarations.values[name].what is not What.FUNCTION:
            return _refuse_law(call, context)
        if name in PLANNED:
            context.report(FeatureNotBuilt(at=call.function.span, feature=f"the distribution `{name}`"))
            return None
        hint = did_you_mean(name, DISTRIBUTIONS)
        if name in FUNCTIONS and not hint:
            hint = f"`{name}` is a function; a law is written `Normal({name}(…), 1)`"
        context.report(UnknownDistribution(at=call.function.span, name=name, hint=hint))
        return None
    before = len(context.problems)
    event, given = _event(distribution, call, dims, context)
    arguments = _arguments(distribution, given, call, dims, event, context)
    lower, upper = _truncation(distribution, modifiers, tuple(d for d in dims if d not in event), context)
    if len(context.problems) > before:
        return None
    support = _draw_support(distribution, arguments, lower, upper)
    parts = [*arguments.values(), *(bound for bound in (lower, upper) if bound is not None)]
    if not all(part.sound for part in parts):
        return None
    law = ir.Law(
        span=expression.span,
        distribution=name,
        arguments=tuple(ir.Argument(span=v.node.span, name=k, value=v.node) for k, v in arguments.items()),
        event=event,
        lower=lower.node if lower else None,
        upper=upper.node if upper else None,
    )
    return LoweredLaw(law, distribution, support, any(part.random for part in parts))


def _refuse_law(expression: tree.Expression, context: Context) -> None:
    context.report(NotALaw(at=expression.span))


def _event(
    distribution: Distribution, call: tree.Call, dims: tuple[str, ...], context: Context
) -> tuple[tuple[str, ...], list[tree.Expression | tree.Named]]:
    """The event dimensions of a law, and its other arguments."""
    named = [a for a in call.arguments if isinstance(a, tree.Named) and a.name == "event"]
    rest = [a for a in call.arguments if a not in named]
    if named and not distribution.event:
        context.report(NoEvent(at=named[0].span, law=distribution.name))
        return (), rest
    if named:
        dim = dimension(named[0].value, context)
        if dim is None:
            return (), rest
        if dim not in dims:
            hint = did_you_mean(dim, dims, otherwise=f"add `{dim}` to the left-hand side")
            context.report(NoSuchDimension(at=named[0].value.span, name=context.owner, dim=dim, hint=hint))
            return (), rest
        return (dim,), rest
    if not distribution.event:
        return (), rest
    if len(dims) != 1:
        context.report(NoEventDimension(at=call.span, law=distribution.name))
        return (), rest
    return dims, rest


def _arguments(
    distribution: Distribution,
    given: list[tree.Expression | tree.Named],
    call: tree.Call,
    dims: tuple[str, ...],
    event: tuple[str, ...],
    context: Context,
) -> dict[str, Typed]:
    """The parameters of a law by their standard names, in the order of the table."""
    found: dict[str, tuple[Parameter | Alternative, tree.Expression]] = {}
    signature = distribution.signature()
    for position, argument in enumerate(given):
        if isinstance(argument, tree.Named):
            known = distribution.parameter(argument.name) or distribution.alternative(argument.name)
            if known is None:
                names = [p.name for p in distribution.parameters] + [a.name for a in distribution.alternatives]
                hint = did_you_mean(argument.name, names, otherwise=f"it is written `{signature}`")
                shown = f"`{argument.name}`"
                context.report(UnknownParameter(at=argument.name_span, law=distribution.name, shown=shown, hint=hint))
                continue
            value = argument.value
        elif position < len(distribution.parameters):
            known, value = distribution.parameters[position], argument
        else:
            shown = f"number {position + 1}"
            hint = f"it is written `{signature}`"
            context.report(UnknownParameter(at=argument.span, law=distribution.name, shown=shown, hint=hint))
            continue
        standard = known.of if isinstance(known, Alternative) else known.name
        if standard in found:
            others = (Label(found[standard][1].span, "first given here"),)
            hint = f"it is written `{signature}`"
            shown = f"`{known.name}` twice" if found[standard][0] is known else f"`{known.name}` beside `{found[standard][0].name}`"
            context.report(
                UnknownParameter(at=argument.span, law=distribution.name, shown=shown, others=others, hint=hint)
            )
            continue
        found[standard] = (known, value)
    arguments: dict[str, Typed] = {}
    for parameter in distribution.parameters:
        if parameter.name in found:
            known, value = found[parameter.name]
            joint = isinstance(known, Parameter) and known.event > 0
            place = replace(
                context,
                ranges=dims if joint else tuple(dim for dim in dims if dim not in event),
                list_dim=event[0] if joint and event else None,
            )
            name, typed = _standard(distribution, known, number(value, place), place)
            arguments[name] = typed
        elif parameter.default is not None:
            arguments[parameter.name] = Typed(ir.Constant(span=call.span, value=parameter.default))
        else:
            hint = f"it is written `{signature}`"
            context.report(MissingParameter(at=call.span, law=distribution.name, parameter=parameter.name, hint=hint))
    return arguments


def _standard(
    distribution: Distribution, known: Parameter | Alternative, given: Typed, context: Context
) -> tuple[str, Typed]:
    """A parameter under its standard name, after a check of its support (UQ304)."""
    if offends(given, known.support):
        context.report(
            ParameterSupport(
                at=given.node.span,
                law=distribution.name,
                parameter=known.name,
                expected=str(known.support),
                found=str(given.support),
                hint=how_to_narrow(given, known.support, context),
            )
        )
        return known.name, given._replace(sound=False)
    if isinstance(known, Parameter):
        return known.name, given
    if known.numpyro:
        return known.name, given
    node = given.node
    if "sqrt" in known.formula:
        node = ir.Apply(span=node.span, function="sqrt", arguments=(node,), dims=node.dims)
    if known.formula != "sqrt":
        one = ir.Constant(span=node.span, value=1)
        node = ir.Operation(span=node.span, operator="/", operands=(one, node), dims=node.dims)
    return known.of, given._replace(node=node)


def _truncation(
    distribution: Distribution, modifiers: tuple[tree.Modifier, ...], dims: tuple[str, ...], context: Context
) -> tuple[Typed | None, Typed | None]:
    """The bounds of `truncated(a, b)`; None for an infinite one."""
    found = next((modifier for modifier in modifiers if modifier.name == "truncated"), None)
    if found is None:
        return None, None
    if not distribution.truncates:
        possible = [each.name for each in DISTRIBUTIONS.values() if each.truncates]
        hint = f"possible for {', '.join(f'`{name}`' for name in possible)}"
        context.report(CannotTruncate(at=found.span, law=distribution.name, hint=hint))
        return None, None
    values = [argument for argument in found.arguments or () if not isinstance(argument, tree.Named)]
    if len(values) != 2 or len(values) != len(found.arguments or ()):
        context.report(WrongModifier(at=found.span, name="truncated", form="truncated(lower, upper)"))
        return None, None
    lower, upper = (number(value, replace(context, ranges=dims)) for value in values)
    if lower.sound and upper.sound and lower.support.lower >= upper.support.upper:
        context.report(EmptyInterval(at=found.span, lower=f"{lower.support.lower:g}", upper=f"{upper.support.upper:g}"))
    return (
        None if lower.support.upper == -inf else lower,
        None if upper.support.lower == inf else upper,
    )


def _draw_support(
    distribution: Distribution, arguments: dict[str, Typed], lower: Typed | None, upper: Typed | None
) -> Support:
    """Where the draws of a law lie."""
    support = distribution.support
    if distribution.bounds is not None and all(name in arguments for name in distribution.bounds):
        low, high = (arguments[name].support for name in distribution.bounds)
        support = Support(low.lower, high.upper)
    if lower is not None:
        support = support._replace(lower=max(support.lower, lower.support.lower))
    if upper is not None:
        support = support._replace(upper=min(support.upper, upper.support.upper))
    return support


def check_interval(distribution: Distribution, law: ir.Law, context: Context) -> None:
    """UQ324 where the ends of an interval, written as numbers, leave nothing between them."""
    if distribution.bounds is None:
        return
    ends = {argument.name: argument.value for argument in law.arguments}
    low, high = (ends[name] for name in distribution.bounds)
    if isinstance(low, ir.Constant) and isinstance(high, ir.Constant) and low.value >= high.value:
        context.report(EmptyInterval(at=law.span, lower=f"{low.value:g}", upper=f"{high.value:g}"))
