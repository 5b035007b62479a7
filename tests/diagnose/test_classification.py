"""Reliability, calibration errors, the Brier score and entropies, against definitions and over repetitions."""

from __future__ import annotations

import numpy as np
import pytest

from uqdsl.diagnose import classification
from uqdsl.diagnose.classification import brier_score, calibration_error, most_probable, reliability


def events(rng, cases, sharpen=1.0):
    """Forecasts, and events that happen with their probability; sharper forecasts are too sure."""
    truth = rng.beta(1.5, 1.5, size=cases)
    odds = (truth / (1 - truth)) ** sharpen
    return odds / (1 + odds), rng.uniform(size=cases) < truth


def test_reliability_counts():
    forecast = np.array([0.1, 0.1, 0.1, 0.1, 0.8, 0.8])
    happened = np.array([1, 0, 0, 0, 1, 1], bool)
    found = reliability(forecast, happened)
    np.testing.assert_allclose(found.forecast, [0.1, 0.8])
    np.testing.assert_allclose(found.frequency, [0.25, 1])
    np.testing.assert_array_equal(found.cases, [4, 2])
    assert np.all((found.low <= found.frequency) & (found.frequency <= found.high))


def test_bins_hold_equally_many():
    found = reliability(*events(np.random.default_rng(0), 1500))
    assert len(found.cases) == 15
    assert set(found.cases) == {100}
    assert np.all(np.diff(found.forecast) > 0)


def test_error_of_few_bins_by_hand():
    forecast = np.array([0.2, 0.2, 0.2, 0.2, 0.6, 0.6])
    happened = np.array([1, 1, 0, 0, 1, 0], bool)
    found = calibration_error(forecast, happened)
    assert found.ece == pytest.approx((4 * 0.3 + 2 * 0.1) / 6)
    # 0.3^2 - 0.25 / 3 and 0.1^2 - 0.25 / 1
    assert found.squared == pytest.approx((4 * (0.09 - 0.25 / 3) + 2 * (0.01 - 0.25)) / 6)


def test_right_forecasts_have_an_error_by_chance_alone():
    rng = np.random.default_rng(1)
    found = [calibration_error(*events(rng, 300), repetitions=100) for _ in range(100)]
    ece, by_chance = np.array([(each.ece, each.by_chance) for each in found]).T
    # The plain error is far from zero, by as much as is said; the squared one is unbiased.
    assert ece.mean() > 0.05
    assert ece.mean() == pytest.approx(by_chance.mean(), abs=4 * ece.std() / np.sqrt(100))
    squared = np.array([each.squared for each in found])
    assert abs(squared.mean()) < 4 * squared.std() / np.sqrt(100)
    assert np.mean([each.p_value <= 0.1 for each in found]) < 0.1 + 4 * np.sqrt(0.09 / 100)


def test_wrong_forecasts_are_flagged():
    rng = np.random.default_rng(2)
    found = [calibration_error(*events(rng, 300, sharpen=2.5), repetitions=200) for _ in range(100)]
    assert np.mean([each.p_value <= 0.05 for each in found]) > 0.9
    assert np.mean([each.squared for each in found]) > 0.005


def test_brier_score_is_the_sum_of_its_parts():
    forecast, happened = events(np.random.default_rng(3), 700)
    found = brier_score(forecast, happened)
    assert found.score == np.mean((forecast - happened) ** 2)
    assert found.reliability - found.resolution + found.uncertainty + found.within == pytest.approx(found.score)
    # Forecasts of few values: nothing varies within a bin.
    assert brier_score(np.round(3 * forecast) / 3, happened).within == pytest.approx(0, abs=1e-15)


def test_parts_of_the_brier_score_are_unbiased():
    rng = np.random.default_rng(4)
    values = np.array([0.1, 0.5, 0.9])
    parts = []
    for _ in range(3000):
        truth = values[rng.integers(3, size=60)]
        # Forecasts of 0.2 more than the truth in the first bin.
        forecast = np.where(truth == 0.1, 0.3, truth)
        found = brier_score(forecast, rng.uniform(size=60) < truth)
        parts.append(found[1:4])
    mean, error = np.mean(parts, axis=0), np.std(parts, axis=0) / np.sqrt(3000)
    expected = [0.04 / 3, np.var(values), 0.25]
    assert np.all(np.abs(mean - expected) < 4 * error)


def test_most_probable_class():
    confidence, right = most_probable(np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]]), np.array([1, 2]))
    np.testing.assert_array_equal(confidence, [0.5, 0.6])
    np.testing.assert_array_equal(right, [True, False])


def test_ties_share_a_bin():
    place, cases = classification._bins(np.array([0.5] * 90 + [0.9] * 10), 15)
    assert list(cases) == [90, 10]
    assert set(place) == {0, 1}
