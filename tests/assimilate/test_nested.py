"""SMC over filters: the posterior of two standard deviations and the evidence, beside quadrature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import lognorm

import uqdsl

TEXT = """
time t from 0 to 14 step 1
data {{ y[t] : real missing }}
prior q ~ LogNormal(-0.7, 0.4)
prior r ~ LogNormal(-0.3, 0.3)
state level over t {{
  initial level ~ Normal(0, 3)
  evolve  level ~ Normal(0.9 * level[t - 1], q)
}}
likelihood y[t] ~ Normal(level, r)
infer q, r, level by smc(particles = 200, states = {states})
"""
SEEDS = 4


@pytest.fixture(scope="module")
def y() -> np.ndarray:
    rng, x = np.random.default_rng(0), [0.0]
    for _ in range(14):
        x.append(0.9 * x[-1] + 0.5 * rng.normal())
    y = np.array(x) + 0.7 * rng.normal(size=15)
    y[[3, 9]] = np.nan
    return y


@pytest.fixture(scope="module")
def exact(y: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Log evidence, and means and standard deviations of q and r, by the Kalman filter on a grid."""
    grid = np.linspace(0.0025, 5, 1000)
    q, r = np.meshgrid(grid, grid, indexing="ij")
    mean, variance = np.zeros(q.shape), np.full(q.shape, 9.0)
    log = lognorm(0.4, scale=np.exp(-0.7)).logpdf(q) + lognorm(0.3, scale=np.exp(-0.3)).logpdf(r)
    for place, value in enumerate(y):
        if place:
            mean, variance = 0.9 * mean, 0.81 * variance + q**2
        if np.isfinite(value):
            total = variance + r**2
            log -= 0.5 * (np.log(2 * np.pi * total) + (value - mean) ** 2 / total)
            mean, variance = mean + variance / total * (value - mean), variance * (1 - variance / total)
    weights = np.exp(log - log.max())
    evidence = log.max() + np.log(weights.sum() * (grid[1] - grid[0]) ** 2)
    margins = [weights.sum(axis=axis) / weights.sum() for axis in (1, 0)]
    means = np.array([each @ grid for each in margins])
    return evidence, means, np.sqrt(np.array([each @ grid**2 for each in margins]) - means**2)


@pytest.mark.parametrize(
    "states",
    ["kalman()", "bootstrap(members = 100)", "guided(members = 20, lookahead = true)", "auxiliary(members = 100)"],
)
def test_evidence_and_posterior_are_those_of_the_exact_likelihood(y: np.ndarray, exact, states: str):
    evidence, means, sds = exact
    program = uqdsl.loads(TEXT.format(states=states)).compile(y=y)
    fits = [program.infer(seed=seed) for seed in range(SEEDS)]
    assert all(each.status == "ok" for each in fits)
    found = np.array([each.diagnostics["log_evidence"] for each in fits])
    said = np.array([each.diagnostics["log_evidence_sd"] for each in fits])
    assert abs(found.mean() - evidence) < 4 * np.sqrt((said**2).mean() / SEEDS)
    draws = np.array([[each.posterior["posterior"][name].values.ravel() for name in "qr"] for each in fits])
    # Of 200 particles, some of one ancestor, at least 60 count.
    error = sds / np.sqrt(60 * SEEDS)
    assert np.all(np.abs(draws.mean(axis=(0, 2)) - means) < 4 * error)
    assert np.all(np.abs(draws.std(axis=2).mean(axis=0) / sds - 1) < 4 * np.sqrt(1 / 60 / SEEDS))
    assert fits[0].posterior["posterior"]["level"].shape == (1, 200, 15)


def test_estimates_that_scatter_are_told(y: np.ndarray):
    fit = uqdsl.loads(TEXT.format(states="bootstrap(members = 4)")).compile(y=y).infer(seed=0)
    assert fit.diagnostics["log_likelihood_variance"] > 3
    assert fit.status == "suspect"
    assert any("take more particles" in each for each in fit.reasons)
    assert "filter_seed" in fit.posterior["sample_stats"]


def test_moves_by_a_gradient_are_refused():
    with pytest.raises(uqdsl.SpecError) as caught:
        uqdsl.loads(TEXT.format(states="bootstrap(members = 100), moves = hmc"))
    assert [each.code for each in caught.value.problems] == ["UQ295"]
