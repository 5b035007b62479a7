"""Predictions behind the end of a time axis, told by draws: of a posterior, or of what a filter knows at the end."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from uqdsl import ir
from uqdsl.codegen import Program
from uqdsl.infer import Target
from uqdsl.messages import RunError
from uqdsl.messages.catalogue.sources import CannotLookAhead
from uqdsl.results import Group
from uqdsl.uncertainty.answers import Answer, summarised

if TYPE_CHECKING:
    from uqdsl.assimilate.cycle import Filter, Members
    from uqdsl.assimilate.system import System

_AHEAD = 0x61686561
"""Folded into the seed, so that no other user of the same seed draws the same numbers."""


class Ahead(NamedTuple):
    """What predictions ahead are made by: the target of the unknowns, and the system of states where there is one."""

    target: Target
    moving: Callable[[], tuple[System, Mapping[str, Program]]]


def longer_by(spec: ir.Spec, axis: str) -> int:
    """By how many steps an axis is longer than what is recorded along it."""
    return next((each.ahead for each in spec.dims if each.name == axis), 0)


def coords_ahead(spec: ir.Spec, coords: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """The labels of every dimension, those too that predictions ahead have for themselves."""
    found = dict(coords)
    for each in spec.predictions:
        if each.ahead:
            whole = coords[each.axis]
            first = len(whole) - longer_by(spec, each.axis)
            found[each.dims[0]] = list(whole[first : first + each.ahead])
    return found


def from_posterior(
    spec: ir.Spec, ahead: Ahead, posterior: Group, seed: int, asked: Sequence[ir.Prediction]
) -> Iterator[Answer]:
    """What is told by draws of a posterior."""
    plain = {each.name for each in spec.statements if isinstance(each, ir.Observation | ir.Quantity | ir.Unknown)}
    of_states = [each for each in asked if each.target not in plain]
    for each in (each for each in asked if each.target in plain):
        yield _of_unknowns(spec, ahead.target, posterior, seed, each)
    if of_states:
        import jax

        system, _ = ahead.moving()
        count = max(each.draws for each in of_states)
        start = _states_of(spec, system, posterior, seed, count)
        yield from _told(spec, system, start, jax.random.fold_in(jax.random.key(seed), _AHEAD), of_states)


def from_filter(
    spec: ir.Spec, system: System, method: Filter, carried: Any, key: Any, asked: Sequence[ir.Prediction]
) -> Iterator[Answer]:
    """What is told by draws of what a filter carries at the end of what is recorded."""
    import jax

    from uqdsl.assimilate.ahead import known_at_end

    of_start, of_steps = jax.random.split(jax.random.fold_in(key, _AHEAD))
    count = max(each.draws for each in asked)
    start = known_at_end(system, method, carried, of_start, count)
    yield from _told(spec, system, start, of_steps, asked)


def check_recorded(spec: ir.Spec, system: System) -> None:
    """That nothing was observed behind the end of the axis.

    Raises:
        RunError: UQ377.
    """
    motion = system.fixed.motion
    steps = longer_by(spec, motion.axis)
    asked = next((each for each in spec.predictions if each.ahead and each.axis == motion.axis), None)
    for stream in motion.streams:
        late = np.asarray(system.events.rows[stream.rows])[len(system.events.time) - steps :]
        if asked is not None and stream.times is not None and (late >= 0).any():
            last = float(np.max(np.asarray(system.data[stream.times])))
            reason = f"`{stream.name}` was observed at {motion.axis} = {last:g}, behind the end of the axis"
            hint = "let the axis reach over all times of the data"
            raise RunError([CannotLookAhead(at=asked.span, name=asked.target, reason=reason, hint=hint)])


def _of_unknowns(spec: ir.Spec, target: Target, posterior: Group, seed: int, asked: ir.Prediction) -> Answer:
    """An outcome, a quantity or an unknown of a spec that is inferred as a whole."""
    import jax
    from numpyro.handlers import substitute

    from uqdsl.infer.predictive import over_draws, run_forward, without_reparam
    from uqdsl.uncertainty.outcomes import Outcome, outcome_of

    model, name = without_reparam(target.model), asked.target
    is_outcome = any(each.name == name for each in spec.observations)
    outcome = outcome_of(spec, target.coords, name) if is_outcome else Outcome(name, "", ())
    place = target.dims[name].index(asked.axis)
    first = len(target.coords[asked.axis]) - longer_by(spec, asked.axis)

    def one(key: Any, values: dict[str, Any], data: dict[str, Any]) -> dict[str, dict[str, Any]]:
        found = outcome.read(run_forward(target, substitute(model, data=values), data, key))
        ahead = {part: jax.numpy.moveaxis(each, place, 0)[first : first + asked.ahead] for part, each in found.items()}
        return {"found": ahead}

    count = asked.draws
    known = draws_of(posterior, (*target.unknowns, *target.discrete), seed, count)
    key = jax.random.fold_in(jax.random.key(seed), _AHEAD)

    def drawn(time: int) -> dict[str, np.ndarray]:
        places = np.stack([np.full(count, time), np.arange(count)], -1)
        found = over_draws(one, key, known, places, target.data)["found"]
        named = {f"{asked.name} {part}": each for part, each in found.items() if part != "value"}
        return {asked.name: found["value"], **named}

    return summarised(asked, outcome.classes, [(drawn(0), drawn(1))])


def _states_of(spec: ir.Spec, system: System, posterior: Group, seed: int, count: int) -> Members:
    """Draws of states and parameters at the last time of which anything is recorded."""
    import jax
    import jax.numpy as jnp

    from uqdsl.assimilate.cycle import Members

    states, parameters, axis = system.fixed.states, system.fixed.parameters, system.fixed.motion.axis
    known = draws_of(posterior, (*states.names, *parameters.names), seed, count)
    last = len(posterior.coords[axis]) - longer_by(spec, axis) - 1
    there = {name: jnp.asarray(known[name][:, last]) for name in states.names}
    fixed = {name: jnp.asarray(known[name]) for name in parameters.names}
    values = jax.vmap(states.join)(there)
    return Members(
        system.free(values),
        jax.vmap(parameters.join)(fixed) if fixed else jnp.zeros((count, 0)),
        jnp.full(count, 1 / count),
    )


def draws_of(posterior: Group, names: Iterable[str], seed: int, count: int | None = None) -> dict[str, np.ndarray]:
    """Joint draws, chain after chain, in random order: all, or so many; where more are wanted, they come again."""
    found = {name: posterior.variables.get(name) or posterior.variables[f"{name}_index"] for name in names}
    flat = {name: each.values.reshape(-1, *each.values.shape[2:]) for name, each in found.items()}
    order = np.random.default_rng(seed).permutation(len(next(iter(flat.values()))))
    index = order if count is None else order[np.arange(count) % len(order)]
    return {name: each[index] for name, each in flat.items()}


def _told(spec: ir.Spec, system: System, start: Members, key: Any, asked: Sequence[ir.Prediction]) -> Iterator[Answer]:
    """What is told of states and of what is observed of them, one time after the other."""
    import jax

    from uqdsl.assimilate.ahead import leads, parted

    tail = parted(system, longer_by(spec, system.fixed.motion.axis))[1]
    first = jax.tree.map(lambda each: each[0], tail.events)
    shapes = {each.name: each for each in tail.shapes_observed(first)}
    states = tail.fixed.states

    def draws(each: ir.Prediction, lead: Any) -> np.ndarray:
        """`(draw, 1, *shape)`."""
        count = each.draws
        if each.target in states.names:
            return np.asarray(jax.vmap(states.split)(lead.states[:count])[each.target])[:, None]
        shape = shapes[each.target]
        values = np.asarray(lead.observed[:count, shape.start : shape.start + math.prod(shape.sizes)])
        return np.moveaxis(values.reshape(count, *shape.sizes), 1 + shape.dims.index(each.axis), 1)

    for each in asked:
        both = (leads(tail, start, one) for one in jax.random.split(key))
        times = range(each.ahead)
        blocks = (
            ({each.name: draws(each, found)}, {each.name: draws(each, again)})
            for _, found, again in zip(times, *both, strict=False)
        )
        yield summarised(each, (), blocks)
