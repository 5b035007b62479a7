"""A twin experiment: a truth and its data drawn from a spec's own statements, and written where the spec reads them."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import numpy as np

from uqdsl import ir
from uqdsl.data import Dataset, bind
from uqdsl.driver.assimilate import system_of
from uqdsl.driver.front import Checked
from uqdsl.driver.program import make_target, write_program
from uqdsl.infer.explain import said_by
from uqdsl.messages import RunError, UsageError, listing
from uqdsl.messages.catalogue.usage import AlreadyThere, NotDrawn, NowhereToWrite
from uqdsl.results import Group, Variable, write_netcdf
from uqdsl.results.atomic import write_whole, writing
from uqdsl.results.groups import label_array, labels_of
from uqdsl.vocabulary.supports import KINDS

_TWIN = zlib.crc32(b"twin")
"""Folded into the seed, so that who assimilates with the same one draws other numbers."""


class Wishes(NamedTuple):
    """How observations are drawn.

    - spin_up: for how long states move before the first time.
    - until: the time of the last observation; None observes to the end of the axis.
    - missing: the share of observations that are missing, at random.
    """

    spin_up: float = 0.0
    until: float | None = None
    missing: float = 0.0


class Twin(NamedTuple):
    """What was drawn from a spec.

    - arrays: every field of the data, those that were drawn and those that were read; missing observations are NaN.
    - drawn: the names of the former.
    - coords: the labels of each dimension.
    - unknowns: their true values.
    """

    spec: ir.Spec
    arrays: dict[str, np.ndarray]
    drawn: tuple[str, ...]
    coords: dict[str, list[Any]]
    unknowns: dict[str, np.ndarray]

    def group(self, fields: Sequence[ir.DataField]) -> Group:
        """Fields as labelled arrays, called as the columns that they are read from."""
        found: dict[str, Variable] = {}
        labels: dict[str, np.ndarray] = {}
        for field in fields:
            values = self.shown(field)
            for dim, size in zip(field.dims, values.shape, strict=True):
                labels[dim] = labels_of(self.coords, dim, size)
            if field.spread:
                found |= {name: Variable(field.dims[:-1], values[..., at]) for at, name in enumerate(field.columns)}
            elif field.dims != field.columns:
                found[field.columns[0]] = Variable(field.dims, values)
        labels = {dim: each for dim, each in labels.items() if any(dim in values.dims for values in found.values())}
        known = {name: each.tolist() for name, each in self.unknowns.items()}
        return Group(found, labels, {"drawn_from": self.spec.name, "unknowns": json.dumps(known)})

    def shown(self, field: ir.DataField) -> np.ndarray:
        """The values of a field as a file has them: labels where it is a category."""
        values = self.arrays[field.name]
        return (
            label_array(self.coords[field.of])[values.astype(int)] if field.of and field.kind == "category" else values
        )


def simulate(
    checked: Checked,
    seed: int,
    wishes: Wishes,
    given: Mapping[str, Any] | None = None,
    *,
    allowed: Sequence[Path] = (),
    allow_extern: Sequence[str] = (),
) -> Twin:
    """Draw unknowns from their priors, states from their laws, and data given them.

    Drawn are the left sides of likelihoods, and the fields of `with(truth = …)`; the files of these need not be there. All
    else, such as the times of observations, is read.

    Arguments:
        given, allowed: as of `bind`.
        allow_extern: as of `make_target`.

    Raises:
        DataError: UQ401 and on, for what is read.
        UsageError: UQ735 where something cannot be drawn.
        RunError: UQ735 where what is drawn is not finite.
    """
    spec = checked.spec
    motion = spec.motion
    truth, outcomes = _truth(spec), _outcomes(spec)
    fields = {each.name: each for each in spec.fields}
    drawn = _drawn(spec)
    tables = [
        table.model_copy(update={"fields": tuple(each for each in table.fields if each.name not in drawn)})
        for table in spec.tables
    ]
    dataset = bind(spec.model_copy(update={"tables": tuple(tables)}), checked.source.folder, given, allowed=allowed)
    _verify(spec, outcomes, [fields[name] for name in drawn], dataset, wishes)
    if motion is not None:
        arrays, unknowns = _in_time(checked, dataset, drawn, truth, seed, wishes.spin_up, allow_extern)
    else:
        arrays, unknowns = _static(checked, _filled(dataset, [fields[name] for name in drawn]), seed, allow_extern)
    observed = {name: _observed(fields[name], arrays[name], motion, dataset, seed, wishes) for name in outcomes}
    whole = {name: each for name, each in dataset.arrays.items() if name in fields} | arrays | observed
    return Twin(spec, whole, drawn, dataset.coords, unknowns)


def _truth(spec: ir.Spec) -> tuple[str, ...]:
    """The fields that hold the true states."""
    asked = spec.motion.assimilations if spec.motion is not None else ()
    return next((each.truth for each in asked if each.truth), ())


def _outcomes(spec: ir.Spec) -> list[str]:
    """What is observed."""
    return [each.name for each in (spec.motion.streams if spec.motion is not None else spec.observations)]


def _drawn(spec: ir.Spec) -> tuple[str, ...]:
    """The fields that are drawn."""
    names = {*_outcomes(spec), *_truth(spec)}
    return tuple(each.name for each in spec.fields if each.name in names)


def _verify(
    spec: ir.Spec, outcomes: Sequence[str], drawn: Sequence[ir.DataField], dataset: Dataset, wishes: Wishes
) -> None:
    problems: list[NotDrawn] = []
    known = {each.name for each in drawn}
    for name in outcomes:
        if name not in known:
            at = next((each.span for each in spec.observations if each.name == name), None)
            problems.append(NotDrawn(at=at, name=name, reason="it is computed from data, and no field of its own"))
    for field in drawn:
        unsized = [dim for dim in field.dims if ir.base(dim) not in dataset.coords]
        reason = ""
        if unsized:
            reason = f"nothing says how many {listing(unsized, last='and')} there are"
        elif field.values is not None:
            reason = "its values are given in the spec"
        elif field.standardized:
            reason = "it is standardized by values that are not there yet"
        elif field.name in outcomes and not field.missing and (wishes.missing or wishes.until is not None):
            reason = "some of it is to be missing, and it is not declared `missing`"
        if reason:
            problems.append(NotDrawn(at=field.span, name=field.name, reason=reason))
    if spec.motion is None and (wishes.spin_up or wishes.until is not None):
        problems.append(
            NotDrawn(name=spec.name, reason="it has no states, and so no time to spin up or to observe until")
        )
    if not outcomes:
        problems.append(NotDrawn(name=spec.name, reason="it has no likelihood"))
    if problems:
        raise UsageError(problems)


def _filled(dataset: Dataset, drawn: Sequence[ir.DataField]) -> Dataset:
    """The data with something in the place of what is drawn, all of it there."""
    arrays = dict(dataset.arrays)
    for field in drawn:
        shape = [len(dataset.coords[ir.base(dim)]) for dim in field.dims]
        whole = field.kind == "category" or KINDS[field.kind].integer
        arrays[field.name] = np.ones(shape, np.int64 if whole else float) * (field.kind != "category")
        if field.missing:
            arrays[ir.observed(field.name)] = np.ones(shape, bool)
    coords = dataset.coords | {ir.missing(each.name): [] for each in drawn if each.missing}
    return dataset._replace(arrays=arrays, coords=coords)


def _in_time(
    checked: Checked,
    dataset: Dataset,
    drawn: Sequence[str],
    truth: Sequence[str],
    seed: int,
    spin_up: float,
    allow_extern: Sequence[str],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Truth and observations of states, and the parameters."""
    import jax

    from uqdsl.assimilate.simulate import simulate as simulate_system

    spec, motion = checked.spec, checked.spec.motion
    assert motion is not None, "whoever calls has looked"
    fields = {each.name: each for each in spec.fields}
    filled = _filled(dataset, [fields[name] for name in drawn])
    system, _ = system_of(spec, checked.sources, filled, allowed=allow_extern)
    key = jax.random.fold_in(jax.random.key(seed), _TWIN)
    try:
        found = jax.block_until_ready(simulate_system(system, key, spin_up))
    except NotImplementedError:
        raise UsageError([NotDrawn(name=spec.name, reason="a law of it has no sampler")]) from None
    except Exception as error:
        problem = said_by(error, spec.externs)
        if problem is None:
            raise
        raise RunError([problem]) from error
    states, times = np.asarray(system.placed(found.states)), np.asarray(system.events.time)
    finite = np.isfinite(states).all(axis=1)
    if not finite.all():
        when = f"{motion.axis} = {times[int(np.argmin(finite))]:g}"
        reason = f"the states are not finite numbers from {when} on; take shorter steps of the solver"
        raise RunError([NotDrawn(name=spec.name, reason=reason)])
    at = np.searchsorted(times, np.asarray(filled.coords[motion.axis], float))
    arrays = {name: np.asarray(each) for name, each in system.by_row(found.observed).items()}
    dims = system.fixed.stages.initial.dims
    for name, (state, values) in zip(truth, system.fixed.states.split_rows(states[at]).items(), strict=False):
        own = (motion.axis, *dims.get(state, ()))
        arrays[name] = np.transpose(values, [own.index(dim) for dim in fields[name].dims])
    parameters = system.fixed.parameters.split(found.parameters)
    return arrays, {name: np.asarray(each) for name, each in parameters.items()}


def _static(
    checked: Checked, dataset: Dataset, seed: int, allow_extern: Sequence[str]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Data of a spec without states, and its unknowns."""
    import jax

    from uqdsl.infer.simulation import draw_once

    spec = checked.spec
    target = make_target(spec, write_program(checked), dataset, allowed=allow_extern)
    try:
        found = draw_once(target, jax.random.fold_in(jax.random.key(seed), _TWIN))
    except NotImplementedError:
        raise UsageError([NotDrawn(name=spec.name, reason="a law of it has no sampler")]) from None
    data = {name: np.asarray(found[name]) for name in target.observed}
    for name, each in data.items():
        if not np.isfinite(each).all():
            raise RunError([NotDrawn(name=name, reason="what its law gives is not finite")])
    return data, {name: np.asarray(found[name]) for name in target.unknowns}


def _observed(
    field: ir.DataField,
    values: np.ndarray,
    motion: ir.Motion | None,
    dataset: Dataset,
    seed: int,
    wishes: Wishes,
) -> np.ndarray:
    """Observations, those taken out that are to be missing."""
    found = values.astype(float)
    if wishes.missing:
        rng = np.random.default_rng([seed, _TWIN, zlib.crc32(field.name.encode())])
        found[rng.random(found.shape) < wishes.missing] = np.nan
    if wishes.until is not None and motion is not None:
        stream = next(each for each in motion.streams if each.name == field.name)
        times = dataset.arrays[stream.times] if stream.times else dataset.coords[motion.axis]
        late = np.asarray(times, float) > wishes.until
        np.moveaxis(found, field.dims.index(stream.rows), 0)[late] = np.nan
    whole = field.kind == "category" or KINDS[field.kind].integer
    return found.astype(np.int64) if whole and np.isfinite(found).all() else found


# ------------------------------------------------------------------------------------------------------------- files


def write_twin(twin: Twin, places: Mapping[Path, ir.Table]) -> None:
    """Write what was drawn to files.

    Arguments:
        places: from `places_of`.

    Raises:
        RunError: UQ701, UQ702, UQ709 where the file system refuses.
    """
    for path, table in places.items():
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        group = twin.group(table.fields)
        if path.suffix.lower() == ".nc":
            write_netcdf(path, {"": group})
        else:
            write_whole(path, _table(group, "\t" if path.suffix.lower() == ".tsv" else ","))


def places_of(spec: ir.Spec, folder: Path) -> dict[Path, ir.Table]:
    """The files that a spec names below a folder for what is drawn, and what goes there; none is written over.

    Raises:
        UsageError: UQ725 where a file is there already, UQ736 where nothing says where something goes, or that cannot hold it.
    """
    problems: list[NowhereToWrite] = []
    found: dict[str, ir.Table] = {}
    drawn = _drawn(spec)
    for table in spec.tables:
        names = [each.name for each in table.fields if each.name in drawn]
        if not names:
            continue
        reason = _refused(table)
        if table.path in found:
            found[table.path] = found[table.path].model_copy(
                update={"fields": (*found[table.path].fields, *table.fields)}
            )
        elif reason or table.path is None:
            problems.append(NowhereToWrite(at=table.span, names=listing(names, last="and"), reason=reason))
        else:
            found[table.path] = table
    if problems:
        raise UsageError(problems)
    taken = [path for path in found if (folder / path).exists()]
    if taken:
        raise UsageError([AlreadyThere(path=str(folder / each)) for each in taken])
    return {folder / path: table for path, table in found.items()}


_FORMATS = (".nc", ".csv", ".tsv")


def _refused(table: ir.Table) -> str:
    """Why a table cannot be written; empty where it can."""
    if table.path is None:
        return "the spec names no file for them"
    path = PurePath(table.path)
    if path.suffix.lower() not in _FORMATS:
        return f"of files only {listing(_FORMATS, last='and')} are written, and not `{table.path}`"
    if path.is_absolute() or ".." in path.parts:
        return f"`{table.path}` lies outside the folder of the spec"
    if table.parted:
        return "the data come in parts"
    rows = {dim for each in table.fields for dim in (each.dims[:-1] if each.spread else each.dims)}
    if path.suffix.lower() != ".nc" and not any(
        rows == set(each.dims[:-1] if each.spread else each.dims) for each in table.fields
    ):
        return f"they are over {listing(sorted(rows), last='and')}, and no rows of a table are: name a `.nc` file"
    return ""


def _table(group: Group, between: str) -> str:
    """Fields as rows, in front of which stand their labels."""
    dims = max((each.dims for each in group.variables.values()), key=len)
    shape = tuple(len(group.coords[dim]) for dim in dims)
    labels = np.meshgrid(*(group.coords[dim] for dim in dims), indexing="ij")
    columns = dict(zip(dims, labels, strict=True)) if dims else {}
    for name, (own, values) in group.variables.items():
        placed = values.reshape([size if dim in own else 1 for dim, size in zip(dims, shape, strict=True)])
        columns[name] = np.broadcast_to(placed, shape)
    lines = [between.join(columns)]
    for row in zip(*(each.ravel().tolist() for each in columns.values()), strict=True):
        lines.append(between.join(_quoted(each, between) for each in row))
    return "\n".join(lines) + "\n"


def _quoted(value: object, between: str) -> str:
    """A cell; empty where nothing was observed."""
    text = "" if isinstance(value, float) and math.isnan(value) else f"{value}"
    return '"' + text.replace('"', '""') + '"' if any(each in text for each in (between, '"', "\n")) else text
