"""Predictions beside the outcomes of testing data: whether they are as sure as they should be, and how good they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

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


def in_words(found: Calibration) -> str:
    """The verdict as a sentence: calibrated as far as the cases tell, or in which way not."""
    cases, p_value = found.check.cases, found.check.p_value
    if p_value >= _FIRM:
        return f"predictions are calibrated as far as {cases} cases tell (p = {p_value:.2g})"
    # Of uniform values u, the mean has the variance 1 / (12 n), and that of |u - 1/2| has 1 / (48 n).
    middle = (found.pit.mean() - 0.5) * np.sqrt(12 * cases)
    spread = (np.abs(found.pit - 0.5).mean() - 0.25) * np.sqrt(48 * cases)
    if max(abs(middle), abs(spread)) < _CLEAR:
        said = "predictions have the wrong shape"
    elif abs(middle) > abs(spread):
        said = f"predictions are too {'low' if middle > 0 else 'high'}"
    else:
        said = f"predictions are too {'narrow' if spread > 0 else 'wide'}"
    held = ", ".join(f"{each.level:.0%} intervals hold {each.observed:.0%}" for each in found.coverage)
    return f"{said} ({cases} cases, p = {p_value:.2g}): {held} of the outcomes"
