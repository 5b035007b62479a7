"""What testing data say of predictions, and training inputs of new ones: the groups `calibration` and `shift` of a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from uqdsl.diagnose.calibration import Calibration, ClassCalibration, classes_in_words, in_words
from uqdsl.diagnose.conformal import conformal_quantile
from uqdsl.diagnose.scores import Score
from uqdsl.diagnose.shift import Shift
from uqdsl.diagnose.shift import in_words as shift_in_words
from uqdsl.results.groups import Group, Groups, Label, Variable, label_array

CALIBRATION, SHIFT = "calibration", "shift"
STRICT = 0.001
"""Calibrated predictions are called out in so many runs by chance."""
FIRM = 0.01
"""So often inputs are said to come from elsewhere though they do not."""


class Level(NamedTuple):
    """Intervals of one level on testing outcomes.

    - level: the probability that they are meant to hold.
    - held: share of outcomes within.
    - low, high: what coverage agrees with that share, at 95 %.
    - width: mean width, in the unit of the outcome.
    - conformal: the width that held the level by the outcomes themselves, whatever the model.
    """

    level: float
    held: float
    low: float
    high: float
    width: float
    conformal: float

    @property
    def agrees(self) -> bool:
        """Whether the share is no further from the level than chance explains."""
        return self.low <= self.level <= self.high


class Tested(NamedTuple):
    """Predictions of one outcome against testing data.

    - said: the verdict as a sentence.
    - cases: outcomes that were held against their predictions.
    - p_value: of calibrated predictions that look no better.
    - levels: of intervals; none for classes.
    - scores: by name, each with its standard error.
    """

    name: str
    said: str
    cases: int
    p_value: float
    levels: list[Level]
    scores: list[Score]


class Shifted(NamedTuple):
    """New inputs beside training inputs, along one dimension.

    - said: the finding as a sentence.
    - p_value: of inputs that come from one place and look no more alike.
    - numbers: `auc` of a classifier that tells them apart, `energy` distance, `effective` training inputs like the new ones.
    - outside: labels of the new inputs that are further out than 99 % of the training inputs.
    """

    name: str
    said: str
    p_value: float
    numbers: dict[str, float]
    outside: list[Label]


def group_of_outcome(
    name: str,
    dims: tuple[str, ...],
    coords: Mapping[str, np.ndarray],
    found: Calibration,
    residuals: np.ndarray,
) -> Group:
    """The calibration of a numerical outcome as labelled arrays.

    - dims, coords: of the outcome, for the testing rows that were scored.
    - residuals: outcome minus predictive mean, of the shape of the outcome.
    """
    levels = [each.level for each in found.coverage]
    widths = {each.name: each.value for each in found.scores}
    over = (f"{name}_level",)
    variables = {f"{name}_pit": Variable(dims, found.pit.reshape(residuals.shape))}
    for part, array in {
        "coverage": [each.observed for each in found.coverage],
        "coverage_low": [each.low for each in found.coverage],
        "coverage_high": [each.high for each in found.coverage],
        "width": [widths[f"width of {each:.0%} intervals"] for each in levels],
        "conformal": [2 * conformal_quantile(np.abs(residuals).ravel(), each) for each in levels],
    }.items():
        variables[f"{name}_{part}"] = Variable(over, np.asarray(array))
    kept = [each for each in found.scores if "interval" not in each.name]
    labels = {**coords, over[0]: label_array(levels)}
    return _with_scores(name, in_words(found), len(found.pit), found.check.p_value, kept, variables, labels)


def group_of_classes(
    name: str,
    dims: tuple[str, ...],
    coords: Mapping[str, np.ndarray],
    found: ClassCalibration,
    probabilities: np.ndarray,
    classes: Sequence[Label],
) -> Group:
    """The calibration of predicted classes as labelled arrays.

    - dims, coords: of the outcome, for the testing rows that were scored.
    - probabilities: of each class, `(*dims, class)`.
    - classes: their labels.
    """
    over, bins = f"{name}_class", f"{name}_bin"
    variables = {f"{name}_probability": Variable((*dims, over), probabilities)}
    for part, array in zip(
        ("forecast", "frequency", "frequency_low", "frequency_high", "cases_of"), found.curve, strict=True
    ):
        variables[f"{name}_{part}"] = Variable((bins,), array)
    error = found.error
    scores = [
        *found.scores,
        Score("calibration error", error.ece, np.nan),
        Score("calibration error by chance", error.by_chance, np.nan),
        Score("squared calibration error", error.squared, np.nan),
    ]
    cases = int(found.curve.cases.sum())
    labels = {**coords, over: label_array(list(classes)), bins: np.arange(len(found.curve.cases))}
    return _with_scores(name, classes_in_words(found), cases, error.p_value, scores, variables, labels)


def _with_scores(
    name: str,
    said: str,
    cases: int,
    p_value: float,
    scores: Sequence[Score],
    variables: dict[str, Variable],
    coords: dict[str, np.ndarray],
) -> Group:
    over = f"{name}_measure"
    variables |= {
        f"{name}_score": Variable((over,), np.asarray([each.value for each in scores])),
        f"{name}_score_error": Variable((over,), np.asarray([each.error for each in scores])),
        f"{name}_cases": Variable((), np.asarray(cases)),
        f"{name}_p_value": Variable((), np.asarray(p_value)),
    }
    return Group(variables, {**coords, over: label_array([each.name for each in scores])}, {f"{name}_said": said})


def group_of_inputs(dim: str, labels: np.ndarray, found: Shift) -> Group:
    """New inputs beside training inputs as labelled arrays: of all of them, and of each."""
    numbers = {
        "auc": found.classifier.statistic,
        "auc_p_value": found.classifier.p_value,
        "energy": found.energy.statistic,
        "energy_p_value": found.energy.p_value,
        "effective": found.weights.effective,
    }
    variables = {f"{dim}_{name}": Variable((), np.asarray(value)) for name, value in numbers.items()}
    of_each = {
        "mahalanobis": found.typicality.mahalanobis,
        "nearest": found.typicality.nearest,
        "outside": found.typicality.outside,
    }
    variables |= {f"{dim}_{name}": Variable((dim,), array) for name, array in of_each.items()}
    return Group(variables, {dim: labels}, {f"{dim}_said": shift_in_words(found)})


def together(groups: Sequence[Group]) -> Group:
    """Several groups as one."""
    return Group(
        {name: each for group in groups for name, each in group.variables.items()},
        {dim: labels for group in groups for dim, labels in group.coords.items()},
        {name: each for group in groups for name, each in group.attrs.items()},
    )


def tested(groups: Groups) -> list[Tested]:
    """What a result holds of predictions against testing data."""
    group = groups.get(CALIBRATION, Group())
    return [_tested(group, name.removesuffix("_said")) for name in group.attrs if name.endswith("_said")]


def _tested(group: Group, name: str) -> Tested:
    def array(part: str) -> np.ndarray:
        return group.variables[f"{name}_{part}"].values

    levels: list[Level] = []
    if f"{name}_level" in group.coords:
        parts = ("coverage", "coverage_low", "coverage_high", "width", "conformal")
        rows = zip(group.coords[f"{name}_level"], *(array(part) for part in parts), strict=True)
        levels = [Level(*map(float, row)) for row in rows]
    rows = zip(group.coords[f"{name}_measure"], array("score"), array("score_error"), strict=True)
    scores = [Score(str(each), float(value), float(error)) for each, value, error in rows]
    said = str(group.attrs[f"{name}_said"])
    return Tested(name, said, int(array("cases")), float(array("p_value")), levels, scores)


def shifted(groups: Groups) -> list[Shifted]:
    """What a result holds of new inputs beside training inputs."""
    group = groups.get(SHIFT, Group())
    found: list[Shifted] = []
    for dim in (name.removesuffix("_said") for name in group.attrs if name.endswith("_said")):
        values = {name.removeprefix(f"{dim}_"): each.values for name, each in group.variables.items()}
        # Either test may find it, so that each has half of the probability of a false alarm.
        p_value = min(1.0, 2 * float(min(values["auc_p_value"], values["energy_p_value"])))
        numbers = {name: float(values[name]) for name in ("auc", "energy", "effective")}
        outside = group.coords[dim][np.asarray(values["outside"], bool)].tolist()
        found.append(Shifted(dim, str(group.attrs[f"{dim}_said"]), p_value, numbers, outside))
    return found
