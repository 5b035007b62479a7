"""From `infer` statements to runs: the method found by its name, its options checked and resolved."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from uqdsl.ir import ByFilter, Run
from uqdsl.messages import Label, Problem, did_you_mean, listing
from uqdsl.messages.catalogue.methods import (
    NotAMethod,
    NotOfInterest,
    RunDeclaredTwice,
    UnknownMethod,
)
from uqdsl.messages.catalogue.names import UndeclaredName
from uqdsl.messages.catalogue.states import LikelihoodEstimated, RegularisedLikelihood, RejectingLikelihood
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.constants import Settings
from uqdsl.semantics.context import Known
from uqdsl.semantics.declare import Declarations, What, no_such_part
from uqdsl.semantics.options import resolve_options
from uqdsl.semantics.walk import ungrouped
from uqdsl.syntax import tree
from uqdsl.vocabulary import synonyms
from uqdsl.vocabulary.assimilation import ESTIMATES, MARGINAL, filters
from uqdsl.vocabulary.methods import PLANNED, Method, NutsOptions, Options, brought, method_named, methods
from uqdsl.vocabulary.methods.particles import SmcOptions
from uqdsl.vocabulary.synonyms import meant

DEFAULT_METHOD = "nuts"


def lower_runs(
    spec: tree.Tree,
    declarations: Declarations,
    known: Mapping[str, Known],
    settings: Settings,
    states: Collection[str] = (),
) -> tuple[tuple[Run, ...], tuple[Problem, ...]]:
    """The runs of a spec; one with the default method where it has no `infer` statement.

    Arguments:
        states: that a filter accounts for.
    """
    problems: list[Problem] = []
    runs: dict[str, Run] = {}
    for statement in spec.statements:
        if not isinstance(statement, tree.Infer):
            continue
        run = _run(statement, declarations, known, settings, states, problems)
        if run is None:
            continue
        if run.name in runs:
            others = (Label(runs[run.name].span, "the first"),)
            problems.append(RunDeclaredTwice(at=statement.span, name=run.name, others=others))
        runs.setdefault(run.name, run)
    asked = any(isinstance(each, tree.Infer | tree.Assimilate) for each in spec.statements)
    if not asked:
        options = NutsOptions()
        runs[DEFAULT_METHOD] = Run(name=DEFAULT_METHOD, method=DEFAULT_METHOD, options=options.model_dump())
    return tuple(runs.values()), tuple(problems)


def _run(
    statement: tree.Infer,
    declarations: Declarations,
    known: Mapping[str, Known],
    settings: Settings,
    states: Collection[str],
    problems: list[Problem],
) -> Run | None:
    if statement.clauses.options is not None or statement.clauses.of is not None:
        problems.append(FeatureNotBuilt(at=statement.clauses.span, feature="`with(…)` and `of` after `infer`"))
    names = tuple(target.name for target in statement.names)
    for target in (each for each in statement.names if each.name not in states):
        check_interest(target, declarations, known, problems)
    made = run_of(statement, settings, problems)
    return None if made is None else made.model_copy(update={"span": statement.span, "names": names})


def run_of(statement: tree.Infer, settings: Settings, problems: list[Problem]) -> Run | None:
    """The method of an `infer`, its options, how it accounts for states; UQ268, UQ295, UQ296, UQ501 to UQ503 otherwise."""
    written = states_clause(statement)
    by = _by_filter(written.value, settings, problems) if written is not None else None
    resolved = resolve_method(_without(statement.method, written), settings, problems)
    if resolved is None or (written is not None and by is None):
        return None
    method, options = resolved
    if by is not None and written is not None:
        by_gradient = isinstance(options, SmcOptions) and options.moves == "hmc"
        if by.method in ESTIMATES and (by_gradient or not method.estimates):
            others = (Label(statement.method.span, "needs the likelihood itself"),)
            called = "moves = hmc" if by_gradient else method.name
            problems.append(LikelihoodEstimated(at=written.span, method=called, filter=by.method, others=others))
        if by.options.get("regularisation"):
            problems.append(RegularisedLikelihood(at=written.span, filter=by.method))
        if by.options.get("reject") is not None:
            problems.append(RejectingLikelihood(at=written.span))
    name = statement.clauses.alias or method.name
    return Run(name=name, method=method.name, options=options.model_dump(), states=by)


def states_clause(statement: tree.Infer) -> tree.Named | None:
    """`states = kalman()` among the options of a method, which says how states that move at random are accounted for."""
    call = ungrouped(statement.method)
    arguments = call.arguments if isinstance(call, tree.Call) else ()
    return next((each for each in arguments if isinstance(each, tree.Named) and each.name == "states"), None)


def _without(method: tree.Expression, argument: tree.Named | None) -> tree.Expression:
    call = ungrouped(method)
    if argument is None or not isinstance(call, tree.Call):
        return method
    return replace(call, arguments=tuple(each for each in call.arguments if each is not argument))


def _by_filter(written: tree.Expression, settings: Settings, problems: list[Problem]) -> ByFilter | None:
    able = {name: method for name, method in filters().items() if name in MARGINAL}
    resolved = resolve_method(written, settings, problems, able, ())
    return None if resolved is None else ByFilter(method=resolved[0].name, options=resolved[1].model_dump())


def check_interest(
    target: tree.Target, declarations: Declarations, known: Mapping[str, Known], problems: list[Problem]
) -> None:
    """UQ504 for what cannot be of interest, UQ201 for what is not declared."""
    root = target.name.split(".")[0]
    declared = declarations.values.get(target.name)
    if target.name not in declarations.dims:
        declared = declared or declarations.owner(target.name)
    if declared is None:
        if {root, target.name} & declarations.dims.keys():
            problems.append(NotOfInterest(at=target.span, name=target.name, what="a dimension"))
        elif not declarations.may_declare(root):
            hint = did_you_mean(target.name, declarations.values)
            problems.append(UndeclaredName(at=target.name_span, name=target.name, hint=hint))
    elif declared.name != target.name:
        if declared.what not in (What.FUNCTION, What.NETWORK, What.STATE, What.UNREADABLE):
            part = target.name.removeprefix(f"{declared.name}.")
            problems.append(no_such_part(target.name_span, declared, part, declarations))
    elif declared.what in (What.SETTING, What.FIELD, What.FUNCTION, What.NETWORK, What.INCLUDED):
        problems.append(NotOfInterest(at=target.span, name=target.name, what=str(declared.what)))
    elif target.name in known and not known[target.name].random:
        problems.append(NotOfInterest(at=target.span, name=target.name, what="a `let` of data alone"))


def resolve_method(
    expression: tree.Expression,
    settings: Settings,
    problems: list[Problem],
    known: Mapping[str, Method] | None = None,
    planned: Collection[str] = PLANNED,
) -> tuple[Method, Options] | None:
    """The method that `nuts(chains = 2)` names and its options; UQ501 to UQ503 otherwise.

    Arguments:
        known: the methods that there are, where these are not those of `infer`.
        planned: those that the language names, and this version cannot run.
    """
    call = ungrouped(expression)
    arguments: tuple[tree.Expression | tree.Named, ...] = ()
    if isinstance(call, tree.Call):
        arguments, call = call.arguments, ungrouped(call.function)
    if not isinstance(call, tree.Name):
        hint = f"without quotes: `{call.value}`" if isinstance(call, tree.Text) and call.value in methods() else ""
        problems.append(NotAMethod(at=call.span, hint=hint))
        return None
    method = method_named(call.name) if known is None else known.get(call.name)
    if method is None:
        if call.name in planned:
            problems.append(FeatureNotBuilt(at=call.span, feature=f"the method `{call.name}`"))
            return None
        there = methods() if known is None else known
        otherwise = f"this version has {listing(there, last='and')}"
        hint = meant(call.name, [*there, *planned], synonyms.METHODS, otherwise=otherwise)
        refused = next((each for each in brought().refused if each.name == call.name), None)
        if refused is not None:
            hint = f"the package `{refused.package}` has one, which cannot be used: {refused.reason}"
        problems.append(UnknownMethod(at=call.span, name=call.name, hint=hint))
        return None
    options = resolve_options(method.name, method.options, arguments, settings, problems)
    return None if options is None else (method, options)
