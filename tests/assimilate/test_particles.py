"""Filters of weighted particles beside the Kalman filter, and where there is none beside quadrature."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from uqdsl.assimilate.cycle import Plan
from uqdsl.assimilate.particles import Particles, Shared
from uqdsl.infer.population import RESAMPLING
from uqdsl.messages import SpecError
from uqdsl.results import Variable
from uqdsl.vocabulary.assimilation.particles import BootstrapOptions

from .systems import assimilated, checked
from .test_kalman import AR1, by_hand, data

__all__ = ["data"]

METHODS = (
    "bootstrap(members = 2000)",
    "bootstrap(members = 2000, resampling = residual, threshold = 1)",
    "guided(members = 2000)",
    "guided(members = 2000, lookahead = true, resampling = stratified)",
    "auxiliary(members = 2000, resampling = multinomial)",
)


def scatter(group: Mapping[str, Variable], variances: np.ndarray) -> float:
    """Three times the standard error of a mean of as many draws as particles are effective."""
    return 3 * float(np.sqrt(np.nanmean(variances / group["ess"].values)))


@pytest.mark.parametrize("method", METHODS)
def test_particles_come_to_the_kalman_filter(method: str, data: dict[str, np.ndarray]):
    means, variances, total = by_hand(data["y"])
    found = assimilated(AR1.replace("METHOD", method), **data)
    group = found.groups["assimilation"].variables
    assert np.sqrt(np.mean((group["x_mean"].values - means) ** 2)) < scatter(group, variances)
    assert np.mean(group["x_sd"].values / np.sqrt(variances)) == pytest.approx(1, abs=0.01)
    # The log evidence of 67 analyses scatters by about sqrt(67 / N).
    assert found.found.numbers["log_evidence"] == pytest.approx(total, abs=3.5 * np.sqrt(67 / 2000))
    assert found.status == "ok"
    assert (np.isfinite(group["ess"].values) == np.isfinite(data["y"])).all()


def test_the_guided_filter_wastes_fewer_particles(data: dict[str, np.ndarray]):
    text = AR1.replace("Normal(x, 0.7)", "Normal(x, 0.1)")
    mean = {}
    for method in ("bootstrap(members = 500)", "guided(members = 500)"):
        ess = assimilated(text.replace("METHOD", method), **data).groups["assimilation"].variables["ess"].values
        mean[method] = np.nanmean(ess)
    assert mean["guided(members = 500)"] > 1.5 * mean["bootstrap(members = 500)"]


@pytest.mark.parametrize("how", RESAMPLING)
def test_resampling_keeps_the_shares(how: str):
    weights = np.array([0.1, 0.01, 0.44, 0.05, 0.4])
    number, times = 50, 400
    counts = np.zeros((times, 5))
    for k in range(times):
        chosen = np.asarray(RESAMPLING[how](jax.random.key(k), np.log(weights), number))
        assert (np.diff(chosen) >= 0).all()
        counts[k] = np.bincount(chosen, minlength=5)
    error = np.sqrt(number * weights * (1 - weights) / times)
    assert (np.abs(counts.mean(0) - number * weights) <= 4 * error + 1e-9).all()
    if how in ("systematic", "residual"):
        assert (counts >= np.floor(number * weights - 1e-9)).all()


def by_quadrature(log_likelihood: np.ndarray, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Means, standard deviations and log evidence of `AR1` by sums over a grid, for any likelihood `(time, point)`."""
    step = stats.norm.pdf(grid[:, None], 0.9 * grid, 0.5)
    share = stats.norm.pdf(grid)
    means, sds, total = [], [], 0.0
    for k, logs in enumerate(log_likelihood):
        share = step @ share if k else share
        share /= share.sum()
        share = share * np.exp(logs)
        total += np.log(share.sum())
        share /= share.sum()
        means.append(share @ grid)
        sds.append(np.sqrt(share @ (grid - means[-1]) ** 2))
    return np.array(means), np.array(sds), total


LAWS = {
    "StudentT(3, x, 0.5)": lambda y, x: stats.t.logpdf(y, 3, x, 0.5),
    "Poisson(exp(x))": lambda y, x: stats.poisson.logpmf(y, np.exp(x)),
    "Normal(x, 0.7) censored(-inf, 0.5)": lambda y, x: np.where(
        y >= 0.5, stats.norm.logsf(0.5, x, 0.7), stats.norm.logpdf(y, x, 0.7)
    ),
}


@pytest.mark.parametrize("method", ["bootstrap(members = 4000)", "guided(members = 4000)"])
@pytest.mark.parametrize("law", LAWS)
def test_any_likelihood_will_do(law: str, method: str, data: dict[str, np.ndarray]):
    rng = np.random.default_rng(1)
    x, there = data["truth"], np.arange(101) % 3 > 0
    y = x + 0.5 * rng.standard_t(3, size=101)
    text = AR1.replace("METHOD", method).replace("Normal(x, 0.7)", law)
    if law.startswith("Poisson"):
        y = rng.poisson(np.exp(x)).astype(float)
        text = text.replace("y[t] : real missing", "y[t] : count missing")
    if "censored" in law:
        y = np.minimum(x + 0.7 * rng.normal(size=101), 0.5)
    grid = np.linspace(-8, 8, 801)
    logs = np.where(there[:, None], LAWS[law](y[:, None], grid), 0.0)
    means, sds, total = by_quadrature(logs, grid)
    found = assimilated(text, y=np.where(there, y, np.nan), truth=x)
    group = found.groups["assimilation"].variables
    assert np.sqrt(np.mean((group["x_mean"].values - means) ** 2)) < scatter(group, sds**2)
    assert np.mean(group["x_sd"].values / sds) == pytest.approx(1, abs=0.01)
    assert found.found.numbers["log_evidence"] == pytest.approx(total, abs=3.5 * np.sqrt(67 / 4000))
    assert found.status == "ok"


DRIFT = """
time t from 0 to 60 step 1
data { y[t] : real }
prior drift ~ Normal(0, 1)
state x over t {
  initial x ~ Normal(0, 1)
  evolve  x ~ Normal(0.5 * x[t - 1] + drift, 0.5)
}
likelihood y[t] ~ Normal(x, 0.5)
assimilate x, drift by METHOD
"""


def test_parameters_are_estimated_beside_the_states():
    rng = np.random.default_rng(3)
    x = np.zeros(61)
    for k in range(1, 61):
        x[k] = 0.5 * x[k - 1] + 0.7 + 0.5 * rng.normal()
    y = x + 0.5 * rng.normal(size=61)
    # State and drift are jointly Gaussian.
    mean, covariance, move = np.zeros(2), np.eye(2), np.array([[0.5, 1.0], [0.0, 1.0]])
    for k, value in enumerate(y):
        if k:
            mean, covariance = move @ mean, move @ covariance @ move.T + np.diag([0.25, 0])
        gain = covariance[:, 0] / (covariance[0, 0] + 0.25)
        mean, covariance = mean + gain * (value - mean[0]), covariance - np.outer(gain, covariance[0])
    ends = []
    for seed in range(3):
        group = assimilated(DRIFT.replace("METHOD", "bootstrap(members = 4000)"), seed, y=y).groups["assimilation"]
        ends.append([group.variables[f"drift_{what}"].values[-1] for what in ("mean", "sd")])
    found, sd = np.mean(ends, axis=0)
    assert abs(found - mean[1]) < 0.15 * np.sqrt(covariance[1, 1])
    assert sd == pytest.approx(np.sqrt(covariance[1, 1]), rel=0.12)


MANY = """
dim grid = 60
time t from 0 to 20 step 1
data { y[t, grid] : real }
state x[grid] over t {
  initial x ~ Normal(0, 1)
  evolve  x ~ Normal(0.9 * x[t - 1], 0.5)
}
likelihood y[t, grid] ~ Normal(x, 0.3)
assimilate x by bootstrap(members = 50)
"""


def test_weights_that_collapse_are_told_with_when():
    found = assimilated(MANY, y=np.random.default_rng(0).normal(size=(21, 60)))
    assert found.status == "suspect"
    (reason,) = found.found.reasons
    assert reason.startswith(
        "the weights collapsed: at 100% of the analyses fewer than 2 particles are effective, first at t = 0"
    )


def test_what_no_particle_can_have_made_is_told():
    text = AR1.replace("METHOD", "bootstrap(members = 50)").replace("Normal(x, 0.7)", "Uniform(x - 1, x + 1)")
    found = assimilated(text, y=np.full(101, 40.0), truth=np.zeros(101))
    assert found.status == "suspect"
    assert "at t = 0 no particle can have made what was observed" in found.found.reasons[0]
    assert np.isfinite(found.groups["assimilation"].variables["x_mean"].values).all()


@pytest.mark.parametrize("resampling", list(RESAMPLING))
def test_noise_where_particles_are_resampled_is_of_those_taken_more_than_once(resampling):
    number, drawn = 4000, np.random.default_rng(2).normal(size=(4000, 2)) @ [[1.0, 0.6], [0.0, 0.5]]
    log_weights = jnp.asarray(-0.5 * ((drawn - 1) ** 2).sum(axis=1))
    options = BootstrapOptions(members=number, regularisation=1, resampling=resampling)
    states, none = jnp.asarray(drawn), np.zeros(0, bool)
    before = Particles(states, jnp.zeros((number, 0)), log_weights, states, jnp.arange(number))
    found, chosen = Shared(options, Plan(none, none)).resampled(before, log_weights, jax.random.key(1))
    taken = np.bincount(chosen, minlength=number)
    moved = np.any(np.asarray(found.states != states[chosen]), axis=1)
    assert np.array_equal(moved, taken[np.asarray(chosen)] > 1)
    weights = np.exp(log_weights) / np.exp(log_weights).sum()
    expected = np.cov(drawn, rowvar=False, aweights=weights) * number ** (-2 / 6)
    noise = np.asarray(found.states - states[chosen])[moved]
    # The variance of a variance estimated from n normal numbers is 2/n of its square; of a covariance it is less.
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.abs((noise.T @ noise / len(noise) - expected) / scale).max() < 4 * np.sqrt(2 / len(noise))


def test_particles_come_apart_again_where_one_has_all_the_weight():
    drawn, none = jnp.asarray(np.random.default_rng(2).normal(3, 2, size=(500, 1))), np.zeros(0, bool)
    log_weights = jnp.where(jnp.arange(500) == 7, 0.0, -1e3)
    before = Particles(drawn, jnp.zeros((500, 0)), log_weights, drawn, jnp.arange(500))
    shared = Shared(BootstrapOptions(members=500, regularisation=1), Plan(none, none))
    noise = shared.resampled(before, log_weights, jax.random.key(1))[0].states - drawn[7]
    expected = float(drawn.std(ddof=1)) * 500 ** (-1 / 5)
    assert abs(float(noise.std()) / expected - 1) < 4 / np.sqrt(2 * 500)


def test_regularisation_keeps_particles_of_a_system_without_errors_apart():
    text = """
    time t from 0 to 40 step 1
    data { y[t] : real }
    state x over t { initial x ~ Normal(0, 1), evolve x = x[t - 1], error exact }
    likelihood y[t] ~ Normal(x, 1)
    assimilate x by bootstrap(members = 300, OPTION)
    """.replace(", evolve", "\n evolve").replace(", error", "\n error")
    y = 0.3 + np.random.default_rng(0).normal(size=41)
    exact = np.sqrt(1 / 42)
    sd = {}
    for option in ("regularisation = 0", "regularisation = 1", "regularisation = 1, jitter = all"):
        group = assimilated(text.replace("OPTION", option), y=y).groups["assimilation"].variables
        sd[option] = group["x_sd"].values[-1]
    assert 0.9 < sd["regularisation = 1"] / exact < 1.4
    assert sd["regularisation = 0"] < sd["regularisation = 1"] < sd["regularisation = 1, jitter = all"]


@pytest.mark.parametrize(
    ("method", "before", "after", "reason"),
    [
        ("kalman", "Normal(x, 0.7)", "StudentT(3, x, 0.7)", "that of `y` is `StudentT`"),
        ("etkf", "Normal(x, 0.7)", "Normal(x, 0.7) censored(-inf, 0.5)", "that of `y` is censored"),
        ("guided", "Normal(0.9 * x[t - 1], 0.5)", "StudentT(3, 0.9 * x[t - 1], 0.5)", "that of `x` is `StudentT`"),
        ("kalman", "Normal(0.9 * x[t - 1], 0.5)", "StudentT(3, 0.9 * x[t - 1], 0.5)", "that of `x` is `StudentT`"),
    ],
)
def test_what_a_method_assumes_is_looked_for(method: str, before: str, after: str, reason: str):
    with pytest.raises(SpecError) as caught:
        checked(AR1.replace("METHOD", method).replace(before, after))
    (problem,) = caught.value.problems
    assert problem.code == "UQ505"
    assert reason in problem.title
    assert "`bootstrap`" in problem.hint


def test_the_kalman_filter_estimates_no_parameters():
    with pytest.raises(SpecError) as caught:
        checked(DRIFT.replace("METHOD", "kalman"))
    assert "every parameter is known, but `drift` is to be estimated" in caught.value.problems[0].title


@pytest.mark.parametrize("method", ["bootstrap", "guided", "auxiliary"])
def test_members_that_are_kept_have_their_weights(method: str, data: dict[str, np.ndarray]):
    text = AR1.replace("METHOD with(truth = truth)", f"{method}(members = 30) with(keep = 30)")
    found = assimilated(text, **data).groups["assimilation"].variables
    weights, members = found["member_weight"], found["x"].values
    assert weights.dims == ("t", "member")
    assert np.allclose(weights.values.sum(axis=1), 1.0)
    assert np.ptp(weights.values, axis=1).max() > 0.01
    assert np.allclose((weights.values * members).sum(axis=1), found["x_mean"].values)
