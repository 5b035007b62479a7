"""What comes behind the end of an axis: draws of what a filter knows there, moved on by the model, and observed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Members
from uqdsl.assimilate.system import Events, System
from uqdsl.infer.population import over_particles, systematic


class Lead(NamedTuple):
    """Draws at one time ahead: of the states `(draw, d)`, as the spec calls them, and of what is observed `(draw, p)`."""

    states: jax.Array
    observed: jax.Array


def parted(system: System, steps: int) -> tuple[System, System]:
    """A system up to so many steps before the end of its axis, and from there on."""
    if not steps:
        return system, system
    before, after = slice(None, -steps), slice(-steps, None)
    head, tail = (jax.tree.map(lambda each, at=at: each[at], system.events) for at in (before, after))
    return replace(system, events=head), replace(system, events=tail)


def known_at_end(system: System, method: Filter, carried: Any, key: jax.Array, count: int) -> Members:
    """Draws, all of one weight, of what a filter carries at the end."""
    if method.members is None:
        assert method.drawn is not None, "a filter has members, or can be drawn from"
        return method.drawn(system, carried, key, count)
    members = method.members(system, carried)
    kept = systematic(key, jnp.log(members.weights), count)
    return Members(members.states[kept], members.parameters[kept], jnp.full(count, 1 / count))


def leads(system: System, start: Members, key: jax.Array) -> Iterator[Lead]:
    """What draws come to at each event of a system, moved and observed at random.

    Arguments:
        start: at the event before the first.
    """
    states, events = start.states, system.events
    for place in range(len(events.time)):
        event = jax.tree.map(lambda each, at=place: each[at], events)
        states, lead = _moved(system, states, start.parameters, event, jax.random.fold_in(key, place))
        yield lead


@jax.jit
def _moved(
    system: System, states: jax.Array, parameters: jax.Array, event: Events, key: jax.Array
) -> tuple[jax.Array, Lead]:
    def one(state: jax.Array, parameters: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        of_step, of_observation = jax.random.split(key)
        moved = system.step(state, parameters, event, of_step)
        return moved, system.draw_observed(moved, parameters, event, of_observation)

    moved, observed = over_particles(one, states, parameters, jax.random.split(key, len(states)))
    return moved, Lead(system.placed(moved), observed)
