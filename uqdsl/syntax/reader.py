"""Words to tree: Lark's LALR(1) parser, given one statement at a time, whose words take their terminal from where they
stand.

The words are there already (`scan.py`), for a statement has to be found before it can be parsed. So Lark is driven a token
at a time: the terminal of a word is one that its state of the parser can take, as in Lark's own contextual lexer.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lark import Lark, Token
from lark.exceptions import UnexpectedToken, VisitError

from uqdsl.syntax.build import Repeated, TreeBuilder
from uqdsl.user_cache import cache_directory

if TYPE_CHECKING:
    import re

    from lark.parsers.lalr_interactive_parser import InteractiveParser

    from uqdsl.syntax.scan import Word

END = "$END"
_SEPARATORS = ("_NEW_LINE", "_SIGNED")


class Unexpected(Exception):
    """The text does not fit the grammar.

    Attributes:
        index: of the first word that cannot stand where it does; the number of words where more had to come.
        accepted: the terminals that could have stood there.
    """

    def __init__(self, index: int, accepted: frozenset[str]) -> None:
        super().__init__(index, accepted)
        self.index = index
        self.accepted = accepted


def read(words: Sequence[Word], text: str) -> Any:
    """The tree of the one statement that `words` of `text` make up.

    Raises:
        Unexpected: where they make up none.
        Repeated: where a clause that may stand once stands a second time.
    """
    parser = load_lark().parse_interactive("")
    index = _feed(parser, words, text)
    if index < len(words):
        raise Unexpected(index, accepted_after(words[:index], text))
    try:
        parsed = parser.feed_eof()
    except UnexpectedToken:
        raise Unexpected(len(words), accepted_after(words, text)) from None
    try:
        return TreeBuilder().transform(parsed)
    except VisitError as error:
        if isinstance(error.orig_exc, Repeated):
            raise error.orig_exc from None
        raise


def accepted_after(words: Sequence[Word], text: str) -> frozenset[str]:
    """The terminals that can follow the first words of a statement; none where those words already do not fit."""
    parser = load_lark().parse_interactive("")
    return frozenset(parser.accepts()) if _feed(parser, words, text) == len(words) else frozenset()


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


# --------------------------------------------------------------------------------------------------- words to terminals


def _feed(parser: InteractiveParser, words: Sequence[Word], text: str) -> int:
    """Give words to a parser; the index of the first that cannot stand where it does, or how many there are."""
    position = 0
    for index, word in enumerate(words):
        if word.first and index:
            for name, pattern in _separators():
                if name in parser.choices() and pattern.match(text, position) and _takes(parser, name):
                    parser.feed_token(Token(name, "", position, end_pos=position))
        position = word.span.end
        choices = [name for name in _terminals_of(word.text) if name in parser.choices()]
        if len(choices) > 1:
            # What a state lists it may yet refuse, for LALR(1) merges states that differ in what may follow.
            choices = [name for name in choices if _takes(parser, name)]
        if not choices:
            return index
        try:
            parser.feed_token(Token(choices[0], word.text, word.span.start, end_pos=word.span.end))
        except UnexpectedToken:
            return index
    return len(words)


def _takes(parser: InteractiveParser, terminal: str) -> bool:
    """Whether a terminal could come next; `accepts` answers that for all of them, which takes longer."""
    trial = parser.copy(deepcopy_values=False)
    trial.parser_state.parse_conf = copy(trial.parser_state.parse_conf)
    trial.parser_state.parse_conf.callbacks = {}  # nothing is to be built
    try:
        trial.feed_token(Token(terminal, ""))
    except UnexpectedToken:
        return False
    return True


@cache
def _terminals_of(text: str) -> tuple[str, ...]:
    """The terminals that a word can be, those of fixed text first."""
    spellings, _ = terminals()
    fixed = tuple(name for name, spelt in spellings.items() if spelt == text)
    return fixed + tuple(name for name, pattern in _compiled().items() if pattern.fullmatch(text))


@cache
def _compiled() -> dict[str, re.Pattern[str]]:
    import re

    return {name: re.compile(pattern) for name, pattern in terminals().patterns.items()}


@cache
def _separators() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, _compiled()[name]) for name in _SEPARATORS)
