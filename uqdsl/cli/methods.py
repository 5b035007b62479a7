"""`uqdsl methods`: what can follow `by`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from uqdsl.cli.output import Json, say_json, say_problems

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
    from uqdsl.vocabulary.methods import FAMILIES, STRANGERS, brought, methods

    if name is not None:
        described = _described(name)
        say_json(described) if json else _show(described)
        return
    if json:
        say_json([_described(each) for each in methods()])
    else:
        width = max(map(len, methods()))
        families = {**FAMILIES, STRANGERS: brought().methods.values()}
        shown = [
            "\n".join([family, *(f"  {each.name:{width}}  {each.summary}" for each in those)])
            for family, those in families.items()
            if those
        ]
        print("\n\n".join(shown))
    refused = [UnusableMethod(name=each.name, package=each.package, reason=each.reason) for each in brought().refused]
    if not json:
        say_problems(refused, None)


def _described(name: str) -> dict[str, Any]:
    from uqdsl.driver.front import read_method
    from uqdsl.vocabulary.methods import family_of, method_named
    from uqdsl.vocabulary.references import split_reference

    method = method_named(name) if name.isidentifier() else None
    if method is None:
        # Raises what a spec that names it would be told.
        read_method(name)
    assert method is not None
    schema = method.options.model_json_schema()["properties"]
    return {
        "name": method.name,
        "family": family_of(method),
        "summary": method.summary,
        "options": {option: _option(entry) for option, entry in schema.items()},
        "assumptions": [str(each) for each in method.assumptions],
        "references": [split_reference(each)[1] for each in method.references],
    }


def _option(entry: dict[str, Any]) -> dict[str, Any]:
    """An option by what the schema says of it; one that may be left open has several forms, of which the other is null."""
    forms = [each for each in entry.get("anyOf", [entry]) if each.get("type") != "null"]
    form = forms[0] if len(forms) == 1 else {}
    bounds = {shown: form[key] for key, shown in _BOUNDS.items() if key in form}
    if "enum" in form:
        bounds[_BOUNDS["enum"]] = ", ".join(form["enum"])
    kind = " or ".join(_TYPES[each["type"]] for each in forms)
    return {"type": kind, "default": entry.get("default"), **bounds, "means": entry.get("description", "")}


def _show(method: dict[str, Any]) -> None:
    print(f"{method['name']}: {method['summary']}\n")
    options = {f"{name} = {_written(each['default'])}": each for name, each in method["options"].items()}
    width = max(map(len, options), default=0)
    if options:
        print("options, with their defaults")
    for shown, each in options.items():
        limits = [f"{word} {_short(each[word])}" for word in _BOUNDS.values() if word in each]
        limits = limits if "one of" in each else [each["type"], *limits]
        print(f"  {shown:{width}}  {each['means']} ({', '.join(limits)})")
    for heading in ("assumes", "references"):
        found = method["assumptions" if heading == "assumes" else heading]
        if found:
            print("\n".join([f"\n{heading}", *(f"  {each}" for each in found)]))


def _short(bound: object) -> str:
    return f"{bound:g}" if isinstance(bound, int | float) else str(bound)


def _written(default: object) -> str:
    """A default as a spec would have it."""
    if isinstance(default, bool):
        return str(default).lower()
    return "none" if default is None else str(default)
