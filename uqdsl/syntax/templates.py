"""Trees made of trees: parts replaced, and statements written as text with expressions of the author's in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from uqdsl.messages import Span
from uqdsl.syntax import tree
from uqdsl.syntax.parser import parse


def rebuilt[T: tree.Node](node: T, change: Callable[[Any], Any]) -> T:
    """A node with its parts changed: nodes, spans, and those in tuples."""

    def changed(value: object) -> object:
        if isinstance(value, tree.Node | Span):
            return change(value)
        return tuple(map(changed, value)) if isinstance(value, tuple) else value

    return replace(node, **{each.name: changed(getattr(node, each.name)) for each in fields(node)})


def statements(text: str, at: Span, **parts: tree.Expression) -> tuple[tree.Statement, ...]:
    """The statements of a text, all of which stand at one place, with expressions in the place of some names."""
    read = parse(text)
    assert not read.problems, text

    def fill(value: Any) -> Any:
        if isinstance(value, Span):
            return at
        name = tree.dotted(value) if isinstance(value, tree.Attribute | tree.Name) else None
        if name in parts:
            given = parts[name]
            return given if isinstance(given, tree.Name | tree.Number | tree.Call) else tree.Group(given.span, given)
        return tree.Name(at, name) if name is not None else rebuilt(value, fill)

    return tuple(fill(each) for each in read.tree.statements)


def expression(text: str, at: Span, **parts: tree.Expression) -> tree.Expression:
    """An expression of a text, in the same way."""
    (made,) = statements(f"let made = {text}", at, **parts)
    assert isinstance(made, tree.Let)
    return made.value
