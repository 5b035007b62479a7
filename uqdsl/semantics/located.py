"""Laws with a location and a scale, as they are written: read, moved, rescaled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from uqdsl.semantics.walk import law_name, ungrouped
from uqdsl.syntax import tree
from uqdsl.syntax.templates import expression
from uqdsl.vocabulary.distributions import DISTRIBUTIONS

type Change = Callable[[tree.Expression], tree.Expression]


def normal(law: tree.Expression) -> tuple[tree.Expression, tree.Expression] | None:
    """Mean and standard deviation of a law, where it is a Normal."""
    law = ungrouped(law)
    if not isinstance(law, tree.Call) or law_name(law) != "Normal":
        return None
    placed = [each for each in law.arguments if not isinstance(each, tree.Named)]
    given = dict(zip(("mean", "sd"), placed, strict=False))
    given |= {each.name: each.value for each in law.arguments if isinstance(each, tree.Named)}
    mean, at = given.pop("mean", None), law.span
    if mean is None or len(given) != 1:
        return None
    match given:
        case {"sd": sd}:
            return mean, sd
        case {"variance": variance}:
            return mean, expression("sqrt(V_)", at, V_=variance)
        case {"precision": precision}:
            return mean, expression("1 / sqrt(P_)", at, P_=precision)
    return None


def location_of(law: tree.Expression) -> tree.Expression | None:
    """The location of a law that has one."""
    seen: list[tree.Expression] = []

    def note(old: tree.Expression) -> tree.Expression:
        seen.append(old)
        return old

    return seen[0] if located(law, note) is not None and seen else None


def located(law: tree.Expression, change: Change) -> tree.Call | None:
    """A law with another location, in terms of its own; None where it has none."""
    return _changed(law, 0, change)


def rescaled(law: tree.Expression, location: Change, scale: Change) -> tree.Call | None:
    """A law with another location and another scale, in terms of its own; None where it has not both."""
    if (plain := normal(law)) is not None:
        law = expression("Normal(M_, S_)", law.span, M_=plain[0], S_=plain[1])
    moved = located(law, location)
    return moved and _changed(moved, 1, scale)


def _changed(law: tree.Expression, which: int, change: Change) -> tree.Call | None:
    """A law with its location (0) or its scale (1) changed."""
    law = ungrouped(law)
    distribution = DISTRIBUTIONS.get(law_name(law))
    if not isinstance(law, tree.Call) or distribution is None or distribution.location_scale is None:
        return None
    name = distribution.location_scale[which]
    place = [each.name for each in distribution.parameters].index(name)
    positional = [index for index, each in enumerate(law.arguments) if not isinstance(each, tree.Named)]
    arguments = list(law.arguments)
    if place < len(positional):
        index = positional[place]
        arguments[index] = change(law.arguments[index])  # type: ignore[arg-type]
        return replace(law, arguments=tuple(arguments))
    for index, each in enumerate(law.arguments):
        if isinstance(each, tree.Named) and each.name == name:
            arguments[index] = replace(each, value=change(each.value))
            return replace(law, arguments=tuple(arguments))
    return None
