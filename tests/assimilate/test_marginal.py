"""Parameters whose states a Kalman filter accounts for: beside the density of all observations at once."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy.stats import halfnorm, multivariate_normal

import uqdsl

LEVEL = """
time t from 0 to 19 step 1
data { y[t] : real missing }
prior q ~ HalfNormal(2)
prior r ~ HalfNormal(3)
state level over t {
  initial level ~ Normal(1, 4)
  evolve  level ~ Normal(0.9 * level[t - 1] + 0.2, q)
}
likelihood y[t] ~ Normal(level, r)
infer q, r, level by nuts(chains = 2, draws = 1000, target_accept = 0.95, states = kalman())
"""


@pytest.fixture(scope="module")
def y() -> np.ndarray:
    y = np.random.default_rng(3).normal(2, 2, 20)
    y[[2, 11, 12]] = np.nan
    return y


@pytest.fixture(scope="module")
def program(y):
    return uqdsl.loads(LEVEL).compile(y=y)


def joint(q: float) -> tuple[np.ndarray, np.ndarray]:
    """Means and covariance of the states of `LEVEL`, all at once."""
    means, step = np.zeros(20), np.eye(20)
    step -= np.diag(np.full(19, 0.9), -1)
    inverse = np.linalg.inv(step)
    means = inverse @ np.r_[1.0, np.full(19, 0.2)]
    return means, inverse @ np.diag(np.r_[16.0, np.full(19, q**2)]) @ inverse.T


def exact(q: float, r: float, y: np.ndarray) -> float:
    there = np.isfinite(y)
    means, covariance = joint(q)
    total = multivariate_normal.logpdf(
        y[there], means[there], covariance[np.ix_(there, there)] + r**2 * np.eye(there.sum())
    )
    return total + halfnorm.logpdf(q, scale=2) + halfnorm.logpdf(r, scale=3) + np.log(q) + np.log(r)


def test_the_density_is_that_of_all_observations(program, y):
    density = jax.jit(program.log_density)
    for q, r in ((0.5, 1.0), (2.0, 0.3), (0.01, 4.0)):
        at = {"q": np.log(q), "r": np.log(r)}
        assert density(at) == pytest.approx(exact(q, r, y), abs=1e-9)
        slope = jax.jit(jax.grad(program.log_density))(at)
        for name, other in (("q", (q * np.exp(1e-5), r)), ("r", (q, r * np.exp(1e-5)))):
            assert slope[name] == pytest.approx((exact(*other, y) - exact(q, r, y)) / 1e-5, rel=2e-3, abs=1e-3)


def test_states_are_drawn_with_the_parameters(program, y):
    fit = program.infer(seed=1)
    assert fit.status == "ok"
    posterior = fit.posterior.posterior
    assert posterior["level"].dims == ("chain", "draw", "t")
    q, r = posterior["q"].values.ravel(), posterior["r"].values.ravel()
    level = posterior["level"].values.reshape(-1, 20)
    # Each draw of the level is one of p(level | q, r, y): in units of that law they are independent standard normals.
    there = np.isfinite(y)
    scores = []
    for each, (own_q, own_r) in zip(level[::10], zip(q[::10], r[::10], strict=True), strict=True):
        means, covariance = joint(own_q)
        precision = np.linalg.inv(covariance) + np.diag(np.where(there, own_r**-2, 0.0))
        centre = np.linalg.solve(precision, np.linalg.solve(covariance, means) + np.where(there, y, 0) * own_r**-2)
        scores.append(np.linalg.cholesky(precision).T @ (each - centre))
    scores = np.array(scores)
    assert np.abs(scores.mean(axis=0)).max() < 4 / np.sqrt(len(scores))
    assert abs((scores**2).mean() - 1) < 4 * np.sqrt(2 / scores.size)


@pytest.mark.slow
def test_another_method_accounts_for_states_in_the_same_way(program):
    found = program.infer("laplace(draws = 200)", seed=1).posterior.posterior
    assert found["level"].shape == (1, 200, 20)
