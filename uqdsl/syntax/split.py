"""Where each statement of a spec begins and ends, found without parsing, so that one fault cannot hide another.

A statement begins at a statement keyword outside all brackets. Words that are also usable as names (`time`, `data`, …)
begin one where no name could stand. A statement keyword that stands first on its line, no further in than the statement
above it, begins one even where a bracket is still open: that is how an unclosed bracket stays one fault.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

from uqdsl.messages import Label, Problem, Span, closest, shortened
from uqdsl.messages.catalogue.syntax import NotAStatement, UnclosedBracket, UnclosedText, UnopenedBracket
from uqdsl.syntax.habits import meant_by_start, named_with_kinds, unknown_sign
from uqdsl.syntax.scan import CLOSING_QUOTES, Word
from uqdsl.syntax.tree import KEYWORDS, RESERVED, SOFT_KEYWORDS

_CLOSES = {"(": ")", "[": "]", "{": "}"}
# Words that may follow a complete expression: seen first on a line they go on with the statement above.
CONTINUATIONS = frozenset({
    "from", "to", "step", "over", "at", "as", "of", "with", "by", "maximizing", "minimizing", "in", "new",
    "starting", "where", "weight", "noncentered", "ordered", "sum_to_zero", "truncated", "censored",
    "nuisance", "batch", "periodic", "clamped", "fixed", "then", "else", "and", "or", "exact", "inferred",
    "cut", "missing", "standardized", "allow",
})  # fmt: skip

_PARTICLES = frozenset(
    {"from", "to", "step", "over", "at", "as", "of", "in", "maximizing", "minimizing", "where", "weight"}
)
"""Those of them behind which something has to follow."""


class Piece(NamedTuple):
    """The text of one statement, and the keyword it begins with (as it should be spelt)."""

    keyword: str
    words: tuple[Word, ...]
    problems: tuple[Problem, ...]

    @property
    def span(self) -> Span:
        return Span(self.words[0].span.start, self.words[-1].span.end)


class _Brackets(NamedTuple):
    """What a walk over the brackets of a file finds."""

    depths: list[int]
    """How many brackets are open before each word."""
    forced: set[int]
    """Words that begin a statement although a bracket above them was never closed."""
    problems: list[Problem]


def split(words: list[Word]) -> list[Piece]:
    """The statements of a file as pieces of its words; what is wrong with their brackets and first words is noted."""
    if not words:
        return []
    brackets = _match(words, sure=False)
    if brackets.problems:
        brackets = _match(words, sure=True)
    starts: list[tuple[int, str, Problem | None]] = []
    fields: frozenset[str] | None = None
    for index, word in enumerate(words):
        if brackets.depths[index] > 0:
            continue
        if index in brackets.forced and word.text in KEYWORDS:
            starts.append((index, word.text, None))
        elif starts and starts[-1][:2] == (index - 1, "extern") and word.text == "function":
            continue
        elif _begins(words, index):
            starts.append((index, word.text, None))
        elif not starts or index in brackets.forced or _misplaced(words, index, words[starts[-1][0]].column):
            if word.text in KEYWORDS:
                starts.append((index, word.text, None))
                continue
            meant = closest(word.text, KEYWORDS) if word.kind == "word" else None
            fields = named_with_kinds(words, brackets.depths) if fields is None else fields
            starts.append((index, meant or "", _not_a_statement(words, index, fields)))
    return _pieces(words, starts, brackets.problems)


def _not_a_statement(words: list[Word], index: int, fields: frozenset[str]) -> Problem:
    word = words[index]
    if word.kind in ("foreign", "other"):
        return unknown_sign(word, None, frozenset())
    return NotAStatement(at=word.span, word=shortened(word.text), hint=meant_by_start(words, index, fields))


def _pieces(
    words: list[Word], starts: list[tuple[int, str, Problem | None]], bracket_problems: list[Problem]
) -> list[Piece]:
    remaining = sorted(bracket_problems, key=lambda problem: problem.at or Span(0, 0), reverse=True)
    ends = [start for start, _, _ in starts[1:]] + [len(words)]
    pieces = []
    for (start, keyword, problem), end in zip(starts, ends, strict=True):
        problems = [problem] if problem else []
        open_texts = [
            UnclosedText(at=word.span, hint=_other_quotes(word.text))
            for word in words[start:end]
            if word.kind == "open_text"
        ]
        unbalanced: list[Problem] = []
        while remaining and remaining[-1].at and remaining[-1].at.start < words[end - 1].span.end:
            unbalanced.append(remaining.pop())
        # A text without its end hides the brackets behind it: their loss is no fault of its own.
        problems += open_texts or _paired(unbalanced)
        pieces.append(Piece(keyword, tuple(words[start:end]), tuple(problems)))
    return pieces


def _other_quotes(open_text: str) -> str:
    """What a text is meant to be that ends with the quotation mark of a word processor."""
    end = next((place for place, sign in enumerate(open_text) if sign in CLOSING_QUOTES), 0)
    return f'did you mean `{open_text[:end]}"`?' if end else ""


def _paired(problems: list[Problem]) -> list[Problem]:
    """One problem, not two, where a bracket is closed by one of another kind."""
    paired: list[Problem] = []
    for problem in problems:
        before = paired[-1] if paired else None
        if isinstance(problem, UnopenedBracket) and isinstance(before, UnclosedBracket):
            if before.others:
                continue
            others = (Label(problem.at or Span(0, 0), f"closed by `{problem.bracket}`"),)
            hint = f"write `{before.closing}` in place of `{problem.bracket}`"
            paired[-1] = replace(before, others=others, hint=hint)
        else:
            paired.append(problem)
    return paired


def _begins(words: list[Word], index: int) -> bool:
    """Whether the word at `index` is a statement keyword in the place of one."""
    word = words[index]
    if word.text not in KEYWORDS:
        return False
    before = words[index - 1] if index else None
    if word.text == "function" and before is not None and before.text == "extern":
        return False
    if word.text not in SOFT_KEYWORDS:
        return word.first or before is None or _can_end(before)
    if before is None or (_can_end(before) and before.text not in _PARTICLES):
        return _introduces(words, index)
    # What stands above breaks off: two words in a row on a new line can only be another statement.
    return word.first and _introduces(words, index) and not words[index + 1].first


def _introduces(words: list[Word], index: int) -> bool:
    """Whether what follows a word that may also be a name fits it as a statement keyword."""
    word = words[index]
    after = words[index + 1] if index + 1 < len(words) else None
    return after is not None and (
        (after.kind == "word" and after.text not in RESERVED and after.text not in CONTINUATIONS)
        or (word.text == "data" and (after.kind in ("text", "open_text") or after.text == "{"))
    )


def _misplaced(words: list[Word], index: int, column: int) -> bool:
    """Whether a word that is no keyword stands where a statement should begin: outermost, first on its line."""
    word = words[index]
    if not word.first or word.column > column or word.text in CONTINUATIONS:
        return False
    before = words[index - 1]
    if word.kind == "text":
        return _can_end(before) and before.text not in KEYWORDS
    return word.kind == "word" and (_can_end(before) or _starts_anew(words, index, entries=False))


def _can_end(word: Word) -> bool:
    """Whether a statement could end with this word."""
    if word.kind == "word":
        return word.text not in RESERVED or word.text in ("true", "false")
    return word.kind in ("text", "open_text", "number", "closing", "foreign") or word.text.startswith(("'", ";"))


def _match(words: list[Word], *, sure: bool) -> _Brackets:
    """Pair the brackets; `sure` where it is known that some have no partner."""
    depths: list[int] = []
    forced: set[int] = set()
    problems: list[Problem] = []
    stack: list[Word] = []
    wanted: Counter[str] = Counter()
    statement, column = "", 0

    def close() -> Word:
        left = stack.pop()
        wanted[_CLOSES[left.text]] -= 1
        return left

    def give_up(left: Word) -> None:
        problems.append(UnclosedBracket(at=left.span, bracket=left.text, closing=_CLOSES[left.text]))

    for index, word in enumerate(words):
        if stack and word.first and word.kind == "word" and word.column <= column:
            # In `uncertainty { … }` the word `prior` has a place of its own.
            inner = statement == "uncertainty" and word.text == "prior" and stack[-1].text == "{"
            entries = stack[-1].text == "{" and statement not in ("data", "network")
            if (sure or not inner) and _starts_anew(words, index, entries=entries):
                forced.add(index)
                while stack:
                    give_up(close())
        if not stack and word.kind == "word" and _begins(words, index):
            statement, column = word.text, word.column
        depths.append(len(stack))
        if word.kind == "opening":
            stack.append(word)
            wanted[_CLOSES[word.text]] += 1
        elif word.kind == "closing":
            if not wanted[word.text]:
                problems.append(UnopenedBracket(at=word.span, bracket=word.text))
                if sure and stack and stack[-1].text != "{" and word.text != "}":
                    give_up(close())
                continue
            while _CLOSES[stack[-1].text] != word.text:
                give_up(close())
            close()
    while stack:
        give_up(close())
    return _Brackets(depths, forced, problems)


def _starts_anew(words: list[Word], index: int, *, entries: bool) -> bool:
    """Whether a word that stands first on its line can only be the start of a statement, whatever is still open.

    With `entries`, two words in a row may also be an entry of the block that is open.
    """
    word = words[index]
    if word.text in KEYWORDS and word.text not in SOFT_KEYWORDS:
        return True
    after = words[index + 1] if index + 1 < len(words) else None
    if after is None or after.first:
        return False
    if word.text in SOFT_KEYWORDS:
        return _introduces(words, index)
    if entries or after.text in RESERVED:
        return False
    meant = closest(word.text, KEYWORDS) if after.kind in ("word", "text") or after.text == "{" else None
    return meant in ("data", "uncertainty") if after.text == "{" else meant is not None
