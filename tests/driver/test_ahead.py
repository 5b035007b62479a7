"""Predictions behind the end of a time axis, beside what is known of them in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom

import uqdsl

N, LEADS, DRAWS = 25, 4, 4000
LEVEL = """
time t from 0 to 24 step 1
data {{ y[t] : real }}
{priors}
state level over t {{
  initial level ~ Normal(0, 3)
  evolve  level ~ Normal(level[t - 1], {step})
}}
likelihood y[t] ~ Normal(level, 0.8)
{by}
predict y[t]     with(ahead = 4, draws = 4000)
predict level[t] with(ahead = 3, draws = 4000) as later
"""
FIXED = {"priors": "", "step": "0.5"}


@pytest.fixture(scope="module")
def y() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.cumsum(0.5 * rng.normal(size=N)) + 0.8 * rng.normal(size=N)


def known_at_end(y: np.ndarray, step: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the level at the last time."""
    mean, variance = np.zeros(np.shape(step)), np.full(np.shape(step), 9.0)
    for place, value in enumerate(y):
        variance = variance + (place > 0) * np.square(step)
        gain = variance / (variance + 0.64)
        mean, variance = mean + gain * (value - mean), variance * (1 - gain)
    return mean, variance


def assert_law(found, name: str, mean: np.ndarray, variance: np.ndarray, members: float = np.inf, spread: float = 0.0):
    """Mean and sd of draws are those of a law within four standard errors.

    Arguments:
        members: that the draws come from, of a variance `spread`.
    """
    error = np.sqrt(variance / DRAWS + spread / members)
    assert np.all(np.abs(found[f"{name}_mean"].values - mean) < 4 * error)
    of_variance = np.sqrt(2 * variance**2 / DRAWS + 2 * spread**2 / members)
    assert np.all(np.abs(found[f"{name}_sd"].values ** 2 - variance) < 4 * of_variance)


@pytest.mark.parametrize(
    ("method", "members"),
    [
        ("kalman", np.inf),
        ("extended_kalman", np.inf),
        ("strong_4dvar(window = 5)", None),
        ("weak_4dvar(window = 6)", np.inf),
        ("three_dvar", None),
        ("etkf(members = 1000)", 1000),
        ("enks(members = 1000, lag = 3)", 1000),
        ("bootstrap(members = 4000)", 1000),
        ("guided(members = 2000)", 1000),
        ("free_run(members = 100)", None),
    ],
)
def test_a_level_goes_on_as_its_filter_leaves_it(y: np.ndarray, method: str, members: float | None):
    """Variance of the level P + k q, of what is observed P + k q + r; methods that are not exact keep their own mean and sd."""
    found = uqdsl.loads(LEVEL.format(by=f"assimilate level by {method}", **FIXED)).compile(y=y).assimilate(seed=1)
    ends, ahead = found.estimates.isel(t=-1), found.forecast
    mean, variance = known_at_end(y, 0.5)
    spread = 0.0 if members == np.inf else float(variance)
    if members is None:
        mean, variance, members, spread = float(ends.level_mean), float(ends.level_sd) ** 2, 100.0, 0.0
        spread = variance
    k = np.arange(1, LEADS + 1)
    assert_law(ahead, "y", np.broadcast_to(mean, 4), variance + 0.25 * k + 0.64, members, spread)
    assert_law(ahead, "later", np.broadcast_to(mean, 3), variance + 0.25 * k[:3], members, spread)
    assert ahead.y_t.values.tolist() == [25, 26, 27, 28]
    assert ahead.later_t.values.tolist() == [25, 26, 27]


def test_what_is_predicted_ahead_changes_nothing_before(y: np.ndarray):
    text = LEVEL.format(by="assimilate level by ens_rts(members = 20)", **FIXED)
    with_it = uqdsl.loads(text).compile(y=y).assimilate(seed=1)
    without = uqdsl.loads(text.partition("predict")[0]).compile(y=y).assimilate(seed=1)
    for name, each in without.estimates.items():
        np.testing.assert_allclose(with_it.estimates[name].values, each.values, rtol=1e-12, atol=1e-14)
    assert not without.forecast


def test_bands_hold_what_they_say_and_parts_add_up(y: np.ndarray):
    found = uqdsl.loads(LEVEL.format(by="assimilate level by kalman", **FIXED)).compile(y=y).assimilate(seed=2)
    mean, variance = known_at_end(y, 0.5)
    ahead, k = found.forecast, np.arange(1, 5)
    sd = np.sqrt(variance + 0.25 * k + 0.64)
    # A quantile p of a normal law has the standard error sqrt(p (1 - p) / n) / density.
    at = ahead.sel(y_interval=0.9)
    error = 4 * np.sqrt(0.05 * 0.95 / DRAWS) / 0.1031 * sd
    assert np.all(np.abs(at.y_upper - (mean + 1.645 * sd)) < error)
    assert np.all(np.abs(at.y_lower - (mean - 1.645 * sd)) < error)
    np.testing.assert_allclose(np.hypot(ahead.y_epistemic, ahead.y_aleatoric), ahead.y_sd, rtol=1e-6)
    assert np.all(np.abs(ahead.y_aleatoric**2 - (0.25 * k + 0.64)) < 4 * (0.25 * k + 0.64) * np.sqrt(2 / DRAWS))


@pytest.mark.parametrize(
    "by",
    ["nuts(chains = 2, draws = 500, states = kalman())", "metropolis(draws = 500, states = bootstrap(members = 60))"],
)
def test_states_under_infer_go_on_with_each_draw_of_the_unknowns(y: np.ndarray, by: str):
    text = LEVEL.format(priors="prior step ~ HalfNormal(1)", step="step", by=f"infer step, level by {by}")
    fit = uqdsl.loads(text).compile(y=y).infer(seed=3)
    steps = fit.posterior["posterior"]["step"].values.ravel()
    ahead = fit.predict()
    means, variances = known_at_end(y, steps)
    k = np.arange(1, LEADS + 1)[:, None]
    # Paths of particles are each a draw of few; those of the Kalman filter are draws of their own.
    distinct = DRAWS if "kalman" in by else len(np.unique(fit.posterior["posterior"]["level"].values[..., N - 1]))
    whole = (variances + k * steps**2 + 0.64).mean(axis=1) + means.var()
    assert_law(
        ahead, "y", np.full(4, means.mean()), whole, min(len(np.unique(steps)), distinct), float(variances.mean())
    )


def test_an_autoregression_goes_on_from_the_last_values():
    """y[T+k] given the coefficients: the mean by the recursion, the variance by the weights of its moving average."""
    rng = np.random.default_rng(1)
    y = [0.0, 0.0]
    for _ in range(120):
        y.append(1 + 0.6 * y[-1] - 0.3 * y[-2] + 0.5 * rng.normal())
    text = """
    time t
    dim lag = 2
    data { y[t] : real }
    prior c        ~ Normal(0, 10)
    prior phi[lag] ~ Normal(0, 1)
    prior sigma    ~ HalfCauchy(2.5)
    likelihood y[t] ~ Normal(c + sum(phi * y[t - lag], over = lag), sigma)
    infer by nuts(chains = 2, draws = 2000)
    predict y[t] with(ahead = 4, draws = 4000)
    """
    fit = uqdsl.loads(text).compile(y=np.array(y)).infer(seed=0)
    known = fit.posterior["posterior"]
    c, sigma, phi = (known[name].values.reshape(4000, -1) for name in ("c", "sigma", "phi"))
    path, weights = [np.full((4000, 1), each) for each in y[-2:]], [np.zeros((4000, 1)), np.ones((4000, 1))]
    for _ in range(4):
        path.append(c + phi[:, :1] * path[-1] + phi[:, 1:] * path[-2])
        weights.append(phi[:, :1] * weights[-1] + phi[:, 1:] * weights[-2])
    means = np.concatenate(path[2:], axis=1)
    variances = sigma**2 * np.cumsum(np.square(np.concatenate(weights[1:-1], axis=1)), axis=1)
    assert_law(fit.predict(), "y", means.mean(axis=0), variances.mean(axis=0) + means.var(axis=0))
    replicated = fit.posterior["posterior_predictive"]["y"].values[..., -4:].reshape(-1, 4)
    error = np.sqrt((variances.mean(axis=0) + means.var(axis=0)) / len(replicated))
    assert np.all(np.abs(replicated.mean(axis=0) - means.mean(axis=0)) < 4 * error)


def test_a_moving_average_goes_on_through_its_quantities():
    """ARMA(1, 1) of known coefficients: psi weights 1, phi + theta, phi (phi + theta), …"""
    rng = np.random.default_rng(2)
    e = rng.normal(size=60)
    y = [1.0]
    for place in range(1, 60):
        y.append(0.7 * y[-1] + e[place] + 0.4 * e[place - 1])
    text = """
    time t
    data { y[t] : real }
    prior sigma ~ HalfNormal(2)
    let expected[t] = 0.7 * y[t - 1] + 0.4 * miss[t - 1] starting at 0
    let miss[t]     = y - expected
    likelihood y[t] ~ Normal(expected, sigma)
    infer by nuts(chains = 2, draws = 2000)
    predict y[t] with(ahead = 4, draws = 4000)
    """
    fit = uqdsl.loads(text).compile(y=np.array(y)).infer(seed=0)
    sigma = fit.posterior["posterior"]["sigma"].values.ravel()
    miss, expected = 0.0, 0.0
    for place in range(60):
        expected = 0.7 * y[place - 1] + 0.4 * miss if place else 0.0
        miss = y[place] - expected
    first = 0.7 * y[-1] + 0.4 * miss
    psi = np.array([1, 1.1, 0.77, 0.539])
    variance = (sigma**2).mean() * np.cumsum(psi**2)
    assert_law(fit.predict(), "y", first * 0.7 ** np.arange(4), variance)


def test_an_unknown_along_the_axis_goes_on_by_its_law_and_rows_that_there_are_stay():
    """A random walk of known step: the variance grows by that of a step each time."""
    text = """
    time t
    data { y[t] : real = [0.2, -0.1, 0.4, 0.9, 0.5, 0.8, 1.1, 0.7] }
    prior h[t] ~ Normal(h[t - 1], 0.3) starting at Normal(0, 1)
    likelihood y[t] ~ Normal(h, 0.4)
    infer by nuts(chains = 4, draws = 1000)
    predict y[t] with(ahead = 3, draws = 4000)
    predict h[t] with(ahead = 3, draws = 4000)
    predict y[t] as before
    """
    fit = uqdsl.loads(text).compile().infer(seed=0)
    covariance = 1 + 0.09 * np.minimum.outer(np.arange(11), np.arange(11))
    gain = covariance[:, :8] @ np.linalg.inv(covariance[:8, :8] + 0.16 * np.eye(8))
    mean = gain @ np.array([0.2, -0.1, 0.4, 0.9, 0.5, 0.8, 1.1, 0.7])
    variance = np.diag(covariance - gain @ covariance[:8])
    found = fit.predict()
    independent = float(min(row.ess_bulk for row in fit.summary if row.label.startswith("h")))
    assert_law(found, "h", mean[8:], variance[8:], min(independent, 4000), float(variance[8]))
    assert_law(found, "y", mean[8:], variance[8:] + 0.16, min(independent, 4000), float(variance[8]))
    assert found.before_mean.sizes == {"t": 8}
    assert found.y_mean.y_t.values.tolist() == [9, 10, 11]


def test_regimes_that_are_summed_out_go_on_and_counts_stay_counts():
    """With both regimes known and no way out of them, counts ahead are those of the last one."""
    text = """
    time t
    dim regime = ["calm", "busy"]
    data { calls[t] : count = [1, 0, 2, 1, 9, 12, 8, 11] }
    prior rate[regime] ~ Gamma(2, 0.5) ordered
    prior z[t] ~ Categorical([0.8, 0.2], over = regime) starting at Categorical([0.5, 0.5], over = regime)
    likelihood calls[t] ~ Poisson(rate[z])
    infer by nuts(chains = 2, draws = 2000)
    predict calls[t] with(ahead = 2, draws = 4000, exceed = [4.5])
    """
    text = text.replace(
        "Categorical([0.8, 0.2], over = regime) starting", "Categorical(P[z[t - 1]], over = regime') starting"
    )
    text = text.replace("prior z", "prior P[regime, regime'] ~ Dirichlet(1, event = regime')\n    prior z")
    fit = uqdsl.loads(text).compile().infer(seed=0)
    known = fit.posterior["posterior"]
    chance, rate = known["P"].values.reshape(-1, 2, 2), known["rate"].values.reshape(-1, 2)
    z = known["z"].values.reshape(len(rate), -1)
    mean = (chance[np.arange(len(rate)), z[:, 7]] * rate).sum(axis=1).mean()
    found = fit.predict()
    error = float(found.calls_sd[0]) / np.sqrt(1000)
    assert abs(float(found.calls_mean[0]) - mean) < 4 * error
    np.testing.assert_array_equal(found.calls.values, np.round(found.calls.values))


def test_inputs_of_a_state_hold():
    """x' = u - x with u held at its last value: x(T + k) = u + (x(T) - u) exp(-k)."""
    text = """
    time t from 0 to 5 step 1
    data { u[t] : real = [0, 1, 0, 2, 3, 4], y[t] : real = [1.1, 0.4, 0.8, 0.2, 1.5, 2.1] }
    state x over t {
      initial x ~ Normal(1, 0.5)
      evolve  der(x) = u - x by rk4(dt = 0.05)
      error   exact
    }
    likelihood y[t] ~ Normal(x, 0.1)
    assimilate x by extended_kalman
    predict x[t] with(ahead = 3, draws = 4000)
    """
    found = uqdsl.loads(text).compile().assimilate(seed=0)
    end = found.estimates.isel(t=-1)
    away = np.exp(-np.arange(1, 4.0))
    assert_law(found.forecast, "x", 4 + (float(end.x_mean) - 4) * away, (float(end.x_sd) * away) ** 2)


def test_states_over_a_dimension_keep_it_and_streams_their_rows():
    text = """
    dim grid = 3 periodic
    time t from 0 to 1 step 0.5
    data { y[grid, t] : real = [[1, 2, 1], [0, 1, 1], [2, 2, 3]] }
    state x[grid] over t {
      initial x ~ Normal(1, 1)
      evolve  x ~ Normal(0.5 * x[t - 1] + grid, 0.1)
    }
    likelihood y[grid, t] ~ Normal(x, 0.2)
    assimilate x by kalman
    predict y[grid, t] with(ahead = 2, draws = 4000)
    """
    found = uqdsl.loads(text).compile().assimilate(seed=0)
    ahead = found.forecast
    assert ahead.y_mean.dims == ("y_t", "grid")
    assert ahead.y_t.values.tolist() == [1.5, 2.0]
    mean = 0.5 * found.estimates.x_mean.isel(t=-1).values + np.array([1, 2, 3])
    variance = 0.25 * found.estimates.x_sd.isel(t=-1).values ** 2 + 0.01 + 0.04
    assert np.all(np.abs(ahead.y_mean.values[0] - mean) < 4 * np.sqrt(variance / DRAWS))


def test_counts_of_particles_have_the_law_of_their_mixture():
    """A Gamma mixed Poisson is negative binomial: here a state that stays where it is."""
    text = """
    time t from 0 to 3 step 1
    data { n[t] : count = [3, 2, 4, 3] }
    state rate over t : positive {
      initial rate ~ Gamma(4, 1)
      evolve  rate = rate[t - 1]
      error   exact
    }
    likelihood n[t] ~ Poisson(rate)
    assimilate rate by bootstrap(members = 10000)
    predict n[t] with(ahead = 1, draws = 4000, exceed = [5.5])
    """
    text = text.replace("state rate over t : positive", "state rate : positive over t")
    found = uqdsl.loads(text).compile().assimilate(seed=0)
    law = nbinom(4 + 12, (1 + 4) / (1 + 4 + 1))
    chance = law.sf(5)
    assert abs(float(found.forecast.n_exceed[0, 0]) - chance) < 4 * np.sqrt(chance * (1 - chance) / 1000)


def test_an_axis_without_a_step_is_refused():
    text = "time t\ndata { y[t] : real }\nprior m ~ Normal(0, 1)\nlikelihood y[t] ~ Normal(m, 1)\npredict y[t] with(ahead = 2)"
    import xarray

    y = xarray.DataArray([1.0, 2.0, 3.0], dims="t", coords={"t": [0.0, 1.0, 3.0]})
    with pytest.raises(uqdsl.DataError) as caught:
        uqdsl.loads(text).compile(y=y)
    assert [each.code for each in caught.value.problems] == ["UQ377"]
    assert "not evenly spaced" in caught.value.problems[0].title


def test_python_may_ask_for_fewer_steps_and_not_for_more(y: np.ndarray):
    text = "time t\ndata { y[t] : real }\nprior m ~ Normal(0, 1)\nlikelihood y[t] ~ Normal(m, 1)\npredict y[t] with(ahead = 4)"
    fit = uqdsl.loads(text).compile(y=y).infer(seed=0)
    assert fit.predict(ahead=2).y_mean.sizes == {"y_t": 2}
    assert "forecast_y" in fit.pictures
    assert fit.picture("forecast").axes
    with pytest.raises(uqdsl.UsageError) as caught:
        fit.predict(ahead=5)
    assert [each.code for each in caught.value.problems] == ["UQ503"]
