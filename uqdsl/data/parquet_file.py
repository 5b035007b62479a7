"""Parquet, by pyarrow; only the columns that are needed are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from uqdsl.data.cells import Cells
from uqdsl.data.form import Frame
from uqdsl.data.sizes import verify_values
from uqdsl.messages import DataError, Place, Span
from uqdsl.messages.catalogue.data import DamagedFile, EmptyTable, PackageMissing

if TYPE_CHECKING:
    import pyarrow.parquet


def read_parquet(path: Path, name: str, at: Span) -> Frame:
    """A table; an index that pandas kept under a name is a column of it.

    Raises:
        DataError: UQ406, UQ408, UQ409, UQ411; when a column is read, UQ406.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise DataError([PackageMissing(at=at, path=name, package="pyarrow")]) from None
    try:
        file = pq.ParquetFile(path)
        columns, length = tuple(file.schema_arrow.names), file.metadata.num_rows
    except (pa.ArrowException, OSError, ValueError, TypeError):
        raise DataError([_damaged(name, at)]) from None
    if not length:
        raise DataError([EmptyTable(at=at, place=Place(name), name=name, what="rows")])
    return Frame(name, columns, length, lambda column: _read(file, column, length, name, at))


def _read(file: pyarrow.parquet.ParquetFile, column: str, length: int, name: str, at: Span) -> Cells:
    import pyarrow as pa

    from uqdsl.data.arrow import arrow_cells

    verify_values((length,), column, name, at)
    try:
        # A name with a dot asks pyarrow for a part of a nested column as well, so it is taken by its place.
        table = file.read(columns=[column])
        cells = arrow_cells(table.column(table.column_names.index(column)))
    except (pa.ArrowException, OSError, ValueError, KeyError):
        raise DataError([_damaged(name, at)]) from None
    if len(cells) != length:
        raise DataError([_damaged(name, at)])
    return cells


def _damaged(name: str, at: Span) -> DamagedFile:
    reason = "it is cut off, or was never one"
    return DamagedFile(at=at, place=Place(name), path=name, form="Parquet", reason=reason)
