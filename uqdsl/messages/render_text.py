"""Problems as text for a terminal: headline, underlined source lines, help."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
        labels = sorted([primary, *all_others(problem, sources)], key=lambda label: label.span)
        width = len(str(max(sources.position(label.span.start).line for label in labels)))
        files = sorted({sources.file(label.span.start) for label in labels})
        files.sort(key=lambda file: file != sources.file(primary.span.start))
        bar = paint(f"{' ' * width} |", _BLUE)
        for file in files:
            here = [label for label in labels if sources.file(label.span.start) == file]
            where = sources.position((primary if primary in here else here[0]).span.start)
            arrow = "-->" if primary in here else ":::"
            lines.append(f"{' ' * width}{paint(arrow, _BLUE)} {where.file}:{where.line}:{where.column}")
            lines.append(bar)
            lines += _snippet(here, primary, sources, width, tint, paint)
    if problem.place is not None:
        lines.append(f"{' ' * width}{paint('-->', _BLUE)} {_visible(str(problem.place))}")
    if problem.help:
        lines.append(f"{' ' * width} = help: {_visible(problem.help)}")
    lines.append(f"{' ' * width} = more: uqdsl explain {problem.code}")
    return "\n".join(lines)


def all_others(problem: Problem, sources: Sources) -> tuple[Label, ...]:
    """The labels of a problem beside its first, with those of the `include` statements that bring it into the spec."""
    if problem.at is None:
        return problem.others
    said = {each.span for each in problem.others}
    ways = (Label(each, "included here") for each in sources.inclusions(problem.at.start) if each not in said)
    return (*problem.others, *ways)


def _snippet(
    labels: Sequence[Label], primary: Label, sources: Sources, width: int, tint: str, paint: Callable[[str, str], str]
) -> Iterator[str]:
    """The lines of one file in which labels stand, each with what is said below it."""
    bar = paint(f"{' ' * width} |", _BLUE)
    previous: tuple[int, int] | None = None
    for label in labels:
        source, (_, number, column) = sources.line(label.span.start), sources.position(label.span.start)
        start = column - 1
        same = previous is not None and previous[0] == number
        cut = _cut(source, start, previous[1] if same and previous else None)
        if (number, cut) != previous:
            if previous is not None and number > previous[0] + 1:
                yield paint(f"{' ' * width}...", _BLUE)
            yield f"{paint(f'{number:>{width}} |', _BLUE)} {_clipped(source, cut)}".rstrip()
        previous = (number, cut)
        end = min(start + max(1, label.span.end - label.span.start), max(len(source), start + 1), cut + _WIDEST)
        indent = " " * _columns(source[cut:start])
        mark = ("^" if label is primary else "-") * max(1, _columns(source[start:end]))
        said = f"{mark} {_visible(label.text)}".rstrip()
        yield f"{bar} {indent}{paint(said, tint if label is primary else _BLUE)}"


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
