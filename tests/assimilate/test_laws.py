"""Laws of what is observed beside scipy; a law of the first time that is an ensemble; what changes in time."""

from __future__ import annotations

import jax
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from uqdsl.messages import RunError

from .systems import assimilated, bound

LAWS = {
    "Normal(x, 0.7)": ("real", stats.norm(0.4, 0.7)),
    "StudentT(3, x, 0.5)": ("real", stats.t(3, 0.4, 0.5)),
    "Laplace(x, 0.5)": ("real", stats.laplace(0.4, 0.5)),
    "Cauchy(x, 0.5)": ("real", stats.cauchy(0.4, 0.5)),
    "Logistic(x, 0.5)": ("real", stats.logistic(0.4, 0.5)),
    "Gumbel(x, 0.5)": ("real", stats.gumbel_r(0.4, 0.5)),
    "SkewNormal(x, 0.5, 2)": ("real", stats.skewnorm(2, 0.4, 0.5)),
    "LogNormal(x, 0.3)": ("positive", stats.lognorm(0.3, scale=np.exp(0.4))),
    "Gamma(2, 2 / exp(x))": ("positive", stats.gamma(2, scale=np.exp(0.4) / 2)),
    "Exponential(exp(x))": ("positive", stats.expon(scale=np.exp(-0.4))),
    "Weibull(1.5, exp(x))": ("positive", stats.weibull_min(1.5, scale=np.exp(0.4))),
    "Beta(2, exp(x))": ("unit", stats.beta(2, np.exp(0.4))),
    "Poisson(exp(x))": ("count", stats.poisson(np.exp(0.4))),
    "NegativeBinomial(exp(x), 3)": ("count", stats.nbinom(3, 3 / (3 + np.exp(0.4)))),
    "Binomial(7, sigmoid(x))": ("count", stats.binom(7, 1 / (1 + np.exp(-0.4)))),
    "Bernoulli(sigmoid(x))": ("binary", stats.bernoulli(1 / (1 + np.exp(-0.4)))),
}
"""Laws given a state of 0.4, with the kind of what is observed and the same of scipy."""


def test_densities_are_those_of_scipy():
    streams = {f"y{number}": each for number, each in enumerate(LAWS.items())}
    fields = ", ".join(f"{name}[t] : {kind} missing" for name, (_, (kind, _)) in streams.items())
    likelihoods = "\n".join(f"likelihood {name}[t] ~ {law}" for name, (law, _) in streams.items())
    text = f"""
time t from 0 to 2 step 1
data {{ {fields}, limited[t] : real missing }}
state x over t {{
  initial x ~ Normal(0, 1)
  evolve  x ~ Normal(0.9 * x[t - 1], 0.5)
}}
{likelihoods}
likelihood limited[t] ~ Normal(x, 0.7) censored(-inf, 1)
assimilate x by bootstrap
"""
    data = {name: law.rvs(3, random_state=1).astype(float) for name, (_, (_, law)) in streams.items()}
    for number, name in enumerate(data):
        data[name][number % 3] = np.nan
    data["limited"] = np.array([0.2, 1.0, np.nan])
    system = bound(text, **data)
    for time in range(3):
        event = jax.tree.map(lambda each, at=time: each[at], system.events)
        found = np.asarray(system.log_likelihoods(np.array([0.4]), np.zeros(0), event))
        wanted = []
        for name, (_, (_, law)) in streams.items():
            value = data[name][time]
            density = getattr(law, "logpmf", None) if hasattr(law.dist, "pmf") else law.logpdf
            wanted.append(0.0 if np.isnan(value) else density(value))
        normal = stats.norm(0.4, 0.7)
        wanted.append([normal.logpdf(0.2), normal.logsf(1.0), 0.0][time])
        names = [*LAWS, "censored"]
        assert dict(zip(names, found, strict=True)) == pytest.approx(dict(zip(names, wanted, strict=True)), rel=1e-9)


ENSEMBLE = """
dim grid = 3
time t from 0 to 2 step 1
data {{ x0[member, grid] : real, y[t, grid] : real missing }}
state x[grid] over t {{
  initial x ~ Empirical(x0, over = member)
  evolve  x = 0.9 * x[t - 1]
  error   exact
}}
likelihood y[t, grid] ~ Normal(x, 0.5)
assimilate x by {method}
"""


def drawn() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    mixed = np.array([[1, 0.8, 0], [0, 0.6, 0.5], [0, 0, 1.0]])
    y = np.full((3, 3), np.nan)
    y[0, 0] = 2.0
    return rng.normal(size=(40, 3)) @ mixed + [1, 2, 3], y


def test_states_may_begin_as_an_ensemble():
    members, y = drawn()
    found = assimilated(ENSEMBLE.format(method="extended_kalman"), x0=members, y=y).groups["assimilation"].variables
    assert np.allclose(found["x_forecast_mean"].values[0], members.mean(axis=0))
    assert np.allclose(found["x_forecast_sd"].values[0], members.std(axis=0))
    # What is observed at the first place moves the second as much as the members covary.
    covariance = np.cov(members, rowvar=False, ddof=0)
    gain = covariance[:, 0] / (covariance[0, 0] + 0.25)
    assert np.allclose(found["x_mean"].values[0], members.mean(axis=0) + gain * (2 - members[:, 0].mean()))
    system = bound(ENSEMBLE.format(method="etkf"), x0=members, y=y)
    keys = jax.random.split(jax.random.key(0), 30)
    begin = np.asarray(jax.vmap(lambda key: system.draw_initial(key)[1])(keys))
    apart = np.abs(begin[:, None] - members).max(axis=-1)
    assert np.all(apart.min(axis=1) < 1e-12)
    assert len(set(apart.argmin(axis=1))) > 10


def test_an_ensemble_is_no_gaussian_law():
    members, y = drawn()
    with pytest.raises(RunError, match="the law of `x` is not Gaussian"):
        assimilated(ENSEMBLE.format(method="kalman"), x0=members, y=y)


def test_inputs_of_an_irregular_axis_hold_until_they_change():
    system = bound(
        """
        time t
        data { push[t] : real, y[t] : real }
        state x over t {
          initial x = 0
          evolve  der(x) = push  by rk4(dt = 0.05)
          error   exact
        }
        likelihood y[t] ~ Normal(x, 1)
        assimilate x by etkf(members = 10)
        """,
        push=pd.Series([1.0, 2.0, 3.0, 4.0], index=pd.Index([0, 0.5, 2.0, 2.25], name="t")),
        y=np.zeros(4),
    )
    for number, reached in ((1, 0.5), (2, 3.0), (3, 0.75)):
        event = jax.tree.map(lambda each, at=number: each[at], system.events)
        assert np.allclose(system.forecast(np.zeros(1), np.zeros(0), event).mean, reached)


VARYING = """
time t from 0 to 4 step 1
data { flow[t] : real = [1, 2, 2, 1, 0], y[t] : real }
prior gain[t] ~ Normal(1, 0.2)
let push[t] = 2 * gain + flow
state x over t {
  initial x ~ Normal(0, 1)
  evolve  x = x[t - 1] + push
  error   x += Normal(0, 0.1)
}
likelihood y[t] ~ Normal(gain + x, 0.3)
assimilate x, gain by extended_kalman
"""


def test_parameters_may_have_a_value_at_each_time():
    y, flow = np.array([1.1, 4.0, 8.6, 12.0, 14.9]), np.array([1, 2, 2, 1, 0])
    # Of the first value, the gains and the errors everything is a sum: x_n = x_0 + Σ (2 g_i + f_i + e_i), i < n.
    prior = np.diag([1.0, *[0.04] * 5, *[0.01] * 4])
    centre = np.array([0.0, *[1.0] * 5, *[0.0] * 4])
    show = np.zeros((5, 10))
    for n in range(5):
        show[n, 0] = 1
        show[n, 1 : 1 + n], show[n, 1 + n], show[n, 6 : 6 + n] = 2, 1, 1
    offset = np.concatenate([[0], np.cumsum(flow)[:-1]])
    gain = prior @ show.T @ np.linalg.inv(show @ prior @ show.T + 0.09 * np.eye(5))
    mean = centre + gain @ (y - offset - show @ centre)
    covariance = prior - gain @ show @ prior
    found = assimilated(VARYING, y=y).groups["assimilation"].variables
    assert found["gain_mean"].dims == ("t", "t'")
    assert np.allclose(found["gain_mean"].values[-1], mean[1:6])
    assert np.allclose(found["gain_sd"].values[-1], np.sqrt(np.diag(covariance)[1:6]))
    last = np.array([1, *[2] * 4, 0, *[1] * 4])
    assert np.allclose(found["x_mean"].values[-1], last @ mean + offset[-1])
