"""Problems as text for a terminal: headline, underlined source lines, help."""

from __future__ import annotations

from uqdsl.messages.problem import Label, Problem, Severity
from uqdsl.messages.source import Sources

_COLOURS = {
    Severity.ERROR: "\x1b[1;31m",
    Severity.WARNING: "\x1b[1;33m",
    Severity.NOTE: "\x1b[1;36m",
}
_BOLD, _BLUE, _RESET = "\x1b[1m", "\x1b[34m", "\x1b[0m"


def render_text(problem: Problem, sources: Sources, *, colour: bool = False) -> str:
    """One problem as lines of text, in the manner of rustc; with ANSI colours only where asked for."""

    def paint(text: str, code: str) -> str:
        return f"{code}{text}{_RESET}" if colour and text else text

    tint = _COLOURS[problem.severity]
    lines = [paint(f"{problem.severity}[{problem.code}]", tint) + paint(f": {problem.title}", _BOLD)]
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
        previous: int | None = None
        for label, number in zip(labels, numbers, strict=True):
            if number != previous:
                if previous is not None and number > previous + 1:
                    lines.append(paint(f"{' ' * width}...", _BLUE))
                text = sources.line(label.span.start).expandtabs(1)
                lines.append(f"{paint(f'{number:>{width}} |', _BLUE)} {text}".rstrip())
            previous = number
            lines.append(f"{bar} {_underlined(label, sources, label is primary, paint, tint)}")
    if problem.place is not None:
        lines.append(f"{' ' * width}{paint('-->', _BLUE)} {problem.place}")
    if problem.help:
        lines.append(f"{' ' * width} = help: {problem.help}")
    lines.append(f"{' ' * width} = more: uqdsl explain {problem.code}")
    return "\n".join(lines)


def _underlined(label: Label, sources: Sources, primary: bool, paint, tint: str) -> str:  # noqa: ANN001
    column = sources.position(label.span.start).column
    end = min(label.span.end, sources.line_end(label.span.start))
    length = max(1, end - label.span.start)
    mark = ("^" if primary else "-") * length
    text = f"{mark} {label.text}".rstrip()
    return " " * (column - 1) + paint(text, tint if primary else _BLUE)
