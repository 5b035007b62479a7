"""What was predicted, row by row, from the group `prediction` of a result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from uqdsl.diagnose.summary import shown_label
from uqdsl.ir import Prediction
from uqdsl.results.groups import Group, Groups

PREDICTION = "prediction"
"""The group of a result that holds what was predicted."""
RECALIBRATED = "_recalibrated"
"""After the name of a prediction: the attribute that says how it was mended."""
_PARTS = {"shapley": "share", "first_order": "first", "total": "total"}


type Told = dict[str, dict[str, float | list[float]]]
"""Intervals by their probability, quantiles by theirs, and so on."""
_NUMBERS = ("mean", "sd", "epistemic", "aleatoric")
_OF_CLASSES = ("entropy", "expected_entropy", "mutual_information")
_OF_A_CLASS = ("probability", "epistemic", "aleatoric")


class ForecastRow(NamedTuple):
    """One scalar that was predicted.

    - label: `X[3]`.
    - numbers: by name, those of a number (mean, sd and its parts) or of a class (entropy and its parts).
    - told: intervals by their probability, quantiles by theirs, probabilities to exceed by the value; of a class there is
      all this of its probability, with that itself and its parts, by the class's label in `classes`.
    - budget: the share of the variance, or of the entropy, that each source brings; empty where it was not asked for.
    """

    label: str
    numbers: dict[str, float]
    told: Told
    classes: dict[str, tuple[dict[str, float], Told]]
    budget: dict[str, float]


class Dominance(NamedTuple):
    """A source that brings the largest share of the variance somewhere.

    - cases: of how many scalars.
    - label, share: of the one to which it brings most.
    """

    source: str
    cases: int
    label: str
    share: float


class Forecast(NamedTuple):
    """One prediction: its rows, and the budget of the mean over all of them, with Monte Carlo errors.

    - part: of the budget, `share`, `first` or `total`.
    - shared: what its parts are of, `variance` or `entropy`.
    - target: what is predicted.
    - axis: of a prediction ahead, the time axis; empty else.
    """

    name: str
    dims: tuple[str, ...]
    group: Group
    part: str
    shared: str
    target: str = ""
    axis: str = ""

    @property
    def ahead(self) -> bool:
        """Whether it is of what comes behind the end of an axis, which its first dimension goes on with."""
        return bool(self.axis)

    @property
    def size(self) -> int:
        """Scalars that were predicted."""
        return int(self.array("entropy" if self.classes else "mean").size)

    @property
    def classes(self) -> list[str]:
        """The labels of the classes, where the outcome is one of some; empty where it is a number."""
        return [str(each) for each in self.group.coords.get(f"{self.name}_class", ())]

    @property
    def centre(self) -> np.ndarray:
        """Of each row the mean, or the probability of the last class."""
        return (self.array("probability")[-1] if self.classes else self.array("mean")).ravel()

    @property
    def amount(self) -> np.ndarray:
        """What the budget shares out, of each row; of classes the variance is that of all their indicators together."""
        if self.shared == "entropy":
            return self.array("entropy").ravel()
        if self.classes:
            return (self.array("epistemic") ** 2 + self.array("aleatoric") ** 2).sum(axis=0).ravel()
        return self.array("sd").ravel() ** 2

    @property
    def budget(self) -> dict[str, float]:
        """Of the mean variance or entropy: the share of each source; empty where it was not asked for."""
        return self._of_sources(f"average_{self.part}")

    @property
    def budget_error(self) -> dict[str, float]:
        """The Monte Carlo errors of these."""
        return self._of_sources(f"average_{self.part}_error")

    @property
    def recalibrated(self) -> str:
        """What testing rows changed of it, in words; empty where it is as the posterior has it."""
        return str(self.group.attrs.get(f"{self.name}{RECALIBRATED}", ""))

    @property
    def dominant(self) -> list[Dominance]:
        """Where which source brings most, those first that do so most often; empty where no budget was asked for."""
        shares = self._flat(self.part)
        if not len(shares):
            return []
        known = np.isfinite(shares).all(axis=0)
        largest = np.where(known, shares.argmax(axis=0), -1)
        found = []
        for place, source in enumerate(self._sources()):
            rows = np.flatnonzero(largest == place)
            if len(rows):
                top = rows[shares[place, rows].argmax()]
                found.append(Dominance(source, len(rows), self.label(int(top)), float(shares[place, top])))
        return sorted(found, key=lambda each: -each.cases)

    def rows(self, most: int) -> Iterator[ForecastRow]:
        """The first rows, so many at most."""
        classes = self.classes
        numbers = {name: self.array(name).ravel() for name in (_OF_CLASSES if classes else _NUMBERS)}
        of_a_class = {name: self._flat(name) for name in (_OF_A_CLASS if classes else ())}
        shares = self._flat(self.part)
        for row in range(min(most, self.size)):
            yield ForecastRow(
                self.label(row),
                {each: float(array[row]) for each, array in numbers.items()},
                {} if classes else self._told(row),
                {
                    each: (
                        {number: float(array[place, row]) for number, array in of_a_class.items()},
                        self._told(place * self.size + row),
                    )
                    for place, each in enumerate(classes)
                },
                {each: float(shares[place, row]) for place, each in enumerate(self._sources())} if len(shares) else {},
            )

    def _told(self, place: int) -> Told:
        """Of one place among all scalars, those of the first class before those of the second."""
        lower, upper = self._flat("lower"), self._flat("upper")
        told: Told = {
            "intervals": {
                each: [float(lower[at, place]), float(upper[at, place])]
                for at, each in enumerate(self._labels("interval"))
            }
        }
        for name, shown, over in (("quantile", "quantiles", "level"), ("exceed", "exceed", "threshold")):
            values = self._flat(name)
            if len(values):
                told[shown] = {each: float(values[at, place]) for at, each in enumerate(self._labels(over))}
        return told

    def label(self, row: int) -> str:
        """What a row is called: `X[3]`; its bare name if there is but one."""
        labels = [self.group.coords[dim] for dim in self.dims]
        places = np.unravel_index(row, [len(each) for each in labels]) if labels else ()
        own = [shown_label(each[place]) for each, place in zip(labels, places, strict=True)]
        return f"{self.name}[{', '.join(own)}]" if own else self.name

    def has(self, name: str) -> bool:
        """Whether there is such an array; draws there are where they are not too large, shares where they were asked for."""
        return self._name(name) in self.group.variables

    def array(self, name: str) -> np.ndarray:
        """`mean`, `sd`, `share` over the sources, `draws`, and so on; its last axes are those of its dimensions."""
        return self.group.variables[self._name(name)].values

    def _name(self, name: str) -> str:
        return self.name if name == "draws" else f"{self.name}_{name}"

    def _flat(self, name: str) -> np.ndarray:
        """`(label, row)`; empty where there is none."""
        if not self.has(name):
            return np.zeros((0, self.size))
        array = self.array(name)
        return array.reshape(len(array), -1)

    def _labels(self, name: str) -> list[str]:
        return [f"{each:g}" for each in self.group.coords.get(f"{self.name}_{name}", ())]

    def _sources(self) -> list[str]:
        return [str(each) for each in self.group.coords["source"]]

    def _of_sources(self, name: str) -> dict[str, float]:
        if not self.has(name):
            return {}
        return dict(zip(self._sources(), map(float, self.array(name)), strict=True))


def forecasts(groups: Groups, asked: Sequence[Prediction]) -> list[Forecast]:
    """What a result holds of what was asked."""
    group = groups.get(PREDICTION)
    return [
        Forecast(
            each.name,
            each.dims,
            group,
            _PARTS.get(str(each.options["budget"]), "share"),
            "entropy" if each.options["budget"] == "information" else "variance",
            each.target,
            each.axis if each.ahead else "",
        )
        for each in asked
        if group is not None and {f"{each.name}_mean", f"{each.name}_entropy"} & set(group.variables)
    ]
