"""Walking over the IR."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


def rewrite[T](part: T, change: Callable[[Node], Node | None]) -> T:
    """A part of the IR in which `change` has been asked, from the outside in, what stands for each node.

    Where it gives None, the node stays and its parts are rewritten.
    """
    if isinstance(part, Node):
        changed = change(part)
        if changed is not None:
            return changed  # type: ignore[return-value]
        parts: dict[str, Any] = {name: getattr(part, name) for name in type(part).model_fields}
        new = {name: rewrite(value, change) for name, value in parts.items() if isinstance(value, Node | tuple)}
        different = {name: value for name, value in new.items() if value is not parts[name]}
        return part.model_copy(update=different) if different else part
    if isinstance(part, tuple):
        items = tuple(rewrite(item, change) for item in part)
        return items if any(a is not b for a, b in zip(items, part, strict=True)) else part  # type: ignore[return-value]
    return part
