"""From the word at which a statement stops making sense to a problem that says what should have stood there."""

from __future__ import annotations

from uqdsl.messages import Problem, did_you_mean, shortened
from uqdsl.messages.catalogue.syntax import IncompleteStatement, ReservedWord, UnexpectedText, UnknownCharacter
from uqdsl.syntax.grammar import spelling
from uqdsl.syntax.reader import END, Unexpected, accepted_after
from uqdsl.syntax.split import Piece
from uqdsl.syntax.tree import RESERVED

_IN_WORDS = {
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a text in quotes",
    "COMPARE": "a comparison",
    "_NEW_LINE": "a new line",
    "_SIGNED": "",
    END: "the end of the statement",
}
_OPERATORS = frozenset(
    {"PLUS", "MINUS", "TIMES", "DIVIDE", "MATMUL", "MODULO", "POWER", "COMPARE", "AND", "OR", "PRIMES", "DOT"}
)
_STARTS = frozenset({"NAME", "NUMBER", "STRING", "TRUE", "FALSE", "NOT", "IF", "LPAR", "LSQB", "MINUS", "PLUS"})
_ALIKE = {"=": ("TILDE", "COLON"), "~": ("EQUAL", "COLON"), "==": ("EQUAL",), ":": ("EQUAL", "TILDE")}
_COMPARISONS = frozenset({"==", "!=", "<=", ">=", "<", ">"})
_MOST = 6
"""How many things that could stand at a place are worth listing."""


def describe(unexpected: Unexpected, piece: Piece, text: str) -> Problem:
    """The problem that a statement which does not fit the grammar stands for."""
    index, accepted = unexpected.index, unexpected.accepted
    if index == len(piece.words):
        last = piece.words[-1]
        hint = _misspelt(piece, index - 1, text)
        return IncompleteStatement(at=last.span, statement=piece.keyword, expected=_expected(accepted), hint=hint)
    word = piece.words[index]
    if word.kind == "other":
        shown = f"`{word.text}`" if word.text.isprintable() else f"U+{ord(word.text):04X}"
        return UnknownCharacter(at=word.span, character=shown)
    if word.text in RESERVED and "NAME" in accepted and _meant_as_name(piece, index, text):
        return ReservedWord(at=word.span, word=word.text)
    hint = _hint_on_symbol(word.text, accepted)
    if not hint:
        hints = (_misspelt(piece, near, text) for near in (index, index - 1, index - 2) if near > 0)
        hint = next(filter(None, hints), "")
    found = f"`{shortened(word.text)}`"
    return UnexpectedText(at=word.span, expected=_expected(accepted), found=found, hint=hint)


def _hint_on_symbol(symbol: str, accepted: frozenset[str]) -> str:
    """What was meant by a sign that often stands in the place of another."""
    if symbol in _COMPARISONS and "PLUS" in accepted:
        return "comparisons do not chain: join two of them with `and`"
    for meant in _ALIKE.get(symbol, ()):
        if meant in accepted:
            return f"did you mean `{spelling(meant)}`?"
    return ""


def _meant_as_name(piece: Piece, index: int, text: str) -> bool:
    """Whether the statement would go on to make sense if a reserved word were a name."""
    word = piece.words[index]
    named = word._replace(text="x")
    before = (*piece.words[:index], named)
    after = piece.words[index + 1 : index + 2]
    return bool(accepted_after((*before, *after), text) if after else END in accepted_after(before, text))


def _expected(accepted: frozenset[str]) -> str:
    """What could stand at a place, in words: the few things that matter of all that the parser would accept."""
    rest = set(accepted)
    parts: list[str] = []
    if {"NUMBER", "LPAR"} <= rest:
        parts.append("an expression")
        rest -= _STARTS
    elif _OPERATORS & rest and not rest <= _OPERATORS:
        # Any expression can go on with an operator, a call or a selection: that is never what was meant to come.
        rest -= _OPERATORS | {"LPAR", "LSQB"}
    if END in rest and len(rest) > 1:
        rest.discard("NAME")
    for name in sorted(rest, key=lambda name: (name == END, name)):
        parts.append(_IN_WORDS[name] if name in _IN_WORDS else f"`{spelling(name)}`")
    parts = list(dict.fromkeys(filter(None, parts)))[:_MOST]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}" if parts else "something else"


def _misspelt(piece: Piece, index: int, text: str) -> str:
    """A "did you mean" where a word is nearly a keyword that could stand in its place."""
    word = piece.words[index]
    if word.kind != "word" or index == 0:
        return ""
    accepted = accepted_after(piece.words[:index], text)
    keywords = {written for name in accepted if (written := spelling(name)) and written.isidentifier()}
    return did_you_mean(word.text, keywords - {word.text})
