"""Problems as text for a terminal: headline, underlined source lines, help."""

from __future__ import annotations

from unicodedata import combining, east_asian_width

from uqdsl.messages.problem import Label, Problem, Severity
from uqdsl.messages.source import Sources

_COLOURS = {
    Severity.ERROR: "\x1b[1;31m",
    Severity.WARNING: "\x1b[1;33m",
    Severity.NOTE: "\x1b[1;36m",
}
_WIDEST, _AROUND = 160, 60
"""How much of a line is shown, and how much of it before what is underlined, where the line is longer than that."""
_BOLD, _BLUE, _RESET = "\x1b[1m", "\x1b[34m", "\x1b[0m"


def render_text(problem: Problem, sources: Sources, *, colour: bool = False) -> str:
    """One problem as lines of text, in the manner of rustc; with ANSI colours only where asked for."""

    def paint(text: str, code: str) -> str:
        return f"{code}{text}{_RESET}" if colour and text else text

    tint = _COLOURS[problem.severity]
    lines = [paint(f"{problem.severity}[{problem.code}]", tint) + paint(f": {_visible(problem.title)}", _BOLD)]
    width = 1
    if problem.at is not None:
        primary = Label(problem.at, problem.underline)
        labels = sorted([primary, *problem.others], key=lambda label: label.span)
        numbers = [sources.position(label.span.start).line for label in labels]
        width = len(str(max(numbers)))
        where = sources.position(problem.at.start)
        lines.append(f"{' ' * width}{paint('-->', _BLUE)} {where.file}:{where.line}:{where.column}")
        bar = paint(f"{' ' * width} |", _BLUE)
        lines.append(bar)
        previous: tuple[int, int] | None = None
        for label, number in zip(labels, numbers, strict=True):
            source = sources.line(label.span.start)
            start = sources.position(label.span.start).column - 1
            same = previous is not None and previous[0] == number
            cut = _cut(source, start, previous[1] if same and previous else None)
            if (number, cut) != previous:
                if previous is not None and number > previous[0] + 1:
                    lines.append(paint(f"{' ' * width}...", _BLUE))
                lines.append(f"{paint(f'{number:>{width}} |', _BLUE)} {_clipped(source, cut)}".rstrip())
            previous = (number, cut)
            end = min(start + max(1, label.span.end - label.span.start), max(len(source), start + 1), cut + _WIDEST)
            indent = " " * _columns(source[cut:start])
            mark = ("^" if label is primary else "-") * max(1, _columns(source[start:end]))
            said = f"{mark} {_visible(label.text)}".rstrip()
            lines.append(f"{bar} {indent}{paint(said, tint if label is primary else _BLUE)}")
    if problem.place is not None:
        lines.append(f"{' ' * width}{paint('-->', _BLUE)} {_visible(str(problem.place))}")
    if problem.help:
        lines.append(f"{' ' * width} = help: {_visible(problem.help)}")
    lines.append(f"{' ' * width} = more: uqdsl explain {problem.code}")
    return "\n".join(lines)


def _cut(line: str, start: int, before: int | None) -> int:
    """From which character on a line is shown, so that the one at `start` is; `before` is where it was cut last."""
    if len(line) <= _WIDEST:
        return 0
    if before is not None and before <= start < before + _WIDEST - _AROUND:
        return before
    return max(0, start - _AROUND)


def _clipped(line: str, cut: int) -> str:
    shown = _visible(line[cut : cut + _WIDEST])
    return f"{'…' + shown[1:] if cut else shown}{'…' if cut + _WIDEST < len(line) else ''}"


def _visible(text: str) -> str:
    """Text in which nothing steers a terminal: one character for each, and tabs as spaces."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
