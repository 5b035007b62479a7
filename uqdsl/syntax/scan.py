"""Text to words: the terminals of the grammar, without yet knowing which of them a word is."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from uqdsl.messages import Span
from uqdsl.syntax.grammar import terminals
from uqdsl.syntax.tree import Comment

CLOSING_QUOTES = "“”»’"
"""Quotation marks of word processors, with which a text in quotes may end."""
_FOREIGN = r"""//[^\n]*|/\*(?s:.*?)\*/|[“”„«][^“”»"\n]*[“”»]|‘[^’\n]*’|\*\*|&&|\|\||:=|<>|=[<>]|%\*%|%%|\.[*/^]"""
"""Comments, texts and operators of other languages that cannot be part of a sound spec, each as one word."""


class Word(NamedTuple):
    """A token as far as splitting needs to know it."""

    kind: str
    """`word number text open_text opening closing symbol`; `foreign other` for what is not part of the language."""
    text: str
    span: Span
    column: int
    first: bool
    """Whether it stands first on its line."""


def scan(text: str) -> tuple[list[Word], list[Comment]]:
    """The words and comments of a text."""
    words: list[Word] = []
    comments: list[Comment] = []
    line_start, first = 0, True
    for match in _token().finditer(text):
        kind = match.lastgroup or "other"
        if kind == "space":
            continue
        if kind == "line":
            line_start, first = match.end(), True
            continue
        start, end = match.span()
        if kind == "comment":
            written = match.group().rstrip()
            comments.append(Comment(Span(start, start + len(written)), written, first))
            continue
        words.append(Word(kind, match.group(), Span(start, end), start - line_start, first))
        first = False
    return words, comments


@cache
def _token() -> re.Pattern[str]:
    """What a text consists of, by the terminals of the grammar."""
    spellings, patterns = terminals()
    brackets = set("()[]{}")
    symbols = [
        re.escape(spelling)
        for spelling in sorted(spellings.values(), key=len, reverse=True)
        if not spelling.isidentifier() and spelling not in brackets
    ]
    return re.compile(
        rf"""(?P<space>[^\S\n]+)
           | (?P<word>[^\W\d]\w*)
           | (?P<number>{patterns["NUMBER"]})
           | (?P<opening>[(\[{{])
           | (?P<closing>[)\]}}])
           | (?P<line>\n)
           | (?P<comment>\#[^\n]*)
           | (?P<text>{patterns["STRING"]})
           | (?P<open_text>"[^\n]*)
           | (?P<foreign>{_FOREIGN})
           | (?P<symbol>{patterns["COMPARE"]}|{patterns["PRIMES"]}|{"|".join(symbols)})
           | (?P<other>.)""",
        re.VERBOSE,
    )
