"""Labels: which values are the same label, and in which order they stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from uqdsl.data.cells import Cells, is_missing, missing_cells
from uqdsl.data.form import Label
from uqdsl.data.wording import rows_listed
from uqdsl.messages import DataError, Place, Span
from uqdsl.messages.catalogue.data import MissingValue, WrongValue

_WHOLE = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:0|[1-9]\d*)?\.?\d+(?:[eE][+-]?\d+)?|[+-]?(?:0|[1-9]\d*)\.", re.ASCII)


def key(label: Label) -> Label:
    """What two labels have in common if they are the same: the number, where a text is one as a number is written.

    Leading zeros are no way to write a number, so that the county `01001` is not the county `1001`.
    """
    if isinstance(label, str):
        text = label.strip()
        if _WHOLE.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text) and not (text.lstrip("+-").startswith("0") and text.lstrip("+-")[1:2].isdigit()):
            return float(text)
        if not text.isascii():
            from unicodedata import normalize

            return normalize("NFC", text)
        return text
    return label


class Read(NamedTuple):
    """Labels as they were read: which of the distinct ones each position has."""

    distinct: tuple[Label, ...]
    codes: np.ndarray


def read_labels(cells: Cells, name: str, at: Span, place: Callable[[int], Place]) -> Read:
    """The labels that cells hold, in the order of first appearance.

    Of a text file they are numbers where all of them are written as such. Two that are written differently but are the
    same (`1` and `1.0`) are one.

    Raises:
        DataError: UQ421 where one is missing, UQ422 where one is no label.
    """
    missing = missing_cells(cells)
    if len(missing):
        rows = [each for each in (place(int(position)).row for position in missing) if each is not None]
        count = "a label" if len(missing) == 1 else f"{len(missing)} labels"
        first = place(int(missing[0]))
        raise DataError([MissingValue(at=at, place=first, name=name, count=count, hint=rows_listed(rows))])
    listed = cells.values.tolist()
    try:
        raw = dict.fromkeys(listed)
    except TypeError:
        raw = {}
    wrong = next((value for value in raw or listed if not _is_label(value)), None)
    if wrong is not None:
        position = next(position for position, value in enumerate(listed) if not _is_label(value))
        found, expected = f"`{str(wrong)[:40]}`", "a text or a number, as a label is"
        raise DataError([WrongValue(at=at, place=place(position), name=name, found=found, expected=expected)])
    plain = {value: (value.strip() if isinstance(value, str) else _plain(value)) for value in raw}
    if cells.written:
        keys = {value: key(text) for value, text in plain.items()}
        if not any(isinstance(each, str) for each in keys.values()):
            plain = {value: _plain(number) for value, number in keys.items()}
    numbers: dict[Label, int] = {}
    labels: dict[int, Label] = {}
    code_of = {}
    for value, label in plain.items():
        code = code_of[value] = numbers.setdefault(key(label), len(numbers))
        labels.setdefault(code, label)
    codes = np.fromiter(map(code_of.__getitem__, listed), np.int64, len(listed))
    return Read(tuple(labels.values()), codes)


def _is_label(value: object) -> bool:
    if isinstance(value, float):
        return value - value == 0
    return isinstance(value, str | int) and not is_missing(value)


def _plain(value: Label) -> Label:
    """A whole number as such, whatever its type was; a truth as text."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def distinct(read: Read) -> tuple[tuple[Label, ...], np.ndarray, np.ndarray]:
    """Labels, the code of each position, and the position at which each label stands first."""
    _, first = np.unique(read.codes, return_index=True)
    return read.distinct, read.codes, first


def in_order(labels: Iterable[Label]) -> list[Label]:
    """Labels sorted: numbers by size where all are numbers, else all as text."""
    listed = list(labels)
    if any(isinstance(each, str) for each in listed):
        return sorted(listed, key=str)
    return sorted(listed)  # type: ignore[type-var]


def index_of(labels: Sequence[Label]) -> dict[Label, int]:
    """The position of each label by its key."""
    return {key(label): position for position, label in enumerate(labels)}
