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
