"""The specs of the corpus, and what the command says of one of them."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from uqdsl.cli.main import execute

PROBLEMS = Path(__file__).parent
GOOD = PROBLEMS.parent / "good"

WITH_DATA = {"files", "labels", "parts", "shapes", "tables"}
"""Topics whose faults lie in the data: their specs are checked with `--data`."""

SETTINGS = {
    "settings/override_of_an_unknown": {PROBLEMS: "sigma=2", GOOD: "sigma=2"},
    "settings/override_of_another_name": {PROBLEMS: "hiden=4", GOOD: "hidden=4"},
    "settings/override_of_another_type": {PROBLEMS: "noise=low", GOOD: "noise=0.1"},
    "settings/override_with_a_decimal_comma": {PROBLEMS: "noise=0,1", GOOD: "noise=0.1"},
}
"""What is set by `--set` where a spec is checked, for the faulty and the mended one."""

WITHOUT = {"files/parquet_without_pyarrow": "pyarrow", "files/zarr_without_zarr": "zarr"}
"""Specs that are checked as if a package was not installed."""


class Said(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


def names(folder: Path) -> list[str]:
    """Every spec below `PROBLEMS` or `GOOD`, as topic and name: `laws/gaussian`."""
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob("*/*.uq"))


def options(folder: Path, name: str, *, data: bool = True) -> list[str]:
    """How a spec is checked."""
    topic = name.partition("/")[0]
    given = ["--data"] if data and topic in WITH_DATA else []
    return [*given, "--set", SETTINGS[name][folder]] if name in SETTINGS else given


def said(command: str, folder: Path, name: str, *arguments: str) -> Said:
    """Run a command on a spec of a folder, in this process and in the folder of its topic."""
    topic, _, file = name.partition("/")
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(folder / topic),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        _not_installed(WITHOUT.get(name)),
    ):
        code = execute([command, *arguments, f"{file}.uq"])
    return Said(code, *(each.getvalue().replace(str(PROBLEMS), "/home/ada/models") for each in (out, err)))


@contextlib.contextmanager
def _not_installed(package: str | None) -> Iterator[None]:
    if package is None:
        yield
        return
    loaded = sys.modules.pop(package, None)
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]
        if loaded is not None:
            sys.modules[package] = loaded
