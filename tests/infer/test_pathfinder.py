"""Pathfinder: weighted draws of its mixture against exact posteriors."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from tests.infer.problems import PROBLEMS, errors
from uqdsl.infer.pareto import smooth
from uqdsl.infer.pathfinder import run, start
from uqdsl.infer.posterior import unwatched
from uqdsl.vocabulary.methods.local import PathfinderOptions


@pytest.mark.parametrize("name", ["conjugate", "logistic", "banana"])
def test_weighted_draws_are_those_of_the_posterior(name):
    """With several modes too, as paths go to each of them."""
    problem = PROBLEMS[name]()
    posterior = problem.posterior()
    draws = run(posterior, PathfinderOptions(draws=2000), jax.random.key(0), unwatched)
    ratios = np.asarray(jax.vmap(posterior.log_density)(draws.positions)) - np.asarray(draws.log_approximation)
    found = smooth(ratios)
    assert found.shape < 0.7
    assert found.log_mean == pytest.approx(problem.exact.log_evidence, abs=0.05)
    error = errors(problem, draws.positions, found.log_weights)
    assert error.mean < 0.1
    assert error.covariance < 0.15
    assert error.modes < 0.05
    assert draws.diagnostics["elbo"] < problem.exact.log_evidence + 0.01


def test_eight_schools_are_not_normal_and_that_is_told():
    posterior = PROBLEMS["eight_schools"]().posterior()
    draws = run(posterior, PathfinderOptions(draws=1000), jax.random.key(0), unwatched)
    ratios = np.asarray(jax.vmap(posterior.log_density)(draws.positions)) - np.asarray(draws.log_approximation)
    found = smooth(ratios)
    assert found.shape > found.threshold


def test_several_modes_are_told_where_draws_are_not_weighted():
    posterior = PROBLEMS["banana"]().posterior()
    draws = run(posterior, PathfinderOptions(draws=10, correction="none"), jax.random.key(0), unwatched)
    assert "several modes" in draws.reasons[0]


def test_starts_lie_where_the_posterior_does():
    problem = PROBLEMS["conjugate"]()
    posterior = problem.posterior()
    found = jax.jit(jax.vmap(start, (None, 0)))(posterior, jax.random.split(jax.random.key(1), 200))
    assert errors(problem, found).mean < 4 / 200**0.5
