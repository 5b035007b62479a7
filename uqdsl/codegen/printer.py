"""Documents that know where they may be broken, printed to a width.

The algebra of Wadler's "A prettier printer" (2003), with what ruff adds to it, so that its formatter leaves generated
text alone: see `uqdsl.codegen.layout` for the documents of Python.
"""

from __future__ import annotations

from typing import NamedTuple

WIDTH = 100
STEP = 4


class Line(NamedTuple):
    """A new line in a group that is broken, else `flat`."""

    flat: str = " "


class WhenBroken(NamedTuple):
    """A text that stands only in a group that is broken, such as a trailing comma."""

    text: str


class Indent(NamedTuple):
    """A part whose new lines stand one step to the right."""

    inner: Doc


class Group(NamedTuple):
    """A part whose lines are broken all together, and only if it does not fit as one line."""

    inner: Doc


class Elastic(NamedTuple):
    """A part that may be broken although the group about it is one line, as the arguments of a call may be."""

    inner: Doc


class Either(NamedTuple):
    """`plain` if it fits with its elastic parts broken, else `broken`."""

    plain: Doc
    broken: Doc


type Doc = str | Line | WhenBroken | Indent | Group | Elastic | Either | tuple[Doc, ...]

type _Item = tuple[int, bool, Doc]
"""An indentation, whether lines are broken, and a document."""


def printed(doc: Doc, indent: int) -> list[str]:
    """A document as lines of at most `WIDTH` columns where that is possible, all indented."""
    lines = [" " * indent]
    stack: list[_Item] = [(indent, True, doc)]
    measured = False  # whether a group about this place has been found to fit as one line
    while stack:
        margin, broken, item = stack.pop()
        match item:
            case str():
                lines[-1] += item
            case Line(flat=flat):
                if broken:
                    lines.append(" " * margin)
                else:
                    lines[-1] += flat
            case WhenBroken(text=text):
                lines[-1] += text if broken else ""
            case Indent(inner=inner):
                stack.append((margin + STEP, broken, inner))
            case Group(inner=inner):
                if broken or not measured:
                    measured = True
                    broken = not _fits(len(lines[-1]), (margin, False, inner), stack)
                stack.append((margin, broken, inner))
            case Elastic(inner=inner):
                measured = False
                stack.append((margin, broken, inner))
            case Either(plain=plain, broken=otherwise):
                measured = True
                fits = _fits(len(lines[-1]), (margin, False, plain), stack)
                stack.append((margin, not fits, plain if fits else otherwise))
            case tuple():
                stack += [(margin, broken, part) for part in reversed(item)]
    return [line.rstrip() for line in lines]


def _fits(column: int, item: _Item, rest: list[_Item]) -> bool:
    """Whether a document, and what follows it up to the next new line, stay within the width."""
    queue: list[tuple[int, bool, bool, Doc]] = [(item[0], item[1], False, item[2])]
    following = len(rest)
    while queue or following:
        if queue:
            margin, broken, every_line, part = queue.pop()
        else:
            following -= 1
            (margin, broken, part), every_line = rest[following], False
        match part:
            case str():
                column += len(part)
            case Line(flat=flat):
                if broken and not every_line:
                    return True
                column = margin if broken else column + len(flat)
            case WhenBroken(text=text):
                column += len(text) if broken else 0
            case Indent(inner=inner):
                queue.append((margin + STEP, broken, every_line, inner))
            case Group(inner=inner):
                queue.append((margin, broken, every_line, inner))
            case Elastic(inner=inner):
                queue.append((margin, True, True, inner))
            case Either(plain=plain):
                queue.append((margin, broken, every_line, plain))
            case tuple():
                queue += [(margin, broken, every_line, each) for each in reversed(part)]
        if column > WIDTH:
            return False
    return True
