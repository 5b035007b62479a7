"""The parse tables: made by Lark from `grammar/uq.lark`, then kept in the user's cache, for making them takes longer
than reading a spec of a thousand lines.

What is kept is plain JSON beside the text of the grammar it was made from, so a file that another grammar or another
hand wrote is not used, and reading one runs no code.
"""

from __future__ import annotations

import json
import os
import stat
import zlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_FORMAT = 1
"""Raised whenever the meaning of what is kept changes."""

type Action = int
"""A state to go to, or, where negative, the complement of the rule to reduce by."""


class Rule(NamedTuple):
    """A production: how many symbols it takes off the stack, and what becomes of their values.

    `method` names the method of the builder that is given the values at `slots`; it is `=` where the one value goes on
    unchanged and empty where the values go into the list of the rule above. A slot is -1 for an option left out, 2i for
    the i-th value, and 2i + 1 where that value is itself a list to be spread out.
    """

    origin: str
    length: int
    method: str
    slots: tuple[int, ...]


class Tables(NamedTuple):
    """All that the parser knows of the grammar."""

    patterns: dict[str, str]
    """Of each terminal that is a regular expression."""
    spellings: dict[str, str]
    """Of each terminal that is a fixed text."""
    rules: tuple[Rule, ...]
    states: tuple[dict[str, Action], ...]
    """What to do on each symbol."""
    start: int
    end: int


def grammar_text() -> str:
    """The grammar, from the installed package or, in an editable install, from the top of the project."""
    package = Path(__file__).parents[1]
    shipped = package / "grammar" / "uq.lark"
    if not shipped.is_file():
        shipped = package.parent / "grammar" / "uq.lark"
    return shipped.read_text(encoding="utf-8")


@cache
def load_tables() -> Tables:
    """The tables of the language's grammar, from the cache where it has them."""
    grammar = grammar_text()
    kept = _cache_folder()
    path = kept / f"grammar-{zlib.crc32(grammar.encode()):08x}.json" if kept else None
    tables = _read(path, grammar) if path else None
    if tables is None:
        tables = make_tables(grammar)
        if path:
            _write(path, grammar, tables)
    return tables


def make_tables(grammar: str) -> Tables:
    """The tables of a grammar written for Lark, with `statement` as its start."""
    from lark import Lark
    from lark.grammar import Rule as LarkRule
    from lark.lexer import TerminalDef

    lark = Lark(grammar, parser="lalr", lexer="basic", start="statement", maybe_placeholders=True)
    data, memo = lark.memo_serialize([TerminalDef, LarkRule])
    table = data["parser"]["parser"]
    numbers = {number: index for index, number in enumerate(entry["@"] for entry in data["rules"])}
    symbols = table["tokens"]
    start = table["start_states"]["statement"]
    # Lark numbers the states anew in each process; here they are numbered as they are come upon from the start.
    order = [start]
    seen = {start: 0}
    states: list[dict[str, Action]] = []
    for state in order:
        actions = {symbols[symbol]: action for symbol, action in table["states"][state].items()}
        states.append({})
        for symbol in sorted(actions):
            reduces, argument = actions[symbol]
            if not reduces and argument not in seen:
                seen[argument] = len(order)
                order.append(argument)
            states[-1][symbol] = ~numbers[argument["@"]] if reduces else seen[argument]
    terminals = {terminal.name: terminal.pattern for terminal in lark.terminals}
    return Tables(
        {name: pattern.value for name, pattern in terminals.items() if pattern.type == "re"},
        {name: pattern.value for name, pattern in terminals.items() if pattern.type == "str"},
        tuple(_rule(memo[number]) for number in numbers),
        tuple(states),
        seen[start],
        seen[table["end_states"]["statement"]],
    )


def _rule(written: dict[str, Any]) -> Rule:
    """One of Lark's rules, with what its tree builder would do at run time settled beforehand."""
    origin, symbols, options = written["origin"]["name"], written["expansion"], written["options"]
    slots: list[int] = []
    missing = list(options["empty_indices"] or [False] * len(symbols))
    position = 0
    for absent in missing:
        if absent:
            slots.append(-1)
        elif position < len(symbols):
            symbol = symbols[position]
            terminal = symbol["__type__"] == "Terminal"
            if not (terminal and symbol["filter_out"]):
                slots.append(2 * position + (not terminal and symbol["name"].startswith("_")))
            position += 1
    method = written["alias"] or options["template_source"] or origin
    if method.startswith("_"):
        method = ""
    elif options["expand1"] and not written["alias"] and len(slots) == 1:
        method = "="
    return Rule(origin, len(symbols), method, tuple(slots))


# -------------------------------------------------------------------------------------------------------- the cache


def _cache_folder() -> Path | None:
    """`$UQDSL_CACHE`, else `uqdsl` in the user's cache; None where it is not the user's alone to write in."""
    try:
        chosen = os.environ.get("UQDSL_CACHE")
        shared = os.environ.get("XDG_CACHE_HOME")
        folder = Path(chosen) if chosen else (Path(shared) if shared else Path.home() / ".cache") / "uqdsl"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except (OSError, RuntimeError, ValueError):
        return None
    mine = not hasattr(os, "getuid") or (
        status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )
    return folder if mine else None


def _read(path: Path, grammar: str) -> Tables | None:
    try:
        kept = json.loads(path.read_bytes())
        if kept["format"] != _FORMAT or kept["grammar"] != grammar:
            return None
        patterns, spellings, rules, states, start, end = kept["tables"]
        return Tables(
            patterns,
            spellings,
            tuple(Rule(origin, length, method, tuple(slots)) for origin, length, method, slots in rules),
            tuple(states),
            start,
            end,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path: Path, grammar: str, tables: Tables) -> None:
    """Keep the tables; whoever reads meanwhile sees the whole file or none."""
    import tempfile

    try:
        handle, unfinished = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with open(handle, "w", encoding="utf-8") as file:
            json.dump({"format": _FORMAT, "grammar": grammar, "tables": tables}, file)
        os.replace(unfinished, path)
    except OSError:
        return
