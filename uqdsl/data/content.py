"""The bytes of a text file, unpacked where they are packed by gzip, and their text."""

from __future__ import annotations

import codecs
from pathlib import Path

from uqdsl.data.sizes import MOST_BYTES, too_many_bytes, verify_bytes
from uqdsl.messages import DataError, Place, Span
from uqdsl.messages.catalogue.data import DamagedFile, WrongEncoding

PACKED = ".gz"
_AT_ONCE = 1 << 20


def unpacked_name(name: str) -> str:
    """The name of a file without the ending that says that it is packed."""
    return name[: -len(PACKED)] if name.lower().endswith(PACKED) else name


def read_content(path: Path, name: str, at: Span) -> bytes:
    """The bytes of a text file.

    Raises:
        DataError: UQ406 where it is called as packed but is not, or is cut off; UQ408.
    """
    verify_bytes(path, name, at)
    if unpacked_name(name) == name:
        return path.read_bytes()
    import gzip
    import zlib

    parts: list[bytes] = []
    size = 0
    try:
        with gzip.open(path) as file:
            while part := file.read(_AT_ONCE):
                parts.append(part)
                size += len(part)
                if size > MOST_BYTES:
                    raise too_many_bytes(size, name, at)
    except EOFError:
        raise _damaged("it is cut off", name, at) from None
    except (gzip.BadGzipFile, zlib.error):
        raise _damaged("it is damaged, or was never packed", name, at) from None
    return b"".join(parts)


def _damaged(reason: str, name: str, at: Span) -> DataError:
    return DataError([DamagedFile(at=at, place=Place(name), path=name, form="gzip", reason=reason)])


def read_text(path: Path, name: str, at: Span) -> str:
    """The text of a file in UTF-8.

    Raises:
        DataError: UQ406, UQ407, UQ408.
    """
    raw = read_content(path, name, at)
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError([WrongEncoding(at=at, place=Place(name), path=name, reason="it is UTF-16")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte, lines = raw[error.start], raw[: error.start]
        row = lines.count(b"\n") or lines.count(b"\r")
        is_table = not unpacked_name(name).lower().endswith(".json")
        where = f" in row {row}" if row else " in the header"
        reason = f"the byte 0x{byte:02X}{where if is_table else ''} belongs to no character"
        place = Place(name, (row or None) if is_table else None)
        raise DataError([WrongEncoding(at=at, place=place, path=name, reason=reason)]) from None
