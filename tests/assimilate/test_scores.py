"""Scores of members beside brute force, closed forms, and laws that they are drawn from."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from uqdsl.assimilate.scores import bins, fair_crps, ranks
from uqdsl.diagnose.cycles import skill
from uqdsl.infer.population import effective

from .systems import assimilated

AR1 = """
time t from 0 to 400 step 1
data { y[t] : real missing, truth[t] : real missing }
state x over t {
  initial x ~ Normal(0, 1)
  evolve  x ~ Normal(0.9 * x[t - 1], 0.5)
}
likelihood y[t] ~ Normal(x, 0.7)
assimilate x by etkf(members = 30) with(truth = truth, keep = 4)
assimilate x by kalman with(truth = truth)
"""


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    x = np.zeros(401)
    x[0] = rng.normal()
    for k in range(1, 401):
        x[k] = 0.9 * x[k - 1] + 0.5 * rng.normal()
    y = x + 0.7 * rng.normal(size=401)
    y[::4] = np.nan
    y[380:] = np.nan
    return {"y": y, "truth": np.where(np.arange(401) % 7 == 3, np.nan, x)}


def test_the_fair_crps_is_the_sum_over_pairs():
    rng = np.random.default_rng(0)
    members, values, weights = rng.normal(size=(9, 4)), rng.normal(size=4), rng.dirichlet(np.ones(9))
    pairs = np.abs(members[:, None] - members[None])
    shares = weights[:, None] * weights[None]
    by_hand = weights @ np.abs(members - values)
    by_hand -= 0.5 * np.einsum("ij,ijn->n", shares, pairs) / (1 - np.sum(weights**2))
    assert np.allclose(fair_crps(jnp.array(members), jnp.array(weights), jnp.array(values)), by_hand, atol=1e-12)


def test_the_fair_crps_does_not_depend_on_how_many_members_there_are():
    # E of the CRPS of N(0, 1) for values of N(0, 1): 1/√π, whatever the number of members (Ferro 2014).
    for count in (2, 5, 50):
        keys = jax.random.split(jax.random.key(count))
        members, values = jax.random.normal(keys[0], (count, 20_000)), jax.random.normal(keys[1], (20_000,))
        found = np.asarray(fair_crps(members, jnp.full(count, 1 / count), values))
        assert abs(found.mean() - 1 / np.sqrt(np.pi)) < 4 * found.std() / np.sqrt(20_000)


@pytest.mark.parametrize("count", [5, 19, 200])
def test_ranks_are_uniform_where_members_and_values_are_drawn_alike(count: int):
    keys = jax.random.split(jax.random.key(1), 3)
    # Whole numbers, so that there are ties.
    members = jax.random.poisson(keys[0], 3.0, (count, 20_000)).astype(float)
    values = jax.random.poisson(keys[1], 3.0, (20_000,)).astype(float)
    there = jnp.arange(20_000) % 3 > 0
    found = np.asarray(ranks(members, jnp.full(count, 1 / count), values, there, keys[2]))
    assert len(found) == bins(count)
    assert found.sum() == int(there.sum())
    assert stats.chisquare(found).pvalue > 1e-4


def test_a_filter_that_is_right_has_uniform_ranks_and_as_much_spread_as_error(data):
    found = assimilated(AR1, seed=1, **data)
    group, numbers = found.groups["assimilation"], found.found.numbers
    counts = group.variables["ranks_observed"].values.sum(axis=0)
    assert counts.sum() == numbers["observations"] == np.isfinite(data["y"]).sum()
    assert stats.chisquare(np.add.reduceat(counts, np.arange(0, 20, 4))).pvalue > 1e-4
    assert group.variables["ranks_truth"].values.sum() == np.isfinite(data["truth"]).sum()
    # 300 correlated errors: a standard error of about 0.06.
    assert numbers["spread_skill_forecast"] == pytest.approx(1, abs=0.2)
    assert numbers["members"] == 30
    scored = np.isfinite(data["truth"])[:380]
    crps = group.variables["crps_analysis"].values
    assert np.array_equal(np.isfinite(crps[:380]), scored)
    means, sds = (group.variables[f"x_{each}"].values[:380] for each in ("mean", "sd"))
    normal = skill(means[:, None], sds[:, None], data["truth"][:380, None]).crps
    assert numbers["crps"] == pytest.approx(normal, rel=0.05), "members are nearly normal"


def test_members_are_kept_and_forecasts_go_on_behind_the_last_observation(data):
    found = assimilated(AR1, seed=1, **data)
    group, numbers = found.groups["assimilation"], found.found.numbers
    assert group.variables["x"].dims == ("t", "member")
    assert group.variables["x"].values.shape == (401, 4)
    assert np.allclose(group.variables["member_weight"].values, 1 / 30), "of thirty, of which four are kept"
    assert numbers["last_observed"] == 379
    assert numbers["last_time"] == 400
    mean, sd = (group.variables[f"x_{each}"].values[380:] for each in ("mean", "sd"))
    # Sample moments of 30 members around the law that they are drawn from.
    lead = np.arange(1, 22)
    start = group.variables["x_mean"].values[379], group.variables["x_sd"].values[379]
    variance = 0.9 ** (2 * lead) * start[1] ** 2 + 0.25 * (1 - 0.81**lead) / 0.19
    assert np.all(np.abs(mean - 0.9**lead * start[0]) < 5 * np.sqrt(variance / 30))
    assert np.all(np.abs(sd / np.sqrt(variance) - 1) < 5 / np.sqrt(60))
    assert numbers["rmse_ahead"] > 0


def test_the_effective_number_of_particles():
    """(Σ w)² / Σ w²: all where they count alike, whatever their sum; one where one has it all; none where none has any."""
    weights = np.array([0.2, 0.5, 0.3, 0.0])
    assert effective(jnp.log(weights) - 800) == pytest.approx(1 / np.sum(weights**2))
    assert effective(jnp.full(7, -3.0)) == pytest.approx(7)
    assert effective(jnp.array([0.0, -jnp.inf])) == pytest.approx(1)
    assert effective(jnp.full(3, -jnp.inf)) == 0


def test_gain_and_signal_are_those_of_the_kalman_gain(data):
    text = AR1.replace("assimilate x by etkf(members = 30) with(truth = truth, keep = 4)\n", "")
    found = assimilated(text, **data)
    group, observations = found.groups["assimilation"], found.groups["observations"]
    there = np.isfinite(data["y"])
    before = group.variables["x_forecast_sd"].values ** 2
    gain = np.where(there, before / (before + 0.49), np.nan)
    assert np.allclose(observations.variables["y_gain"].values, gain, equal_nan=True)
    assert np.allclose(group.variables["signal"].values, gain, equal_nan=True)
    assert np.allclose(observations.variables["y"].values, data["y"], equal_nan=True)
    assert found.found.numbers["signal"] == pytest.approx(np.nanmean(gain))
    assert "members" not in found.found.numbers


def test_elements_that_are_taken_in_turns_are_scored_as_all_at_once(monkeypatch: pytest.MonkeyPatch):
    keys = jax.random.split(jax.random.key(5))
    members, values = jax.random.normal(keys[0], (6, 17)), jax.random.normal(keys[1], (17,))
    weights, there = jnp.full(6, 1 / 6), values > -1
    whole = fair_crps(members, weights, values), ranks(members, weights, values, there, keys[0])
    monkeypatch.setattr("uqdsl.assimilate.scores._AT_ONCE", 30)
    monkeypatch.setattr("uqdsl.assimilate.scores._PAIRED", 30)
    turns = fair_crps(members, weights, values), ranks(members, weights, values, there, keys[0])
    assert np.allclose(whole[0], turns[0], rtol=1e-14)
    assert np.array_equal(whole[1], turns[1])
