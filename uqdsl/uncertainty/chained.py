"""Chains of stages, each adapted once: its metric, its step size and its length stay what they were found to be."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np

from uqdsl.uncertainty.short_chains import (
    ITERATIONS,
    LEAST,
    ChainProgram,
    Chains,
    Given,
    Kernel,
    Mixing,
    chain_program,
    run_chains,
    with_step_size,
)
from uqdsl.uncertainty.stages import Arrays, Stage

ANEW = 5 * ITERATIONS
"""The length of chains that do not begin at a draw of what they sample."""
_LONGEST = 8 * ITERATIONS
"""To which chains are doubled that move too little."""
_JUDGED = 256
"""Chains by which that is judged."""

type Watch = Callable[[str, int, int], object]
"""Is told what is being done, how much of it was done, and how much there is."""


def unwatched(doing: str, done: int, total: int) -> None:
    """For what nobody looks at."""


class Chained:
    """The chains of some stages.

    Attributes:
        wanted: the unknowns that are kept.
        mixing: how well the chains of each stage did.
        watch: is told how far they are.
    """

    def __init__(self, wanted: Collection[str], watch: Watch = unwatched) -> None:
        self.wanted, self.watch = wanted, watch
        self.mixing: dict[str, Mixing] = {}
        self._programs: dict[str, ChainProgram] = {}

    def run(
        self,
        stage: Stage,
        name: str,
        given: Given,
        words: np.ndarray,
        kernel: Callable[[], Kernel],
        *,
        start: Arrays | None = None,
        iterations: int = ITERATIONS,
        states: int = 1,
    ) -> Arrays:
        """What chains find that later stages want, `(chain, state, *shape)`.

        Arguments:
            name: of the stage.
            given: to each chain.
            words: its key.
            kernel: makes that of all chains, the first time.
            start: unknowns at which each chain begins, where these are draws of what it aims at.
            iterations: of each chain, at first.
            states: that are kept of each.
        """
        count, at = len(words), 0

        def run(program: ChainProgram, chains: slice) -> Chains:
            nonlocal at
            at = 0
            return run_chains(program, given, words[chains], start=start, done=done)

        def done(more: int) -> None:
            nonlocal at
            at += more
            self.watch(_DOING[name], at, count)

        self.watch(_DOING[name], 0, count)
        if name not in self._programs:
            program = chain_program(stage, kernel(), iterations, states=states, wanted=self.wanted)
            if start is not None:
                program = with_step_size(program, given, words, start)
            # How long chains are is settled the first time, so that a seed stays one and the same cause.
            found = run(program, slice(_JUDGED))
            while found.mixing.effective < 2 * LEAST and (longer := _longer(program, start)).work <= _LONGEST:
                program, found = longer, run(longer, slice(_JUDGED))
            self._programs[name] = program
            found = found if count <= _JUDGED else run(program, slice(None))
        else:
            found = run(self._programs[name], slice(None))
        if name not in self.mixing or found.mixing.chains > self.mixing[name].chains:
            self.mixing[name] = found.mixing
        return found.values


def _longer(program: ChainProgram, start: Arrays | None) -> ChainProgram:
    """Chains twice as long; those that have no way to go before they are draws follow longer trajectories instead."""
    if start is None:
        return program._replace(iterations=2 * program.iterations)
    return program._replace(turns=2 * program.turns)


_DOING = {
    "refit": "weights given true training data",
    "residual": "residual on testing data",
    "inputs": "true new inputs",
}
