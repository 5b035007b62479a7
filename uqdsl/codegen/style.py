"""Programs in the style that Python readers are used to: ruff's formatter breaks the lines."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator

from ruff import find_ruff_bin

WIDTH = 100
"""Columns of a generated program."""


def styled[T](lines: list[tuple[str, T | None]]) -> list[tuple[str, T | None]]:
    """Lines of a module, each statement on one of them, broken and spaced as ruff does.

    Each line goes with a mark, such as where its statement comes from; each line of the result has the mark of the statement
    that it is part of.
    """
    text = "\n".join(line for line, _ in lines) + "\n"
    command = [find_ruff_bin(), "format", "--isolated", "--line-length", str(WIDTH), "-"]
    found = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=True).stdout  # noqa: S603 - our own text to a program of our own choice
    marks: list[T | None] = [None] * found.count("\n")
    for before, after in zip(_statements(text), _statements(found), strict=True):
        for line in range(after.start, after.stop):
            marks[line - 1] = lines[before.start - 1][1]
    return list(zip(found.splitlines(), marks, strict=True))


def _statements(text: str) -> Iterator[range]:
    """The lines of each statement, and of the head of each that holds others, in the order of the text."""
    waiting: list[ast.stmt] = ast.parse(text).body[::-1]
    while waiting:
        statement = waiting.pop()
        inner: list[ast.stmt] = getattr(statement, "body", [])
        decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(each.lineno for each in decorators)])
        last = inner[0].lineno - 1 if inner else statement.end_lineno or first
        yield range(first, last + 1)
        waiting += inner[::-1]
