"""The Kalman filter beside a few lines of NumPy, and ensemble filters beside it."""

from __future__ import annotations

import numpy as np
import pytest

from .systems import assimilated, bound, trajectory

AR1 = """
time t from 0 to 100 step 1
data { y[t] : real missing, truth[t] : real }
state x over t {
  initial x ~ Normal(0, 1)
  evolve  x ~ Normal(0.9 * x[t - 1], 0.5)
}
likelihood y[t] ~ Normal(x, 0.7)
assimilate x by METHOD with(truth = truth)
"""


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    x = np.zeros(101)
    for k in range(1, 101):
        x[k] = 0.9 * x[k - 1] + 0.5 * rng.normal()
    y = x + 0.7 * rng.normal(size=101)
    y[::3] = np.nan
    return {"y": y, "truth": x}


def by_hand(y: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Means, variances and the log likelihood of the filter for `AR1`."""
    mean, variance, total, means, variances = 0.0, 1.0, 0.0, [], []
    for k, value in enumerate(y):
        if k:
            mean, variance = 0.9 * mean, 0.81 * variance + 0.25
        if np.isfinite(value):
            whole = variance + 0.49
            total -= 0.5 * ((value - mean) ** 2 / whole + np.log(2 * np.pi * whole))
            mean, variance = mean + variance / whole * (value - mean), variance * 0.49 / whole
        means.append(mean)
        variances.append(variance)
    return np.array(means), np.array(variances), total


def test_the_kalman_filter_is_exact(data):
    found = assimilated(AR1.replace("METHOD", "kalman"), **data)
    means, variances, total = by_hand(data["y"])
    group = found.groups["assimilation"]
    assert np.allclose(group.variables["x_mean"].values, means, atol=1e-10)
    assert np.allclose(group.variables["x_sd"].values ** 2, variances, atol=1e-10)
    assert found.found.numbers["log_evidence"] == pytest.approx(total, abs=1e-8)
    assert found.status == "ok"
    error = np.mean(np.abs(means - data["truth"]))
    assert found.found.numbers["rmse_analysis"] == pytest.approx(error)


def test_the_smoother_is_the_posterior_given_all_observations(data):
    y = data["y"]
    size, there = len(y), np.isfinite(y)
    # p(x | y) for all times at once: a Gaussian whose precision has three diagonals.
    precision = np.diag(np.where(there, 1 / 0.49, 0.0))
    precision[0, 0] += 1
    for k in range(1, size):
        precision[k - 1 : k + 1, k - 1 : k + 1] += np.array([[0.81, -0.9], [-0.9, 1]]) / 0.25
    covariance = np.linalg.inv(precision)
    group = assimilated(AR1.replace("METHOD", "kalman"), **data).groups["assimilation"]
    assert np.allclose(group.variables["x_smoothed_mean"].values, covariance @ np.where(there, y, 0) / 0.49, atol=1e-10)
    assert np.allclose(group.variables["x_smoothed_sd"].values ** 2, np.diag(covariance), atol=1e-10)


def test_an_ensemble_comes_to_the_kalman_filter_as_it_grows(data):
    means, _, _ = by_hand(data["y"])
    apart = []
    for members in (10, 100):
        found = assimilated(AR1.replace("METHOD", f"etkf(members = {members})"), **data)
        mean = found.groups["assimilation"].variables["x_mean"].values
        apart.append(np.sqrt(np.mean((mean - means) ** 2)))
    # The mean of N members scatters by about sd / sqrt(N), three times less with ten times as many.
    assert apart[0] < 2 * 0.56 / np.sqrt(10)
    assert apart[1] < 2 * 0.56 / np.sqrt(100)
    assert 1.5 < apart[0] / apart[1] < 7


LORENZ = """
dim grid = 40 periodic
time t from 0 to 30 step 0.05
data { y[t, grid] : real missing, truth[t, grid] : real }
state x[grid] over t {
  initial x ~ Normal(START, 1)
  evolve  der(x) = (x[grid + 1] - x[grid - 2]) * x[grid - 1] - x + 8  by rk4(dt = 0.05)
  error   exact
}
likelihood y[t, grid] ~ Normal(x, 1)
assimilate x by etkf(members = 24, inflation = multiplicative(1.02)) with(truth = truth)
"""


def test_the_transform_filter_follows_lorenz_96():
    blank = {"y": np.zeros((601, 40)), "truth": np.zeros((601, 40))}
    states, seen = trajectory(bound(LORENZ.replace("START", "0"), **blank), seed=1, spin_up=2)
    seen[0] = np.nan
    found = assimilated(
        LORENZ.replace("Normal(START, 1)", "Normal(at_first, 1)").replace("data {", "data { at_first[grid] : real,"),
        y=seen,
        truth=states,
        at_first=states[0],
    )
    numbers = found.found.numbers
    # Sakov & Oke 2008 have 0.18 to 0.2 over long runs.
    assert 0.15 < numbers["rmse_analysis"] < 0.26
    assert 0.9 < numbers["innovation_ratio"] < 1.1
    assert 0.9 < numbers["observation_error_ratio"] < 1.1
    assert found.status == "ok"


def test_a_filter_that_lost_the_truth_says_so():
    blank = {"y": np.zeros((601, 40)), "truth": np.zeros((601, 40))}
    states, seen = trajectory(bound(LORENZ.replace("START", "0"), **blank), seed=1, spin_up=2)
    seen[0] = np.nan
    found = assimilated(LORENZ.replace("START", "0").replace("members = 24", "members = 6"), y=seen, truth=states)
    assert found.status == "suspect"
    assert "lost what it observes" in found.found.reasons[0]
