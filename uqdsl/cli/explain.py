"""`uqdsl explain`: the page of a problem, or the equation of a spec."""

from __future__ import annotations

import re
import sys
from typing import Annotated

import typer

from uqdsl.cli.output import Settings, coloured, say_problems

_CODE = re.compile(r"(UQ)?\d+", re.IGNORECASE)


def command(
    subject: Annotated[
        str, typer.Argument(metavar="SPEC|CODE", help="A spec, or the code of a problem, such as UQ214.")
    ],
    latex: Annotated[bool, typer.Option("--latex", help="The equation as an `align*` block of LaTeX.")] = False,
    set_: Settings = None,
) -> None:
    """Explain a problem by its code, or print what a spec states as an equation."""
    if _CODE.fullmatch(subject):
        from uqdsl.messages.pages import page

        _show(page(subject))
        return
    from uqdsl.codegen.equation import equation, equation_latex
    from uqdsl.driver.front import check, read_settings
    from uqdsl.driver.source import read_source

    source = read_source(subject)
    checked = check(source, read_settings(set_ or [], source))
    say_problems(checked.problems, checked.sources)
    print(equation_latex(checked.spec) if latex else equation(checked.spec, checked.sources), end="")


def _show(text: str) -> None:
    if not coloured(sys.stdout):
        print(text, end="")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))
