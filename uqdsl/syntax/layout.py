"""Documents that know where they may be broken into lines, and the printing of them within a width.

References: P. Wadler, A prettier printer, 2003; C. Lindig, Strictly pretty, 2000. Unlike in those, a group is laid out
flat only where what follows it up to the next possible break fits on the line as well.
"""

from __future__ import annotations

from dataclasses import dataclass

type Doc = str | Break | Nest | Group | Remark | WhereBroken | tuple[Doc, ...]
"""A text without line breaks, documents in a row, or one of the classes here."""


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a line may end, `flat` where it does not; `must` where it always does."""

    flat: str = " "
    must: bool = False


@dataclass(frozen=True, slots=True)
class Nest:
    """What is indented further on every line but its first."""

    indent: int
    inner: Doc


@dataclass(frozen=True, slots=True)
class Group:
    """What stands on one line if it fits there, and is broken at each of its own breaks if not."""

    inner: Doc


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment at the end of a line: it takes no part in deciding what fits."""

    text: str


@dataclass(frozen=True, slots=True)
class WhereBroken:
    """A text that is there only where the group around it is broken."""

    text: str


HARD = Break(must=True)


def flat(doc: Doc) -> str | None:
    """A document on one line, or None where it must be broken."""
    parts: list[str] = []
    stack = [doc]
    while stack:
        match stack.pop():
            case str(text):
                parts.append(text)
            case tuple(docs):
                stack.extend(reversed(docs))
            case Nest(inner=inner) | Group(inner=inner):
                stack.append(inner)
            case Break(flat=text, must=must):
                if must:
                    return None
                parts.append(text)
            case Remark():
                return None
            case WhereBroken():
                pass
    return "".join(parts)


def render(doc: Doc, width: int, indent: int = 0) -> list[str]:
    """The lines of a document, indented by `indent`, within `width` columns as far as it can be broken."""
    lines: list[str] = []
    line = " " * indent
    stack: list[tuple[int, bool, Doc]] = [(indent, False, doc)]
    while stack:
        depth, is_flat, current = stack.pop()
        match current:
            case str(text):
                line += text
            case tuple(docs):
                stack.extend((depth, is_flat, each) for each in reversed(docs))
            case Nest(indent=more, inner=inner):
                stack.append((depth + more, is_flat, inner))
            case Group(inner=inner):
                stack.append((depth, is_flat or _fits(width - len(line), inner, stack), inner))
            case Break(flat=text, must=must):
                if is_flat and not must:
                    line += text
                else:
                    lines.append(line.rstrip(" "))
                    line = " " * depth
            case Remark(text=text):
                line += text
            case WhereBroken(text=text):
                line += "" if is_flat else text
    return [*lines, line]


def _fits(room: int, doc: Doc, rest: list[tuple[int, bool, Doc]]) -> bool:
    """Whether a document laid out flat, and what follows it up to the next possible break, takes at most `room`."""
    pending: list[tuple[bool, Doc]] = [(True, doc)]
    following = len(rest)
    while room >= 0:
        if not pending:
            if not following:
                return True
            following -= 1
            pending.append(rest[following][1:])
            continue
        is_flat, current = pending.pop()
        match current:
            case str(text):
                room -= len(text)
            case tuple(docs):
                pending.extend((is_flat, each) for each in reversed(docs))
            case Nest(inner=inner) | Group(inner=inner):
                pending.append((is_flat, inner))
            case Break(flat=text, must=must):
                if not is_flat:
                    return True
                if must:
                    return False
                room -= len(text)
            case Remark():
                pass
            case WhereBroken(text=text):
                room -= 0 if is_flat else len(text)
    return False
