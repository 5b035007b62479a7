"""Ensemble smoothers beside the smoother of Rauch, Tung & Striebel, and methods whose covariance stays as it is."""

from __future__ import annotations

import numpy as np
import pytest

from uqdsl.messages import RunError

from .systems import assimilated
from .test_kalman import AR1
from .test_kalman import data as data  # noqa: PLC0414 - a fixture


def variables(text: str, **given: np.ndarray):
    return assimilated(text, **given).groups["assimilation"].variables


# Without a lag each observation adds the chance correlations of the members with all times before it.
@pytest.mark.parametrize(
    "method",
    [
        "enks(members = {}, lag = 8)",
        "ens_rts(members = {})",
        "enks(members = {}, lag = 8, rotate = true)",
    ],
)
def test_ensemble_smoothers_come_to_the_exact_one(data, method):
    exact = variables(AR1.replace("METHOD", "kalman"), **data)
    apart = []
    for members in (20, 500):
        found = variables(AR1.replace("METHOD", method.format(members)), **data)
        difference = found["x_smoothed_mean"].values - exact["x_smoothed_mean"].values
        apart.append(np.sqrt(np.mean(difference**2)))
    # The mean of N members scatters by about sd / sqrt(N) about it, with a standard deviation of 0.5.
    assert apart[0] < 2 * 0.5 / np.sqrt(20)
    assert apart[1] < 2 * 0.5 / np.sqrt(500)
    assert found["x_smoothed_sd"].values == pytest.approx(exact["x_smoothed_sd"].values, rel=0.25)


def test_a_lag_as_long_as_the_record_is_none_and_one_of_a_step_is_short(data):
    text = AR1.replace("METHOD", "enks(members = 30, rotate = true LAG)")
    whole, long, short = (
        variables(text.replace("LAG", lag), **data)["x_smoothed_mean"].values
        for lag in ("", ", lag = 100", ", lag = 1")
    )
    assert np.allclose(long, whole, atol=1e-10)
    filtered = variables(text.replace("LAG", ""), **data)["x_mean"].values
    # With a lag of one step, what is observed next is told back, and nothing else.
    unseen = np.isnan(data["y"][1:])
    assert np.allclose(short[:-1][unseen], filtered[:-1][unseen], atol=1e-12)
    assert np.abs(short[:-1][~unseen] - filtered[:-1][~unseen]).min() > 1e-6


def test_smoothers_leave_the_filter_as_it_is(data):
    plain = variables(AR1.replace("METHOD", "etkf(members = 15)"), **data)
    for method in ("enks", "ens_rts"):
        found = variables(AR1.replace("METHOD", f"{method}(members = 15)"), **data)
        members = {name: each.values for name, each in found.items() if "smoothed" not in name}
        # The stream of the method's name draws the members; the laws are the same.
        assert members.keys() == plain.keys()
        assert np.sqrt(np.mean((members["x_mean"] - plain["x_mean"].values) ** 2)) < 4 * 0.5 / np.sqrt(15)


def test_a_fallback_is_refused_where_it_cannot_be_told_back(data):
    with pytest.raises(RunError) as caught:
        assimilated(AR1.replace("METHOD", "enks(fallback = gated(diffusion))"), **data)
    assert [each.code for each in caught.value.problems] == ["UQ660"]


@pytest.mark.parametrize("solver", ["gauss_newton", "lbfgs"])
def test_a_covariance_that_stays_gives_the_gain_of_its_own(data, solver):
    method = f"three_dvar(covariance = identity, scale = 0.6, solver = {solver}, tolerance = 1e-8)"
    found = variables(AR1.replace("METHOD", method), **data)
    mean, means = 0.0, []
    for k, value in enumerate(data["y"]):
        mean = 0.9 * mean if k else mean
        gain = 1 / 1.49 if k == 0 else 0.6 / (0.6 + 0.49)
        mean += gain * (value - mean) if np.isfinite(value) else 0.0
        means.append(mean)
    assert np.allclose(found["x_mean"].values, means, atol=1e-6)
    seen = np.isfinite(data["y"])
    assert np.allclose(found["x_sd"].values[seen & (np.arange(101) > 0)], np.sqrt(0.6 * 0.49 / 1.09), atol=1e-6)
    assert (found["converged"].values[seen] == 1).all()


def test_the_climate_is_that_of_free_runs(data):
    found = variables(AR1.replace("METHOD", "climatology"), **data)
    # 0.25 / (1 - 0.81) in the long run; runs of 101 times begin at a variance of 1.
    assert found["x_sd"].values == pytest.approx(np.full(101, np.sqrt(0.25 / 0.19)), rel=0.1)
    assert found["x_mean"].values == pytest.approx(np.zeros(101), abs=4 * 1.15 / np.sqrt(16 * 101 / 19))
    between = variables(AR1.replace("METHOD", "optimal_interpolation"), **data)
    seen = np.isfinite(data["y"])
    variance = found["x_sd"].values[0] ** 2
    expected = found["x_mean"].values + variance / (variance + 0.49) * (data["y"] - found["x_mean"].values)
    assert between["x_mean"].values[seen][1:] == pytest.approx(expected[seen][1:], abs=0.15)


def test_iterations_that_come_to_no_end_are_said(data):
    text = AR1.replace("METHOD", "three_dvar(solver = lbfgs, iterations = 1, tolerance = 1e-12)")
    found = assimilated(text, **data)
    assert found.status == "suspect"
    assert "analyses did not converge, the first at t = " in found.found.reasons[0]


def test_a_hybrid_of_members_alone_is_the_transform_filter(data):
    text = AR1.replace("METHOD", "METHOD as one")
    filtered = variables(text.replace("METHOD", "etkf(members = 12)"), **data)
    found = variables(text.replace("METHOD", "hybrid(members = 12, weight = 1)"), **data)
    for name in ("x_mean", "x_sd"):
        assert np.allclose(found[name].values, filtered[name].values, atol=1e-8), name


def test_a_hybrid_moves_the_mean_by_both_covariances(data):
    method = "hybrid(members = 12, weight = 0.3, covariance = identity, scale = 0.6)"
    found = variables(AR1.replace("METHOD", method), **data)
    variance = 0.7 * 0.6 + 0.3 * found["x_forecast_sd"].values ** 2
    before, seen = found["x_forecast_mean"].values, np.isfinite(data["y"])
    expected = before + variance / (variance + 0.49) * (data["y"] - before)
    assert np.allclose(found["x_mean"].values[seen], expected[seen], atol=1e-8)
    assert np.allclose(found["x_mean"].values[~seen], before[~seen])


RING = """
dim grid = 6 periodic
dim level = 2
time t from 0 to 2 step 1
data { y[t, level] : real missing }
state x[grid, level] over t {
  initial x ~ Normal(0, 1)
  evolve  x = 0.9 * x[t - 1] + 0.3 * x[grid - 1, t - 1]
  error   exact
}
likelihood y[t, level] ~ Normal(x[grid = 2] + 0.5 * x[grid = 3], 0.7)
assimilate x by METHOD
"""
SHOWN = np.kron(np.array([[0, 1, 0.5, 0, 0, 0]]), np.eye(2))
RING_STEP = np.kron(0.9 * np.eye(6) + 0.3 * np.roll(np.eye(6), 1, axis=0), np.eye(2))
SEEN = np.array([[np.nan, np.nan], [1.5, -0.4], [0.3, 0.9]])


def blue(
    mean: np.ndarray, covariance: np.ndarray, slope: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The best linear estimate from values with errors of 0.7, and its covariance."""
    gain = covariance @ slope.T @ np.linalg.inv(slope @ covariance @ slope.T + 0.49 * np.eye(len(values)))
    return mean + gain @ (values - slope @ mean), covariance - gain @ slope @ covariance


def by_hand(length: float, amplitude: float) -> np.ndarray:
    """Matérn 3/2 around a ring of 6, beside it the levels, which are independent."""
    away = np.abs(np.arange(6)[:, None] - np.arange(6))
    r = np.sqrt(3) * np.minimum(away, 6 - away) / length
    return np.kron(amplitude**2 * (1 + r) * np.exp(-r), np.eye(2))


def test_a_covariance_by_hand_gives_the_best_linear_estimate():
    method = "three_dvar(covariance = matern32(1.5, 0.8, along = grid), scale = 0.5)"
    found = variables(RING.replace("METHOD", method), y=SEEN)
    mean = np.zeros(12)
    for number in (1, 2):
        mean, covariance = blue(RING_STEP @ mean, 0.5 * by_hand(1.5, 0.8), SHOWN, SEEN[number])
        assert np.allclose(found["x_mean"].values[number].ravel(), mean, atol=1e-8)
        assert np.allclose(found["x_sd"].values[number].ravel(), np.sqrt(np.diag(covariance)), atol=1e-8)


def test_a_covariance_by_hand_begins_each_window():
    method = "strong_4dvar(window = 1, covariance = matern32(1.5, 0.8, along = grid))"
    found = variables(RING.replace("METHOD", method), y=SEEN)
    mean, _ = blue(np.zeros(12), np.eye(12), SHOWN @ RING_STEP, SEEN[1])
    mean, covariance = blue(RING_STEP @ mean, by_hand(1.5, 0.8), SHOWN @ RING_STEP, SEEN[2])
    assert np.allclose(found["x_mean"].values[2].ravel(), RING_STEP @ mean, atol=1e-6)
    spread = np.sqrt(np.diag(RING_STEP @ covariance @ RING_STEP.T))
    assert np.allclose(found["x_sd"].values[2].ravel(), spread, atol=1e-6)


@pytest.mark.parametrize("method", ["three_dvar(covariance = initial)", "strong_4dvar"])
def test_the_covariance_of_a_file_is_that_of_the_first_time(method: str):
    matrix = np.array([[0.5, 0.2], [0.2, 0.8]])
    text = """
    time t from 0 to 1 step 1
    data { y[t] : real missing, B[level, level'] : real }
    state x[level] over t {
      initial x ~ MultiNormal(0, covariance = B)
      evolve  x = 1.1 * x[t - 1]
      error   exact
    }
    likelihood y[t] ~ Normal(x[level = 1], 0.7)
    assimilate x by METHOD
    """
    found = variables(text.replace("METHOD", method), y=np.array([np.nan, 1.5]), B=matrix)
    step = 1.0 if "three" in method else 1.1
    mean, _ = blue(np.zeros(2), step**2 * matrix, np.array([[1.0, 0.0]]), np.array([1.5]))
    assert np.allclose(found["x_mean"].values[1], mean, atol=1e-6)
