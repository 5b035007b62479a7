"""Walking over the tree without knowing what it means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from uqdsl.syntax import tree


def names_in(node: object, *, lagged: bool = True) -> Iterator[tree.Name]:
    """Every name that stands as a value in a node of the tree, in the order of the text.

    Without `lagged`, what is taken at another step of a dimension, as `x` in `x[t - 1]`, is left out.
    """
    if isinstance(node, tree.Name):
        yield node
    elif not lagged and isinstance(node, tree.Select) and any(is_lag(each) for each in node.selectors):
        yield from names_in(node.selectors, lagged=False)
    elif isinstance(node, tree.Node):
        for each in fields(node):
            yield from names_in(getattr(node, each.name), lagged=lagged)
    elif isinstance(node, tuple) and not hasattr(node, "_fields"):
        for item in node:
            yield from names_in(item, lagged=lagged)


def ungrouped(expression: tree.Expression) -> tree.Expression:
    """The expression without the parentheses around it."""
    while isinstance(expression, tree.Group):
        expression = expression.value
    return expression


def is_lag(selector: tree.Expression | tree.Named) -> bool:
    """Whether a selector is a step along a dimension: `t - 1`, `grid + 1`, `t - lag`."""
    value = ungrouped(selector.value) if isinstance(selector, tree.Named) else ungrouped(selector)
    return isinstance(value, tree.Binary) and value.operator in "+-" and isinstance(value.left, tree.Name)
