"""Text to tree: every statement is parsed by itself, so that every fault of a spec is reported, and only once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import NamedTuple

from uqdsl.messages import Problem, Sources, Span
from uqdsl.messages.catalogue.syntax import ReservedWord, UnexpectedText
from uqdsl.syntax import tree
from uqdsl.syntax.build import Misplaced
from uqdsl.syntax.faults import describe
from uqdsl.syntax.reader import Unexpected, read
from uqdsl.syntax.scan import Word, scan
from uqdsl.syntax.split import Piece, split

DEEPEST = 150
"""How many expressions may stand within one another, so that whatever walks a tree can do so by recursion."""


class Parsed(NamedTuple):
    """What reading a spec gives: its tree, the texts that spans point into, and what is wrong with its form."""

    tree: tree.Tree
    sources: Sources
    problems: tuple[Problem, ...]


def parse(text: str, name: str = "spec") -> Parsed:
    """Read a spec.

    Args:
        text: the whole text; a byte order mark at its start is left out of the sources.
        name: what problems call it, usually its path.

    Returns:
        The tree, in which a statement that could not be read is a `tree.Broken` with the names it would have declared;
        problems UQ101 to UQ108, in the order of the text.
    """
    text = text.removeprefix("\ufeff")
    words, comments = scan(text)
    statements: list[tree.Statement] = []
    problems: list[Problem] = []
    reserved: dict[str, ReservedWord] = {}
    for piece in split(words):
        found, faults = _parse_piece(text, piece)
        statements.append(found)
        for each in faults:
            if isinstance(each, ReservedWord) and not _declares(piece, each):
                reserved.setdefault(each.word, each)
            else:
                problems.append(each)
    # A name that is none is said where it is declared, not where it is used as well.
    declared = {each.word for each in problems if isinstance(each, ReservedWord)}
    problems += [each for word, each in reserved.items() if word not in declared]
    problems.sort(key=lambda each: each.at or Span(0, 0))
    return Parsed(tree.Tree(tuple(statements), tuple(comments)), Sources.single(name, text), tuple(problems))


def _parse_piece(text: str, piece: Piece) -> tuple[tree.Statement, tuple[Problem, ...]]:
    problems = piece.problems
    if not problems:
        try:
            found: tree.Statement = read(piece.words, text)
        except Unexpected as unexpected:
            problems = (describe(unexpected, piece, text),)
        except Misplaced as wrong:
            problems = (UnexpectedText(at=wrong.span, expected=wrong.expected, found=wrong.found),)
        else:
            deep = _deeper_than(DEEPEST, found) if len(piece.words) > DEEPEST else None
            if deep is None:
                return found, ()
            expected = f"at most {DEEPEST} expressions within one another"
            problems = (UnexpectedText(at=deep, expected=expected, found="more", hint="name a part of it with `let`"),)
    return tree.Broken(piece.span, piece.keyword, _declared_names(piece)), problems


def _deeper_than(most: int, root: tree.Node) -> Span | None:
    """Where a part of the tree lies within more than `most` others, if there is such a part."""
    row: list[tree.Node] = [root]
    for _ in range(most + 1):
        if not row:
            return None
        row = [part for node in row for part in _parts(node)]
    return row[0].span if row else None


def _parts(node: tree.Node) -> Iterator[tree.Node]:
    for slot in type(node).__slots__:
        value = getattr(node, slot)
        if isinstance(value, tree.Node):
            yield value
        elif isinstance(value, tuple):
            yield from (part for part in value if isinstance(part, tree.Node))


# --------------------------------------------------------------------------------- what a broken statement declares


def _declared_names(piece: Piece) -> tuple[str, ...]:
    """The names that a statement which cannot be read would have declared."""
    words = piece.words[1:]
    match piece.keyword:
        case "infer" | "assimilate" | "predict" | "calibrate" | "choose" | "factor":
            return ()
        case "data":
            return tuple(name for name, after in _names(words) if after == ":")
        case "uncertainty":
            return tuple(words[i + 1].text for i in range(len(words) - 1) if words[i].text == "prior")
        case "include":
            named = tuple(words[i + 1].text for i in range(len(words) - 1) if words[i].text == "as")
            stems = (PurePath(word.text.strip('"')).stem for word in words if word.kind == "text")
            return named or tuple(stem for stem in stems if stem.isidentifier())
        case "state":
            names = []
            for name, after in _names(words):
                names.append(name)
                if after != ",":
                    break
            return tuple(names)
        case "extern":
            return tuple(name for name, _ in _names(words) if name != "function")[:1]
        case "":
            return tuple(name for name, after in _names(piece.words) if after in ("~", "="))[:1]
        case _:
            return tuple(name for name, _ in _names(words) if name not in tree.RESERVED)[:1]


def _declares(piece: Piece, problem: ReservedWord) -> bool:
    """Whether a reserved word stands where a statement declares a name."""
    if piece.keyword == "data":
        return any(name == problem.word and after == ":" for name, after in _names(piece.words[1:]))
    index = next(place for place, word in enumerate(piece.words) if word.span == problem.at)
    return piece.keyword not in _USING and (index == 1 or piece.words[index - 1].text in ("as", "function"))


_USING = ("likelihood", "factor", "infer", "assimilate", "predict", "calibrate", "choose")
"""Statements that declare nothing."""


def _names(words: tuple[Word, ...]) -> Iterator[tuple[str, str]]:
    """The names among some words, dotted or not, each with what follows it and the dimensions in its brackets."""
    index = 0
    while index < len(words):
        name = ""
        while index < len(words) and words[index].kind == "word":
            name += words[index].text
            index += 1
            if index + 1 < len(words) and words[index].text == "." and words[index + 1].kind == "word":
                name += "."
                index += 1
                continue
            break
        if not name:
            index += 1
            continue
        if index < len(words) and words[index].text == "[":
            while index < len(words) and words[index].text != "]":
                index += 1
            index += 1
        yield name, words[index].text if index < len(words) else ""


__all__ = ["DEEPEST", "Parsed", "parse"]
