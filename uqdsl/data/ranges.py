"""Values that must not lie beyond what the spec makes of them: times on their axis, grades among those of their law."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from uqdsl import ir
from uqdsl.data.align import Dimension
from uqdsl.data.form import Found
from uqdsl.data.spots import first_spot
from uqdsl.data.wording import counted
from uqdsl.messages import Label, Problem
from uqdsl.messages.catalogue.data import RankTooHigh, TimeOffAxis


def verify_times(values: Sequence[tuple[Found, np.ndarray]], dims: Mapping[str, Dimension]) -> Iterator[Problem]:
    """The times of each field lie on their axis (UQ454): where the data make the axis, none lies before its first."""
    for found, times in values:
        dim = dims.get(found.field.of or "") if found.field.kind == "time" else None
        if dim is None or not dim.labels or dim.doubtful or any(isinstance(each, str) for each in dim.labels):
            continue
        first, last = float(dim.labels[0]), float(dim.labels[-1])
        slack = 1e-9 * (last - first)
        beyond = times < first - slack
        if dim.ir.labels is not None:
            beyond |= times > last + slack
        if beyond.any():
            yield _off_axis(found, times, np.flatnonzero(beyond), dim, first, last)


def _off_axis(
    found: Found, times: np.ndarray, wrong: np.ndarray, dim: Dimension, first: float, last: float
) -> TimeOffAxis:
    spot = first_spot(found.place, wrong)
    time = times[spot.position]
    stated = dim.ir.labels is not None
    hint = "let the axis reach over all times of the data" if stated else f"its times are those of {dim.origin}"
    if spot.others:
        hint = f"{counted(len(wrong), 'time')} are not on it, {spot.others}; {hint}"
    return TimeOffAxis(
        at=found.field.span,
        place=spot.place,
        name=found.field.name,
        shown=f"{time:.15g}",
        where="before" if time < first else "beyond",
        dim=dim.ir.name,
        first=f"{first:.15g}",
        last=f"{last:.15g}",
        others=(Label(dim.ir.span, "the axis"),) if stated else (),
        hint=hint,
    )


def verify_grades(
    spec: ir.Spec, values: Sequence[tuple[Found, np.ndarray]], dims: Mapping[str, Dimension]
) -> Iterator[Problem]:
    """The grades that a category names (UQ455), or a count counts (UQ456), are those that its law's cutpoints divide."""
    sizes = {name: len(dim.labels) for name, dim in dims.items() if dim.labels is not None and not dim.doubtful}
    yield from ir.wrong_ranks(spec, sizes)
    counts = {found.field.name: (found, grades) for found, grades in values if found.field.kind != "category"}
    for observation, field, cuts in ir.graded(spec):
        if field.name not in counts or cuts not in sizes:
            continue
        found, grades = counts[field.name]
        wrong = np.flatnonzero(grades > sizes[cuts])
        if len(wrong):
            spot = first_spot(found.place, wrong)
            hint = f"{counted(sizes[cuts], 'cutpoint')} along `{cuts}` divide the grades 0 to {sizes[cuts]}"
            if spot.others:
                hint = f"{counted(len(wrong), 'value')} are beyond it, {spot.others}; {hint}"
            yield RankTooHigh(
                at=observation.law.span,
                place=spot.place,
                name=field.name,
                shown=f"{grades[spot.position]:.15g}",
                last=sizes[cuts],
                others=(Label(field.span, f"declared `{field.kind}`"),),
                hint=hint,
            )
