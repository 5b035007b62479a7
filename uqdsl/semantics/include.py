"""Names of included files: what a file calls `mu` is `p.mu` to the one that includes it as `p`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from uqdsl.messages import Span
from uqdsl.syntax import tree
from uqdsl.syntax.templates import rebuilt
from uqdsl.vocabulary.distributions import DISTRIBUTIONS, PLANNED

ASKS = (tree.Infer, tree.Assimilate, tree.Predict, tree.Calibrate, tree.Design, tree.Choose)
"""Statements that ask something, which only the spec that is run can do."""


def shifted[T: tree.Node](node: T, by: int) -> T:
    """The same part of a tree for a text that stands `by` characters further on."""

    def further(value: object) -> object:
        return Span(value.start + by, value.end + by) if isinstance(value, Span) else shifted(value, by)  # type: ignore[type-var]

    return rebuilt(node, further)


def joined[T: tree.Node](node: T, names: Collection[str]) -> T:
    """The same part of a tree, with every `p.mu` that is one of `names` read as one name."""

    def join(value: object) -> object:
        name = tree.dotted(value) if isinstance(value, tree.Attribute) else None
        if name is not None and name in names and isinstance(value, tree.Node):
            return tree.Name(value.span, name)
        return value if isinstance(value, Span) else rebuilt(value, join)  # type: ignore[type-var]

    return rebuilt(node, join)


def qualified[T: tree.Node](node: T, alias: str, names: Collection[str]) -> T:
    """A statement of an included file as the including one sees it.

    Args:
        node: the statement, or a part of it.
        alias: what the file is included as.
        names: those that get the alias before them. They are the file's own, and those of the including file, which the
            included one does not see. What is none of them is a word of the language.
    """

    def rename(name: str) -> str:
        known = name in names or name.partition(".")[0] in names
        return f"{alias}.{name}" if known and name not in _LAWS else name

    def parameter(target: tree.Target) -> tree.Target:
        return tree.Target(target.span, target.name, target.name_span, visit(target.axes))

    def local(value: Any, bound: Collection[str]) -> Any:
        return qualified(value, alias, [name for name in names if name not in bound])

    def visit(value: Any) -> Any:
        match value:
            case Span():
                return value
            case tuple():
                return tuple(visit(each) for each in value)
            case tree.Name(name=name) | tree.Target(name=name) | tree.Axis(name=name):
                return replace(rebuilt(value, visit), name=rename(name))
            case tree.Modifier(name="allow"):
                return value
            case tree.Kind(argument=str() as dim):
                return replace(value, argument=rename(dim))
            case tree.State(axis=axis):
                return replace(rebuilt(value, visit), axis=rename(axis))
            case tree.Broken(names=declared):
                return replace(value, names=tuple(map(rename, declared)))
            case tree.Select(selectors=selectors):
                chosen = tuple(
                    replace(visit(each), name=rename(each.name)) if isinstance(each, tree.Named) else visit(each)
                    for each in selectors
                )
                return replace(rebuilt(value, visit), selectors=chosen)
            case tree.Function(parameters=parameters, value=body):
                bound = {each.name for each in parameters}
                inner = tuple(map(parameter, parameters))
                return replace(value, name=visit(value.name), parameters=inner, value=local(body, bound))
            case tree.Extern(parameters=parameters, output=output):
                inner = tuple(map(parameter, parameters))
                return replace(value, name=visit(value.name), parameters=inner, output=parameter(output))
            case tree.Network(parameters=parameters, outputs=outputs, layers=layers):
                inner, outer = tuple(map(parameter, parameters)), tuple(map(parameter, outputs))
                return replace(value, name=visit(value.name), parameters=inner, outputs=outer, layers=visit(layers))
            case tree.Node():
                return rebuilt(value, visit)
        return value

    return visit(node)


_LAWS = frozenset([*DISTRIBUTIONS, *PLANNED])
"""Nothing that is declared hides these."""
