"""Rows of a block or file, set under one another: what stands in columns, and the comments at the ends of lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from uqdsl.syntax.layout import Doc, flat, render

WIDTH = 100


@dataclass(slots=True)
class Row:
    """A statement, an entry of a block, or a comment on a line of its own.

    Rows under one another with the same `column` have their `doc` begin in the same column, after `left`. `tail` holds
    further lines, already indented; `opening` and `closing` are comments at the end of the first and of the last line.
    """

    doc: Doc
    left: str = ""
    column: str = ""
    tail: tuple[str, ...] = ()
    opening: str = ""
    closing: str = ""
    blank: bool = False
    """Whether a blank line stands before it."""
    remark: bool = False
    """Whether it is a comment and nothing else."""


def set_rows(rows: Sequence[Row], indent: int) -> list[str]:
    """The lines of some rows."""
    singles = [_single(row) for row in rows]
    pads = [0] * len(rows)
    fitting = [indent + len(single) <= WIDTH if single is not None else False for single in singles]
    for run in _runs(rows, lambda i: rows[i].column if fitting[i] else ""):
        _align(rows, singles, pads, run, indent)
    texts = [_lines(row, single, pad, indent) for row, single, pad in zip(rows, singles, pads, strict=True)]
    for run in _runs(rows, lambda i: "closing" if rows[i].closing and len(texts[i]) == 1 else ""):
        width = max(len(texts[i][0]) for i in run)
        for i in run:
            texts[i][0] = f"{texts[i][0]:<{width}}  {rows[i].closing}"
    lines: list[str] = []
    for row, text in zip(rows, texts, strict=True):
        if row.closing and len(text) > 1:
            text[-1] += f"  {row.closing}"
        lines += ([""] if row.blank else []) + text
    return lines


def _single(row: Row) -> str | None:
    """A row as one line, without its indentation and its comment; None where it needs several."""
    text = None if row.tail or row.opening or row.remark else flat(row.doc)
    return text if text is None or not row.left else f"{row.left} {text}"


def _align(rows: Sequence[Row], singles: list[str | None], pads: list[int], run: list[int], indent: int) -> None:
    """Find how far the column of a run is in; a row that would become too long for it breaks the run in two."""
    widest = max(len(rows[i].left) for i in run)
    for place, i in enumerate(run):
        if indent + len(singles[i] or "") + widest - len(rows[i].left) > WIDTH:
            for part in (run[:place], run[place + 1 :]):
                if part:
                    _align(rows, singles, pads, part, indent)
            return
    for i in run:
        pads[i] = widest - len(rows[i].left)


def _lines(row: Row, single: str | None, pad: int, indent: int) -> list[str]:
    margin = " " * indent
    if single is not None and indent + len(single) <= WIDTH:
        return [margin + row.left + " " * pad + single[len(row.left) :]]
    lines = render((row.left, " ", row.doc) if row.left else row.doc, WIDTH, indent)
    if row.opening:
        lines[-1] += f"  {row.opening}"
    return [*lines, *row.tail]


def _runs(rows: Sequence[Row], key: Callable[[int], str]) -> Iterator[list[int]]:
    """Rows directly under one another for which `key` is the same and not empty."""
    blanks = 0
    keys: list[tuple[int, str]] = []
    for index, row in enumerate(rows):
        blanks += row.blank
        keys.append((blanks, key(index)))
    for (_, name), run in groupby(range(len(rows)), key=keys.__getitem__):
        if name:
            yield list(run)
