"""A truth and what is observed of it, drawn from the laws of a system."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.assimilate.system import Events, System


class Trajectory(NamedTuple):
    """A draw: parameters `(q,)`, the states at each event `(event, d)`, and what is observed of them `(event, p)`."""

    parameters: jax.Array
    states: jax.Array
    observed: jax.Array


def simulate(system: System, key: jax.Array, spin_up: float = 0.0) -> Trajectory:
    """Draw parameters, the states at all times, and observations of them.

    Arguments:
        spin_up: for how long the states move before the first time, by steps as the first, so that they are where the system
            leads and no more where their first law has them.
    """
    length = float(system.events.length[1]) if spin_up and len(system.events.length) > 1 else 0.0
    return _simulate(system, key, math.ceil(spin_up / length - 1e-9) if length > 0 else 0)


@jax.jit
def _simulate(system: System, key: jax.Array, before: int) -> Trajectory:
    of_start, of_steps, of_spin_up = jax.random.split(key, 3)
    parameters, first = system.draw_initial(of_start)
    second = jax.tree.map(lambda each: each[min(1, len(each) - 1)], system.events)

    def once_before(number: Any, state: jax.Array) -> jax.Array:
        return system.step(state, parameters, second, jax.random.fold_in(of_spin_up, number))

    def once(state: jax.Array, event: Events) -> tuple[jax.Array, Any]:
        of_step, of_observation = jax.random.split(jax.random.fold_in(of_steps, event.number))
        moved = jnp.where(event.number > 0, system.step(state, parameters, event, of_step), state)
        return moved, (moved, system.draw_observed(moved, parameters, event, of_observation))

    _, (states, observed) = jax.lax.scan(once, jax.lax.fori_loop(0, before, once_before, first), system.events)
    return Trajectory(parameters, states, observed)
