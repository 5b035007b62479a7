"""From `prior`, `let`, `likelihood` and `factor` to the statements of the IR, in an order in which they can be computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Label, Problem, Span, did_you_mean, errors
from uqdsl.messages.catalogue.kinds import CannotNoncenter, OutcomeSupport, WrongModifier
from uqdsl.messages.catalogue.names import (
    Cycle,
    DeclaredTwice,
    DimensionsDiffer,
    NoSuchPart,
    NotData,
    TwoLikelihoods,
    UndeclaredName,
    UnknownDimension,
    UnknownModifier,
)
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.constants import Settings
from uqdsl.semantics.context import Context, Known
from uqdsl.semantics.declare import Declarations, Declared, What
from uqdsl.semantics.expressions import number
from uqdsl.semantics.laws import LoweredLaw, lower_law
from uqdsl.semantics.order import order_statements
from uqdsl.semantics.tables import axis_names
from uqdsl.semantics.walk import names_in
from uqdsl.syntax import tree
from uqdsl.vocabulary.distributions import DISTRIBUTIONS
from uqdsl.vocabulary.supports import BINARY, KINDS, REAL, kind_that_holds, point

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
    settings: Settings,
) -> Lowered:
    """The model part of a spec in the IR."""
    named = _by_name(spec, declarations)
    uses = {
        key: {name.name: name.span for name in names_in(statement, steps=dims) if name.name in named}
        for key, statement in named.items()
    }
    order, problems = order_statements(tuple(named), uses)
    known = _known_at_first(fields, settings)
    found: list[ir.Statement] = []
    gathered = [*problems, *_check_networks(spec, declarations), *_check_outcomes(spec, declarations, fields)]
    for key in order:
        statement = named[key]
        context = Context(declarations, known, settings, dims, owner=_owner(statement))
        match statement:
            case tree.Prior():
                result = _prior(statement, context)
            case tree.Let():
                result = _let(statement, context)
            case tree.Likelihood():
                result = _likelihood(statement, fields, context)
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


def _by_name(spec: tree.Tree, declarations: Declarations) -> dict[str, _Model]:
    """The statements of the model by a unique key: what a prior or `let` declares, or a key of its own."""
    named: dict[str, _Model] = {}
    factors = 0
    for index, statement in enumerate(spec.statements):
        match statement:
            case tree.Prior(target=target) | tree.Let(target=target):
                declared = declarations.values.get(target.name)
                if declared is not None and declared.span == target.name_span:  # the first of its name
                    named[target.name] = statement
            case tree.Likelihood():
                named[f"likelihood {index}"] = statement
            case tree.Factor():
                factors += 1
                while f"factor_{factors}" in declarations.values:
                    factors += 1
                named[f"factor_{factors}"] = statement
            case _:
                pass
    return named


def _check_networks(spec: tree.Tree, declarations: Declarations) -> list[Problem]:
    """UQ201, UQ231 for priors of parts of something, as `prior f.weights ~ …`, that is not declared or no network."""
    problems: list[Problem] = []
    for statement in spec.statements:
        if not isinstance(statement, tree.Prior) or "." not in statement.target.name:
            continue
        name, part = statement.target.name.split(".", 1)
        declared = declarations.values.get(name)
        at = statement.target.name_span
        if declared is not None and declared.what not in (What.FUNCTION, What.STATE, What.UNREADABLE):
            others = (Label(declared.span, f"{declared.what}"),)
            problems.append(NoSuchPart(at=at, name=name, what=str(declared.what), part=part, others=others))
        elif declared is None and not declarations.may_declare(name):
            hint = did_you_mean(name, declarations.values, otherwise=f"a network is declared by `network {name}(…)`")
            problems.append(UndeclaredName(at=at, name=name, hint=hint))
    return problems


def _check_outcomes(spec: tree.Tree, declarations: Declarations, fields: tuple[ir.DataField, ...]) -> list[Problem]:
    """UQ207 for likelihoods of what is no data, UQ208 for second ones, in the order of the text."""
    problems: list[Problem] = []
    observed: dict[str, Span] = {}
    for statement in spec.statements:
        if not isinstance(statement, tree.Likelihood):
            continue
        name, at = statement.target.name, statement.target.name_span
        declared = declarations.values.get(name)
        if declared is None:
            if not declarations.may_declare(name):
                axes = ", ".join(axis.name for axis in statement.target.axes)
                field = f"{name}[{axes}]" if axes else name
                otherwise = f"the left side of a likelihood is a field of the data: `data {{ {field} : real }}`"
                hint = did_you_mean(name, [each.name for each in fields], otherwise=otherwise)
                problems.append(NotData(at=at, name=name, what="not declared", hint=hint))
        elif declared.what in (What.UNKNOWN, What.SETTING, What.FUNCTION):
            others = (Label(declared.span, f"{declared.what}"),)
            hint = did_you_mean(name, [each.name for each in fields])
            if declared.what is What.UNKNOWN and not hint:
                hint = f"the law of an unknown is its prior: `prior {name} ~ …`"
            problems.append(NotData(at=at, name=name, what=str(declared.what), others=others, hint=hint))
        elif name in observed:
            others = (Label(observed[name], "the first"),)
            problems.append(TwoLikelihoods(at=at, name=name, others=others))
        observed.setdefault(name, at)
    return problems


def _owner(statement: _Model) -> str:
    return "" if isinstance(statement, tree.Factor) else statement.target.name


def _known_at_first(fields: tuple[ir.DataField, ...], settings: Settings) -> dict[str, Known]:
    known: dict[str, Known] = {}
    for name, value in settings.items():
        if value is not None and not isinstance(value, str):
            known[name] = Known((), BINARY if isinstance(value, bool) else point(float(value)), spread=frozenset())
    for field in fields:
        known[field.name] = Known(field.dims, KINDS.get(field.kind, REAL), field.of, spread=frozenset({field.name}))
    return known


def _axes(target: tree.Target, context: Context) -> tuple[str, ...] | None:
    """The dimensions on the left, which have to exist (UQ203)."""
    dims = axis_names(target, context.problems)
    for axis in target.axes:
        if axis.name not in context.dims:
            if not context.declarations.may_declare(axis.name):
                hint = did_you_mean(axis.name, context.dims)
                if not hint and axis.name in context.declarations.categories:
                    hint = f"did you mean `{context.declarations.categories[axis.name]}`, whose labels it holds?"
                context.report(UnknownDimension(at=axis.span, dim=axis.name, hint=hint))
            return None
    return None if context.problems else dims


def _check_modifiers(modifiers: tuple[tree.Modifier, ...], known: tuple[str, ...], what: str, context: Context) -> None:
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
    return unknown, Known(dims, support, random=True, spread=frozenset({unknown.name}))


def _check_noncentered(modifier: tree.Modifier, statement: tree.Prior, lowered: LoweredLaw, context: Context) -> None:
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
    name = f"{statement.target.name}_decentered"
    if name in context.declarations.values:
        others = (Label(modifier.span, f"`noncentered` draws `{name}`"),)
        context.report(DeclaredTwice(at=context.declarations.values[name].span, name=name, others=others))


def _let(statement: tree.Let, context: Context) -> _Result:
    dims = _axes(statement.target, context)
    _check_modifiers(statement.modifiers, ("starting",), "a `let`", context)
    if dims is None:
        return None
    place = replace(context, ranges=dims, list_dim=dims[0] if len(dims) == 1 else None)
    value = number(statement.value, place)
    if not value.sound:
        return None
    quantity = ir.Quantity(
        span=statement.span, name=statement.target.name, dims=dims, value=value.node, fixed=not value.random
    )
    return quantity, Known(dims, value.support, random=value.random, spread=value.spread)


def _likelihood(statement: tree.Likelihood, fields: tuple[ir.DataField, ...], context: Context) -> _Result:
    target = statement.target
    name = target.name
    declared = context.declarations.values.get(name)
    data = context.known.get(name)
    _check_modifiers(statement.modifiers, _LIKELIHOOD_MODIFIERS, "a likelihood", context)
    if declared is None or data is None or declared.what not in (What.FIELD, What.QUANTITY):
        # It is no data, which `_check_outcomes` says; what is wrong with its law can still be told.
        dims = tuple(axis.name for axis in target.axes if axis.name in context.dims)
        lower_law(statement.law, statement.modifiers, dims, context)
        return None
    dims = _axes(target, context)
    if dims is None:
        return None
    if data.category is not None:
        context.report(FeatureNotBuilt(at=target.name_span, feature="the likelihood of a category"))
    elif data.random:
        others = (Label(declared.span, "depends on an unknown"),)
        what = "a `let` that depends on an unknown"
        context.report(NotData(at=target.name_span, name=name, what=what, others=others))
    if set(dims) != set(data.dims):
        _report_dims(target, dims, data, declared, context)
        return None
    lowered = lower_law(statement.law, statement.modifiers, dims, context)
    if lowered is None or errors(context.problems):
        return None
    if _uses_whole(name, lowered.law):
        again = next(each.span for each in names_in(statement.law, steps=context.dims) if each.name == name)
        context.report(Cycle(at=again, name=name, path=f"`{name}` → `{name}`", hint=_OWN_DATA))
    field = next((each for each in fields if each.name == name), None)
    possible = KINDS[kind_that_holds(lowered.support)]
    if field is not None:
        if not data.support.within(possible):
            _report_outcome(name, statement, lowered, data, field, context)
    elif not data.support.meets(lowered.support):
        _report_outcome(name, statement, lowered, data, None, context)
    return ir.Observation(span=statement.span, name=name, dims=dims, law=lowered.law), None


_OWN_DATA = "its law can use other data, and of its own only what is summed up, as in `mean(…, over = …)`"


def _uses_whole(name: str, node: object) -> bool:
    """Whether a part of the IR uses a name element by element, outside of any reduction."""
    if isinstance(node, ir.Reference):
        return node.name == name
    if isinstance(node, ir.Reduce):
        return False
    if isinstance(node, ir.Node):
        return any(_uses_whole(name, getattr(node, each)) for each in type(node).model_fields)
    return isinstance(node, tuple) and any(_uses_whole(name, each) for each in node)


def _report_dims(target: tree.Target, dims: tuple[str, ...], data: Known, declared: Declared, context: Context) -> None:
    shown = f"{target.name}[{', '.join(data.dims)}]" if data.dims else target.name
    context.report(
        DimensionsDiffer(
            at=target.span,
            name=target.name,
            given=_over(dims),
            declared=_over(data.dims),
            others=(Label(declared.whole, "declared here"),),
            hint=f"write `likelihood {shown} ~ …`",
        )
    )


def _report_outcome(
    name: str,
    statement: tree.Likelihood,
    lowered: LoweredLaw,
    data: Known,
    field: ir.DataField | None,
    context: Context,
) -> None:
    kind = kind_that_holds(lowered.support)
    context.report(
        OutcomeSupport(
            at=statement.law.span,
            law=lowered.distribution.name,
            name=name,
            expected=str(lowered.support),
            found=str(data.support),
            hint=f"if the data are {KINDS[kind]}, declare the field as `{name} : {kind}`" if field is not None else "",
            others=(Label(field.span, f"declared `{field.kind}`"),) if field is not None else (),
        )
    )


def _over(dims: tuple[str, ...]) -> str:
    return " and ".join(f"`{dim}`" for dim in dims) or "no dimension"


def _factor(statement: tree.Factor, key: str, context: Context) -> _Result:
    value = number(statement.value, context)
    if not value.sound:
        return None
    return ir.Factor(span=statement.span, name=key, value=value.node), None
