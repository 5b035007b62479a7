"""What is told of the draws of a prediction, row by row; draws lie along the first axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def equal_tailed(draws: np.ndarray, levels: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """The ends of intervals of these probabilities with as much below as above, each `(level, *shape)`."""
    tails = (1 - np.asarray(levels)) / 2
    return np.quantile(draws, tails, axis=0), np.quantile(draws, 1 - tails, axis=0)


def highest_density(draws: np.ndarray, levels: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the shortest intervals of these probabilities, each `(level, *shape)`.

    The shortest that holds ceil(level n) of n sorted draws (Chen & Shao 1999, J. Comput. Graph. Stat. 8, 69-92).
    """
    ordered, count = np.sort(draws, axis=0), len(draws)
    lower, upper = [], []
    for level in levels:
        inside = min(count, int(np.ceil(level * count)))
        widths = ordered[inside - 1 :] - ordered[: count - inside + 1]
        first = np.argmin(widths, axis=0)[None]
        lower.append(np.take_along_axis(ordered, first, axis=0)[0])
        upper.append(np.take_along_axis(ordered, first + inside - 1, axis=0)[0])
    shape = (len(levels), *draws.shape[1:])
    return np.reshape(lower, shape), np.reshape(upper, shape)


def exceedance(draws: np.ndarray, values: Sequence[float]) -> np.ndarray:
    """The probability to lie above each of some values, `(value, *shape)`."""
    return np.stack([(draws > value).mean(axis=0) for value in values])


def total_variance(mean: np.ndarray, again: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two parts of a variance: that of the mean, when all is known that can be, and the mean of what is left.

        var x = var E[x | u] + E var[x | u]

    Each draw u comes with two of what is left, v and v': with m = E[x | u, v] and m' = E[x | u, v'], cov(m, m') is the first
    and E (m - m')^2 / 2 + E var[x | u, v] the second, both without bias.

    Arguments:
        mean, again: m and m', `(draw, *shape)`; the same where there is no v.
        variance: var[x | u, v], `(draw, *shape)`.
    """
    centred, other = mean - mean.mean(axis=0), again - again.mean(axis=0)
    first = (centred * other).sum(axis=0) / (len(mean) - 1)
    return first, ((mean - again) ** 2).mean(axis=0) / 2 + variance.mean(axis=0)
