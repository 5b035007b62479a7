"""From named arrays to the values of fields along their dimensions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from uqdsl import ir
from uqdsl.data.cells import cells_of
from uqdsl.data.form import Along, Arrays, Axis, Found, Frame, Variable
from uqdsl.data.labels import distinct, read_labels
from uqdsl.data.report import report
from uqdsl.data.rows import find_in_rows
from uqdsl.data.wording import counted, labels_listed, over, rows_listed
from uqdsl.messages import DataError, Place, Problem, did_you_mean, listing
from uqdsl.messages.catalogue.data import (
    EmptyTable,
    MissingColumn,
    RepeatedRow,
    UnevenList,
    WrongAxes,
    WrongDimensions,
    WrongLength,
)


def find_in_arrays(
    fields: Sequence[ir.DataField],
    arrays: Arrays,
    dims: Mapping[str, ir.Dim],
    siblings: Sequence[ir.DataField],
    problems: list[Problem],
) -> list[Found]:
    """The values of fields among named arrays.

    Axes are known by the names of their dimensions, in any order, or else by their position, in the order in which the
    spec declares them. Columns of equal length beside a column of labels are rows of a table.

    Args:
        fields: to be found.
        arrays: where.
        dims: of the spec.
        siblings: all fields of the statement.
        problems: receives UQ411, UQ414, UQ421, UQ431, UQ432, UQ434, UQ443, and those of the rows of a table.
    """
    found = []
    for field in fields:
        try:
            frame = _as_rows(field, arrays, siblings)
            if frame is None:
                found.append(_find(field, arrays, siblings))
            else:
                found += find_in_rows([field], frame, dims, siblings, problems)
        except DataError as error:
            report(error.problems, problems)
    return found


def _as_rows(field: ir.DataField, arrays: Arrays, siblings: Sequence[ir.DataField]) -> Frame | None:
    """The table whose rows hold a field, where its array has no axis for each dimension but labels stand beside it."""
    variables = arrays.variables
    row_dims = field.dims[:-1] if field.spread else field.dims
    first = variables.get(field.columns[0])
    if first is None or first.dims is not None or first.shape is None or len(first.shape) != 1 or not row_dims:
        return None
    labels = [variables.get(dim) or variables.get(ir.own(dim)) for dim in row_dims]
    long = len(row_dims) > 1 and all(each is not None and each.shape == first.shape for each in labels)
    grouped = len(row_dims) == 1 and _is_category(row_dims[0], siblings) and labels[0] is not None
    if not long and not (grouped and labels[0] is not None and labels[0].shape == first.shape):
        return None
    columns = tuple(name for name, each in variables.items() if each.shape == first.shape and each.dims is None)
    return Frame(arrays.name, columns, first.shape[0], lambda column: cells_of(variables[column].read()))


def _is_category(dim: str, siblings: Sequence[ir.DataField]) -> bool:
    """Whether what is called as a dimension is a category column over another one."""
    return any(each.name == dim and each.of == dim and each.dims != (dim,) for each in siblings)


def _find(field: ir.DataField, arrays: Arrays, siblings: Sequence[ir.DataField]) -> Found:
    dims = field.dims[:-1] if field.spread else field.dims
    parts = [_aligned(field, dims, _variable(column, field, arrays), column, arrays) for column in field.columns]
    if any(part.shape != parts[0].shape for part in parts):
        lengths = [f"`{name}` has {_size(part.shape)}" for name, part in zip(field.columns, parts, strict=True)]
        hint = ", ".join(lengths)
        raise DataError([UnevenList(at=field.span, name=field.name, declared=over(dims), hint=hint)])
    values = np.stack(parts, axis=-1) if field.spread else parts[0]
    if not values.size:
        place, name = arrays.place(None, field.columns[0]), arrays.name
        raise DataError([EmptyTable(at=field.span, place=place, name=name, what=f"values of `{field.name}`")])
    axes = [_axis(dim, size, field, arrays, siblings) for dim, size in zip(dims, values.shape, strict=False)]
    if field.spread:
        names = field.columns
        axes.append(Axis(field.dims[-1], len(names), Along.NAMES, names, lambda at: arrays.place(None, names[at])))
    where = arrays.name
    return Found(field, where, tuple(axes), cells_of(values), _in_array(field, arrays, values.shape))


def _variable(column: str, field: ir.DataField, arrays: Arrays) -> Variable:
    variable = arrays.variables.get(column)
    if variable is None:
        known = list(arrays.variables)
        hint = did_you_mean(column, known, otherwise=f"it has {listing(known, last='and')}" if known else "")
        where, place = f"`{arrays.name}`", Place(arrays.name)
        raise DataError(
            [MissingColumn(at=field.span, place=place, where=where, what=arrays.what, column=column, hint=hint)]
        )
    if variable.shape is None:
        place = arrays.place(None, column)
        declared = over(field.dims)
        raise DataError([UnevenList(at=field.span, place=place, name=column, declared=declared, hint=variable.uneven)])
    return variable


def _aligned(field: ir.DataField, dims: tuple[str, ...], variable: Variable, column: str, arrays: Arrays) -> np.ndarray:
    """The values of a variable, its axes in the order of the field's dimensions (UQ431, UQ432)."""
    shape = variable.shape or ()
    place = arrays.place(None, column)
    if variable.dims is not None:
        dims = dims if set(dims) == set(variable.dims) else tuple(map(ir.own, dims))
        if sorted(variable.dims) != sorted(dims):
            spread = f" for each of {listing(field.columns, last='and')}" if field.spread else ""
            problem = WrongDimensions(
                at=field.span,
                place=place,
                name=field.name,
                declared=over(dims) + spread,
                where=f"`{arrays.name}`",
                found=over(variable.dims),
                hint=_renamed(variable.dims, dims),
            )
            raise DataError([problem])
        return np.transpose(variable.read(), [variable.dims.index(dim) for dim in dims])
    if len(shape) != len(dims):
        declared = f"over {over(dims)}" if dims else "one value"
        found = "one value" if not shape else f"a list of {shape[0]}" if len(shape) == 1 else _by(shape)
        hint = _missing_dimensions(field, dims, shape)
        if len(dims) > 1 and len(shape) == 1:
            names = listing(dims, last="and")
            hint = f"give lists in lists, or beside it {names} with the labels of each value"
        raise DataError(
            [WrongAxes(at=field.span, place=place, name=field.name, declared=declared, found=found, hint=hint)]
        )
    return variable.read()


def _missing_dimensions(field: ir.DataField, dims: Sequence[str], shape: Sequence[int]) -> str:
    """How a field is declared whose values have more axes than it has dimensions."""
    lacking = len(shape) - len(dims)
    if lacking < 1:
        return ""
    added = ["…"] * lacking if dims or lacking > 2 else ["row", "column"][:lacking]
    named = ", ".join((*dims, *added))
    what = "a dimension" if lacking == 1 else f"{lacking} dimensions"
    if dims:
        what = "one more dimension" if lacking == 1 else f"{lacking} more dimensions"
    return f"give it {what}: `{field.name}[{named}] : {field.kind}`"


def _size(shape: Sequence[int]) -> str:
    return counted(shape[0], "value") if len(shape) == 1 else _by(shape) if shape else "one value"


def _by(shape: Sequence[int]) -> str:
    return f"an array of {' by '.join(map(str, shape))}"


def _renamed(found: Sequence[str], dims: Sequence[str]) -> str:
    extra, lacking = [each for each in found if each not in dims], [each for each in dims if each not in found]
    if len(extra) == 1 and len(lacking) == 1:
        return did_you_mean(extra[0], lacking) or f"rename `{extra[0]}` to `{lacking[0]}` in one of the two"
    return ""


def _axis(dim: str, size: int, field: ir.DataField, arrays: Arrays, siblings: Sequence[ir.DataField]) -> Axis:
    """An axis with the labels that stand beside the array, if any do."""
    name = arrays.name
    own = next((each for each in siblings if each.name == dim and each.dims == (dim,)), None)
    column = own.columns[0] if own is not None and own.columns[0] in arrays.variables else dim
    column = column if column in arrays.variables else ir.own(column)
    variable = arrays.variables.get(column)
    known = variable is not None and variable.shape is not None and len(variable.shape) == 1
    if (
        not known
        or variable is None
        or _is_category(dim, siblings)
        or variable.dims not in (None, (dim,), (ir.own(dim),))
    ):
        return Axis(dim, size, Along.POSITIONS, (), lambda _: arrays.place(None, field.columns[0]))

    def place(at: int) -> Place:
        return arrays.place(at + 1, column)

    read = read_labels(cells_of(variable.read()), column, field.span, place)
    labels, codes, first = distinct(read)
    if len(labels) < len(codes):
        again = int(np.flatnonzero(first[codes] != np.arange(len(codes)))[0])
        rows = [int(each) + 1 for each in np.flatnonzero(codes == codes[again])]
        problem = RepeatedRow(
            at=field.span,
            place=place(again),
            labels=labels_listed([labels[codes[again]]]),
            count=counted(len(rows), "place"),
            where=f"`{name}`",
            hint=f"it stands {rows_listed(rows)}",
        )
        raise DataError([problem])
    if len(labels) != size:
        expected, found = counted(len(labels), "label"), counted(size, "value")
        problem = WrongLength(
            at=field.span,
            place=place(0)._replace(row=None),
            dim=dim,
            expected=expected,
            where=f"`{field.name}`",
            found=found,
        )
        raise DataError([problem])
    return Axis(dim, size, Along.ORDERED, labels, place)


def _in_array(field: ir.DataField, arrays: Arrays, shape: tuple[int, ...]) -> Callable[[int], Place]:
    """Positions count from 1: as a row where there is one axis, in brackets where there are more."""

    def place(position: int) -> Place:
        if not shape:
            return arrays.place(None, field.columns[0])
        index = [int(each) + 1 for each in np.unravel_index(position, shape)]
        column = field.columns[0]
        if field.spread:
            column = field.columns[index.pop() - 1]
        if len(index) == 1:
            return arrays.place(index[0], column)
        return Place(arrays.name, None, f"{column}[{', '.join(map(str, index))}]", arrays.what)

    return place
