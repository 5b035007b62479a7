"""Filters beside those of cuthbert: the same models and observations, in one sitting.

`python -m benchmarks.state_space PYTHON`, an interpreter that has cuthbert. A local level by the Kalman filter (log density of
10,000 observations), Lorenz-96 in 40 places by an ensemble Kalman filter of 40 members, and Lorenz-63 by a bootstrap filter of
1,000 particles (both: time-mean analysis error of 2,000 events). Times are of one event, compiled. Ours tells of each event
what cuthbert leaves to its user: forecast and analysis with their spread, what is expected of each observation, and scores and
ranks of the members; times without the latter stand beside.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.timing import followed, machine
from tests.assimilate.systems import checked
from uqdsl.assimilate.cycle import Filtered, Plan
from uqdsl.assimilate.simulate import simulate
from uqdsl.data import bind
from uqdsl.driver.assimilate import system_of
from uqdsl.vocabulary.assimilation import filters

LEVEL = """
time t from 0 to 9999 step 1
data given { y[t] : real }
state x over t {
  initial x ~ Normal(0, 10)
  evolve  x ~ Normal(x[t - 1], 0.5)
}
likelihood y[t] ~ Normal(x, 1)
assimilate x by kalman
"""
RING = """
dim grid = 40 periodic
time t from 0 to 100 step 0.05
data given { y[t, grid] : real }
state x[grid] over t {
  initial x ~ Normal(3, 3)
  evolve  der(x) = (x[grid + 1] - x[grid - 2]) * x[grid - 1] - x + 8  by rk4(dt = 0.05)
  error   exact
}
likelihood y[t, grid] ~ Normal(x, 1)
assimilate x by enkf(members = 40, inflation = multiplicative(1.06))
"""
WINGS = """
time t from 0 to 100 step 0.05
data given { u[t] : real, v[t] : real, w[t] : real }
state x, y, z over t {
  initial x ~ Normal(1, 8), y ~ Normal(1, 8), z ~ Normal(25, 8)
  evolve  der(x) = 10 * (y - x)
          der(y) = x * (28 - z) - y
          der(z) = x * y - 8 / 3 * z by rk4(dt = 0.05)
  error   x += Normal(0, 0.5), y += Normal(0, 0.5), z += Normal(0, 0.5)
}
likelihood u[t] ~ Normal(x, sqrt(2))
likelihood v[t] ~ Normal(y, sqrt(2))
likelihood w[t] ~ Normal(z, sqrt(2))
assimilate x, y, z by bootstrap(members = 1000)
"""
SPECS = {"kalman": LEVEL, "enkf": RING, "bootstrap": WINGS}
FIELDS = {"kalman": "level", "enkf": "ring", "bootstrap": "wings"}
BURN_IN = 100


class Measured(NamedTuple):
    """The log density of the observations, or the analysis error; and seconds an event, also without scores of members."""

    score: float
    seconds: float
    unscored: float | None = None


def measure(name: str) -> tuple[Measured, dict[str, np.ndarray]]:
    """A filter of ours, and the observations with their truth for others."""
    spec = checked(SPECS[name])
    motion = spec.spec.motion
    assert motion is not None
    fields = {each.name: len(each.dims) for each in spec.spec.fields}
    events = 10_000 if name == "kalman" else 2001
    blank = {field: np.zeros((events, 40) if dims > 1 else events) for field, dims in fields.items()}
    system, _ = system_of(spec.spec, spec.sources, bind(spec.spec, spec.source.folder, blank))
    drawn = simulate(system, jax.random.key(1))
    rows = {field: jnp.asarray(each) for field, each in system.by_row(np.asarray(drawn.observed)).items()}
    twin = replace(system, data={**system.data, **rows})
    asked = motion.assimilations[0]
    known = filters()[asked.method]
    none = np.zeros(system.parameters, bool)
    method = known.load()(known.options(**asked.options), Plan(none, none))
    found, seconds, unscored = followed(twin, method, 2)
    values, truth = np.asarray(drawn.observed), np.asarray(drawn.states)
    given = {FIELDS[name]: values, f"{FIELDS[name]}_truth": truth}
    return Measured(_score(found, truth), seconds, unscored), given


def _score(found: Filtered, truth: np.ndarray) -> float:
    if found.evidence is not None and truth.shape[1] == 1:
        return float(found.evidence[1:].sum())
    return float(np.sqrt(np.mean((found.analysis.mean - truth) ** 2, axis=1))[BURN_IN:].mean())


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", help="an interpreter that has cuthbert")
    python = parser.parse_args().python
    jax.config.update("jax_enable_x64", True)
    ours, given = {}, {}
    for name in SPECS:
        ours[name], arrays = measure(name)
        given |= arrays
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "observed.npz"
        np.savez(file, **given)
        ran = subprocess.run(
            [python, str(Path(__file__).parent / "cuthbert_rows.py"), str(file)],
            capture_output=True,
            text=True,
            check=True,
        )
    theirs = {name: Measured(**each) for name, each in json.loads(ran.stdout).items()}
    heads = ("filter", "ours", "cuthbert", "µs an event", "without scores", "cuthbert", "faster", "without scores")
    lines = [machine(), "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, mine in ours.items():
        other = theirs[name]
        times = [1e6 * each for each in (mine.seconds, mine.unscored or mine.seconds, other.seconds)]
        cells = [f"`{name}`", f"{mine.score:.3f}", f"{other.score:.3f}", *(f"{each:.0f}" for each in times)]
        cells += [f"{times[2] / each:.2f} ×" for each in times[:2]]
        lines.append(f"| {' | '.join(cells)} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
