"""Ends that a prior states, and at which the draws pile up: there it may have cut off what the data would allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf, isclose, isfinite, pi

import numpy as np

from uqdsl import ir
from uqdsl.diagnose.summary import Row
from uqdsl.messages.catalogue.lints import CutMass
from uqdsl.results.groups import Groups
from uqdsl.vocabulary.distributions import DISTRIBUTIONS

NEAR = 0.05
"""What is near an end, as a share of the range of the draws from their 5 % to their 95 % quantile."""

PILED = 0.09
"""Least share of the draws near an end that is a pile: twice that of draws that are spread evenly. A normal density that is
cut at its mode has 0.076; those whose mode lies a standard deviation or more beyond the end have more than this."""

NATURAL = ((0, 1), (-1, 1), (-pi / 2, pi / 2), (0, pi), (-pi, pi), (0, 2 * pi), (-90, 90), (-180, 180), (0, 360))
"""Intervals of shares, correlations and angles, with nothing beyond them; nor is there beyond 0, of what is positive."""


def cut_mass(spec: ir.Spec, groups: Groups, rows: Sequence[Row]) -> Iterator[CutMass]:
    """UQ612, a note, for each unknown with a scalar whose draws pile up at an end that is neither natural nor allowed."""
    judged = {row.label for row in rows if row.finite and not row.constant}
    labels: dict[str, list[str]] = {}
    for row in rows:
        labels.setdefault(row.variable, []).append(row.label)
    for unknown in spec.unknowns:
        if unknown.confined or unknown.restriction or unknown.past or unknown.imputes or unknown.name not in labels:
            continue
        values = groups["posterior"].variables[unknown.name].values
        columns = values.reshape(values.shape[0] * values.shape[1], -1).T
        piles = [
            (label, end)
            for label, draws in zip(labels[unknown.name], columns, strict=True)
            for end in _stated_ends(unknown.law)
            if label in judged and piles_up(draws, end)
        ]
        if piles:
            (name, end), *others = piles
            hint = f"so do those of {len(others)} more of its values; {CutMass.advice}" if others else ""
            yield CutMass(at=unknown.span, name=name, end=f"{end:.6g}", hint=hint)


def piles_up(draws: np.ndarray, end: float) -> bool:
    """Whether more than `PILED` of the draws lie near an end."""
    low, high = np.quantile(draws, (0.05, 0.95))
    return bool(np.mean(np.abs(draws - end) < NEAR * (high - low)) > PILED)


def _stated_ends(law: ir.Law) -> list[float]:
    """The ends of a law of real numbers that the author chose: finite numbers, none of them natural."""
    distribution = DISTRIBUTIONS[law.distribution]
    if distribution.discrete or law.components:
        return []
    values = {each.name: each.value for each in law.arguments}
    own = [_number(values[each]) for each in distribution.bounds or () if each in values] or [-inf, inf]
    bounds = [_number(each) for each in (law.lower, law.upper)]
    low, high = (found if found is not None else end for found, end in zip(bounds, own, strict=True))
    if any(low is not None and isclose(low, a) and high is not None and isclose(high, b) for a, b in NATURAL):
        return []
    return [each for each in (low, high) if each is not None and isfinite(each) and each != 0]


def _number(expression: ir.Expression | None) -> float | None:
    """A number that the spec states; None for what depends on anything."""
    match expression:
        case ir.Constant(value=value):
            return float(value)
        case ir.Operation(operator="negative", operands=(inner,)):
            found = _number(inner)
            return None if found is None else -found
    return None
