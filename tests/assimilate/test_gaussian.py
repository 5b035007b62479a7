"""The extended and the unscented Kalman filter, parameters beside states, the method that is chosen, and gradients."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uqdsl.assimilate.cycle import Plan
from uqdsl.assimilate.marginal import log_evidence
from uqdsl.messages import RunError
from uqdsl.vocabulary.assimilation import filters

from .systems import assimilated, bound, checked
from .test_kalman import AR1

DRIFTING = """
time t from 0 to 60 step 1
data { y[t] : real missing }
prior drift ~ Normal(0.1, 0.3)
prior share ~ Normal(SHARE, 0.1)
prior scale ~ HalfNormal(1)
state x over t {
  initial x ~ Normal(drift, 1)
  evolve  x ~ Normal(share * x[t - 1] + drift, 0.5)
}
likelihood y[t] ~ Normal(x, SD)
assimilate NAMES by METHOD WITH
"""


def drifting(names: str, method: str, clause: str, sd: str = "0.7") -> str:
    text = DRIFTING.replace("NAMES", names).replace("METHOD", method).replace("WITH", clause)
    return text.replace("SD", sd).replace("SHARE", "0.8")


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    x = np.zeros(101)
    for k in range(1, 101):
        x[k] = 0.9 * x[k - 1] + 0.5 * rng.normal()
    y = x + 0.7 * rng.normal(size=101)
    y[::2] = np.nan
    return {"y": y, "truth": x}


@pytest.mark.parametrize("method", ["extended_kalman", "unscented_kalman", "unscented_kalman(alpha = 0.01)"])
def test_where_everything_is_linear_all_are_the_kalman_filter(data, method):
    exact = assimilated(AR1.replace("METHOD", "kalman"), **data)
    found = assimilated(AR1.replace("METHOD", method), **data)
    for name, variable in exact.groups["assimilation"].variables.items():
        assert np.allclose(
            found.groups["assimilation"].variables[name].values, variable.values, atol=1e-8, equal_nan=True
        )
    assert found.found.numbers["log_evidence"] == pytest.approx(exact.found.numbers["log_evidence"], abs=1e-8)


def joint_by_hand(y: np.ndarray, *, estimated: bool) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of state and drift, by the gain of the joint law in which only the state may be moved."""
    mean, covariance = np.array([0.1, 0.1]), np.array([[1 + 0.09, 0.09], [0.09, 0.09]])
    move, shown = np.array([[0.8, 1.0], [0, 1]]), np.array([[1.0, 0]])
    means, spreads = [], []
    for k, value in enumerate(y):
        if k:
            mean, covariance = move @ mean, move @ covariance @ move.T + np.diag([0.25, 0])
        if np.isfinite(value):
            gain = covariance @ shown.T / (shown @ covariance @ shown.T + 0.49)
            gain[1] *= estimated
            left = np.eye(2) - gain @ shown
            mean = mean + gain[:, 0] * (value - mean[0])
            covariance = left @ covariance @ left.T + 0.49 * gain @ gain.T
        means.append(mean)
        spreads.append(np.sqrt(np.diag(covariance)))
    return np.array(means), np.array(spreads)


@pytest.mark.parametrize("estimated", [True, False])
def test_a_parameter_that_is_linear_stands_exactly_beside_the_states(data, estimated):
    y = data["y"][:61]
    clause = "with(fixed = [share, scale])" if estimated else "with(fixed = [share, scale], sampled = [drift])"
    text = drifting("x, drift", "extended_kalman", clause) if estimated else drifting("x", "kalman", clause)
    group = assimilated(text, y=y).groups["assimilation"].variables
    means, spreads = joint_by_hand(y, estimated=estimated)
    assert np.allclose(group["x_mean"].values, means[:, 0], atol=1e-10)
    assert np.allclose(group["x_sd"].values, spreads[:, 0], atol=1e-10)
    if estimated:
        assert np.allclose(group["drift_mean"].values, means[:, 1], atol=1e-10)
        assert np.allclose(group["drift_smoothed_mean"].values, means[-1, 1], atol=1e-8)


@pytest.mark.parametrize("method", ["extended_kalman", "unscented_kalman", "etkf(members = 2000)"])
def test_a_parameter_that_is_a_factor_is_found(method):
    rng = np.random.default_rng(5)
    x = np.zeros(61)
    for k in range(1, 61):
        x[k] = 0.95 * x[k - 1] + 0.5 + 0.5 * rng.normal()
    y = x + 0.2 * rng.normal(size=61)
    text = drifting("x, drift, share", method, "with(fixed = [scale])", sd="0.2")
    group = assimilated(text, y=y).groups["assimilation"].variables
    # Of its posterior on a grid; each filter is an approximation, off by a part of the standard deviation.
    mean, sd = posterior_of_share(y)
    assert abs(group["share_mean"].values[-1] - mean) < 0.5 * sd
    assert 0.6 < group["share_sd"].values[-1] / sd < 1.4


def posterior_of_share(y: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of `share` given all data, with `drift` integrated on a grid too."""
    shares, drifts = np.meshgrid(np.linspace(0.4, 1.2, 161), np.linspace(-0.9, 1.5, 121), indexing="ij")
    log = -0.5 * ((shares - 0.8) / 0.1) ** 2 - 0.5 * ((drifts - 0.1) / 0.3) ** 2
    mean, variance = drifts, np.ones_like(drifts)
    for k, value in enumerate(y):
        if k:
            mean, variance = shares * mean + drifts, shares**2 * variance + 0.25
        whole = variance + 0.04
        log = log - 0.5 * ((value - mean) ** 2 / whole + np.log(whole))
        mean, variance = mean + variance / whole * (value - mean), variance * 0.04 / whole
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    average = float((weight * shares).sum())
    return average, float(np.sqrt((weight * (shares - average) ** 2).sum()))


EQUATION = """
time t from 0 to 20 step 1
data { y[t] : real }
prior rate ~ LogNormal(-1, 0.5)
state x over t {
  initial x ~ Normal(1, 1)
  evolve  EVOLVE
  error   x += Normal(0, 0.3)
}
likelihood y[t] ~ Normal(x, 0.5)
assimilate x by METHOD with(fixed = rate)
"""
SOLVED = "x = exp(-rate) * x[t - 1]"
CHOOSING = "der(x) = -rate * x"
"""Without `by`, the solver chooses its steps."""


def test_an_equation_has_the_tangents_of_its_solution(data):
    y = data["truth"][:21]
    exact = assimilated(EQUATION.replace("EVOLVE", SOLVED).replace("METHOD", "kalman"), y=y)
    found = assimilated(EQUATION.replace("EVOLVE", CHOOSING).replace("METHOD", "extended_kalman"), y=y)
    assert found.found.numbers["log_evidence"] == pytest.approx(exact.found.numbers["log_evidence"], abs=1e-4)


def test_and_their_derivatives(data):
    """As a sampler of the rate needs them, beside the states of which the filter takes account."""

    def slope(evolve: str, method: str) -> float:
        system = bound(EQUATION.replace("EVOLVE", evolve).replace("METHOD", method), y=data["truth"][:21])
        nothing = np.zeros(system.parameters, bool)
        made = filters()[method].load()(filters()[method].options(), Plan(nothing, nothing))
        evidence = jax.grad(lambda known: log_evidence(system.at(known), made, jax.random.key(0)))
        return float(jax.jit(evidence)(jnp.array([0.4]))[0])

    assert slope(CHOOSING, "extended_kalman") == pytest.approx(slope(SOLVED, "kalman"), rel=1e-4)


def test_a_solver_that_chooses_its_steps_has_no_tangents_of_many_states():
    text = EQUATION.replace("state x over", "state x[place] over").replace("time t", "dim place = 70\ntime t")
    text = text.replace("y[t]", "y[t, place]").replace("EVOLVE", CHOOSING)
    with pytest.raises(RunError) as caught:
        assimilated(text.replace("METHOD", "extended_kalman"), y=np.zeros((21, 70)))
    (problem,) = caught.value.problems
    assert problem.code == "UQ660"
    assert "no tangents of a state of 70 elements" in problem.reason  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("share * x[t - 1]", "sin(x[t - 1])", "`x` a step later is not linear in `x`"),
        ("Normal(x, 0.7)", "Normal(exp(x), 0.7)", "what is observed in `y` is not linear in `x`"),
        ("Normal(x, 0.7)", "Normal(x, 0.1 + abs(x))", "the error of what is observed in `y` depends on `x`"),
    ],
)
def test_what_is_not_linear_is_refused(old, new, reason):
    text = drifting("x", "kalman", "with(fixed = [drift, share, scale])").replace(old, new)
    with pytest.raises(RunError) as caught:
        assimilated(text, y=np.zeros(61))
    (problem,) = caught.value.problems
    assert problem.code == "UQ660"
    assert reason in problem.headline.format(method="kalman", reason=problem.reason)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("old", "new", "method"),
    [
        ("\0", "", "kalman"),
        ("evolve  x ~ Normal(0.9 * x[t - 1], 0.5)", "evolve der(x) = -0.1 * x by rk4(dt = 0.1)\nerror exact", "kalman"),
        ("evolve  x ~ Normal(0.9 * x[t - 1], 0.5)", "evolve der(x) = -0.1 * x^2 by rk4(dt = 0.1)\nerror exact", "etkf"),
        ("Normal(x, 0.7)", "Normal(2 * x + 1, 0.7)", "kalman"),
        ("Normal(x, 0.7)", "StudentT(4, x, 0.7)", "bootstrap"),
        ("Normal(x, 0.7)", "Normal(x, exp(x))", "etkf"),
        ("initial x ~ Normal(0, 1)", "initial x ~ Laplace(0, 1)", "etkf"),
    ],
)
def test_a_method_is_chosen_by_what_the_spec_states(old, new, method):
    found = checked(AR1.replace(" by METHOD", "").replace(old, new))
    assert found.spec.motion is not None
    assert found.spec.motion.assimilations[0].method == method
    assert [(each.code, each.method) for each in found.problems] == [("UQ278", method)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["kalman", "extended_kalman", "unscented_kalman"])
def test_the_evidence_is_differentiated_by_parameters(method):
    y = np.sin(np.arange(61.0))
    y[::4] = np.nan
    text = drifting("x", method, "with(fixed = [drift, share, scale])").replace("drift, 0.5)", "drift, scale)")
    system = bound(text, y=y)
    follower = filters()[method]
    made = follower.load()(follower.options(), Plan(*[np.zeros(3, bool)] * 2))
    value = jax.jit(lambda at: log_evidence(system.at(at), made, jax.random.key(0)))
    slope = jax.jit(jax.grad(lambda at: log_evidence(system.at(at), made, jax.random.key(0))))
    at = jnp.array([0.2, 0.7, 0.6])
    mean, variance, total = 0.2, 1.0, 0.0
    for k, seen in enumerate(y):
        if k:
            mean, variance = 0.7 * mean + 0.2, 0.49 * variance + 0.36
        if np.isfinite(seen):
            whole = variance + 0.49
            total -= 0.5 * ((seen - mean) ** 2 / whole + np.log(2 * np.pi * whole))
            mean, variance = mean + variance / whole * (seen - mean), variance * 0.49 / whole
    assert float(value(at)) == pytest.approx(total, abs=1e-8)
    for number in range(3):
        step = jnp.zeros(3).at[number].set(1e-5)
        difference = float(value(at + step) - value(at - step)) / 2e-5
        assert float(slope(at)[number]) == pytest.approx(difference, rel=1e-6, abs=1e-6)
