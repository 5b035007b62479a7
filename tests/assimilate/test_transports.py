"""Filters that move members to the posterior, beside exact ones and on cheap versions of the published runs."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import uqdsl
from benchmarks import assimilation as twins
from benchmarks import particle_filters as published
from uqdsl.assimilate import netf
from uqdsl.assimilate.optimal_transport import transform
from uqdsl.messages import RunError, SpecError

from .systems import assimilated, checked
from .test_kalman import AR1, by_hand, data

__all__ = ["data"]


@pytest.mark.parametrize(
    ("method", "most"),
    [
        ("optimal_transport(members = 80)", 0.15),
        ("netf(members = 80)", 0.15),
        ("particle_flow(members = 50, steps = 150)", 0.15),
        ("diffusion(members = 200)", 0.1),
        ("diffusion(members = 40, bandwidth = 0.5)", 0.25),
    ],
)
def test_transports_come_to_the_kalman_filter_where_much_is_missing(
    method: str, most: float, data: dict[str, np.ndarray]
):
    means, variances, _ = by_hand(data["y"])
    group = assimilated(AR1.replace("METHOD", method), **data).groups["assimilation"].variables
    assert np.sqrt(np.mean((group["x_mean"].values - means) ** 2)) < most
    # Noise that keeps members of the transport apart adds 4 % of the variance of the forecast.
    assert np.mean(group["x_sd"].values / np.sqrt(variances)) == pytest.approx(1, abs=0.1)


def test_two_stages_have_the_right_spread_and_one_has_not():
    system = published.linear(100, 30)
    _, spread = published.kalman_by_hand(system)
    two = published.linear_run(system, published.EQUAL["two"])
    assert two.spread.mean() == pytest.approx(spread, rel=0.03)
    assert np.nanmax(two.told["unequal"]) == 0
    assert published.linear_run(system, published.EQUAL["one"]).spread.mean() < 0.85 * spread


@pytest.mark.parametrize(
    "moved",
    [
        "evolve x = 0.9 * x[t - 1]\n  error x += GaussianProcess(matern32(2, 0.5), at = grid)",
        "evolve der(x) = -0.1 * x, diffusion(x) = 0.5 by euler_maruyama(dt = 0.25)\n  error exact",
    ],
)
def test_equal_weights_know_errors_that_are_correlated_and_those_of_a_diffusion(moved: str):
    text = FORTY.replace("MOVED", moved)
    data = uqdsl.loads(text.replace("METHOD", "kalman")).simulate(seed=1)
    known, found = (
        assimilated(text.replace("METHOD", method), y=data["y"]).groups["assimilation"].variables["x_sd"].values
        for method in ("kalman", "equal_weight(members = 50)")
    )
    # In a hundred dimensions the spread is right to 3 %, in forty it is 4 % too small.
    assert found[5:].mean() == pytest.approx(known[5:].mean(), rel=0.06)


FORTY = """
dim grid = 40 periodic
time t from 0 to 30 step 1
data { y[t, grid] : real missing }
state x[grid] over t {
  initial x ~ Normal(0, 0.5)
  MOVED
}
likelihood y[t, grid] ~ Normal(x, 0.7)
assimilate x by METHOD
"""


def test_the_score_filter_finds_a_truth_far_away():
    found = published.run(published.ARCTAN.format(method=published.SCORE), 2, **published.lorenz_96(2))
    # 0.2922 over ten seeds; seeds lie between 0.27 and 0.31.
    assert found.rmse[1:].mean() == pytest.approx(0.292, abs=0.03)


def test_the_gate_takes_the_score_filter_where_the_local_one_is_lost():
    found = published.run(published.ARCTAN.format(method=published.GATED), 1, **published.lorenz_96(1))
    assert found.rmse[76:].mean() < 0.06
    gate = found.told["gate"][1:]
    assert 5 < gate.sum() < 40
    assert ((found.told["q"][1:] > 2) == gate).all()
    assert gate[75:].sum() == 0


def test_the_matrix_kernel_keeps_the_spread_that_the_scalar_one_loses():
    ratio = {kernel: published.flow_spread(60, kernel) for kernel in ("matrix", "scalar")}
    assert 0.9 < ratio["matrix"] < 1.15
    assert ratio["scalar"] < 0.2


def test_the_nonlinear_transform_has_the_weighted_mean_and_covariance_exactly():
    members = jax.random.normal(jax.random.key(0), (30, 3)) @ jnp.diag(jnp.array([1.0, 2.0, 0.5]))
    log_weights = 4 * jax.random.normal(jax.random.key(1), (30,))
    weights, moved = jax.nn.softmax(log_weights), netf.transform(members, log_weights)
    mean = weights @ members
    np.testing.assert_allclose(moved.mean(0), mean, atol=1e-12)
    covariance = (weights[:, None] * (members - mean)).T @ (members - mean)
    np.testing.assert_allclose(jnp.cov(moved.T, bias=True), covariance, atol=1e-12)


def test_weights_of_places_follow_forty_waves_that_a_thousand_particles_lose():
    setup = twins.SETUPS["Lorenz96.sakov2008"]._replace(cycles=300, burn_in=100)
    local = "netf(members = 40, localization = gaspari_cohn(2, along = grid), inflation = multiplicative(1.05))"
    assert max(twins.measure(setup, local, (2, 3)).scores) < 0.4
    # The climate of the system is 3.6 off.
    assert min(twins.measure(setup, "bootstrap(members = 1000, regularisation = 0.5)", (2, 3)).scores) > 3


def test_the_transport_has_the_weighted_mean_and_covariance():
    members = jax.random.normal(jax.random.key(0), (30, 3)) @ jnp.diag(jnp.array([1.0, 2.0, 0.5]))
    weights = jax.nn.softmax(2 * jax.random.normal(jax.random.key(1), (30,)))
    moved = transform(members, jnp.log(weights), 0.05) @ members
    mean = weights @ members
    assert np.allclose(moved.mean(0), mean, atol=1e-3)
    covariance = (weights[:, None] * (members - mean)).T @ (members - mean)
    assert np.allclose(jnp.cov(moved.T, bias=True), covariance, atol=0.01 * np.trace(covariance))


MANY = """
dim grid = 40 periodic
time t from 0 to 40 step 1
data { y[t, grid] : real missing, truth[t, grid] : real }
state x[grid] over t {
  initial x ~ Normal(0, 1)
  evolve  x ~ Normal(0.9 * x[t - 1], 0.5)
}
likelihood y[t, grid] ~ Normal(x, 0.5)
assimilate x by METHOD with(truth = truth)
"""


NEAR = "localization = gaspari_cohn(0.3, along = grid)"


def autoregressive(seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Forty states that do not know of each other, what is observed of them, and the variance that the Kalman filter comes to."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(41, 40))
    for k in range(1, 41):
        x[k] = 0.9 * x[k - 1] + 0.5 * x[k]
    variance = 1.0
    for _ in range(50):
        forecast = 0.81 * variance + 0.25
        variance = forecast * 0.25 / (forecast + 0.25)
    return x, x + 0.5 * rng.normal(size=x.shape), variance


def test_weights_of_places_do_not_collapse():
    x, seen, variance = autoregressive(0)
    error = {}
    for where in ("localization = none", NEAR):
        found = assimilated(MANY.replace("METHOD", f"optimal_transport(members = 30, {where})"), y=seen, truth=x)
        error[where] = found.found.numbers["rmse_analysis"]
        assert found.status == ("ok" if where == NEAR else "suspect")
    assert error[NEAR] < 1.1 * np.sqrt(variance)
    assert error["localization = none"] > 1.5 * np.sqrt(variance)


@pytest.mark.parametrize("bandwidth", [1, 0.8])
def test_a_local_diffusion_comes_to_the_kalman_filter(bandwidth: float):
    x, seen, variance = autoregressive(1)
    method = f"diffusion(members = 40, bandwidth = {bandwidth}, {NEAR})"
    found = assimilated(MANY.replace("METHOD", method), y=seen, truth=x)
    assert found.status == "ok"
    # 1640 errors, each of about ten times as known as the last: the root mean square is within 4 % by chance.
    assert found.found.numbers["rmse_analysis"] == pytest.approx(np.sqrt(variance), rel=0.08)
    assert found.found.numbers["spread_skill_analysis"] == pytest.approx(1, abs=0.1)


def test_likelihoods_are_raised_to_the_power_that_leaves_enough_members_their_say():
    x, seen, _ = autoregressive(2)
    text, found = MANY.replace("Normal(x, 0.5)", "Normal(x, 0.05)"), {}
    for share in (0, 0.6):
        method = f"netf(members = 20, effective = {share}, {NEAR})"
        found[share] = assimilated(text.replace("METHOD", method), y=seen, truth=x)
    plain, raised = (each.groups["assimilation"].variables for each in found.values())
    assert "power" not in plain
    assert np.median(plain["ess"].values) < 5
    # Twelve at each place, where they would be fewer.
    assert raised["ess"].values.min() >= 12 - 1e-6
    assert np.median(raised["ess"].values) < 13
    assert 0 < raised["power"].values.max() < 1
    notes = {
        share: [note for note in each.found.notes if "likelihoods were raised" in note] for share, each in found.items()
    }
    assert not notes[0]
    assert f"to the power {raised['power'].values.mean():.2g} " in notes[0.6][0]


def test_a_local_diffusion_wants_gaussian_observations():
    text = MANY.replace("METHOD", f"diffusion({NEAR})").replace("Normal(x, 0.5)\na", "StudentT(3, x, 0.5)\na")
    with pytest.raises(RunError) as caught:
        assimilated(text, y=np.zeros((41, 40)), truth=np.zeros((41, 40)))
    assert caught.value.problems[0].code == "UQ660"
    assert "not all that is observed is Gaussian" in caught.value.problems[0].title


@pytest.mark.parametrize(
    "method",
    [
        "score_filter",
        "diffusion",
        "particle_flow",
        "optimal_transport(members = 60)",
    ],
)
def test_counts_may_be_observed(method: str):
    rng = np.random.default_rng(1)
    x = np.zeros(101)
    for k in range(1, 101):
        x[k] = 0.9 * x[k - 1] + 0.5 * rng.normal()
    text = (
        AR1.replace("METHOD", method)
        .replace("y[t] : real", "y[t] : count")
        .replace("Normal(x, 0.7)", "Poisson(exp(x))")
    )
    found = assimilated(text, y=rng.poisson(np.exp(x)).astype(float), truth=x)
    # The exact filter is off by 0.53 on average, its forecast by 0.68.
    assert found.found.numbers["rmse_analysis"] < 0.9 * np.mean(np.abs(x))


@pytest.mark.parametrize(
    ("method", "before", "after", "reason"),
    [
        ("equal_weight", "Normal(x, 0.7)", "StudentT(3, x, 0.7)", "that of `y` is `StudentT`"),
        (
            "equal_weight",
            "evolve  x ~ Normal(0.9 * x[t - 1], 0.5)",
            "evolve x = 0.9 * x[t - 1]\n error exact",
            "`x` moves without one",
        ),
    ],
)
def test_what_the_equal_weights_need(method: str, before: str, after: str, reason: str):
    with pytest.raises(SpecError) as caught:
        checked(AR1.replace("METHOD", method).replace(before, after))
    assert reason in caught.value.problems[0].title
