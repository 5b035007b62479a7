"""Where each statement of a spec begins and ends, found without parsing, so that one fault cannot hide another.

A statement begins at a statement keyword outside all brackets. Words that are also usable as names (`time`, `data`, …)
begin one where no name could stand. Where the brackets of the file do not balance, a keyword that stands first on its
line, no further in than the statement above it, begins one as well: that is how an unclosed bracket stays one fault.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from uqdsl.messages import Problem, Span, closest
from uqdsl.messages.catalogue.syntax import NotAStatement, UnclosedBracket, UnclosedText, UnopenedBracket
from uqdsl.syntax.tree import KEYWORDS, RESERVED, SOFT_KEYWORDS, Comment

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<text>"(?:[^"\\\n]|\\.)*")
      | (?P<open_text>"[^\n]*)
      | (?P<word>[^\W\d]\w*)
      | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<opening>[(\[{])
      | (?P<closing>[)\]}])
      | (?P<line>\n)
      | (?P<space>[^\S\n]+)
      | (?P<other>.)""",
    re.VERBOSE,
)
_CLOSES = {"(": ")", "[": "]", "{": "}"}
# Words that may follow a complete expression: seen first on a line they go on with the statement above.
CONTINUATIONS = frozenset(
    "from to step over at as of with by maximizing minimizing in new starting where weight noncentered ordered "
    "sum_to_zero truncated censored nuisance batch periodic clamped fixed then else and or exact inferred cut missing "
    "standardized".split()
)


class Word(NamedTuple):
    """A token as far as splitting needs to know it."""

    kind: str
    text: str
    span: Span
    column: int
    first: bool
    """Whether it stands first on its line."""


class Piece(NamedTuple):
    """The text of one statement, and the keyword it begins with (as it should be spelt)."""

    keyword: str
    words: tuple[Word, ...]
    problems: tuple[Problem, ...]

    @property
    def span(self) -> Span:
        return Span(self.words[0].span.start, self.words[-1].span.end)


def scan(text: str, base: int = 0) -> tuple[list[Word], list[Comment]]:
    """The words and comments of a text."""
    words: list[Word] = []
    comments: list[Comment] = []
    line_start, first = base, True
    for match in _TOKEN.finditer(text, base):
        kind = match.lastgroup or "other"
        if kind == "line":
            line_start, first = match.end(), True
            continue
        if kind == "space":
            continue
        span = Span(*match.span())
        if kind == "comment":
            comments.append(Comment(span, match.group().rstrip(), first))
            continue
        words.append(Word(kind, match.group(), span, span.start - line_start, first))
        first = False
    return words, comments


def split(words: list[Word]) -> list[Piece]:
    """The statements of a file as pieces of its words; what is wrong with their brackets and first words is noted."""
    depths, bracket_problems = _depths(words)
    starts: list[tuple[int, str, Problem | None]] = []
    for index, word in enumerate(words):
        if word.kind != "word":
            if not starts:
                starts.append((index, "", NotAStatement(at=word.span, word=word.text)))
            continue
        column = words[starts[-1][0]].column if starts else 0
        unbalanced = bool(bracket_problems) and word.first and word.column <= column
        if depths[index] > 0 and not (unbalanced and word.text in KEYWORDS and word.text not in SOFT_KEYWORDS):
            continue
        if _begins(words, index):
            starts.append((index, word.text, None))
        elif not starts or (
            word.first and word.column <= column and word.text not in CONTINUATIONS and _can_end(words[index - 1])
        ):
            meant = closest(word.text, KEYWORDS)
            hint = f"did you mean `{meant}`?" if meant else ""
            starts.append((index, meant or "", NotAStatement(at=word.span, word=word.text, hint=hint)))
    pieces = []
    for position, (start, keyword, problem) in enumerate(starts):
        end = starts[position + 1][0] if position + 1 < len(starts) else len(words)
        inside = Span(words[start].span.start, words[end - 1].span.end)
        problems = [problem] if problem else []
        problems += [p for p in bracket_problems if p.at and inside.start <= p.at.start < inside.end]
        problems += [UnclosedText(at=w.span) for w in words[start:end] if w.kind == "open_text"]
        pieces.append(Piece(keyword, tuple(words[start:end]), tuple(problems)))
    return pieces


def _begins(words: list[Word], index: int) -> bool:
    """Whether the word at `index` is a statement keyword in the place of one."""
    word = words[index]
    if word.text not in KEYWORDS:
        return False
    before = words[index - 1] if index else None
    if word.text == "function" and before is not None and before.text == "extern":
        return False
    if word.text not in SOFT_KEYWORDS:
        return True
    after = words[index + 1] if index + 1 < len(words) else None
    followed = after is not None and (
        (after.kind == "word" and after.text not in RESERVED and after.text not in CONTINUATIONS)
        or (word.text == "data" and (after.kind in ("text", "open_text") or after.text == "{"))
    )
    return followed and (before is None or _can_end(before))


def _can_end(word: Word) -> bool:
    """Whether a statement could end with this word."""
    if word.kind == "word":
        return word.text not in RESERVED or word.text in ("true", "false")
    return word.kind in ("text", "open_text", "number", "closing") or word.text == "'"


def _depths(words: list[Word]) -> tuple[list[int], list[Problem]]:
    """The bracket depth before each word, and a problem for each bracket without its partner."""
    balanced = _match(words, recover=False)
    return balanced if not balanced[1] else _match(words, recover=True)


def _match(words: list[Word], *, recover: bool) -> tuple[list[int], list[Problem]]:
    depths: list[int] = []
    problems: list[Problem] = []
    stack: list[Word] = []
    statement_column = 0

    def give_up() -> None:
        problems.extend(
            UnclosedBracket(at=left.span, bracket=left.text, closing=_CLOSES[left.text]) for left in stack
        )
        stack.clear()

    for index, word in enumerate(words):
        hard = word.kind == "word" and word.text in KEYWORDS and word.text not in SOFT_KEYWORDS
        if recover and stack and hard and word.first and word.column <= statement_column:
            give_up()
        if not stack and word.kind == "word" and _begins(words, index):
            statement_column = word.column
        depths.append(len(stack))
        if word.kind == "opening":
            stack.append(word)
        elif word.kind == "closing":
            if stack and _CLOSES[stack[-1].text] == word.text:
                stack.pop()
            elif any(_CLOSES[left.text] == word.text for left in stack):
                while _CLOSES[stack[-1].text] != word.text:
                    left = stack.pop()
                    problems.append(
                        UnclosedBracket(at=left.span, bracket=left.text, closing=_CLOSES[left.text])
                    )
                stack.pop()
            else:
                problems.append(UnopenedBracket(at=word.span, bracket=word.text))
    give_up()
    return depths, problems
