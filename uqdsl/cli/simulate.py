"""`uqdsl simulate`: a truth and data drawn from a spec, for a twin experiment."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from uqdsl.cli.output import AllowedExtern, AllowedPaths, Json, Settings, Spec, say_json, say_problems


def command(
    spec: Spec,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of all that is random.")] = 0,
    out: Annotated[
        str | None, typer.Option(metavar="DIR", help="Below which files are written.", show_default="the spec's folder")
    ] = None,
    spin_up: Annotated[
        float, typer.Option(min=0, metavar="TIME", help="For how long states move before the first time.")
    ] = 0.0,
    until: Annotated[
        float | None,
        typer.Option(metavar="TIME", help="Of the last observation.", show_default="the end of the axis"),
    ] = None,
    missing: Annotated[
        float, typer.Option(min=0, max=1, metavar="SHARE", help="Of the observations that are missing, at random.")
    ] = 0.0,
    set_: Settings = None,
    allow_path: AllowedPaths = None,
    allow_extern: AllowedExtern = None,
    json: Json = False,
) -> None:
    """Draw unknowns, states and data from a spec's own laws, and write the data to the files that it names."""
    from uqdsl.driver.front import check, read_settings
    from uqdsl.driver.session import located
    from uqdsl.driver.source import read_source
    from uqdsl.driver.twin import Wishes, places_of, simulate, write_twin
    from uqdsl.infer.environment import choose_device

    source = read_source(spec)
    checked = check(source, read_settings(set_ or [], source))
    say_problems(checked.problems, checked.sources)
    if allow_extern:
        sys.path.append(str(Path.cwd()))
    with located(checked.sources):
        places = places_of(checked.spec, Path(out) if out is not None else source.folder)
        choose_device(None, 64)
        twin = simulate(
            checked,
            seed,
            Wishes(spin_up, until, missing),
            allowed=[Path(each) for each in allow_path or []],
            allow_extern=tuple(allow_extern or ()),
        )
        write_twin(twin, places)
    if json:
        unknowns = {name: each.tolist() for name, each in twin.unknowns.items()}
        say_json({"files": [str(path) for path in places], "unknowns": unknowns})
        return
    for name, each in twin.unknowns.items():
        shown = f"{each:.6g}" if each.ndim == 0 else " × ".join(map(str, each.shape)) + " numbers"
        print(f"{name} = {shown}")
    for path in places:
        print(path)
