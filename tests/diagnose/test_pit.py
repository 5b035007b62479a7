"""PIT values are uniform for right predictions, the band holds as often as it says, and coverage is counted."""

from __future__ import annotations

import numpy as np
import pytest
from arviz_stats.ecdf_utils import get_pointwise_confidence_band, simulate_confidence_bands
from scipy import stats

from uqdsl.diagnose import pit
from uqdsl.diagnose.coverage import binomial_interval, coverage_of_intervals, coverage_of_pit
from uqdsl.diagnose.mixture import GaussianMixture
from uqdsl.diagnose.pit import check_pit, pit_of_draws


@pytest.mark.parametrize("law", ["normal", "poisson", "bernoulli"])
def test_pit_of_right_predictions_is_uniform(law):
    rng = np.random.default_rng(1)
    draw = {
        "normal": lambda size: rng.normal(size=size),
        "poisson": lambda size: rng.poisson(1.5, size=size),
        "bernoulli": lambda size: rng.uniform(size=size) < 0.2,
    }[law]
    # Seven draws only: the randomised PIT is uniform for any number.
    values = pit_of_draws(draw((7, 20000)), draw(20000))
    assert stats.kstest(values, "uniform").pvalue > 0.01


def test_pit_of_many_draws_is_the_distribution_function():
    rng = np.random.default_rng(2)
    outcomes = rng.normal(size=8)
    found = pit_of_draws(rng.normal(size=(100000, 8)), outcomes)
    np.testing.assert_allclose(found, stats.norm.cdf(outcomes), atol=0.006)


@pytest.mark.parametrize("cases", [1, 4, 30, 1000])
def test_probability_of_the_band_by_simulation(cases):
    tail = pit._pointwise(cases, 0.9)
    low, high = pit._bounds(tail, cases, pit._POINTS)
    said = pit._probability_inside(low, high, cases)
    assert said >= 0.9
    # The next wider tails would hold less often: the band is the narrowest one.
    assert pit._probability_inside(*pit._bounds(tail * 1.001, cases, pit._POINTS), cases) < 0.9 + 1e-9
    samples = np.sort(np.random.default_rng(3).uniform(size=(4000, cases)), axis=1)
    counts = np.stack([np.searchsorted(each, pit._POINTS, side="right") for each in samples])
    held = np.mean(np.all((low <= counts) & (counts <= high), axis=1))
    assert abs(held - said) < 4 * np.sqrt(said * (1 - said) / 4000)


def test_band_is_that_of_arviz():
    cases = 200
    pointwise = simulate_confidence_bands(cases, 1, pit._POINTS, 0.95, 4000, np.random.default_rng(4))
    low, high = get_pointwise_confidence_band(pointwise, cases, pit._POINTS)
    found = check_pit(np.linspace(0, 1, cases))
    assert 1 - 2 * pit._pointwise(cases, 0.95) == pytest.approx(pointwise, abs=0.001)
    assert np.abs(found.low - low).max() <= 1 / cases + 1e-12
    assert np.abs(found.high - high).max() <= 1 / cases + 1e-12


def test_bounds_are_those_of_the_binomial_law():
    for cases in (1, 7, 400):
        for tail in (0.001, 0.05, 0.3):
            low, high = pit._bounds(tail, cases, pit._POINTS)
            np.testing.assert_array_equal(low, stats.binom.ppf(tail, cases, pit._POINTS))
            np.testing.assert_array_equal(high, cases - stats.binom.ppf(tail, cases, 1 - pit._POINTS))


@pytest.mark.parametrize("cases", [1, 3, 25, 300])
def test_p_value_holds_its_rate(cases):
    rng = np.random.default_rng(cases)
    found = [check_pit(rng.uniform(size=cases)) for _ in range(250)]
    for rate in (0.05, 0.3):
        share = np.mean([each.p_value <= rate for each in found])
        assert share < rate + 4 * np.sqrt(rate * (1 - rate) / 250)
    assert np.mean([each.p_value <= 0.3 for each in found]) > 0.15
    # A value outside the band is the same as a p-value below its rest.
    assert all(each.inside == (each.p_value > 0.05 - 1e-9) for each in found)


@pytest.mark.parametrize(
    ("mean", "sd", "flagged"), [(0, 1, (0, 0.09)), (0, 0.75, (0.9, 1)), (0, 1.4, (0.9, 1)), (0.3, 1, (0.9, 1))]
)
def test_wrong_predictions_are_flagged_and_right_ones_are_not(mean, sd, flagged):
    rng = np.random.default_rng(5)
    cases, found, covered = 250, [], []
    for _ in range(200):
        outcomes = rng.normal(size=cases)
        values = GaussianMixture(np.full((1, cases), mean), np.full((1, cases), sd)).cdf(outcomes)
        found.append(not check_pit(values).inside)
        covered.append(coverage_of_pit(values, [0.9])[0].agrees)
    assert flagged[0] <= np.mean(found) <= flagged[1]
    if sd == 0.75:
        assert np.mean(covered) < 0.1
    if (mean, sd) == (0, 1):
        assert np.mean(covered) > 0.92


def test_binomial_interval_is_that_of_scipy():
    for hits, cases in [(0, 10), (3, 10), (10, 10), (450, 500)]:
        expected = stats.binomtest(hits, cases).proportion_ci(0.95, method="exact")
        np.testing.assert_allclose(binomial_interval(hits, cases), [expected.low, expected.high], rtol=1e-9)


def test_coverage_by_levels_and_by_bounds():
    rng = np.random.default_rng(6)
    outcomes = rng.normal(size=300)
    values = stats.norm.cdf(outcomes)
    for level, found in zip((0.5, 0.9), coverage_of_pit(values, (0.5, 0.9)), strict=True):
        reach = stats.norm.ppf(0.5 + level / 2)
        assert found == coverage_of_intervals(np.full(300, -reach), np.full(300, reach), outcomes, level)
        assert found.observed == np.mean(np.abs(outcomes) <= reach)
        assert found.agrees
