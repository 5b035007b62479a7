"""Seconds a cycle and memory of local filters beside the size of the state: Lorenz-96 of d points, every other one observed,
or a tenth as many places between them.

`python -m benchmarks.assimilation_size [--methods WORD …] [--sizes D …]` prints a table; each row is a process of its own.
Seconds are those of a forecast and an analysis. Memory, in ensembles, is what these need beside the data (what they are given,
give and make on the way), and by how much the process grew while it followed all events, with the scores of the members, the
compiler, and the estimates of all times.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

MEMBERS = 20
METHODS = {
    "letkf": f"letkf(members = {MEMBERS}, localization = gaspari_cohn(2, along = grid))",
    "enkf": f"enkf(members = {MEMBERS}, localization = gaspari_cohn(2, along = grid))",
    "etkf": f"etkf(members = {MEMBERS})",
}
AT_SITES = " at sites"
"""After a method: what is observed lies at as many places of its own as a tenth of the points."""
SIZES = (40, 1_000, 10_000, 100_000, 1_000_000)
CYCLES = 6
_TEXT = """
dim grid = SIZE periodic
time t from 0 to LAST step 0.05
DATA
state x[grid] over t {
  initial x ~ Normal(8, 1)
  evolve  der(x) = (x[grid + 1] - x[grid - 2]) * x[grid - 1] - x + 8  by rk4(dt = 0.05)
  error   exact
}
likelihood OBSERVED
assimilate x by METHOD
"""
_EVERY_OTHER = "data { y[t, grid] : real missing }", "y[t, grid] ~ Normal(x, 1)"
_SITES = "data { place[site] : real, y[t, site] : real }", "y[t, site] ~ Normal(x[grid = place], 1)"


def measure(method: str, size: int) -> dict[str, float]:
    """Seconds a cycle, compiled, and memory in ensembles."""
    import jax

    from tests.assimilate.systems import bound, checked
    from uqdsl.assimilate.cycle import Plan, follow
    from uqdsl.vocabulary.assimilation import filters

    name, rng = method.removesuffix(AT_SITES), np.random.default_rng(0)
    kept, observed = _EVERY_OTHER if name == method else _SITES
    text = _TEXT.replace("SIZE", str(size)).replace("LAST", f"{0.05 * CYCLES:.10g}").replace("METHOD", METHODS[name])
    text = text.replace("DATA", kept).replace("OBSERVED", observed)
    data = {"y": rng.normal(8, 2, size=(CYCLES + 1, size if name == method else size // 10))}
    if name == method:
        data["y"][:, ::2] = np.nan
    else:
        data["place"] = rng.uniform(0.5, size + 0.5, size // 10)
    system = bound(text, **data)
    motion = checked(text).spec.motion
    assert motion is not None
    known = filters()[name]
    made = known.load()(known.options(**motion.assimilations[0].options), Plan(np.zeros(0, bool), np.zeros(0, bool)))

    @partial(jax.jit, donate_argnums=1)
    def cycle(system, carried, number, key):
        event = jax.tree.map(lambda each: each[number], system.events)
        moved = made.predict(system, carried, event, key)
        return made.analyse(system, moved, event, key)[0]

    held = _resident("VmRSS")
    follow(system, made, jax.random.key(0), lambda *_: None)
    grown = _resident("VmHWM") - held
    carried = jax.block_until_ready(jax.jit(made.begin)(system, jax.random.key(0)))
    compiled = cycle.lower(system, carried, 1, jax.random.key(1)).compile()
    memory = compiled.memory_analysis()
    needed = sum(each.nbytes for each in jax.tree.leaves(carried)) + memory.temp_size_in_bytes
    needed += memory.output_size_in_bytes - memory.alias_size_in_bytes
    seconds = []
    for number in range(1, CYCLES + 1):
        began = time.perf_counter()
        carried = jax.block_until_ready(compiled(system, carried, number, jax.random.key(number)))
        seconds.append(time.perf_counter() - began)
    ensemble = MEMBERS * size * 8
    return {"seconds": min(seconds[1:]), "cycle": needed / ensemble, "process": grown / ensemble}


def _resident(field: str) -> int:
    """Bytes of memory that this process has now (`VmRSS`), or had at most (`VmHWM`)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--methods", nargs="*", default=[*METHODS, *(f"{each}{AT_SITES}" for each in ("letkf", "enkf"))]
    )
    parser.add_argument("--sizes", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--one", action="store_true", help="in this process, as JSON")
    wished = parser.parse_args(arguments)
    if wished.one:
        sys.stdout.write(json.dumps(measure(wished.methods[0], wished.sizes[0])) + "\n")
        return
    sys.stdout.write("| method | d | seconds a cycle | ensembles | process |\n|---|---|---|---|---|\n")
    for method in wished.methods:
        for size in wished.sizes:
            asked = [
                sys.executable,
                "-m",
                "benchmarks.assimilation_size",
                "--one",
                "--methods",
                method,
                "--sizes",
                str(size),
            ]
            ran = subprocess.run(asked, capture_output=True, text=True, check=True)
            found = json.loads(ran.stdout.splitlines()[-1])
            cells = (f"`{method}`", f"{size:,}", *(f"{found[each]:.3g}" for each in ("seconds", "cycle", "process")))
            sys.stdout.write(f"| {' | '.join(cells)} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
