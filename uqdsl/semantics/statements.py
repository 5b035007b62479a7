"""From `prior`, `let`, `likelihood` and `factor` to the statements of the IR, in an order in which they can be computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Label, Problem, Span, did_you_mean
from uqdsl.messages.catalogue.kinds import CannotNoncenter, OutcomeSupport, WrongModifier
from uqdsl.messages.catalogue.names import (
    DimensionsDiffer,
    NotData,
    RightHandDimension,
    TwoLikelihoods,
    UnknownDimension,
    UnknownModifier,
)
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.constants import Value
from uqdsl.semantics.context import Context, Known
from uqdsl.semantics.declare import Declarations
from uqdsl.semantics.expressions import number
from uqdsl.semantics.laws import LoweredLaw, check_interval, lower_law
from uqdsl.semantics.order import order_statements
from uqdsl.semantics.tables import axis_names
from uqdsl.semantics.walk import names_in
from uqdsl.syntax import tree
from uqdsl.vocabulary.distributions import DISTRIBUTIONS
from uqdsl.vocabulary.supports import BINARY, KINDS, Support, point

_PRIOR_MODIFIERS = ("noncentered", "truncated", "nuisance", "ordered", "sum_to_zero", "starting")
_LIKELIHOOD_MODIFIERS = ("where", "weight", "truncated", "censored", "batch")
_UNBUILT = {
    "ordered": "`ordered` unknowns",
    "sum_to_zero": "`sum_to_zero` unknowns",
    "starting": "recurrences (`starting at`)",
    "where": "a likelihood of some rows only (`where`)",
    "weight": "a weighted likelihood (`weight`)",
    "censored": "censored data",
    "batch": "a likelihood in batches",
}


class Lowered(NamedTuple):
    """The statements of a spec and what is known of every name."""

    statements: tuple[ir.Statement, ...]
    known: Mapping[str, Known]
    problems: tuple[Problem, ...]


def lower_statements(
    spec: tree.Tree,
    declarations: Declarations,
    dims: Mapping[str, ir.Dim],
    fields: tuple[ir.DataField, ...],
    settings: Mapping[str, Value],
) -> Lowered:
    """The model part of a spec in the IR."""
    named = _by_name(spec)
    uses = {
        key: {name.name: name.span for name in names_in(statement, lagged=False) if name.name in named}
        for key, statement in named.items()
    }
    order, problems = order_statements(tuple(named), uses)
    known = _known_at_first(fields, settings)
    found: list[ir.Statement] = []
    gathered = list(problems)
    observed: dict[str, Span] = {}
    for key in order:
        statement = named[key]
        context = Context(declarations, known, settings, dims, owner=_owner(statement))
        match statement:
            case tree.Prior():
                result = _prior(statement, context)
            case tree.Let():
                result = _let(statement, context)
            case tree.Likelihood():
                result = _likelihood(statement, fields, observed, context)
            case tree.Factor():
                result = _factor(statement, key, context)
        gathered += dict.fromkeys(context.problems)
        if result is not None:
            lowered, value = result
            found.append(lowered)
            if value is not None:
                known[lowered.name] = value
    return Lowered(tuple(found), known, tuple(gathered))


type _Model = tree.Prior | tree.Let | tree.Likelihood | tree.Factor
type _Result = tuple[ir.Statement, Known | None] | None


def _by_name(spec: tree.Tree) -> dict[str, _Model]:
    """The statements of the model by a unique key: what a prior or `let` declares, or a key of its own."""
    named: dict[str, _Model] = {}
    for index, statement in enumerate(spec.statements):
        match statement:
            case tree.Prior(target=target) | tree.Let(target=target) if "." not in target.name:
                named.setdefault(target.name, statement)
            case tree.Likelihood():
                named[f"likelihood {index}"] = statement
            case tree.Factor():
                factors = sum(isinstance(each, tree.Factor) for each in named.values())
                named[f"factor_{factors + 1}"] = statement
            case _:
                pass
    return named


def _owner(statement: _Model) -> str:
    return "the factor" if isinstance(statement, tree.Factor) else statement.target.name


def _known_at_first(fields: tuple[ir.DataField, ...], settings: Mapping[str, Value]) -> dict[str, Known]:
    known: dict[str, Known] = {}
    for name, value in settings.items():
        if not isinstance(value, str):
            known[name] = Known((), BINARY if isinstance(value, bool) else point(float(value)))
    for field in fields:
        known[field.name] = Known(field.dims, KINDS.get(field.kind, Support()), field.of)
    return known


def _axes(target: tree.Target, context: Context) -> tuple[str, ...] | None:
    """The dimensions on the left, which have to exist (UQ203)."""
    dims = axis_names(target, context.problems)
    for axis in target.axes:
        if axis.name not in context.dims:
            if axis.name not in context.declarations.dims:
                hint = did_you_mean(axis.name, context.dims)
                context.report(UnknownDimension(at=axis.span, dim=axis.name, hint=hint))
            return None
    return None if context.problems else dims


def _check_modifiers(
    modifiers: tuple[tree.Modifier, ...], known: tuple[str, ...], what: str, context: Context
) -> None:
    for modifier in modifiers:
        if modifier.name not in known:
            hint = did_you_mean(modifier.name, known)
            context.report(UnknownModifier(at=modifier.name_span, name=modifier.name, what=what, hint=hint))
        elif modifier.name in _UNBUILT:
            context.report(FeatureNotBuilt(at=modifier.span, feature=_UNBUILT[modifier.name]))
        elif modifier.name in ("noncentered", "nuisance") and modifier.arguments is not None:
            context.report(WrongModifier(at=modifier.span, name=modifier.name, form=modifier.name))


def _prior(statement: tree.Prior, context: Context) -> _Result:
    dims = _axes(statement.target, context)
    _check_modifiers(statement.modifiers, _PRIOR_MODIFIERS, "a prior", context)
    if dims is None:
        return None
    lowered = lower_law(statement.law, statement.modifiers, dims, context)
    if lowered is None:
        return None
    check_interval(lowered.distribution, lowered.law, context)
    noncentered = next((m for m in statement.modifiers if m.name == "noncentered"), None)
    if noncentered is not None:
        _check_noncentered(noncentered, statement, lowered, context)
    unknown = ir.Unknown(
        span=statement.span,
        name=statement.target.name,
        dims=dims,
        law=lowered.law,
        noncentered=noncentered is not None,
        nuisance=any(m.name == "nuisance" for m in statement.modifiers),
    )
    support = lowered.support
    if not support.integer:  # a continuous unknown is never exactly at the end of its support
        support = support._replace(open_lower=support.lower > float("-inf"), open_upper=support.upper < float("inf"))
    return unknown, Known(dims, support, random=True)


def _check_noncentered(
    modifier: tree.Modifier, statement: tree.Prior, lowered: LoweredLaw, context: Context
) -> None:
    truncated = next((m for m in statement.modifiers if m.name == "truncated"), None)
    if lowered.distribution.location_scale is None:
        possible = [f"`{each.name}`" for each in DISTRIBUTIONS.values() if each.location_scale]
        hint = f"take `noncentered` out; it is for {', '.join(possible)}"
        context.report(CannotNoncenter(at=modifier.span, law=lowered.distribution.name, hint=hint))
    elif truncated is not None:
        others = (Label(truncated.span, "truncated here"),)
        hint = "take `noncentered` or `truncated` out"
        law = f"{lowered.distribution.name}(…) truncated(…)"
        context.report(CannotNoncenter(at=modifier.span, law=law, others=others, hint=hint))


def _let(statement: tree.Let, context: Context) -> _Result:
    dims = _axes(statement.target, context)
    _check_modifiers(statement.modifiers, ("starting",), "a `let`", context)
    if dims is None:
        return None
    place = Context(
        context.declarations,
        context.known,
        context.settings,
        context.dims,
        context.owner,
        ranges=dims,
        list_dim=dims[0] if len(dims) == 1 else None,
        problems=context.problems,
    )
    value = number(statement.value, place)
    if not value.sound:
        return None
    quantity = ir.Quantity(
        span=statement.span, name=statement.target.name, dims=dims, value=value.node, fixed=not value.random
    )
    return quantity, Known(dims, value.support, random=value.random)


def _likelihood(
    statement: tree.Likelihood, fields: tuple[ir.DataField, ...], observed: dict[str, Span], context: Context
) -> _Result:
    target = statement.target
    name = target.name
    dims = _axes(target, context)
    _check_modifiers(statement.modifiers, _LIKELIHOOD_MODIFIERS, "a likelihood", context)
    field = next((each for each in fields if each.name == name), None)
    data = context.known.get(name)
    declared = context.declarations.values.get(name)
    if name in observed:
        others = (Label(observed[name], "the first"),)
        context.report(TwoLikelihoods(at=target.name_span, name=name, others=others))
    elif declared is None:
        candidates = [each.name for each in fields]
        hint = did_you_mean(name, candidates, otherwise="the left side of a likelihood is a field of the data")
        context.report(NotData(at=target.name_span, name=name, what="not declared", hint=hint))
    elif data is not None and (data.random or (field is None and name in context.settings)):
        others = (Label(declared.span, f"{declared.what}"),)
        hint = did_you_mean(name, [each.name for each in fields])
        context.report(NotData(at=target.name_span, name=name, what=str(declared.what), others=others, hint=hint))
    elif data is not None and data.category is not None:
        context.report(FeatureNotBuilt(at=target.name_span, feature="the likelihood of a category"))
    observed.setdefault(name, target.name_span)
    if dims is None or data is None:
        return None
    if set(dims) != set(data.dims):
        others = (Label(declared.span, "declared here"),) if declared else ()
        context.report(
            DimensionsDiffer(
                at=target.span,
                name=name,
                given=_over(dims),
                declared=_over(data.dims),
                others=others,
                hint=f"write `likelihood {name}[{', '.join(data.dims)}] ~ …`" if data.dims else "",
            )
        )
        return None
    lowered = lower_law(statement.law, statement.modifiers, dims, context)
    if lowered is None:
        return None
    check_interval(lowered.distribution, lowered.law, context)
    if not data.support.within(lowered.support) and (field is not None or not data.support.meets(lowered.support)):
        _report_outcome(name, statement, lowered, data, field, context)
        return None
    observation = ir.Observation(span=statement.span, name=name, dims=dims, law=lowered.law)
    return observation, None


def _report_outcome(
    name: str,
    statement: tree.Likelihood,
    lowered: LoweredLaw,
    data: Known,
    field: ir.DataField | None,
    context: Context,
) -> None:
    kind = next((kind for kind, support in KINDS.items() if support.within(lowered.support)), None)
    hint = ""
    if field is not None and kind is not None and lowered.distribution.bounds is None:
        hint = f"if the data are {KINDS[kind]}, declare the field as `{name} : {kind}`"
    context.report(
        OutcomeSupport(
            at=statement.law.span,
            law=lowered.distribution.name,
            name=name,
            expected=str(lowered.support),
            found=str(data.support),
            hint=hint,
            others=(Label(field.span, f"declared `{field.kind}`"),) if field is not None else (),
        )
    )


def _over(dims: tuple[str, ...]) -> str:
    return " and ".join(f"`{dim}`" for dim in dims) or "no dimension"


def _factor(statement: tree.Factor, key: str, context: Context) -> _Result:
    value = number(statement.value, context.anywhere())
    if value.sound and value.dims:
        hint = f"sum over it: `factor sum(…, over = {value.dims[0]})`"
        span = statement.value.span
        context.report(RightHandDimension(at=span, name="a factor", dim=value.dims[0], hint=hint))
        return None
    if not value.sound:
        return None
    return ir.Factor(span=statement.span, name=key, value=value.node), None
