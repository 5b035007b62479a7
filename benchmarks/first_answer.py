"""Time to the first answer, and effective draws per second: `uqdsl run` against hand-written NumPyro with `MCMC(NUTS)`.

Both draw four chains of 1000 after 1000 of warm-up, in double precision, from the start of the process to the printed
summary. `uqdsl run` is started twice in each repetition: with an empty cache, and with what the first start kept.
Effective draws are the least bulk ESS of all scalars, computed by the same code for both, per second of compiling and
sampling together; and per second of sampling alone where that can be told apart.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.timing import TOP, machine, paired_ratio, run, shown
from uqdsl.diagnose.statistics import ess_bulk
from uqdsl.results import read_netcdf

STOCK = ("parallel", "sequential", "vectorized")


def least_ess(draws: dict[str, np.ndarray]) -> float:
    """The least bulk effective sample size of all scalars; arrays `(chain, draw, *shape)`."""
    return min(float(np.min(ess_bulk(each.reshape(*each.shape[:2], -1)))) for each in draws.values())


def measure_ours(spec: str, folder: Path, cache: Path) -> dict[str, float]:
    """One start of `uqdsl run`."""
    command = ["-m", "uqdsl", "run", str(TOP / "specs" / f"{spec}.uq"), "--out", str(folder / "runs")]
    ran = run(command, mark="ok:", cwd=folder, UQDSL_CACHE=str(cache))
    (path,) = re.findall(r"^(\S+): result.nc", ran.output, re.MULTILINE)
    (summary,) = json.loads((folder / path / "summary.json").read_text())["runs"].values()
    posterior = read_netcdf(folder / path / "result.nc")["posterior"].variables
    ess = least_ess({name: each.values for name, each in posterior.items()})
    seconds = summary["seconds"]
    return {
        "answer": ran.marked,
        "exit": ran.ended,
        "ess/s": ess / sum(seconds.values()),
        "ess/s sampling": ess / seconds["sample"],
    }


def measure_stock(spec: str, method: str, folder: Path) -> dict[str, float]:
    """One start of the hand-written script."""
    file = folder / f"{spec}-{method}.npz"
    ran = run(["-m", "benchmarks.stock", spec, method, str(file)], mark="answered")
    (seconds,) = re.findall(r"^answered (\S+)", ran.output, re.MULTILINE)
    with np.load(file) as draws:
        ess = least_ess(dict(draws))
    return {"answer": ran.marked, "exit": ran.ended, "ess/s": ess / float(seconds)}


def main() -> None:
    """Measure, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=5)
    repetitions = parser.parse_args().repetitions
    print(machine())
    for spec in ("eight_schools", "radon"):
        found: dict[str, list[dict[str, float]]] = {}
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for repetition in range(repetitions):
                cache = folder / f"cache-{repetition}"
                found.setdefault("first start", []).append(measure_ours(spec, folder, cache))
                found.setdefault("second start", []).append(measure_ours(spec, folder, cache))
                for method in STOCK:
                    found.setdefault(method, []).append(measure_stock(spec, method, folder))
        best = min(STOCK, key=lambda method: median(each["answer"] for each in found[method]))
        print(f"\n{spec}: process start to summary, process start to end, effective draws per second")
        for name, rows in found.items():
            columns = [shown([row[key] for row in rows]) for key in ("answer", "exit")]
            print(f"  {name:14} {columns[0]:28} {columns[1]:28} {median(row['ess/s'] for row in rows):9.0f} /s")
        sampling = median(row["ess/s sampling"] for row in found["first start"])
        print(f"  effective draws per second of sampling alone: {sampling:.0f} /s")
        for name in ("first start", "second start"):
            ours, theirs = ([row["answer"] for row in found[each]] for each in (name, best))
            gain = median(row["ess/s"] for row in found[name]) / median(row["ess/s"] for row in found[best])
            print(
                f"  {name} / stock ({best}): time {paired_ratio(ours, theirs)}, effective draws per second {gain:.1f}"
            )


if __name__ == "__main__":
    main()
