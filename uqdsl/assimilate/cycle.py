"""The cycle: forecast, analysis, forecast, …, as one compiled loop, a chunk of events at a call."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from uqdsl.assimilate.hoisting import hoisted
from uqdsl.assimilate.scores import fair_crps, ranks
from uqdsl.assimilate.system import Events, System
from uqdsl.infer.population import over_particles
from uqdsl.infer.posterior import Watch

_CHUNK = 200
"""Most events of one call of the compiled loop."""
_ELEMENTS = 1 << 24
"""Most elements of what is told of these events."""
_SECONDS = 1.0
"""How long a call should take, so that progress shows and an interrupt is heeded."""


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


class Members(NamedTuple):
    """What a filter knows as draws: of states `(N, d)` on their unconstrained scale, of parameters `(N, q)` on that of their
    supports, and their weights `(N,)`, of sum 1.
    """

    states: jax.Array
    parameters: jax.Array
    weights: jax.Array


class Passed(NamedTuple):
    """What a filter carried at an event: before and after the observations of that event came in."""

    forecast: Any
    analysis: Any


class Event(NamedTuple):
    """What a filter makes of an event.

    - passed: what it carried before and after the observations came in.
    - evidence: log density of these, given all before: known before they are analysed, or estimated by the analysis, where it
      tells `log_evidence` among its numbers; 0 where nothing was observed.
    - numbers: of the analysis, NaN where nothing was observed.
    """

    passed: Passed
    evidence: jax.Array
    numbers: dict[str, jax.Array]


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
    - analyse: once the observations of the event are in; and numbers of this analysis worth telling, by name. `gain` is that
      of each observation `(p,)`, the diagonal of HK, told where it is not that of least variance.
    - estimate: what it knows in numbers.
    - evidence: log density of the observations of an event, given all before, from what was predicted; None where it has none.
    - smoother: how it looks back once all observations are in; None where it does not.
    - refuse: why it cannot follow a system, and what to do, in words; None where it can follow all.
    - members: what it carries as draws; None where it has none.
    - drawn: from what it carries, a key and how many to draws of it; None where it has members.
    - renew: from what it carries, which members are numbers `(N,)` of which some are and some are not, and a key to what it
      carries with others in the place of these; None where it does not.
    """

    begin: Callable[[System, jax.Array], Any]
    predict: Callable[[System, Any, Events, jax.Array], Any]
    analyse: Callable[[System, Any, Events, jax.Array], tuple[Any, dict[str, jax.Array]]]
    estimate: Callable[[System, Any, Events], Estimate]
    evidence: Callable[[System, Any, Events], jax.Array] | None = None
    smoother: Smoother | None = None
    refuse: Callable[[System], tuple[str, str] | None] | None = None
    members: Callable[[System, Any], Members] | None = None
    renew: Callable[[Any, jax.Array, jax.Array], Any] | None = None
    drawn: Callable[[System, Any, jax.Array, int], Members] | None = None


class Plan(NamedTuple):
    """What becomes of each element of the parameters: whether it is estimated beside the states, or drawn from its prior.

    Those that are neither are fixed at the mean of their prior.
    """

    estimated: np.ndarray
    sampled: np.ndarray


class Asked(NamedTuple):
    """What is to be told beside the estimates.

    - truth: the states as they were, `(event, d)`, NaN where that is not known; None where it never is.
    - keep: how many members of each analysis are kept.
    - stops: whether a member that fails ends it all.
    """

    truth: np.ndarray | jax.Array | None = None
    keep: int = 0
    stops: bool = False


_FAILED = "failed"
"""Among the numbers of an event, how many members the step that leads there made what is no number."""


class MembersFailed(Exception):
    """So many members failed in the step to an event."""

    def __init__(self, event: int, count: int) -> None:
        super().__init__(f"{count} members failed on the way to event {event}")
        self.event, self.count = event, count


class Filtered(NamedTuple):
    """What a filter found, along the events; those alone that it came to, where it was stopped.

    - forecast, analysis: before and after the observations of each event came in.
    - smoothed: once all observations are in; None where the method does not look back.
    - evidence: log density of the observations of each event, given all before; None where the method has none.
    - numbers: of each analysis, by name, NaN where nothing was observed.
    - ranks: histograms `(event, bins)` of the ranks of the observations in the forecast (`observed`) and of the truth in the
      analysis (`truth`); nothing of a filter without members.
    - members: some of each analysis `(event, members, d)`, as many as were asked for, and their `weights` `(event, members)`
      among all.
    - size: how many members there are; None of a filter without.
    - last: what it carried at the end.
    """

    forecast: Estimate
    analysis: Estimate
    smoothed: Estimate | None
    evidence: np.ndarray | None
    numbers: dict[str, np.ndarray]
    ranks: dict[str, np.ndarray]
    members: np.ndarray | None
    weights: np.ndarray | None
    size: int | None
    last: Any


class Keeper(Protocol):
    """Holds what a filter found so far, for one that goes on where another was stopped."""

    def load(self) -> tuple[list[np.ndarray], list[list[np.ndarray]]] | None:
        """What was carried, and what each chunk of events gave, as lists of arrays; None where nothing was kept."""
        ...

    def __call__(self, carried: list[np.ndarray], found: list[np.ndarray], done: int) -> None:
        """Take what is carried after so many events, and what the last of them gave."""
        ...


def follow(
    system: System,
    method: Filter,
    key: jax.Array,
    watch: Watch,
    asked: Asked = Asked(),  # noqa: B008 - never changed
    keeper: Keeper | None = None,
) -> Filtered:
    """Follow a system through all its events, and look back where the method does.

    An interrupt ends it with the chunk of events that is at work; what was found so far is given back.
    """
    total = len(system.events.time)

    @jax.jit
    def begin(system: System, key: jax.Array) -> Any:
        return method.begin(system, jax.random.fold_in(key, 0))

    def one(known: _Known, carried: Any, number: jax.Array) -> tuple[Any, Any]:
        system, truth, key = known
        event, true = jax.tree.map(lambda each: each[number], (system.events, truth))
        return _one(system, method, carried, event, key, asked._replace(truth=true))

    looks_back = method.smoother is not None
    steps = total * (2 if looks_back else 1)
    carried = spread_over_devices(method, system, begin(system, key))
    system = _everywhere(system)
    known = _Known(system, None if asked.truth is None else jnp.asarray(asked.truth), key)
    early, late = hoisted(one, known, carried, jnp.zeros((), int))
    constant = jax.jit(early)(known)
    told_of_one = jax.eval_shape(late, constant, known, carried, jnp.zeros((), int))[1]
    structure = jax.tree.structure(told_of_one)
    elements = sum(math.prod(each.shape) for each in jax.tree.leaves(told_of_one))
    chunk = max(1, min(total, _CHUNK, _ELEMENTS // max(1, elements)))

    # What is carried is written over, so that nobody may look at what went in.
    @partial(jax.jit, donate_argnums=2)
    def some(constant: Any, known: _Known, carried: Any, first: int, stop: int) -> tuple[Any, Any]:
        """The events from `first` to `stop`, of which there are at most so many as a chunk has; one program for all."""

        def each(number: jax.Array, both: tuple[Any, Any]) -> tuple[Any, Any]:
            carried, found = both
            carried, told = late(constant, known, carried, number)
            return carried, jax.tree.map(lambda whole, one: whole.at[number - first].set(one), found, told)

        blank = jax.tree.map(lambda one: jnp.zeros((chunk, *one.shape), one.dtype), told_of_one)
        return jax.lax.fori_loop(first, stop, each, (carried, blank))

    parts: list[list[np.ndarray]] = []
    done, at_once = 0, 1
    if keeper is not None and (kept := keeper.load()) is not None:
        leaves, parts = kept
        carried = jax.tree.unflatten(jax.tree.structure(carried), [jnp.asarray(each) for each in leaves])
        carried = spread_over_devices(method, system, carried)
        done = sum(len(each[0]) for each in parts)
    try:
        while done < total:
            began = time.monotonic()
            stop = min(done + at_once, total)
            carried, found = some(constant, known, carried, done, stop)
            parts.append([np.asarray(each)[: stop - done] for each in jax.tree.leaves(found)])
            if keeper is not None:
                keeper([np.asarray(each) for each in jax.tree.leaves(carried)], parts[-1], stop)
            if asked.stops:
                _verify_whole(jax.tree.unflatten(structure, parts[-1])[0][3], done)
            # The first event waits for the compiler, and says nothing of how long one takes.
            took = (time.monotonic() - began) / (stop - done)
            at_once = 2 if done == 0 else max(1, min(chunk, 2 * (stop - done), int(_SECONDS / max(took, 1e-9))))
            done = stop
            watch(done, steps)
    except KeyboardInterrupt:
        if not parts:
            raise
        looks_back = False
    assert structure.num_leaves == len(parts[0]), "a keeper gives back what it was given"
    whole = [np.concatenate(each) for each in zip(*parts, strict=True)]
    told, places, (members, weights), kept = jax.tree.unflatten(structure, whole)
    before, after, evidence, numbers = told
    return Filtered(
        before,
        after,
        _look_back(system, method, kept, chunk, watch) if looks_back else None,
        evidence if method.evidence is not None else None,
        numbers,
        places,
        members,
        weights,
        _size(method, system, carried),
        carried,
    )


def _verify_whole(numbers: dict[str, np.ndarray], first: int) -> None:
    """That no member failed on the way to some events, of which this is the first."""
    lost = np.flatnonzero(numbers.get(_FAILED, np.zeros(0)))
    if len(lost):
        raise MembersFailed(first + int(lost[0]), int(numbers[_FAILED][lost[0]]))


def _look_back(system: System, method: Filter, kept: Any, chunk: int, watch: Watch) -> Estimate:
    """From the last event to the first."""
    assert method.smoother is not None, "whoever calls has looked"
    total = len(system.events.time)

    @jax.jit
    def back(system: System, later: _Later, kept: Any, events: Events) -> tuple[_Later, Estimate]:
        return jax.lax.scan(
            lambda later, here: _one_back(system, method, later, *here), later, (kept, events), reverse=True
        )

    end, last = jax.tree.map(lambda each: jnp.asarray(each[-1]), (kept, system.events))
    later = _Later(end, jax.jit(method.smoother.begin)(system, end, last), last)
    found = []
    for stop in range(total, 0, -chunk):
        start = max(0, stop - chunk)
        some = jax.tree.map(lambda each, at=slice(start, stop): each[at], (kept, system.events))
        later, smoothed = back(system, later, *some)
        found.insert(0, jax.tree.map(np.asarray, smoothed))
        watch(2 * total - start, 2 * total)
    return jax.tree.map(lambda *each: np.concatenate(each), *found)


def _size(method: Filter, system: System, carried: Any) -> int | None:
    """How many members are carried."""
    return None if method.members is None else len(jax.eval_shape(method.members, system, carried).weights)


def _everywhere(system: System) -> System:
    """A system that is on every device, where there are several."""
    if len(jax.devices()) == 1:
        return system
    return jax.device_put(system, NamedSharding(_mesh(), PartitionSpec()))


def spread_over_devices(method: Filter, system: System, carried: Any) -> Any:
    """What is carried, its members divided among the devices, where there are several and the members can be divided."""
    count = _size(method, system, carried)
    if len(jax.devices()) == 1 or count is None or count % len(jax.devices()):
        return carried

    def placed(each: jax.Array) -> jax.Array:
        by_member = each.ndim > 0 and len(each) == count
        return jax.device_put(each, NamedSharding(_mesh(), PartitionSpec("member") if by_member else PartitionSpec()))

    return jax.tree.map(placed, carried)


def _mesh() -> Mesh:
    return Mesh(np.asarray(jax.devices()), ("member",))


def pass_event(system: System, method: Filter, carried: Any, event: Events, key: jax.Array) -> Event:
    """Predict, where the event is not the first, and analyse, where something was observed.

    Arguments:
        key: of the whole; an event depends on it and its number alone.
    """
    of_step, of_analysis = jax.random.split(_key_of(event, key))

    def predicted(carried: Any) -> Any:
        return method.predict(system, carried, event, of_step)

    def analysed(carried: Any) -> tuple[Any, jax.Array, dict[str, jax.Array]]:
        evidence = method.evidence(system, carried, event) if method.evidence is not None else None
        analysis, numbers = method.analyse(system, carried, event, of_analysis)
        return analysis, numbers.get("log_evidence", jnp.zeros(())) if evidence is None else evidence, numbers

    forecast = jax.lax.cond(event.number > 0, predicted, lambda carried: carried, carried)
    forecast, failed = _renewed(system, method, forecast, jax.random.fold_in(of_step, 1))
    told = jax.eval_shape(analysed, forecast)[2]
    nothing = {name: jnp.full(each.shape, jnp.nan) for name, each in told.items()}
    analysis, evidence, numbers = jax.lax.cond(
        system.any_observed(event), analysed, lambda carried: (carried, jnp.zeros(()), nothing), forecast
    )
    return Event(Passed(forecast, analysis), evidence, numbers | failed)


def _key_of(event: Events, key: jax.Array) -> jax.Array:
    return jax.random.fold_in(key, event.number + 1)


def _one(system: System, method: Filter, carried: Any, event: Events, key: jax.Array, asked: Asked) -> tuple[Any, Any]:
    """From one event to the next; beside the estimates what is asked of this event."""
    here = pass_event(system, method, carried, event, key)
    kept = method.smoother.keep(*here.passed) if method.smoother is not None else None
    # The third of the keys of the event, of which `pass_event` uses two.
    key_of_scores = jax.random.fold_in(_key_of(event, key), 2)
    scores, places, members = _scored(system, method, here.passed, event, key_of_scores, asked)
    before, after = (method.estimate(system, each, event) for each in here.passed)
    return here.passed.analysis, ((before, after, here.evidence, here.numbers | scores), places, members, kept)


def _renewed(system: System, method: Filter, forecast: Any, key: jax.Array) -> tuple[Any, dict[str, jax.Array]]:
    """What is carried with others in the place of members that failed, and how many these were."""
    renew = method.renew
    if method.members is None or renew is None:
        return forecast, {}
    found = method.members(system, forecast)
    whole = jnp.isfinite(found.states).all(axis=1) & jnp.isfinite(found.parameters).all(axis=1)
    renewable = jnp.any(whole) & ~jnp.all(whole)
    forecast = jax.lax.cond(renewable, lambda each: renew(each, whole, key), lambda each: each, forecast)
    return forecast, {_FAILED: jnp.sum(~whole).astype(float)}


def _scored(
    system: System, method: Filter, carried: tuple[Any, Any], event: Events, key: jax.Array, asked: Asked
) -> tuple[dict[str, jax.Array], dict[str, jax.Array], tuple[jax.Array | None, jax.Array | None]]:
    """Scores and ranks of members before and after the observations of an event, and those that are kept, with weights."""
    if method.members is None:
        return {}, {}, (None, None)
    before, after = (method.members(system, each) for each in carried)
    key_of_draws, key_of_ranks, key_of_truth = jax.random.split(key, 3)

    def shown(state: jax.Array, parameters: jax.Array, key: jax.Array) -> jax.Array:
        return system.draw_observed(state, parameters, event, key)

    def beside_observations(_: Any) -> tuple[jax.Array, jax.Array]:
        keys = jax.random.split(key_of_draws, len(before.weights))
        # Otherwise the compiler draws anew for each pair of members.
        drawn = jax.lax.optimization_barrier(over_particles(shown, before.states, before.parameters, keys))
        seen = system.observe(before.states[0], before.parameters[0], event)
        score = fair_crps(drawn, before.weights, seen.values)
        mean = jnp.sum(jnp.where(seen.present, score, 0.0)) / jnp.maximum(jnp.sum(seen.present), 1)
        return mean, ranks(drawn, before.weights, seen.values, seen.present, key_of_ranks)

    like = jax.eval_shape(beside_observations, None)
    score, place = jax.lax.cond(
        system.any_observed(event),
        beside_observations,
        lambda _: (jnp.full((), jnp.nan), jnp.zeros(like[1].shape, like[1].dtype)),
        None,
    )
    scores, places = {"crps_observed": score}, {"observed": place}
    states = system.placed(after.states)
    if asked.truth is not None:
        truth = jnp.asarray(asked.truth)
        scores["crps_forecast"] = jnp.nanmean(fair_crps(system.placed(before.states), before.weights, truth))
        scores["crps_analysis"] = jnp.nanmean(fair_crps(states, after.weights, truth))
        places["truth"] = ranks(states, after.weights, truth, jnp.isfinite(truth), key_of_truth)
    kept = (states[: asked.keep], after.weights[: asked.keep]) if asked.keep else (None, None)
    return scores, places, kept


class _Known(NamedTuple):
    """What is known before the loop over time begins; none of it is compiled into the program, which serves other seeds too."""

    system: System
    truth: jax.Array | None
    key: jax.Array


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
