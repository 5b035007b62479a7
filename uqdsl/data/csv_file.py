"""CSV (RFC 4180), read by Python's own `csv`: nothing to import, and the row of every fault is known."""

from __future__ import annotations

import codecs
import csv
import io
from operator import itemgetter
from pathlib import Path

from uqdsl.data.cells import Cells, written_cells
from uqdsl.data.form import Frame
from uqdsl.data.sizes import verify_bytes
from uqdsl.data.wording import counted, rows_listed
from uqdsl.messages import DataError, Place, Span
from uqdsl.messages.catalogue.data import DamagedFile, EmptyTable, OpenQuote, UnevenRow, WrongEncoding

type _Rows = list[list[str]]


def read_csv(path: Path, name: str, at: Span) -> Frame:
    """A table with a header.

    Values are separated by commas; by tabs in `.tsv`; by semicolons or tabs where the header has no comma but has those.
    White space around a value does not count, and neither do empty lines, unless there is only one column. Rows are
    counted from 1 below the header, whatever lines they stand on.

    Raises:
        DataError: UQ406, UQ407, UQ408, UQ411, UQ412, UQ413.
    """
    verify_bytes(path, name, at)
    rows = _split(_decode(path.read_bytes(), name, at), name, at)
    header = tuple(each.strip() for each in rows.pop(0)) if rows else ()
    if not header:
        raise DataError([EmptyTable(at=at, place=Place(name), name=name, what="header")])
    _drop_empty_lines(rows, len(header))
    if not rows:
        raise DataError([EmptyTable(at=at, place=Place(name), name=name, what="rows below its header")])
    if set(map(len, rows)) != {len(header)}:
        raise DataError([_uneven(rows, len(header), name, at)])

    def read(column: str) -> Cells:
        return written_cells(map(itemgetter(header.index(column)), rows))

    return Frame(name, header, len(rows), read)


def _decode(raw: bytes, name: str, at: Span) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError([WrongEncoding(at=at, place=Place(name), path=name, reason="it is UTF-16")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") or raw[: error.start].count(b"\r")
        where = f"in row {row}" if row else "in the header"
        reason = f"the byte 0x{raw[error.start]:02X} {where} belongs to no character"
        raise DataError([WrongEncoding(at=at, place=Place(name, row or None), path=name, reason=reason)]) from None
    if "\0" in text:
        reason = "it holds other things than text"
        raise DataError([DamagedFile(at=at, place=Place(name), path=name, form="CSV", reason=reason)])
    return text


def _split(text: str, name: str, at: Span) -> _Rows:
    """All rows, the header first."""
    text = text.lstrip("\r\n")
    header = text[: min((end for end in (text.find("\n"), text.find("\r")) if end >= 0), default=len(text))]
    separator = "\t" if name.lower().endswith(".tsv") else next((each for each in ",;\t" if each in header), ",")
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
    return rows


def _drop_empty_lines(rows: _Rows, width: int) -> None:
    while rows and not rows[-1]:
        rows.pop()
    if not all(rows):
        # In a table of one column an empty line is a value that is missing.
        rows[:] = [row or [""] for row in rows] if width == 1 else [row for row in rows if row]


def _uneven(rows: _Rows, width: int, name: str, at: Span) -> UnevenRow:
    uneven = [number for number, row in enumerate(rows, 1) if len(row) != width]
    found = len(rows[uneven[0] - 1])
    hint = rows_listed(uneven)
    if found > width:
        hint = f"{hint + '; ' if hint else ''}a value with a comma in it stands in quotes"
    return UnevenRow(
        at=at,
        place=Place(name, uneven[0]),
        path=name,
        found=counted(found, "value"),
        expected=counted(width, "column"),
        hint=hint,
    )
