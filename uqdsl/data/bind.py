"""From a spec to its data: every file read, every value checked, every dimension labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from uqdsl import ir
from uqdsl.data.ahead import look_ahead
from uqdsl.data.align import Dimension, Levels, align, choose_labels, encode, read_levels
from uqdsl.data.arrays import find_in_arrays
from uqdsl.data.dataset import Dataset
from uqdsl.data.errors import errors_beyond_spread
from uqdsl.data.form import Arrays, Found, Frame, Label
from uqdsl.data.formats import does_not_fit, read_file, verify_format
from uqdsl.data.in_memory import Given, read_given
from uqdsl.data.kinds import read_numbers
from uqdsl.data.limits import verify_limits
from uqdsl.data.nested import variable_of
from uqdsl.data.parts import shared_rows, unseen_labels, with_constants
from uqdsl.data.paths import find_file
from uqdsl.data.ranges import verify_grades, verify_times
from uqdsl.data.rows import find_in_rows
from uqdsl.data.selections import verify_selections
from uqdsl.data.split import split_rows
from uqdsl.messages import DataError, Problem, Span, did_you_mean, listing
from uqdsl.messages.catalogue.data import NoSuchField, NotGiven
from uqdsl.vocabulary.parts import GIVEN, NEW, PARTS, TRAINING
from uqdsl.vocabulary.supports import KINDS


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
            polars data frame, an xarray data set, a dict of arrays) fills every field of that field's statement. By the name of
            a part (`training`, `testing`, `new`) the table of its rows, or a dict of its fields.
        allowed: other folders below which files may lie.

    Raises:
        DataError: UQ401 to UQ464, every problem of all the data.

    Example:
        >>> from uqdsl.semantics import analyse
        >>> from uqdsl.syntax.parser import parse
        >>> text = "data { y[i] : real = [1, 2] } prior mu ~ Normal(0, 1) likelihood y[i] ~ Normal(mu, 1)"
        >>> spec = analyse(parse(text, "model.uq")).spec
        >>> bind(spec, None).coords
        {'i': [1, 2]}
    """
    problems: list[Problem] = []
    asked = _by_part(spec, given or {}, problems)
    shared, parts = _find_all(spec, _Files(folder, allowed, files := {}), asked, problems)
    common = {each.name: Dimension(each) for each in spec.dims if not each.parted}
    dims = {part: common | {each.name: Dimension(each) for each in spec.dims if each.parted} for part in parts}
    for part, found in parts.items():
        _mark_doubtful(_asked(spec, part), [*shared, *found], dims[part])

    in_all = _read(shared, problems)
    values = {part: _read(found, problems) for part, found in parts.items()}
    _gather(in_all, common)
    for part, each in values.items():
        _gather(each, dims[part])
    for dim in (*common.values(), *(each for own in dims.values() for name, each in own.items() if name not in common)):
        choose_labels(dim, problems)

    same = _aligned(in_all, common, problems)
    arrays = {part: same | _aligned(each, dims[part], problems) for part, each in values.items()}
    problems += verify_selections(spec, dims[TRAINING])
    for part, each in values.items():
        numbers = [(found, value) for found, value in (*in_all, *each) if isinstance(value, np.ndarray)]
        of_part = dims[part]
        beyond = (
            *verify_times(numbers, of_part),
            *verify_grades(spec, numbers, of_part),
            *verify_limits(spec, numbers, of_part),
        )
        problems += [problem for problem in beyond if problem not in problems]
    if not problems:
        arrays = with_constants(spec, arrays, problems)
    if not problems:
        arrays[TRAINING] = look_ahead(spec, arrays[TRAINING], dims[TRAINING], problems)
    if problems:
        raise DataError(problems)
    bound = {part: _filled_in(_asked(spec, part), spec, each, dims[part], files) for part, each in arrays.items()}
    places = {part: [each for each, _ in (*in_all, *found)] for part, found in values.items()}
    said = [
        *unseen_labels(values, dims[TRAINING]),
        *shared_rows(spec, bound),
        *errors_beyond_spread(spec, bound, places),
    ]
    rest = {part: each for part, each in bound.items() if part != TRAINING}
    return bound[TRAINING]._replace(parts=rest, problems=tuple(said))


type _Values = list[tuple[Found, np.ndarray | Levels | None]]


def _asked(spec: ir.Spec, part: str) -> list[ir.DataField]:
    """The fields that a part has to have: all of the training rows; of others not what Python gives of those alone.

    Nor, of new rows, what is to be told of them.
    """
    if part == TRAINING:
        return list(spec.fields)
    parted = {each.name for each in spec.dims if each.parted}
    alone = {
        field.name
        for table in spec.tables
        for field in table.fields
        if not table.parted and parted & {ir.base(dim) for dim in field.dims}
    }
    return [each for each in spec.fields if each.name not in alone and not (part == NEW and each.outcome)]


def _read(found: Sequence[Found], problems: list[Problem]) -> _Values:
    """The cells of each field as numbers, or as levels."""
    return [
        (each, read_levels(each, problems) if each.field.kind == "category" else read_numbers(each, problems))
        for each in found
    ]


def _aligned(values: _Values, dims: Mapping[str, Dimension], problems: list[Problem]) -> dict[str, np.ndarray]:
    """The array of each field, every axis in the order of its dimension's labels."""
    arrays: dict[str, np.ndarray] = {}
    for each, value in values:
        if isinstance(value, Levels):
            value = encode(value, dims[value.found.field.of or ""], problems)
        fitted = align(each, np.zeros(len(each.cells)) if value is None else value, dims, problems)
        if fitted is not None and value is not None:
            arrays[each.field.name] = fitted
    return arrays


def _filled_in(
    fields: Sequence[ir.DataField],
    spec: ir.Spec,
    arrays: Mapping[str, np.ndarray],
    dims: Mapping[str, Dimension],
    files: dict[str, str],
) -> Dataset:
    """The data of a part, with something in the place of what is missing, and where that is."""
    coords: dict[str, list[Label]] = {name: list(dim.labels) for name, dim in dims.items() if dim.labels is not None}
    found = {each.name: arrays[each.name] for each in (*fields, *spec.constants)}
    for each in fields:
        if each.missing:
            known = ~np.isnan(found[each.name])
            found[each.name] = _filled(found[each.name], known, each.kind)
            found[ir.observed(each.name)] = known
            coords[ir.missing(each.name)] = [*np.flatnonzero(~known).tolist()]
    return Dataset(found, coords, files)


def _filled(values: np.ndarray, known: np.ndarray, kind: str) -> np.ndarray:
    """Values with one of the known ones, or 1, in the place of those that are missing: something that any law can take."""
    filler = values[known][0] if known.any() else 0.0 if kind == "category" else 1.0
    filled = np.where(known, values, filler)
    return filled.astype(np.int64) if kind == "category" or KINDS[kind].integer else filled


def _by_part(spec: ir.Spec, given: Mapping[str, Any], problems: list[Problem]) -> dict[str, dict[str, Any]]:
    """What Python gave for each part, by field; what it gave by the name of a field is for training (UQ452)."""
    fields = {each.name for each in spec.fields}
    tables = [table for table in spec.tables if table.parts] or [table for table in spec.tables if table.split is None]
    read = [[each.name for each in table.fields if each.values is None] for table in tables]
    first = [names[0] for names in read if names]
    parts = {TRAINING, *(each.role for table in tables for each in table.parts)} if first else set()
    found: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
    for name, value in given.items():
        if name in fields:
            found[TRAINING][name] = value
        elif name not in parts:
            problems.append(_unknown_name(str(name), spec))
        elif isinstance(value, Mapping) and value.keys() <= fields:
            found[name].update(value)
        else:
            found[name].update(dict.fromkeys(first, value))
    return found


def _unknown_name(name: str, spec: ir.Spec) -> NoSuchField:
    fields = [each.name for each in spec.fields]
    otherwise = f"its data are {listing(fields, last='and')}" if fields else "it has no data at all"
    if name in PARTS:
        return NoSuchField(name=name, hint=f"declare that there are such rows: `data {{ … {name} = {GIVEN} }}`")
    return NoSuchField(name=name, hint=did_you_mean(name, fields, otherwise=otherwise))


def _mark_doubtful(fields: Sequence[ir.DataField], found: Sequence[Found], dims: Mapping[str, Dimension]) -> None:
    """Note the dimensions of fields that were not found: a source of labels may be lost with them."""
    names = {each.field.name for each in found}
    for each in fields:
        if each.name not in names:
            for dim in (*each.dims, *((each.of,) if each.of else ())):
                dims[ir.base(dim)].doubtful = True


def _gather(values: _Values, dims: Mapping[str, Dimension]) -> None:
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
    hashes: dict[str, str]
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


def _find_all(
    spec: ir.Spec, files: _Files, given: Mapping[str, Mapping[str, Any]], problems: list[Problem]
) -> tuple[list[Found], dict[str, list[Found]]]:
    """The fields that are the same in every part, and those of each part."""
    shared: list[Found] = []
    parts: dict[str, list[Found]] = {TRAINING: []}
    parted = {each.name for each in spec.dims if each.parted}
    for statement in spec.tables:
        table = _Table(statement, {each.name: each for each in spec.dims}, [], problems)
        _find_fields(table, statement.fields, statement, files, given[TRAINING])
        rows = [each for each in table.found if any(ir.base(axis.dim) in parted for axis in each.axes)]
        shared += [each for each in table.found if each not in rows]
        if statement.split is not None and rows:
            for part, found in _split(table, rows, statement.split, files, given[TRAINING]).items():
                parts.setdefault(part, []).extend(found)
            continue
        parts[TRAINING] += rows
        for part in statement.parts:
            of_part = table._replace(found=parts.setdefault(part.role, []))
            fields = [each for each in statement.fields if each.values is None]
            fields = [each for each in fields if not (part.role == NEW and each.outcome)]
            _find_fields(of_part, fields, part, files, given[part.role])
    if NEW in parts:
        parts[NEW] = [each for each in parts[NEW] if not each.field.outcome]
    return shared, parts


def _split(
    table: _Table, rows: list[Found], split: ir.Split, files: _Files, given: Mapping[str, Any]
) -> dict[str, list[Found]]:
    """The fields of the one table that is divided, for each part."""
    dim = next(axis.dim for axis in rows[0].axes if table.dims[ir.base(axis.dim)].parted)
    words: list[Found] = []
    try:
        if split.column is not None:
            column = ir.DataField(
                span=split.span, name=split.column, dims=(dim,), kind="category", columns=(split.column,)
            )
            by = table._replace(found=words)
            _find_fields(by, [column], table.ir, files, given)
            if not words:
                return {}
        return split_rows(split, dim, rows, words[0] if words else None)
    except DataError as error:
        table.problems.extend(error.problems)
        return {}


def _find_fields(
    table: _Table,
    fields: Sequence[ir.DataField],
    rows: ir.Table | ir.Part,
    files: _Files,
    given: Mapping[str, Any],
) -> None:
    """Fields of one `data` statement, each from the first of these: what Python gave, the spec itself, the file."""
    every, part = table.ir.fields, rows.role if isinstance(rows, ir.Part) else ""
    sources = _read_given(every, given, part, table.problems)
    whole = next((each for each in sources.values() if each.whole), None)
    waiting: list[ir.DataField] = []
    for each in fields:
        if each.name in sources and not sources[each.name].whole:
            table.find([_alone(each)], sources[each.name].source)
        elif each.name in sources:
            table.find([each], sources[each.name].source, every)
        elif each.name in given:
            continue
        elif each.values is not None:
            name = f"{each.name} (given in the spec)"
            table.find([_alone(each)], Arrays(name, {each.name: variable_of(each.values)}, alone=True))
        elif whole is not None:
            table.find([each], whole.source, every)
        else:
            waiting.append(each)
    if waiting and rows.path is None:
        parted = part or (TRAINING if table.ir.parts else "")
        table.problems.extend([_rows_not_given(rows, parted)] if parted else map(_not_given, waiting))
    elif waiting and rows.path is not None:
        try:
            source = files.read(rows.path, rows.span)
        except DataError as error:
            table.problems.extend(error.problems)
        else:
            table.find(waiting, source, [each for each in every if each.values is None])


def _read_given(
    fields: Sequence[ir.DataField], given: Mapping[str, Any], part: str, problems: list[Problem]
) -> dict[str, Given]:
    """What Python gave, by field; UQ409, UQ411, UQ453 for what cannot be read."""
    sources: dict[str, Given] = {}
    for each in fields:
        if each.name in given:
            try:
                sources[each.name] = read_given(each, given[each.name], part)
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


def _rows_not_given(rows: ir.Table | ir.Part, part: str) -> NotGiven:
    hint = f'name a file: `{part} = "….csv"`; or give a table from Python: `model.compile({part} = …)`'
    return NotGiven(at=rows.span, name=part, hint=hint)
