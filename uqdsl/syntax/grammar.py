"""The grammar: Lark's parser of it, and what a word can be by it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lark import Lark

from uqdsl.user_cache import cache_directory


def spelling(terminal: str) -> str | None:
    """How a terminal of fixed text is written; None for one that is a pattern."""
    return terminals().spellings.get(terminal)


class Terminals(NamedTuple):
    """The terminals of the grammar: those of a fixed text, and those that are a regular expression."""

    spellings: dict[str, str]
    patterns: dict[str, str]


@cache
def terminals() -> Terminals:
    """The terminals of the grammar."""
    found = {each.name: each.pattern for each in load_lark().terminals}
    return Terminals(
        {name: pattern.value for name, pattern in found.items() if pattern.type == "str"},
        {name: pattern.value for name, pattern in found.items() if pattern.type == "re"},
    )


@cache
def load_lark() -> Lark:
    """The parser; Lark keeps its tables in the user's cache, for to make them takes longer than to read a spec."""
    folder = cache_directory("grammar")
    return Lark(
        grammar_text(),
        parser="lalr",
        lexer="basic",  # never asked: the words are there
        start="statement",
        maybe_placeholders=True,
        propagate_positions=True,
        cache=str(folder / "lark") if folder else False,
    )


def grammar_text() -> str:
    """The grammar, from the installed package or, in an editable install, from the top of the project."""
    package = Path(__file__).parents[1]
    shipped = package / "grammar" / "uq.lark"
    if not shipped.is_file():
        shipped = package.parent / "grammar" / "uq.lark"
    return shipped.read_text(encoding="utf-8")


@cache
def terminals_of(text: str) -> tuple[str, ...]:
    """The terminals that a word can be, those of fixed text first."""
    spellings, _ = terminals()
    fixed = tuple(name for name, spelt in spellings.items() if spelt == text)
    return fixed + tuple(name for name, pattern in _compiled().items() if pattern.fullmatch(text))


@cache
def _compiled() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(pattern) for name, pattern in terminals().patterns.items()}


@cache
def separators() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The terminals that stand for a new line, which no word is."""
    return tuple((name, _compiled()[name]) for name in ("_NEW_LINE", "_SIGNED"))
