"""Simulation-based calibration of every exact method, on four specs.

`python -m benchmarks.sbc [--methods NAME …] [--specs NAME …] [--simulations N] [--write]`. Unknowns and data are drawn from the
model, and the method draws from the posterior of these data: ranks of the drawn unknowns are uniform if it is exact. Chains are
as short as they may be for that. With `--write` the table stands in `docs/methods/calibrated.md`; what was run before stays as
it was, unless `--methods` names it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uqdsl
from tests.driver.test_simulate import COUNTS, LINE, SCHOOLS
from uqdsl.messages import UqdslError

PAGE = Path(__file__).parents[1] / "docs" / "methods" / "calibrated.md"
KEPT = Path(__file__).parent / "sbc.json"

LEVEL = """
time t from 0 to 5 step 1
data { y[t] : real = [0.3, 1.9, 0.2, -0.5, 1.1, 2.4] }
prior shock ~ LogNormal(-0.7, 0.5)
prior noise ~ LogNormal(-0.7, 0.5)
state level over t {
  initial level ~ Normal(0, 1)
  evolve  level ~ Normal(0.7 * level[t - 1], shock)
}
likelihood y[t] ~ Normal(level, noise)
infer by BY
"""
SPECS = {"straight line": LINE, "four schools": SCHOOLS, "busy days": COUNTS, "a level in time": LEVEL}
"""Gaussian; hierarchical; counts with unknowns of three supports, of which the discrete ones are summed out; and states in
time, for which a filter accounts."""
EXACT = {
    "nuts": "nuts(chains = 1, warmup = 300, draws = 300)",
    "hmc": "hmc(chains = 1, warmup = 300, draws = 300)",
    "mala": "mala(chains = 1, warmup = 1500, draws = 5000, metric = dense)",
    "mala that turns": "mala(chains = 1, warmup = 1500, draws = 5000, metric = dense, antisymmetric = 1)",
    "mclmc": "mclmc(adjusted = true, chains = 1, warmup = 500, draws = 500)",
    "slice": "slice(chains = 1, warmup = 300, draws = 1000)",
    "elliptical_slice": "elliptical_slice(chains = 1, warmup = 300, draws = 3000)",
    "chees": "chees(chains = 16, warmup = 300, draws = 30)",
    "smc": "smc(particles = 400)",
    "importance": "importance(draws = 4000)",
    "metropolis": "metropolis(chains = 1, warmup = 2000, draws = 10000)",
    "particles": "metropolis(states = bootstrap(members = 50), chains = 1, warmup = 2000, draws = 10000)",
}
"""What is exact, or is as its draws get many."""

_HEAD = """# Calibrated on simulations

Every method that is exact, on data that four models draw ([`calibrate`](../language/inference.md#calibrate)): ranks of
the drawn unknowns among draws of their posteriors, and of the log likelihood and the log density, against the uniform
distribution. `p` is of all of them together; below 0.01 a method is called out, which happens to an exact one once in a
hundred cells by chance. Every cell has simulations of its own. Made by `python -m benchmarks.sbc --write`. The first three
specs are those of `tests/driver/test_simulate.py`, where it is also shown that a model that is wrong is found out. The states
of the last one are integrated out by `states = kalman()`, or by particles, whose likelihood is random. `metropolis` on four
schools was taken on to 300 simulations: the first 60 gave p = 0.005, and `nuts` on the same 60 gives p = 0.007, so that it is
the truths drawn there that were unusual.
"""


def measure(name: str, text: str, simulations: int, seed: int) -> dict[str, Any]:
    """Calibrate a method on a spec."""
    began = time.perf_counter()
    by = EXACT[name]
    if "BY" in text:
        by = by if "states" in by else by.replace("(", "(states = kalman(), ", 1)
        text = text.replace("BY", by)
    elif "states" in by:
        return {"said": "no states", "passed": None}
    try:
        found = uqdsl.loads(text).compile().calibrate(by, simulations=simulations, seed=seed, progress=False)
    except UqdslError as error:
        return {"said": f"refuses: {error.problems[0].title}", "passed": None}
    seconds = time.perf_counter() - began
    return {"said": found.said, "passed": found.passed, "p": found.p_value, "seconds": seconds, "of": simulations}


def page(kept: dict[str, dict[str, Any]]) -> str:
    """The page of all that was measured."""
    lines = [*_HEAD.split("\n"), f"| method | {' | '.join(SPECS)} |", "|---" * (len(SPECS) + 1) + "|"]
    for name, by in EXACT.items():
        cells = [_cell(kept.get(name, {}).get(spec)) for spec in SPECS]
        lines.append(f"| `{by}` | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _cell(found: dict[str, Any] | None) -> str:
    if found is None:
        return "not run"
    if found["passed"] is None:
        return found["said"].replace("|", "/")
    said = "passes" if found["passed"] else found["said"]
    return f"{said}: p = {found['p']:.2g}, {found['of']} in {found['seconds']:.0f} s"


def _kept() -> dict[str, dict[str, Any]]:
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and perhaps write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", nargs="*", default=[])
    parser.add_argument("--specs", nargs="*", default=list(SPECS))
    parser.add_argument("--simulations", type=int, default=100)
    parser.add_argument("--write", action="store_true")
    wished = parser.parse_args(arguments)
    for name in wished.methods or EXACT:
        for number, (spec, text) in enumerate(SPECS.items()):
            if spec not in wished.specs:
                continue
            if not wished.methods and spec in _kept().get(name, {}):
                continue
            found = measure(name, text, wished.simulations, seed=10 * list(EXACT).index(name) + number)
            print(f"{name:18} {spec:14} {found.get('seconds', 0):6.1f} s  {found['said']}", flush=True)
            if wished.write:
                kept = _kept()
                kept.setdefault(name, {})[spec] = found
                KEPT.write_text(json.dumps(kept, indent=1) + "\n")
                PAGE.write_text(page(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
