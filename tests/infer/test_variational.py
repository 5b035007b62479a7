"""Guides against normal posteriors, where the nearest one of each family is known, and where none of a family is near."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy.stats import norm

import uqdsl
from tests.infer.problems import PROBLEMS, gaussian
from uqdsl.infer import flow, full_rank, low_rank, mean_field
from uqdsl.infer.pareto import smooth
from uqdsl.infer.pathfinder import Law
from uqdsl.infer.posterior import Draws, Posterior, make_posterior, unwatched
from uqdsl.infer.variational import Guide, fit
from uqdsl.vocabulary.methods.local import FlowOptions, LowRankOptions, NaturalOptions

_BENT = """
data { y : real = 0 }
prior x1 ~ Normal(0, 1)
prior x2 ~ Normal(x1 ^ 2 - 1, 0.3)
likelihood y ~ Normal(x2, 3)
"""
_KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def five() -> Posterior:
    return gaussian(5).posterior()


@pytest.fixture(scope="module")
def two() -> Posterior:
    return gaussian(2).posterior()


def ratios(posterior: Posterior, draws: Draws) -> np.ndarray:
    return np.asarray(jax.jit(jax.vmap(posterior.log_density))(draws.positions)) - np.asarray(draws.log_approximation)


def independent_bound(size: int) -> float:
    """The evidence lower bound of the nearest law of independent elements, whose variances are 1/Λ_ii."""
    exact = gaussian(size).exact
    precision = np.linalg.inv(exact.covariance)
    return exact.log_evidence + (np.linalg.slogdet(precision)[1] - np.sum(np.log(np.diag(precision)))) / 2


def test_mean_field_finds_the_known_variances_and_is_not_near(five):
    draws = mean_field.run(five, NaturalOptions(starts=1, optimizer="natural"), _KEY, unwatched)
    exact = gaussian(5).exact
    positions = np.asarray(draws.positions)
    assert np.var(positions, axis=0) == pytest.approx(1 / np.diag(np.linalg.inv(exact.covariance)), rel=0.15)
    assert draws.diagnostics["elbo"] == pytest.approx(independent_bound(5), abs=4 * draws.diagnostics["elbo_error"])
    assert draws.diagnostics["converged"]
    assert not smooth(ratios(five, draws)).trusted


def test_full_rank_meets_a_normal_posterior_from_a_law_that_is_far(five):
    def make(law: Law, key: jax.Array) -> Guide:
        return full_rank.make(law._replace(mean=law.mean + 1, scale=2 * law.scale), key)

    draws = fit(five, NaturalOptions(starts=1, optimizer="natural"), _KEY, unwatched, make)
    assert draws.diagnostics["elbo"] == pytest.approx(gaussian(5).exact.log_evidence, abs=0.005)
    assert np.std(ratios(five, draws)) < 0.1
    assert draws.reasons == ()


def test_low_rank_comes_nearer_than_mean_field(five):
    draws = low_rank.run(five, LowRankOptions(starts=1, rank=1), _KEY, unwatched)
    evidence = gaussian(5).exact.log_evidence
    assert draws.diagnostics["elbo"] < evidence + 4 * draws.diagnostics["elbo_error"]
    assert evidence - draws.diagnostics["elbo"] < 0.6 * (evidence - independent_bound(5))


@pytest.mark.parametrize(
    ("change", "share"),
    [
        ({"prior_kl": "closed"}, 0.0),
        ({"loss": "renyi", "samples": 100}, None),
        ({"loss": "forward_kl", "samples": 500}, 1.0),
    ],
)
def test_losses_that_keep_inside_a_normal_posterior_or_cover_it(two, change, share):
    """The variances are 1/Λ_ii, those of the posterior, or between the two."""
    draws = mean_field.run(two, NaturalOptions(starts=1, **change), _KEY, unwatched)
    covariance = gaussian(2).exact.covariance
    inside, covering = 1 / np.diag(np.linalg.inv(covariance)), np.diag(covariance)
    shares = (np.var(np.asarray(draws.positions), axis=0) - inside) / (covering - inside)
    assert draws.reasons == ()
    assert ["independent" in each for each in draws.notes] == [True]
    if share is None:
        assert np.all((shares > 0.1) & (shares < 0.9))
    else:
        assert shares == pytest.approx(share, abs=0.1)


def test_a_flow_follows_a_bend():
    """The nearest normal law lacks 0.7 of the log evidence."""
    posterior = make_posterior(uqdsl.loads(_BENT).compile()._target)
    x = np.linspace(-6, 6, 4001)
    density = norm(0, 1).pdf(x) * norm(x**2 - 1, np.hypot(0.3, 3)).pdf(0)
    evidence = np.log(np.sum(density) * (x[1] - x[0]))
    draws = flow.run(posterior, FlowOptions(starts=1, layers=2, width=8), _KEY, unwatched)
    assert evidence - 0.1 < draws.diagnostics["elbo"] < evidence
    assert draws.reasons == ()


def test_what_speaks_against_a_result_is_told():
    posterior = PROBLEMS["banana"]().posterior()
    options = NaturalOptions(starts=8, steps=150, prior_kl="closed")
    draws = mean_field.run(posterior, options, _KEY, unwatched)
    assert draws.diagnostics["paths_elsewhere"] > 0
    assert any("several modes" in reason for reason in draws.reasons)
    assert draws.diagnostics["steps"] == 100
    assert not draws.diagnostics["converged"]
    assert "had not come to rest after 100 steps" in draws.reasons[0]
    assert draws.notes[1:] == ("the prior is not Gaussian, so that `prior_kl = closed` was done by draws",)


def test_steps_without_a_slope_are_told():
    spec = """
data { y : real = 0 }
prior a ~ Normal(0, 1)
likelihood y ~ Normal(log(a + 0.1), 1)
"""
    posterior = make_posterior(uqdsl.loads(spec).compile()._target)
    draws = mean_field.run(posterior, NaturalOptions(starts=1, steps=200, samples=64), _KEY, unwatched)
    assert draws.diagnostics["steps_skipped"] > 20
    assert any("no finite slope" in reason for reason in draws.reasons)


def test_a_mode_that_no_start_begins_in_is_told():
    """Of the posterior 0.13 lie in a mode that the best of ten starts never is in."""
    posterior = PROBLEMS["aniso"]().posterior()
    for seed in range(3):
        draws = mean_field.run(posterior, NaturalOptions(steps=1000), jax.random.key(seed), unwatched)
        (reason,) = (each for each in draws.reasons if "modes" in each)
        assert reason.startswith("the draws lie in 2 modes with the shares 1.00, 0.00")
        assert float(str(draws.diagnostics["evidence_of_modes"]).split(", ")[1]) == pytest.approx(0.131, abs=0.05)
