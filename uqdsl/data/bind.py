"""From a spec to its data: every file read, every value checked, every dimension labelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from uqdsl import ir
from uqdsl.data.align import Dimension, Levels, align, choose_labels, encode, read_levels
from uqdsl.data.arrays import find_in_arrays
from uqdsl.data.form import Arrays, Found, Frame, Label
from uqdsl.data.formats import does_not_fit, read_file, verify_format
from uqdsl.data.in_memory import Given, read_given
from uqdsl.data.kinds import read_numbers
from uqdsl.data.limits import verify_limits
from uqdsl.data.nested import variable_of
from uqdsl.data.paths import find_file
from uqdsl.data.ranges import verify_grades, verify_times
from uqdsl.data.rows import find_in_rows
from uqdsl.data.selections import verify_selections
from uqdsl.messages import DataError, Problem, Span, did_you_mean, listing
from uqdsl.messages.catalogue.data import NoSuchField, NotGiven
from uqdsl.vocabulary.supports import KINDS


class Dataset(NamedTuple):
    """The data of a spec.

    - arrays: float64, or int64 for whole kinds, by the names of the fields; axes in the order in which the field
      declares its dimensions. A category holds positions, from 0, among the labels of its dimension.
    - coords: the labels of each dimension.

      A field with missing values has a second array, of the places at which it is observed, and, among the coordinates, the
      list of the places at which it is not.
    - files: SHA-256 of each file that was read, by its path as the spec names it.
    """

    arrays: dict[str, np.ndarray]
    coords: dict[str, list[Label]]
    files: dict[str, str]


def bind(
    spec: ir.Spec, folder: Path | None, given: Mapping[str, Any] | None = None, *, allowed: Sequence[Path] = ()
) -> Dataset:
    """Read the data of a spec and check them against it.

    Data of one dimension meet by their labels, in whatever order each source has them; see `choose_labels` for where
    labels come from and how they are ordered. Rows are counted from 1, below the header of a table.

    Args:
        spec: the IR.
        folder: in which the spec lies, and below which its files have to; the working directory where it is None.
        given: values from Python, by the name of a field, in the place of what the spec names. A table (a pandas or
            polars data frame, an xarray data set, a dict of arrays) fills every field of that field's statement.
        allowed: other folders below which files may lie.

    Raises:
        DataError: UQ401 to UQ457, every problem of all the data.

    Example:
        >>> from uqdsl.semantics import analyse
        >>> from uqdsl.syntax.parser import parse
        >>> text = "data { y[i] : real = [1, 2] } prior mu ~ Normal(0, 1) likelihood y[i] ~ Normal(mu, 1)"
        >>> spec = analyse(parse(text, "model.uq")).spec
        >>> bind(spec, None).coords
        {'i': [1, 2]}
    """
    given = given or {}
    problems: list[Problem] = list(_unknown_names(spec, given))
    dims = {each.name: Dimension(each) for each in spec.dims}
    files = _Files(folder, allowed)
    found = [each for table in spec.tables for each in _find_fields(table, spec, files, given, problems)]
    _mark_doubtful(spec, found, dims)

    values: list[tuple[Found, np.ndarray | Levels | None]] = []
    for each in found:
        values.append(
            (each, read_levels(each, problems) if each.field.kind == "category" else read_numbers(each, problems))
        )
    _gather(values, dims)
    for dim in dims.values():
        choose_labels(dim, problems)

    arrays: dict[str, np.ndarray] = {}
    for each, value in values:
        if isinstance(value, Levels):
            value = encode(value, dims[value.found.field.of or ""], problems)
        fitted = align(each, np.zeros(len(each.cells)) if value is None else value, dims, problems)
        if fitted is not None and value is not None:
            arrays[each.field.name] = fitted
    problems += verify_selections(spec, dims)
    numbers = [(each, value) for each, value in values if isinstance(value, np.ndarray)]
    problems += (*verify_times(numbers, dims), *verify_grades(spec, numbers, dims), *verify_limits(spec, numbers))
    if problems:
        raise DataError(problems)
    coords: dict[str, list[Label]] = {name: list(dim.labels) for name, dim in dims.items() if dim.labels is not None}
    arrays = {each.name: arrays[each.name] for each in spec.fields}
    for each in spec.fields:
        if each.missing:
            known = ~np.isnan(arrays[each.name])
            arrays[each.name] = _filled(arrays[each.name], known, each.kind)
            arrays[ir.observed(each.name)] = known
            coords[ir.missing(each.name)] = [*np.flatnonzero(~known).tolist()]
    return Dataset(arrays, coords, files.hashes)


def _filled(values: np.ndarray, known: np.ndarray, kind: str) -> np.ndarray:
    """Values with one of the known ones, or 1, in the place of those that are missing: something that any law can take."""
    filler = values[known][0] if known.any() else 0.0 if kind == "category" else 1.0
    filled = np.where(known, values, filler)
    return filled.astype(np.int64) if kind == "category" or KINDS[kind].integer else filled


def _unknown_names(spec: ir.Spec, given: Mapping[str, Any]) -> Iterator[Problem]:
    fields = [each.name for each in spec.fields]
    for name in given:
        if name not in fields:
            otherwise = f"its data are {listing(fields, last='and')}" if fields else "it has no data at all"
            yield NoSuchField(name=str(name), hint=did_you_mean(str(name), fields, otherwise=otherwise))


def _mark_doubtful(spec: ir.Spec, found: Sequence[Found], dims: Mapping[str, Dimension]) -> None:
    """Note the dimensions of fields that were not found: a source of labels may be lost with them."""
    names = {each.field.name for each in found}
    for each in spec.fields:
        if each.name not in names:
            for dim in (*each.dims, *((each.of,) if each.of else ())):
                dims[ir.base(dim)].doubtful = True


def _gather(values: Sequence[tuple[Found, np.ndarray | Levels | None]], dims: Mapping[str, Dimension]) -> None:
    """What each field says of the labels of dimensions."""
    for found, value in values:
        for axis in found.axes:
            dims[ir.base(axis.dim)].axes.append((found, axis))
        of = found.field.of
        if isinstance(value, Levels) and of:
            dims[of].levels.append(value)
        elif of and found.field.kind == "category":
            dims[of].doubtful = True


# ----------------------------------------------------------------------------------------------------------- sources


@dataclass
class _Files:
    """The files of a spec; each is read once, however many statements name it.

    - hashes: SHA-256 of each, by its path as the spec names it.
    """

    folder: Path | None
    allowed: Sequence[Path]
    hashes: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Frame | Arrays] = field(default_factory=dict)

    def read(self, path: str, at: Span) -> Frame | Arrays:
        """Raises: UQ401 to UQ413."""
        if path not in self.sources:
            verify_format(path, at)
            self.sources[path], self.hashes[path] = read_file(find_file(path, self.folder, self.allowed, at), path, at)
        return self.sources[path]


class _Table(NamedTuple):
    """One `data` statement, with what has been found of it and what is wrong with it."""

    ir: ir.Table
    dims: Mapping[str, ir.Dim]
    found: list[Found]
    problems: list[Problem]

    def find(
        self, fields: Sequence[ir.DataField], source: Frame | Arrays, siblings: Sequence[ir.DataField] | None = None
    ) -> None:
        """Take fields from a source; `siblings` are all that it may hold."""
        siblings = fields if siblings is None else siblings
        try:
            if isinstance(source, Frame):
                self.found.extend(find_in_rows(fields, source, self.dims, siblings, self.problems))
            else:
                self.found.extend(find_in_arrays(fields, source, self.dims, siblings, self.problems))
        except MemoryError:
            self.problems.append(does_not_fit(source.name, fields[0].span))


def _find_fields(
    statement: ir.Table, spec: ir.Spec, files: _Files, given: Mapping[str, Any], problems: list[Problem]
) -> list[Found]:
    """The fields of one `data` statement, each from the first of these: what Python gave, the spec itself, the file."""
    table = _Table(statement, {each.name: each for each in spec.dims}, [], problems)
    fields = statement.fields
    sources = _read_given(fields, given, problems)
    whole = next((each for each in sources.values() if each.whole), None)
    waiting: list[ir.DataField] = []
    for each in fields:
        if each.name in sources:
            source = sources[each.name]
            if source.whole:
                table.find([each], source.source, fields)
            else:
                table.find([_alone(each)], source.source)
        elif each.name in given:
            continue
        elif each.values is not None:
            name = f"{each.name} (given in the spec)"
            table.find([_alone(each)], Arrays(name, {each.name: variable_of(each.values)}, alone=True))
        elif whole is not None:
            table.find([each], whole.source, fields)
        else:
            waiting.append(each)
    if waiting and statement.path is None:
        problems += [_not_given(each) for each in waiting]
    elif waiting and statement.path is not None:
        try:
            source = files.read(statement.path, statement.span)
        except DataError as error:
            problems += error.problems
        else:
            table.find(waiting, source, [each for each in fields if each.values is None])
    return table.found


def _read_given(fields: Sequence[ir.DataField], given: Mapping[str, Any], problems: list[Problem]) -> dict[str, Given]:
    """What Python gave, by field; UQ409, UQ411, UQ453 for what cannot be read."""
    sources: dict[str, Given] = {}
    for each in fields:
        if each.name in given:
            try:
                sources[each.name] = read_given(each, given[each.name])
            except DataError as error:
                problems += error.problems
    return sources


def _alone(one: ir.DataField) -> ir.DataField:
    """A field whose values are an array of their own, so that no columns hold them."""
    return one.model_copy(update={"columns": (one.name,), "spread": False})


def _not_given(one: ir.DataField) -> NotGiven:
    hint = (
        f'name a file: `data "….csv" {{ … }}`; give values in place: `{one.name} : {one.kind} = …`; '
        f"or give them from Python: `model.compile({f'**{{"{one.name}": …}}' if '.' in one.name else f'{one.name} = …'})`"
    )
    return NotGiven(at=one.span, name=one.name, hint=hint)
