"""Guides against normal posteriors, where the nearest one of each family is known, and where none of a family is near."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from tests.infer.problems import PROBLEMS, gaussian
from uqdsl.infer import full_rank, low_rank, mean_field
from uqdsl.infer.pareto import smooth
from uqdsl.infer.posterior import Draws, Posterior, unwatched
from uqdsl.vocabulary.methods.local import LowRankOptions, VariationalOptions


@pytest.fixture(scope="module")
def five() -> Posterior:
    return gaussian(5).posterior()


def ratios(posterior: Posterior, draws: Draws) -> np.ndarray:
    return np.asarray(jax.jit(jax.vmap(posterior.log_density))(draws.positions)) - np.asarray(draws.log_approximation)


def test_mean_field_finds_the_known_variances(five):
    """Of a normal posterior with precision Λ the nearest law of independent elements has the variances 1/Λ_ii."""
    draws = mean_field.run(five, VariationalOptions(starts=1, optimizer="natural"), jax.random.key(0), unwatched)
    exact = gaussian(5).exact
    precision = np.linalg.inv(exact.covariance)
    positions = np.asarray(draws.positions)
    assert np.var(positions, axis=0) == pytest.approx(1 / np.diag(precision), rel=0.15)
    assert np.all(np.var(positions, axis=0) < 0.5 * np.diag(exact.covariance))
    short = (np.linalg.slogdet(precision)[1] - np.sum(np.log(np.diag(precision)))) / 2
    error = 4 * draws.diagnostics["elbo_error"] + 0.02
    assert draws.diagnostics["elbo"] == pytest.approx(exact.log_evidence + short, abs=error)
    assert draws.diagnostics["converged"]


@pytest.mark.parametrize("optimizer", ["adam", "natural"])
def test_full_rank_meets_a_normal_posterior(five, optimizer):
    draws = full_rank.run(five, VariationalOptions(starts=1, optimizer=optimizer), jax.random.key(0), unwatched)
    exact = gaussian(5).exact
    assert draws.diagnostics["elbo"] == pytest.approx(exact.log_evidence, abs=0.02)
    assert np.std(ratios(five, draws)) < 0.15
    assert draws.reasons == ()


def test_low_rank_comes_nearer_than_mean_field(five):
    options = {"starts": 1, "learning_rate": 0.02}
    low = low_rank.run(five, LowRankOptions(rank=2, **options), jax.random.key(0), unwatched)
    mean = mean_field.run(five, VariationalOptions(**options), jax.random.key(0), unwatched)
    evidence = gaussian(5).exact.log_evidence
    assert low.diagnostics["elbo"] < evidence + 4 * low.diagnostics["elbo_error"]
    assert evidence - low.diagnostics["elbo"] < 0.6 * (evidence - mean.diagnostics["elbo"])


@pytest.mark.parametrize("change", [{"prior_kl": "closed"}, {"loss": "renyi"}, {"loss": "forward_kl", "samples": 200}])
def test_other_losses_of_a_conjugate_line(change):
    problem = PROBLEMS["conjugate"]()
    posterior = problem.posterior()
    draws = full_rank.run(posterior, VariationalOptions(starts=1, **change), jax.random.key(0), unwatched)
    assert draws.notes == ()
    assert draws.diagnostics["elbo"] == pytest.approx(problem.exact.log_evidence, abs=0.02)


def test_several_modes_are_told():
    problem = PROBLEMS["banana"]()
    posterior = problem.posterior()
    draws = mean_field.run(posterior, VariationalOptions(starts=8, steps=2000), jax.random.key(0), unwatched)
    assert draws.diagnostics["paths_elsewhere"] > 0
    assert any("several modes" in reason for reason in draws.reasons)


def test_too_few_steps_are_told(five):
    draws = mean_field.run(five, VariationalOptions(starts=1, steps=100), jax.random.key(0), unwatched)
    assert not draws.diagnostics["converged"]
    assert "still moving" in draws.reasons[0]


def test_what_is_not_near_has_a_large_pareto_k():
    problem = gaussian(20)
    posterior = problem.posterior()
    draws = mean_field.run(posterior, VariationalOptions(starts=1, steps=2000), jax.random.key(0), unwatched)
    assert smooth(ratios(posterior, draws)).shape > 0.7
