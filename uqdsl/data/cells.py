"""Cells: values as a source holds them, before anything is known of what they should be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isnan
from typing import Any, NamedTuple

import numpy as np


class Cells(NamedTuple):
    """Values in a row, as they were found.

    - values: a one-dimensional array of float64, int64, bool or, with None for what is missing, of Python objects.
    - written: all of them are text in which numbers may be written, as in CSV.
    """

    values: np.ndarray
    written: bool = False

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: np.ndarray) -> Cells:
        """The cells at some positions."""
        return Cells(self.values[rows], self.written)


def cells_of(array: np.ndarray) -> Cells:
    """The values of a NumPy array of any type and shape, in C order; dates become ISO 8601 text."""
    flat = np.ravel(array)
    match flat.dtype.kind:
        case "f":
            return Cells(flat.astype(np.float64))
        case "i":
            return Cells(flat.astype(np.int64))
        case "u":
            fits = flat.dtype.itemsize < 8 or not len(flat) or int(flat.max()) < 2**63
            return Cells(flat.astype(np.int64 if fits else object))
        case "b":
            return Cells(flat)
        case "M":
            return Cells(_dates(flat))
        case "S":
            return Cells(objects([each.decode("utf-8", "replace") for each in flat.tolist()]))
        case "O":
            return Cells(_plain(flat))
        case "c":
            return Cells(objects(flat.tolist()))
    return Cells(objects([str(each) for each in flat]))


def written_cells(texts: Iterable[str]) -> Cells:
    """Cells of a text file."""
    return Cells(objects(list(texts)), written=True)


def objects(values: list[object]) -> np.ndarray:
    """A one-dimensional array of Python objects, whatever they are."""
    return np.fromiter(values, object, len(values))


def stacked(columns: list[Cells]) -> Cells:
    """Columns side by side, row after row."""
    if len(columns) == 1:
        return columns[0]
    kinds = {each.values.dtype for each in columns}
    arrays = [each.values if len(kinds) == 1 else each.values.astype(object) for each in columns]
    return Cells(np.stack(arrays, axis=1).ravel(), all(each.written for each in columns))


_MISSING = frozenset(("", "na", "n/a", "#n/a", "nan", "<na>", "null", "none", "nat"))
"""How text says that there is no value, whatever the case of its letters."""


def emptied(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Values as objects, with None at what is missing."""
    kept = values.astype(object)
    kept[missing] = None
    return kept


def is_missing(value: object) -> bool:
    """Whether a cell holds no value."""
    if isinstance(value, str):
        return len(value) < 12 and value.strip().lower() in _MISSING
    return value is None or (isinstance(value, float) and isnan(value))


def missing_cells(cells: Cells) -> np.ndarray:
    """The positions of cells that hold no value, in order."""
    values = cells.values
    if values.dtype.kind == "f":
        return np.flatnonzero(np.isnan(values))
    if values.dtype.kind != "O":
        return np.zeros(0, np.intp)
    return matching(values, is_missing)


def matching(values: np.ndarray, test: Callable[[object], bool]) -> np.ndarray:
    """The positions at which a test of the value holds; each distinct value is tested once."""
    listed = values.tolist()
    try:
        known = {value: test(value) for value in set(listed)}
    except TypeError:  # a value that cannot be hashed, such as a list
        return np.flatnonzero([test(value) for value in listed])
    return np.flatnonzero([known[value] for value in listed]) if any(known.values()) else np.zeros(0, np.intp)


def shown(value: object) -> str:
    """A value as a message shows it."""
    if isinstance(value, np.generic):
        value = value.item()
    text = value.strip() if isinstance(value, str) else repr(value)
    return f"`{text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}`"


_LONGEST = 40


def _plain(flat: np.ndarray) -> np.ndarray:
    """Objects of libraries as those of Python; a missing value of any of them as None."""
    listed = flat.tolist()
    kinds = set(map(type, listed))
    if kinds <= {str, int, type(None)}:
        return flat
    if kinds <= {float, int}:
        return flat if any(type(each) is int and abs(each) > _EXACT for each in listed) else flat.astype(np.float64)
    return objects([_plain_value(each) for each in listed])


_EXACT = 2**53
"""The largest whole number up to which floats hold every one."""


def _plain_value(value: Any) -> object:
    if isinstance(value, np.datetime64):
        value = _dates(np.asarray([value]))[0]
    elif isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if type(value).__name__ in ("NAType", "NaTType", "MaskedConstant") or is_missing(value):
        return None
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00")
    if type(value).__name__ == "Decimal":
        return float(value)
    return value


def _dates(flat: np.ndarray) -> np.ndarray:
    """Dates as text, without the time of day where it is midnight throughout."""
    missing = np.isnat(flat)
    days = flat.astype("datetime64[D]")
    whole = bool(((days == flat) | missing).all())
    texts = np.datetime_as_string(days) if whole else np.datetime_as_string(flat.astype("datetime64[us]"))
    plain = [str(each) if whole else _short(str(each)) for each in texts]
    return objects([None if gone else text for text, gone in zip(plain, missing, strict=True)])


def _short(text: str) -> str:
    return text.removesuffix(".000000")
