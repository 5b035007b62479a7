"""In which order statements can be computed, and the cycles that make it impossible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from uqdsl.messages import Label, Problem, Span
from uqdsl.messages.catalogue.names import Cycle


def order_statements(
    names: Sequence[str], uses: Mapping[str, Mapping[str, Span]]
) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """An order in which each statement comes after what it uses, and otherwise as written.

    Args:
        names: the statements, as written.
        uses: for each statement, the statements that it uses and where.

    Returns:
        The names in order; UQ204 for each cycle, after which the cycle is cut so that the order is still total.
    """
    order: dict[str, None] = {}
    path: dict[str, None] = {}
    problems: list[Problem] = []

    def visit(first: str) -> None:
        # An explicit stack: a chain of a thousand `let`s is no reason to run out of Python's.
        stack = [(first, iter(uses[first].items()))]
        path[first] = None
        while stack:
            name, rest = stack[-1]
            used = next(rest, None)
            if used is None:
                stack.pop()
                del path[name]
                order[name] = None
            elif used[0] in path:
                problems.append(_cycle([*path][[*path].index(used[0]) :], uses))
            elif used[0] not in order:
                path[used[0]] = None
                stack.append((used[0], iter(uses[used[0]].items())))

    for name in names:
        if name not in order:
            visit(name)
    return tuple(order), tuple(problems)


def _cycle(members: list[str], uses: Mapping[str, Mapping[str, Span]]) -> Problem:
    ring = [*members, members[0]]
    steps = list(pairwise(ring))
    others = tuple(Label(uses[user][used], f"`{user}` uses `{used}`") for user, used in steps[1:])
    first, second = steps[0]
    return Cycle(at=uses[first][second], name=first, path=" → ".join(f"`{name}`" for name in ring), others=others)
