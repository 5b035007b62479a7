"""From the arguments of a law to its parameters: by their standard names, and within their supports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Label, Problem, Span, listing
from uqdsl.messages.catalogue.kinds import (
    GivenTwice,
    MissingParameter,
    NotANumber,
    ParameterSupport,
    UnknownParameter,
)
from uqdsl.messages.catalogue.lints import MayLeaveSupport
from uqdsl.messages.catalogue.names import NotSquare
from uqdsl.semantics.context import Context, Typed, poison
from uqdsl.semantics.declare import What
from uqdsl.semantics.expressions import bound, number, whole
from uqdsl.semantics.fit import Fit, fit, how_to_narrow
from uqdsl.semantics.formulas import lower_formula
from uqdsl.semantics.walk import ungrouped
from uqdsl.semantics.wording import over as dims_in_words
from uqdsl.syntax import tree
from uqdsl.vocabulary import synonyms
from uqdsl.vocabulary.distributions import Distribution, Form, Parameter, Way
from uqdsl.vocabulary.supports import REAL, UNIT, point
from uqdsl.vocabulary.synonyms import meant

_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth"}


class _Given(NamedTuple):
    """A parameter and the expression that it is given."""

    parameter: Parameter
    value: tree.Expression
    at: Span


def lower_arguments(
    distribution: Distribution,
    given: list[tree.Expression | tree.Named],
    call: tree.Call,
    dims: tuple[str, ...],
    event: tuple[str, ...],
    over: str | None,
    context: Context,
) -> dict[str, Typed]:
    """The parameters of a law by their standard names, in the order of the table.

    Where a form has a constructor of its own, they are those of the form.
    """
    found, misnamed = _by_name(distribution, given, context)
    way = _way(distribution, tuple(found.values()), context)
    if way is None:
        way = Way(tuple(each.parameter for each in found.values()), ())
    missing = [name for name in way.required if name not in found]
    if missing and not misnamed:
        hint = f"it is written `{distribution.signature()}`"
        if way.forms:
            hint = f"it is written `{distribution.name}({', '.join(f'{name} = …' for name in way.required)})`"
        parameters = f"its {listing(missing, last='and')}"
        context.report(MissingParameter(at=call.span, law=distribution.name, parameters=parameters, hint=hint))
    values: dict[str, Typed] = {}
    for parameter in way.parameters:
        if parameter.name in found:
            place = _place_of(parameter, dims, event, over, context)
            read = number if distribution.normalised else bound
            if distribution.normalised and _is_infinite(found[parameter.name].value, context):
                _report_infinite(distribution, found, found[parameter.name].value, context)
                values[parameter.name] = poison(call.span)
                continue
            typed = whole(found[parameter.name].value, place, read)
            if parameter.event == 2 and typed.sound and not {event[0], event[0] + "'"} <= set(typed.dims):
                what = f"is over {dims_in_words(typed.dims)}" if typed.dims else "is a single number"
                context.report(NotSquare(at=typed.node.span, function=distribution.name, what=what))
            fits = _check_support(distribution, parameter, typed, place)
            values[parameter.name] = typed if fits else typed._replace(sound=False)
        elif parameter.default is not None:
            default = ir.Constant(span=call.span, value=parameter.default)
            values[parameter.name] = Typed(default, point(parameter.default), spread=frozenset())
    for form in way.forms:
        if not form.instead and not missing:
            values = _standard(distribution, form, values, call)
    order = [*(each.name for each in distribution.parameters), *values]
    return {name: values[name] for name in dict.fromkeys(order) if name in values}


def _place_of(
    parameter: Parameter, dims: tuple[str, ...], event: tuple[str, ...], over: str | None, context: Context
) -> Context:
    """Where a parameter stands: over which dimensions it may range, and along which a list lies."""
    batch = tuple(dim for dim in dims if dim not in event)
    if parameter.over and over is not None:
        if over not in context.dims and ir.base(over) not in context.dims:  # the laws of a mixture, one after the other
            return replace(context, ranges=(*batch, over), list_dim=over, places=True)
        return replace(context, ranges=(*batch, over, *(event if parameter.event else ())), list_dim=over)
    if parameter.event == 0:
        return replace(context, ranges=batch, list_dim=None)
    if parameter.event == 1:
        return replace(context, ranges=(*batch, event[0]), list_dim=event[0])
    return replace(context, ranges=(*batch, event[0], event[0] + "'"), list_dim=None)


def _is_infinite(value: tree.Expression, context: Context) -> bool:
    inner = ungrouped(value)
    if isinstance(inner, tree.Unary) and inner.operator in ("-", "+"):
        inner = ungrouped(inner.operand)
    return isinstance(inner, tree.Name) and context.declarations.word(inner.name) == "inf"


def _report_infinite(
    distribution: Distribution, given: Mapping[str, _Given], value: tree.Expression, context: Context
) -> None:
    """UQ312 for `inf` as a parameter, with the law that is meant by it in a prior."""
    declared = context.declarations.values.get(context.owner)
    hint = "`inf` stands only for an end that is not there: `truncated(0, inf)`"
    if declared is not None and declared.what is What.UNKNOWN:
        hint = "a prior that prefers no value is `Flat()`"
        if distribution.bounds is not None:
            shown = (context.written(given[name].value.span) for name in distribution.bounds if name in given)
            hint = f"write `Flat({', '.join(shown)})`"
    context.report(NotANumber(at=value.span, what="`inf`", hint=hint))


def _by_name(
    distribution: Distribution, given: list[tree.Expression | tree.Named], context: Context
) -> tuple[dict[str, _Given], bool]:
    """The arguments by the names of their parameters, and whether one of them was none (UQ303, UQ327)."""
    found: dict[str, _Given] = {}
    misnamed = False
    for position, argument in enumerate(given):
        known = _parameter(distribution, position, argument)
        if isinstance(known, Problem):
            misnamed = True
            context.report(known)
        elif known.name in found:
            others = (Label(found[known.name].value.span, "first given here"),)
            context.report(GivenTwice(at=argument.span, owner=distribution.name, name=known.name, others=others))
        else:
            value = argument.value if isinstance(argument, tree.Named) else argument
            found[known.name] = _Given(known, value, argument.span)
    return found, misnamed


def _way(distribution: Distribution, given: tuple[_Given, ...], context: Context) -> Way | None:
    """The way in which a law is stated, which may lack a parameter; None, with UQ327, where two are mixed."""
    possible = distribution.ways
    for index, each in enumerate(given):
        left = tuple(way for way in possible if way.parameter(each.parameter.name))
        if not left:
            _report_mixed(distribution, given[:index], each, context)
            return None
        possible = left
    names = {each.parameter.name for each in given}
    return min(possible, key=lambda way: len(set(way.required) - names))


def _report_mixed(distribution: Distribution, before: tuple[_Given, ...], again: _Given, context: Context) -> None:
    """UQ327 for a parameter that states again what one before it has stated."""
    name = again.parameter.name
    together = [way for way in distribution.ways if way.parameter(name)]
    clashing = [each for each in before if not any(way.parameter(each.parameter.name) for way in together)]
    first = clashing[0] if clashing else before[-1]
    stated, restated = (_states(distribution, each.parameter.name) for each in (first, again))
    twice = next((each for each in restated if each in stated), name)
    forms = [form for form in distribution.forms if twice in form.formulas]
    form = next(form for form in forms if {name, first.parameter.name} & {each.name for each in form.parameters})
    own = [each.name for each in form.parameters if each.name not in form.formulas]
    replaced = [each for each in form.formulas if not any(each == own.name for own in form.parameters)]
    hint, said = f"`{first.parameter.name}` and `{name}` state the same: keep one of the two", "first given here"
    if len(own) > 1 or len(replaced) > 1:
        hint = f"{listing(own, last='and')} take the place of {listing(replaced, last='and')}"
        said = f"states `{twice}` too"
    others = (Label(first.value.span, said),)
    context.report(GivenTwice(at=again.at, owner=distribution.name, name=twice, others=others, hint=hint))


def _states(distribution: Distribution, name: str) -> tuple[str, ...]:
    """The standard parameters that a parameter states, alone or with others."""
    standard = (name,) if any(each.name == name for each in distribution.parameters) else ()
    forms = [form for form in distribution.forms if any(each.name == name for each in form.parameters)]
    return (*standard, *(each for form in forms for each in form.formulas))


def _parameter(
    distribution: Distribution, position: int, argument: tree.Expression | tree.Named
) -> Parameter | Problem:
    """The parameter that an argument gives, or UQ303."""
    hint = f"it is written `{distribution.signature()}`"
    if not isinstance(argument, tree.Named):
        if position < len(distribution.parameters):
            return distribution.parameters[position]
        ordinal = _ORDINALS.get(position + 1, f"{position + 1}th")
        parameter = f"{ordinal} parameter"
        return UnknownParameter(at=argument.span, law=distribution.name, parameter=parameter, hint=hint)
    known = distribution.parameter(argument.name)
    if known is not None:
        return known
    hint = meant(argument.name, distribution.names, synonyms.PARAMETERS, otherwise=hint)
    parameter = f"parameter `{argument.name}`"
    return UnknownParameter(at=argument.name_span, law=distribution.name, parameter=parameter, hint=hint)


def _standard(distribution: Distribution, form: Form, values: dict[str, Typed], call: tree.Call) -> dict[str, Typed]:
    """The parameters of a law with the standard ones in place of those of a form."""
    nodes = {name: value.node for name, value in values.items()}
    given = [values[parameter.name] for parameter in form.parameters]
    span = given[0].node.span if len(given) == 1 else call.span
    replaced = {parameter.name for parameter in form.parameters}
    found = {name: value for name, value in values.items() if name not in replaced}
    for name, formula in form.formulas.items():
        parameter = distribution.parameter(name)
        assert parameter is not None
        node = lower_formula(formula, nodes, span)
        sound, random = all(each.sound for each in given), any(each.random for each in given)
        found[name] = Typed(node, parameter.support, sound=sound, random=random)
    return found


def _check_support(distribution: Distribution, known: Parameter, given: Typed, context: Context) -> bool:
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


def _use_logits(distribution: Distribution, known: Parameter, given: Typed) -> str:
    """What to write where an expression on the real line is given for a probability."""
    forms = [form for form in distribution.forms if known.name in form.formulas and known.support.within(UNIT)]
    logits = next((each.name for form in forms for each in form.parameters if each.support == REAL), None)
    if logits is None or not given.random:
        return ""
    before = "…, " if len(distribution.parameters) > 1 else ""
    return f"write `{distribution.name}({before}{logits} = …)`"
