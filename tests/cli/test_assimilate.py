"""`uqdsl run` of states in time: what is left on the disk where it fails, and an ensemble from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import yaml

from uqdsl.results import read_netcdf

LEVEL = """\
time t from 0 to 3 step 1
data { y[t] : real = [1.0, 0.4, 0.9, 1.3], height[t] : real = [2, 1, 1.5, 3] }
state x over t {
  initial x ~ Normal(0, 1)
  evolve  x ~ Normal(0.9 * x[t - 1], 0.5)
}
likelihood y[t] ~ Normal(x, 0.2 * (height - 1)) allow(may_leave)
assimilate x by etkf(members = 10)
"""
# Far out x falls by 192 times itself in a unit of time: steps of a tenth are too long, and lead farther out.
GROWING = """\
time t from 0 to 9 step 1
data "seen.nc" { y[t] : real missing }
state x over t {
  initial x ~ Normal(8, 0.1)
  evolve  der(x) = -x ^ 3  by rk4(dt = STEP)
  error   exact
}
likelihood y[t] ~ Normal(x, 1)
assimilate x by etkf(members = 10)
"""
GIVEN = """\
time t from 0 to 2 step 1
data "given.nc" { y[t] : real missing, x0[member, grid] : real }
state x[grid] over t {
  initial x ~ Empirical(x0, over = member)
  evolve  x = 0.5 * x[t - 1]
  error   exact
}
likelihood y[t] ~ Normal(x[grid = 1], 1)
assimilate x by free_run(members = 400) with(keep = 400)
"""


def test_an_error_without_variance_is_told_and_what_was_made_is_kept(uqdsl, folder: Path):
    (folder / "level.uq").write_text(LEVEL)
    said = uqdsl("run", "level.uq")
    assert said.code == 1
    assert "error[UQ665]: the error of `y` has the variance 0 at t = 1, and needs one above 0" in said.err
    kept = folder / "runs/level-0-1"
    assert {"spec.uq", "program_step.py", "run.yaml"} <= {each.name for each in kept.iterdir()}
    assert yaml.safe_load((kept / "run.yaml").read_text())["status"] == "failed"


def test_of_a_model_that_blows_up_all_before_is_in_the_result(uqdsl, folder: Path):
    (folder / "growing.uq").write_text(GROWING.replace("STEP", "0.1"))
    y = np.full(10, np.nan)
    y[:2] = 8.0, 0.7
    xr.Dataset({"y": ("t", y)}).to_netcdf(folder / "seen.nc")
    said = uqdsl("run", "growing.uq")
    assert said.code == 3
    mean = read_netcdf(folder / "runs/growing-0-1/result.nc")["assimilation"].variables["x_mean"].values
    first = int(np.argmax(~np.isfinite(mean)))
    assert 1 <= first < 10
    assert np.isfinite(mean[:first]).all()
    assert f"`x` is no finite number from t = {first} on; where the model blows up, take shorter steps" in said.out
    (folder / "growing.uq").write_text(GROWING.replace("STEP", "0.002"))
    assert uqdsl("run", "growing.uq").code == 0


@pytest.mark.parametrize("seed", ["0", "1"])
def test_an_ensemble_of_a_file_is_where_states_begin(uqdsl, folder: Path, seed: str):
    (folder / "given.uq").write_text(GIVEN)
    members = np.array([[1.0, 10.0], [2.0, 30.0], [4.0, 20.0]])
    given = xr.Dataset({"y": ("t", [np.nan, 1.0, np.nan]), "x0": (("member", "grid"), members)})
    given.to_netcdf(folder / "given.nc")
    said = uqdsl("run", "given.uq", "--seed", seed)
    assert said.code == 0, said.err
    found = read_netcdf(folder / f"runs/given-{seed}-1/result.nc")["assimilation"].variables
    kept = found["x"].values
    rows, counts = np.unique(kept[0], axis=0, return_counts=True)
    assert np.array_equal(rows, members)
    assert np.all(np.abs(counts - 400 / 3) < 4 * np.sqrt(400 * 2 / 9))
    assert np.allclose(kept[1], 0.5 * kept[0])
