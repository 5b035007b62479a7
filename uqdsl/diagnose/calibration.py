"""Predictions beside the outcomes of testing data: whether they are as sure as they should be, and how good they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from uqdsl.diagnose.classification import CalibrationError, Reliability, calibration_error, most_probable, reliability
from uqdsl.diagnose.coverage import LEVELS, Coverage, coverage_of_pit
from uqdsl.diagnose.mixture import GaussianMixture
from uqdsl.diagnose.pit import PitCheck, check_pit, pit_of_draws
from uqdsl.diagnose.scores import (
    Score,
    crps_of_draws,
    dawid_sebastiani,
    interval_score,
    log_score,
    mean_score,
    root_mean_square,
)

_FIRM = 0.05
_CLEAR = 2.0
_TINY = 1e-6


class Calibration(NamedTuple):
    """Predictions against outcomes.

    - pit: PIT value of each case, `(case,)`.
    - check: the PIT values against the uniform distribution.
    - coverage: of equal-tailed intervals, one a level.
    - scores: each with its standard error.
    """

    pit: np.ndarray
    check: PitCheck
    coverage: list[Coverage]
    scores: list[Score]


def calibrate(
    predictive: np.ndarray | GaussianMixture,
    outcomes: np.ndarray,
    log_likelihood: np.ndarray | None = None,
    levels: Sequence[float] = LEVELS,
    seed: int = 0,
) -> Calibration:
    """All numbers on the calibration of continuous predictions or counts, of independent cases.

    - predictive: draws `(draw, case)`, or a mixture of Gaussians.
    - outcomes: `(case,)`, none of which has informed the predictions.
    - log_likelihood: of each outcome given each draw of the unknowns, `(draw, case)`: for the log score beside draws.
    - levels: of the intervals.
    - seed: of the randomised PIT.
    """
    tails = [(1 - level) / 2 for level in levels]
    if isinstance(predictive, GaussianMixture):
        pit, mean, sd = predictive.cdf(outcomes), predictive.mean(), predictive.sd()
        crps, log_density = predictive.crps(outcomes), predictive.log_density(outcomes)
        bounds = [(predictive.quantile(tail), predictive.quantile(1 - tail)) for tail in tails]
    else:
        pit = pit_of_draws(predictive, outcomes, seed)
        mean, sd = predictive.mean(axis=0), predictive.std(axis=0, ddof=1)
        crps = crps_of_draws(predictive, outcomes)
        log_density = None if log_likelihood is None else log_score(log_likelihood)
        bounds = [tuple(np.quantile(predictive, [tail, 1 - tail], axis=0)) for tail in tails]
    scores = [root_mean_square("RMSE", outcomes - mean), mean_score("CRPS", crps)]
    if log_density is not None:
        scores.append(mean_score("log score", log_density))
    else:
        scores.append(mean_score("Dawid-Sebastiani score", dawid_sebastiani(mean, sd, outcomes)))
    scores.append(mean_score("predictive sd", sd))
    for level, (low, high) in zip(levels, bounds, strict=True):
        scores.append(mean_score(f"width of {level:.0%} intervals", high - low))
        scores.append(mean_score(f"{level:.0%} interval score", interval_score(low, high, outcomes, level)))
    return Calibration(pit, check_pit(pit), coverage_of_pit(pit, levels), scores)


class ClassCalibration(NamedTuple):
    """Predicted probabilities of classes against the classes that were recorded.

    - error: how far frequencies are from probabilities: of the second of two classes, of several that of the most probable.
    - curve: the numbers of a reliability diagram of the same.
    - surer: by how many standard errors the most probable class is recorded less often than was predicted.
    - scores: each with its standard error.
    """

    error: CalibrationError
    curve: Reliability
    surer: float
    scores: list[Score]


def calibrate_classes(probabilities: np.ndarray, labels: np.ndarray, seed: int = 0) -> ClassCalibration:
    """All numbers on the calibration of predicted classes, of independent cases.

    The Brier score is the mean of the sum over classes of (probability - recorded)^2; of two classes it counts one of them.

    - probabilities: `(case, class)`, with a sum of one.
    - labels: positions of the recorded classes, `(case,)`, none of which has informed the predictions.
    - seed: of what chance makes of the calibration error.
    """
    most, right = most_probable(probabilities, labels)
    two = probabilities.shape[1] == 2
    forecast, happened = (probabilities[:, 1], labels == 1) if two else (most, right)
    own = probabilities[np.arange(len(labels)), labels]
    squares = probabilities**2
    brier = (squares.sum(axis=1) + (1 - own) ** 2 - own**2) / (2 if two else 1)
    scatter = np.sqrt(np.sum(most * (1 - most)))
    surer = float(np.sum(most - right) / scatter) if scatter else float(np.sum(most - right)) * np.inf
    with np.errstate(divide="ignore"):
        scores = [mean_score("Brier score", brier), mean_score("log score", np.log(own))]
    scores.append(mean_score("accuracy", right.astype(float)))
    error = calibration_error(forecast, happened, seed=seed)
    return ClassCalibration(error, reliability(forecast, happened), surer, scores)


def classes_in_words(found: ClassCalibration) -> str:
    """The verdict as a sentence."""
    cases, p_value = int(found.curve.cases.sum()), found.error.p_value
    if p_value >= _FIRM:
        return f"probabilities are calibrated as far as {cases} cases tell ({shown_p(p_value)})"
    said = (
        "not sure enough" if found.surer <= -_CLEAR else "too sure" if found.surer >= _CLEAR else "of the wrong shape"
    )
    chance = f"{found.error.by_chance:.2g} by chance alone"
    return f"probabilities are {said} ({cases} cases, {shown_p(p_value)}): an error of {found.error.ece:.2g}, {chance}"


def shown_p(p_value: float) -> str:
    """`p = 0.02`; below what is worth telling apart, `p < 1e-06`."""
    return f"p = {p_value:.2g}" if p_value >= _TINY else f"p < {_TINY:g}"


def in_words(found: Calibration) -> str:
    """The verdict as a sentence: calibrated as far as the cases tell, or in which way not."""
    cases, p_value = found.check.cases, found.check.p_value
    if p_value >= _FIRM:
        return f"predictions are calibrated as far as {cases} cases tell ({shown_p(p_value)})"
    said = f"predictions are {departure(found.pit)}"
    held = ", ".join(f"{100 * each.level:g} % intervals hold {100 * each.observed:.0f} %" for each in found.coverage)
    return f"{said} ({cases} cases, {shown_p(p_value)}): {held} of the outcomes"


def departure(pit: np.ndarray) -> str:
    """In which way predictions are off whose PIT values are not uniform: `too narrow`, `too low` and so on."""
    # Of uniform values u, the mean has the variance 1 / (12 n), and that of |u - 1/2| has 1 / (48 n).
    middle = (pit.mean() - 0.5) * np.sqrt(12 * len(pit))
    spread = (np.abs(pit - 0.5).mean() - 0.25) * np.sqrt(48 * len(pit))
    if max(abs(middle), abs(spread)) < _CLEAR:
        return "of the wrong shape"
    if abs(middle) > abs(spread):
        return f"too {'low' if middle > 0 else 'high'}"
    return f"too {'narrow' if spread > 0 else 'wide'}"
