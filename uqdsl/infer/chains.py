"""Chains run side by side: threads without barriers, one queue to the main thread, Ctrl-C at a chunk's end.

A lane is what one call of a compiled program advances: one chain on a CPU, all of them on a GPU. Workers take the lane
that has waited longest, advance it by a chunk and put it back, so that all lanes come forward alike however few cores
there are.
"""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from uqdsl.infer.draws import Chunk, Progress, Sink
from uqdsl.infer.environment import cores

_CHUNK_SECONDS = 0.3
"""What a chunk should take: short enough for Ctrl-C and the bar, long enough that handing it over costs nothing."""
_FIRST_ITERATIONS = 5
_GROWTH = 20
"""A chunk has at most so many times the iterations of the one before it, for early iterations tell little."""


class Lane(NamedTuple):
    """Chains that advance together, and where they stand; `state` is None before they begin.

    `divergences` is what each chain had when its lane was made.
    """

    chains: tuple[int, ...]
    iteration: int
    state: Any
    divergences: tuple[int, ...]


class Sampler(Protocol):
    """What a method gives to be run; called from several threads at once.

    - warmup: iterations before the first draw.
    - total: iterations in all.
    - thin: iterations per kept draw.
    - rows: draws that one call of `advance` can keep at most.
    """

    warmup: int
    total: int
    thin: int

    @property
    def rows(self) -> int: ...

    def begin(self, chains: tuple[int, ...]) -> Any:
        """The first state of chains."""
        ...

    def advance(self, lane: Lane, iterations: int) -> tuple[Lane, list[Chunk]]:
        """Do iterations, and wait for them; a chunk for each chain of the lane."""
        ...


class End(NamedTuple):
    """How far the chains came."""

    interrupted: bool
    iterations: dict[int, int]
    divergences: dict[int, int]


class ChainFailed(Exception):
    """A sampler raised `error`; the lanes were stopped."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class _Report(NamedTuple):
    """What a worker tells the main thread about a lane; the last one of a lane is its `end`."""

    chunks: Sequence[Chunk]
    end: bool
    error: Exception | None = None


def run_chains(sampler: Sampler, lanes: Sequence[Lane], *, sink: Sink, progress: Progress) -> End:
    """Run every lane to the end, and hand over its chunks.

    The first Ctrl-C stops each lane at the end of its chunk, and what was drawn is handed over; a second one raises.

    Arguments:
        sink, progress: called from this thread.

    Raises:
        ChainFailed: where the sampler raises.
        KeyboardInterrupt: at a second Ctrl-C.
    """
    iterations = {chain: lane.iteration for lane in lanes for chain in lane.chains}
    divergences = {chain: count for lane in lanes for chain, count in zip(lane.chains, lane.divergences, strict=True)}
    crew = _Crew(sampler, [lane for lane in lanes if lane.iteration < sampler.total])
    interrupted = threading.Event()
    progress.start(sampler.total)
    for chain, done in iterations.items():
        if done:
            progress.update(chain, done, divergences[chain], done < sampler.warmup)
    error: Exception | None = None
    try:
        with _stop_on_interrupt(interrupted, crew):
            for report in crew.reports():
                error = error or report.error
                for chunk in report.chunks:
                    iterations[chunk.chain], divergences[chunk.chain] = (chunk.iteration, chunk.divergences)
                    sink(chunk)
                    progress.update(chunk.chain, chunk.iteration, chunk.divergences, chunk.iteration < sampler.warmup)
    finally:
        crew.dismiss()
        progress.finish()
    if error is not None:
        raise ChainFailed(error)
    return End(interrupted.is_set(), iterations, divergences)


class _Crew:
    """The workers, the lanes that wait for one, and what they report."""

    def __init__(self, sampler: Sampler, lanes: Sequence[Lane]) -> None:
        self._sampler = sampler
        self._running = len(lanes)
        self._stopping, self._dismissed = threading.Event(), threading.Event()
        self._waiting: queue.SimpleQueue[tuple[Lane, int] | None] = queue.SimpleQueue()
        for lane in lanes:
            self._waiting.put((lane, _FIRST_ITERATIONS))
        # Bounded, so that a slow disk holds the chains up before their draws fill the memory.
        self._reports: queue.Queue[_Report] = queue.Queue(maxsize=4 * len(lanes) + 1)
        # Daemons, so that a second Ctrl-C need not wait for a chunk of a slow model.
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(min(len(lanes), cores()))]

    def reports(self) -> Iterator[_Report]:
        """Start the workers, and give what they report until every lane has ended."""
        for worker in self._workers:
            worker.start()
        while self._running:
            try:
                # A wait without end cannot be interrupted on every system.
                report = self._reports.get(timeout=0.2)
            except queue.Empty:
                continue
            self._running -= report.end
            yield report
        for _ in self._workers:
            self._waiting.put(None)
        for worker in self._workers:
            worker.join()

    def stop(self) -> None:
        """Every lane ends with the chunk it is at."""
        self._stopping.set()

    def dismiss(self) -> None:
        """Nobody will read another report."""
        self._stopping.set()
        self._dismissed.set()
        for _ in self._workers:
            self._waiting.put(None)

    def _work(self) -> None:
        while (waiting := self._waiting.get()) is not None and not self._dismissed.is_set():
            lane, wanted = waiting
            if self._stopping.is_set():
                self._tell(_Report((), end=True))
                continue
            try:
                lane, chunks, wanted = self._advance(lane, wanted)
            except Exception as error:  # noqa: BLE001 - the main thread raises it
                self.stop()
                self._tell(_Report((), end=True, error=error))
                continue
            end = lane.iteration >= self._sampler.total
            self._tell(_Report(chunks, end))
            if not end:
                self._waiting.put((lane, wanted))

    def _advance(self, lane: Lane, wanted: int) -> tuple[Lane, list[Chunk], int]:
        """A chunk of about `wanted` iterations; and how many the next one should have."""
        if lane.state is None:
            lane = lane._replace(state=self._sampler.begin(lane.chains))
        count = min(wanted, _room(self._sampler, lane.iteration))
        began = time.perf_counter()
        lane, chunks = self._sampler.advance(lane, count)
        pace = (time.perf_counter() - began) / count
        return (lane, chunks, max(1, min(int(_CHUNK_SECONDS / pace), _GROWTH * max(wanted, _FIRST_ITERATIONS))))

    def _tell(self, report: _Report) -> None:
        while not self._dismissed.is_set():
            try:
                self._reports.put(report, timeout=0.2)
            except queue.Full:
                continue
            return


def _room(sampler: Sampler, iteration: int) -> int:
    """The most iterations that a chunk may have: up to the end of the warm-up, of the run, or of the buffer."""
    if iteration < sampler.warmup:
        return sampler.warmup - iteration
    room = sampler.rows * sampler.thin - (iteration - sampler.warmup) % sampler.thin
    return min(room, sampler.total - iteration)


@contextmanager
def _stop_on_interrupt(interrupted: threading.Event, crew: _Crew) -> Iterator[None]:
    """Inside, the first Ctrl-C asks the crew to stop and the second raises.

    An exception out of nowhere could tear a chunk that is just being written; a note that it came cannot.
    """
    previous = signal.getsignal(signal.SIGINT)
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or previous is None or previous is signal.SIG_IGN:
        yield
        return

    def note(*_: object) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt
        interrupted.set()
        crew.stop()

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
