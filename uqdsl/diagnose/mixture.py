"""Predictive distributions that are mixtures of Gaussians, one for each case.

A Gaussian residual law integrated on paper leaves one Gaussian for each draw of the unknowns. Its mixture over the draws has
a closed distribution function, log density and CRPS, which know the tails better than as many draws do (Krüger, Lerch,
Thorarinsdottir & Gneiting 2021, Predictive Inference Based on Markov Chain Monte Carlo Output, Int. Stat. Review 89).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp, ndtr, ndtri

_TAIL = 9.0
"""Standard deviations beyond which a Gaussian has no mass in double precision."""
_NODES_PER_SD = 1.5
_STEPS = 60
_ACCURACY = 1e-12
_BLOCK = 1 << 8


class GaussianMixture(NamedTuple):
    """The sum over components j of w_j N(mean_j, sd_j^2), for each case.

    - means, sds: in the unit of the outcome, `(component, case)`; sds are positive.
    - weights: `(component,)`, which sum to one; equal if left out.
    """

    means: np.ndarray
    sds: np.ndarray
    weights: np.ndarray | None = None

    def mean(self) -> np.ndarray:
        """The mean of each case."""
        return _weights(self) @ self.means

    def sd(self) -> np.ndarray:
        """The standard deviation of each case: sqrt(sum_j w_j (sd_j^2 + (mean_j - mean)^2))."""
        return np.sqrt(_weights(self) @ (self.sds**2 + (self.means - self.mean()) ** 2))

    def cdf(self, values: np.ndarray) -> np.ndarray:
        """The probability that the outcome is at most the value, of each case; the PIT if the value is the outcome."""
        return _weights(self) @ ndtr((values - self.means) / self.sds)

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """The log density at the value of each case, in nats."""
        log_densities = -0.5 * ((values - self.means) / self.sds) ** 2 - np.log(self.sds * np.sqrt(2 * np.pi))
        return np.asarray(logsumexp(log_densities, axis=0, b=_weights(self)[:, None]))

    def quantile(self, level: float) -> np.ndarray:
        """The quantile of each case, by Newton's method between the least and the largest of its components' quantiles."""
        of_components = self.means + self.sds * ndtri(level)
        low, high = of_components.min(axis=0), of_components.max(axis=0)
        found = _weights(self) @ of_components
        for _ in range(_STEPS):
            error = self.cdf(found) - level
            if np.abs(error).max() < _ACCURACY:
                break
            low, high = np.where(error < 0, found, low), np.where(error < 0, high, found)
            with np.errstate(divide="ignore", over="ignore"):
                found = found - error / np.exp(self.log_density(found))
            # Where the density is low, a step may lead out of the bracket, which is halved instead.
            found = np.where((low < found) & (found < high), found, (low + high) / 2)
        return found

    def crps(self, outcomes: np.ndarray) -> np.ndarray:
        """The continuous ranked probability score of each case, in the unit of the outcome; smaller is better.

            CRPS = sum_i w_i A(y - m_i, s_i) - 1/2 sum_ij w_i w_j A(m_i - m_j, sqrt(s_i^2 + s_j^2))
            A(m, s) = 2 s phi(m / s) + m (2 Phi(m / s) - 1)

        Grimit, Gneiting, Berrocal & Johnson 2006, The continuous ranked probability score for circular variables and its
        application to mesoscale forecast ensemble verification, Q. J. R. Meteorol. Soc. 132.
        """
        weights = _weights(self)
        distance = weights @ _mean_size(outcomes - self.means, self.sds)
        spread = [_mean_distance(mean, sd, weights) for mean, sd in zip(self.means.T, self.sds.T, strict=True)]
        return distance - 0.5 * np.array(spread)


def _weights(mixture: GaussianMixture) -> np.ndarray:
    return np.full(len(mixture.means), 1 / len(mixture.means)) if mixture.weights is None else mixture.weights


def _mean_size(mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """E |X| of a Gaussian: A of Grimit et al. 2006."""
    scaled = mean / sd
    return sd * np.sqrt(2 / np.pi) * np.exp(-0.5 * scaled**2) + mean * (2 * ndtr(scaled) - 1)


def _mean_distance(means: np.ndarray, sds: np.ndarray, weights: np.ndarray) -> float:
    """E |X - X'| of two independent values of one mixture.

    It is also twice the integral of F (1 - F). That is as smooth as the narrowest component and vanishes at both ends, so
    that the trapezoidal rule has round-off for an error already at this spacing, and the sum over pairs is needed only for
    fewer components than nodes.
    """
    low, high = np.min(means - _TAIL * sds), np.max(means + _TAIL * sds)
    nodes = np.ceil((high - low) * _NODES_PER_SD / sds.min())
    if nodes < len(means):
        grid, step = np.linspace(low, high, int(nodes) + 1, retstep=True)
        below = ndtr((grid[:, None] - means) / sds) @ weights
        return float(2 * step * np.sum(below * (1 - below)))
    total = 0.0
    for start in range(0, len(means), _BLOCK):
        some = slice(start, start + _BLOCK)
        sizes = _mean_size(means[some, None] - means, np.hypot(sds[some, None], sds))
        total += float(weights[some] @ sizes @ weights)
    return total
