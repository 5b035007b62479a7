"""Predicted probabilities of events and classes: whether they happen as often as said, and how sure they are.

Events are a forecast probability and whether it happened, both `(case,)`. Several classes are judged class by class, or by the
class that is held most probable: `most_probable`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from uqdsl.diagnose.coverage import binomial_interval

BINS = 15


class Reliability(NamedTuple):
    """Forecast probabilities against frequencies, bin by bin: the numbers of a reliability diagram, each `(bin,)`.

    - forecast: mean forecast probability.
    - frequency: share of cases in which the event happened.
    - low, high: exact 95 % interval of that frequency.
    - cases: how many there are.
    """

    forecast: np.ndarray
    frequency: np.ndarray
    low: np.ndarray
    high: np.ndarray
    cases: np.ndarray


class CalibrationError(NamedTuple):
    """How far frequencies are from forecast probabilities.

    - ece: expected calibration error, the mean of |frequency - forecast| over cases. It is never negative, so that chance
      alone makes it positive.
    - by_chance: its mean if the forecasts were right, for the same forecasts and bins.
    - p_value: the probability of an error at least as large if the forecasts were right.
    - squared: the mean of (frequency - forecast)^2 without its bias, which may come out below zero.
    """

    ece: float
    by_chance: float
    p_value: float
    squared: float


class BrierScore(NamedTuple):
    """The mean of (forecast - happened)^2, and its parts: score = reliability - resolution + uncertainty + within.

    - reliability: how far frequencies are from forecasts; zero is best.
    - resolution: how far the frequencies of bins are from the overall one; large is best.
    - uncertainty: the variance of the event itself.
    - within: what forecasts that differ within a bin add; zero where a bin holds one forecast.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float


def most_probable(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of predicted classes `(case, class)`: the probability of the most probable one, and whether it is the label's."""
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == labels


def reliability(forecast: np.ndarray, happened: np.ndarray, bins: int = BINS) -> Reliability:
    """The reliability curve, in bins that hold equally many cases; equal forecasts share a bin."""
    place, cases = _bins(forecast, bins)
    mean = np.bincount(place, forecast) / cases
    hits = np.bincount(place, happened).astype(int)
    return Reliability(mean, hits / cases, *binomial_interval(hits, cases), cases)


def calibration_error(
    forecast: np.ndarray, happened: np.ndarray, bins: int = BINS, repetitions: int = 1000, seed: int = 0
) -> CalibrationError:
    """Expected calibration error, beside what chance alone makes of it.

        ECE = sum_b n_b / n |frequency_b - forecast_b|
        squared = sum_b n_b / n ((frequency_b - forecast_b)^2 - frequency_b (1 - frequency_b) / (n_b - 1))

    Bins of one case say nothing of the squared error and are left out of it. Chance is simulated: events that happen with the
    forecast probability (consistency resampling, Bröcker & Smith 2007, Increasing the Reliability of Reliability Diagrams,
    Weather and Forecasting 22). The unbiased squared error is that of Bröcker 2012, Estimating reliability and resolution of
    probability forecasts through decomposition of the empirical score, Climate Dynamics 39, and of Kumar, Liang & Ma 2019,
    Verified Uncertainty Calibration, NeurIPS, sec. 4.
    """
    place, cases = _bins(forecast, bins)
    members = (place == np.arange(len(cases))[:, None]).astype(float)
    mean = members @ forecast / cases
    share = cases / len(forecast)
    frequency = members @ happened.astype(float) / cases
    ece = float(share @ np.abs(frequency - mean))
    chance = np.random.default_rng(seed).uniform(size=(repetitions, len(forecast))) < forecast
    by_chance = np.abs((chance.astype(float) @ members.T) / cases - mean) @ share
    several = cases > 1
    bias = frequency[several] * (1 - frequency[several]) / (cases[several] - 1)
    squared = share[several] @ ((frequency - mean)[several] ** 2 - bias) / max(share[several].sum(), 1e-300)
    p_value = (1 + np.sum(by_chance >= ece)) / (1 + repetitions)
    return CalibrationError(ece, float(by_chance.mean()), float(p_value), float(squared))


def brier_score(forecast: np.ndarray, happened: np.ndarray, bins: int = BINS) -> BrierScore:
    """The Brier score of an event, and Murphy's decomposition over bins with its sampling bias removed.

        reliability = sum_b n_b / n (forecast_b - frequency_b)^2 - bias
        resolution = sum_b n_b / n (frequency_b - frequency)^2 - bias + frequency (1 - frequency) / (n - 1)
        uncertainty = frequency (1 - frequency) n / (n - 1)
        bias = sum_b n_b / n frequency_b (1 - frequency_b) / (n_b - 1)

    Murphy 1973, A New Vector Partition of the Probability Score, J. Appl. Meteorology 12; `within` as in Stephenson, Coelho &
    Jolliffe 2008, Two Extra Components in the Brier Score Decomposition, Weather and Forecasting 23; bias after Ferro & Fricker
    2012, A bias-corrected decomposition of the Brier score, Q. J. R. Meteorol. Soc. 138.
    """
    place, cases = _bins(forecast, bins)
    mean, frequency = np.bincount(place, forecast) / cases, np.bincount(place, happened) / cases
    share, overall = cases / len(forecast), float(happened.mean())
    bias = share @ (frequency * (1 - frequency) / np.maximum(cases - 1, 1))
    variance = overall * (1 - overall) / (len(forecast) - 1)
    plain_reliability = share @ (mean - frequency) ** 2
    plain_resolution = share @ (frequency - overall) ** 2
    score = float(np.mean((forecast - happened) ** 2))
    within = score - plain_reliability + plain_resolution - overall * (1 - overall)
    return BrierScore(
        score,
        float(plain_reliability - bias),
        float(plain_resolution - bias + variance),
        variance * len(forecast),
        float(within),
    )


def _bins(forecast: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """The bin of each case, and the number of cases of each bin, none of which is empty."""
    edges = np.unique(np.quantile(forecast, np.arange(1, bins) / bins, method="inverted_cdf"))
    _, place, cases = np.unique(np.searchsorted(edges, forecast), return_inverse=True, return_counts=True)
    return place, cases
