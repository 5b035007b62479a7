"""Modes against closed forms, and searches that find none."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest
from scipy import optimize, stats

from uqdsl.driver.front import Source, check_with_data
from uqdsl.driver.program import make_target, write_program
from uqdsl.infer import Target
from uqdsl.infer import mode as module
from uqdsl.infer.mode import find_modes, random_starts, verify_modes
from uqdsl.messages import RunError

LINE = """
data {
  z[case] : real = [-1.0, -0.2, 0.3, 1.1, 2.0]
  y[case] : real = [-2.1, -0.3, 0.4, 2.6, 3.9]
}
prior a ~ Normal(0, 2)
prior b ~ Normal(1, 0.5)
likelihood y[case] ~ Normal(a + b * z, 0.3)
"""
COUNTS = """
data { n[i] : count = [3, 5, 1] }
prior rate ~ Gamma(2, 0.5)
prior p ~ Beta(3, 5)
likelihood n[i] ~ Poisson(rate)
"""
GROUPS = """
dim group = 3
data { y[group] : real = [0.5, 2.0, 4.0] }
prior mu ~ Normal(0, 3)
prior tau ~ Gamma(8, 2)
prior a[group] ~ Normal(mu, tau) MOVED
likelihood y[group] ~ Normal(a, 1)
"""
SCHOOLS = GROUPS.replace("Gamma(8, 2)", "HalfNormal(5)")


def target(text: str) -> Target:
    checked, dataset = check_with_data(Source("model.uq", text, Path()))
    return make_target(checked.spec, write_program(checked), dataset)


def test_a_line_with_normal_priors():
    line = target(LINE)
    found = find_modes(line, {"a": np.array([0.0, 30.0]), "b": np.array([0.0, -7.0])})
    z, y = line.data["z"], line.data["y"]
    rows = np.stack([np.ones_like(z), z], axis=1)
    precision = np.diag([1 / 4, 1 / 0.25]) + rows.T @ rows / 0.09
    expected = np.linalg.solve(precision, np.array([0, 1 / 0.25]) + rows.T @ y / 0.09)
    for place, name in enumerate("ab"):
        assert found.values[name] == pytest.approx(expected[place], abs=1e-6)
    assert found.converged.all()
    verify_modes(line, found)


def test_the_scale_is_that_of_the_author():
    """The mode of a rate is not the exponential of the mode of its logarithm."""
    found = find_modes(target(COUNTS), {"rate": np.array([0.1, 50.0]), "p": np.array([0.5, 0.01])})
    assert found.values["rate"] == pytest.approx((2 + 9 - 1) / (0.5 + 3), abs=1e-5)
    assert found.values["p"] == pytest.approx((3 - 1) / (3 + 5 - 2), abs=1e-5)
    # Up to a constant, which is the same at all values.
    rate, p = found.values["rate"][0], found.values["p"][0]
    law = (
        stats.gamma(2, scale=2).logpdf(rate) + stats.beta(3, 5).logpdf(p) + stats.poisson.logpmf([3, 5, 1], rate).sum()
    )
    assert found.log_density == pytest.approx(law, abs=1e-6)


@pytest.mark.parametrize("moved", ["", "noncentered"])
def test_how_a_prior_is_sampled_does_not_move_its_mode(moved):
    found = find_modes(
        target(GROUPS.replace("MOVED", moved)),
        {"mu": np.zeros(1), "tau": np.full(1, 2.0), "a": np.array([[1.0, 2.0, 3.0]])},
    )

    def cost(x: np.ndarray) -> float:
        mu, log_tau, a = x[0], x[1], x[2:]
        tau = np.exp(log_tau)
        return -(
            stats.norm(0, 3).logpdf(mu)
            + stats.gamma(8, scale=0.5).logpdf(tau)
            + stats.norm(mu, tau).logpdf(a).sum()
            + stats.norm(a, 1).logpdf([0.5, 2.0, 4.0]).sum()
        )

    best = optimize.minimize(cost, [1, 0.5, 1, 2, 3], tol=1e-10)
    assert found.converged.all()
    assert found.values["mu"][0] == pytest.approx(best.x[0], abs=1e-4)
    assert found.values["tau"][0] == pytest.approx(np.exp(best.x[1]), abs=1e-4)
    assert found.values["a"][0] == pytest.approx(best.x[2:], abs=1e-4)
    assert found.log_density[0] == pytest.approx(-best.fun, abs=1e-6)


def test_the_start_decides_which_mode():
    two = target("data { y : real = 4.0 }\nprior x ~ Normal(0, 10)\nlikelihood y ~ Normal(x^2, 0.5)\n")
    found = find_modes(two, {"x": np.array([-3.0, 0.5, 8.0])})
    assert found.converged.all()
    assert np.sign(found.values["x"]).tolist() == [-1, 1, 1]
    assert abs(found.values["x"]) == pytest.approx(abs(found.values["x"][0]), abs=1e-6)
    higher = target(
        "data { y : real = 0 }\nprior x ~ Mixture([0.9, 0.1], Normal(-5, 1), Normal(5, 1))\nlikelihood y ~ Normal(x, 1e3)\n"
    )
    found = find_modes(higher, {"x": np.array([6.0, -4.0, 4.0])})
    assert found.values["x"] == pytest.approx([5, -5, 5], abs=1e-4)
    assert found.best == 1


def test_each_search_may_have_data_of_its_own(monkeypatch):
    """In blocks of one search, and of all."""
    line = target(LINE)
    y = np.stack([line.data["y"], line.data["y"] + 1, line.data["y"] * 2])
    starts = {"a": np.zeros(3), "b": np.zeros(3)}
    together = find_modes(line, starts, {"y": y})
    for place in range(3):
        alone = find_modes(line._replace(data={**line.data, "y": y[place]}), {"a": np.zeros(1), "b": np.zeros(1)})
        assert together.values["b"][place] == pytest.approx(alone.values["b"][0], abs=1e-6)
    monkeypatch.setattr(module, "_BLOCK_BYTES", 1)
    assert find_modes(line, starts, {"y": y}).values["b"] == pytest.approx(together.values["b"], abs=1e-9)


def test_with_limited_memory(monkeypatch):
    monkeypatch.setattr(module, "_DENSE", 0)
    found = find_modes(target(COUNTS), {"rate": np.array([0.1, 50.0]), "p": np.array([0.5, 0.01])})
    assert found.converged.all()
    assert found.values["rate"] == pytest.approx(10 / 3.5, abs=1e-4)


def test_a_scale_learned_with_what_it_scales_has_no_mode():
    """The density of eight schools and their like has no bound."""
    schools = target(SCHOOLS.replace("MOVED", "noncentered"))
    starts = random_starts(schools, jax.random.key(0), 4)
    assert {name: each.shape for name, each in starts.items()} == {"mu": (4,), "tau": (4,), "a": (4, 3)}
    assert (starts["tau"] > 0).all()
    with pytest.raises(RunError) as caught:
        verify_modes(schools, find_modes(schools, starts))
    (problem,) = caught.value.problems
    assert problem.code == "UQ613"
    assert problem.at == schools.spans["tau"]
    assert problem.title == "no mode was found: 4 of 4 searches ended where the density still rises along `tau`"


def test_a_start_without_density_is_told():
    counts = target(COUNTS)
    found = find_modes(counts, {"rate": np.array([np.nan, 2.0]), "p": np.array([0.5, 0.5])})
    assert found.converged.tolist() == [False, True]
    assert found.best == 1
    with pytest.raises(RunError, match="1 of 2 searches"):
        verify_modes(counts, found)
