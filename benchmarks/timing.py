"""What the benchmarks share: child processes timed as a user would, ratios of interleaved repetitions, and filters."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from uqdsl.assimilate.cycle import Filter, Filtered
    from uqdsl.assimilate.system import System

TOP = Path(__file__).parents[1]


class Timed(NamedTuple):
    """A child process: wall seconds until a line of its output that holds `mark`, and until its end; its output."""

    marked: float
    ended: float
    output: str


def run(arguments: Sequence[str], *, mark: str = "", cwd: Path = TOP, **environment: str) -> Timed:
    """Run Python with arguments; bytecode is kept, as on a user's machine.

    Raises:
        RuntimeError: where it fails, with what it printed.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-u", *arguments],
        cwd=cwd,
        env=inherited | {"PYTHONPATH": str(TOP)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert child.stdout is not None
    lines, marked = [], 0.0
    for line in child.stdout:
        lines.append(line)
        if mark and mark in line and not marked:
            marked = time.perf_counter() - began
    code = child.wait()
    ended = time.perf_counter() - began
    if code:
        raise RuntimeError(f"exit code {code}:\n{''.join(lines)}")
    return Timed(marked or ended, ended, "".join(lines))


def interleaved(candidates: Mapping[str, Callable[[], float]], repetitions: int) -> dict[str, list[float]]:
    """Times of each candidate; the candidates take turns, so that what else the machine does falls on all alike."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(repetitions):
        for name, measure in candidates.items():
            times[name].append(measure())
    return times


def shown(times: Sequence[float], unit: str = "s") -> str:
    """Median, with the smallest and largest."""
    return f"{median(times):.3g} {unit} ({min(times):.3g}-{max(times):.3g})"


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """The ratio of the medians, with the middle half of the ratios pair by pair."""
    pairs = sorted(a / b for a, b in zip(ours, theirs, strict=True))
    low, high = pairs[len(pairs) // 4], pairs[-1 - len(pairs) // 4]
    return f"{median(ours) / median(theirs):.3f} ({low:.3f}-{high:.3f})"


def machine() -> str:
    """The machine in words."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def followed(system: System, method: Filter, seed: int) -> tuple[Filtered, float, float]:
    """What a filter finds, and seconds an event, compiled: with all that is told of it, and without what its members score."""
    found, seconds = _followed(system, method, seed)
    return found, seconds, _followed(system, method._replace(members=None, renew=None), seed)[1]


def _followed(system: System, method: Filter, seed: int) -> tuple[Filtered, float]:
    import jax

    from uqdsl.assimilate.cycle import follow

    stamps: list[tuple[int, float]] = []

    def watch(done: int, _: int, /, **__: float) -> None:
        stamps.append((done, time.perf_counter()))

    found = follow(system, method, jax.random.key(seed), watch)
    # Between the first call of the compiled loop, which compiles it, and the last but one, which may be shorter.
    (first, began), (end, finished) = stamps[0], stamps[-2]
    return found, (finished - began) / (end - first)
