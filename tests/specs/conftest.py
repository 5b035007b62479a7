"""Every spec of the library, run once, by the command."""

from __future__ import annotations

import json
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
    """Runs a spec of the library with seed 0; the same one only once."""
    out = tmp_path_factory.mktemp("runs")

    @cache
    def run_once(name: str) -> Ran:
        code = execute(["run", str(SPECS / f"{name}.uq"), "--out", str(out)])
        path = out / f"{name}-0-1"
        return Ran(code, path, json.loads((path / "summary.json").read_text()))

    return run_once
