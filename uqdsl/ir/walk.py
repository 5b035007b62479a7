"""Walking over the IR."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from uqdsl.ir.spec import Invoke, Node, Reference, Spec


def nodes(part: object) -> Iterator[Node]:
    """Every node of a part of the IR, itself included."""
    waiting = [part]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Node):
            yield each
            waiting += [getattr(each, name) for name in type(each).model_fields]
        elif isinstance(each, tuple):
            waiting += each


def names_used(part: object) -> set[str]:
    """The names of fields, unknowns, quantities and settings that a part of the IR refers to."""
    return {each.name for each in nodes(part) if isinstance(each, Reference)}


def functions_called(part: object) -> set[str]:
    """The names of the author's functions, and of those of Python, that a part of the IR calls itself."""
    return {each.function for each in nodes(part) if isinstance(each, Invoke)}


def nondifferentiable(spec: Spec) -> set[str]:
    """The functions of a spec that JAX cannot follow: those of Python that are so, and those that call one."""
    found = {each.name for each in spec.externs if each.nondifferentiable}
    for each in spec.functions:  # each stands after those that it calls
        if functions_called(each) & found:
            found.add(each.name)
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
