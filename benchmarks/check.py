"""`uqdsl check` as a whole process, on specs of 100 and 1,000 lines, with an empty Python beside it."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.timing import interleaved, machine, run, shown

HEAD = """# A spec that was made to be long.
setting width : real = 2.5
dim input = ["a", "b", "c"]
data "x.csv" {
  y[i] : real
  n[i] : count
  X[i, input] : real = columns("a", "b", "c")
  place[i] : category
}
prior scale ~ HalfNormal(width)
"""
PART = """
# Part {0}: a level for each place, and what the inputs add to it.
prior mean_{0}         ~ Normal(0, 2 * width)
prior spread_{0}       ~ HalfCauchy(1)
prior level_{0}[place] ~ Normal(mean_{0}, spread_{0}) noncentered
prior slope_{0}[input] ~ StudentT(4, 0, 1)
let location_{0}[i] = level_{0}[place] + sum(X * slope_{0}, over = input)
let rate_{0}[i] = exp(if location_{0} > 3 then 3 else location_{0})
factor -0.5 * sum((slope_{0} / scale)^2, over = input)  # shrinks
"""
TAIL = "likelihood y[i] ~ Normal({0}, scale)\nlikelihood n[i] ~ Poisson({1})\n"


def long_spec(lines: int) -> str:
    """A sound spec of so many lines, within a few."""
    count = max(1, (lines - HEAD.count("\n") - 2) // PART.count("\n"))
    parts = "".join(PART.format(index) for index in range(count))
    return (
        HEAD + parts + TAIL.format(*(" + ".join(f"{name}_{i}" for i in range(count)) for name in ("location", "rate")))
    )


def main() -> None:
    """Measure, and print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=15)
    repetitions = parser.parse_args().repetitions
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache = {"UQDSL_CACHE": str(folder / "cache")}
        candidates = {"python -c pass": lambda: run(["-c", "pass"]).ended}
        for lines in (100, 1000):
            path = folder / f"spec_{lines}.uq"
            path.write_text(long_spec(lines), encoding="utf-8")
            length = path.read_text(encoding="utf-8").count("\n")
            candidates[f"uqdsl check, {length} lines"] = lambda path=path: (
                run(["-m", "uqdsl", "check", str(path)], **cache).ended
            )
        check = f"import sys; from uqdsl.cli.main import execute; execute(['check', {str(path)!r}])"
        code = f"{check}; assert 'jax' not in sys.modules"
        run(["-c", code], **cache)
        for label, times in interleaved(candidates, repetitions).items():
            print(f"{label:26} {shown(times)}")


if __name__ == "__main__":
    main()
