"""`uqdsl fmt`: specs in the one style of the language."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uqdsl.cli.output import say_problems
from uqdsl.messages import Problem, UqdslError, UsageError
from uqdsl.messages.catalogue.usage import NotFormatted


def command(
    specs: Annotated[
        list[str], typer.Argument(metavar="SPEC", help="The specs; `-` is standard input, written to standard output.")
    ],
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail where something would change.")] = False,
) -> int:
    """Write specs in the one style of the language."""
    from uqdsl.driver.source import read_source
    from uqdsl.syntax import format_spec

    code = 0
    unformatted: list[Problem] = []
    for path in specs:
        try:
            source = read_source(path)
            formatted = format_spec(source.text, source.name)
        except UqdslError as error:
            say_problems(error.problems, error.sources)
            code = max(code, error.exit_code)
            continue
        if path == "-" and not check:
            print(formatted, end="")
        elif formatted != source.text:
            if check:
                unformatted.append(NotFormatted(path=path))
            else:
                from uqdsl.results.atomic import write_whole

                write_whole(Path(path).resolve(), formatted)
                print(f"{path}: formatted")
    if unformatted:
        say_problems(unformatted, None)
        return UsageError.exit_code if code == 2 else 1
    return code
