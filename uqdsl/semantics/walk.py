"""Walking over the tree without knowing what it means."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from uqdsl.syntax import tree


def names_in(node: object, *, steps: Collection[str] | None = None) -> Iterator[tree.Name]:
    """Every name that stands as a value in a node of the tree, in the order of the text.

    With `steps`, names of dimensions, what is taken at another step of one of them, as `x` in `x[t - 1]`, is left out.
    """
    if isinstance(node, tree.Name):
        yield node
    elif steps and isinstance(node, tree.Select) and any(is_lag(each, steps) for each in node.selectors):
        yield from names_in(node.selectors, steps=steps)
    elif isinstance(node, tree.Node):
        for slot in type(node).__slots__:
            yield from names_in(getattr(node, slot), steps=steps)
    elif isinstance(node, tuple) and not hasattr(node, "_fields"):
        for item in node:
            yield from names_in(item, steps=steps)


def values_in(node: object) -> Iterator[tree.Name]:
    """The same without names of which only a part is taken: `Z.centre` needs no value of `Z`."""
    if isinstance(node, tree.Attribute) and tree.dotted(node):
        return
    if isinstance(node, tree.Name):
        yield node
    elif isinstance(node, tree.Node):
        for slot in type(node).__slots__:
            yield from values_in(getattr(node, slot))
    elif isinstance(node, tuple) and not hasattr(node, "_fields"):
        for item in node:
            yield from values_in(item)


def ungrouped(expression: tree.Expression) -> tree.Expression:
    """The expression without the parentheses around it."""
    while isinstance(expression, tree.Group):
        expression = expression.value
    return expression


def is_lag(selector: tree.Expression | tree.Named, dims: Collection[str]) -> bool:
    """Whether a selector is a step along one of the dimensions: `t - 1`, `grid + 1`, `t - lag`."""
    value = ungrouped(selector.value) if isinstance(selector, tree.Named) else ungrouped(selector)
    if not isinstance(value, tree.Binary) or value.operator not in ("+", "-"):
        return False
    left = ungrouped(value.left)
    return isinstance(left, tree.Name) and left.name in dims


def law_name(law: tree.Expression | tree.Named) -> str:
    """The name of a law as it is called; empty where nothing is called by a name."""
    call = ungrouped(law) if not isinstance(law, tree.Named) else law
    return call.function.name if isinstance(call, tree.Call) and isinstance(call.function, tree.Name) else ""
