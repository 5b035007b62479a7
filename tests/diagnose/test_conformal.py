"""Conformal intervals hold as often as they promise, exactly where that is known."""

from __future__ import annotations

import numpy as np
import pytest

from uqdsl.diagnose.conformal import conformal_interval, conformal_quantile, weighted_quantile


def test_quantile_is_that_order_statistic():
    sizes = np.arange(1.0, 20)
    assert conformal_quantile(sizes, 0.9) == 18
    assert conformal_quantile(sizes, 0.95) == 19
    assert conformal_quantile(sizes, 0.96) == np.inf


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_coverage_is_exact(level):
    rng = np.random.default_rng(0)
    cases = 19
    sizes = rng.exponential(size=(20000, cases))
    reach = np.array([conformal_quantile(each, level) for each in sizes])
    held = np.mean(rng.exponential(size=20000) <= reach)
    assert abs(held - level) < 4 * np.sqrt(level * (1 - level) / 20000)


def test_equal_weights_are_no_weights():
    sizes = np.random.default_rng(1).exponential(size=37)
    for level in (0.5, 0.8, 0.9, 0.99):
        found = weighted_quantile(sizes, np.full(37, 3.0), np.array([3.0]), level)
        assert found[0] == conformal_quantile(sizes, level)


def test_weighted_quantile_by_hand():
    # Masses 1/8, 4/8, 1/8 of the sizes, 2/8 at infinity.
    found = [
        weighted_quantile(np.array([3.0, 1, 2]), np.array([1.0, 1, 4]), np.array([2.0]), level)[0]
        for level in (0.1, 0.5, 0.7, 0.8)
    ]
    assert found == [1, 2, 3, np.inf]


def test_weights_restore_coverage_under_covariate_shift():
    rng = np.random.default_rng(2)

    def spread(x):
        return 0.2 + 1.5 * x

    plain, weighted = [], []
    for _ in range(300):
        # Calibration inputs are uniform on (0, 1), new ones have the density 2 x.
        inputs, new = rng.uniform(size=200), np.sqrt(rng.uniform(size=20))
        residuals, outcomes = spread(inputs) * rng.normal(size=200), spread(new) * rng.normal(size=20)
        for held, weights in ((plain, None), (weighted, (2 * inputs, 2 * new))):
            low, high = conformal_interval(residuals, np.zeros(20), 0.9, weights=weights)
            held.append(np.mean((low <= outcomes) & (outcomes <= high)))
    assert np.mean(plain) < 0.87
    error = np.std(weighted) / np.sqrt(300)
    assert 0.9 - 4 * error < np.mean(weighted) < 0.92


def test_normalised_intervals_follow_the_scale():
    rng = np.random.default_rng(3)
    scale, new_scale = rng.uniform(0.1, 3, size=3000), np.array([0.1, 3.0])
    low, high = conformal_interval(scale * rng.normal(size=3000), np.array([5.0, 5.0]), 0.9, scale, new_scale)
    np.testing.assert_allclose((high - low) / 2, 1.645 * new_scale, rtol=0.06)
    np.testing.assert_allclose(high + low, 10)
