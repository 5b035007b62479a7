"""The cycle: chunks, what is kept of them, how it goes on where it was stopped, and members on several devices."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from uqdsl.assimilate import cycle
from uqdsl.cli.main import execute
from uqdsl.data import bind
from uqdsl.driver.assimilate import Assimilated, assimilate, system_of
from uqdsl.messages import RunError
from uqdsl.results import read_netcdf
from uqdsl.results.cycle_store import CycleStore
from uqdsl.results.store import CHECKPOINT

from .systems import assimilated, checked

TEXT = """
time t from 0 to 30 step 1
data { y[t] : real missing }
state x over t {
  initial x ~ Normal(0, 1)
  evolve  x ~ Normal(0.9 * x[t - 1], 0.5)
}
likelihood y[t] ~ Normal(x, 0.7)
assimilate x by etkf(members = 12, inflation = additive(0.01), rotate = true)
"""
Y = np.where(np.arange(31) % 5 == 2, np.nan, np.sin(np.arange(31) / 3))


def run(folder: Path | None, *, resume: bool = False, stop: int | None = None, method: str = "") -> Assimilated:
    """The assimilation, kept in a folder after every chunk; stopped after so many events."""
    text = TEXT.replace("etkf(members = 12, inflation = additive(0.01), rotate = true)", method) if method else TEXT
    spec = checked(text)
    dataset = bind(spec.spec, None, {"y": Y})
    system, _ = system_of(spec.spec, spec.sources, dataset)
    store = CycleStore(folder, interval=0.0, resume=resume) if folder is not None else None

    def watch(done: int, total: int) -> None:
        if stop is not None and done >= stop:
            raise KeyboardInterrupt

    motion = spec.spec.motion
    assert motion is not None
    return assimilate(spec.spec, system, motion.assimilations[0], dataset, 5, watch, store)


def same(one: Assimilated, other: Assimilated) -> bool:
    groups = [each.groups["assimilation"] for each in (one, other)]
    return groups[0].variables.keys() == groups[1].variables.keys() and all(
        np.array_equal(values, groups[1].variables[name].values, equal_nan=True)
        for name, (_, values) in groups[0].variables.items()
    )


@pytest.mark.parametrize("method", ["", "kalman"])
def test_one_that_was_stopped_goes_on_draw_for_draw(tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch):
    whole = run(None, method=method)
    stopped = run(tmp_path, stop=7, method=method)
    assert stopped.interrupted
    assert stopped.groups[""].attrs["status"] == "interrupted"
    done = len(stopped.groups["assimilation"].coords["t"])
    assert 7 <= done < 31
    kept = stopped.groups["assimilation"].variables["x_mean"].values
    assert np.array_equal(kept, whole.groups["assimilation"].variables["x_mean"].values[:done]), "nothing is lost"
    assert (tmp_path / CHECKPOINT).exists()
    # It takes up what was kept, and does none of it again.
    begun = []
    monkeypatch.setattr(cycle, "_one", lambda *of, own=cycle._one: (begun.append(1), own(*of))[1])
    went_on = run(tmp_path, resume=True, method=method)
    assert same(went_on, whole)
    assert not went_on.interrupted


def test_the_length_of_chunks_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    whole = run(None)
    monkeypatch.setattr(cycle, "_CHUNK", 3)
    assert same(run(None), whole)


def test_damage_is_told(tmp_path: Path):
    run(tmp_path, stop=7)
    (part, *_) = sorted(tmp_path.glob("events_*.npz"))
    part.write_bytes(part.read_bytes()[:-3])
    with pytest.raises(RunError) as caught:
        run(tmp_path, resume=True)
    assert [each.code for each in caught.value.problems] == ["UQ706"]


KILLED = """
import os, signal
from uqdsl.cli.main import execute
from uqdsl.results import cycle_store
flush = cycle_store.CycleStore.flush
def killed(self):
    flush(self)
    if self._done > 100:
        os.kill(os.getpid(), signal.SIGKILL)
cycle_store.CycleStore.flush = killed
init = cycle_store.CycleStore.__init__
cycle_store.CycleStore.__init__ = lambda self, folder, **of: init(self, folder, interval=0.0, **of)
execute(["run", "walk.uq", "--no-pictures"])
"""


def test_a_run_that_is_killed_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    text = TEXT.replace("0 to 30", "0 to 900").replace("data {", 'data "y.csv" {')
    (tmp_path / "walk.uq").write_text(text)
    (tmp_path / "y.csv").write_text("t,y\n" + "\n".join(f"{t},{np.sin(t / 3):.6f}" for t in range(0, 901, 2)))
    found = subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, capture_output=True, check=False)
    assert found.returncode == -signal.SIGKILL, found.stderr.decode()
    assert (tmp_path / "runs/walk-0-1" / CHECKPOINT).exists()
    assert execute(["run", "walk.uq", "--no-pictures", "--resume"]) in (0, 3)
    assert not (tmp_path / "runs/walk-0-1" / CHECKPOINT).exists()
    assert not list((tmp_path / "runs/walk-0-1").glob("events_*"))
    assert execute(["run", "walk.uq", "--no-pictures", "--out", "other"]) in (0, 3)
    both = [read_netcdf(tmp_path / each / "result.nc")["assimilation"] for each in ("runs/walk-0-1", "other/walk-0-1")]
    assert np.array_equal(*(each.variables["x_mean"].values for each in both))


ON_TWO = """
import jax, numpy as np
from tests.assimilate.test_cycle import TEXT, Y
from tests.assimilate.systems import bound
from uqdsl.assimilate import cycle
from uqdsl.cli.main import execute
from uqdsl.vocabulary.assimilation import filters
assert len(jax.devices()) == 2
system = bound(TEXT, y=Y)
method = filters()["etkf"]
made = method.load()(method.options(members=12), cycle.Plan(np.zeros(0, bool), np.zeros(0, bool)))
found = cycle.follow(system, made, jax.random.key(0), lambda *_: None)
assert len(found.last.states.sharding.device_set) == 2
assert found.last.states.addressable_shards[0].data.shape == (6, 1)
print(repr(found.analysis.mean.ravel().tolist()))
"""


def test_members_lie_on_several_devices():
    top = Path(__file__).parents[2]
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_ENABLE_X64": "1"}
    said = subprocess.run(
        [sys.executable, "-c", ON_TWO], cwd=top, env=environment, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    from uqdsl.vocabulary.assimilation import filters

    from .systems import bound

    method = filters()["etkf"]
    made = method.load()(method.options(members=12), cycle.Plan(np.zeros(0, bool), np.zeros(0, bool)))
    found = cycle.follow(bound(TEXT, y=Y), made, jax.random.key(0), lambda *_: None)
    assert np.allclose(eval(said.stdout), found.analysis.mean.ravel(), atol=1e-10)


def test_a_filter_that_is_lost_says_where():
    text = """
    dim grid = 4
    time t from 0 to 60 step 1
    data { y[t, grid] : real }
    state x[grid] over t {
      initial x ~ Normal(0, 0.1)
      evolve  x = x[t - 1]
      error   exact
    }
    likelihood y[t, grid] ~ Normal(x, 0.1)
    assimilate x by etkf(members = 10)
    """
    rng = np.random.default_rng(0)
    y = 0.1 * rng.normal(size=(61, 4))
    y[20:, 2] += 3
    (reason,) = assimilated(text, y=y).found.reasons
    assert "lost what it observes at about t = 20:" in reason
    assert "`y` at grid = 3" in reason
