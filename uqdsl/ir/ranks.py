"""Ordinal laws: K cutpoints divide K + 1 grades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from uqdsl.ir.spec import DataField, Observation, Spec, base
from uqdsl.messages import Label, Problem
from uqdsl.messages.catalogue.data import WrongRanks
from uqdsl.vocabulary.distributions import DISTRIBUTIONS


def graded(spec: Spec) -> Iterator[tuple[Observation, DataField, str]]:
    """The likelihoods of fields that are grades, with the dimension of the cutpoints of each."""
    fields = {each.name: each for each in spec.fields}
    for each in spec.observations:
        if DISTRIBUTIONS[each.law.distribution].values == "ranks" and each.law.over and each.name in fields:
            yield each, fields[each.name], base(each.law.over)


def wrong_ranks(spec: Spec, sizes: Mapping[str, int]) -> Iterator[Problem]:
    """UQ455 for categories that are not one more than the cutpoints, as far as the sizes of dimensions are known."""
    for observation, field, cuts in graded(spec):
        labels, cutpoints = sizes.get(field.of or ""), sizes.get(cuts)
        if labels is not None and cutpoints is not None and labels != cutpoints + 1:
            hint = f"`{cuts}` has one label fewer than there are grades; name these in order: `dim {field.of} = […]`"
            yield WrongRanks(
                at=observation.law.span,
                name=field.name,
                labels=_counted(labels, "label"),
                cutpoints=_counted(cutpoints, "cutpoint"),
                ranks=_counted(cutpoints + 1, "grade"),
                others=(Label(field.span, f"labels of `{field.of}`"),),
                hint=hint,
            )


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
