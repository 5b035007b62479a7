"""`uqdsl check`: every problem of specs, at once, without JAX."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from uqdsl.cli.output import AllowedPaths, Json, Settings, Strict, counted, say_json, say_problems
from uqdsl.messages import Problem, Sources, UqdslError, faults, render_json


def command(
    specs: Annotated[list[str], typer.Argument(metavar="SPEC", help="The specs; `-` is standard input.")],
    data: Annotated[bool, typer.Option("--data", help="Check the data files too.")] = False,
    set_: Settings = None,
    strict: Strict = False,
    allow_path: AllowedPaths = None,
    json: Json = False,
) -> int:
    """Check specs: every problem at once, each with its line."""
    code = 0
    answers: list[dict[str, Any]] = []
    for path in specs:
        problems, sources, failed = _problems(path, set_ or [], allow_path or [], data=data)
        code = max(code, failed, 1 if strict and faults(problems) else 0)
        if json:
            answers.append({"file": path, "problems": [render_json(each, sources) for each in problems]})
        else:
            say_problems(problems, sources, count=False)
            verdict = counted(problems) or "no problems"
            print(f"{path}: {verdict}", file=sys.stderr if problems else sys.stdout)
    if json:
        say_json({"specs": answers})
    return code


def _problems(
    path: str, settings: list[str], allowed: list[str], *, data: bool
) -> tuple[tuple[Problem, ...], Sources, int]:
    """The problems of a spec, the text that they point into, and the exit code."""
    from uqdsl.driver.front import check, check_with_data, read_settings
    from uqdsl.driver.source import read_source

    try:
        source = read_source(path)
        values = read_settings(settings, source)
        if data:
            checked, _ = check_with_data(source, values, allowed=[Path(each) for each in allowed])
        else:
            checked = check(source, values)
    except UqdslError as error:
        return error.problems, error.sources, error.exit_code
    return checked.problems, checked.sources, 0
