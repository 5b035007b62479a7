"""The driver, with a sampler that samples nothing."""

from __future__ import annotations

import signal
import threading
import time

import numpy as np
import pytest

from uqdsl.infer import Chunk
from uqdsl.infer.chains import ChainFailed, Lane, run_chains
from uqdsl.infer.draws import Silent


class Counter:
    """A sampler whose state is how many iterations it has done."""

    warmup, total, thin = 10, 100, 2

    def __init__(self, seconds: float = 0.0, fails_at: int | None = None, rows: int = 20) -> None:
        self.seconds, self.fails_at, self.rows = seconds, fails_at, rows
        self.threads: set[int] = set()

    def begin(self, chains: tuple[int, ...]) -> int:
        return 0

    def advance(self, lane: Lane, iterations: int) -> tuple[Lane, list[Chunk]]:
        self.threads.add(threading.get_ident())
        time.sleep(self.seconds)
        at = lane.iteration + iterations
        if self.fails_at is not None and at >= self.fails_at:
            raise ValueError("text that no user should see")
        empty = np.zeros(0)
        chunks = [Chunk(chain, 0, {}, {"acceptance_rate": empty}, {"i": empty}, at, 1) for chain in lane.chains]
        return lane._replace(iteration=at, state=at), chunks


def lanes(count: int) -> list[Lane]:
    return [Lane((chain,), 0, None, (0,)) for chain in range(count)]


def test_every_chain_comes_to_its_end_in_order() -> None:
    seen: list[Chunk] = []
    end = run_chains(Counter(), lanes(7), sink=seen.append, progress=Silent())
    assert end.iterations == dict.fromkeys(range(7), 100)
    assert end.divergences == dict.fromkeys(range(7), 1)
    for chain in range(7):
        iterations = [each.iteration for each in seen if each.chain == chain]
        assert iterations == sorted(iterations)
        assert 10 in iterations  # the end of the warm-up
        after = np.diff([10, *(each for each in iterations if each > 10)])
        assert after.max() <= 40  # rows * thin


def test_the_sink_is_called_on_the_main_thread_only() -> None:
    seen: set[int] = set()
    sampler = Counter()
    run_chains(sampler, lanes(3), sink=lambda _: seen.add(threading.get_ident()), progress=Silent())
    assert seen == {threading.main_thread().ident}
    assert threading.main_thread().ident not in sampler.threads


def test_no_chain_waits_for_another() -> None:
    """A lane that is done early does not hold the others up, and none runs far ahead of the rest."""
    done = run_chains(Counter(), [Lane((0,), 100, None, (3,)), *lanes(3)[1:]], sink=lambda _: None, progress=Silent())
    assert done.iterations == {0: 100, 1: 100, 2: 100}
    assert done.divergences == {0: 3, 1: 1, 2: 1}


def test_the_first_failure_stops_all_and_is_handed_on() -> None:
    before = threading.active_count()
    with pytest.raises(ChainFailed) as caught:
        run_chains(Counter(fails_at=50), lanes(3), sink=lambda _: None, progress=Silent())
    assert isinstance(caught.value.error, ValueError)
    assert threading.active_count() == before


def test_a_sink_that_fails_stops_the_chains() -> None:
    def full(_: Chunk) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run_chains(Counter(), lanes(3), sink=full, progress=Silent())


def test_a_slow_sink_holds_the_chains_up() -> None:
    sampler = Counter(rows=1)
    ahead: list[int] = []
    count = 0
    real = sampler.advance

    def counted(lane: Lane, iterations: int) -> tuple[Lane, list[Chunk]]:
        nonlocal count
        count += 1
        return real(lane, iterations)

    sampler.advance = counted  # type: ignore[method-assign]
    seen = 0

    def slow(_: Chunk) -> None:
        nonlocal seen
        seen += 1
        time.sleep(0.002)
        ahead.append(count - seen)

    run_chains(sampler, lanes(2), sink=slow, progress=Silent())
    assert max(ahead) <= 4 * 2 + 1 + 2  # the queue, and a chunk in the hands of each worker


def test_a_second_interrupt_raises_at_once() -> None:
    def impatient(_: Chunk) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    previous = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run_chains(Counter(0.01), lanes(2), sink=impatient, progress=Silent())
    assert signal.getsignal(signal.SIGINT) is previous
    signal.signal(signal.SIGINT, previous)


def test_an_interrupt_stops_each_chain_at_the_end_of_its_chunk() -> None:
    def patient(_: Chunk) -> None:
        if not stopped:
            stopped.append(True)
            signal.raise_signal(signal.SIGINT)

    stopped: list[bool] = []
    end = run_chains(Counter(0.01, rows=1), lanes(2), sink=patient, progress=Silent())
    assert end.interrupted
    assert all(0 <= done < 100 for done in end.iterations.values())


def test_chains_run_where_there_is_no_main_thread_to_interrupt() -> None:
    ends = []

    def elsewhere() -> None:
        ends.append(run_chains(Counter(), lanes(2), sink=lambda _: None, progress=Silent()))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert ends[0].iterations == {0: 100, 1: 100}
