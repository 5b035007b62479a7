"""Scores of probabilistic predictions, one number for each case; smaller is better for each, but for the log score.

All are proper: no forecast does better on average than the one that says what one believes. Gneiting & Raftery 2007, Strictly
Proper Scoring Rules, Prediction, and Estimation, J. Am. Stat. Assoc. 102, from where the equations are.

There is no log score of bare draws. It would be that of a kernel estimate, whose bandwidth decides the score of what falls
in the tails (Krüger et al. 2021). It is taken of the mixture of likelihoods; where only draws are known, CRPS and
the score of Dawid and Sebastiani say the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp


class Score(NamedTuple):
    """A score over independent cases.

    - name: `CRPS`, `log score`, …
    - value: the mean over cases; of the RMSE, the root of that.
    - error: its standard error, by the scatter of the cases.
    """

    name: str
    value: float
    error: float


def mean_score(name: str, of_cases: np.ndarray) -> Score:
    """The mean of a score `(case,)`, with its standard error."""
    return Score(name, float(of_cases.mean()), float(of_cases.std(ddof=1) / np.sqrt(len(of_cases))))


def root_mean_square(name: str, differences: np.ndarray) -> Score:
    """The root of the mean square of differences `(case,)`; its error is that of the mean square over 2 RMSE."""
    squares = mean_score(name, differences**2)
    root = float(np.sqrt(squares.value))
    return Score(name, root, squares.error / (2 * root) if root else 0.0)


def crps_of_draws(draws: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Continuous ranked probability score of each case, in the unit of the outcome, unbiased for any number of draws.

        CRPS = mean_i |x_i - y| - sum_(i<j) |x_i - x_j| / (K (K - 1))

    - draws: independent of each other, `(draw, case)`, two at least.
    - outcomes: `(case,)`.

    Eq. 21 of Gneiting & Raftery 2007, in the fair form of Ferro 2014, Fair scores for ensemble forecasts, Q. J. R. Meteorol.
    Soc. 140; the sum over pairs is one over the order statistics.
    """
    number = len(draws)
    places = 2 * np.arange(1, number + 1) - number - 1
    spread = places @ np.sort(draws, axis=0) / (number * (number - 1))
    return np.abs(draws - outcomes).mean(axis=0) - spread


def log_score(log_likelihood: np.ndarray) -> np.ndarray:
    """Log predictive density of each case, in nats; larger is better: log mean_k p(y | draw k).

    - log_likelihood: of each outcome given each draw of the unknowns, `(draw, case)`.

    The mixture of parameters of Krüger et al. 2021, which `uqdsl.diagnose.mixture` cites.
    """
    return np.asarray(logsumexp(log_likelihood, axis=0)) - np.log(len(log_likelihood))


def dawid_sebastiani(mean: np.ndarray, sd: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Score of a predictive mean and standard deviation, of each case: ((y - mean) / sd)^2 + 2 log sd.

    Dawid & Sebastiani 1999, Coherent dispersion criteria for optimal experimental design, Ann. Statist. 27; eq. 27 of
    Gneiting & Raftery 2007. Beside a constant, it is minus twice the log score of a Gaussian.
    """
    return ((outcomes - mean) / sd) ** 2 + 2 * np.log(sd)


def quantile_score(quantile: np.ndarray, outcomes: np.ndarray, level: float) -> np.ndarray:
    """Pinball loss of a predicted quantile, of each case: (1[y <= q] - level) (q - y).

    Gneiting & Raftery 2007, eq. 40 with s the identity, as a loss; twice its integral over the levels is the CRPS.
    """
    return ((outcomes <= quantile) - level) * (quantile - outcomes)


def interval_score(low: np.ndarray, high: np.ndarray, outcomes: np.ndarray, level: float) -> np.ndarray:
    """Width of an equal-tailed interval with a penalty for what misses it, of each case (Winkler 1972).

        high - low + 2 / (1 - level) (low - y)_+ + 2 / (1 - level) (y - high)_+

    Gneiting & Raftery 2007, eq. 43.
    """
    missed = np.maximum(low - outcomes, 0) + np.maximum(outcomes - high, 0)
    return high - low + 2 / (1 - level) * missed
