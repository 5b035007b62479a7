"""Predictions and their budget: what they cost in time and memory, against new rows and draws.

Rates are those of `fit.predict` as a whole, compiling and all that is told of each row with it, in seconds of processor time,
which say something where other programs run beside. The peak of memory is that of
a process of its own, less that of one that predicts a single row; the draws are kept where they take no more than 64 MB, and
what is told of each row always. The budget's cost is that of an answer with it beside one without: of a first call, each in a
process of its own with empty caches, and of further calls with other rows.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import time
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

import uqdsl
from benchmarks.timing import machine, run

LINE = """
data {{ Z[case] : real, X[case] : real, training = given, testing = given, new = given }}
population Z ~ Normal(0, 1)
prior slope ~ Normal(0, 10)
likelihood X[case] ~ Normal(slope * Z, 0.3)
uncertainty {{
  new_input     {{ Z ~ Normal(truth(Z), 0.5) }}
  testing_data  {testing}
  training_data {{ Z ~ Normal(truth(Z), 0.5), X ~ Normal(truth(X), 0.2) }}
  weights       inferred
  function      {function}
}}
infer by nuts(chains = 4)
predict X[case]
"""
NETWORK = """
data {{ Z[case] : real, X[case] : real, training = given, testing = given, new = given }}
network f(z) -> real {{ dense(4, tanh)  dense(1) }}
prior f.weights ~ Normal(0, 1 / sqrt(fan_in))
prior sigma ~ HalfNormal(0.5)
likelihood X[case] ~ Normal(f(Z), sigma)
uncertainty {{
  new_input     {{ Z ~ Normal(truth(Z), 0.2) }}
  testing_data  {testing}
  training_data {{ Z ~ Normal(truth(Z), 0.2), X ~ Normal(truth(X), 0.1) }}
  weights       inferred
  function      {function}
}}
infer by nuts(chains = 2, warmup = 200, draws = 250, max_tree_depth = 5)
predict X[case]
"""
ALL = {
    "testing": "{ Z ~ Normal(truth(Z), 0.2), X ~ Normal(truth(X), 0.1) }",
    "function": "{ residual ~ Normal(bias, spread), prior bias ~ Normal(0, 1), prior spread ~ HalfNormal(1) }",
}
NO_TESTING = {"testing": "exact", "function": "inferred"}
SPECS = {
    "line": LINE.format(**ALL),
    "network": NETWORK.format(**ALL),
    "line, no testing data": LINE.format(**NO_TESTING),
    "network, no testing data": NETWORK.format(**NO_TESTING),
}
_FURTHER = 10_000
"""Rows of which further predictions are timed, at most."""
SIZES = ((1, 1000), (1_000, 1000), (10_000, 1000), (100_000, 1000), (10_000, 4000))


def fitted(spec: str) -> tuple[uqdsl.Fit, float]:
    """The posterior from sixty training rows, and the processor time of the whole way there, Python's start included."""
    rng = np.random.default_rng(1)

    def rows(count: int) -> dict[str, np.ndarray]:
        z = rng.normal(size=count)
        return {"Z": z + 0.2 * rng.normal(size=count), "X": 1.5 * z + 0.3 * rng.normal(size=count)}

    parts = {"training": rows(60), "testing": rows(40), "new": {"Z": np.array([-1.0, 0.0, 1.0, 2.0])}}
    return uqdsl.loads(SPECS[spec]).compile(**parts).infer(seed=1, progress=False), time.process_time()


def seconds(fit: uqdsl.Fit, rows: int, draws: int, budget: str = "none", further: int = 0) -> float:
    """The processor time of `fit.predict`, of other rows each further time."""
    new = {"Z": np.linspace(-2, 2, rows) + 0.1 * further}
    began = time.process_time()
    fit.predict(new=new, draws=draws, budget=budget, progress=False)
    return time.process_time() - began


def child(spec: str, rows: int, draws: int, budget: str) -> None:
    """Print the seconds of the fit, of a first prediction and of further ones, and the peak of memory in bytes."""
    fit, before = fitted(spec)
    took = seconds(fit, rows, draws, budget)
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    again = [seconds(fit, rows, draws, budget, further) for further in range(1, 4)] if rows <= _FURTHER else [math.nan]
    print(json.dumps([before, took, median(again), peak]))


class Measured(NamedTuple):
    """Seconds of processor time, and bytes, as of `child`."""

    fit: float
    first: float
    again: float
    peak: float


def measured(spec: str, rows: int, draws: int, budget: str) -> Measured:
    """The same, of a process of its own, with empty caches."""
    with TemporaryDirectory() as empty:
        arguments = ["-m", "benchmarks.predictions", "--child", spec, str(rows), str(draws), budget]
        ran = run(arguments, UQDSL_CACHE=empty)
    return Measured(*json.loads(ran.output.splitlines()[-1]))


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", nargs=4, metavar=("SPEC", "ROWS", "DRAWS", "BUDGET"))
    parser.add_argument("--specs", nargs="+", default=list(SPECS), choices=list(SPECS))
    parser.add_argument("--repetitions", type=int, default=1)
    asked = parser.parse_args()
    if asked.child:
        spec, rows, draws, budget = asked.child
        child(spec, int(rows), int(draws), budget)
        return
    print(machine())
    print(
        "| without testing data | rows | draws | seconds | draws of a row per second | MB beyond one row | MB of draws |"
    )
    print("|---|---|---|---|---|---|---|")
    for spec in (each for each in asked.specs if each.endswith("no testing data")):
        least = 0.0
        for rows, draws in SIZES:
            found = measured(spec, rows, draws, "none")
            least = least or found.peak
            print(
                f"| {spec.partition(',')[0]} | {rows} | {draws} | {found.first:.2f} | {rows * draws / found.first:.3g} "
                f"| {(found.peak - least) / 1e6:.0f} | {8 * rows * draws / 1e6:.0f} |",
                flush=True,
            )
    print(
        "| | rows | fit | first prediction | with its budget | ratio | another | with its budget | ratio |\n"
        "|---|---|---|---|---|---|---|---|---|"
    )
    for spec in asked.specs:
        for rows in (4, 10_000):
            runs = [
                [measured(spec, rows, 1000, each) for each in ("none", "shapley")] for _ in range(asked.repetitions)
            ]
            alone, budget = (Measured(*map(median, zip(*each, strict=True))) for each in zip(*runs, strict=True))
            cells = (spec, str(rows), f"{alone.fit:.1f}", *_compared(alone.first, budget.first))
            print(f"| {' | '.join((*cells, *_compared(alone.again, budget.again)))} |", flush=True)


def _compared(alone: float, budget: float) -> tuple[str, str, str]:
    return f"{alone:.2f}", f"{budget:.2f}", f"{budget / alone:.1f}"


if __name__ == "__main__":
    main()
