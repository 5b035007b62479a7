"""Smoothed weights are those of ArviZ; k is that of known tails."""

from __future__ import annotations

import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy.special import logsumexp
from scipy.stats import norm

from uqdsl.infer.pareto import pareto_threshold, smooth


@pytest.mark.parametrize("number", [100, 1000, 4000])
@pytest.mark.parametrize("scale", [0.1, 1.0, 4.0])
def test_weights_are_those_of_arviz(number: int, scale: float) -> None:
    raw = scale * np.random.default_rng(number).standard_normal(number)
    found = smooth(raw)
    theirs, shape = array_stats.psislw(-raw)  # of minus the ratios, as leave-one-out has them
    np.testing.assert_allclose(found.log_weights, theirs - logsumexp(theirs), atol=1e-8)
    np.testing.assert_allclose(found.shape, shape, atol=1e-8)
    np.testing.assert_allclose(found.ess, 1 / np.sum(np.exp(found.log_weights) ** 2))


@pytest.mark.parametrize("shape", [0.2, 0.5, 0.9])
def test_k_is_the_shape_of_the_tail(shape: float) -> None:
    """Ratios of an exact Pareto tail; the standard error of its shape is (1 + k) / sqrt(tail)."""
    ratios = np.random.default_rng(1).pareto(1 / shape, 100_000)
    tail = 3 * np.sqrt(100_000)
    assert abs(smooth(np.log(ratios)).shape - shape) < 4 * (1 + shape) / np.sqrt(tail)


def test_a_mean_by_weights_is_right_and_a_narrow_proposal_is_not_trusted() -> None:
    rng = np.random.default_rng(2)
    wide = rng.normal(0.5, 1.5, 4000)
    found = smooth(norm(0, 1).logpdf(wide) + 3.0 - norm(0.5, 1.5).logpdf(wide))
    assert found.trusted
    assert abs(np.exp(found.log_weights) @ wide) < 4 / np.sqrt(found.ess)
    assert abs(found.log_mean - 3.0) < 0.1
    narrow = rng.normal(0, 0.25, 4000)  # its k tends to 1 - 0.25 ** 2
    assert not smooth(norm(0, 1).logpdf(narrow) - norm(0, 0.25).logpdf(narrow)).trusted


def test_equal_ratios_have_equal_weights() -> None:
    found = smooth(np.full(200, 7.0))
    assert found.trusted
    np.testing.assert_allclose(found.ess, 200)
    np.testing.assert_allclose(found.log_mean, 7.0)


def test_ratios_that_are_not_finite_are_counted_and_have_no_weight() -> None:
    raw = np.random.default_rng(3).standard_normal(500)
    raw[[3, 77, 200]] = -np.inf, np.nan, np.inf
    found = smooth(raw)
    assert found.lost == 3
    assert np.all(found.log_weights[[3, 77, 200]] == -np.inf)
    assert found.trusted
    none = smooth(np.full(50, np.nan))
    assert none.lost == 50
    assert not none.trusted
    assert none.ess == 0


def test_few_draws_are_never_trusted() -> None:
    assert not smooth(np.zeros(10)).trusted
    assert pareto_threshold(2200) == pytest.approx(0.7, abs=1e-3)
    assert pareto_threshold(100) == pytest.approx(0.5)
