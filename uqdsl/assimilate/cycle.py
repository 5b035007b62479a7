"""The cycle: forecast, analysis, forecast, …, as one compiled loop, a chunk of events at a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

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


class Passed(NamedTuple):
    """What a filter carried at an event: before and after the observations of that event came in."""

    forecast: Any
    analysis: Any


class Smoother(NamedTuple):
    """How a method looks back once all observations are in, from the last event to the first.

    - keep: of what was carried at an event, before and after its observations came in, what the way back asks for.
    - begin: what is known at the last event, from what was kept there.
    - back: what is known at an event `here`, from what was kept there and at the event after it, what is known there, and that
      event: `back(system, kept here, kept after, known after, event after)`.
    - estimate: that in numbers.
    """

    keep: Callable[[Any, Any], Any]
    begin: Callable[[System, Any, Events], Any]
    back: Callable[[System, Any, Any, Any, Events], Any]
    estimate: Callable[[System, Any, Events], Estimate]


class Filter(NamedTuple):
    """A method that follows a system through time; what it carries along is any pytree.

    - begin: what it knows at the first time, before any observation.
    - predict: at an event, from what it knew at the event before.
    - analyse: once the observations of the event are in; and numbers of this analysis worth telling, by name.
    - estimate: what it knows in numbers.
    - evidence: log density of the observations of an event, given all before, from what was predicted; None where it has none.
    - smoother: how it looks back once all observations are in; None where it does not.
    - refuse: why it cannot follow a system, and what to do, in words; None where it can follow all.
    """

    begin: Callable[[System, jax.Array], Any]
    predict: Callable[[System, Any, Events, jax.Array], Any]
    analyse: Callable[[System, Any, Events, jax.Array], tuple[Any, dict[str, jax.Array]]]
    estimate: Callable[[System, Any, Events], Estimate]
    evidence: Callable[[System, Any, Events], jax.Array] | None = None
    smoother: Smoother | None = None
    refuse: Callable[[System], tuple[str, str] | None] | None = None


class Plan(NamedTuple):
    """What becomes of each element of the parameters: whether it is estimated beside the states, or drawn from its prior.

    Those that are neither are fixed at the mean of their prior.
    """

    estimated: np.ndarray
    sampled: np.ndarray


class Filtered(NamedTuple):
    """What a filter found, along the events.

    - forecast, analysis: before and after the observations of each event came in.
    - smoothed: once all observations are in; None where the method does not look back.
    - evidence: log density of the observations of each event, given all before; None where the method has none.
    - numbers: of each analysis, by name, NaN where nothing was observed.
    - last: what it carried at the end.
    """

    forecast: Estimate
    analysis: Estimate
    smoothed: Estimate | None
    evidence: np.ndarray | None
    numbers: dict[str, np.ndarray]
    last: Any


def follow(system: System, method: Filter, key: jax.Array, watch: Watch) -> Filtered:
    """Follow a system through all its events, and look back where the method does."""

    @jax.jit
    def begin(system: System) -> Any:
        return method.begin(system, jax.random.fold_in(key, 0))

    @jax.jit
    def some(system: System, carried: Any, events: Events) -> tuple[Any, Any]:
        return jax.lax.scan(lambda carried, event: _one(system, method, carried, event, key), carried, events)

    @jax.jit
    def back(system: System, later: _Later, kept: Any, events: Events) -> tuple[_Later, Estimate]:
        return jax.lax.scan(
            lambda later, here: _one_back(system, method, later, *here), later, (kept, events), reverse=True
        )

    total = len(system.events.time)
    smoother = method.smoother
    looks_back = smoother is not None
    steps = total * (2 if looks_back else 1)
    chunks = [slice(start, min(start + _CHUNK, total)) for start in range(0, total, _CHUNK)]
    carried, parts, kept = begin(system), [], []
    for chunk in chunks:
        carried, (found, of_these) = some(system, carried, jax.tree.map(lambda each, at=chunk: each[at], system.events))
        parts.append(jax.tree.map(np.asarray, found))
        if looks_back:
            kept.append(jax.tree.map(np.asarray, of_these))
        watch(chunk.stop, steps)
    smoothed = []
    if smoother is not None:
        end = jax.tree.map(lambda each: jnp.asarray(each[-1]), kept[-1])
        last = jax.tree.map(lambda each: each[-1], system.events)
        later = _Later(end, jax.jit(smoother.begin)(system, end, last), last)
        for number, chunk in reversed(list(enumerate(chunks))):
            events = jax.tree.map(lambda each, at=chunk: each[at], system.events)
            later, found = back(system, later, kept[number], events)
            smoothed.insert(0, jax.tree.map(np.asarray, found))
            watch(2 * total - chunk.start, steps)
    before, after, evidence, numbers = jax.tree.map(lambda *each: np.concatenate(each), *parts)
    return Filtered(
        before,
        after,
        jax.tree.map(lambda *each: np.concatenate(each), *smoothed) if smoothed else None,
        evidence if method.evidence is not None else None,
        numbers,
        carried,
    )


def _one(system: System, method: Filter, carried: Any, event: Events, key: jax.Array) -> tuple[Any, Any]:
    """From one event to the next."""
    key_of_step, key_of_analysis = jax.random.split(jax.random.fold_in(key, event.number + 1))

    def predicted(carried: Any) -> Any:
        return method.predict(system, carried, event, key_of_step)

    forecast = jax.lax.cond(event.number > 0, predicted, lambda carried: carried, carried)
    before = method.estimate(system, forecast, event)
    any_there = system.any_observed(event)
    evidence = jnp.zeros(())
    if method.evidence is not None:
        found = method.evidence
        evidence = jax.lax.cond(any_there, lambda c: found(system, c, event), lambda _: jnp.zeros(()), forecast)

    def analysed(carried: Any) -> tuple[Any, dict[str, jax.Array]]:
        return method.analyse(system, carried, event, key_of_analysis)

    _, told = jax.eval_shape(analysed, forecast)
    nothing = {name: jnp.full(each.shape, jnp.nan) for name, each in told.items()}
    analysis, numbers = jax.lax.cond(any_there, analysed, lambda carried: (carried, nothing), forecast)
    kept = method.smoother.keep(forecast, analysis) if method.smoother is not None else None
    return analysis, ((before, method.estimate(system, analysis, event), evidence, numbers), kept)


class _Later(NamedTuple):
    """The event after the one that is looked back to: what was kept there, what is known there, and the event."""

    kept: Any
    known: Any
    event: Events


def _one_back(system: System, method: Filter, later: _Later, kept: Any, event: Events) -> tuple[_Later, Estimate]:
    """From one event to the one before; the last event is its own successor, and stays as it is."""
    smoother = method.smoother
    assert smoother is not None

    def looked_back(known: Any) -> Any:
        return smoother.back(system, kept, later.kept, known, later.event)

    at_the_end = event.number == later.event.number
    known = jax.lax.cond(at_the_end, lambda known: known, looked_back, later.known)
    return _Later(kept, known, event), smoother.estimate(system, known, event)
