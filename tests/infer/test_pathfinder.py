"""Pathfinder: weighted draws of its mixture against exact posteriors."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from tests.infer.problems import PROBLEMS, errors
from uqdsl.infer.pareto import Smoothed, smooth
from uqdsl.infer.pathfinder import run
from uqdsl.infer.posterior import Draws, Posterior, unwatched
from uqdsl.vocabulary.methods.local import PathfinderOptions


def weighed(posterior: Posterior, draws: Draws) -> Smoothed:
    density = jax.jit(jax.vmap(posterior.log_density))(draws.positions)
    return smooth(np.asarray(density) - np.asarray(draws.log_approximation))


@pytest.mark.parametrize("name", ["conjugate", "banana"])
def test_weighted_draws_are_those_of_the_posterior(name):
    """With several modes too, as paths go to each of them; these are told where draws are not weighted."""
    problem = PROBLEMS[name]()
    posterior = problem.posterior()
    draws = run(posterior, PathfinderOptions(draws=2000), jax.random.key(0), unwatched)
    found = weighed(posterior, draws)
    assert found.trusted
    assert found.log_mean == pytest.approx(problem.exact.log_evidence, abs=4 / found.ess**0.5)
    error = errors(problem, draws.positions, found.log_weights)
    assert error.mean < 4 / found.ess**0.5
    assert error.covariance < 0.15
    assert error.modes < 0.05
    assert draws.diagnostics["elbo"] < problem.exact.log_evidence + 0.01
    assert draws.reasons == ()
    plain = run(posterior, PathfinderOptions(draws=10, correction="none"), jax.random.key(0), unwatched)
    assert any("several modes" in reason for reason in plain.reasons) == (name == "banana")
