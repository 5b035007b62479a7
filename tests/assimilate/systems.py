"""Systems of the tests, from the text of a spec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np

from uqdsl.assimilate.system import System
from uqdsl.data import bind
from uqdsl.driver.assimilate import Assimilated, assimilate, system_of
from uqdsl.driver.front import Checked, check
from uqdsl.driver.source import Source


def checked(text: str) -> Checked:
    """A spec of which every step is taken but the last."""
    return check(Source("test.uq", text, Path()))


def bound(text: str, **data: Any) -> System:
    """The system of a spec with its data."""
    spec = checked(text)
    return system_of(spec.spec, spec.sources, bind(spec.spec, spec.source.folder, data))[0]


def assimilated(text: str, seed: int = 0, **data: Any) -> Assimilated:
    """What the first `assimilate` of a spec finds."""
    spec = checked(text)
    dataset = bind(spec.spec, spec.source.folder, data)
    system, _ = system_of(spec.spec, spec.sources, dataset)
    motion = spec.spec.motion
    assert motion is not None
    return assimilate(spec.spec, system, motion.assimilations[0], dataset, seed, lambda *_: None)


def trajectory(system: System, seed: int = 0, spin_up: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A draw of the states `(event, d)` and of what is observed of them `(event, p)`.

    Arguments:
        spin_up: how often the whole time is gone through before.
    """
    key = jax.random.key(seed)
    parameters, first = system.draw_initial(key)

    def follow(state: jax.Array, numbered: Any) -> tuple[jax.Array, Any]:
        number, event = numbered
        own = jax.random.fold_in(key, number)
        moved = jax.numpy.where(number > 0, system.step(state, parameters, event, own), state)
        return moved, (moved, system.draw_observed(moved, parameters, event, jax.random.fold_in(own, 1)))

    numbers = np.arange(len(system.events.time))
    last = first
    for _ in range(spin_up):
        last, _ = jax.lax.scan(follow, last, (numbers, system.events))
    _, (states, seen) = jax.lax.scan(follow, last, (numbers, system.events))
    return np.array(system.placed(states)), np.array(seen)
