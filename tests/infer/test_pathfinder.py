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
    """With several modes too, as paths go to each of them."""
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


@pytest.mark.parametrize(("name", "shares"), [("aniso", [0.87, 0.13]), ("close", [0.66, 0.34])])
def test_a_mode_that_few_starts_lead_to_is_found(name, shares):
    """Half of the weight of draws that are not weighted is in each, which is told."""
    problem = PROBLEMS[name]()
    posterior = problem.posterior()
    draws = run(posterior, PathfinderOptions(draws=2000), jax.random.key(2), unwatched)
    found = [float(each) for each in str(draws.diagnostics["evidence_of_modes"]).split(", ")]
    assert found == pytest.approx(shares, abs=0.05)
    assert "paths ended in 2 modes" in draws.notes[0]
    weighted = weighed(posterior, draws)
    assert errors(problem, draws.positions, weighted.log_weights).modes < 4 * 0.5 / weighted.ess**0.5
    plain = run(posterior, PathfinderOptions(draws=2000, correction="none"), jax.random.key(2), unwatched)
    off = abs(float(str(plain.diagnostics["shares_of_modes"]).split(", ")[0]) - found[0]) > 0.05
    assert any("several modes" in reason for reason in plain.reasons) == off
