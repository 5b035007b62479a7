"""Walking over the IR."""

from __future__ import annotations

from uqdsl.ir.spec import Node, Reference


def names_used(node: object) -> set[str]:
    """The names of fields, unknowns, quantities and settings that a part of the IR refers to."""
    if isinstance(node, Reference):
        return {node.name}
    if isinstance(node, Node):
        return set().union(*(names_used(getattr(node, name)) for name in type(node).model_fields), set())
    if isinstance(node, tuple):
        return set().union(*(names_used(item) for item in node), set())
    return set()
