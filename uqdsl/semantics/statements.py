"""From `prior`, `let`, `likelihood` and `factor` to the statements of the IR, in an order in which they can be computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Label, Problem, Span, did_you_mean, errors
from uqdsl.messages.catalogue.kinds import NoEvent, OutcomeSupport
from uqdsl.messages.catalogue.lints import CutMass, WiderThanKind
from uqdsl.messages.catalogue.names import (
    DeclaredTwice,
    DimensionsDiffer,
    NothingMissing,
    UndeclaredName,
)
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.allowed import allows
from uqdsl.semantics.composed import lower_composed
from uqdsl.semantics.constants import Settings
from uqdsl.semantics.context import Context, Known, known_settings
from uqdsl.semantics.declare import Declarations, What, no_such_part
from uqdsl.semantics.expressions import number, whole
from uqdsl.semantics.functions import lower_functions, signatures
from uqdsl.semantics.jeffreys import with_information
from uqdsl.semantics.laws import lower_law
from uqdsl.semantics.left import PRIOR_MODIFIERS, check_modifiers, lower_axes
from uqdsl.semantics.likelihoods import check_outcomes, lower_likelihood, report_labels
from uqdsl.semantics.networks import Networks, with_values
from uqdsl.semantics.order import order_statements
from uqdsl.semantics.own_units import in_own_units
from uqdsl.semantics.processes import PROCESS, lower_process
from uqdsl.semantics.recurrences import Use, find_recurrences, resolve_recurrence, uses_of
from uqdsl.semantics.restrictions import decorrelated, is_noncentered, lower_restriction
from uqdsl.semantics.starts import looking_back, lower_start, standardised
from uqdsl.semantics.states import lower_state, with_reads
from uqdsl.semantics.tables import axis_names
from uqdsl.semantics.walk import law_name, ungrouped
from uqdsl.syntax import tree
from uqdsl.vocabulary.composed import COMPOSED
from uqdsl.vocabulary.distributions import DISTRIBUTIONS
from uqdsl.vocabulary.supports import COUNT, KINDS, REAL, drawn


class Lowered(NamedTuple):
    """The statements of a spec, the dimensions that they bring with them, and what is known of every name."""

    statements: tuple[ir.Statement, ...]
    functions: tuple[ir.Function, ...]
    externs: tuple[ir.Extern, ...]
    dims: tuple[ir.Dim, ...]
    known: Mapping[str, Known]
    problems: tuple[Problem, ...]


def lower_statements(
    spec: tree.Tree,
    declarations: Declarations,
    dims: Mapping[str, ir.Dim],
    fields: tuple[ir.DataField, ...],
    settings: Settings,
    networks: Networks,
) -> Lowered:
    """The model part of a spec in the IR."""
    named = _by_name(spec, declarations)
    states = {
        each.target.name: statement.names[0].target.name
        for statement in named.values()
        if isinstance(statement, tree.State)
        for each in statement.names
    }
    at_first: list[Problem] = []
    declared = signatures(spec, declarations, dims, networks.found, at_first)
    weights = {each.name: [own.name for own in each.weights] for each in (*networks.found.values(), *declared.values())}
    uses: dict[str, list[Use]] = {}
    for key, statement in named.items():
        found_uses = [use._replace(name=states.get(use.name, use.name)) for use in uses_of(statement, dims)]
        moving = isinstance(statement, tree.State)
        found_uses += [use._replace(name=name) for use in found_uses for name in weights.get(use.name, ())]
        uses[key] = [use for use in found_uses if use.name in named and not (moving and use.name == key)]
    recurrences = find_recurrences(uses)
    order, problems = _in_order(named, uses, recurrences)
    problems = [*at_first, *problems]
    known = _known_at_first(fields, settings)
    functions, found_in_functions = lower_functions(
        declared, declarations, dims, settings, known_settings(settings), networks.found, number
    )
    problems += found_in_functions
    externs = tuple(each.value for each in declared.values() if isinstance(each.value, ir.Extern))
    found: list[ir.Statement] = []
    gathered = [*problems, *_check_networks(spec, declarations), *check_outcomes(spec, declarations, fields)]
    place = Context(declarations, known, settings, dims, owner="", functions=declared, networks=networks.found)
    for key in order:
        members = recurrences.get(key, (key,))
        if key != next(each for each in order if each in members):
            continue
        if key in recurrences:
            lowered, problems = _recurrence([each for each in order if each in members], named, known, place)
            gathered += problems
            found += lowered
            continue
        statement = named[key]
        sizes = networks.sizes.get(key, {})
        context = replace(place, owner=_owner(statement), problems=[], back={}, sizes=sizes)
        if isinstance(statement, tree.State):
            moved = lower_state(statement, context)
            gathered += dict.fromkeys(context.problems)
            if moved is not None:
                found += moved[0]
                known |= moved[1]
            continue
        result = _lowered(statement, key, fields, context)
        gathered += dict.fromkeys(context.problems)
        if result is None and isinstance(statement, tree.Population) and key in known:
            known[key] = known[key]._replace(missing=False)  # there is one, with a problem of its own
        if result is not None:
            made, value = result
            found += made
            if value is not None:
                known[statement.target.name] = value  # type: ignore[union-attr]
        elif isinstance(statement, tree.Prior | tree.Let):
            along = axis_names(statement.target, [])
            if all(ir.base(dim) in dims for dim in along):
                known[statement.target.name] = Known(along, random=True, sound=False)
    learned = {name for name, each in weights.items() if each}
    statements = with_values(with_reads(tuple(found)), learned, declarations)
    if not errors(gathered):
        statements, problems = with_information(statements, fields, declarations)
        gathered += problems
    statements, problems = in_own_units(statements, fields)
    gathered += problems
    return Lowered(statements, functions, externs, tuple(place.new_dims), known, tuple(gathered))


def _in_order(
    named: Mapping[str, _Model], uses: Mapping[str, Sequence[Use]], recurrences: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], list[Problem]]:
    """The statements in an order in which they can be computed; those of a recurrence one after the other."""
    together = {name: members[0] for name, members in recurrences.items()}
    outer: dict[str, dict[str, Span]] = {together.get(name, name): {} for name in named}
    for name in named:
        for use in uses[name]:
            if together.get(use.name, use.name) != together.get(name, name):
                outer[together.get(name, name)].setdefault(together.get(use.name, use.name), use.span)
            elif name not in together:
                outer[name].setdefault(name, use.span)
    order, problems = order_statements(tuple(outer), outer)
    found: list[str] = []
    gathered = list(problems)
    for name in order:
        members = recurrences.get(name, (name,))
        if name in recurrences:
            inner = {
                each: {use.name: use.span for use in uses[each] if use.name in members and not use.along}
                for each in members
            }
            members, problems = order_statements(members, inner)
            gathered += problems
        found += members
    return tuple(found), gathered


def _lowered(
    statement: _Model, key: str, fields: tuple[ir.DataField, ...], context: Context
) -> tuple[tuple[ir.Statement, ...], Known | None] | None:
    match statement:
        case tree.Prior():
            found = _prior(statement, context)
            _check_brought(statement, found[0] if found is not None else (), context)
            return found
        case tree.Let():
            return _let(statement, context)
        case tree.Population():
            return _population(statement, fields, context)
        case tree.Likelihood():
            observation = lower_likelihood(statement, fields, context)
            return ((observation,), None) if observation is not None else None
        case tree.Factor():
            return _factor(statement, key, context)
    return None


def _recurrence(
    members: list[str], named: Mapping[str, _Model], known: dict[str, Known], place: Context
) -> tuple[list[ir.Statement], list[Problem]]:
    """The statements of a recurrence, each of which may use what the others were before."""
    for name in members:
        statement = named[name]
        if isinstance(statement, tree.Prior | tree.Let):
            dims = axis_names(statement.target, [])
            law = ungrouped(statement.law) if isinstance(statement, tree.Prior) else None
            word = law_name(statement.law) if isinstance(statement, tree.Prior) else ""
            support = DISTRIBUTIONS[word].support if word in DISTRIBUTIONS else REAL
            spread = frozenset({name}) if word else None
            known[name] = Known(dims, support, _labels_of(law), random=bool(law), spread=spread)
    results: dict[str, _Result] = {}
    problems: list[Problem] = []
    random = False
    for _ in range(2):  # at first nobody knows whether a quantity of the recurrence depends on an unknown
        results, problems = {}, []
        for name in members:
            context = replace(place, owner=name, problems=[], back={})
            results[name] = _lowered(named[name], name, (), context)
            problems += dict.fromkeys(context.problems)
        random = any(result is None or (result[1] is not None and result[1].random) for result in results.values())
        for name in members:
            known[name] = known[name]._replace(random=random)
    lowered: list[ir.Unknown | ir.Quantity] = []
    for name, result in results.items():
        if result is None:
            known[name] = known[name]._replace(random=True)
            continue
        made, value = result
        lowered += [each for each in made if isinstance(each, ir.Unknown | ir.Quantity)]
        if value is not None:
            known[name] = value._replace(random=random)
    if errors(problems) or any(result is None for result in results.values()):
        return [], problems
    lowered = [
        each.model_copy(update={"fixed": not random}) if isinstance(each, ir.Quantity) else each for each in lowered
    ]
    free: list[ir.Statement] = []
    bound: list[ir.Unknown | ir.Quantity] = []
    for each in lowered:
        if isinstance(each, ir.Unknown) and each.noncentered:
            steps, made = standardised(each)
            free.append(steps)
            bound.append(made)
        else:
            bound.append(each)
    resolved = resolve_recurrence(bound)
    return [*free, *resolved.statements], [*problems, *resolved.problems]


def _labels_of(law: tree.Expression | None) -> str | None:
    """The dimension whose labels a law draws, by what it says itself."""
    if isinstance(law, tree.Call) and isinstance(law.function, tree.Name):
        known = DISTRIBUTIONS.get(law.function.name)
        for argument in law.arguments:
            if known is not None and known.values == "labels" and isinstance(argument, tree.Named):
                over = argument.value.value if isinstance(argument.value, tree.Primed) else argument.value
                if argument.name == "over" and isinstance(over, tree.Name):
                    return over.name
    return None


type _Model = tree.Prior | tree.Let | tree.Population | tree.Likelihood | tree.Factor | tree.State
type _Result = tuple[tuple[ir.Statement, ...], Known | None] | None


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
            case tree.State(names=names):
                named[names[0].target.name] = statement
            case tree.Population(target=target):
                named[target.name if target.name in declarations.values else f"population {index}"] = statement
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
        whole, at = statement.target.name, statement.target.name_span
        itself = declarations.values.get(whole)
        if itself is not None:
            if itself.span != at:
                others = (Label(itself.span, "first declared here"),)
                problems.append(DeclaredTwice(at=at, name=whole, others=others))
            continue
        declared = declarations.owner(whole)
        name = declared.name if declared is not None else whole.split(".")[0]
        part = whole.removeprefix(f"{name}.")
        if declared is not None and declared.what not in (What.NETWORK, What.STATE, What.UNREADABLE):
            problems.append(no_such_part(at, declared, part, declarations))
        elif declared is None and not declarations.may_declare(name):
            networks = [each.name for each in declarations.values.values() if each.what is What.NETWORK]
            hint = did_you_mean(name, networks, otherwise=f"a network is declared by `network {name}(…)`")
            problems.append(UndeclaredName(at=at, name=name, hint=hint))
    return problems


def _owner(statement: _Model) -> str:
    match statement:
        case tree.Factor():
            return ""
        case tree.State(names=names):
            return names[0].target.name
    return statement.target.name


def _known_at_first(fields: tuple[ir.DataField, ...], settings: Settings) -> dict[str, Known]:
    known = known_settings(settings)
    for field in fields:
        support = REAL if field.standardized else KINDS.get(field.kind, REAL)
        known[field.name] = Known(field.dims, support, field.of, spread=frozenset({field.name}))
        for each in ir.constants_of(field):
            known[each.name] = Known(each.dims, KINDS[each.kind], spread=frozenset({each.name}))
        if field.missing:
            known[field.name] = known[field.name]._replace(missing=True)
        if field.kind == "time":
            known[field.name] = known[field.name]._replace(category=None, axis=field.of)
    return known


def _prior(statement: tree.Prior, context: Context) -> _Result:
    dims = lower_axes(statement.target, context)
    check_modifiers(statement.modifiers, PRIOR_MODIFIERS, "a prior", context)
    if dims is None:
        return None
    name = statement.target.name
    if law_name(statement.law) == PROCESS:
        made = lower_process(statement, dims, context)
        if made is None or errors(context.problems):
            return None
        context.new_dims.extend(made[1])
        return made[0], Known(dims, REAL, random=True, spread=frozenset({name}))
    law = COMPOSED.get(law_name(statement.law))
    if law is not None:
        parts = lower_composed(law, statement, dims, context)
        return None if parts is None else (parts, Known(dims, law.support, random=True, spread=frozenset({name})))
    context = looking_back(context, dims)
    lowered = lower_law(statement.law, statement.modifiers, dims, context)
    if lowered is None:
        return None
    dims = lowered.law.arranged(dims)
    past = lower_start(statement, dims, lowered, context)
    if errors(context.problems):
        return None
    noncentered = is_noncentered(statement.modifiers, lowered, context)
    restriction, along = lower_restriction(statement, dims, lowered, context)
    dims = (*(dim for dim in dims if dim not in along), *along)
    unknown = ir.Unknown(
        span=statement.span,
        name=name,
        dims=dims,
        law=lowered.law,
        noncentered=noncentered,
        nuisance=any(m.name == "nuisance" for m in statement.modifiers),
        past=past,
        restriction=restriction,
        along=along,
        confined=allows(statement.modifiers, CutMass),
    )
    known = Known(dims, drawn(lowered.support), lowered.category, random=True, spread=frozenset({name}))
    return decorrelated(unknown), known


def _check_brought(statement: tree.Prior, made: tuple[ir.Statement, ...], context: Context) -> None:
    """UQ202 for what a prior brings with it under a name that the spec declares."""
    name = statement.target.name
    brought = {each.name: f"`{law_name(statement.law)}` brings `{each.name}` with it" for each in made}
    at = statement.law.span
    modifier = next((each for each in statement.modifiers if each.name == "noncentered"), None)
    if modifier is not None:
        at = modifier.span
        brought[f"{name}_decentered"] = f"`noncentered` draws `{name}_decentered`"
    for each, said in brought.items():
        if each != name and each in context.declarations.values:
            others = (Label(at, said),)
            context.report(DeclaredTwice(at=context.declarations.values[each].span, name=each, others=others))


def _population(statement: tree.Population, fields: tuple[ir.DataField, ...], context: Context) -> _Result:
    """The law of a field with missing values, which become unknowns."""
    name = statement.target.name
    field = next((each for each in fields if each.name == name), None)
    check_modifiers(statement.modifiers, ("truncated",), "a population", context)
    if statement.new:
        context.report(FeatureNotBuilt(at=statement.span, feature="populations of new inputs"))
        return None
    declared = context.declarations.values.get(name)
    if field is None and declared is not None and declared.what in (What.FIELD, What.UNREADABLE):
        return None  # which has a problem of its own
    if declared is None:
        if not context.declarations.may_declare(name):
            gaps = [each.name for each in fields if each.missing]
            hint = did_you_mean(
                name, gaps, otherwise=f"it is a field of the data: `data {{ {name}[…] : real missing }}`"
            )
            context.report(UndeclaredName(at=statement.target.name_span, name=name, hint=hint))
        return None
    if field is None or not field.missing:
        context.report(NothingMissing(at=statement.target.name_span, name=name))
        return None
    dims = lower_axes(statement.target, context) if statement.target.axes else field.dims
    if dims is None:
        return None
    if set(dims) != set(field.dims):
        given, declared = (" and ".join(f"`{dim}`" for dim in each) or "no dimension" for each in (dims, field.dims))
        context.report(DimensionsDiffer(at=statement.target.span, name=name, given=given, declared=declared))
        return None
    lowered = lower_law(statement.law, statement.modifiers, field.dims, context)
    if lowered is None or errors(context.problems):
        return None
    support = KINDS.get(field.kind, COUNT)
    if lowered.law.event:
        context.report(NoEvent(at=statement.law.span, law=lowered.distribution.name))
        return None
    if lowered.category != field.of:
        report_labels(statement, lowered, context.known[name], field, context)
        return None
    if not lowered.support.meets(support) or lowered.support.integer != support.integer:
        expected, found = str(lowered.support), str(support)
        at = statement.law.span
        context.report(OutcomeSupport(at=at, law=lowered.distribution.name, name=name, expected=expected, found=found))
        return None
    if not lowered.support.within(support._replace(open_lower=False, open_upper=False)):
        law, found, expected = lowered.distribution.name, str(lowered.support), str(support)
        hint = (
            f"confine it: `truncated({support.lower:g}, {support.upper:g})`" if lowered.distribution.truncates else ""
        )
        at = statement.law.span
        context.report(WiderThanKind(at=at, law=law, name=name, found=found, expected=expected, hint=hint))
    unknown = ir.Unknown(span=statement.span, name=name, dims=field.dims, law=lowered.law, imputes=True)
    return (unknown,), Known(field.dims, support, field.of, random=True, spread=frozenset({name}))


def _let(statement: tree.Let, context: Context) -> _Result:
    dims = lower_axes(statement.target, context)
    check_modifiers(statement.modifiers, ("starting",), "a `let`", context)
    if dims is None:
        return None
    context = looking_back(context, dims)
    place = replace(context, ranges=dims, list_dim=dims[0] if len(dims) == 1 else None)
    value = whole(statement.value, place)
    past = lower_start(statement, dims, None, place)
    if not value.sound or errors(context.problems):
        return None
    starts = [each for each in context.starts if each.random]
    random = value.random or bool(starts)
    quantity = ir.Quantity(
        span=statement.span, name=statement.target.name, dims=dims, value=value.node, fixed=not random, past=past
    )
    support = value.support
    for each in context.starts:
        support = support.hull(each.support)
    return (quantity,), Known(dims, support, random=random, spread=value.spread if past is None else None)


def _factor(statement: tree.Factor, key: str, context: Context) -> _Result:
    check_modifiers(statement.modifiers, (), "a factor", context)
    value = whole(statement.value, context)
    if not value.sound:
        return None
    return (ir.Factor(span=statement.span, name=key, value=value.node),), None
