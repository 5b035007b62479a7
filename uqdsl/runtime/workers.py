"""How functions of Python that JAX cannot follow are called at many places: one after the other, or in processes of their own.

Nothing here imports JAX: each process imports this and the module of the function, and no more.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_context
from threading import Lock
from typing import Any, NamedTuple


class Raised(NamedTuple):
    """What a call raised, in words."""

    text: str


type Place = tuple[str, str]
"""The module of a function and its name there."""


def attempt(function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """What a function gives, or what it raised."""
    try:
        return function(*arguments)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a function of others does
        first = str(error).strip().partition("\n")[0]
        return Raised(f"{type(error).__name__}: {first}")


def _quiet() -> None:
    """Ctrl-C is for the process that waits."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _elsewhere(place: Place, arguments: Sequence[Any]) -> Any:
    module, name = place
    return attempt(getattr(import_module(module), name), arguments)


class Pool:
    """Processes that call functions; one that ends, as a crash of compiled code ends it, costs the call that did it."""

    def __init__(self, jobs: int, places: Mapping[int, Place]) -> None:
        """Start with so many processes, for functions by their identity."""
        self._jobs, self.places = jobs, places
        self._one_at_a_time = Lock()
        self._executor = self._started()

    def calls(self, place: Place, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """What a function gives or raises, call by call."""
        with self._one_at_a_time:
            found = self._tried(place, rows)
            # Who ended a process is not known: each of those that were under way gets a process that it can end alone.
            return [
                self._tried(place, [row])[0] if each is None else each for row, each in zip(rows, found, strict=True)
            ]

    def _tried(self, place: Place, rows: Sequence[Sequence[Any]]) -> list[Any]:
        waiting = [self._executor.submit(_elsewhere, place, row) for row in rows]
        found = [_ended(each) for each in waiting]
        if any(each is None for each in found):
            self.close()
            self._executor = self._started()
        return [Raised("the process that it ran in ended")] if found == [None] else found

    def close(self) -> None:
        """End the processes."""
        self._executor.shutdown(cancel_futures=True)

    def _started(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._jobs, mp_context=get_context("spawn"), initializer=_quiet)


def _ended(call: Future[Any]) -> Any:
    """The result of a call; None where its process ended."""
    try:
        return call.result()
    except BrokenProcessPool:
        return None


_pools: list[Pool] = []
_forgiven: list[list[str]] = []


@contextmanager
def processes(jobs: int, places: Mapping[int, Place]) -> Iterator[None]:
    """In the block, calls of these functions at several places are made in so many processes; one is this."""
    if jobs == 1 or not places:
        yield
        return
    _pools.append(Pool(jobs, places))
    try:
        yield
    finally:
        _pools.pop().close()


@contextmanager
def forgiven() -> Iterator[list[str]]:
    """In the block, calls that raise give what is no number, and what they raised is in the list."""
    _forgiven.append([])
    try:
        yield _forgiven[-1]
    finally:
        _forgiven.pop()


def forgive(raised: Raised) -> bool:
    """Whether what a call raised is noted, and no more."""
    if _forgiven:
        _forgiven[-1].append(raised.text)
    return bool(_forgiven)


def calls(function: Callable[..., Any], rows: Sequence[Sequence[Any]]) -> list[Any]:
    """What a function gives, or raises, at each of several places."""
    pool = _pools[-1] if _pools else None
    if pool is None or id(function) not in pool.places:
        return [attempt(function, row) for row in rows]
    return pool.calls(pool.places[id(function)], rows)
