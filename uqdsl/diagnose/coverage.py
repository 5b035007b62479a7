"""How often outcomes fall within their predictive intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Levels of intervals that are reported."""


class Coverage(NamedTuple):
    """The coverage of intervals of one level.

    - level: the probability that the intervals are meant to hold.
    - observed: the share of outcomes within their intervals.
    - low, high: what coverage agrees with that share, at 95 %.
    - cases: the number of outcomes.
    """

    level: float
    observed: float
    low: float
    high: float
    cases: int

    @property
    def agrees(self) -> bool:
        """Whether the share is no further from the level than chance explains."""
        return self.low <= self.level <= self.high


def coverage_of_pit(pit: np.ndarray, levels: Sequence[float] = LEVELS) -> list[Coverage]:
    """The coverage of equal-tailed intervals, by the PIT values `(case,)`: y is inside where |u - 1/2| <= level / 2."""
    return [coverage_of_inside(np.abs(pit - 0.5) <= level / 2, level) for level in levels]


def coverage_of_intervals(low: np.ndarray, high: np.ndarray, outcomes: np.ndarray, level: float) -> Coverage:
    """The coverage of any intervals, bounds included: `low`, `high` and `outcomes` are `(case,)`."""
    return coverage_of_inside((low <= outcomes) & (outcomes <= high), level)


def coverage_of_inside(inside: np.ndarray, level: float) -> Coverage:
    """The coverage of intervals of which it is known whether each held its outcome, `(case,)`."""
    hits, cases = int(np.sum(inside)), len(inside)
    low, high = binomial_interval(hits, cases)
    return Coverage(level, hits / cases, float(low), float(high), cases)


def binomial_interval(
    hits: int | np.ndarray, cases: int | np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Exact interval of a probability of which `hits` of `cases` independent trials are known.

    Clopper & Pearson 1934, The use of confidence or fiducial limits illustrated in the case of the binomial, Biometrika 26.
    """
    hits, misses = np.asarray(hits), np.asarray(cases) - hits
    tail = (1 - level) / 2
    low = np.where(hits > 0, betaincinv(np.maximum(hits, 1), misses + 1, tail), 0.0)
    high = np.where(misses > 0, betaincinv(hits + 1, np.maximum(misses, 1), 1 - tail), 1.0)
    return low, high
