"""Words to tree: Lark's LALR(1) parser, given one statement at a time, whose words take their terminal from where they
stand.

The words are there already (`scan.py`), for a statement has to be found before it can be parsed. So Lark is driven a token
at a time: the terminal of a word is one that its state of the parser can take, as in Lark's own contextual lexer.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

from lark import Token
from lark.exceptions import UnexpectedToken, VisitError
from lark.parsers.lalr_interactive_parser import InteractiveParser

from uqdsl.syntax.build import Misplaced, TreeBuilder
from uqdsl.syntax.grammar import load_lark, separators, terminals_of
from uqdsl.syntax.scan import Word

END = "$END"


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
        Misplaced: where they make up one, but one of its parts cannot be as it is.
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
        if isinstance(error.orig_exc, Misplaced):
            raise error.orig_exc from None
        raise


def accepted_after(words: Sequence[Word], text: str) -> frozenset[str]:
    """The terminals that can follow the first words of a statement; none where those words already do not fit."""
    parser = load_lark().parse_interactive("")
    return frozenset(parser.accepts()) if _feed(parser, words, text) == len(words) else frozenset()


# --------------------------------------------------------------------------------------------------- words to terminals


def _feed(parser: InteractiveParser, words: Sequence[Word], text: str) -> int:
    """Give words to a parser; the index of the first that cannot stand where it does, or how many there are."""
    position = 0
    for index, word in enumerate(words):
        if word.first and index:
            for name, pattern in separators():
                if name in parser.choices() and pattern.match(text, position) and _takes(parser, name):
                    parser.feed_token(Token(name, "", position, end_pos=position))
        position = word.span.end
        choices = [name for name in terminals_of(word.text) if name in parser.choices()]
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
