"""Intervals and probabilities of draws, against closed forms."""

from __future__ import annotations

import numpy as np
from scipy import stats

from uqdsl.uncertainty.statistics import equal_tailed, exceedance, highest_density

UNIFORM = (np.arange(100_000) + 0.5) / 100_000


def test_equal_tails_of_a_gamma_law():
    draws = stats.gamma(2).ppf(UNIFORM)[:, None]
    lower, upper = equal_tailed(draws, (0.5, 0.9))
    assert np.allclose(lower[:, 0], stats.gamma(2).ppf([0.25, 0.05]), atol=1e-3)
    assert np.allclose(upper[:, 0], stats.gamma(2).ppf([0.75, 0.95]), atol=1e-3)


def test_highest_density_of_an_exponential_law_begins_at_zero():
    draws = np.random.default_rng(0).permutation(stats.expon().ppf(UNIFORM)).reshape(-1, 1)
    lower, upper = highest_density(draws, (0.5, 0.9))
    assert np.allclose(lower[:, 0], 0, atol=1e-3)
    assert np.allclose(upper[:, 0], stats.expon().ppf([0.5, 0.9]), atol=1e-3)


def test_highest_density_holds_as_many_draws_as_it_says():
    draws = np.random.default_rng(0).normal(size=(1001, 2, 3))
    lower, upper = highest_density(draws, (0.37,))
    assert lower.shape == (1, 2, 3)
    assert (((draws >= lower[0]) & (draws <= upper[0])).sum(axis=0) == np.ceil(0.37 * 1001)).all()


def test_exceedance():
    assert np.allclose(exceedance(UNIFORM[:, None], (0.25, 2.0)), [[0.75], [0.0]])
