"""From the rows of a table to the values of its fields along their dimensions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from uqdsl import ir
from uqdsl.data.cells import Cells, is_missing, stacked
from uqdsl.data.form import Along, Axis, Found, Frame, Label
from uqdsl.data.labels import distinct, read_labels
from uqdsl.data.report import report
from uqdsl.data.wording import counted, over, rows_listed
from uqdsl.messages import DataError, Place, Problem, closest, did_you_mean, listing
from uqdsl.messages.catalogue.data import (
    ManyRows,
    MissingColumn,
    MissingRow,
    NoLabelColumn,
    RepeatedColumn,
    RepeatedRow,
    RowsDisagree,
)

_MOST_DIGITS = 18


def find_in_rows(
    fields: Sequence[ir.DataField],
    frame: Frame,
    dims: Mapping[str, ir.Dim],
    siblings: Sequence[ir.DataField],
    problems: list[Problem],
) -> list[Found]:
    """The values of fields in a table.

    A column named like a dimension holds its labels; of two dimensions each needs one (the long form). Without any, the
    rows are the dimension. A field over fewer dimensions than another of its statement repeats its values, which have
    to agree.

    Args:
        fields: to be found in the table.
        frame: the table.
        dims: of the spec.
        siblings: all fields of the statement.
        problems: receives UQ414, UQ415, UQ421, UQ436, UQ443 to UQ446.
    """
    table = _Rows(frame, dims, siblings, {})
    found = []
    for field in fields:
        try:
            found.append(_find(field, table))
        except DataError as error:
            report(error.problems, problems)
    return found


class _Keys(NamedTuple):
    """The labels of a dimension in a table.

    - codes: which label each row has.
    - first: the row in which each stands first.
    """

    labels: tuple[Label, ...]
    codes: np.ndarray
    first: np.ndarray
    column: str


class _Rows(NamedTuple):
    """A table with the labels that were read of it."""

    frame: Frame
    dims: Mapping[str, ir.Dim]
    siblings: Sequence[ir.DataField]
    keys: dict[str, _Keys]

    def column(self, name: str, field: ir.DataField) -> Cells:
        """Read a column (UQ414, UQ415)."""
        frame = self.frame
        count = frame.columns.count(name)
        if count == 1:
            return frame.read(name)
        place = Place(frame.name, None, name if count else None)
        if count:
            raise DataError([RepeatedColumn(at=field.span, place=place, path=frame.name, column=name, count=count)])
        hint = _other_column(name, field, frame)
        where = f"`{frame.name}`"
        raise DataError([MissingColumn(at=field.span, place=place, where=where, what="column", column=name, hint=hint)])

    def label_column(self, dim: str) -> str | None:
        """The column with the labels of a dimension, if there is one."""
        own = next((each for each in self.siblings if each.name == dim and (each.of or dim) == dim), None)
        if own is not None and not own.spread and len(own.dims) == 1 and own.columns[0] in self.frame.columns:
            return own.columns[0]
        return next((each for each in (dim, ir.own(dim)) if each in self.frame.columns), None)

    def read_keys(self, dim: str, column: str, field: ir.DataField) -> _Keys:
        if dim not in self.keys:
            place = _in_column(self.frame, column)
            read = read_labels(self.column(column, field), column, field.span, place)
            self.keys[dim] = _Keys(*distinct(read), column)
        return self.keys[dim]


def _other_column(name: str, field: ir.DataField, frame: Frame) -> str:
    """What to do where a table has not the column of a field."""
    if len(frame.columns) == 1 and name in frame.columns[0].split():
        return "its header is a single name with spaces in it: put commas or tabs between the values"
    near = closest(name, frame.columns)
    if near and _letters(near) == _letters(name) and field.columns == (ir.own(field.name),) == (name,):
        dims = f"[{', '.join(field.dims)}]" if field.dims else ""
        of = f"({field.of})" if field.of not in (None, name) else ""
        return f'did you mean `{name}{dims} : {field.kind}{of} = column("{near}")`?'
    return f"did you mean `{near}`?" if near else _what_is_there(frame)


def _letters(name: str) -> str:
    """What two names have in common that are written in another manner, as `log radon` and `Log_Radon`."""
    return "".join(filter(str.isalnum, name)).casefold()


def _what_is_there(frame: Frame) -> str:
    if not frame.columns:
        return ""
    if all(map(_is_number, frame.columns)):
        return "its first row holds numbers, where the names of the columns should be"
    return f"it has {listing(frame.columns, last='and')}"


def _is_number(text: str) -> bool:
    return text.strip("+-").replace(".", "", 1).isdigit() and len(text) <= _MOST_DIGITS


def _in_column(frame: Frame, column: str) -> Callable[[int], Place]:
    return lambda row: Place(frame.name, row + 1, column)


def _find(field: ir.DataField, table: _Rows) -> Found:
    columns, spread = _columns(field, table)
    cells = stacked([table.column(each, field) for each in columns])
    row_dims = field.dims[:-1] if spread else field.dims
    rows, axes = _row_axes(field, row_dims, table, cells, len(columns))
    if rows is not None:
        width = len(columns)
        cells = cells.take(rows if width == 1 else (rows[:, None] * width + np.arange(width)).ravel())
    if spread:
        axes = (*axes, Axis(field.dims[-1], len(columns), Along.NAMES, columns, _in_header(table.frame, columns)))
    return Found(field, table.frame.name, axes, cells, _in_cells(table.frame, columns, rows))


def _columns(field: ir.DataField, table: _Rows) -> tuple[tuple[str, ...], bool]:
    """The columns of a field, and whether they are spread over its last dimension: so too if they are its labels."""
    if field.spread or len(field.dims) < 2 or field.columns[0] in table.frame.columns:
        return field.columns, field.spread
    labels = tuple(map(str, table.dims[ir.base(field.dims[-1])].labels or ()))
    spread = bool(labels) and set(labels) <= set(table.frame.columns)
    return (labels, True) if spread else (field.columns, False)


def _in_header(frame: Frame, columns: Sequence[str]) -> Callable[[int], Place]:
    return lambda position: Place(frame.name, None, columns[position])


def _in_cells(frame: Frame, columns: Sequence[str], rows: np.ndarray | None) -> Callable[[int], Place]:
    def place(position: int) -> Place:
        row, column = divmod(position, len(columns))
        return Place(frame.name, int(row if rows is None else rows[row]) + 1, columns[column])

    return place


def _row_axes(
    field: ir.DataField, dims: tuple[str, ...], table: _Rows, cells: Cells, width: int
) -> tuple[np.ndarray | None, tuple[Axis, ...]]:
    """The axes that the rows make, and the row of each position along them; None where they are the rows in order."""
    frame = table.frame
    if not dims:
        if frame.length > 1:
            found = counted(frame.length, "row")
            hint = f"give it the dimension of these rows: `{field.name}[{_dimension_of_rows(table)}]`"
            problem = ManyRows(at=field.span, name=field.name, where=f"`{frame.name}`", found=found, hint=hint)
            raise DataError([problem])
        return None, ()
    label_columns = [table.label_column(dim) for dim in dims]
    if label_columns == [None] and dims[0] == _unlabelled_dim(table):
        dim = dims[0]
        return None, (Axis(dim, frame.length, Along.NUMBERED, (), lambda row: Place(frame.name, row + 1)),)
    lacking = [dim for dim, column in zip(dims, label_columns, strict=True) if column is None]
    if lacking:
        raise DataError([_no_label_column(field, dims, lacking[0], frame)])
    keys = [table.read_keys(dim, str(column), field) for dim, column in zip(dims, label_columns, strict=True)]
    shape = [len(each.labels) for each in keys]
    repeats = any(set(_row_dims_of(each, table)) - set(dims) for each in table.siblings)
    rows = _place_rows(field, keys, shape, frame, cells, width, dims, repeats=repeats)
    along = Along.ORDERED if len(dims) == 1 and not repeats else Along.LEVELS
    axes = tuple(
        Axis(dim, len(each.labels), along, each.labels, _first_places(frame, each))
        for dim, each in zip(dims, keys, strict=True)
    )
    return rows, axes


def _dimension_of_rows(table: _Rows) -> str:
    """How the rows of a table are called, as far as it or its statement says so, else `row`."""
    for each in table.siblings:
        dims = _row_dims_of(each, table)
        if len(dims) == 1:
            return dims[0]
    used = {column for each in table.siblings for column in each.columns}
    others = [each for each in table.frame.columns if each not in used]
    if len(others) == 1 and others[0].isidentifier() and others[0].islower():
        cells = table.frame.read(others[0]).values.tolist()
        if len(set(cells)) == len(cells) and not any(map(is_missing, cells)):
            return others[0]
    return "row"


def _row_dims_of(field: ir.DataField, table: _Rows) -> tuple[str, ...]:
    return field.dims[:-1] if _columns(field, table)[1] else field.dims


def _unlabelled_dim(table: _Rows) -> str | None:
    """The one dimension that rows without labels can be: the first of a field over nothing else."""
    for each in table.siblings:
        dims = _row_dims_of(each, table)
        if len(dims) == 1 and table.label_column(dims[0]) is None:
            return dims[0]
    return None


def _no_label_column(field: ir.DataField, dims: tuple[str, ...], dim: str, frame: Frame) -> NoLabelColumn:
    hint = did_you_mean(dim, frame.columns)
    if not hint and len(dims) > 1:
        last = field.dims[-1]
        hint = (
            f"add a column with the label of each row, or name a column for each label of `{last}`: "
            f"`{field.name}{over(field.dims).strip('`')} : {field.kind} = columns(…)`"
        )
    elif not hint:
        hint = f"add a column with the `{dim}` of each row, or take `{field.name}` from a table of its own"
    place, where = Place(frame.name), f"`{frame.name}`"
    return NoLabelColumn(at=field.span, place=place, where=where, dim=dim, name=field.name, hint=hint)


def _first_places(frame: Frame, keys: _Keys) -> Callable[[int], Place]:
    return lambda position: Place(frame.name, int(keys.first[position]) + 1, keys.column)


def _place_rows(
    field: ir.DataField,
    keys: Sequence[_Keys],
    shape: Sequence[int],
    frame: Frame,
    cells: Cells,
    width: int,
    dims: Sequence[str],
    *,
    repeats: bool,
) -> np.ndarray | None:
    """For each combination of labels the row that holds it (UQ443, UQ445, UQ446)."""
    combination = _combine(keys, shape)
    used, first = np.unique(combination, return_index=True)

    def named(code: int) -> str:
        positions = np.unravel_index(code, shape)
        each = zip(dims, keys, positions, strict=True)
        return " and ".join(f"`{dim} = {key.labels[int(position)]}`" for dim, key, position in each)

    if len(used) < len(combination):
        if not repeats:
            raise DataError([_repeated(field, combination, first, frame, keys, named)])
        _verify_agreement(field, combination, first[np.searchsorted(used, combination)], cells, width, frame, named)
    lacking = prod(shape) - len(used)
    if lacking:
        code = int(np.flatnonzero(np.append(used, -1) != np.arange(len(used) + 1))[0])
        count = "a value" if lacking == 1 else f"{lacking} values"
        place, where = Place(frame.name), f"`{frame.name}`"
        hint = "add the missing rows; one is needed for each combination"
        problem = MissingRow(
            at=field.span, place=place, where=where, labels=named(code), name=field.name, count=count, hint=hint
        )
        raise DataError([problem])
    in_order = len(first) == frame.length and bool((first == np.arange(frame.length)).all())
    return None if in_order else first


def _combine(keys: Sequence[_Keys], shape: Sequence[int]) -> np.ndarray:
    codes = keys[0].codes
    for key, size in zip(keys[1:], shape[1:], strict=True):
        codes = codes * size + key.codes
    return codes


def _repeated(
    field: ir.DataField,
    combination: np.ndarray,
    first: np.ndarray,
    frame: Frame,
    keys: Sequence[_Keys],
    named: Callable[[int], str],
) -> RepeatedRow:
    again = np.ones(len(combination), bool)
    again[first] = False
    row = int(np.flatnonzero(again)[0])
    code = int(combination[row])
    rows = [int(each) + 1 for each in np.flatnonzero(combination == code)]
    others = int(again.sum()) - len(rows) + 1
    hint = f"it stands {rows_listed(rows)}" + (
        f"; {counted(others, 'more row repeats', 'more rows repeat')} others" if others else ""
    )
    return RepeatedRow(
        at=field.span,
        place=Place(frame.name, row + 1, keys[0].column if len(keys) == 1 else None),
        labels=named(code),
        count=counted(len(rows), "row"),
        where=f"`{frame.name}`",
        hint=hint,
    )


def _verify_agreement(
    field: ir.DataField,
    combination: np.ndarray,
    leader: np.ndarray,
    cells: Cells,
    width: int,
    frame: Frame,
    named: Callable[[int], str],
) -> None:
    values = cells.values.reshape(-1, width)
    other = values[leader]
    differ = values != other
    if values.dtype.kind == "f":  # what is missing twice is no disagreement
        differ &= ~(np.isnan(values) & np.isnan(other))
    rows = np.flatnonzero(differ.any(axis=1))
    if len(rows):
        row = int(rows[0])
        problem = RowsDisagree(
            at=field.span,
            place=Place(frame.name, row + 1, field.columns[0] if width == 1 else None),
            first=int(leader[row]) + 1,
            second=row + 1,
            where=f"`{frame.name}`",
            labels=named(int(combination[row])),
            name=field.name,
        )
        raise DataError([problem])
