"""From a spec to its data: every file read, every value checked, every dimension labelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
from uqdsl.data.nested import variable_of
from uqdsl.data.paths import find_file
from uqdsl.data.rows import find_in_rows
from uqdsl.data.selections import verify_selections
from uqdsl.messages import DataError, Problem, did_you_mean, listing
from uqdsl.messages.catalogue.data import NoSuchField, NotGiven


class Dataset(NamedTuple):
    """The data of a spec.

    - arrays: float64, or int64 for whole kinds, by the names of the fields; axes in the order in which the field
      declares its dimensions. A category holds positions, from 0, among the labels of its dimension.
    - coords: the labels of each dimension.
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
        DataError: UQ401 to UQ453, every problem of all the data.

    Example:
        >>> from uqdsl.semantics import analyse
        >>> from uqdsl.syntax.parser import parse
        >>> spec = analyse(parse("data { y[i] : real = [1, 2] }\\nfactor sum(y, over = i)", "model.uq")).spec
        >>> bind(spec, None).coords
        {'i': [1, 2]}
    """
    given = given or {}
    problems: list[Problem] = list(_unknown_names(spec, given))
    dims = {each.name: Dimension(each) for each in spec.dims}
    files: dict[str, str] = {}
    found: list[Found] = []
    for table in spec.tables:
        found += _find_fields(table, spec, folder, given, allowed, files, problems)
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
    if problems:
        raise DataError(problems)
    coords = {name: list(dim.labels) for name, dim in dims.items() if dim.labels is not None}
    return Dataset({each.name: arrays[each.name] for each in spec.fields}, coords, files)


def _unknown_names(spec: ir.Spec, given: Mapping[str, Any]) -> Iterator[Problem]:
    fields = [each.name for each in spec.fields]
    for name in given:
        if name not in fields:
            otherwise = f"its data are {listing(fields, last='and')}" if fields else "it has no data at all"
            yield NoSuchField(name=str(name), hint=did_you_mean(str(name), fields, otherwise=otherwise))


def _mark_doubtful(spec: ir.Spec, found: Sequence[Found], dims: Mapping[str, Dimension]) -> None:
    """Note the dimensions of fields that were not found: a source of labels may be lost with them."""
    names = {each.field.name for each in found}
    for field in spec.fields:
        if field.name not in names:
            for dim in (*field.dims, *((field.of,) if field.of else ())):
                dims[dim].doubtful = True


def _gather(values: Sequence[tuple[Found, np.ndarray | Levels | None]], dims: Mapping[str, Dimension]) -> None:
    """What each field says of the labels of dimensions."""
    for found, value in values:
        for axis in found.axes:
            dims[axis.dim].axes.append((found, axis))
        of = found.field.of
        if isinstance(value, Levels) and of:
            dims[of].levels.append(value)
        elif of:
            dims[of].doubtful = True


# ----------------------------------------------------------------------------------------------------------- sources


def _find_fields(
    table: ir.Table,
    spec: ir.Spec,
    folder: Path | None,
    given: Mapping[str, Any],
    allowed: Sequence[Path],
    files: dict[str, str],
    problems: list[Problem],
) -> list[Found]:
    """The fields of one `data` statement, each from the first of these: what Python gave, the spec itself, the file."""
    dims = {each.name: each for each in spec.dims}
    sources: dict[str, Given] = {}
    for field in table.fields:
        if field.name in given:
            try:
                sources[field.name] = read_given(field, given[field.name])
            except DataError as error:
                problems += error.problems
    table_given = next((each for each in sources.values() if each.whole), None)
    found: list[Found] = []
    waiting: list[ir.DataField] = []
    for field in table.fields:
        if field.name in sources:
            source, whole = sources[field.name]
            alone = field if whole else field.model_copy(update={"columns": (field.name,), "spread": False})
            found += _find([alone], source, dims, table.fields if whole else [alone], problems)
        elif field.name in given:
            continue
        elif field.values is not None:
            name = f"{field.name} (given in the spec)"
            alone = field.model_copy(update={"columns": (field.name,), "spread": False})
            found += _find(
                [alone], Arrays(name, {field.name: variable_of(field.values)}, alone=True), dims, [alone], problems
            )
        elif table_given is not None:
            found += _find([field], table_given.source, dims, table.fields, problems)
        else:
            waiting.append(field)
    if not waiting:
        return found
    if table.path is None:
        problems += [_not_given(each) for each in waiting]
        return found
    try:
        verify_format(table.path, table.span)
        path = find_file(table.path, folder, allowed, table.span)
        source, files[table.path] = read_file(path, table.path, table.span)
    except DataError as error:
        problems += error.problems
        return found
    siblings = [each for each in table.fields if each.values is None]
    return [*found, *_find(waiting, source, dims, siblings, problems)]


def _find(
    fields: Sequence[ir.DataField],
    source: Frame | Arrays,
    dims: Mapping[str, ir.Dim],
    siblings: Sequence[ir.DataField],
    problems: list[Problem],
) -> list[Found]:
    try:
        if isinstance(source, Frame):
            return find_in_rows(fields, source, dims, siblings, problems)
        return find_in_arrays(fields, source, dims, siblings, problems)
    except MemoryError:
        problems.append(does_not_fit(source.name, fields[0].span))
        return []


def _not_given(field: ir.DataField) -> NotGiven:
    hint = (
        f'name a file: `data "….csv" {{ … }}`; give values in place: `{field.name} : {field.kind} = …`; '
        f"or give them from Python: `model.compile({field.name} = …)`"
    )
    return NotGiven(at=field.span, name=field.name, hint=hint)
