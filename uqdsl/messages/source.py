"""Where things stand: spans in the text of a spec, and places in a data file."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple


class Span(NamedTuple):
    """Characters `start` to `end` (exclusive) of the text in a `Sources`."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of the other."""
        return Span(self.start, max(self.end, other.end))


class Place(NamedTuple):
    """A place in a data file: the file, and, as far as known, the row (the first below the header is 1) and column.

    `thing` is what a column is called: a `variable` in a file of arrays.
    """

    file: str
    row: int | None = None
    column: str | None = None
    thing: str = "column"

    def __str__(self) -> str:
        parts = [self.file]
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column is not None:
            parts.append(f"{self.thing} `{self.column}`")
        return ", ".join(parts)


class Position(NamedTuple):
    """A line and a column, both counted from 1, in a named file."""

    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Sources:
    """The texts of a spec and of what it includes, laid end to end so that one offset names a place in one of them.

    `origins` has the `include` statement of each text; None for that of the spec.
    """

    text: str
    names: tuple[str, ...]
    starts: tuple[int, ...] = (0,)
    origins: tuple[Span | None, ...] = (None,)
    _lines: list[int] = field(default_factory=list, compare=False, repr=False)

    @classmethod
    def single(cls, name: str, text: str) -> Sources:
        return cls(text, (name,))

    def _line_starts(self) -> list[int]:
        if not self._lines:
            self._lines.append(0)
            self._lines.extend(i + 1 for i, character in enumerate(self.text) if character == "\n")
        return self._lines

    def file(self, offset: int) -> int:
        """Which of the texts holds an offset, from 0."""
        return bisect_right(self.starts, offset) - 1

    def inclusions(self, offset: int) -> tuple[Span, ...]:
        """The `include` statements by which the spec has the text that holds an offset, from the inside out."""
        origin = self.origins[self.file(offset)]
        return () if origin is None else (origin, *self.inclusions(origin.start))

    def position(self, offset: int) -> Position:
        """The file, line and column of an offset."""
        starts = self._line_starts()
        line = bisect_right(starts, offset) - 1
        file = self.file(offset)
        first = bisect_right(starts, self.starts[file]) - 1
        return Position(self.names[file], line - first + 1, offset - starts[line] + 1)

    def line(self, offset: int) -> str:
        """The text of the line that holds an offset, without its line break."""
        starts = self._line_starts()
        line = bisect_right(starts, offset) - 1
        end = starts[line + 1] - 1 if line + 1 < len(starts) else len(self.text)
        return self.text[starts[line] : end].rstrip("\r")
