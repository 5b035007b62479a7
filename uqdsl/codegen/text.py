"""Pieces of Python text: operator precedence, identifiers, long lines."""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from math import e, inf, pi
from typing import NamedTuple

WIDTH = 100

# Python's own precedence, from loosest to tightest.
COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)

_TAKEN = frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | frozenset(
    "jax jnp numpyro dist reparam LocScaleReparam place data coords position observed model log_density len sum".split()
)


class Text(NamedTuple):
    """An expression of Python and how tightly its outermost operator binds."""

    text: str
    precedence: int = ATOM

    def at(self, precedence: int) -> str:
        """The text as an operand of an operator of that precedence, in parentheses where it needs them."""
        return self.text if self.precedence >= precedence else f"({self.text})"


def number(value: float | int | bool, *, real: bool = False) -> Text:
    """A number as Python text; `real` writes a whole number with a point."""
    if isinstance(value, bool):
        return Text(repr(value))
    named = {inf: "jnp.inf", -inf: "-jnp.inf", pi: "jnp.pi", e: "jnp.e"}.get(value)
    if named is None:
        try:
            named = repr(float(value)) if real else repr(value)
        except OverflowError:
            named = repr(value)
    return Text(named, SIGN if named.startswith("-") else ATOM)


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """A Python identifier for each name of a spec: the name itself, or with `_` added where Python or the module has it."""
    found: dict[str, str] = {}
    taken = set(_TAKEN)
    for name in names:
        identifier = name.replace(".", "_")
        while identifier in taken or identifier.startswith("log_p_"):
            identifier = f"{identifier}_" if not identifier.startswith("log_p_") else f"_{identifier}"
        taken.add(identifier)
        found[name] = identifier
    return found


def wrapped(line: str, indent: int) -> list[str]:
    """A statement as lines of at most `WIDTH` columns: broken at its last outermost bracket, then at that one's commas."""
    pad = " " * indent
    if indent + len(line) <= WIDTH:
        return [pad + line]
    found = _last_bracket(line)
    if found is None:
        return [pad + line]
    start, end = found
    head, body, tail = line[: start + 1], line[start + 1 : end], line[end:]
    if indent + 4 + len(body) <= WIDTH:
        return [pad + head, f"{pad}    {body}", pad + tail]
    parts = _parts(body)
    if len(parts) == 1:
        return [pad + head, *wrapped(body, indent + 4), pad + tail]
    inner = [each for part in parts for each in _with_comma(wrapped(part, indent + 4))]
    return [pad + head, *inner, pad + tail]


def _with_comma(lines: list[str]) -> list[str]:
    return [*lines[:-1], lines[-1] + ","]


def _scan(line: str) -> Iterable[tuple[int, str, int]]:
    """Each character outside quotes with the bracket depth before it."""
    depth, quote, skip = 0, "", False
    for index, character in enumerate(line):
        if skip:
            skip = False
        elif quote:
            skip = character == "\\"
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        else:
            if character in ")]}":
                depth -= 1
            yield index, character, depth
            if character in "([{":
                depth += 1


def _last_bracket(line: str) -> tuple[int, int] | None:
    """The last outermost pair of brackets with something in it."""
    found, start = None, -1
    for index, character, depth in _scan(line):
        if depth == 0 and character in "([{":
            start = index
        elif depth == 0 and character in ")]}" and index > start + 1:
            found = (start, index)
    return found


def _parts(body: str) -> list[str]:
    """What the outermost commas separate."""
    cuts = [index for index, character, depth in _scan(body) if depth == 0 and character == ","]
    edges = [-1, *cuts, len(body)]
    return [body[a + 1 : b].strip() for a, b in zip(edges[:-1], edges[1:], strict=True) if body[a + 1 : b].strip()]
