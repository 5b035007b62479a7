"""New inputs from elsewhere are found, those from the same law are not, at the rates that p-values promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import energy_distance, mannwhitneyu

from uqdsl.diagnose import shift


def test_discriminant_is_fishers():
    """Its direction is that of the inverse covariance within the groups times the difference of their means."""
    rng = np.random.default_rng(0)
    training, new = rng.normal(size=(3000, 3)) @ rng.normal(size=(3, 3)), rng.normal(0.7, 1, size=(2000, 3))
    features = np.column_stack([np.ones(5000), np.concatenate([training, new])])
    found = shift._discriminant(features, (np.arange(5000) >= 3000)[None].astype(float))[0, 1:]
    within = 3000 * np.cov(training.T, ddof=0) + 2000 * np.cov(new.T, ddof=0)
    expected = np.linalg.solve(within, new.mean(axis=0) - training.mean(axis=0))
    np.testing.assert_allclose(found / np.linalg.norm(found), expected / np.linalg.norm(expected), atol=2e-3)


def test_logistic_regression_has_no_slope_left():
    rng = np.random.default_rng(0)
    features = np.column_stack([np.ones(80), rng.normal(size=(80, 3))])
    labels = rng.uniform(size=80) < expit(features @ [0.5, 1, -2, 0])
    found = shift._logistic(features, labels)
    slope = (labels - expit(features @ found)) @ features - [0, 1, 1, 1] * found
    np.testing.assert_allclose(slope, 0, atol=1e-4)


def test_auc_is_that_of_mann_and_whitney():
    rng = np.random.default_rng(1)
    scores = np.round(rng.normal(size=(1, 50)), 1)
    labels = (np.arange(50) < 20).astype(float)[None]
    expected = mannwhitneyu(scores[0, :20], scores[0, 20:]).statistic / (20 * 30)
    assert shift._auc(scores, labels)[0] == pytest.approx(expected)


def test_energy_distance_is_that_of_scipy():
    rng = np.random.default_rng(2)
    training, new = rng.normal(size=(40, 1)), rng.normal(0.4, 1, size=(25, 1))
    scaled = [(each - training.mean()) / training.std() for each in (training[:, 0], new[:, 0])]
    assert shift.energy_test(training, new).statistic == pytest.approx(energy_distance(*scaled) ** 2)


@pytest.mark.parametrize("test", [shift.classifier_test, shift.energy_test])
def test_p_values_hold_their_rate(test):
    rng = np.random.default_rng(3)
    found = []
    for _ in range(100):
        inputs = rng.standard_t(3, size=(70, 2)) @ [[1, 0.5], [0, 2]]
        found.append(test(inputs[:50], inputs[50:], permutations=39).p_value)
    for rate in (0.05, 0.25):
        assert np.mean(np.array(found) <= rate) < rate + 4 * np.sqrt(rate * (1 - rate) / 100)
    assert np.mean(np.array(found) <= 0.5) > 0.3


MOVED = {
    "location": lambda rng: rng.normal(0.8, 1, size=(60, 3)),
    "spread": lambda rng: rng.normal(0, 2, size=(60, 3)),
}


@pytest.mark.parametrize("test", [shift.classifier_test, shift.energy_test])
@pytest.mark.parametrize("kind", MOVED)
def test_shifts_are_found(kind, test):
    rng = np.random.default_rng(4)
    found = [test(rng.normal(size=(120, 3)), MOVED[kind](rng), permutations=99).p_value for _ in range(10)]
    assert np.mean(np.array(found) <= 0.01) >= 0.9


def test_units_do_not_matter():
    rng = np.random.default_rng(5)
    training, new = rng.normal(size=(60, 2)), rng.normal(0.5, 1, size=(30, 2))
    one, other = (shift.compare_inputs(training * unit + 7, new * unit + 7) for unit in (1, np.array([1e6, 1e-3])))
    np.testing.assert_allclose(one.energy, other.energy)
    np.testing.assert_allclose(one.classifier, other.classifier)
    np.testing.assert_allclose(one.typicality, other.typicality)


def test_typicality_of_the_same_law_is_uniform():
    rng = np.random.default_rng(6)
    found = shift.typicality(rng.normal(size=(4000, 3)), rng.normal(size=(4000, 3)))
    for shares in found:
        assert np.abs(np.quantile(shares, [0.1, 0.5, 0.9]) - [0.1, 0.5, 0.9]).max() < 0.05
    assert found.outside.mean() < 0.04


def test_few_training_inputs_are_compared_fairly():
    """With 25 inputs of 8 features, each is far from the others' mean: a new one must not look far for that."""
    rng = np.random.default_rng(7)
    shares = [shift.typicality(rng.normal(size=(25, 8)), rng.normal(size=(1, 8))).mahalanobis[0] for _ in range(400)]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.06)


def test_mahalanobis_of_training_inputs_leaves_them_out():
    rng = np.random.default_rng(8)
    training = rng.normal(size=(12, 2))
    by_hand = []
    for each in range(12):
        rest = np.delete(training, each, axis=0)
        apart = training[each] - rest.mean(axis=0)
        by_hand.append(apart @ np.linalg.inv(np.cov(rest.T)) @ apart)
    # Points along a line from the centre, whose share jumps where they pass a training input.
    direction = np.linalg.cholesky(np.cov(training.T))[:, 0]
    for rank, distance in enumerate(np.sort(by_hand)):
        beside = [training.mean(axis=0) + direction * np.sqrt(distance) * factor for factor in (0.9999, 1.0001)]
        before, after = shift.typicality(training, np.array(beside)).mahalanobis * 13
        assert (round(before), round(after)) == (13 - rank, 12 - rank)


def test_what_never_varied_is_outside():
    rng = np.random.default_rng(9)
    training = np.column_stack([rng.normal(size=200), np.full(200, 3.0)])
    found = shift.typicality(training, np.array([[0.0, 3.0], [0.0, 3.1], [30.0, 3.0]]))
    assert found.outside.tolist() == [False, True, True]


def test_weights_are_the_density_ratio():
    rng = np.random.default_rng(10)
    training, new = rng.normal(size=(20000, 1)), rng.normal(0.7, 0.8, size=(20000, 1))
    found = shift.importance_weights(training, new)
    x = training[:, 0]
    log_ratio = -((x - 0.7) ** 2) / (2 * 0.64) - np.log(0.8) + x**2 / 2
    np.testing.assert_allclose(np.log(found.training), log_ratio, atol=0.35)
    assert np.abs(np.log(found.training) - log_ratio)[np.abs(x) < 2].mean() < 0.03
    assert found.training.mean() == pytest.approx(1)
    assert np.average(x, weights=found.training) == pytest.approx(0.7, abs=0.05)
    # ESS / N = 1 / E[ratio^2] for Gaussians.
    expected = np.exp(log_ratio).sum() ** 2 / np.exp(2 * log_ratio).sum()
    assert found.effective == pytest.approx(expected, rel=0.1)


def test_same_inputs_need_no_weights():
    rng = np.random.default_rng(11)
    found = shift.importance_weights(rng.normal(size=(2000, 2)), rng.normal(size=(2000, 2)))
    assert found.effective > 1950


def test_in_words():
    rng = np.random.default_rng(12)
    training = rng.normal(size=(300, 2))
    assert "no sign that new inputs come from elsewhere" in shift.in_words(
        shift.compare_inputs(training, rng.normal(size=(80, 2)))
    )
    said = shift.in_words(shift.compare_inputs(training, rng.normal(4, 1, size=(80, 2))))
    assert said.startswith("new inputs do not come from where the training inputs came from (p = 0.01)")
    assert "of 80 new inputs are further out than 99 %" in said


def test_large_tables_are_sampled():
    rng = np.random.default_rng(13)
    found = shift.energy_test(rng.normal(size=(5000, 1)), rng.normal(1, 1, size=(5000, 1)), permutations=19)
    assert found.p_value == 0.05
