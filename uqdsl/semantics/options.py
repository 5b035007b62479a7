"""Options by name, as in `nuts(chains = 2)` and `rk4(dt = 0.1)`, checked by the model that declares them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from uqdsl.messages import Label, Problem, Span, SpecError, UsageError, did_you_mean, listing
from uqdsl.messages.catalogue.kinds import GivenTwice, WrongArgumentCount
from uqdsl.messages.catalogue.methods import UnknownOption, WrongOption
from uqdsl.semantics.constants import Settings, Value, evaluate, shown
from uqdsl.semantics.walk import ungrouped
from uqdsl.syntax import tree
from uqdsl.vocabulary import synonyms
from uqdsl.vocabulary.synonyms import meant


def resolve_options[O: BaseModel](
    owner: str,
    options: type[O],
    arguments: tuple[tree.Expression | tree.Named, ...],
    settings: Settings,
    problems: list[Problem],
) -> O | None:
    """The options of `owner` as given, the rest as they are by default; UQ502, UQ503 otherwise."""
    count = len(problems)
    given = _given_options(owner, options.model_fields, arguments, settings, problems)
    if len(problems) > count or given is None:
        return None
    try:
        return options(**{name: value for name, (value, _) in given.items()})
    except ValidationError as error:
        problems += [_wrong_option(owner, detail, given) for detail in error.errors()]
        return None


def options_of[O: BaseModel](owner: str, options: type[O], given: Mapping[str, Any]) -> O:
    """The options of `owner` from Python.

    Raises:
        UsageError: UQ502, UQ503.
    """
    known = options.model_fields
    unknown = [name for name in given if name not in known]
    if unknown:
        otherwise = f"its options are {listing(known, last='and')}"
        hints = {name: meant(name, known, synonyms.OPTIONS, otherwise=otherwise) for name in unknown}
        raise UsageError([UnknownOption(method=owner, option=name, hint=hint) for name, hint in hints.items()])
    values = {name: tuple(each) if isinstance(each, list) else each for name, each in given.items()}
    try:
        return options(**values)
    except ValidationError as error:
        shown_with = {name: (each, None) for name, each in values.items()}
        raise UsageError([_wrong_option(owner, detail, shown_with) for detail in error.errors()]) from None


type _Given = dict[str, tuple[Value | tuple[Value, ...] | dict[str, Any], Span]]


def _given_options(
    owner: str,
    known: Mapping[str, FieldInfo],
    arguments: tuple[tree.Expression | tree.Named, ...],
    settings: Settings,
    problems: list[Problem],
) -> _Given | None:
    """The options as given, with where their values stand; None where one is missing for a problem of its own."""
    given: _Given = {}
    complete = True
    for argument in arguments:
        if not isinstance(argument, tree.Named):
            example = next(iter(known), "option")
            problems.append(
                WrongArgumentCount(
                    at=argument.span,
                    function=owner,
                    expected=f"its options by name, as in `{example} = …`",
                    found="one without a name is",
                )
            )
        elif argument.name not in known:
            otherwise = f"its options are {listing(known, last='and')}"
            hint = meant(argument.name, known, synonyms.OPTIONS, otherwise=otherwise)
            problems.append(UnknownOption(at=argument.name_span, method=owner, option=argument.name, hint=hint))
        elif argument.name in given:
            others = (Label(given[argument.name][1], "first given here"),)
            problems.append(GivenTwice(at=argument.span, owner=owner, name=argument.name, others=others))
        else:
            try:
                value = _value(owner, argument, known[argument.name], settings, problems)
            except SpecError as error:
                problems += error.problems
                complete = False
                continue
            given[argument.name] = value, argument.value.span
            # What pydantic would read as a number: `true`, and a number in quotes.
            if isinstance(value, bool | str) and (numeric := _numeric(known[argument.name].annotation)):
                detail = {"type": f"{numeric}_type", "loc": [argument.name]}
                problem = _wrong_option(owner, detail, given)
                if isinstance(argument.value, tree.Text):
                    unquoted = f"without quotes: `{argument.name} = {value}`" if _NUMERAL.fullmatch(value) else ""  # type: ignore[arg-type]
                    problem = replace(problem, found=shown(value), hint=unquoted)
                problems.append(problem)
    return given if complete else None


def _value(
    owner: str, argument: tree.Named, field: FieldInfo, settings: Settings, problems: list[Problem]
) -> Value | tuple[Value, ...] | dict[str, Any]:
    """A value, a list of such, or options that have options of their own; UQ312, UQ313 for what is none."""
    written = ungrouped(argument.value)
    choices = choices_of(field)
    if choices and not isinstance(written, tree.Text):
        return _chosen(owner, argument.name, written, choices, settings, problems)
    if isinstance(written, tree.Listing):
        return tuple(evaluate(each, settings, words=True) for each in written.items)
    return evaluate(written, settings, words=True)


def choices_of(field: FieldInfo) -> dict[str, type[BaseModel]]:
    """What an option can be that has options itself, as in `inflation = multiplicative(1.02)`, by name."""
    found = [each for each in get_args(field.annotation) if isinstance(each, type) and issubclass(each, BaseModel)]
    return {each.model_fields["kind"].default: each for each in found}


def _chosen(
    owner: str,
    option: str,
    written: tree.Expression,
    choices: Mapping[str, type[BaseModel]],
    settings: Settings,
    problems: list[Problem],
) -> dict[str, Any]:
    """The options of what an option is chosen to be: its arguments by place, then by name."""
    call, arguments = written, ()
    if isinstance(call, tree.Call):
        arguments, call = call.arguments, ungrouped(call.function)
    if not isinstance(call, tree.Name) or call.name not in choices:
        name = call.name if isinstance(call, tree.Name) else "…"
        hint = did_you_mean(name, choices)
        expected = f"one of {listing(choices)}"
        problem = WrongOption(
            at=call.span, method=owner, option=option, expected=expected, found=f"`{name}`", hint=hint
        )
        raise SpecError([problem])
    model = choices[call.name]
    places = [name for name in model.model_fields if name != "kind"]
    named = tuple(
        each
        if isinstance(each, tree.Named) or place >= len(places)
        else tree.Named(each.span, places[place], each.span, each)
        for place, each in enumerate(arguments)
    )
    found = resolve_options(call.name, model, named, settings, problems)
    if found is None:
        raise SpecError([])
    return found.model_dump()


_NUMERAL = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def _numeric(annotation: object) -> str:
    """`int` or `float` for an option that is such a number, also where it may be left open."""
    kinds = get_args(annotation) or (annotation,)
    return "int" if int in kinds else "float" if float in kinds else ""


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
    "tuple_type": "a list, as in `[0.5, 0.9]`",
}


def _wrong_option(owner: str, detail: Any, given: Mapping[str, tuple[Any, Span | None]]) -> Problem:
    """What pydantic found, in our words."""
    option = str(detail["loc"][0]) if detail["loc"] else ""
    context = {name: f"{each:g}" if isinstance(each, float) else each for name, each in detail.get("ctx", {}).items()}
    if detail["type"] == "literal_error":
        expected = str(context["expected"]).replace("'", "`")
    else:
        expected = _EXPECTED.get(detail["type"], "of another form").format(**context)
    value, span = given.get(option, (None, None))
    places = detail["loc"][1:]
    if isinstance(value, tuple):
        value = value[places[0]] if places else f"[{', '.join(map(shown, value))}]"
    found = f"`{value}`" if isinstance(value, str) else shown(value)
    return WrongOption(at=span, method=owner, option=option, expected=expected, found=found)
