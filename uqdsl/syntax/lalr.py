"""Words to tree, by the tables that Lark made: an LALR(1) parser whose words take their terminal from where they stand.

Reference: Aho, Lam, Sethi and Ullman, Compilers: Principles, Techniques, and Tools, 2nd edition, section 4.7.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from uqdsl.messages import Span
from uqdsl.syntax.build import TreeBuilder
from uqdsl.syntax.scan import Word
from uqdsl.syntax.tables import Tables, load_tables

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
    """
    reader = _reader()
    stack = _Stack(reader)
    for index, word in enumerate(words):
        if not reader.shift(stack, word, text, index):
            raise Unexpected(index, accepted_after(words[:index], text))
    if not stack.feed(END, None, 0, 0):
        raise Unexpected(len(words), accepted_after(words, text))
    return stack.values[-1]


def accepted_after(words: Sequence[Word], text: str) -> frozenset[str]:
    """The terminals that can follow the first words of a statement; none where those words already do not fit."""
    reader = _reader()
    stack = _Stack(reader)
    for index, word in enumerate(words):
        if not reader.shift(stack, word, text, index):
            return frozenset()
    return frozenset(name for name in (*reader.terminals, END) if stack.accepts(name))


def spelling(terminal: str) -> str | None:
    """How a terminal of fixed text is written; None for one that is a pattern."""
    return _reader().tables.spellings.get(terminal)


class _Reader:
    """The tables, made ready for quick reading."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.terminals = tuple(tables.patterns) + tuple(tables.spellings)
        builder = TreeBuilder()
        self.states = tables.states
        self.rules = tuple(
            (rule.origin, rule.length, rule.method, rule.slots, getattr(builder, rule.method.strip("="), None))
            for rule in tables.rules
        )
        self._patterns = {name: re.compile(pattern) for name, pattern in tables.patterns.items()}
        self._spelt = {spelling: name for name, spelling in tables.spellings.items()}
        self._separators = tuple((name, self._patterns[name]) for name in _SEPARATORS)
        self._known: dict[str, tuple[str, ...]] = {}

    def terminals_of(self, text: str) -> tuple[str, ...]:
        """The terminals that a word can be, those of fixed text first."""
        found = self._known.get(text)
        if found is None:
            fixed = (self._spelt[text],) if text in self._spelt else ()
            found = fixed + tuple(name for name, pattern in self._patterns.items() if pattern.fullmatch(text))
            self._known[text] = found
        return found

    def shift(self, stack: _Stack, word: Word, text: str, index: int) -> bool:
        """Read one word; False where it cannot stand here."""
        if word.first and index:
            actions = self.states[stack.states[-1]]
            for name, pattern in self._separators:
                if name in actions and pattern.match(text, stack.position) and stack.accepts(name):
                    stack.feed(name, None, stack.position, stack.position)
        actions = self.states[stack.states[-1]]
        choices = [name for name in self.terminals_of(word.text) if name in actions]
        if len(choices) > 1:
            choices = [name for name in choices if stack.accepts(name)]
        stack.position = word.span.end
        return bool(choices) and stack.feed(choices[0], word, word.span.start, word.span.end)


@cache
def _reader() -> _Reader:
    return _Reader(load_tables())


class _Stack:
    """States, the values read in them, and where each value begins and ends (-1 for an empty one)."""

    def __init__(self, reader: _Reader) -> None:
        self.reader = reader
        self.states = [reader.tables.start]
        self.values: list[Any] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.position = 0

    def feed(self, terminal: str, word: Word | None, start: int, end: int) -> bool:
        """Take a terminal in; False where it does not fit."""
        states, tables, rules = self.states, self.reader.states, self.reader.rules
        while True:
            action = tables[states[-1]].get(terminal)
            if action is None:
                return False
            if action >= 0:
                states.append(action)
                self.values.append(word)
                self.starts.append(start)
                self.ends.append(end)
                return True
            origin, length, method, slots, build = rules[~action]
            if length:
                del states[-length:]
            if method != "=":
                self._reduce(length, slots, build)
            states.append(tables[states[-1]][origin])
            if terminal == END and states[-1] == self.reader.tables.end:
                return True

    def _reduce(self, length: int, slots: tuple[int, ...], build: Callable[[Span, list[Any]], Any] | None) -> None:
        """Put what is made of the last `length` values in their place."""
        values, starts, ends = self.values, self.starts, self.ends
        first = last = -1
        children: list[Any] = []
        if length:
            first = next((place for place in starts[-length:] if place >= 0), -1)
            last = next((place for place in ends[: -length - 1 : -1] if place >= 0), -1)
            children = values[-length:]
            del values[-length:], starts[-length:], ends[-length:]
        arguments: list[Any] = []
        if build is None and slots and slots[0] == 1:
            # A list that grows by one entry goes on as it is: copies would take time by the square.
            arguments, slots = children[0], slots[1:]
        for slot in slots:
            if slot < 0:
                arguments.append(None)
            elif slot & 1:
                arguments += children[slot >> 1]
            else:
                arguments.append(children[slot >> 1])
        values.append(arguments if build is None else build(Span(first, last) if last >= 0 else Span(0, 0), arguments))
        starts.append(first)
        ends.append(last)

    def accepts(self, terminal: str) -> bool:
        """Whether a terminal could come next."""
        states = list(self.states)
        tables, rules = self.reader.states, self.reader.rules
        while True:
            action = tables[states[-1]].get(terminal)
            if action is None:
                return False
            if action >= 0:
                return True
            origin, length, *_ = rules[~action]
            if length:
                del states[-length:]
            states.append(tables[states[-1]][origin])
            if terminal == END and states[-1] == self.reader.tables.end:
                return True
