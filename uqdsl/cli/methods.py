"""`uqdsl methods`: what can follow `by`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from uqdsl.cli.output import Json, say_json

_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
    "enum": "one of",
}
"""What pydantic's schema calls a bound, and what we do."""


def command(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The method to describe.")] = None,
    json: Json = False,
) -> None:
    """List the methods, or describe one: its options, what it assumes, and where it is from."""
    from uqdsl.vocabulary.methods import methods

    if name is not None:
        described = _described(name)
        say_json(described) if json else _show(described)
    elif json:
        say_json([_described(each) for each in methods()])
    else:
        width = max(map(len, methods()))
        for each in methods().values():
            print(f"{each.name:{width}}  {each.summary}")


def _described(name: str) -> dict[str, Any]:
    from uqdsl.driver.front import read_method
    from uqdsl.vocabulary.methods import method_named

    method = method_named(name) if name.isidentifier() else None
    if method is None:
        # Raises what a spec that names it would be told.
        read_method(name)
    assert method is not None
    schema = method.options.model_json_schema()["properties"]
    return {
        "name": method.name,
        "summary": method.summary,
        "options": {option: _option(entry) for option, entry in schema.items()},
        "assumptions": [str(each) for each in method.assumptions],
        "references": list(method.references),
    }


def _option(entry: dict[str, Any]) -> dict[str, Any]:
    bounds = {shown: entry[key] for key, shown in _BOUNDS.items() if key in entry}
    if "enum" in entry:
        bounds[_BOUNDS["enum"]] = ", ".join(entry["enum"])
    return {"type": entry.get("type"), "default": entry.get("default"), **bounds, "means": entry.get("description", "")}


def _show(method: dict[str, Any]) -> None:
    print(f"{method['name']}: {method['summary']}\n")
    width = max((len(f"{name} = {each['default']}") for name, each in method["options"].items()), default=0)
    print("options, with their defaults")
    for name, each in method["options"].items():
        limits = ", ".join(f"{word} {each[word]}" for word in _BOUNDS.values() if word in each)
        print(f"  {f'{name} = {each["default"]}':{width}}  {each['means']}" + (f" ({limits})" if limits else ""))
    if method["assumptions"]:
        print("\nassumes")
        for each in method["assumptions"]:
            print(f"  {each}")
    if method["references"]:
        print("\nreferences")
        for each in method["references"]:
            print(f"  {each}")
