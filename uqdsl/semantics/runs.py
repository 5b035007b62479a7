"""From `infer` statements to runs: the method found by its name, its options checked and resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from uqdsl.ir import Run, Spec
from uqdsl.messages import Label, Problem, Span, SpecError, did_you_mean, listing
from uqdsl.messages.catalogue.kinds import WrongArgumentCount
from uqdsl.messages.catalogue.methods import (
    Inadmissible,
    NotOfInterest,
    RunDeclaredTwice,
    UnknownMethod,
    UnknownOption,
    WrongOption,
)
from uqdsl.messages.catalogue.names import UndeclaredName
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.constants import Value, evaluate
from uqdsl.semantics.context import Known
from uqdsl.semantics.declare import Declarations
from uqdsl.semantics.walk import ungrouped
from uqdsl.syntax import tree
from uqdsl.vocabulary.distributions import DISTRIBUTIONS
from uqdsl.vocabulary.methods import PLANNED, Assumption, Method, Options, methods

DEFAULT_METHOD = "nuts"


def lower_runs(
    spec: tree.Tree, declarations: Declarations, known: Mapping[str, Known], settings: Mapping[str, Value]
) -> tuple[tuple[Run, ...], tuple[Problem, ...]]:
    """The runs of a spec; one with the default method where it has no `infer` statement."""
    problems: list[Problem] = []
    runs: dict[str, Run] = {}
    for statement in spec.statements:
        if not isinstance(statement, tree.Infer):
            continue
        run = _run(statement, declarations, known, settings, problems)
        if run is None:
            continue
        if run.name in runs:
            others = (Label(runs[run.name].span, "the first"),)
            problems.append(RunDeclaredTwice(at=statement.span, name=run.name, others=others))
        runs.setdefault(run.name, run)
    asked = any(isinstance(each, tree.Infer | tree.Assimilate) for each in spec.statements)
    if not asked:
        options = methods()[DEFAULT_METHOD].options()
        runs[DEFAULT_METHOD] = Run(name=DEFAULT_METHOD, method=DEFAULT_METHOD, options=options.model_dump())
    return tuple(runs.values()), tuple(problems)


def _run(
    statement: tree.Infer,
    declarations: Declarations,
    known: Mapping[str, Known],
    settings: Mapping[str, Value],
    problems: list[Problem],
) -> Run | None:
    if statement.clauses.options is not None or statement.clauses.of is not None:
        problems.append(FeatureNotBuilt(at=statement.clauses.span, feature="`with(…)` and `of` after `infer`"))
    names = tuple(target.name for target in statement.names)
    for target in statement.names:
        _check_interest(target, declarations, known, problems)
    resolved = resolve_method(statement.method, settings, problems)
    if resolved is None:
        return None
    method, options = resolved
    name = statement.clauses.alias or method.name
    return Run(span=statement.span, name=name, method=method.name, options=options.model_dump(), names=names)


def _check_interest(
    target: tree.Target, declarations: Declarations, known: Mapping[str, Known], problems: list[Problem]
) -> None:
    declared = declarations.values.get(target.name)
    if declared is None:
        hint = did_you_mean(target.name, declarations.values)
        problems.append(UndeclaredName(at=target.span, name=target.name, hint=hint))
    elif target.name in known and not known[target.name].random:
        problems.append(NotOfInterest(at=target.span, name=target.name, what=f"{declared.what}"))


def resolve_method(
    expression: tree.Expression, settings: Mapping[str, Value], problems: list[Problem]
) -> tuple[Method, Options] | None:
    """The method that `nuts(chains = 2)` names and its options; UQ501 to UQ503 otherwise."""
    call = ungrouped(expression)
    arguments: tuple[tree.Expression | tree.Named, ...] = ()
    if isinstance(call, tree.Call):
        arguments, call = call.arguments, call.function
    if not isinstance(call, tree.Name) or call.name not in methods():
        name = call.name if isinstance(call, tree.Name) else "…"
        if name in PLANNED:
            problems.append(FeatureNotBuilt(at=call.span, feature=f"the method `{name}`"))
            return None
        hint = did_you_mean(name, methods(), otherwise=f"this version has {listing(methods(), last='and')}")
        problems.append(UnknownMethod(at=call.span, name=name, hint=hint))
        return None
    method = methods()[call.name]
    given: dict[str, Value] = {}
    spans: dict[str, Span] = {}
    count = len(problems)
    for argument in arguments:
        if not isinstance(argument, tree.Named):
            problems.append(
                WrongArgumentCount(
                    at=argument.span,
                    function=method.name,
                    expected="its options by name, as in `chains = 4`",
                    found="one without a name is",
                )
            )
            continue
        if argument.name not in method.options.model_fields:
            known = method.options.model_fields
            hint = did_you_mean(argument.name, known, otherwise=f"its options are {listing(known, last='and')}")
            problems.append(
                UnknownOption(at=argument.name_span, method=method.name, option=argument.name, hint=hint)
            )
            continue
        try:
            given[argument.name] = evaluate(argument.value, settings, words=True)
            spans[argument.name] = argument.value.span
        except SpecError as error:
            problems += error.problems
    if len(problems) > count:
        return None
    try:
        return method, method.options(**given)
    except ValidationError as error:
        problems += [_wrong_option(method, detail, given, spans) for detail in error.errors()]
        return None


_EXPECTED = {
    "greater_than_equal": "at least {ge}",
    "greater_than": "above {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "below {lt}",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "a word",
}


def _wrong_option(method: Method, detail: Any, given: Mapping[str, Value], spans: Mapping[str, Span]) -> Problem:
    """What pydantic found, in our words."""
    option = str(detail["loc"][0]) if detail["loc"] else ""
    context = detail.get("ctx", {})
    if detail["type"] == "literal_error":
        expected = str(context["expected"]).replace("'", "`")
    else:
        expected = _EXPECTED.get(detail["type"], "of another form").format(**context)
    return WrongOption(
        at=spans.get(option), method=method.name, option=option, expected=expected, found=f"`{given.get(option)}`"
    )


def check_admissible(spec: Spec) -> tuple[Problem, ...]:
    """UQ505 for each run whose method assumes what the spec does not give."""
    problems: list[Problem] = []
    discrete = [each for each in spec.unknowns if DISTRIBUTIONS[each.law.distribution].discrete]
    for run in spec.runs:
        method = methods()[run.method]
        for unknown in discrete:
            if Assumption.CONTINUOUS in method.assumptions:
                admissible = [m.name for m in methods().values() if Assumption.CONTINUOUS not in m.assumptions]
                hint = f"admissible: {listing(admissible)}" if admissible else "no method of this version takes it"
                span = run.span if run.span != Span(0, 0) else unknown.span
                others = (Label(unknown.span, "takes whole numbers only"),) if span != unknown.span else ()
                problems.append(
                    Inadmissible(
                        at=span,
                        method=method.name,
                        assumption=str(Assumption.CONTINUOUS),
                        violation=f"`{unknown.name}` takes whole numbers only",
                        others=others,
                        hint=hint,
                    )
                )
    return tuple(problems)
