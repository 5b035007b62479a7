"""Runs that no observation moves, and those that are nudged, beside what is known of them in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from .systems import assimilated
from .test_kalman import AR1
from .test_kalman import data as data  # noqa: PLC0414 - a fixture

RATE = 0.7


def variables(text: str, **given: np.ndarray):
    return assimilated(text, **given).groups["assimilation"].variables


def nudged(y: np.ndarray, noise: float, error: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of x_k = 0.9 x_{k-1} + N(0, error²), drawn to what is observed with N(0, noise²)."""
    mean, variance, since, found = 0.0, 1.0, 0, []
    for k, value in enumerate(y):
        if k:
            mean, variance, since = 0.9 * mean, 0.81 * variance + error**2, since + 1
        if np.isfinite(value):
            share, since = 1 - np.exp(-RATE * since), 0
            mean, variance = mean + share * (value - mean), (1 - share) ** 2 * variance + share**2 * noise**2
        found.append((mean, variance))
    return tuple(np.array(found).T)


@pytest.mark.parametrize("method", [f"nudging(members = 500, rate = {RATE})", "free_run(members = 500)"])
def test_a_linear_system_of_which_half_is_missing(data, method):
    seen = data["y"] if "nudging" in method else np.full_like(data["y"], np.nan)
    mean, variance = nudged(seen, 0.7, 0.5)
    found = assimilated(AR1.replace("METHOD", method), **data)
    group = found.groups["assimilation"].variables
    assert np.all(np.abs(group["x_mean"].values - mean) < 4.5 * np.sqrt(variance / 500))
    assert np.all(np.abs(group["x_sd"].values ** 2 / variance - 1) < 4.5 * np.sqrt(2 / 500))
    gain = found.groups["observations"].variables["y_gain"].values
    there = np.isfinite(data["y"])
    assert np.array_equal(np.isfinite(gain), there)
    since = np.diff(np.flatnonzero(there))
    expected = 1 - np.exp(-RATE * since) if "nudging" in method else 0 * since
    assert np.allclose(gain[there][1:], expected)
    assert found.found.numbers["signal"] == pytest.approx(gain[there].mean())


def test_a_state_is_changed_as_little_as_can_be():
    """Of x1 and x2 the sum is observed, and x2 twice, once more nearly: weighed by their errors, y2 = 0.8 · 1 + 0.2 · 6."""
    text = """
dim part = 2
time t from 0 to 1 step 1
data { both[t] : real = [0, 5], again[t] : real = [0, 1], third[t] : real = [0, 6], first[part] : real = [1, 3] }
state x[part] over t {
  initial x = first
  evolve  x = x[t - 1]
  error   exact
}
likelihood both[t] ~ Normal(sum(x, over = part), 1e-5)
assimilate x by nudging(members = 3, rate = 0.5)
"""
    share = 1 - np.exp(-0.5)
    found = variables(text)["x_mean"].values
    assert found[0] == pytest.approx([1, 3])
    assert found[1] == pytest.approx(np.array([1, 3]) + share * 0.5, abs=1e-9)
    twice = text.replace("both[t] ~ Normal(sum(x, over = part), 1e-5)", "again[t] ~ Normal(x[part = 2], 1e-5)\n")
    twice = twice.replace("assimilate", "likelihood third[t] ~ Normal(x[part = 2], 2e-5)\nassimilate")
    assert variables(twice)["x_mean"].values[1] == pytest.approx([1, 3 + share * (2 - 3)], abs=1e-9)


LORENZ = """
time t from 0 to 6 step 0.02
data { seen[t] : real, x_true[t] : real, y_true[t] : real, z_true[t] : real }
state x, y, z over t {
  initial x ~ Normal(1.5, 5), y ~ Normal(-1.5, 5), z ~ Normal(25, 5)
  evolve  der(x) = 10 * (y - x), der(y) = x * (28 - z) - y, der(z) = x * y - 8 / 3 * z by rk4(dt = 0.01)
  error   exact
}
likelihood seen[t] ~ Normal(x, 1e-6)
assimilate x, y, z by nudging(members = 2, rate = inf) with(truth = [x_true, y_true, z_true])
"""


def test_systems_of_lorenz_synchronise_where_one_drives_the_other():
    """Driven by x, errors of y and z fall by exp(-1.8 t): conditional exponents are -1.81 and -1.86 (Pecora & Carroll 1990)."""
    truth = [np.array([-6.0, -7.0, 24.0])]

    def rate(x: np.ndarray) -> np.ndarray:
        return np.array([10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]])

    for _ in range(600):
        x = truth[-1]
        first = rate(x)
        second = rate(x + 0.005 * first)
        third = rate(x + 0.005 * second)
        truth.append(x + 0.01 / 6 * (first + 2 * second + 2 * third + rate(x + 0.01 * third)))
    known = np.array(truth)[::2]
    given = {name: known[:, at] for at, name in enumerate(("x_true", "y_true", "z_true"))} | {"seen": known[:, 0]}

    found = variables(LORENZ, **given)
    apart = np.hypot(*(found[f"{name}_mean"].values - found[f"{name}_truth"].values for name in "yz"))
    assert apart[0] > 1
    assert apart[-20:].max() < 1e-3
    early = slice(50, 250)
    slope = np.polyfit(0.02 * np.arange(301)[early], np.log(apart[early]), 1)[0]
    assert -2.6 < slope < -1.3
