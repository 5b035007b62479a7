"""Predictions that are mended by testing rows, where the spec asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from uqdsl import ir
from uqdsl.data import Dataset
from uqdsl.diagnose.forecast import RECALIBRATED
from uqdsl.diagnose.recalibration import PitMap, cross_fitted, fit_pit_map
from uqdsl.messages import RunError
from uqdsl.messages.catalogue.calibration import TooFewToRecalibrate
from uqdsl.results import Group

LEAST_CASES = 50
"""Testing outcomes, so that two or three lie beyond either end of intervals of 90 %."""
_SHOWN = 0.9


def verify_testing_rows(spec: ir.Spec, dataset: Dataset) -> None:
    """Raises: UQ643 where there are too few rows for testing to mend any prediction, before time is spent on sampling."""
    testing = dataset.parts.get("testing")
    for each in spec.predictions:
        if each.options["recalibrated"] and testing is not None:
            count = int(np.prod([len(testing.coords[ir.base(dim)]) for dim in each.dims]))
            if count < LEAST_CASES:
                raise _too_few(each, count)


def _too_few(asked: ir.Prediction, count: int) -> RunError:
    reason = f"{count} testing outcomes do not tell how, {LEAST_CASES} are needed"
    return RunError([TooFewToRecalibrate(at=asked.span, name=asked.name, reason=reason)])


def learn_maps(asked: Sequence[ir.Prediction], calibration: Group) -> dict[str, PitMap]:
    """The map of each prediction that is to be mended, by its name.

    Raises: UQ643 where testing rows could not be scored, or too few of them.
    """
    found: dict[str, PitMap] = {}
    for each in asked:
        if each.options["recalibrated"]:
            pit = calibration.variables.get(f"{each.target}_pit")
            values = np.zeros(0) if pit is None else pit.values.ravel()
            if len(values) < LEAST_CASES:
                raise _too_few(each, len(values))
            found[each.name] = fit_pit_map(values)
    return found


def said_of_maps(
    maps: Mapping[str, PitMap], asked: Sequence[ir.Prediction], calibration: Group
) -> dict[str, str | int | float]:
    """What each map does, in words, as an attribute of the predictions."""
    said: dict[str, str | int | float] = {}
    for each in asked:
        if each.name in maps:
            pit = calibration.variables[f"{each.target}_pit"].values.ravel()
            ends = np.array([(1 - _SHOWN) / 2, (1 + _SHOWN) / 2])
            low, high = maps[each.name].level(ends)
            mended = cross_fitted(fit_pit_map, pit)
            before, after = (int(np.sum((ends[0] <= values) & (values <= ends[1]))) for values in (pit, mended))
            said[f"{each.name}{RECALIBRATED}"] = (
                f"recalibrated on {len(pit)} testing outcomes: intervals of {_SHOWN:.0%} go from the quantile of {low:.1%} "
                f"to that of {high:.1%}; {after} of these outcomes lie within, each mended by others, and {before} did before"
            )
    return said
