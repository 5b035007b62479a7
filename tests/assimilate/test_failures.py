"""Models that are not JAX: called in processes of their own, and replaced member by member where they fail."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uqdsl.assimilate.ensemble import Ensemble
from uqdsl.assimilate.ensemble import renewed as renewed_members
from uqdsl.assimilate.particles import Particles
from uqdsl.assimilate.particles import renewed as renewed_particles
from uqdsl.data import bind
from uqdsl.driver.assimilate import Assimilated, assimilate, system_of
from uqdsl.driver.externs import side_by_side
from uqdsl.driver.twin import Wishes, simulate
from uqdsl.messages import RunError

from .systems import checked

MODULE = """
import os
import time

import numpy as np


def grown(x):
    if x[0] > 0.8:
        raise ValueError("too warm")
    return 0.9 * x


def crashed(x):
    if x[0] > 0.8:
        os._exit(3)
    return 0.9 * x


def where(x):
    time.sleep(0.05)
    return np.full(2, float(os.getpid()))


def wrong(x):
    return x[:1]
"""
SPEC = """
dim part = 2
time t from 0 to 6 step 1
data { y[t, part] : real }
extern function model(x[part]) -> real[part] from "glacier:FUNCTION" nondifferentiable
state x[part] over t {
  initial x ~ Normal(0, 1)
  evolve  x = model(x[t - 1])
  error   exact
}
likelihood y[t, part] ~ Normal(x, 0.7)
assimilate x by METHOD
"""
Y = np.zeros((7, 2))


@pytest.fixture(autouse=True)
def glacier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "glacier.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield
    sys.modules.pop("glacier", None)


def found(method: str, function: str = "grown", jobs: int = 1) -> Assimilated:
    spec = checked(SPEC.replace("METHOD", method).replace("FUNCTION", function))
    dataset = bind(spec.spec, spec.source.folder, {"y": Y})
    system, _ = system_of(spec.spec, spec.sources, dataset, allowed=["glacier"])
    assert spec.spec.motion is not None
    with side_by_side(spec.spec, jobs):
        return assimilate(spec.spec, system, spec.spec.motion.assimilations[0], dataset, 0, lambda *_: None)


METHODS = (
    "etkf(members = 40)",
    "bootstrap(members = 40, regularisation = 0.1)",
    "hybrid(members = 40, covariance = initial)",
    "nudging(members = 40)",
    "enks(members = 40)",
)


@pytest.mark.parametrize("method", METHODS)
def test_others_take_the_place_of_members_that_fail(method):
    run = found(method)
    group = run.groups["assimilation"].variables
    assert np.isfinite(group["x_mean"].values).all()
    failed = group["failed"].values
    assert failed[0] == 0
    assert failed[1] > 0
    (note,) = run.found.notes[:1]
    assert note.startswith(f"{failed.sum():.0f} members failed, the first on the way to t = 1")
    assert "of 40 at once (ValueError: too warm); others took their place" in note


def test_one_that_fails_stops_it_all_where_that_is_asked_for():
    with pytest.raises(RunError) as caught:
        found("etkf(members = 40) with(failures = stop)")
    (problem,) = caught.value.problems
    assert problem.code == "UQ670"
    assert "on the way to t = 1: ValueError: too warm" in problem.title


def test_processes_give_what_one_gives_and_survive_crashes():
    alone, together = found("etkf(members = 10)"), found("etkf(members = 10)", jobs=2)
    mean = alone.groups["assimilation"].variables["x_mean"].values
    assert np.array_equal(together.groups["assimilation"].variables["x_mean"].values, mean)
    crashed = found("etkf(members = 10)", "crashed", jobs=2)
    assert np.array_equal(crashed.groups["assimilation"].variables["x_mean"].values, mean)
    assert "the process that it ran in ended" in crashed.found.notes[0]


def test_members_run_beside_each_other():
    """The model gives the number of its process."""
    members = (
        found("free_run(members = 8) with(keep = 8)", "where", jobs=2).groups["assimilation"].variables["x"].values
    )
    ran = set(members[1:].ravel())
    assert len(ran) == 2
    assert os.getpid() not in ran


def test_a_result_of_another_shape_is_no_failure_of_a_member():
    with pytest.raises(RunError) as caught:
        found("etkf(members = 5)", "wrong")
    assert [each.code for each in caught.value.problems] == ["UQ512"]


def test_a_truth_that_cannot_be_drawn_is_told():
    text = SPEC.replace("FUNCTION", "grown").replace("METHOD", "etkf").replace("Normal(0, 1)", "Normal(9, 1)")
    text = text.replace("data {", 'data "made.nc" {')
    with pytest.raises(RunError) as caught:
        simulate(checked(text), 0, Wishes(), allow_extern=["glacier"])
    assert [each.code for each in caught.value.problems] == ["UQ513"]


def test_members_are_renewed_by_the_law_of_the_others():
    """Of many, those that are drawn have the mean and the covariance of those that are left."""
    rng = np.random.default_rng(0)
    states, parameters = rng.normal([1, 2], [1, 3], (4000, 2)), rng.normal(size=(4000, 1))
    parameters = parameters + states[:, :1]
    whole = np.arange(4000) % 2 == 0
    states[~whole] = np.nan
    given = Ensemble(jnp.asarray(states), jnp.asarray(parameters))
    after = renewed_members(given, jnp.asarray(whole), jax.random.key(0))
    joint = np.concatenate([np.asarray(after.states), np.asarray(after.parameters)], axis=1)
    kept, drawn = joint[whole], joint[~whole]
    assert np.array_equal(kept[:, :2], states[whole])
    error = np.sqrt(kept.var(axis=0) / 2000)
    assert np.all(np.abs(drawn.mean(0) - kept.mean(0)) < 4 * error)
    assert np.allclose(np.cov(drawn.T), np.cov(kept.T), rtol=0.15, atol=0.15)


def test_particles_that_fail_have_no_weight():
    states = jnp.array([[1.0], [jnp.nan], [3.0]])
    given = Particles(states, jnp.zeros((3, 0)), jnp.log(jnp.array([0.2, 0.5, 0.3])), states, jnp.arange(3))
    after = renewed_particles(given, jnp.isfinite(states[:, 0]), jax.random.key(0))
    assert np.allclose(np.exp(after.log_weights), [0.4, 0, 0.6])
    assert np.isfinite(after.states).all()
