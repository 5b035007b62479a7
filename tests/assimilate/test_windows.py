"""Methods that look at windows of time, beside the smoother of Rauch, Tung & Striebel where everything is linear and Gaussian."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from uqdsl.cli.assimilated import told
from uqdsl.messages import RunError, SpecError
from uqdsl.report.assimilation import meant

from .systems import assimilated, checked

EXACT = """
time t from 0 to 20 step 1
data { y[t] : real missing }
state x, v over t {
  initial x ~ Normal(0, 1), v ~ Normal(0.5, 0.4)
  evolve  x = x[t - 1] + 0.3 * v[t - 1], v = 0.95 * v[t - 1] - 0.2 * x[t - 1]
  error   exact
}
likelihood y[t] ~ Normal(x, 0.7)
assimilate x, v by METHOD
"""
ERRING = EXACT.replace("error   exact", "error   x += Normal(0, 0.3), v += Normal(0, 0.2)")
ESTIMATES = [f"{name}{part}_{moment}" for name in "xv" for part in ("", "_smoothed") for moment in ("mean", "sd")]
SMOOTHED = [name for name in ESTIMATES if "smoothed" in name]


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    y = np.random.default_rng(0).normal(size=21)
    y[1::2] = np.nan
    y[20] = np.nan
    return {"y": y}


def variables(text: str, **given: np.ndarray):
    return assimilated(text, **given).groups["assimilation"].variables


@pytest.fixture(scope="module")
def exact(data):
    return variables(EXACT.replace("METHOD", "kalman"), **data)


@pytest.mark.parametrize("solver", ["gauss_newton", "lbfgs"])
def test_a_window_over_all_times_is_the_exact_smoother(data, exact, solver):
    found = variables(EXACT.replace("METHOD", f"strong_4dvar(solver = {solver}, tolerance = 1e-9)"), **data)
    for name in SMOOTHED:
        assert np.allclose(found[name].values, exact[name].values, atol=1e-8), name
    assert np.isfinite(found["iterations"].values).sum() == 1
    assert found["converged"].values[18] == 1


@pytest.mark.parametrize(("window", "shift"), [(5, 5), (6, 2), (7, 1)])
def test_the_covariance_that_is_propagated_is_that_of_the_filter(data, exact, window, shift):
    found = variables(EXACT.replace("METHOD", f"strong_4dvar(window = {window}, shift = {shift})"), **data)
    ends = np.arange(0, 21, shift)
    ends = ends[ends > 0]
    for name in ("x_mean", "x_sd", "v_mean", "v_sd"):
        assert np.allclose(found[name].values[ends], exact[name].values[ends], atol=1e-8), name
    # Whatever the last window reaches is known from all observations.
    reached = slice(21 - window, None) if shift == 1 else slice(20 - shift, None)
    for name in SMOOTHED:
        assert np.allclose(found[name].values[reached], exact[name].values[reached], atol=1e-8), name


@pytest.mark.parametrize("solver", ["gauss_newton", "lbfgs"])
def test_errors_in_the_control_give_the_exact_smoother_of_a_model_that_errs(data, solver):
    known = variables(ERRING.replace("METHOD", "kalman"), **data)
    found = variables(ERRING.replace("METHOD", f"weak_4dvar(solver = {solver}, iterations = 60)"), **data)
    for name in SMOOTHED:
        assert np.allclose(found[name].values, known[name].values, atol=1e-5), name
    assert found["converged"].values[18] == 1


def test_windows_of_a_model_that_errs_follow_the_filter(data):
    known = variables(ERRING.replace("METHOD", "kalman"), **data)
    found = variables(ERRING.replace("METHOD", "weak_4dvar(window = 5)"), **data)
    for name in ("x_mean", "x_sd", "v_mean", "v_sd"):
        assert np.allclose(found[name].values[5::5], known[name].values[5::5], atol=1e-8), name
    for name in SMOOTHED:
        assert np.allclose(found[name].values[15:], known[name].values[15:], atol=1e-8), name


def test_a_control_that_is_too_large_is_refused():
    text = EXACT.replace("0 to 20", "0 to 3000").replace("METHOD", "weak_4dvar")
    with pytest.raises(RunError) as caught:
        variables(text, y=np.zeros(3001))
    assert "a control of 6002 elements" in str(caught.value)


def test_parameters_stand_in_the_control():
    text = """
time t from 0 to 12 step 1
data { y[t] : real }
prior drift ~ Normal(0, 0.3)
state x over t {
  initial x ~ Normal(0, 1)
  evolve  x = 0.9 * x[t - 1] + drift
  error   exact
}
likelihood y[t] ~ Normal(x, 0.5)
assimilate x, drift by METHOD
"""
    y = 1 + np.random.default_rng(1).normal(size=13)
    exact = variables(text.replace("METHOD", "extended_kalman"), y=y)
    found = variables(text.replace("METHOD", "strong_4dvar"), y=y)
    for name in ("x_smoothed_mean", "x_smoothed_sd", "drift_smoothed_mean", "drift_smoothed_sd"):
        assert np.allclose(found[name].values, exact[name].values, atol=1e-8), name


@pytest.mark.parametrize("solver", ["gauss_newton", "lbfgs"])
def test_the_cost_of_counts_is_their_log_density(solver):
    text = EXACT.replace("y[t] : real missing", "y[t] : count missing").replace("Normal(x, 0.7)", "Poisson(exp(x))")
    y = np.array([1, 0, 3, 2, 5, 1, 2] * 3, float)
    y[1::2] = np.nan
    found = variables(text.replace("METHOD", f"strong_4dvar(solver = {solver}, tolerance = 1e-9)"), y=y)

    move = np.array([[1, 0.3], [-0.2, 0.95]])
    seen, slope = y[::2], np.array([np.linalg.matrix_power(move, k)[0] for k in range(0, 21, 2)])
    precision = np.diag([1, 1 / 0.4**2])

    def cost(first: np.ndarray) -> float:
        apart, x = first - [0, 0.5], slope @ first
        return 0.5 * apart @ precision @ apart + np.sum(np.exp(x) - seen * x)

    best = minimize(cost, np.zeros(2), tol=1e-10).x
    assert found["x_smoothed_mean"].values[0] == pytest.approx(best[0], abs=1e-5)
    assert found["v_smoothed_mean"].values[0] == pytest.approx(best[1], abs=1e-5)
    # Of counts with a logarithmic mean the matrix of Fisher is that of second derivatives.
    whole = precision + slope.T @ (np.exp(slope @ best)[:, None] * slope)
    assert found["x_smoothed_sd"].values[0] == pytest.approx(np.sqrt(np.linalg.inv(whole)[0, 0]), abs=1e-5)


def test_innovations_of_a_window_have_errors_in_common(data):
    # A start that is far off, and so is the forecast all along: one surprise, not eleven.
    text = EXACT.replace("x ~ Normal(0, 1), v", "x ~ Normal(2, 1), v").replace(
        "0.95 * v[t - 1] - 0.2 * x[t - 1]", "v[t - 1]"
    )
    found = assimilated(text.replace("METHOD", "strong_4dvar"), **data)
    held = found.groups["assimilation"].variables
    gain = found.groups["observations"].variables["y_gain"].values
    assert np.nansum(gain > 0) == 1
    assert held["signal"].values[18] == pytest.approx(held["x_sd"].values[18] ** 2 / 0.49)
    assert (held["signal"].values[:18:2] == 0).all()
    assert found.status == "ok"


def test_of_one_window_over_all_times_the_smoothed_estimates_are_told(data):
    text = EXACT.replace("data {", "data { u[t] : real, w[t] : real,").replace("METHOD", "METHOD with(truth = [u, w])")
    truth = {"u": np.cos(0.2 * np.arange(21)), "w": np.sin(0.2 * np.arange(21))}
    found = assimilated(text.replace("METHOD", "strong_4dvar"), **data, **truth)
    scores, held = found.found.numbers, found.groups["assimilation"].variables
    assert not {"rmse_forecast", "rmse_analysis", "spread_analysis", "spread_skill_analysis"} & scores.keys()
    apart = [held[f"{name}_smoothed_mean"].values[:19] - truth[known][:19] for name, known in (("x", "u"), ("v", "w"))]
    assert scores["rmse_smoothed"] == pytest.approx(np.mean(np.sqrt(np.mean(np.square(apart), axis=0))))
    spread = [held[f"{name}_smoothed_sd"].values for name in "xv"]
    assert scores["spread_smoothed"] == pytest.approx(np.mean(np.sqrt(np.mean(np.square(spread), axis=0))))
    assert any(line.startswith("smoothed, all observations taken in together: error") for line in told(found))
    assert meant(found.groups["assimilation"]) == ("_smoothed", "smoothed")
    for method in ("strong_4dvar(window = 5)", "kalman"):
        other = assimilated(text.replace("METHOD", method), **data, **truth)
        assert {"rmse_forecast", "rmse_analysis", "rmse_smoothed", "spread_analysis"} <= other.found.numbers.keys()
        assert meant(other.groups["assimilation"]) == ("", "analysis")


def test_windows_that_leave_observations_out_are_refused():
    with pytest.raises(SpecError) as caught:
        checked(EXACT.replace("METHOD", "strong_4dvar(window = 2, shift = 3)"))
    (problem,) = caught.value.problems
    assert problem.code == "UQ503"
    assert "`shift` of `strong_4dvar` must be at most 2" in str(caught.value)


LINEAR = EXACT.replace("METHOD", "METHOD as one")
"""Whose members are those of any method of that name."""


@pytest.mark.parametrize("more", ["", ", variant = bundle", ", window = 6, shift = 2"])
def test_iterations_of_what_is_linear_are_the_transform_filter(data, more):
    filtered = variables(LINEAR.replace("METHOD", "enks(members = 9)"), **data)
    found = variables(LINEAR.replace("METHOD", f"ienks(members = 9{more})"), **data)
    ends = slice(2, None, 2) if "shift" in more else slice(None)
    for name in ("x_mean", "x_sd", "v_mean", "v_sd"):
        assert np.allclose(found[name].values[ends], filtered[name].values[ends], atol=1e-6), name


def test_a_window_of_members_over_all_times_is_the_ensemble_smoother(data):
    smoothed = variables(LINEAR.replace("METHOD", "enks(members = 9)"), **data)
    whole = variables(LINEAR.replace("METHOD", "ienks(members = 9, window = 20, shift = 20)"), **data)
    for name in SMOOTHED:
        assert np.allclose(whole[name].values, smoothed[name].values, atol=1e-8), name
    assert whole["iterations"].values[18] == 2


def test_data_that_are_taken_in_several_times_count_once(data, exact):
    apart = []
    for members in (25, 400):
        found = variables(EXACT.replace("METHOD", f"es_mda(members = {members}, steps = 3)"), **data)
        apart.append(np.abs(found["x_smoothed_mean"].values - exact["x_smoothed_mean"].values).max())
        ratio = found["x_smoothed_sd"].values / exact["x_smoothed_sd"].values
    # A member is perturbed anew each time: twice what a mean of N members scatters by.
    assert apart[0] < 4 / np.sqrt(25)
    assert apart[1] < 2 / np.sqrt(400)
    assert np.abs(ratio - 1).max() < 4 / np.sqrt(2 * 400)


@pytest.mark.parametrize("method", ["ienks", "es_mda"])
def test_parameters_are_found_beside_the_states(method):
    text = """
time t from 0 to 30 step 1
data { y[t] : real }
prior rate ~ Normal(0.5, 0.2)
state x over t {
  initial x ~ Normal(1, 0.3)
  evolve  x = x[t - 1] + 0.1 * rate * x[t - 1] * (1 - x[t - 1] / 5)
  error   exact
}
likelihood y[t] ~ Normal(x, 0.1)
assimilate x, rate by METHOD
"""
    x, values = 1.1, []
    for noise in np.random.default_rng(3).normal(size=31):
        values.append(x + 0.1 * noise)
        x += 0.1 * 0.8 * x * (1 - x / 5)
    options = "members = 20, window = 30, shift = 30" if method == "ienks" else "members = 400, steps = 6"
    found = variables(text.replace("METHOD", f"{method}({options})"), y=np.array(values))
    best = variables(text.replace("METHOD", "strong_4dvar"), y=np.array(values))
    for name, share in (("rate", 0.4), ("x", 0.4)):
        mean, sd = (best[f"{name}_smoothed_{moment}"].values[0] for moment in ("mean", "sd"))
        assert abs(found[f"{name}_smoothed_mean"].values[0] - mean) < share * sd
        assert found[f"{name}_smoothed_sd"].values[0] == pytest.approx(sd, rel=0.2)


@pytest.mark.parametrize("option", ["fallback = gated(diffusion)", "inflation = adaptive", "reject = 3"])
def test_what_looks_at_one_time_is_refused(data, option):
    with pytest.raises(RunError) as caught:
        variables(EXACT.replace("METHOD", f"ienks({option})"), **data)
    assert [each.code for each in caught.value.problems] == ["UQ660"]
