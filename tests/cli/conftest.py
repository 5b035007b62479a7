"""A small spec, and the command in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from uqdsl.cli.main import execute

MODEL = """\
# A mean.
setting width : real = 10
data { y[i] : real = [0.8, 1.1, 1.4, 0.9] }
prior mu ~ Normal(0, width)
likelihood y[i] ~ Normal(mu, 1)
infer by nuts(chains = 2, warmup = 300, draws = 500)
"""


class Said(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def codes(self) -> list[str]:
        """The codes of the problems in a JSON answer."""
        return [each["code"] for each in self.json["problems"]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with `model.uq` in it."""
    (tmp_path / "model.uq").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def uqdsl(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs the command in this process; a run draws pictures only where a test wants them."""

    def say(*arguments: str, pictures: bool = False) -> Said:
        capsys.readouterr()
        quick = ["run", "--no-pictures"] if arguments[:1] == ("run",) and not pictures else arguments[:1]
        code = execute([*quick, *arguments[1:]])
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return Said(code, shown.out, shown.err)

    return say
