"""What Python gives: arrays, lists, pandas, polars, pyarrow and xarray objects, and dicts of any of these.

No library is imported to find out what an object is: one whose objects are given has been imported already.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from uqdsl.data.cells import Cells, cells_of, emptied
from uqdsl.data.form import Arrays, Frame, Variable
from uqdsl.data.nested import variable_of
from uqdsl.ir import DataField
from uqdsl.messages import DataError, Place
from uqdsl.messages.catalogue.data import EmptyTable, NotBindable, PackageMissing

if TYPE_CHECKING:
    import pandas as pd


class Given(NamedTuple):
    """A source from Python; `whole` where it is a table, which fills all fields of a statement."""

    source: Frame | Arrays
    whole: bool


def read_given(field: DataField, value: Any, part: str = "") -> Given:
    """The arrays of what was given under the name of a field, or, for the rows of another part than training, of that part.

    - A pandas index with a name is a column of that name. One of text without a name labels the rows.
    - The dimensions of an xarray object match by name, its coordinates are labels.
    - A dict, or a table of any library, is a table.

    Raises:
        DataError: UQ409, UQ411, UQ453.
    """
    name = f"{field.name} ({f'{part}, ' * bool(part)}given from Python)"
    pandas, xarray = sys.modules.get("pandas"), sys.modules.get("xarray")
    if pandas is not None and isinstance(value, pandas.DataFrame):
        return Given(_data_frame(value, name, field), whole=True)
    if pandas is not None and isinstance(value, pandas.Series) and value.index.nlevels > 1:
        return Given(_data_frame(value.to_frame(field.name), name, field), whole=False)
    if xarray is not None and isinstance(value, xarray.Dataset):
        return Given(Arrays(name, _dataset(value)), whole=True)
    if isinstance(value, Mapping):
        return Given(_mapping(value, name, field), whole=True)
    if hasattr(value, "__arrow_c_stream__") and (hasattr(value, "columns") or hasattr(value, "column_names")):
        return Given(_arrow_table(value, name, field), whole=True)
    found = _array(value, field)
    if found is None:
        hint = "collect it first: `.collect()`" if type(value).__name__ == "LazyFrame" else ""
        raise DataError([NotBindable(at=field.span, name=field.name, what=_described(value), hint=hint)])
    variable, labels = found
    return Given(Arrays(name, {**labels, field.name: variable}, alone=True), whole=False)


def _described(value: object) -> str:
    kind = type(value).__name__
    return "None" if value is None else f"{'an' if kind[0] in 'AEIOaeio' else 'a'} `{kind}`"


# ------------------------------------------------------------------------------------------------------------- tables


def _nonempty(frame: Frame, field: DataField) -> Frame:
    if not frame.length:
        raise DataError([EmptyTable(at=field.span, place=Place(frame.name), name=frame.name, what="rows")])
    return frame


def _data_frame(table: pd.DataFrame, name: str, field: DataField) -> Frame:
    columns = {str(each): table.iloc[:, position] for position, each in enumerate(table.columns)}
    for level in range(table.index.nlevels):
        index = table.index.get_level_values(level)
        if index.name is not None:
            columns.setdefault(str(index.name), index.to_series())
        elif index.dtype.kind not in "iufb" and len(_row_dims(field)) == 1:
            columns.setdefault(_row_dims(field)[0], index.to_series())
    written = tuple(map(str, table.columns))
    names = (*written, *(each for each in columns if each not in written))
    return _nonempty(Frame(name, names, len(table), lambda column: _series_cells(columns[column])), field)


def _row_dims(field: DataField) -> tuple[str, ...]:
    return field.dims[:-1] if field.spread else field.dims


def _series_cells(series: pd.Series) -> Cells:
    if isinstance(series.dtype, np.dtype) and series.dtype.kind != "O":
        return cells_of(series.to_numpy())
    plain = getattr(series.dtype, "numpy_dtype", None)
    if isinstance(plain, np.dtype) and plain.kind in "iufb" and not series.hasnans:
        return cells_of(series.to_numpy(plain))
    return cells_of(emptied(series.to_numpy(object), np.asarray(series.isna(), bool)))


def _arrow_table(value: Any, name: str, field: DataField) -> Frame:
    pyarrow = _pyarrow(name, field)
    from uqdsl.data.arrow import arrow_cells

    table = pyarrow.table(value)
    names = tuple(table.column_names)
    frame = Frame(name, names, table.num_rows, lambda column: arrow_cells(table.column(names.index(column))))
    return _nonempty(frame, field)


def _pyarrow(name: str, field: DataField) -> Any:
    try:
        import pyarrow
    except ImportError:
        raise DataError([PackageMissing(at=field.span, path=name, package="pyarrow")]) from None
    return pyarrow


def _mapping(value: Mapping[Any, Any], name: str, field: DataField) -> Arrays:
    variables: dict[str, Variable] = {}
    for key, each in value.items():
        found = _array(each, field)
        if found is None and str(key) in field.columns:
            raise DataError([NotBindable(at=field.span, name=field.name, what=_described(each))])
        if found is not None:
            variable, labels = found
            variables[str(key)] = variable
            for dim, label in labels.items():
                variables.setdefault(dim, label)
    return Arrays(name, variables, "entry")


# ------------------------------------------------------------------------------------------------------------- arrays


def _array(value: Any, field: DataField) -> tuple[Variable, dict[str, Variable]] | None:
    """An array, with the labels that it brings; None for what is none."""
    pandas, xarray = sys.modules.get("pandas"), sys.modules.get("xarray")
    if pandas is not None and isinstance(value, pandas.Series):
        return _series(value, field)
    if pandas is not None and isinstance(value, pandas.Index):
        return _variable(_shaped(_series_cells(value.to_series()), (len(value),))), {}
    if xarray is not None and isinstance(value, xarray.DataArray):
        dims = tuple(map(str, value.dims))
        return Variable(dims, value.shape, lambda: np.asarray(value.values)), _coordinates(value)
    if hasattr(value, "__arrow_c_stream__") or hasattr(value, "__arrow_c_array__"):
        return _arrow_array(value, field)
    if isinstance(value, np.ma.MaskedArray):
        return _variable(emptied(value.data, np.ma.getmaskarray(value))), {}
    if isinstance(value, range):
        return _variable(np.asarray(value)), {}
    if isinstance(value, list | tuple):
        return variable_of(_unboxed(value)), {}
    if isinstance(value, bool | int | float | str):
        return variable_of(value), {}
    if not hasattr(value, "__array__") or isinstance(value, type):
        return None
    try:
        return _variable(np.asarray(value)), {}
    except Exception:  # noqa: BLE001 - of an array of some other library, such as a tracer of JAX
        return None


def _variable(array: np.ndarray) -> Variable:
    return Variable(None, array.shape, lambda: array)


def _shaped(cells: Cells, shape: tuple[int, ...]) -> np.ndarray:
    return cells.values.reshape(shape)


def _unboxed(value: Sequence[Any]) -> list[Any]:
    """Lists of which some parts may be arrays as lists of numbers only."""
    return [
        each.tolist()
        if isinstance(each, np.ndarray | np.generic) and each.dtype.kind in "biufUO"
        else _unboxed(each)
        if isinstance(each, list | tuple) and not all(type(part) in (int, float, str, bool) for part in each)
        else each
        for each in value
    ]


def _series(series: pd.Series, field: DataField) -> tuple[Variable, dict[str, Variable]]:
    labels: dict[str, Variable] = {}
    index = series.index
    numbered = index.name is None and index.dtype.kind in "iufb"
    if not numbered and index.nlevels == 1 and len(field.dims) == 1:
        dim = field.dims[0] if index.name is None else str(index.name)
        labels[dim] = _variable(_shaped(_series_cells(index.to_series()), (len(index),)))
    return _variable(_shaped(_series_cells(series), series.shape)), labels


def _arrow_array(value: Any, field: DataField) -> tuple[Variable, dict[str, Variable]] | None:
    pyarrow = _pyarrow(field.name, field)
    from uqdsl.data.arrow import arrow_cells

    try:
        column = pyarrow.chunked_array(value if hasattr(value, "__arrow_c_stream__") else [pyarrow.array(value)])
    except (pyarrow.ArrowException, TypeError, ValueError):
        return None
    cells = arrow_cells(column)
    if any(isinstance(each, list) for each in cells.values[:1].tolist()):
        return variable_of(cells.values.tolist()), {}
    return _variable(cells.values), {}


def _dataset(dataset: Any) -> dict[str, Variable]:
    coordinates = _coordinates(dataset)
    return coordinates | {
        str(name): Variable(tuple(map(str, each.dims)), each.shape, lambda each=each: np.asarray(each.values))
        for name, each in dataset.variables.items()
        if str(name) not in coordinates and not _is_multi(dataset, name)
    }


def _coordinates(of: Any) -> dict[str, Variable]:
    """The labels that an xarray object has for its dimensions."""
    found = {}
    for name, each in of.coords.items():
        if each.dims == (name,) and not _is_multi(of, name):
            found[str(name)] = Variable((str(name),), each.shape, lambda each=each: np.asarray(each.values))
    return found


def _is_multi(of: Any, name: Any) -> bool:
    """Whether a coordinate is an index of tuples, which are no labels."""
    return name in of.indexes and of.indexes[name].nlevels > 1
