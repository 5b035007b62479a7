"""Predictions and their budget: what they cost in time and memory, against new rows and draws.

Rates are those of `fit.predict` as a whole, compiling and all that is told of each row with it, in seconds of processor time,
which say something where other programs run beside. The peak of memory is that of
a process of its own, less that of one that predicts a single row; the draws are kept where they take no more than 64 MB, and
what is told of each row always. The budget's cost is that of an answer with it, as a multiple of one without.
"""

from __future__ import annotations

import argparse
import json
import resource
import time

import numpy as np

import uqdsl
from benchmarks.timing import interleaved, machine, paired_ratio, run, shown

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
SIZES = ((1, 1000), (1_000, 1000), (10_000, 1000), (100_000, 1000), (10_000, 4000))


def fitted(spec: str) -> tuple[uqdsl.Fit, float]:
    """The posterior from sixty training rows, and how much processor time it took."""
    rng = np.random.default_rng(1)

    def rows(count: int) -> dict[str, np.ndarray]:
        z = rng.normal(size=count)
        return {"Z": z + 0.2 * rng.normal(size=count), "X": 1.5 * z + 0.3 * rng.normal(size=count)}

    parts = {"training": rows(60), "testing": rows(40), "new": {"Z": np.array([-1.0, 0.0, 1.0, 2.0])}}
    program = uqdsl.loads(SPECS[spec]).compile(**parts)
    began = time.process_time()
    return program.infer(seed=1, progress=False), time.process_time() - began


def seconds(fit: uqdsl.Fit, rows: int, draws: int, budget: str = "none") -> float:
    """The processor time of `fit.predict`."""
    new = {"Z": np.linspace(-2, 2, rows)}
    began = time.process_time()
    fit.predict(new=new, draws=draws, budget=budget, progress=False)
    return time.process_time() - began


def child(spec: str, rows: int, draws: int, budget: str) -> None:
    """Print the seconds of one prediction, and the peak of memory in bytes."""
    fit, _ = fitted(spec)
    took = seconds(fit, rows, draws, budget)
    print(json.dumps([took, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))


def measured(spec: str, rows: int, draws: int, budget: str) -> tuple[float, float]:
    """The same, of a process of its own."""
    ran = run(["-m", "benchmarks.predictions", "--child", spec, str(rows), str(draws), budget])
    took, peak = json.loads(ran.output.splitlines()[-1])
    return took, peak


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", nargs=4, metavar=("SPEC", "ROWS", "DRAWS", "BUDGET"))
    parser.add_argument("--specs", nargs="+", default=list(SPECS), choices=list(SPECS))
    parser.add_argument("--repetitions", type=int, default=3)
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
            took, peak = measured(spec, rows, draws, "none")
            least = least or peak
            print(
                f"| {spec.partition(',')[0]} | {rows} | {draws} | {took:.2f} | {rows * draws / took:.3g} "
                f"| {(peak - least) / 1e6:.0f} | {8 * rows * draws / 1e6:.0f} |",
                flush=True,
            )
    print("| | rows | prediction | with its budget | ratio | fit |\n|---|---|---|---|---|---|")
    for spec in asked.specs:
        fit, took = fitted(spec)
        for rows in (4, 10_000):
            times = interleaved(
                {
                    each: lambda each=each, rows=rows, fit=fit: seconds(fit, rows, 1000, each)
                    for each in ("none", "shapley")
                },
                asked.repetitions,
            )
            ratio = paired_ratio(times["shapley"], times["none"])
            cells = (spec, str(rows), shown(times["none"]), shown(times["shapley"]), ratio, f"{took:.1f} s")
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
