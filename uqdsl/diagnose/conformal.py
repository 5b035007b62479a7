"""Split-conformal intervals: a check beside the Bayesian ones, which needs no model to be right.

On calibration cases that nothing was fitted to, the size of the residuals that a share of them stays within is measured;
intervals of that size hold new outcomes at least as often, whatever the model, if old and new cases are exchangeable. The
promise is for all cases together, not for each input.
"""

from __future__ import annotations

import numpy as np


def conformal_quantile(sizes: np.ndarray, level: float) -> float:
    """The size that a new residual stays within with at least the probability `level`: the ceil((n + 1) level)-th smallest.

    - sizes: of the calibration residuals, `(case,)`; infinite if they are too few for the level.

    Lei, G'Sell, Rinaldo, Tibshirani & Wasserman 2018, Distribution-Free Predictive Inference for Regression, J. Am. Stat.
    Assoc. 113, algorithm 2.
    """
    # A level such as 0.9 is not exact in binary: (n + 1) 0.9 must not be rounded up for that.
    place = int(np.ceil((len(sizes) + 1) * level - 1e-9))
    return float(np.sort(sizes)[place - 1]) if place <= len(sizes) else np.inf


def weighted_quantile(sizes: np.ndarray, weights: np.ndarray, new_weights: np.ndarray, level: float) -> np.ndarray:
    """The same where inputs of new cases have another law, for each new case, `(new,)`.

        the quantile of sum_i p_i delta(size_i) + p_new delta(inf),  p proportional to the weights

    - sizes, weights: of the calibration cases, `(case,)`; a weight is the density of new inputs over that of calibration
      inputs, up to a constant.
    - new_weights: the same of the new inputs, `(new,)`.

    Tibshirani, Barber, Candès & Ramdas 2019, Conformal Prediction Under Covariate Shift, NeurIPS, eq. 7 and corollary 1.
    """
    order = np.argsort(sizes)
    reached = np.cumsum(weights[order])
    needed = level * (reached[-1] + new_weights)
    place = np.searchsorted(reached, needed * (1 - 1e-12))
    return np.append(sizes[order], np.inf)[place]


def conformal_interval(
    residuals: np.ndarray,
    new_centre: np.ndarray,
    level: float,
    scale: np.ndarray | float = 1.0,
    new_scale: np.ndarray | float = 1.0,
    weights: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Intervals `centre ± q scale` for new cases, in the unit of the outcome: lower and upper bounds, each `(new,)`.

    - residuals: outcome minus predictive centre of the calibration cases, `(case,)`.
    - new_centre: predictive centre of the new cases, `(new,)`.
    - scale, new_scale: predictive standard deviations, for intervals that follow them (normalised residuals, Lei et al. 2018,
      sec. 5.2); left out, all intervals are of one width.
    - weights: of the calibration and of the new cases, for a declared covariate shift.
    """
    sizes = np.abs(residuals) / scale
    reach = conformal_quantile(sizes, level) if weights is None else weighted_quantile(sizes, *weights, level)
    return new_centre - reach * new_scale, new_centre + reach * new_scale
