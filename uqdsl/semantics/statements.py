"""From `prior`, `let`, `likelihood` and `factor` to the statements of the IR, in an order in which they can be computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Label, Problem, did_you_mean
from uqdsl.messages.catalogue.kinds import CannotNoncenter
from uqdsl.messages.catalogue.names import DeclaredTwice, NoSuchPart, UndeclaredName
from uqdsl.semantics.constants import Settings
from uqdsl.semantics.context import Context, Known, known_settings
from uqdsl.semantics.declare import Declarations, What
from uqdsl.semantics.expressions import number
from uqdsl.semantics.functions import lower_functions, signatures
from uqdsl.semantics.laws import LoweredLaw, lower_law
from uqdsl.semantics.left import PRIOR_MODIFIERS, check_modifiers, lower_axes
from uqdsl.semantics.likelihoods import check_outcomes, lower_likelihood
from uqdsl.semantics.order import order_statements
from uqdsl.semantics.walk import names_in
from uqdsl.syntax import tree
from uqdsl.vocabulary.distributions import DISTRIBUTIONS
from uqdsl.vocabulary.supports import KINDS, REAL


class Lowered(NamedTuple):
    """The statements of a spec and what is known of every name."""

    statements: tuple[ir.Statement, ...]
    functions: tuple[ir.Function, ...]
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
    declared = signatures(spec, dims, problems := [*problems])
    functions, found_in_functions = lower_functions(
        declared, declarations, dims, settings, known_settings(settings), number
    )
    problems += found_in_functions
    gathered = [*problems, *_check_networks(spec, declarations), *check_outcomes(spec, declarations, fields)]
    for key in order:
        statement = named[key]
        context = Context(declarations, known, settings, dims, owner=_owner(statement), functions=declared)
        match statement:
            case tree.Prior():
                result = _prior(statement, context)
            case tree.Let():
                result = _let(statement, context)
            case tree.Likelihood():
                observation = lower_likelihood(statement, fields, context)
                result = (observation, None) if observation is not None else None
            case tree.Factor():
                result = _factor(statement, key, context)
        gathered += dict.fromkeys(context.problems)
        if result is not None:
            lowered, value = result
            found.append(lowered)
            if value is not None:
                known[lowered.name] = value
    return Lowered(tuple(found), functions, known, tuple(gathered))


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
            networks = [each.name for each in declarations.values.values() if each.what is What.FUNCTION]
            hint = did_you_mean(name, networks, otherwise=f"a network is declared by `network {name}(…)`")
            problems.append(UndeclaredName(at=at, name=name, hint=hint))
    return problems


def _owner(statement: _Model) -> str:
    return "" if isinstance(statement, tree.Factor) else statement.target.name


def _known_at_first(fields: tuple[ir.DataField, ...], settings: Settings) -> dict[str, Known]:
    known = known_settings(settings)
    for field in fields:
        known[field.name] = Known(field.dims, KINDS.get(field.kind, REAL), field.of, spread=frozenset({field.name}))
    return known


def _prior(statement: tree.Prior, context: Context) -> _Result:
    dims = lower_axes(statement.target, context)
    check_modifiers(statement.modifiers, PRIOR_MODIFIERS, "a prior", context)
    if dims is None:
        return None
    lowered = lower_law(statement.law, statement.modifiers, dims, context)
    if lowered is None:
        return None
    dims = lowered.law.arranged(dims)
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
    dims = lower_axes(statement.target, context)
    check_modifiers(statement.modifiers, ("starting",), "a `let`", context)
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


def _factor(statement: tree.Factor, key: str, context: Context) -> _Result:
    value = number(statement.value, context)
    if not value.sound:
        return None
    return ir.Factor(span=statement.span, name=key, value=value.node), None
