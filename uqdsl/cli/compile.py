"""`uqdsl compile`: what a spec becomes, at each station of the road."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from uqdsl.cli.output import Settings, Spec, say_problems

if TYPE_CHECKING:
    from uqdsl.driver.front import Checked

type Emit = Literal["python", "ir", "tree", "graph", "equation", "latex"]


def command(
    spec: Spec,
    emit: Annotated[
        Literal["python", "ir", "tree", "graph", "equation", "latex"],
        typer.Option(
            help="The NumPyro program, the IR as JSON, the tree, the graph of what depends on what, or the equation."
        ),
    ] = "python",
    language: Annotated[Literal["dot", "mermaid"], typer.Option("--format", help="How a graph is written.")] = "dot",
    stage: Annotated[
        str, typer.Option(metavar="NAME", help="Of which stage, such as `residual`; a spec with sources has several.")
    ] = "training",
    output: Annotated[str | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write it.")] = None,
    set_: Settings = None,
    by: Annotated[str | None, typer.Option(metavar="METHOD", help="In place of the spec's `infer` statements.")] = None,
    precision: Annotated[Literal["64", "32"], typer.Option(help="Bits of a floating-point number.")] = "64",
) -> None:
    """Write what a spec becomes: by default the NumPyro program that `uqdsl run` runs."""
    from uqdsl.driver.front import at_stage, check, read_method, read_settings
    from uqdsl.driver.source import read_source

    source = read_source(spec)
    if emit == "tree":
        from uqdsl.syntax import outline, parse

        parsed = parse(source.text, source.name)
        say_problems(parsed.problems, parsed.sources)
        _write(outline(parsed.tree), output)
        raise typer.Exit(1 if parsed.problems else 0)
    checked = check(source, read_settings(set_ or [], source), (read_method(by),) if by else None)
    say_problems(checked.problems, checked.sources)
    _write(_text(at_stage(checked, stage), emit, language, 32 if precision == "32" else 64), output)


def _text(checked: Checked, emit: Emit, language: Literal["dot", "mermaid"], precision: Literal[32, 64]) -> str:
    if emit == "ir":
        return checked.spec.model_dump_json(indent=1) + "\n"
    if emit == "graph":
        from uqdsl.codegen.graph import as_dot, as_mermaid, dependencies

        return {"dot": as_dot, "mermaid": as_mermaid}[language](dependencies(checked.spec))
    if emit in ("equation", "latex"):
        from uqdsl.codegen.equation import equation, equation_latex

        return equation_latex(checked.spec) if emit == "latex" else equation(checked.spec, checked.sources)
    import uqdsl
    from uqdsl.codegen import generate

    return generate(checked.spec, checked.sources, version=uqdsl.__version__, precision=precision).text


def _write(text: str, output: str | None) -> None:
    if output is None:
        print(text, end="")
        return
    from uqdsl.results.atomic import write_whole

    write_whole(Path(output), text)
