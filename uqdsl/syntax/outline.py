"""The tree of a spec as indented text, for whoever wants to see how a spec was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from uqdsl.messages import Span
from uqdsl.syntax import tree


def outline(spec: tree.Tree) -> str:
    """A line for each node, with the characters that it spans; its parts stand below it, further in."""
    lines = [line for statement in spec.statements for line in _lines("", statement, 0)]
    return "".join(f"{line}\n" for line in lines)


def _lines(role: str, part: object, depth: int) -> Iterator[str]:
    start = f"{'  ' * depth}{role}{': ' if role else ''}"
    if isinstance(part, tree.Node):
        plain, nested = [], []
        for each in fields(part):
            value = getattr(part, each.name)
            if each.name == "span" or isinstance(value, Span) or value is None or value == ():
                continue
            (nested if isinstance(value, tree.Node | tuple) else plain).append((each.name, value))
        said = "".join(f" {name}={value!r}" for name, value in plain)
        yield f"{start}{type(part).__name__} {part.span.start}:{part.span.end}{said}"
        for name, value in nested:
            yield from _lines(name, value, depth + 1)
    elif isinstance(part, tuple):
        yield start.rstrip()
        for each in part:
            yield from _lines("", each, depth + 1)
    else:
        yield f"{start}{part!r}"
