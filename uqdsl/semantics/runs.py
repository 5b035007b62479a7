"""From `infer` statements to runs: the method found by its name, its options checked and resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from uqdsl.ir import Run, Spec, Unknown
from uqdsl.messages import Label, Problem, Span, SpecError, did_you_mean, listing
from uqdsl.messages.catalogue.kinds import GivenTwice, WrongArgumentCount
from uqdsl.messages.catalogue.methods import (
    Inadmissible,
    NotAMethod,
    NotOfInterest,
    RunDeclaredTwice,
    UnknownMethod,
    UnknownOption,
    WrongOption,
)
from uqdsl.messages.catalogue.names import NoSuchPart, UndeclaredName
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.constants import Settings, Value, evaluate, shown
from uqdsl.semantics.context import Known
from uqdsl.semantics.declare import Declarations, What
from uqdsl.semantics.walk import ungrouped
from uqdsl.syntax import tree
from uqdsl.vocabulary import synonyms
from uqdsl.vocabulary.distributions import DISTRIBUTIONS
from uqdsl.vocabulary.methods import PLANNED, Assumption, Method, NutsOptions, Options, method_named, methods
from uqdsl.vocabulary.synonyms import meant

DEFAULT_METHOD = "nuts"


def lower_runs(
    spec: tree.Tree, declarations: Declarations, known: Mapping[str, Known], settings: Settings
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
        options = NutsOptions()
        runs[DEFAULT_METHOD] = Run(name=DEFAULT_METHOD, method=DEFAULT_METHOD, options=options.model_dump())
    return tuple(runs.values()), tuple(problems)


def _run(
    statement: tree.Infer,
    declarations: Declarations,
    known: Mapping[str, Known],
    settings: Settings,
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
    root = target.name.split(".")[0]
    declared = declarations.values.get(target.name) or declarations.values.get(root)
    if declared is None:
        if root in declarations.dims:
            problems.append(NotOfInterest(at=target.span, name=target.name, what="a dimension"))
        elif not declarations.may_declare(root):
            hint = did_you_mean(target.name, declarations.values)
            problems.append(UndeclaredName(at=target.name_span, name=target.name, hint=hint))
    elif declared.name != target.name:
        if declared.what not in (What.FUNCTION, What.STATE, What.UNREADABLE):
            part = target.name.partition(".")[2]
            problems.append(NoSuchPart(at=target.name_span, name=root, what=str(declared.what), part=part))
    elif declared.what in (What.SETTING, What.FIELD, What.FUNCTION):
        problems.append(NotOfInterest(at=target.span, name=target.name, what=str(declared.what)))
    elif target.name in known and not known[target.name].random:
        problems.append(NotOfInterest(at=target.span, name=target.name, what="a `let` of data alone"))


def resolve_method(
    expression: tree.Expression, settings: Settings, problems: list[Problem]
) -> tuple[Method, Options] | None:
    """The method that `nuts(chains = 2)` names and its options; UQ501 to UQ503 otherwise."""
    call = ungrouped(expression)
    arguments: tuple[tree.Expression | tree.Named, ...] = ()
    if isinstance(call, tree.Call):
        arguments, call = call.arguments, ungrouped(call.function)
    if not isinstance(call, tree.Name):
        hint = f"without quotes: `{call.value}`" if isinstance(call, tree.Text) and call.value in methods() else ""
        problems.append(NotAMethod(at=call.span, hint=hint))
        return None
    method = method_named(call.name)
    if method is None:
        if call.name in PLANNED:
            problems.append(FeatureNotBuilt(at=call.span, feature=f"the method `{call.name}`"))
            return None
        otherwise = f"this version has {listing(methods(), last='and')}"
        hint = meant(call.name, [*methods(), *PLANNED], synonyms.METHODS, otherwise=otherwise)
        problems.append(UnknownMethod(at=call.span, name=call.name, hint=hint))
        return None
    count = len(problems)
    given = _given_options(method, arguments, settings, problems)
    if len(problems) > count or given is None:
        return None
    values = {name: value for name, (value, _) in given.items()}
    try:
        return method, method.options(**values)
    except ValidationError as error:
        problems += [_wrong_option(method, detail, given) for detail in error.errors()]
        return None


type _Given = dict[str, tuple[Value, Span]]


def _given_options(
    method: Method, arguments: tuple[tree.Expression | tree.Named, ...], settings: Settings, problems: list[Problem]
) -> _Given | None:
    """The options as given, with where their values stand; None where one is missing for a problem of its own."""
    given: _Given = {}
    complete = True
    known = method.options.model_fields
    for argument in arguments:
        if not isinstance(argument, tree.Named):
            example = next(iter(known), "option")
            problems.append(
                WrongArgumentCount(
                    at=argument.span,
                    function=method.name,
                    expected=f"its options by name, as in `{example} = …`",
                    found="one without a name is",
                )
            )
        elif argument.name not in known:
            otherwise = f"its options are {listing(known, last='and')}"
            hint = meant(argument.name, known, synonyms.OPTIONS, otherwise=otherwise)
            problems.append(UnknownOption(at=argument.name_span, method=method.name, option=argument.name, hint=hint))
        elif argument.name in given:
            others = (Label(given[argument.name][1], "first given here"),)
            problems.append(GivenTwice(at=argument.span, owner=method.name, name=argument.name, others=others))
        else:
            try:
                value = evaluate(argument.value, settings, words=True)
            except SpecError as error:
                problems += error.problems
                complete = False
                continue
            given[argument.name] = value, argument.value.span
            if isinstance(value, bool) and known[argument.name].annotation in (int, float):
                detail = {
                    "type": f"{'int' if known[argument.name].annotation is int else 'float'}_type",
                    "loc": [argument.name],
                }
                problems.append(_wrong_option(method, detail, given))
    return given if complete else None


_EXPECTED = {
    "greater_than_equal": "at least {ge}",
    "greater_than": "above {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "below {lt}",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of at most 19 digits",
    "finite_number": "a finite number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "a word",
}


def _wrong_option(method: Method, detail: Any, given: _Given) -> Problem:
    """What pydantic found, in our words."""
    option = str(detail["loc"][0]) if detail["loc"] else ""
    context = {name: f"{each:g}" if isinstance(each, float) else each for name, each in detail.get("ctx", {}).items()}
    if detail["type"] == "literal_error":
        expected = str(context["expected"]).replace("'", "`")
    else:
        expected = _EXPECTED.get(detail["type"], "of another form").format(**context)
    value, span = given.get(option, (None, None))
    found = f"`{value}`" if isinstance(value, str) else shown(value)
    return WrongOption(at=span, method=method.name, option=option, expected=expected, found=found)


def check_admissible(spec: Spec) -> tuple[Problem, ...]:
    """UQ505 for each unknown that a method of the runs cannot take, whichever of its runs asks for it."""
    first_runs: dict[str, Run] = {}
    for run in spec.runs:
        first_runs.setdefault(run.method, run)
    problems: list[Problem] = []
    for unknown in spec.unknowns:
        if not DISTRIBUTIONS[unknown.law.distribution].discrete:
            continue
        for name, run in first_runs.items():
            method = method_named(name)
            if method is not None and Assumption.CONTINUOUS in method.assumptions:
                problems.append(_inadmissible(unknown, run))
    return tuple(problems)


def _inadmissible(unknown: Unknown, run: Run) -> Problem:
    admissible = [each.name for each in methods().values() if Assumption.CONTINUOUS not in each.assumptions]
    hint = "no method of this version takes unknowns of whole numbers: give it a continuous law"
    if admissible:
        hint = f"admissible: {listing(admissible)}"
    asked = run.span != Span(0, 0)
    return Inadmissible(
        at=unknown.law.span,
        method=run.method,
        assumption=str(Assumption.CONTINUOUS),
        violation=f"`{unknown.name}` takes whole numbers only",
        others=(Label(run.span, f"`{run.method}` is asked for here"),) if asked else (),
        hint=hint,
    )
