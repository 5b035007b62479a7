"""Text to tree: every statement is parsed by itself, so that every fault of a spec is reported, and only once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from lark import Lark, TextSlice, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from uqdsl.messages import Problem, Sources, Span, did_you_mean, listing
from uqdsl.messages.catalogue.syntax import (
    IncompleteStatement,
    ReservedWord,
    UnexpectedText,
    UnknownCharacter,
)
from uqdsl.syntax import tree
from uqdsl.syntax.build import TreeBuilder
from uqdsl.syntax.split import Piece, Word, scan, split
from uqdsl.syntax.tree import KEYWORDS, RESERVED


class Parsed(NamedTuple):
    """What reading a spec gives: its tree, the texts that spans point into, and what is wrong with its form."""

    tree: tree.Tree
    sources: Sources
    problems: tuple[Problem, ...]


class NewLines:
    """Lets a new line through as a separator inside brackets only, and only where an entry has just ended."""

    always_accept = ("_NEW_LINE", "_SIGNED")
    _ENDS = frozenset({"NAME", "NUMBER", "STRING", "RPAR", "RSQB", "RBRACE", "PRIMES", "TRUE", "FALSE", "STANCE", "EXACT"})

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        open_brackets: list[str] = []
        ended = False
        for token in stream:
            if token.type in self.always_accept:
                separates = ended and open_brackets and (token.type == "_NEW_LINE" or open_brackets[-1] == "LSQB")
                if separates:
                    yield Token.new_borrow_pos("_NEW_LINE", token, token)
                    ended = False
                continue
            if token.type in ("LPAR", "LSQB", "LBRACE"):
                open_brackets.append(token.type)
            elif token.type in ("RPAR", "RSQB", "RBRACE") and open_brackets:
                open_brackets.pop()
            ended = token.type in self._ENDS
            yield token


def grammar_text() -> str:
    """The grammar, from the installed package or, in an editable install, from the top of the project."""
    shipped = files("uqdsl") / "grammar" / "uq.lark"
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / "grammar" / "uq.lark").read_text(encoding="utf-8")


_BUILDER = TreeBuilder()


@cache
def _parser() -> Lark:
    return Lark(
        grammar_text(),
        parser="lalr",
        lexer="contextual",
        start="statement",
        propagate_positions=True,
        maybe_placeholders=True,
        postlex=NewLines(),
    )


def parse(text: str, name: str = "spec") -> Parsed:
    """Read a spec.

    Args:
        text: the whole text.
        name: what problems call it, usually its path.

    Returns:
        The tree, in which a statement that could not be read is a `tree.Broken` with the names it would have declared;
        problems UQ101 to UQ108, in the order of the text.
    """
    sources = Sources.single(name, text)
    words, comments = scan(text)
    statements: list[tree.Statement] = []
    problems: list[Problem] = []
    for piece in split(words):
        found, faults = _parse_piece(text, piece)
        statements.append(found)
        problems += faults
    return Parsed(tree.Tree(tuple(statements), tuple(comments)), sources, tuple(problems))


def _parse_piece(text: str, piece: Piece) -> tuple[tree.Statement, tuple[Problem, ...]]:
    broken = tree.Broken(piece.span, piece.keyword, _declared_names(piece))
    if piece.problems:
        return broken, piece.problems
    try:
        found: tree.Statement = _BUILDER.transform(_parser().parse(TextSlice(text, *piece.span)))
    except UnexpectedInput as unexpected:
        return broken, (_describe(unexpected, text, piece),)
    except RecursionError:
        return broken, (UnexpectedText(at=piece.span, expected="fewer brackets within brackets", found="very many"),)
    return found, ()


# ------------------------------------------------------------------------------------------------ describing a fault

_IN_WORDS = {
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a text in quotes",
    "COMPARE": "a comparison",
    "STANCE": "`exact` or `inferred`",
    "CLAUSE": "`initial` or `evolve`",
    "GOAL": "`maximizing` or `minimizing`",
    "_NEW_LINE": "a new line",
    "$END": "the end of the statement",
}
_OPERATORS = {"PLUS", "MINUS", "TIMES", "OVER", "MATMUL", "MODULO", "POWER", "COMPARE", "AND", "OR", "PRIMES", "DOT"}
_STARTS = {"NUMBER", "STRING", "TRUE", "FALSE", "NOT", "IF", "LPAR", "LSQB", "MINUS", "PLUS"}


def _describe(unexpected: UnexpectedInput, text: str, piece: Piece) -> Problem:
    """The problem that an exception of the parser stands for."""
    if isinstance(unexpected, UnexpectedCharacters):
        accepted: set[str] = set(unexpected.allowed or ())
        offset = unexpected.pos_in_stream
    elif isinstance(unexpected, UnexpectedToken):
        accepted = set(unexpected.accepts or unexpected.expected)
        at_end = unexpected.token.type == "$END"
        offset = piece.span.end if at_end else unexpected.token.start_pos
    else:
        accepted, offset = set(), piece.span.end
    offset = min(piece.span.end if offset is None else offset, piece.span.end)
    word = next((w for w in piece.words if w.span.start <= offset < w.span.end), None)
    before = [w for w in piece.words if w.span.end <= offset][-2:]
    expected = _expected(accepted)
    if word is None:
        last = piece.words[-1].span
        return IncompleteStatement(
            at=last, statement=piece.keyword, expected=expected, hint=_misspelt(piece.words[-1], accepted)
        )
    if word.kind == "other" and word.text not in "'.,:=<>!+-*/@%^~":
        return UnknownCharacter(at=word.span, character=f"`{word.text}`")
    if word.kind == "word" and word.text in RESERVED and accepted <= {"NAME"} | _OPERATORS:
        return ReservedWord(at=word.span, word=word.text)
    hints = [_misspelt(word, accepted), *(_misspelt(w, _accepted_before(text, piece, w)) for w in reversed(before))]
    hint = next(filter(None, hints), "")
    return UnexpectedText(at=word.span, expected=expected, found=f"`{word.text}`", hint=hint)


def _expected(accepted: set[str]) -> str:
    """What could stand at a place, in words: the few things that matter of all the parser would accept."""
    rest = set(accepted)
    parts: list[str] = []
    if {"NUMBER", "LPAR"} <= rest:
        parts.append("an expression")
        rest -= _STARTS | {"NAME"}
    if _OPERATORS & rest and ("$END" in rest or len(rest - _OPERATORS) > 0):
        rest -= _OPERATORS | {"LPAR", "LSQB", "DOT"}
    if "$END" in rest and len(rest) > 1:
        rest.discard("NAME")
    symbols = sorted(rest, key=lambda name: (name == "$END", name))
    parts += [_IN_WORDS.get(name) or f"`{_spelling(name)}`" for name in symbols if not name.startswith("_SIGNED")]
    parts = list(dict.fromkeys(parts))[:6]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}" if parts else "something else"


@cache
def _spellings() -> dict[str, str]:
    return {terminal.name: terminal.pattern.value for terminal in _parser().terminals if terminal.pattern.type == "str"}


def _spelling(name: str) -> str:
    return _spellings().get(name, name.lower())


def _keywords_among(accepted: set[str]) -> list[str]:
    spelt = [_spelling(name) for name in accepted]
    for name, group in (("STANCE", "exact inferred"), ("CLAUSE", "initial evolve"), ("GOAL", "maximizing minimizing"), ("WHERE", "where weight")):
        if name in accepted:
            spelt += group.split()
    return [word for word in spelt if word.isidentifier() and word.islower()]


def _misspelt(word: Word, accepted: set[str]) -> str:
    """A "did you mean" where a word is nearly a keyword that could stand in its place."""
    if word.kind != "word":
        return ""
    return did_you_mean(word.text, set(_keywords_among(accepted)) - {word.text})


def _accepted_before(text: str, piece: Piece, word: Word) -> set[str]:
    """The terminals that could have stood where `word` stands."""
    if word.span.start <= piece.span.start:
        return set(KEYWORDS)
    try:
        _parser().parse(TextSlice(text, piece.span.start, word.span.start))
    except UnexpectedToken as unexpected:
        return set(unexpected.accepts or unexpected.expected)
    except UnexpectedInput:
        return set()
    return {"WITH", "OF", "AS", "OVER", "FROM", "STEP", "AT", "STARTING"}


def _declared_names(piece: Piece) -> tuple[str, ...]:
    """The names that a statement which cannot be read would have declared."""
    words = piece.words[1:]
    named = [i for i, word in enumerate(words) if word.kind == "word"]
    if piece.keyword in ("data", "uncertainty"):
        return tuple(words[i].text for i in named if _ends_field_name(words, i))
    if piece.keyword == "state":
        over = next((i for i, word in enumerate(words) if word.text == "over"), len(words))
        return tuple(words[i].text for i in named if i < over and words[i].column >= 0)
    if piece.keyword in KEYWORDS and named and piece.keyword not in ("infer", "assimilate", "predict", "factor"):
        return (words[named[0]].text,)
    return ()


def _ends_field_name(words: tuple[Word, ...], index: int) -> bool:
    """Whether the word is a field's name: followed by `:`, or by its dimensions in brackets and `:`."""
    after = index + 1
    if after < len(words) and words[after].text == "[":
        while after < len(words) and words[after].text != "]":
            after += 1
        after += 1
    return after < len(words) and words[after].text == ":"


__all__ = ["NewLines", "Parsed", "Span", "grammar_text", "listing", "parse"]
