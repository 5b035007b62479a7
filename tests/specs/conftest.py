"""Every spec of the library, run once, by the command."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from uqdsl.cli.main import execute

SPECS = Path(__file__).parents[2] / "specs"


class Ran(NamedTuple):
    """A run of a spec: its exit code, directory and summary."""

    code: int
    path: Path
    summary: dict[str, Any]

    @property
    def variables(self) -> dict[str, dict[str, float]]:
        (run,) = self.summary["runs"].values()
        return run["variables"]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ran]:
    """Runs a spec of the library with seed 0; the same one only once, in whichever test process asks for it first."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # which all processes of one session have in common
    out = folder / "runs"
    out.mkdir(exist_ok=True)

    @cache
    def run_once(name: str) -> Ran:
        path, done = out / f"{name}-0-1", out / f"{name}.code"
        with (out / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                code = execute(["run", str(SPECS / f"{name}.uq"), "--out", str(out)])
                done.write_text(str(code))
        return Ran(int(done.read_text()), path, json.loads((path / "summary.json").read_text()))

    return run_once
