"""CSV (RFC 4180), read by Python's own `csv`: nothing to import, and the row of every fault is known."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from itertools import pairwise
from operator import itemgetter
from pathlib import Path

from uqdsl.data.cells import Cells, written_cells
from uqdsl.data.content import read_text, unpacked_name
from uqdsl.data.form import Frame
from uqdsl.data.wording import counted, rows_listed
from uqdsl.messages import DataError, Place, Span
from uqdsl.messages.catalogue.data import DamagedFile, EmptyTable, OpenQuote, UnevenRow

type _Rows = list[list[str]]


def read_csv(path: Path, name: str, at: Span) -> Frame:
    """A table with a header.

    Values are separated by commas; by tabs in `.tsv`; by semicolons or tabs where the header has no comma but has those.
    White space around a value does not count, and neither do empty lines, unless there is only one column. Rows are
    counted from 1 below the header, whatever lines they stand on.

    Raises:
        DataError: UQ406, UQ407, UQ408, UQ411, UQ412, UQ413.
    """
    text = read_text(path, name, at)
    if "\0" in text:
        reason = "it holds other things than text"
        raise DataError([DamagedFile(at=at, place=Place(name), path=name, form="CSV", reason=reason)])
    rows, separator = _split(text, name, at)
    header = tuple(each.strip() for each in rows.pop(0)) if rows else ()
    if not header:
        raise DataError([EmptyTable(at=at, place=Place(name), name=name, what="header")])
    _drop_empty_lines(rows, len(header))
    if not rows:
        raise DataError([EmptyTable(at=at, place=Place(name), name=name, what="rows below its header")])
    if set(map(len, rows)) != {len(header)}:
        raise DataError([_uneven(rows, len(header), separator, name, at)])

    def read(column: str) -> Cells:
        return written_cells(map(itemgetter(header.index(column)), rows))

    return Frame(name, header, len(rows), read)


def _split(text: str, name: str, at: Span) -> tuple[_Rows, str]:
    """All rows, the header first, and what separates their values."""
    text = text.lstrip("\r\n")
    header = text[: min((end for end in (text.find("\n"), text.find("\r")) if end >= 0), default=len(text))]
    separator = (
        "\t" if unpacked_name(name).lower().endswith(".tsv") else next((each for each in ",;\t" if each in header), ",")
    )
    rows: _Rows = []
    try:
        rows.extend(csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True))
    except csv.Error:
        row = sum(map(bool, rows))
        if '"' in text:
            raise DataError([OpenQuote(at=at, place=Place(name, row or None), path=name)]) from None
        reason = f"a value is longer than {csv.field_size_limit()} characters"
        place = Place(name, row or None)
        raise DataError([DamagedFile(at=at, place=place, path=name, form="CSV", reason=reason)]) from None
    return rows, separator


def _drop_empty_lines(rows: _Rows, width: int) -> None:
    while rows and not rows[-1]:
        rows.pop()
    if not all(rows):
        # In a table of one column an empty line is a value that is missing.
        rows[:] = [row or [""] for row in rows] if width == 1 else [row for row in rows if row]


def _uneven(rows: _Rows, width: int, separator: str, name: str, at: Span) -> UnevenRow:
    uneven = [number for number, row in enumerate(rows, 1) if len(row) != width]
    found = len(rows[uneven[0] - 1])
    advice = _why_uneven(rows, width, separator)
    hint = "; ".join(filter(None, (rows_listed(uneven), advice)))
    return UnevenRow(
        at=at,
        place=Place(name, uneven[0]),
        path=name,
        found=counted(found, "value"),
        expected=counted(width, "column"),
        hint=hint,
    )


def _why_uneven(rows: _Rows, width: int, separator: str) -> str:
    """What is most likely the matter with rows that do not fit their header."""
    uneven = [row for row in rows if len(row) != width]
    if len(uneven[0]) < width:
        return ""
    if separator == ",":
        halves = [_halves(row) for row in uneven[:_EXAMINED]]
        if all(halves):
            whole, half = halves[0]
            return f"if `{whole},{half}` is one number, write it with a point: `{whole}.{half}`"
    if len(uneven) == len(rows) > 1 and len(set(map(len, rows))) == 1:
        return "no row fits the first line: is it the header?"
    return "a value with a comma in it stands in quotes" if separator == "," else ""


def _halves(row: Sequence[str]) -> tuple[str, ...]:
    """Two values in a row that could be one number with a decimal comma; none where there are none."""
    pairs = pairwise(each.strip() for each in row)
    return next((pair for pair in pairs if _WHOLE.fullmatch(pair[0]) and pair[1].isdecimal()), ())


_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_EXAMINED = 100
"""No more rows than this are looked at to say what is the matter with them."""
