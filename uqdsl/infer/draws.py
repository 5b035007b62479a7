"""What a run of chains hands over, and to whom."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np


class Chunk(NamedTuple):
    """What a chain hands over after each compiled block of iterations.

    - chain: its number, from 0.
    - start: index of its first draw among the kept draws of this chain.
    - draws: constrained unknowns and recorded quantities by name, `(n, *shape)`; `n` is 0 while warming up.
    - stats: of each kept draw, `(n,)`, under ArviZ's names: `diverging`, `energy`, `lp`, `step_size`, `tree_depth`,
      `n_steps`, `acceptance_rate`.
    - state: all that the chain needs to go on from here bit for bit.
    - iteration: iterations done, warm-up included.
    - divergences: so far, after warm-up, of every iteration, kept or thinned out.
    """

    chain: int
    start: int
    draws: dict[str, np.ndarray]
    stats: dict[str, np.ndarray]
    state: dict[str, np.ndarray]
    iteration: int
    divergences: int


class Outcome(NamedTuple):
    """How a run ended; its draws went to the sink.

    - interrupted: whether Ctrl-C stopped it early.
    - iterations, divergences: of each chain, in total.
    - kept: draws of each chain, in total, those before a resumption included.
    - compile_seconds, sample_seconds: wall time.
    - compiled: False where every program came from the cache.
    """

    interrupted: bool
    iterations: dict[int, int]
    kept: dict[int, int]
    divergences: dict[int, int]
    compile_seconds: float
    sample_seconds: float
    compiled: bool


class Sink(Protocol):
    """Takes every chunk, in the order of each chain; called from the main thread only."""

    def __call__(self, chunk: Chunk, /) -> object: ...


class Progress(Protocol):
    """Is told how far the chains are; called from the main thread only."""

    def start(self, total: int) -> None:
        """Sampling begins; `total` iterations per chain, warm-up included."""

    def update(self, chain: int, iteration: int, divergences: int, warming_up: bool) -> None:
        """A chain has done `iteration` iterations, with so many divergences after warm-up."""

    def finish(self) -> None:
        """Sampling is over, for whatever reason."""


class Silent:
    """Progress that nobody watches."""

    def start(self, total: int) -> None: ...

    def update(self, chain: int, iteration: int, divergences: int, warming_up: bool) -> None: ...

    def finish(self) -> None: ...
