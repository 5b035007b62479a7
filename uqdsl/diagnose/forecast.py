"""What was predicted, row by row, from the group `prediction` of a result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import NamedTuple

import numpy as np

from uqdsl.diagnose.summary import shown_label
from uqdsl.ir import Prediction
from uqdsl.results.groups import Group, Groups

PREDICTION = "prediction"
"""The group of a result that holds what was predicted."""
_PARTS = {"shapley": "share", "first_order": "first", "total": "total"}


class ForecastRow(NamedTuple):
    """One scalar that was predicted.

    - label: `X[3]`.
    - told: intervals by their probability, quantiles by theirs, probabilities to exceed by the value.
    - budget: the share of the variance that each source brings; empty where it was not asked for.
    """

    label: str
    mean: float
    sd: float
    told: dict[str, dict[str, float | list[float]]]
    budget: dict[str, float]


class Forecast(NamedTuple):
    """One prediction: its rows, and the budget of the mean variance over all of them, with Monte Carlo errors."""

    name: str
    dims: tuple[str, ...]
    group: Group
    part: str

    @property
    def size(self) -> int:
        """Scalars that were predicted."""
        return int(self._array("mean").size)

    @property
    def budget(self) -> dict[str, float]:
        """Of the mean variance: the share of each source; empty where it was not asked for."""
        return self._of_sources(f"average_{self.part}")

    @property
    def budget_error(self) -> dict[str, float]:
        """The Monte Carlo errors of these."""
        return self._of_sources(f"average_{self.part}_error")

    def rows(self, most: int) -> Iterator[ForecastRow]:
        """The first rows, so many at most."""
        labels = product(*(map(shown_label, self.group.coords[dim]) for dim in self.dims))
        mean, sd = self._array("mean").ravel(), self._array("sd").ravel()
        ends = {name: self._flat(name) for name in ("lower", "upper", "quantile", "exceed", self.part)}
        for row, label in enumerate(islice(labels, most)):
            told: dict[str, dict[str, float | list[float]]] = {}
            lower, upper = ends["lower"], ends["upper"]
            told["intervals"] = {
                each: [float(lower[place, row]), float(upper[place, row])]
                for place, each in enumerate(self._labels("interval"))
            }
            for name, shown, over in (("quantile", "quantiles", "probability"), ("exceed", "exceed", "threshold")):
                if len(ends[name]):
                    told[shown] = {each: float(ends[name][place, row]) for place, each in enumerate(self._labels(over))}
            shares = ends[self.part]
            budget = (
                {each: float(shares[place, row]) for place, each in enumerate(self._sources())} if len(shares) else {}
            )
            name = f"{self.name}[{', '.join(label)}]" if label else self.name
            yield ForecastRow(name, float(mean[row]), float(sd[row]), told, budget)

    def _array(self, name: str) -> np.ndarray:
        return self.group.variables[f"{self.name}_{name}"].values

    def _flat(self, name: str) -> np.ndarray:
        """`(label, row)`; empty where there is none."""
        if f"{self.name}_{name}" not in self.group.variables:
            return np.zeros((0, self.size))
        array = self._array(name)
        return array.reshape(len(array), -1)

    def _labels(self, name: str) -> list[str]:
        return [f"{each:g}" for each in self.group.coords.get(f"{self.name}_{name}", ())]

    def _sources(self) -> list[str]:
        return [str(each) for each in self.group.coords["source"]]

    def _of_sources(self, name: str) -> dict[str, float]:
        if f"{self.name}_{name}" not in self.group.variables:
            return {}
        return dict(zip(self._sources(), map(float, self._array(name)), strict=True))


def forecasts(groups: Groups, asked: Sequence[Prediction]) -> list[Forecast]:
    """What a result holds of what was asked."""
    group = groups.get(PREDICTION)
    return [
        Forecast(each.name, each.dims, group, _PARTS.get(str(each.options["budget"]), "share"))
        for each in asked
        if group is not None and f"{each.name}_mean" in group.variables
    ]
