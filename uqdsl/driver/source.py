"""A spec as it lies in a file or comes from somewhere else: its text, and the folder of what it names."""

from __future__ import annotations

import codecs
import stat
import sys
from pathlib import Path
from typing import NamedTuple

from uqdsl.messages import SpecError, UsageError
from uqdsl.messages.catalogue.syntax import NotText
from uqdsl.messages.catalogue.usage import SpecUnreadable

MOST_BYTES = 1 << 24
"""A spec that is larger is a file of another kind."""


class Source(NamedTuple):
    """The text of a spec.

    - name: what problems call it: the path as it was given.
    - folder: relative to which it names its data and what it includes.
    """

    name: str
    text: str
    folder: Path


def read_source(path: str | Path) -> Source:
    """The spec at a path; `-` is standard input, whose data are found from the working directory.

    Raises:
        UsageError: UQ721 where there is none.
        SpecError: UQ109 where it is not text.
    """
    name = str(path)
    try:
        if name == "-":
            content, folder = sys.stdin.buffer.read(MOST_BYTES + 1), Path()
        else:
            folder = Path(path).parent
            mode = Path(path).stat().st_mode
            if stat.S_ISDIR(mode):
                raise _unreadable(name, "it is a directory")
            with Path(path).open("rb") as file:
                content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(name, (error.strerror or "the reason is not known").lower()) from None
    except ValueError:  # a path with a NUL in it
        raise _unreadable(name, "this cannot be a path") from None
    if len(content) > MOST_BYTES:
        raise _unreadable(name, f"it is larger than {MOST_BYTES >> 20} MB")
    try:
        text = content.decode("utf-8-sig")
        if "\0" in text[:2]:
            raise SpecError([NotText(file=name, reason="it is UTF-16")])
    except UnicodeDecodeError as error:
        raise SpecError([NotText(file=name, reason=_not_utf_8(content, error.start))]) from None
    return Source("stdin.uq" if name == "-" else name, text, folder)


def _not_utf_8(content: bytes, wrong: int) -> str:
    """Why some bytes are no text in UTF-8; `wrong` is the first of them that is not."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "it is UTF-16"
    line = content[:wrong].count(b"\n") + 1
    return f"the byte 0x{content[wrong]:02X} in line {line} belongs to no character"


def _unreadable(path: str, reason: str) -> UsageError:
    return UsageError([SpecUnreadable(path=path, reason=reason)])
