"""How much data is read into memory: a file or spec that asks for more is refused before it takes the machine down."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path

from uqdsl.messages import DataError, Place, Span
from uqdsl.messages.catalogue.data import TooLarge

MOST_BYTES = 1 << 32
"""Of a text file, which takes about five times its size."""
MOST_VALUES = 1 << 30
"""Of an array: 8 GiB of numbers."""
MOST_LABELS = 1 << 25
"""Of a dimension: about 1 GiB of Python objects."""


def verify_bytes(path: Path, name: str, at: Span) -> None:
    """Refuse a text file that is too large (UQ408)."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise too_many_bytes(size, name, at)


def too_many_bytes(size: int, name: str, at: Span) -> DataError:
    """The refusal of a text file of a size (UQ408)."""
    found, most = f"{size >> 20} MB", f"the {MOST_BYTES >> 20} MB that are read into memory"
    hint = "Parquet, NetCDF and Zarr take less room, and only the columns that are needed are read"
    return DataError([TooLarge(at=at, place=Place(name), what=f"`{name}`", found=found, most=most, hint=hint)])


def verify_values(shape: Sequence[int], variable: str, name: str, at: Span) -> None:
    """Refuse an array that is too large (UQ408)."""
    if prod(shape) > MOST_VALUES:
        found, most = f"{prod(shape)} values", f"the {MOST_VALUES} that are read into memory"
        place = Place(name, None, variable, "variable")
        raise DataError([TooLarge(at=at, place=place, what=f"`{variable}`", found=found, most=most)])


def verify_labels(dim: str, size: int, at: Span) -> None:
    """Refuse a dimension that is too long (UQ408)."""
    if size > MOST_LABELS:
        raise DataError(
            [
                TooLarge(
                    at=at,
                    what=f"the dimension `{dim}`",
                    found=f"{size} labels",
                    most=f"the {MOST_LABELS} that a dimension can have",
                )
            ]
        )
