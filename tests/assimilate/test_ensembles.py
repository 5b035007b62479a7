"""Ensemble filters: identities of their options, their updates, and the Kalman filter that they come to."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from uqdsl.assimilate.enkf_n import best_inflation
from uqdsl.assimilate.ensemble import inflated, rotation
from uqdsl.infer.kalman import White
from uqdsl.vocabulary.assimilation.schemes import Multiplicative, Rtpp, Rtps

from .systems import assimilated

POINTS, TIMES = 20, 40
AR1 = f"""
dim grid = {POINTS}
time t from 0 to {TIMES} step 1
data {{ y[t, grid] : real missing }}
state x[grid] over t {{
  initial x ~ Normal(0, 1)
  evolve  x ~ Normal(0.9 * x[t - 1], 0.5)
}}
likelihood y[t, grid] ~ Normal(x, 0.7)
assimilate x by METHOD
"""
"""Points that know nothing of each other, of which localisation should leave nothing else."""


@pytest.fixture(scope="module")
def observed() -> np.ndarray:
    """What is observed of the points; half of it is missing."""
    rng = np.random.default_rng(0)
    x = np.zeros((TIMES + 1, POINTS))
    for k in range(1, TIMES + 1):
        x[k] = 0.9 * x[k - 1] + 0.5 * rng.normal(size=POINTS)
    y = x + 0.7 * rng.normal(size=x.shape)
    y[rng.random(x.shape) < 0.5] = np.nan
    return y


def recursion(y: np.ndarray, halved: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Means and variances of the Kalman filter at each point, or of one whose anomalies move by half of the gain."""
    mean, variance, means, variances = np.zeros(POINTS), np.ones(POINTS), [], []
    for k, value in enumerate(y):
        if k:
            mean, variance = 0.9 * mean, 0.81 * variance + 0.25
        gain = np.where(np.isfinite(value), variance / (variance + 0.49), 0.0)
        mean = mean + gain * (np.nan_to_num(value) - mean)
        variance = variance * ((1 - gain / 2) ** 2 if halved else 1 - gain)
        means.append(mean)
        variances.append(variance)
    return np.array(means), np.array(variances)


LOCAL = "localization = gaspari_cohn(0.25, along = grid)"


@pytest.mark.parametrize("method", ["letkf", "enkf", "denkf", "eakf"])
def test_filters_come_to_the_kalman_filter_as_they_grow(method, observed):
    means, variances = recursion(observed, halved=method == "denkf")
    apart, share = [], []
    for members in (10, 160):
        found = assimilated(AR1.replace("METHOD", f"{method}(members = {members}, {LOCAL})"), y=observed)
        group = found.groups["assimilation"]
        apart.append(np.sqrt(np.mean((group.variables["x_mean"].values - means) ** 2)))
        share.append(np.mean(group.variables["x_sd"].values ** 2) / np.mean(variances))
    # The mean of N members scatters by about sd / sqrt(N): four times less with sixteen times as many.
    assert 3 < apart[0] / apart[1] < 5.5
    assert apart[1] < 2 * np.sqrt(variances.mean() / 160)
    assert abs(share[1] - 1) < 4 * np.sqrt(2 / 160 / POINTS)


def test_the_finite_size_filter_inflates_less_as_it_grows(observed):
    means, _ = recursion(observed[:, :1])
    apart, factors = [], []
    for members in (10, 160):
        text = AR1.replace(f"dim grid = {POINTS}", "dim grid = 1").replace("METHOD", f"enkf_n(members = {members})")
        group = assimilated(text, y=observed[:, :1]).groups["assimilation"]
        apart.append(np.sqrt(np.mean((group.variables["x_mean"].values - means[:, :1]) ** 2)))
        factors.append(np.nanmean(np.abs(group.variables["inflation"].values - 1)))
    assert apart[1] < 2 * 0.55 / np.sqrt(160)
    assert factors[1] < factors[0] / 4


def test_the_dual_of_the_finite_size_filter():
    rng = np.random.default_rng(3)
    for scale, certainty in ((0.3, 1.0), (1.0, 2.0), (3.0, 1.0)):
        predicted, values = rng.normal(size=(8, 5)), scale * rng.normal(size=5)
        members, said, misfit = 8, predicted - predicted.mean(0), values - predicted.mean(0)
        _, s, vt = np.linalg.svd(said, full_matrices=False)
        # As in Bocquet, Raanes & Hannart 2015, sec. 2 and 3, with the correction of eq. 36.
        of_mean, of_log = (members + 1) / members, members / (members - 1)
        weight = np.mean(1 / (np.pad(s**2, (0, members - len(s))) + members - 1)) * (members - 1)
        correction = np.sqrt((of_mean / of_log) ** weight)

        def cost(factor, s=s, vt=vt, misfit=misfit, e=of_mean / correction, c=of_log * correction, xn=certainty):
            inner = np.sum((vt @ misfit) ** 2 / ((factor * s) ** 2 + 7))
            return inner + xn * (e / factor**2 + c * np.log(factor**2))

        best = minimize_scalar(cost, bounds=(0.5, 30), method="bounded", options={"xatol": 1e-9}).x
        found = best_inflation(White(jnp.asarray(predicted), jnp.asarray(values)), certainty)
        assert found == pytest.approx(best, rel=1e-4)


def test_inflations_that_leave_the_analysis():
    rng = np.random.default_rng(0)
    before, after = jnp.asarray(rng.normal(size=(2, 9, 5)))
    for nothing in (Multiplicative(factor=1.0), Rtpp(alpha=0.0), Rtps(alpha=0.0)):
        assert np.allclose(inflated(nothing, before, after, jax.random.key(0)), after, atol=1e-14)
    whole = inflated(Rtps(alpha=1.0), before, after, jax.random.key(0))
    assert np.allclose(whole.std(0), before.std(0))
    whole = inflated(Rtpp(alpha=1.0), before, after, jax.random.key(0))
    assert np.allclose(whole - whole.mean(0), before - before.mean(0))


def test_adaptive_inflation_finds_the_spread_that_is_lacking(observed):
    # The truth is driven by errors of 0.5, of which the filter is told 0.25.
    blind = AR1.replace("0.9 * x[t - 1], 0.5", "0.9 * x[t - 1], 0.25")
    right, _ = recursion(observed)
    apart, ratio, factor = {}, {}, {}
    for inflation in ("multiplicative(1)", "adaptive(sd = 0.5)"):
        text = blind.replace("METHOD", f"letkf(members = 40, {LOCAL}, inflation = {inflation})")
        found = assimilated(text, y=observed).groups["assimilation"].variables
        apart[inflation] = np.sqrt(np.mean((found["x_mean"].values - right)[15:] ** 2))
        ratio[inflation] = np.nanmean(found["innovation"].values[15:])
        factor[inflation] = np.nanmean(found["inflation"].values[15:]) if "inflation" in found else 1.0
    without, learned = ratio
    noise = np.sqrt(2 / np.isfinite(observed[15:]).sum())
    assert ratio[without] > 1 + 4 * noise
    assert abs(ratio[learned] - 1) < 3 * noise
    assert apart[learned] < 0.6 * apart[without]
    assert 1.05 < factor[learned] < 2
    text = AR1.replace("METHOD", f"letkf(members = 160, {LOCAL}, inflation = adaptive)")
    enough = assimilated(text, y=observed).groups["assimilation"]
    assert abs(np.nanmean(enough.variables["inflation"].values) - 1) < 0.05


def test_a_rotation_leaves_mean_and_covariance():
    ensemble = np.random.default_rng(0).normal(size=(9, 5))
    turned = np.asarray(rotation(jax.random.key(1), 9)) @ ensemble
    assert np.allclose(turned.mean(0), ensemble.mean(0))
    assert np.allclose(np.cov(turned.T), np.cov(ensemble.T))
    assert not np.allclose(turned, ensemble, atol=0.1)
