"""`uqdsl new`: a first spec with data, that runs."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from uqdsl.messages import UsageError
from uqdsl.messages.catalogue.usage import AlreadyThere, WrongCommand

_FILES = {"spec.uq": ".uq", "data.csv": ".csv"}


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The directory to make; the spec is called as it is.")],
) -> None:
    """Make a directory with a first spec and its data, that runs as it is."""
    from uqdsl.results.atomic import write_whole, writing

    folder = Path(name)
    if not re.fullmatch(r"\w[\w.-]*", folder.name):
        what = f"`{name}` cannot be the name of a spec: it needs letters, digits, `_`, `-` or `.`"
        raise UsageError([WrongCommand(what=what, command="uqdsl new")])
    if folder.exists():
        raise UsageError([AlreadyThere(path=name)])
    with writing(folder):
        folder.mkdir(parents=True)
    template = files("uqdsl.cli") / "template"
    for file, ending in _FILES.items():
        text = (template / file).read_text(encoding="utf-8").replace("NAME", folder.name)
        write_whole(folder / f"{folder.name}{ending}", text)
    spec = folder / f"{folder.name}.uq"
    print(f"{spec}: a straight line through the points in {folder / f'{folder.name}.csv'}")
    print(f"run it with: uqdsl run {spec}")
