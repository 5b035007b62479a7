"""Long loops in compiled pieces, between which one can look, and stop."""

from __future__ import annotations

import time
from collections.abc import Callable

import jax

from uqdsl.infer.posterior import Watch

_SECONDS = 0.2
"""What a piece should take: short enough for Ctrl-C and the bar, long enough that handing it over costs nothing."""


def in_chunks[State](
    advance: Callable[[State, int, int], State],
    state: State,
    steps: int,
    watch: Watch,
) -> State:
    """The state after so many steps.

    Arguments:
        advance: compiled; from a state and the numbers of the first step to do and of the first not to do to the state
            then. It must not matter where the pieces end.
    """
    done, size = 0, 1
    while done < steps:
        began = time.monotonic()
        until = min(done + size, steps)
        state = jax.block_until_ready(advance(state, done, until))
        watch(until, steps)
        done, size = until, size * 2 if time.monotonic() - began < _SECONDS / 2 else size
    return state
