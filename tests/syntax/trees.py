"""Trees compared by what they say."""

from __future__ import annotations

from dataclasses import fields

from uqdsl.syntax import tree


def without_spans(node: object) -> object:
    """A tree as nested tuples without its spans."""
    if isinstance(node, tree.Node):
        parts = (without_spans(getattr(node, each.name)) for each in fields(node) if "span" not in each.name)
        return (type(node).__name__, *parts)
    return tuple(map(without_spans, node)) if isinstance(node, tuple) else node
