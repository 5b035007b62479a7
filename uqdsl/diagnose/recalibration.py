"""Recalibration: maps that mend predictions after the fact, each fitted on some cases and applied to others.

A map is a function of predictions that were not used to fit it. To score recalibrated predictions on the very cases that
there are, `cross_fitted` mends each with a map that has not seen it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import isotonic_regression, minimize_scalar
from scipy.special import log_softmax, softmax

_COLDEST, _HOTTEST = np.log(0.01), np.log(100.0)


class PitMap(NamedTuple):
    """A map from the probability that predictions say, to how often it was so: R of Kuleshov et al. 2018.

    - said, found: probabilities in increasing order from 0 to 1, `(knot,)`, linear between.
    """

    said: np.ndarray
    found: np.ndarray

    def __call__(self, pit: np.ndarray) -> np.ndarray:
        """PIT values of the recalibrated predictions: R(F(y))."""
        return np.interp(pit, self.said, self.found)

    def level(self, probability: np.ndarray) -> np.ndarray:
        """The level at which the predictions' own quantile is the recalibrated one of this probability: R^-1(p)."""
        return np.interp(probability, self.found, self.said)

    def draws(self, draws: np.ndarray) -> np.ndarray:
        """Recalibrated draws `(draw, case)`, in increasing order: F^-1(R^-1((k - 1/2) / K))."""
        levels = self.level((np.arange(len(draws)) + 0.5) / len(draws))
        return np.quantile(draws, levels, axis=0, method="hazen")

    def in_place(self, draws: np.ndarray) -> np.ndarray:
        """The same, each in the place of the draw whose rank it has, so that rows hang together as they did.

        Schefzik, Thorarinsdottir & Gneiting 2013, Uncertainty Quantification in Complex Simulation Models Using Ensemble Copula
        Coupling, Stat. Sci. 28.
        """
        ranks = np.argsort(np.argsort(draws, axis=0, kind="stable"), axis=0)
        return np.take_along_axis(self.draws(draws), ranks, axis=0)


class EventMap(NamedTuple):
    """A non-decreasing map from forecast probability to frequency.

    - forecast, frequency: `(knot,)`, linear between and constant outside.
    """

    forecast: np.ndarray
    frequency: np.ndarray

    def __call__(self, forecast: np.ndarray) -> np.ndarray:
        """Recalibrated probabilities of the event."""
        return np.interp(forecast, self.forecast, self.frequency)


class Temperature(NamedTuple):
    """Class probabilities proportional to p^(1 / temperature): above one, predictions were too sure."""

    temperature: float

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        """Recalibrated probabilities `(case, class)`."""
        return np.asarray(softmax(_logarithms(probabilities) / self.temperature, axis=1))


def fit_pit_map(pit: np.ndarray) -> PitMap:
    """The map of PIT values `(case,)` of held-out cases onto their ranks, i / (n + 1) at the i-th smallest.

    Kuleshov, Fenner & Ermon 2018, Accurate Uncertainties for Deep Learning Using Calibrated Regression, ICML, algorithm 1.
    The isotonic regression of their eq. 8 passes through these points, which increase already.
    """
    said, places = np.unique(np.clip(pit, 0, 1), return_inverse=True)
    ranks = np.arange(1, len(pit) + 1) / (len(pit) + 1)
    found = np.bincount(np.sort(places), ranks) / np.bincount(places)
    inner = (said > 0) & (said < 1)
    return PitMap(np.concatenate([[0], said[inner], [1]]), np.concatenate([[0], found[inner], [1]]))


def fit_event_map(forecast: np.ndarray, happened: np.ndarray) -> EventMap:
    """Isotonic regression of an event on its forecast, both `(case,)`.

    Zadrozny & Elkan 2002, Transforming Classifier Scores into Accurate Multiclass Probability Estimates, KDD.
    """
    # Cases of equal forecasts are one point of the regression, or their order would matter.
    points, place, cases = np.unique(forecast, return_inverse=True, return_counts=True)
    fitted = isotonic_regression(np.bincount(place, happened) / cases, weights=cases.astype(float))
    return EventMap(points, np.asarray(fitted.x))


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> Temperature:
    """The temperature under which the labels `(case,)` are most probable given predictions `(case, class)`.

    Guo, Pleiss, Sun & Weinberger 2017, On Calibration of Modern Neural Networks, ICML, eq. 9.
    """
    logarithms, cases = _logarithms(probabilities), np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logarithms / np.exp(log_temperature), axis=1)[cases, labels].mean())

    found = minimize_scalar(loss, bounds=(_COLDEST, _HOTTEST), method="bounded")
    return Temperature(float(np.exp(found.x)))


def cross_fitted(
    fit: Callable[..., Callable[[np.ndarray], np.ndarray]], *arrays: np.ndarray, folds: int = 5, seed: int = 0
) -> np.ndarray:
    """The first of the arrays recalibrated, each case by a map that was fitted to the cases of all other folds.

    - fit: `fit_pit_map`, `fit_event_map` or `fit_temperature`.
    - arrays: what it takes, cases along the first axis.
    """
    predictions = arrays[0]
    fold = np.random.default_rng(seed).permutation(len(predictions)) % folds
    mended = np.empty(predictions.shape)
    for each in range(folds):
        apart = fold == each
        mended[apart] = fit(*(array[~apart] for array in arrays))(predictions[apart])
    return mended


def _logarithms(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities, np.finfo(float).tiny))
