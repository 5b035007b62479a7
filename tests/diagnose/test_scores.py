"""Scores against their definitions, closed forms and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import logsumexp

from uqdsl.diagnose import mixture, scores
from uqdsl.diagnose.calibration import calibrate, in_words
from uqdsl.diagnose.mixture import GaussianMixture

UNEQUAL = GaussianMixture(
    np.array([[0.0, 1.0], [2.0, -1.0], [5.0, 0.3]]),
    np.array([[1.0, 0.5], [0.3, 2.0], [2.0, 1.0]]),
    np.array([0.5, 0.2, 0.3]),
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def gaussian_crps(mean, sd, outcome):
    """Gneiting & Raftery 2007, the CRPS of a Gaussian."""
    z = (outcome - mean) / sd
    return sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))


def test_mixture_by_quadrature():
    outcomes = np.array([0.7, -2.0])
    for case, outcome in enumerate(outcomes):
        law = [stats.norm(UNEQUAL.means[j, case], UNEQUAL.sds[j, case]) for j in range(3)]
        weights = UNEQUAL.weights

        def cdf(x, law=law, weights=weights):
            return sum(w * each.cdf(x) for w, each in zip(weights, law, strict=True))

        below = integrate.quad(lambda x: cdf(x) ** 2, -40, outcome, limit=200)[0]
        above = integrate.quad(lambda x: (1 - cdf(x)) ** 2, outcome, 40, limit=200)[0]
        assert UNEQUAL.crps(outcomes)[case] == pytest.approx(below + above, rel=1e-7)
        assert UNEQUAL.cdf(outcomes)[case] == pytest.approx(cdf(outcome))
        density = sum(w * each.pdf(outcome) for w, each in zip(weights, law, strict=True))
        assert UNEQUAL.log_density(outcomes)[case] == pytest.approx(np.log(density))
        moments = [integrate.quad(lambda x, n=n: n * x ** (n - 1) * (1 - cdf(x)), 0, 40)[0] for n in (1, 2)]
        moments = [
            m - integrate.quad(lambda x, n=n: n * x ** (n - 1) * cdf(x), -40, 0)[0] for n, m in enumerate(moments, 1)
        ]
        assert UNEQUAL.mean()[case] == pytest.approx(moments[0], rel=1e-6)
        assert UNEQUAL.sd()[case] == pytest.approx(np.sqrt(moments[1] - moments[0] ** 2), rel=1e-6)


@pytest.mark.parametrize("level", [0.001, 0.25, 0.5, 0.95])
def test_mixture_quantile_is_the_inverse_of_its_distribution_function(level):
    np.testing.assert_allclose(UNEQUAL.cdf(UNEQUAL.quantile(level)), level, atol=1e-11)


def test_mixture_quantile_in_a_gap_between_components():
    apart = GaussianMixture(np.array([[0.0], [100.0]]), np.array([[1.0], [0.01]]))
    for level in (0.3, 0.5, 0.7):
        found = apart.quantile(level)
        assert abs(apart.cdf(found)[0] - level) < 1e-11
    assert apart.quantile(0.25)[0] == pytest.approx(0, abs=1e-9)
    assert apart.quantile(0.75)[0] == pytest.approx(100, abs=1e-9)


def test_crps_of_a_single_gaussian(rng):
    mean, sd, outcome = rng.normal(size=5), rng.uniform(0.2, 3, 5), rng.normal(size=5)
    found = GaussianMixture(mean[None], sd[None]).crps(outcome)
    np.testing.assert_allclose(found, gaussian_crps(mean, sd, outcome), rtol=1e-10)


def test_mean_distance_by_nodes_is_that_by_pairs(rng):
    means, sds = rng.normal(size=600), rng.uniform(0.3, 2, size=600)
    weights = rng.dirichlet(np.ones(600))
    pairs = weights @ scores_of_pairs(means, sds) @ weights

    assert mixture._mean_distance(means, sds, weights) == pytest.approx(pairs, rel=1e-11)
    # So narrow a component needs more nodes than there are pairs of rows: the sum over pairs, in blocks.
    sds[0] = 1e-4
    pairs = weights @ scores_of_pairs(means, sds) @ weights
    assert mixture._mean_distance(means, sds, weights) == pytest.approx(pairs, rel=1e-11)


def scores_of_pairs(means, sds):
    """E |X - X'| of each pair of Gaussians: the mean of a folded normal law."""
    apart, sd = means[:, None] - means, np.hypot(sds[:, None], sds)
    return stats.foldnorm.mean(np.abs(apart) / sd, scale=sd)


def test_crps_of_draws_by_pairs(rng):
    draws, outcomes = rng.normal(size=(7, 4)), rng.normal(size=4)
    pairs = np.abs(draws[:, None] - draws[None]).sum(axis=(0, 1)) / (2 * 7 * 6)
    np.testing.assert_allclose(scores.crps_of_draws(draws, outcomes), np.abs(draws - outcomes).mean(axis=0) - pairs)


def test_crps_of_few_draws_is_unbiased(rng):
    draws = rng.normal(1, 2, size=(3, 40000))
    found = scores.mean_score("CRPS", scores.crps_of_draws(draws, np.full(40000, 0.5)))
    assert abs(found.value - gaussian_crps(1, 2, 0.5)) < 4 * found.error


def test_log_score_is_that_of_the_mixture(rng):
    log_likelihood = rng.normal(-500, 3, size=(10, 4))
    np.testing.assert_allclose(scores.log_score(log_likelihood), logsumexp(log_likelihood, axis=0, b=1 / 10))


def test_dawid_sebastiani_is_the_log_score_of_a_gaussian(rng):
    mean, sd, outcome = rng.normal(size=5), rng.uniform(0.2, 3, 5), rng.normal(size=5)
    expected = -2 * stats.norm.logpdf(outcome, mean, sd) - np.log(2 * np.pi)
    np.testing.assert_allclose(scores.dawid_sebastiani(mean, sd, outcome), expected)


def test_twice_the_integral_of_quantile_scores_is_the_crps():
    outcome = 0.8
    integral = integrate.quad(
        lambda p: scores.quantile_score(stats.norm.ppf(p), np.array(outcome), p), 0, 1, limit=200
    )[0]
    assert 2 * integral == pytest.approx(gaussian_crps(0, 1, outcome), rel=1e-6)


def test_interval_score_is_that_of_its_two_quantiles():
    low, high = np.array([-1.0, -1.0, -1.0]), np.array([1.0, 1.0, 1.0])
    outcomes = np.array([-3.0, 0.2, 1.5])
    found = scores.interval_score(low, high, outcomes, 0.8)
    both = scores.quantile_score(low, outcomes, 0.1) + scores.quantile_score(high, outcomes, 0.9)
    np.testing.assert_allclose(found, both / 0.1)
    np.testing.assert_allclose(found, [2 + 10 * 2, 2, 2 + 10 * 0.5])


@pytest.mark.parametrize("score", ["crps", "interval", "quantile", "dawid_sebastiani"])
def test_scores_are_proper(score, rng):
    """The true law has the best mean score: wider, narrower and shifted ones have a worse one."""
    outcomes = rng.normal(size=4000)
    tails = stats.norm.ppf([0.05, 0.95])

    def of(mean, sd):
        full = np.full(outcomes.shape, mean), np.full(outcomes.shape, sd)
        match score:
            case "crps":
                return GaussianMixture(full[0][None], full[1][None]).crps(outcomes)
            case "interval":
                return scores.interval_score(mean + sd * tails[0], mean + sd * tails[1], outcomes, 0.9)
            case "quantile":
                return scores.quantile_score(mean + sd * tails[1], outcomes, 0.95)
            case _:
                return scores.dawid_sebastiani(*full, outcomes)

    for wrong in ((0, 1.4), (0, 0.7), (0.4, 1)):
        worse = scores.mean_score(score, of(*wrong) - of(0, 1))
        assert worse.value > 4 * worse.error


def test_errors_of_scores_are_those_of_repetitions(rng):
    samples = rng.normal(size=(2000, 200))
    found = [(scores.mean_score("", each), scores.root_mean_square("", each)) for each in samples]
    for column in range(2):
        scatter = np.std([each[column].value for each in found])
        assert np.mean([each[column].error for each in found]) == pytest.approx(scatter, rel=0.06)
    assert np.mean([each[1].value for each in found]) == pytest.approx(1, abs=0.01)


def test_draws_and_mixture_agree(rng):
    mean, sd = rng.normal(size=6), rng.uniform(0.3, 2, size=6)
    outcomes = mean + sd * np.array([-2.2, -1, 0, 0.5, 1, 2.2])
    draws = stats.norm.ppf((np.arange(20000)[:, None] + 0.5) / 20000, mean, sd)
    log_likelihood = np.tile(stats.norm.logpdf(outcomes, mean, sd), (20000, 1))
    of_draws = calibrate(draws, outcomes, log_likelihood)
    of_mixture = calibrate(GaussianMixture(mean[None], sd[None]), outcomes)
    assert [each.name for each in of_draws.scores] == [each.name for each in of_mixture.scores]
    for one, other in zip(of_draws.scores, of_mixture.scores, strict=True):
        assert one.value == pytest.approx(other.value, rel=0.002), one.name
        assert one.error == pytest.approx(other.error, rel=0.01, abs=1e-3), one.name
    np.testing.assert_allclose(of_draws.pit, of_mixture.pit, atol=2e-4)


def test_without_a_likelihood_there_is_no_log_score(rng):
    names = [each.name for each in calibrate(rng.normal(size=(50, 10)), rng.normal(size=10)).scores]
    assert "log score" not in names
    assert "Dawid-Sebastiani score" in names


@pytest.mark.parametrize(
    ("mean", "sd", "said"),
    [
        (0, 1, "calibrated as far as 500 cases tell"),
        (0, 0.6, "predictions are too narrow"),
        (0, 1.7, "predictions are too wide"),
        (0.35, 1, "predictions are too high"),
        (-0.35, 1, "predictions are too low"),
    ],
)
def test_verdict_in_words(mean, sd, said):
    rng = np.random.default_rng(0)
    found = calibrate(rng.normal(mean, sd, size=(400, 500)), rng.normal(size=500))
    assert said in in_words(found)
