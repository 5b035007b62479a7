"""Columns of Arrow, in which pyarrow, polars and Parquet files hold their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uqdsl.data.cells import Cells, cells_of, objects

if TYPE_CHECKING:
    import pyarrow as pa


def arrow_cells(column: pa.ChunkedArray) -> Cells:
    """The values of a column; None stands for null."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
        kind = column.type
    plain = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp(kind.unit))
    if (plain and not column.null_count) or pa.types.is_temporal(kind):
        return cells_of(column.to_numpy())
    # Nulls among whole numbers would make floats of them in NumPy, so they stay objects.
    return cells_of(objects(column.to_pylist()))
