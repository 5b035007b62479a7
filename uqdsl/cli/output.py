"""What the command says, and in which form."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, TextIO

import typer

from uqdsl.messages import Problem, Severity, Sources, render_json, render_text

Spec = Annotated[str, typer.Argument(metavar="SPEC", help="The spec; `-` is standard input.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Give a setting a value; may be repeated.")
]
AllowedPaths = Annotated[
    list[str] | None,
    typer.Option("--allow-path", metavar="DIR", help="Let the spec name data in this directory too; may be repeated."),
]
AllowedExtern = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-extern",
        metavar="MODULE",
        help="Let the spec call functions of this Python module; may be repeated.",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Take warnings for errors.")]


def say_problems(
    problems: Sequence[Problem], sources: Sources | None, *, as_json: bool = False, count: bool = True
) -> None:
    """Show problems: as text on standard error, with their number where `count` asks for it; or as JSON on standard output."""
    sources = sources or Sources.single("", "")
    if as_json:
        say_json({"problems": [render_json(problem, sources) for problem in problems]})
        return
    for problem in problems:
        print(render_text(problem, sources, colour=coloured(sys.stderr)), end="\n\n", file=sys.stderr)
    if count and len(problems) > 1:
        print(counted(problems), file=sys.stderr)


def say_json(content: object) -> None:
    """Print JSON on standard output."""
    print(json.dumps(content, indent=1, ensure_ascii=False))


def counted(problems: Sequence[Problem]) -> str:
    """How many problems there are of each severity: `2 errors, 1 warning`."""
    numbers = Counter(problem.severity for problem in problems)
    return ", ".join(f"{numbers[each]} {each}{'s' * (numbers[each] > 1)}" for each in Severity if numbers[each])


def coloured(stream: TextIO) -> bool:
    """Whether a stream is shown in colours: a terminal, unless `NO_COLOR` (https://no-color.org) is set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
