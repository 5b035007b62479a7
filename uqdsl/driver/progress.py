"""How far the chains are, for a person: bars on a terminal or in a notebook, now and then a line anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from uqdsl.ir import Run
from uqdsl.uncertainty.chained import unwatched

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

MOST_BARS = 8
"""With more chains than this, one bar stands for all."""
_EVERY_SECONDS = 10.0


def make_progress(run: Run, console: Console) -> Bars | Lines:
    """What shows a run's progress on a console: bars where it is a terminal or notebook, else lines."""
    return Bars(run, console) if console.is_terminal or console.is_jupyter else Lines(run, console)


class Bars:
    """A bar for each chain, with its divergences; they go when the run is over."""

    def __init__(self, run: Run, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._chains = int(run.options.get("chains") or 1)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[doing]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[trouble]}", style="yellow"),
            console=console,
            transient=True,
        )
        self._waiting = self._bars.add_task("compiling", total=None, doing="", trouble="")
        self._bars.start()
        self._tasks: list[TaskID] = []
        self._total = 0
        self._at: dict[int, tuple[int, int]] = {}

    def start(self, total: int) -> None:
        self._bars.remove_task(self._waiting)
        self._total = total
        several = self._chains <= MOST_BARS
        names = [f"chain {chain + 1}" for chain in range(self._chains)] if several else [f"{self._chains} chains"]
        length = total if several else total * self._chains
        self._tasks = [self._bars.add_task(name, total=length, doing="warming up", trouble="") for name in names]

    def update(self, chain: int, iteration: int, divergences: int, warming_up: bool) -> None:
        self._at[chain] = iteration, divergences
        one = len(self._tasks) < self._chains
        done = sum(each for each, _ in self._at.values()) if one else iteration
        diverged = sum(each for _, each in self._at.values()) if one else divergences
        self._bars.update(
            self._tasks[0 if one else chain],
            completed=done,
            doing="warming up" if warming_up else "sampling",
            trouble=f"{diverged} divergence{'s' * (diverged != 1)}" if diverged else "",
        )

    def finish(self) -> None:
        self._bars.stop()


class Lines:
    """A line every ten seconds, for a log."""

    def __init__(self, run: Run, console: Console) -> None:
        self._console, self._name = console, run.name
        self._chains = int(run.options.get("chains") or 1)
        self._last = time.monotonic()
        self._total = 1
        self._at: dict[int, tuple[int, int]] = {}

    def start(self, total: int) -> None:
        self._total = total

    def update(self, chain: int, iteration: int, divergences: int, warming_up: bool) -> None:
        self._at[chain] = iteration, divergences
        if time.monotonic() - self._last < _EVERY_SECONDS:
            return
        self._last = time.monotonic()
        done = sum(each for each, _ in self._at.values()) / (self._total * self._chains)
        diverged = sum(each for _, each in self._at.values())
        doing = "warming up" if warming_up else "sampling"
        self._console.print(f"{self._name}: {100 * done:.0f} % done, {doing}, {diverged} divergences", highlight=False)

    def finish(self) -> None: ...


def busy(doing: str, console: Console) -> AbstractContextManager[object]:
    """Shows that something is being done, while it is, where somebody looks."""
    return console.status(doing) if console.is_terminal or console.is_jupyter else nullcontext()


@contextmanager
def counting(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Shows how much of what is being done is done, where somebody looks; bars go when all is over."""
    if not (console.is_terminal or console.is_jupyter):
        yield unwatched
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(doing: str, done: int, total: int) -> None:
            if doing not in tasks:
                tasks[doing] = bars.add_task(doing, total=total)
            bars.update(tasks[doing], completed=done, total=total)

        yield tell


def error_console() -> Console:
    """A console on standard error, wide enough for a log where it is no terminal."""
    from rich.console import Console

    return Console(stderr=True, width=None if sys.stderr.isatty() else 120)
