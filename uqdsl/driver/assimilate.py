"""States of a spec as a system that methods can move: its stages compiled and bound to the data."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

import uqdsl
from uqdsl import ir
from uqdsl.codegen import Program, generate
from uqdsl.data import Dataset
from uqdsl.diagnose.cycles import (
    ASSIMILATION,
    FAILED,
    GAIN,
    MEMBER_WEIGHT,
    OBSERVATIONS,
    REJECTED,
    Alongside,
    Cycled,
    consistency,
    cycled,
    failed,
    notes,
    reasons,
    scores,
)
from uqdsl.diagnose.forecast import PREDICTION
from uqdsl.driver.ahead import check_recorded, coords_ahead, from_filter, longer_by
from uqdsl.driver.predict import labelled, with_given
from uqdsl.driver.program import Precision, make_target
from uqdsl.infer import Target
from uqdsl.infer.explain import said_by
from uqdsl.messages import RunError, Sources, Span
from uqdsl.messages.catalogue.runtime import CannotFollow, ErrorWithoutVariance, MemberFailed
from uqdsl.results import Group, Groups, Variable
from uqdsl.results.cycle_store import CycleStore
from uqdsl.results.groups import labels_of
from uqdsl.vocabulary.assimilation import filters
from uqdsl.vocabulary.methods import Assumption

if TYPE_CHECKING:
    from uqdsl.assimilate.cycle import Filter, Plan
    from uqdsl.assimilate.system import System
    from uqdsl.infer.positions import Layout


def system_of(
    spec: ir.Spec, sources: Sources, dataset: Dataset, *, precision: Precision = 64, allowed: Sequence[str] = ()
) -> tuple[System, dict[str, Program]]:
    """The system of a spec, and the texts of its programs by the names of the stages.

    Arguments:
        sources: the texts that spans point into.
        dataset: the data of the spec.
        precision, allowed: as of `make_target`.
    """
    from uqdsl.assimilate.system import Stages, make_system

    motion = spec.motion
    assert motion is not None, "semantics gives every spec that assimilates a motion"
    programs, targets = {}, {}
    for stage in spec.stages:
        if stage.name in Stages._fields:
            programs[stage.name] = generate(stage.spec, sources, version=uqdsl.__version__, precision=precision)
            bound = with_given(stage, dataset)
            targets[stage.name] = make_target(stage.spec, programs[stage.name], bound, allowed=allowed)
    step = next(each for each in spec.stages if each.name == "step")
    dt = next((each.flow.options["dt"] for each in step.spec.quantities if each.flow is not None), None)
    times = np.asarray(dataset.coords[motion.axis], float)
    periodic = {dim.name for dim in spec.dims if dim.boundary == "periodic"}
    return make_system(motion, Stages(**targets), times, None if dt is None else float(dt), periodic), programs


def target_of_run(target: Target, run: ir.Run, moving: Callable[[], tuple[System, Mapping[str, Program]]]) -> Target:
    """The target that a run has: where states move at random, that of the parameters, the states filtered.

    Arguments:
        target: of all that does not depend on the states.
        moving: gives the system of the spec; asked only where there is one.

    Raises:
        RunError: UQ660 where the filter cannot follow the states.
    """
    if run.states is None:
        return target._replace(interest=run.names)
    from uqdsl.assimilate.cycle import Plan
    from uqdsl.assimilate.marginal import with_states

    system, programs = moving()
    nothing = np.zeros(system.parameters, bool)
    made = _made(run.states, Plan(nothing, nothing), system, run.span)
    told = "\n".join([*(each.text for each in programs.values()), repr(run.states)])
    caveats = filters()[run.states.method].options(**run.states.options).caveats
    return with_states(target, system, made, told, caveats)._replace(interest=run.names)


def _made(asked: ir.ByFilter | ir.Assimilation, plan: Plan, system: System, at: Span) -> Filter:
    """The filter that is asked for.

    Raises:
        RunError: UQ660 where it cannot follow the system.
    """
    method = filters()[asked.method]
    made = method.load()(method.options(**asked.options), plan)
    refused = made.refuse(system) if made.refuse is not None else None
    if refused is None and Assumption.TANGENTS in method.assumptions:
        refused = _without_tangents(system)
    if refused is not None:
        reason, hint = refused
        raise RunError([CannotFollow(at=at, method=asked.method, reason=reason, hint=hint)])
    return made


def _without_tangents(system: System) -> tuple[str, str] | None:
    """Why a step has no tangents, which of solvers that choose their steps only those of few states have."""
    import jax

    first = jax.tree.map(lambda each: each[0], system.events)
    parameters = system.mean_parameters()

    def step(state: jax.Array) -> jax.Array:
        return system.step(state, parameters, first, jax.random.key(0))

    state = jax.ShapeDtypeStruct((system.size,), parameters.dtype)
    try:
        jax.eval_shape(jax.jacfwd(step), state)
    except TypeError as error:
        if "forward-mode" not in str(error):
            raise
        reason = f"the solver chooses its steps, and has no tangents of a state of {system.size} elements"
        return reason, "write steps of one length, as in `by rk4(dt = 0.01)`, or take an ensemble filter"
    return None


@dataclass(frozen=True)
class Assimilated:
    """What one `assimilate` gave.

    - groups: the labelled arrays; `assimilation` has the estimates along the times.
    - seconds: wall time.
    - interrupted: whether it was stopped before its end.
    """

    asked: ir.Assimilation
    groups: Groups
    found: Cycled
    seconds: Mapping[str, float]
    interrupted: bool = False

    @property
    def status(self) -> str:
        """`ok` or `suspect`."""
        return "suspect" if self.found.reasons else "ok"


def assimilate(
    spec: ir.Spec,
    system: System,
    asked: ir.Assimilation,
    dataset: Dataset,
    seed: int,
    watch: Callable[[int, int], object],
    store: CycleStore | None = None,
) -> Assimilated:
    """Follow a system by a method, and judge what it found.

    Arguments:
        dataset: of the spec, with the truth where there is one.
        seed: of everything that is random.
        watch: is told how many of how many events are done.
        store: keeps what was found so far, for a run that is stopped to go on from.
    """
    import jax

    from uqdsl.assimilate.ahead import parted
    from uqdsl.assimilate.cycle import Asked, Filtered, MembersFailed, Plan, follow
    from uqdsl.runtime.workers import forgiven

    began = time.perf_counter()
    layout = system.fixed.parameters
    plan = Plan(*(layout.mask(names) for names in (asked.names, asked.sampled)))
    key = jax.random.fold_in(jax.random.key(seed), zlib.crc32(asked.name.encode()))

    def told(done: int, total: int, /, **_: float) -> None:
        watch(done, total)

    check_recorded(spec, system)
    whole_system, (system, _) = system, parted(system, longer_by(spec, system.fixed.motion.axis))
    truth = _truth(spec, system, asked, dataset)
    made = _made(asked, plan, system, asked.span)
    _check_errors(spec, system)
    wishes = Asked(truth, asked.kept, asked.failures == "stop")
    with forgiven() as raised:
        try:
            found: Filtered = follow(system, made, key, told, wishes, store)
        except MembersFailed as error:
            when = f"{system.fixed.motion.axis} = {float(system.events.time[error.event]):g}"
            why = f": {raised[0]}" if raised else ""
            raise RunError([MemberFailed(at=asked.span, count=error.count, when=when, why=why)]) from error
        except Exception as error:
            problem = said_by(error, system.fixed.stages.step.externs)
            if problem is None:
                raise
            raise RunError([problem]) from error
        finally:
            if store is not None:
                store.flush()
    whole = len(found.forecast.mean) == len(system.events.time)
    attrs: dict[str, str | int | float] = {"spec": spec.name, "seed": seed, "run": asked.name, "method": asked.method}
    attrs["status"] = "complete" if whole else "interrupted"
    groups = {"": Group(attrs=attrs)} | filtered_groups(spec, system, asked, found, truth, raised)
    wanted = [each for each in spec.predictions if each.ahead and each.of in (None, asked.name)]
    if wanted and whole:
        coords = coords_ahead(spec, whole_system.fixed.stages.initial.coords)
        groups[PREDICTION] = labelled([*from_filter(spec, whole_system, made, found.last, key, wanted)], coords)
    seconds = {"assimilate": time.perf_counter() - began}
    return Assimilated(asked, groups, cycled(groups[ASSIMILATION], asked.names), seconds, interrupted=not whole)


def _check_errors(spec: ir.Spec, system: System) -> None:
    """Look for errors of observations without variance where the states begin: computed ones, and those of a matrix.

    Raises:
        RunError: UQ665.
    """
    observations = next(stage.spec for stage in spec.stages if stage.name == "observation").observations
    computed = [each for each in observations if any(_is_computed(one.value) for one in each.law.arguments[1:])]
    problems = [
        *_without_variance(system, computed),
        *_not_definite(system, [each for each in observations if each.law.event]),
    ]
    if problems:
        raise RunError(problems)


def _without_variance(system: System, computed: Sequence[ir.Observation]) -> Iterator[ErrorWithoutVariance]:
    """Errors whose variance is not above 0 at some time."""
    import jax
    import jax.numpy as jnp

    if not computed:
        return

    def variance(system: System, event: Any) -> Any:
        parameters, state = system.draw_initial(jax.random.key(0))
        seen = system.observe(state, parameters, event)
        return jnp.where(seen.present, seen.covariance.variance, jnp.nan)

    found = jax.jit(lambda system: jax.lax.map(lambda event: variance(system, event), system.events))(system)
    target, motion = system.fixed.stages.observation, system.fixed.motion
    by_row = system.by_row(np.asarray(found))
    for each in computed:
        bad = np.argwhere(by_row[each.name] <= 0)
        if not len(bad):
            continue
        places = dict(zip(target.dims[each.name], bad[0].tolist(), strict=True))
        stream = next(one for one in motion.streams if one.name == each.name)
        sizes = zip(places, by_row[each.name].shape, strict=True)
        at = {dim: labels_of(target.coords, dim, size)[places[dim]] for dim, size in sizes}
        if stream.times is not None:
            row = places[stream.rows]
            at = {motion.axis: f"{float(system.data[stream.times][row]):g}"} | at
        where = ", ".join(f"{dim} = {label}" for dim, label in at.items())
        value = f"{by_row[each.name][tuple(bad[0])]:g}"
        yield ErrorWithoutVariance(at=each.law.span, name=each.name, value=value, where=where, count=len(bad))


def _not_definite(system: System, correlated: Sequence[ir.Observation]) -> Iterator[ErrorWithoutVariance]:
    """Errors whose covariance has a direction without variance, where it is first needed."""
    import jax

    @jax.jit
    def errors(system: System, event: Any) -> Any:
        parameters, state = system.draw_initial(jax.random.key(0))
        return system.observe(state, parameters, event).covariance.matrix()

    for each in correlated:
        stream = next(one for one in system.fixed.motion.streams if one.name == each.name)
        there = (np.asarray(system.events.rows[stream.rows]) >= 0).any(axis=1)
        event = jax.tree.map(itemgetter(int(np.argmax(there))), system.events)
        shape = next(one for one in system.shapes_observed(event) if one.name == each.name)
        block = slice(shape.start, shape.start + math.prod(shape.sizes))
        values = np.linalg.eigvalsh(np.asarray(errors(system, event))[block, block])
        if not values[0] > len(values) * np.finfo(float).eps * values[-1]:
            where = f"{system.fixed.motion.axis} = {float(event.time):g} in one direction"
            count = len(values)
            yield ErrorWithoutVariance(
                at=each.law.span, name=each.name, value=f"{values[0]:g}", where=where, count=count
            )


def _is_computed(value: ir.Expression) -> bool:
    """Whether a value is neither a number nor a field, a parameter or a `let`, whose supports are known beforehand."""
    return not isinstance(value, ir.Constant | ir.Reference)


def reread_assimilated(asked: ir.Assimilation, groups: Groups) -> Assimilated:
    """What one `assimilate` gave, from the groups of its `result.nc`."""
    return Assimilated(asked, groups, cycled(groups[ASSIMILATION], asked.names), {})


def _truth(spec: ir.Spec, system: System, asked: ir.Assimilation, dataset: Dataset) -> np.ndarray | None:
    """The states as they were, `(event, d)`, NaN where that is not known; None where it never is."""
    if not asked.truth:
        return None
    axis, dims = system.fixed.motion.axis, system.fixed.stages.initial.dims
    fields = {each.name: each for each in spec.fields}
    times = np.asarray(system.events.time)
    on_axis = np.asarray(dataset.coords[axis], float)
    on_axis = on_axis[: len(on_axis) - longer_by(spec, axis)]
    parts = []
    for state, name in zip(system.fixed.motion.states, asked.truth, strict=True):
        known = dataset.arrays.get(ir.observed(name), True)
        values = np.where(known, np.asarray(dataset.arrays[name], float), np.nan)
        order = [fields[name].dims.index(dim) for dim in (axis, *dims.get(state, ()))]
        along = np.transpose(values, order)[: len(on_axis)]
        parts.append(along.reshape(len(on_axis), -1))
    whole = np.full((len(times), system.size), np.nan)
    # Behind the states stand errors that are carried along, of which nobody knows the truth.
    whole[np.ix_(np.searchsorted(times, on_axis), system.fixed.states.mask(system.fixed.motion.states))] = (
        np.concatenate(parts, axis=1)
    )
    return whole


def _alongside(system: System, found: Any) -> Alongside:
    """The observations beside what was expected of them."""
    import jax

    def there(mean: jax.Array, parameters: jax.Array, event: Any) -> tuple[jax.Array, ...]:
        seen = system.observe(system.free(mean), parameters, event)
        return seen.values, seen.covariance.variance, seen.present

    before, after = found.forecast, found.analysis
    done = jax.tree.map(lambda each: each[: len(before.mean)], system.events)
    every = jax.jit(lambda *of: jax.lax.map(lambda each: there(*each), of))
    values, error, present = (np.asarray(each) for each in every(before.mean, before.parameters, done))
    estimates = before.observed, before.observed_sd, after.observed, after.observed_sd
    return Alongside(values, error, present, *estimates, found.numbers.get(GAIN), found.numbers.get(REJECTED))


def filtered_groups(
    spec: ir.Spec,
    system: System,
    asked: ir.Assimilation,
    found: Any,
    truth: np.ndarray | None,
    raised: Sequence[str] = (),
) -> Groups:
    """What a filter found as labelled arrays, with the scores of the whole as attributes.

    `assimilation` has the estimates along the times, `observations` what was observed beside what was expected, over the
    rows of the data.

    Arguments:
        raised: by functions of Python that members called, in words.
    """
    motion = system.fixed.motion
    times = np.asarray(system.events.time)[: len(found.forecast.mean)]
    truth = None if truth is None else truth[: len(times)]
    dims, coords = system.fixed.stages.initial.dims, system.fixed.stages.initial.coords
    group = Group({}, {motion.axis: times})

    def put(layout: Layout, values: np.ndarray, ending: str, names: Collection[str], *leading: str) -> None:
        for name, array in layout.split_rows(values).items():
            if name in names:
                # What a parameter of a time is known to be at another has that time beside its own.
                own = tuple(f"{dim}'" if dim == motion.axis else dim for dim in dims.get(name, ()))
                group.variables[f"{name}{ending}"] = Variable((motion.axis, *leading, *own), array)
                sizes = array.shape[1 + len(leading) :]
                group.coords.update({dim: labels_of(coords, dim, size) for dim, size in zip(own, sizes, strict=True)})

    states, parameters = system.fixed.states, system.fixed.parameters
    for part, ending in ((found.analysis, ""), (found.forecast, "_forecast"), (found.smoothed, "_smoothed")):
        if part is None:
            continue
        put(states, part.mean, f"{ending}_mean", motion.states)
        put(states, part.sd, f"{ending}_sd", motion.states)
        put(parameters, part.parameters, f"{ending}_mean", asked.names)
        put(parameters, part.parameters_sd, f"{ending}_sd", asked.names)
    if truth is not None:
        put(states, truth, "_truth", motion.states)
    if found.members is not None:
        group.coords["member"] = np.arange(found.members.shape[1]) + 1
        put(states, found.members, "", motion.states, "member")
        group.variables[MEMBER_WEIGHT] = Variable((motion.axis, "member"), found.weights)
    for name, counts in found.ranks.items():
        group.coords["rank"] = np.arange(counts.shape[1])
        group.variables[f"ranks_{name}"] = Variable((motion.axis, "rank"), counts)
    beside = _alongside(system, found)
    held = consistency(beside)
    no_failure = not np.any(found.numbers.get(FAILED, 0))
    elsewhere = {GAIN, REJECTED, FAILED} if no_failure else {GAIN, REJECTED}
    of_analyses = {name: each for name, each in found.numbers.items() if name not in elsewhere}
    if REJECTED in found.numbers:
        of_analyses[REJECTED] = found.numbers[REJECTED].sum(axis=1)
    numbers = {"innovation": held.by_event, "signal": held.signal, **of_analyses}
    if found.evidence is not None:
        numbers["log_evidence"] = found.evidence
    group.variables.update({name: Variable((motion.axis,), np.asarray(each)) for name, each in numbers.items()})
    group.attrs.update(scores(held, found, truth, times, states.mask(motion.states)))
    observations = _observations(spec, system, beside)
    lost = failed(of_analyses.get(FAILED), found.size, times, motion.axis, raised)
    why = [*lost.reasons, *reasons(held, found, group, motion.axis, observations)]
    worth = [*lost.notes, *notes(held, found, why, motion.axis, observations)]
    group.attrs.update({"reasons": "\n".join(why), "notes": "\n".join(worth)})
    return {ASSIMILATION: group, OBSERVATIONS: observations}


def _observations(spec: ir.Spec, system: System, beside: Alongside) -> Group:
    """Of each row of the data: what was observed, what the forecast and the analysis expected, and the gain.

    The attribute `y_of` names the state that `y` shows just as it is, where it does.
    """
    laws = {
        each.name: each.law for stage in spec.stages if stage.name == "observation" for each in stage.spec.observations
    }
    target = system.fixed.stages.observation
    group = Group()
    count = len(system.events.time) - len(beside.values)
    for ending, values in beside.shown().items():
        whole = np.concatenate([values, np.full((count, values.shape[1]), np.nan)])
        for name, array in system.by_row(whole).items():
            group.variables[f"{name}{ending}"] = Variable(target.dims[name], np.asarray(array))
            group.coords.update(
                {
                    dim: labels_of(target.coords, dim, size)
                    for dim, size in zip(target.dims[name], array.shape, strict=True)
                }
            )
    for stream in system.fixed.motion.streams:
        group.attrs.update({f"{stream.name}_rows": stream.rows, f"{stream.name}_times": stream.times or ""})
        centre = laws[stream.name].arguments[0].value
        name = centre.name if isinstance(centre, ir.Reference) else ""
        group.attrs[f"{stream.name}_of"] = name if name in system.fixed.motion.states else ""
        if stream.times is not None:
            group.variables[stream.times] = Variable((stream.rows,), np.asarray(system.data[stream.times], float))
    return group
