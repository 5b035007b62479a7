"""`uqdsl methods`: what can follow `by`."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NoReturn

import typer

from uqdsl.cli.output import Json, say_json, say_problems

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from uqdsl.vocabulary.methods import Method

_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
    "enum": "one of",
}
"""What pydantic's schema calls a bound, and what we do."""

_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "a word",
    "array": "a list",
}
"""Likewise types."""


def command(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The method to describe.")] = None,
    json: Json = False,
) -> None:
    """List the methods, or describe one: its options, what it assumes, and where it is from."""
    from uqdsl.messages.catalogue.methods import UnusableMethod
    from uqdsl.vocabulary.methods import brought

    families = _families()
    if name is not None:
        found = [(family, each) for family, those in families for each in those if each.name == name]
        if not found:
            _refuse(name, {each.name for _, those in families for each in those})
        described = [_described(*each) for each in found]
        say_json(described) if json else print("\n\n".join(map(_shown, described)))
        return
    if json:
        say_json([_described(family, each) for family, those in families for each in those])
        return
    width = max(len(each.name) for _, those in families for each in those)
    shown = [
        "\n".join([str(family), *(f"  {each.name:{width}}  {each.summary}" for each in those)])
        for family, those in families
    ]
    print("\n\n".join(shown))
    refused = [UnusableMethod(name=each.name, package=each.package, reason=each.reason) for each in brought().refused]
    say_problems(refused, None)


class _Family(NamedTuple):
    """The statement that methods stand in, and what they are akin to."""

    statement: str
    title: str

    def __str__(self) -> str:
        return f"{self.statement}: {self.title}"


def _families() -> list[tuple[_Family, Collection[Method]]]:
    """Every method there is."""
    from uqdsl.vocabulary import assimilation, methods

    found: list[tuple[_Family, Collection[Method]]] = []
    found += [(_Family("infer", title), those) for title, those in methods.FAMILIES.items()]
    if brought := methods.brought().methods.values():
        found.append((_Family("infer", methods.STRANGERS), brought))
    return found + [(_Family("assimilate", title), those) for title, those in assimilation.FAMILIES.items()]


def _refuse(name: str, names: Collection[str]) -> NoReturn:
    """Say that there is no such method.

    Raises:
        UsageError: UQ501, UQ508.
    """
    from uqdsl.driver.front import read_method
    from uqdsl.messages.catalogue.methods import UnknownMethod
    from uqdsl.messages.failure import UsageError
    from uqdsl.messages.suggest import did_you_mean
    from uqdsl.vocabulary.methods import brought

    if any(each.name == name for each in brought().refused):
        read_method(name)
    raise UsageError([UnknownMethod(name=name, hint=did_you_mean(name, names))])


def _described(family: _Family, method: Method) -> dict[str, Any]:
    from uqdsl.vocabulary.references import split_reference

    schema = method.options.model_json_schema()["properties"]
    fields = method.options.model_fields
    return {
        "name": method.name,
        "statement": family.statement,
        "family": family.title,
        "summary": method.summary,
        "options": {option: _option(entry, fields[option]) for option, entry in schema.items()},
        "assumptions": [str(each) for each in method.assumptions],
        "references": [split_reference(each)[1] for each in method.references],
    }


def _option(entry: dict[str, Any], field: FieldInfo) -> dict[str, Any]:
    """An option by what the schema says of it; one that may be left open has several forms, of which the other is null."""
    from uqdsl.semantics.options import choices_of

    forms = [each for each in entry.get("anyOf", [entry]) if each.get("type") != "null"]
    form = forms[0] if len(forms) == 1 else {}
    bounds = {shown: form[key] for key, shown in _BOUNDS.items() if key in form}
    default = entry.get("default")
    if choices := choices_of(field):
        default = default and default["kind"]
        bounds = {_BOUNDS["enum"]: ", ".join(_signature(kind, each) for kind, each in choices.items())}
        kind = "a choice"
    else:
        kind = " or ".join(_TYPES[each["type"]] for each in forms)
    if "enum" in form:
        bounds[_BOUNDS["enum"]] = ", ".join(form["enum"])
    return {"type": kind, "default": default, **bounds, "means": entry.get("description", "")}


def _signature(kind: str, model: type[BaseModel]) -> str:
    """What an option can be that has options itself, as a spec would have it: `multiplicative(factor = 1.02)`."""
    from uqdsl.semantics.options import choices_of

    def shown(name: str, field: FieldInfo) -> str:
        if field.is_required():
            return name
        default = field.default.kind if choices_of(field) else field.default  # pyright: ignore[reportAttributeAccessIssue]
        return f"{name} = {_written(default)}"

    options = [shown(name, field) for name, field in model.model_fields.items() if name != "kind"]
    return f"{kind}({', '.join(options)})" if options else kind


def _shown(method: dict[str, Any]) -> str:
    """What is told of a method."""
    lines = [f"{method['statement']} by {method['name']}: {method['summary']}"]
    options = {f"{name} = {_written(each['default'])}": each for name, each in method["options"].items()}
    width = max(map(len, options), default=0)
    if options:
        lines.append("\noptions, with their defaults")
    for shown, each in options.items():
        limits = [f"{word} {_short(each[word])}" for word in _BOUNDS.values() if word in each]
        limits = limits if "one of" in each else [each["type"], *limits]
        lines.append(f"  {shown:{width}}  {each['means']} ({', '.join(limits)})")
    for heading, found in (("assumes", method["assumptions"]), ("references", method["references"])):
        if found:
            lines += [f"\n{heading}", *(f"  {each}" for each in found)]
    return "\n".join(lines)


def _short(bound: object) -> str:
    return f"{bound:g}" if isinstance(bound, int | float) else str(bound)


def _written(default: object) -> str:
    """A default as a spec would have it."""
    if isinstance(default, bool):
        return str(default).lower()
    return "none" if default is None else str(default)
