"""Importance weights, their largest smoothed by a Pareto tail, whose shape says whether they can be trusted.

References:
    Vehtari, Simpson, Gelman, Yao & Gabry 2024, Pareto Smoothed Importance Sampling, J. Mach. Learn. Res. 25, 72.
    Zhang & Stephens 2009, A New and Efficient Estimation Method for the Generalized Pareto Distribution, Technometrics 51,
    316-325.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

_LEAST_TAIL = 5


def resampled(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Which draws to take, as many as there are and in their order: each about as often as its weight says (Kitagawa 1996)."""
    ends, count = np.cumsum(weights), len(weights)
    points = (np.arange(count) + rng.uniform()) / count
    return np.searchsorted(ends, points * ends[-1]).clip(max=count - 1)


class Smoothed(NamedTuple):
    """Importance weights.

    - log_weights: of each draw; the weights sum to 1.
    - shape: Pareto's k. Up to `threshold` means and their errors can be trusted; beyond 1 the mean itself does not exist.
      Infinite where there are too few draws to tell.
    - ess: effective number of draws, `1 / sum(weights ** 2)`.
    - log_mean: log of the mean of the raw ratios: the log evidence where the proposal is normalised.
    - lost: draws whose ratio was not finite; they have weight 0.
    """

    log_weights: np.ndarray
    shape: float
    ess: float
    log_mean: float
    lost: int

    @property
    def threshold(self) -> float:
        """The largest k with which so many draws can be trusted."""
        return pareto_threshold(len(self.log_weights))

    @property
    def trusted(self) -> bool:
        """Whether means of these draws can be trusted."""
        return self.shape <= self.threshold


def pareto_threshold(draws: int) -> float:
    """Up to which k means of so many draws can be trusted: equation 13 of Vehtari et al.; 0.7 from 2200 draws on."""
    return min(0.7, 1 - 1 / np.log10(draws)) if draws > 1 else 0.0


def smooth(log_ratios: np.ndarray) -> Smoothed:
    """The weights of draws `(N,)` of a proposal, from the logs of target over proposal density, up to a constant.

    The largest `min(N / 5, 3 sqrt(N))` ratios are replaced by the expected order statistics of the generalised Pareto
    distribution fitted to them, none larger than the largest.
    """
    raw = np.asarray(log_ratios, float)
    usable = np.isfinite(raw)
    if not usable.any():
        return Smoothed(np.full(raw.shape, -np.log(max(1, raw.size))), np.inf, 0.0, -np.inf, raw.size)
    lost = int(raw.size - usable.sum())
    largest = raw[usable].max()
    log_weights = np.where(usable, raw - largest, -np.inf)
    shape = _smooth_tail(log_weights)
    log_weights -= logsumexp(log_weights)
    log_mean = float(logsumexp(raw[usable]) - np.log(raw.size))
    return Smoothed(log_weights, shape, float(np.exp(-logsumexp(2 * log_weights))), log_mean, lost)


def _smooth_tail(log_weights: np.ndarray) -> float:
    """Smooth weights of which the largest is 1, in place; their k."""
    number = len(log_weights)
    tail = int(min(number / 5, 3 * np.sqrt(number)))
    if tail < _LEAST_TAIL:
        return np.inf
    order = np.argsort(log_weights, kind="stable")
    largest, cutoff = order[-tail:], np.exp(log_weights[order[-tail - 1]])
    excess = np.exp(log_weights[largest]) - cutoff
    if excess[-1] <= 1e-12:  # all alike: nothing to smooth
        return -np.inf
    shape, scale = _fit_pareto(excess)
    if np.isfinite(shape):
        levels = (np.arange(tail) + 0.5) / tail
        quantiles = np.expm1(-shape * np.log1p(-levels)) / shape if shape else -np.log1p(-levels)
        log_weights[largest] = np.minimum(np.log(cutoff + scale * quantiles), 0.0)
    return float(shape)


def _fit_pareto(excess: np.ndarray) -> tuple[float, float]:
    """Shape and scale of the generalised Pareto distribution of sorted numbers: equations 7 to 10 of Zhang & Stephens.

    The shape is drawn towards 0.5 as by ten more numbers: appendix C of Vehtari et al.
    """
    number = len(excess)
    quartile = excess[int(number / 4 + 0.5) - 1]
    if quartile <= 0:
        return np.inf, np.nan
    grid = 30 + int(np.sqrt(number))
    theta = 1 / excess[-1] + (1 - np.sqrt(grid / (np.arange(grid) + 0.5))) / (3 * quartile)
    shapes = np.log1p(-theta[:, None] * excess).mean(1)
    log_likelihood = number * (np.log(-theta / shapes) - shapes - 1)
    theta = float(theta @ np.exp(log_likelihood - logsumexp(log_likelihood)))
    shape = float(np.log1p(-theta * excess).mean())
    scale = -shape / theta
    return (number * shape + 5) / (number + 10), scale
