"""Reporting a fault of a source once, though every field that is read from it meets it."""

from __future__ import annotations

from collections.abc import Iterable

from uqdsl.messages import Problem


def report(found: Iterable[Problem], problems: list[Problem]) -> None:
    """Add problems to those that are known, unless one of these says the same of the same place.

    Args:
        found: new problems.
        problems: those that are known; receives the new ones.
    """
    known = {_said(each) for each in problems}
    for each in found:
        if each.place is None or _said(each) not in known:
            known.add(_said(each))
            problems.append(each)


def _said(problem: Problem) -> tuple[object, ...]:
    """What a problem says of its place, whichever field it was met in."""
    about = (getattr(problem, name, None) for name in ("labels", "shown", "dim", "column", "path"))
    return (type(problem), problem.place, *about)
