"""The cycle: forecast, analysis, forecast, …, as one compiled loop, a chunk of events at a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.assimilate.system import Events, System
from uqdsl.infer.posterior import Watch

_CHUNK = 200
"""Events of one call of the compiled loop."""


class Estimate(NamedTuple):
    """What a filter knows at one time.

    - mean, sd: of the states, `(d,)`.
    - parameters, parameters_sd: of the parameters, `(q,)`.
    - observed, observed_sd: of what is observed then, without its error, `(p,)`.
    """

    mean: jax.Array
    sd: jax.Array
    parameters: jax.Array
    parameters_sd: jax.Array
    observed: jax.Array
    observed_sd: jax.Array


class Filter(NamedTuple):
    """A method that follows a system through time; what it carries along is any pytree.

    - begin: what it knows at the first time, before any observation.
    - predict: at an event, from what it knew at the event before.
    - analyse: once the observations of the event are in.
    - estimate: what it knows in numbers.
    - evidence: log density of the observations of an event, given all before, from what was predicted; None where it has none.
    """

    begin: Callable[[System, jax.Array], Any]
    predict: Callable[[System, Any, Events, jax.Array], Any]
    analyse: Callable[[System, Any, Events, jax.Array], Any]
    estimate: Callable[[System, Any, Events], Estimate]
    evidence: Callable[[System, Any, Events], jax.Array] | None = None


class Make(Protocol):
    """A method of `assimilate`: a filter from its options and what becomes of the parameters."""

    def __call__(self, options: Any, plan: Plan, /) -> Filter: ...


class Plan(NamedTuple):
    """What becomes of each element of the parameters: whether it is estimated beside the states, or drawn from its prior.

    Those that are neither are fixed at the mean of their prior.
    """

    estimated: np.ndarray
    sampled: np.ndarray


class Filtered(NamedTuple):
    """What a filter found, along the events.

    - forecast, analysis: before and after the observations of each event came in.
    - evidence: log density of the observations of each event, given all before; None where the method has none.
    - last: what it carried at the end.
    """

    forecast: Estimate
    analysis: Estimate
    evidence: np.ndarray | None
    last: Any


def follow(system: System, method: Filter, key: jax.Array, watch: Watch) -> Filtered:
    """Follow a system through all its events."""

    @jax.jit
    def begin(system: System) -> Any:
        return method.begin(system, jax.random.fold_in(key, 0))

    def one(system: System, carried: Any, numbered: tuple[jax.Array, Events]) -> tuple[Any, Any]:
        number, event = numbered
        key_of_step, key_of_analysis = jax.random.split(jax.random.fold_in(key, number + 1))

        def predicted(carried: Any) -> Any:
            return method.predict(system, carried, event, key_of_step)

        forecast = jax.lax.cond(number > 0, predicted, lambda carried: carried, carried)
        before = method.estimate(system, forecast, event)
        any_there = jnp.stack([jnp.any(rows >= 0) for rows in event.rows.values()]).any()
        evidence = jnp.zeros(())
        if method.evidence is not None:
            found = method.evidence
            evidence = jax.lax.cond(any_there, lambda c: found(system, c, event), lambda _: jnp.zeros(()), forecast)

        def analysed(carried: Any) -> Any:
            return method.analyse(system, carried, event, key_of_analysis)

        analysis = jax.lax.cond(any_there, analysed, lambda carried: carried, forecast)
        return analysis, (before, method.estimate(system, analysis, event), evidence)

    @jax.jit
    def some(system: System, carried: Any, numbers: jax.Array, events: Events) -> tuple[Any, Any]:
        return jax.lax.scan(lambda carried, each: one(system, carried, each), carried, (numbers, events))

    total = len(system.events.time)
    carried, parts = begin(system), []
    for start in range(0, total, _CHUNK):
        numbers = jnp.arange(start, min(start + _CHUNK, total))
        events = jax.tree.map(lambda each, at=numbers: each[at], system.events)
        carried, found = some(system, carried, numbers, events)
        parts.append(jax.tree.map(np.asarray, found))
        watch(min(start + _CHUNK, total), total)
    before, after, evidence = jax.tree.map(lambda *each: np.concatenate(each), *parts)
    return Filtered(before, after, evidence if method.evidence is not None else None, carried)
