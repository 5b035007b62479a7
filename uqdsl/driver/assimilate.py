"""States of a spec as a system that methods can move: its stages compiled and bound to the data."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import uqdsl
from uqdsl import ir
from uqdsl.codegen import Program, generate
from uqdsl.data import Dataset
from uqdsl.diagnose.cycles import ASSIMILATION, Cycled, Seen, consistency, cycled, reasons, skill
from uqdsl.driver.predict import with_given
from uqdsl.driver.program import Precision, make_target
from uqdsl.infer import Target
from uqdsl.messages import RunError, Sources
from uqdsl.messages.catalogue.runtime import CannotFollow
from uqdsl.results import Group, Groups, Variable
from uqdsl.results.groups import labels_of
from uqdsl.vocabulary.assimilation import filters

if TYPE_CHECKING:
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


def target_of_run(
    target: Target,
    run: ir.Run,
    spec: ir.Spec,
    sources: Sources,
    dataset: Dataset,
    *,
    precision: Precision = 64,
    allowed: Sequence[str] = (),
) -> Target:
    """The target that a run has: where states move at random, that of the parameters, the states filtered."""
    if run.states is None:
        return target._replace(interest=run.names)
    from uqdsl.assimilate.cycle import Plan
    from uqdsl.assimilate.marginal import with_states

    system, programs = system_of(spec, sources, dataset, precision=precision, allowed=allowed)
    method = filters()[run.states.method]
    nothing = np.zeros(system.parameters, bool)
    made = method.load()(method.options(**run.states.options), Plan(nothing, nothing))
    told = "\n".join([*(each.text for each in programs.values()), repr(run.states)])
    return with_states(target, system, made, told)._replace(interest=run.names)


@dataclass(frozen=True)
class Assimilated:
    """What one `assimilate` gave.

    - groups: the labelled arrays; `assimilation` has the estimates along the times.
    - seconds: wall time.
    """

    asked: ir.Assimilation
    groups: Groups
    found: Cycled
    seconds: Mapping[str, float]

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
) -> Assimilated:
    """Follow a system by a method, and judge what it found.

    Arguments:
        dataset: of the spec, with the truth where there is one.
        seed: of everything that is random.
        watch: is told how many of how many events are done.
    """
    import jax

    from uqdsl.assimilate.cycle import Filtered, Plan, follow

    began = time.perf_counter()
    method = filters()[asked.method]
    layout = system.fixed.parameters
    plan = Plan(*(layout.mask(names) for names in (asked.names, asked.sampled)))
    key = jax.random.fold_in(jax.random.key(seed), zlib.crc32(asked.name.encode()))

    def told(done: int, total: int, /, **_: float) -> None:
        watch(done, total)

    made = method.load()(method.options(**asked.options), plan)
    refused = made.refuse(system) if made.refuse is not None else None
    if refused is not None:
        reason, hint = refused
        raise RunError([CannotFollow(at=asked.span, method=asked.method, reason=reason, hint=hint)])
    found: Filtered = follow(system, made, key, told)
    seen = _seen(system, found)
    return Assimilated(
        asked,
        {
            "": Group(
                attrs={"spec": spec.name, "seed": seed, "run": asked.name, "method": asked.method, "status": "complete"}
            )
        }
        | {ASSIMILATION: (group := _group(spec, system, asked, dataset, found, seen))},
        cycled(group),
        {"assimilate": time.perf_counter() - began},
    )


def reread_assimilated(asked: ir.Assimilation, groups: Groups) -> Assimilated:
    """What one `assimilate` gave, from the groups of its `result.nc`."""
    return Assimilated(asked, groups, cycled(groups[ASSIMILATION]), {})


def _seen(system: System, found: Any) -> Seen:
    """The observations beside what was expected of them."""
    import jax

    def there(mean: jax.Array, parameters: jax.Array, event: Any) -> tuple[jax.Array, ...]:
        seen = system.observe(system.free(mean), parameters, event)
        return seen.values, seen.covariance.variance, seen.present

    before, after = found.forecast, found.analysis
    every = jax.jit(
        lambda system: jax.lax.map(lambda each: there(*each), (before.mean, before.parameters, system.events))
    )
    values, error, present = (np.asarray(each) for each in every(system))
    # Of a law without a mean or a variance there is nothing to be expected.
    present = present & np.isfinite(error) & np.isfinite(before.observed)
    return Seen(values, error, present, before.observed, before.observed_sd, after.observed)


def _group(spec: ir.Spec, system: System, asked: ir.Assimilation, dataset: Dataset, found: Any, seen: Seen) -> Group:
    """The estimates along the times as labelled arrays, with the scores of the whole as attributes."""
    motion = system.fixed.motion
    times = np.asarray(system.events.time)
    dims, coords = system.fixed.stages.initial.dims, system.fixed.stages.initial.coords
    variables: dict[str, Variable] = {}
    labels: dict[str, np.ndarray] = {motion.axis: times}

    def put(layout: Layout, values: np.ndarray, ending: str, names: Collection[str]) -> None:
        for name, array in layout.split_rows(values).items():
            if name in names:
                variables[f"{name}{ending}"] = Variable((motion.axis, *dims.get(name, ())), array)
                labels.update(
                    {
                        dim: labels_of(coords, dim, size)
                        for dim, size in zip(dims.get(name, ()), array.shape[1:], strict=True)
                    }
                )

    states, parameters = system.fixed.states, system.fixed.parameters
    for part, ending in ((found.analysis, ""), (found.forecast, "_forecast"), (found.smoothed, "_smoothed")):
        if part is None:
            continue
        put(states, part.mean, f"{ending}_mean", motion.states)
        put(states, part.sd, f"{ending}_sd", motion.states)
        put(parameters, part.parameters, f"{ending}_mean", asked.names)
        put(parameters, part.parameters_sd, f"{ending}_sd", asked.names)
    held = consistency(seen)
    variables["innovation"] = Variable((motion.axis,), held.by_event)
    told = found.numbers if found.evidence is None else {**found.numbers, "log_evidence": found.evidence}
    variables |= {name: Variable((motion.axis,), each) for name, each in told.items()}
    finite = np.isfinite(found.analysis.mean).all(axis=1)
    numbers: dict[str, str | int | float] = {
        "cycles": int(seen.present.any(axis=1).sum()),
        "observations": held.observations,
        "innovation_ratio": held.ratio,
        "observation_error_ratio": held.observed_error,
        "forecast_error_ratio": held.forecast_error,
        "spread_analysis": float(np.mean(np.sqrt(np.mean(found.analysis.sd**2, axis=1)))),
    }
    if "log_evidence" in told:
        numbers["log_evidence"] = float(np.nansum(told["log_evidence"]))
    if asked.truth:
        at = np.searchsorted(times, np.asarray(dataset.coords[motion.axis], float))
        truth = np.concatenate([_along(spec, dataset, motion.axis, name) for name in asked.truth], axis=1)
        of = slice(truth.shape[1])  # behind the states stand errors that are carried along
        after = skill(found.analysis.mean[at, of], found.analysis.sd[at, of], truth)
        before = skill(found.forecast.mean[at, of], found.forecast.sd[at, of], truth)
        numbers |= {"rmse_analysis": after.rmse, "rmse_forecast": before.rmse, "crps": after.crps}
        whole = np.full((len(times), system.size), np.nan)
        whole[at, of] = truth
        put(states, whole, "_truth", motion.states)
    said = reasons(held, finite, times, motion.axis, told.get("ess"))
    return Group(variables, labels, {**numbers, "reasons": "\n".join(said)})


def _along(spec: ir.Spec, dataset: Dataset, axis: str, name: str) -> np.ndarray:
    """The values of a field along the axis, `(time, element)`."""
    field = next(each for each in spec.fields if each.name == name)
    values = np.moveaxis(np.asarray(dataset.arrays[name], float), field.dims.index(axis), 0)
    return values.reshape(len(values), -1)
