"""Maps mend what they should on cases that they have not seen, and leave alone what is right."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from uqdsl.diagnose.pit import check_pit
from uqdsl.diagnose.recalibration import cross_fitted, fit_event_map, fit_pit_map, fit_temperature


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_pit_map_of_a_known_error(rng):
    # Predictions are N(0, 1), outcomes N(0.5, 2^2): R(p) = Phi((Phi^-1(p) - 0.5) / 2).
    pit = stats.norm.cdf(rng.normal(0.5, 2, size=20000))
    fitted = fit_pit_map(pit)
    levels = np.linspace(0.02, 0.98, 30)
    np.testing.assert_allclose(fitted(levels), stats.norm.cdf((stats.norm.ppf(levels) - 0.5) / 2), atol=0.015)
    np.testing.assert_allclose(fitted(fitted.level(levels)), levels, atol=1e-12)
    mended = fitted.draws(rng.normal(size=(4000, 2)))
    np.testing.assert_allclose(
        np.quantile(mended, [0.25, 0.5], axis=0).mean(axis=1), stats.norm.ppf([0.25, 0.5], 0.5, 2), atol=0.1
    )


def test_pit_map_with_ties_and_ends():
    fitted = fit_pit_map(np.array([0.0, 0.2, 0.2, 0.2, 0.9, 1.0]))
    assert fitted(np.array([0.0, 1.0])).tolist() == [0, 1]
    assert fitted(np.array([0.2]))[0] == pytest.approx(3 / 7)
    assert np.all(np.diff(fitted.said) > 0)
    assert np.all(np.diff(fitted.found) > 0)


def test_recalibrated_predictions_pass_on_other_cases(rng):
    fitted = fit_pit_map(stats.norm.cdf(rng.normal(0, 2, size=4000)))
    new = stats.norm.cdf(rng.normal(0, 2, size=300))
    assert check_pit(new).p_value < 1e-6
    assert check_pit(fitted(new)).p_value > 0.01


def test_a_map_scored_on_its_own_cases_always_looks_right(rng):
    pit = stats.norm.cdf(rng.normal(0, 2, size=100))
    np.testing.assert_allclose(np.sort(fit_pit_map(pit)(pit)), np.arange(1, 101) / 101)


def test_cross_fitting_uses_no_case_on_itself():
    seen: list[set[float]] = []

    def fit(values):
        seen.append(set(values))
        return lambda given: np.where(np.isin(given, values), -1.0, 1.0)

    found = cross_fitted(fit, np.arange(23.0), folds=4)
    assert np.all(found == 1)
    assert [len(each) for each in seen] == [17, 17, 17, 18]


def test_cross_fitted_pit_values_are_uniform(rng):
    mended = cross_fitted(fit_pit_map, stats.norm.cdf(rng.normal(0, 2, size=2000)))
    assert stats.kstest(mended, "uniform").pvalue > 0.01


def test_isotonic_map_finds_the_frequency(rng):
    forecast = rng.uniform(size=20000)
    happened = rng.uniform(size=20000) < forecast**2
    fitted = fit_event_map(forecast, happened)
    at = np.linspace(0.05, 0.95, 10)
    np.testing.assert_allclose(fitted(at), at**2, atol=0.06)
    assert np.all(np.diff(fitted(np.linspace(0, 1, 100))) >= 0)


def test_isotonic_map_does_not_know_the_order_of_ties():
    forecast, happened = np.array([0.3, 0.3, 0.3, 0.7]), np.array([1, 0, 0, 1], bool)
    for order in ([0, 1, 2, 3], [2, 1, 0, 3]):
        assert fit_event_map(forecast[order], happened[order])(np.array([0.3]))[0] == pytest.approx(1 / 3)


def test_temperature_is_found(rng):
    logits = rng.normal(0, 2, size=(8000, 3))
    truth = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (rng.uniform(size=8000)[:, None] > truth.cumsum(axis=1)).sum(axis=1)
    sharp = truth**2.5 / (truth**2.5).sum(axis=1, keepdims=True)
    fitted = fit_temperature(sharp, labels)
    assert fitted.temperature == pytest.approx(2.5, rel=0.06)
    np.testing.assert_allclose(fitted(sharp), truth, atol=0.03)
    assert cross_fitted(fit_temperature, sharp, labels).shape == sharp.shape
