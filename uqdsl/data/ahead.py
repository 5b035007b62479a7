"""Time axes that go on behind their last time: nothing is recorded there, and what acts on states holds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from uqdsl import ir
from uqdsl.data.align import Dimension
from uqdsl.data.form import Label
from uqdsl.messages import Label as Mark
from uqdsl.messages import Problem
from uqdsl.messages.catalogue.sources import CannotLookAhead

_UNEVEN = 1e-6
"""Steps of an axis are one length if they differ by no more than this share of it."""


def look_ahead(
    spec: ir.Spec, arrays: dict[str, np.ndarray], dims: Mapping[str, Dimension], problems: list[Problem]
) -> dict[str, np.ndarray]:
    """Arrays along axes as long as predictions need them, of which `dims` then have all labels (UQ377).

    What may be missing is so behind the end; of all else the last value stands there.
    """
    for dim in (each for each in spec.dims if each.ahead):
        labels = dims[dim.name].labels or ()
        times = _beyond(labels, dim.ahead)
        if times is None:
            asked = next(each for each in spec.predictions if each.ahead and each.axis == dim.name)
            reason = f"the times of `{dim.name}` are not evenly spaced"
            hint = f"say them: `time {dim.name} from … to … step …`"
            others = (Mark(dim.span, "the axis"),)
            problems.append(CannotLookAhead(at=asked.span, name=asked.target, reason=reason, hint=hint, others=others))
            continue
        dims[dim.name].labels = (*labels, *times)
        for field in spec.fields:
            if dim.name in field.dims:
                arrays = {**arrays, field.name: _longer(arrays[field.name], field, dim)}
    return arrays


def _beyond(labels: tuple[Label, ...], steps: int) -> tuple[Label, ...] | None:
    """The times behind the last; None where it is not plain how far apart they are."""
    if len(labels) < 2 or any(isinstance(each, str) for each in labels):
        return None
    times = np.asarray(labels, float)
    step = (times[-1] - times[0]) / (len(times) - 1)
    if np.max(np.abs(np.diff(times) - step)) > _UNEVEN * step:
        return None
    places = range(1, steps + 1)
    if all(isinstance(each, int) for each in labels):
        return tuple(int(times[-1]) + round(step) * each for each in places)
    return tuple(round(float(times[-1] + each * step), 12) for each in places)


def _longer(values: np.ndarray, field: ir.DataField, dim: ir.Dim) -> np.ndarray:
    """The values of a field, with as many more of them along a dimension."""
    axis = field.dims.index(dim.name)
    width = [(0, dim.ahead if place == axis else 0) for place in range(values.ndim)]
    if field.missing:
        return np.pad(np.asarray(values, float), width, constant_values=np.nan)
    return np.pad(values, width, mode="edge")
