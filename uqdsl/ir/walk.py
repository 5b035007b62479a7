"""Walking over the IR."""

from __future__ import annotations

from uqdsl.ir.spec import Node, Reference


def names_used(node: object) -> set[str]:
    """The names of fields, unknowns, quantities and settings that a part of the IR refers to."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Reference):
            found.add(part.name)
        elif isinstance(part, Node):
            waiting += [getattr(part, name) for name in type(part).model_fields]
        elif isinstance(part, tuple):
            waiting += part
    return found
