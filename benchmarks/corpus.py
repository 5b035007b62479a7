"""Seconds of `check` and of `compile` for every spec of the project, in one process whose modules are loaded.

`check` is the road from the text to the IR, `compile` what comes on top: the text of the program. Of each the best of some
repetitions is taken, which is what the specs themselves ask for, whatever else the machine does meanwhile.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.timing import TOP, machine
from uqdsl.codegen import generate
from uqdsl.semantics import analyse
from uqdsl.syntax import parse

FOLDERS = ("specs", "specs/posteriordb", "tests/good")
SLOWEST = 10


class Measured(NamedTuple):
    """The seconds that a spec takes, and how many lines it has."""

    name: str
    lines: int
    check: float
    compile: float


def best[T](work: Callable[[], T], repetitions: int) -> tuple[float, T]:
    """The shortest time that something takes, and what it gives."""
    seconds = []
    for _ in range(repetitions):
        began = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - began)
    return min(seconds), found


def measure(path: Path, repetitions: int) -> Measured:
    """One spec; those of the corpus that stand only beside their data are analysed as far as that goes without."""
    text, name = path.read_text(encoding="utf-8"), path.relative_to(TOP).as_posix()
    check, (parsed, analysed) = best(lambda: ((parsed := parse(text, name)), analyse(parsed)), repetitions)
    seconds = 0.0
    if analysed.spec is not None:
        seconds, _ = best(lambda: generate(analysed.spec, parsed.sources, version="0"), repetitions)
    return Measured(name, text.count("\n"), check, seconds)


def specs_of(folder: str) -> list[Path]:
    """The specs of a folder; those of the corpus lie in a folder for each topic."""
    return sorted((TOP / folder).glob("*/*.uq" if folder == "tests/good" else "*.uq"))


def main() -> None:
    """Measure, and print the sums and the slowest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=3)
    repetitions = parser.parse_args().repetitions
    print(machine())
    found = {folder: [measure(path, repetitions) for path in specs_of(folder)] for folder in FOLDERS}
    print(f"\n{'':20} {'specs':>6} {'lines':>6} {'check':>8} {'compile':>8}")
    for folder, rows in found.items():
        lines, check, compiled = (sum(row[place] for row in rows) for place in (1, 2, 3))
        print(f"{folder:20} {len(rows):6} {lines:6} {check:6.2f} s {compiled:6.2f} s")
    everything = [row for rows in found.values() for row in rows]
    print(f"\nthe slowest {SLOWEST}{'':49} check  compile")
    for row in sorted(everything, key=lambda row: -row.check - row.compile)[:SLOWEST]:
        print(f"{row.name:56} {row.check * 1e3:5.0f} ms  {row.compile * 1e3:4.0f} ms")


if __name__ == "__main__":
    main()
