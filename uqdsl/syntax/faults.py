"""From the word at which a statement stops making sense to a problem that says what should have stood there."""

from __future__ import annotations

from collections.abc import Sequence

from uqdsl.messages import Problem, did_you_mean, shortened
from uqdsl.messages.catalogue.syntax import IncompleteStatement, ReservedWord, UnexpectedText
from uqdsl.syntax.grammar import spelling
from uqdsl.syntax.habits import arrow, meant_by, unknown_sign
from uqdsl.syntax.reader import END, Unexpected, accepted_after
from uqdsl.syntax.scan import Word
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
    expected = _expected(accepted, piece, index)
    if index == len(piece.words):
        last = piece.words[-1]
        hint = _misspelt(piece, index - 1, text)
        if piece.keyword == "include" and "AS" in accepted:
            hint = f"say under which name it has what it declares: `include {last.text} as p`"
        return IncompleteStatement(at=last.span, statement=piece.keyword, expected=expected, hint=hint)
    word = piece.words[index]
    if word.kind in ("foreign", "other"):
        after = piece.words[index + 1] if index + 1 < len(piece.words) else None
        return unknown_sign(word, after, accepted)
    modifies = END in accepted and "NUMBER" not in accepted
    if word.text in RESERVED and "NAME" in accepted and not modifies and _meant_as_name(piece, index, text):
        return ReservedWord(at=word.span, word=word.text, hint=_other_column(piece, index, text))
    at, hint = word.span, _hint_on_symbol(word.text, accepted)
    assigned = arrow(piece.words, index)
    if assigned and {"EQUAL", "TILDE"} & accepted:
        at, hint = assigned, f"did you mean `{'=' if 'EQUAL' in accepted else '~'}`?"
    elif not hint:
        at, hint = meant_by(piece.words, index, accepted, text) or (at, "")
    if not hint:
        hints = (_misspelt(piece, near, text) for near in (index, index - 1, index - 2) if near > 0)
        hint = next(filter(None, hints), "")
    found = shortened(text[slice(*at)] if at.start == word.span.start else word.text)
    return UnexpectedText(at=at, expected=expected, found=f"`{found}`", hint=hint)


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


def _other_column(piece: Piece, index: int, text: str) -> str:
    """How a field is declared whose column bears a reserved word; empty for anything else."""
    words = piece.words
    if words[0].text != "data" or index < 2 or words[1].text == "{":
        return ""
    end = index + 1
    while end < len(words) and not (words[end].first or words[end].text in ("}", "=")):
        if words[end].text == "," and ":" in _texts(words[index:end]):
            break
        end += 1
    if ":" not in _texts(words[index:end]) or words[min(end, len(words) - 1)].text == "=":
        return ""
    word = words[index].text
    declared = text[words[index].span.end : words[end - 1].span.end]
    return f'write another name, such as `{word}_{declared} = column("{word}")`'


def _texts(words: Sequence[Word]) -> set[str]:
    return {each.text for each in words}


def _expected(accepted: frozenset[str], piece: Piece, index: int) -> str:
    """What could stand at a place, in words: the few things that matter of all that the parser would accept."""
    rest = set(accepted)
    parts: list[str] = []
    before = piece.words[index - 1].text
    if before == ":" and rest == {"NAME"}:
        return "a type such as `real`" if piece.keyword == "setting" else "a kind such as `real`"
    if {"NUMBER", "LPAR"} <= rest:
        parts.append("a distribution" if before == "~" else "an expression")
        rest -= _STARTS
    elif _OPERATORS & rest and not rest <= _OPERATORS:
        # Any expression can go on with an operator, a call or a selection: that is never what was meant to come.
        rest -= _OPERATORS | {"LPAR", "LSQB"}
    if END in rest:
        # Any statement could go on with a modifier: who meant one has begun with its name.
        rest -= {"NAME", "WHERE", "WEIGHT", "STARTING"}
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
