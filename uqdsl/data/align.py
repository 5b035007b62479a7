"""The labels of every dimension, and fields laid out along them: data of one dimension meet by label, not by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from uqdsl import ir
from uqdsl.data.cells import missing_cells
from uqdsl.data.form import Along, Axis, Found, Label
from uqdsl.data.labels import Read, in_order, index_of, key, read_labels
from uqdsl.data.report import report
from uqdsl.data.sizes import verify_labels
from uqdsl.data.spots import first_spot
from uqdsl.data.wording import counted, labels_listed
from uqdsl.messages import DataError, Place, Problem, closest, listing, shortened
from uqdsl.messages.catalogue.data import (
    MissingLabels,
    UnknownLabels,
    UnlabelledRows,
    WrongLength,
    WrongSpread,
)


class Levels(NamedTuple):
    """The values of a category field: labels of the dimension `of`, at the positions `known`."""

    found: Found
    read: Read
    known: np.ndarray


@dataclass
class Dimension:
    """A dimension and what the data say of it.

    - axes: of the fields that range over it, in the order of the spec.
    - levels: of the category fields whose values are its labels.
    - labels: once they are known.
    - origin: where they come from, in words.
    - doubtful: whether data that could say more could not be read, so that what seems to be missing may be there.
    """

    ir: ir.Dim
    axes: list[tuple[Found, Axis]] = field(default_factory=list)
    levels: list[Levels] = field(default_factory=list)
    labels: tuple[Label, ...] | None = None
    origin: str = ""
    doubtful: bool = False


def read_levels(found: Found, problems: list[Problem]) -> Levels | None:
    """The labels that a category field holds; UQ421, UQ422 for what are none."""
    known = np.arange(len(found.cells))
    if found.field.missing:
        known = np.delete(known, missing_cells(found.cells))
    try:
        read = read_labels(
            found.cells.take(known), found.field.name, found.field.span, lambda each: found.place(int(known[each]))
        )
        return Levels(found, read, known)
    except DataError as error:
        problems += error.problems
        return None


def choose_labels(dim: Dimension, problems: list[Problem]) -> None:
    """Decide the labels of a dimension.

    They are, the first of these that there is:

    1. those of its `dim` or `time` statement; the times of all tables, in order, where it says none;
    2. those of the first table whose rows are the dimension, or of a coordinate, in the order in which they stand;
    3. those that rows of several dimensions are labelled with, sorted;
    4. 1 to n where rows or positions have no labels, or where the `dim` statement gives a size that they fit;
    5. the names of columns that are spread over it;
    6. the values of its category columns, sorted: numbers by size, all else as text, as pandas and R do.

    A size that the `dim` statement gives has to be the number of labels (UQ433).
    """
    labels, origin = _chosen(dim, problems)
    if labels is None:
        return
    size = dim.ir.size
    if size is not None and len(labels) != size:
        problems.append(
            WrongLength(
                at=dim.ir.span,
                dim=dim.ir.name,
                expected=counted(size, "label"),
                where=origin,
                found=counted(len(labels), "label"),
                hint=f"leave out the size to take the labels of the data: `dim {dim.ir.name}`",
            )
        )
        dim.doubtful = True
        return
    dim.labels, dim.origin = labels, origin


def _chosen(dim: Dimension, problems: list[Problem]) -> tuple[tuple[Label, ...] | None, str]:
    if dim.ir.labels is not None:
        return dim.ir.labels, f"the `{'time' if dim.ir.time else 'dim'}` statement"
    if dim.ir.time:
        ordered = [(found, axis) for found, axis in dim.axes if axis.along is Along.ORDERED]
        times = {key(label): label for _, axis in ordered for label in axis.labels}
        if times:
            return tuple(in_order(times.values())), " and ".join(
                dict.fromkeys(f"`{found.where}`" for found, _ in ordered)
            )
    for along in (Along.ORDERED, Along.LEVELS):
        for found, axis in dim.axes:
            if axis.along is along:
                labels = axis.labels if along is Along.ORDERED else tuple(in_order(axis.labels))
                return labels, f"`{found.where}`"
    if dim.doubtful:
        return None, ""
    unlabelled = next((each for each in dim.axes if each[1].along in (Along.NUMBERED, Along.POSITIONS)), None)
    size = dim.ir.size
    spread = next((each for each in dim.axes if each[1].along is Along.NAMES), None)
    if unlabelled is not None:
        found, axis = unlabelled
        origin = f"`{found.where}`, which has no column of them, so that they count from 1"
        if size is not None:
            origin = f"`dim {dim.ir.name} = {size}`"
        elif axis.along is Along.POSITIONS:
            origin = f"`{found.where}`, which count from 1"
        return _numbered(dim, size if size is not None else axis.size, problems), origin
    levels = {key(label): label for each in dim.levels for label in each.read.distinct}
    if size is not None and all(isinstance(each, int) and 0 < each <= size for each in levels):
        return _numbered(dim, size, problems), f"`dim {dim.ir.name} = {size}`"
    if spread is not None and size is None:
        return spread[1].labels, f"`{spread[0].where}`"
    if levels:
        return tuple(in_order(levels.values())), "its category columns"
    return None, ""


def _numbered(dim: Dimension, size: int, problems: list[Problem]) -> tuple[Label, ...] | None:
    try:
        verify_labels(dim.ir.name, size, dim.ir.span)
    except DataError as error:
        problems += error.problems
        dim.doubtful = True
        return None
    return tuple(range(1, size + 1))


def align(
    found: Found, values: np.ndarray, dims: Mapping[str, Dimension], problems: list[Problem]
) -> np.ndarray | None:
    """Values in the shape of their dimensions, every axis in the order of the dimension's labels.

    Args:
        found: where the values come from.
        values: flat.
        dims: with their labels.
        problems: receives UQ433, UQ435, UQ441, UQ442, UQ447.

    Returns:
        The array, or None where an axis does not fit.
    """
    array = values.reshape([axis.size for axis in found.axes])
    count = len(problems)
    for number, axis in enumerate(found.axes):
        dim = dims[ir.base(axis.dim)]
        if dim.labels is None:
            return None
        order = _order(found, axis, dim, problems)
        if order is not None:
            array = np.take(array, order, axis=number)
            if (order < 0).any():  # labels that a field with missing values does not have at all
                array[(slice(None),) * number + (order < 0,)] = np.nan
    return np.array(array, order="C") if len(problems) == count else None


def _order(found: Found, axis: Axis, dim: Dimension, problems: list[Problem]) -> np.ndarray | None:
    """The position along an axis of each label; None where they stand in order, or do not fit."""
    labels = dim.labels or ()
    if axis.along is Along.NAMES and axis.size != len(labels):
        report([_wrong_spread(found, axis, dim)], problems)
        return None
    if axis.along is Along.NAMES and _in_order_of_spec(axis, dim):
        return None
    if axis.along is Along.NUMBERED:
        other = next((source for source, each in dim.axes if each.along in (Along.ORDERED, Along.LEVELS)), None)
        if other is not None:
            report([_unlabelled(found, axis, other)], problems)
            return None
    if axis.along in (Along.NUMBERED, Along.POSITIONS):
        if axis.size != len(labels):
            report([_wrong_length(found, axis, dim)], problems)
        return None
    if axis.labels == labels:
        return None
    return _by_label(found, axis, dim, problems)


def _in_order_of_spec(axis: Axis, dim: Dimension) -> bool:
    """Whether spread columns are called otherwise than the labels, and the spec itself says in which order these stand."""
    named = {key(each) for each in axis.labels} == {key(each) for each in dim.labels or ()}
    return not named and (dim.ir.labels is not None or dim.labels == tuple(range(1, axis.size + 1)))


def _by_label(found: Found, axis: Axis, dim: Dimension, problems: list[Problem]) -> np.ndarray | None:
    labels = dim.labels or ()
    known, given = index_of(labels), index_of(axis.labels)
    extra = [position for each, position in given.items() if each not in known]
    lacking = [labels[position] for each, position in known.items() if each not in given]
    field = found.field
    if extra:
        unknown = _unknown(field, axis.labels, np.asarray(extra), axis.place, dim, name=axis.place(extra[0]).column)
        report([unknown], problems)
    if lacking and field.missing:
        lacking = []
        return None if extra else np.asarray([given.get(key(each), -1) for each in labels], np.intp)
    if lacking:
        place = axis.place(0)._replace(row=None)
        missing = MissingLabels(
            at=field.span,
            place=place,
            where=f"`{found.where}`",
            labels=labels_listed(lacking),
            dim=dim.ir.name,
            other=dim.origin,
            hint=f"where there is no value for some, say so: `{field.name}[…] : {field.kind} missing`",
        )
        report([missing], problems)
    if extra or lacking:
        return None
    return np.asarray([given[key(each)] for each in labels], np.intp)


def encode(levels: Levels, dim: Dimension, problems: list[Problem]) -> np.ndarray | None:
    """The positions, from 0, of the labels that a category field holds, flat; NaN where one is missing (UQ442)."""
    if dim.labels is None:
        return None
    known = index_of(dim.labels)
    positions = np.asarray([known.get(key(label), -1) for label in levels.read.distinct], np.int64)
    values = positions[levels.read.codes]
    if (values >= 0).all():
        if not levels.found.field.missing:
            return values
        gaps = np.full(len(levels.found.cells), np.nan)
        gaps[levels.known] = values
        return gaps
    wrong = np.flatnonzero(values < 0)
    labels = [levels.read.distinct[code] for code in levels.read.codes]
    found, known = levels.found, levels.known
    problems.append(_unknown(found.field, labels, wrong, lambda each: found.place(int(known[each])), dim))
    return None


# ---------------------------------------------------------------------------------------------------------- problems


def _unknown(
    field: ir.DataField,
    labels: Sequence[Label],
    wrong: np.ndarray,
    place: Callable[[int], Place],
    dim: Dimension,
    name: str | None = None,
) -> UnknownLabels:
    spot = first_spot(place, wrong)
    shown = list(dict.fromkeys(labels[each] for each in (spot.position, *wrong.tolist())))
    near = closest(str(shown[0]), map(str, dim.labels or ()))
    hint = f"did you mean `{near}`?" if near else _which(dim)
    if spot.others:
        hint = f"{counted(len(shown), 'label')} not known, {spot.others}; {hint}"
    return UnknownLabels(
        at=field.span,
        place=spot.place,
        shown=shortened(str(shown[0])),
        name=name or field.name,
        dim=dim.ir.name,
        other=dim.origin,
        hint=hint,
    )


def _which(dim: Dimension) -> str:
    labels = dim.labels or ()
    if labels == tuple(range(1, len(labels) + 1)):
        name = dim.ir.name
        return f"its labels are the numbers 1 to {len(labels)}; declare others with `dim {name} = […]`, or in a column `{name}`"
    return f"its labels are {listing(map(str, labels[:8]), last='and')}" + (", …" if len(labels) > 8 else "")


def _wrong_length(found: Found, axis: Axis, dim: Dimension) -> WrongLength:
    thing = "row" if axis.along is Along.NUMBERED else "value"
    return WrongLength(
        at=found.field.span,
        place=axis.place(0)._replace(row=None),
        dim=axis.dim,
        expected=f"{counted(len(dim.labels or ()), 'label')} from {dim.origin}",
        where=f"`{found.field.name}`",
        found=f"{counted(axis.size, thing)} along it" if len(found.axes) > 1 else counted(axis.size, thing),
    )


def _wrong_spread(found: Found, axis: Axis, dim: Dimension) -> WrongSpread:
    return WrongSpread(
        at=found.field.span,
        place=Place(found.where),
        name=found.field.name,
        dim=axis.dim,
        found=counted(axis.size, "column"),
        expected=counted(len(dim.labels or ()), "label"),
        hint=_which(dim),
    )


def _unlabelled(found: Found, axis: Axis, other: Found) -> UnlabelledRows:
    where = f"`{found.where}`"
    return UnlabelledRows(
        at=found.field.span, place=Place(found.where), where=where, dim=axis.dim, other=f"`{other.where}`"
    )
