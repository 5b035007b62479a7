"""From the arguments of a law to its parameters: by their standard names, and within their supports."""

from __future__ import annotations

from dataclasses import replace

from uqdsl import ir
from uqdsl.messages import Label, Problem, listing
from uqdsl.messages.catalogue.kinds import (
    GivenTwice,
    MayLeaveSupport,
    MissingParameter,
    ParameterSupport,
    UnknownParameter,
)
from uqdsl.semantics.context import Context, Typed
from uqdsl.semantics.expressions import bound, number
from uqdsl.semantics.fit import Fit, fit, how_to_narrow
from uqdsl.syntax import tree
from uqdsl.vocabulary import synonyms
from uqdsl.vocabulary.distributions import Alternative, Distribution, Parameter
from uqdsl.vocabulary.supports import point
from uqdsl.vocabulary.synonyms import meant

_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth"}


def lower_arguments(
    distribution: Distribution,
    given: list[tree.Expression | tree.Named],
    call: tree.Call,
    dims: tuple[str, ...],
    event: tuple[str, ...],
    context: Context,
) -> dict[str, Typed]:
    """The parameters of a law by their standard names, in the order of the table."""
    found: dict[str, tuple[Parameter | Alternative, tree.Expression]] = {}
    misnamed = False
    for position, argument in enumerate(given):
        known = _parameter(distribution, position, argument)
        if isinstance(known, Problem):
            misnamed = True
            context.report(known)
            continue
        standard = known.of if isinstance(known, Alternative) else known.name
        if standard in found:
            first, value = found[standard]
            others = (Label(value.span, "first given here"),)
            hint = "" if first is known else f"`{first.name}` and `{known.name}` state the same: keep one of the two"
            context.report(
                GivenTwice(at=argument.span, owner=distribution.name, name=standard, others=others, hint=hint)
            )
            continue
        found[standard] = (known, argument.value if isinstance(argument, tree.Named) else argument)
    missing = [each.name for each in distribution.required if each.name not in found]
    if missing and not misnamed:
        hint = f"it is written `{distribution.signature()}`"
        parameters = f"its {listing(missing, last='and')}"
        context.report(MissingParameter(at=call.span, law=distribution.name, parameters=parameters, hint=hint))
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
            read = number if distribution.normalised else bound
            name, typed = _standard(distribution, known, read(value, place), place)
            arguments[name] = typed
        elif parameter.default is not None:
            default = ir.Constant(span=call.span, value=parameter.default)
            arguments[parameter.name] = Typed(default, point(parameter.default), spread=frozenset())
    return arguments


def _parameter(
    distribution: Distribution, position: int, argument: tree.Expression | tree.Named
) -> Parameter | Alternative | Problem:
    """The parameter that an argument gives, or UQ303."""
    hint = f"it is written `{distribution.signature()}`"
    if not isinstance(argument, tree.Named):
        if position < len(distribution.parameters):
            return distribution.parameters[position]
        ordinal = _ORDINALS.get(position + 1, f"{position + 1}th")
        parameter = f"{ordinal} parameter"
        return UnknownParameter(at=argument.span, law=distribution.name, parameter=parameter, hint=hint)
    known = distribution.parameter(argument.name) or distribution.alternative(argument.name)
    if known is not None:
        return known
    names = [*(each.name for each in distribution.parameters), *(each.name for each in distribution.alternatives)]
    hint = meant(argument.name, names, synonyms.PARAMETERS, otherwise=hint)
    parameter = f"parameter `{argument.name}`"
    return UnknownParameter(at=argument.name_span, law=distribution.name, parameter=parameter, hint=hint)


def _standard(
    distribution: Distribution, known: Parameter | Alternative, given: Typed, context: Context
) -> tuple[str, Typed]:
    """A parameter under its standard name, after a check of its support."""
    if not _check_support(distribution, known, given, context):
        return known.name, given._replace(sound=False)
    if isinstance(known, Parameter) or known.numpyro:
        return known.name, given
    node = given.node
    if "sqrt" in known.formula:
        node = ir.Apply(span=node.span, function="sqrt", arguments=(node,), dims=node.dims)
    if known.formula != "sqrt":
        one = ir.Constant(span=node.span, value=1)
        node = ir.Operation(span=node.span, operator="/", operands=(one, node), dims=node.dims)
    return known.of, given._replace(node=node)


def _check_support(distribution: Distribution, known: Parameter | Alternative, given: Typed, context: Context) -> bool:
    """Whether a parameter may be used: UQ304 where its values do not fit, UQ326 where they need not."""
    found = fit(given, known.support, context)
    if found is Fit.FITS:
        return True
    law, at = distribution.name, given.node.span
    expected, values = str(known.support), str(given.support)
    hint = _use_logits(distribution, known, given) or how_to_narrow(given, known.support, context)
    if found is Fit.MAY_LEAVE:
        role = f" as its {known.name}"
        context.report(MayLeaveSupport(at=at, what=law, role=role, expected=expected, found=values, hint=hint))
        return True
    problem = ParameterSupport(at=at, law=law, parameter=known.name, expected=expected, found=values, hint=hint)
    context.report(problem)
    return False


def _use_logits(distribution: Distribution, known: Parameter | Alternative, given: Typed) -> str:
    """What to write where an expression on the real line is given for a probability."""
    logits = next((each.name for each in distribution.alternatives if each.numpyro and each.of == known.name), None)
    if logits is None or not given.random:
        return ""
    before = "…, " if len(distribution.parameters) > 1 else ""
    return f"write `{distribution.name}({before}{logits} = …)`"
