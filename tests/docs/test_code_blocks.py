"""Every block of code in the README and the documents runs.

In a folder that holds a copy of `specs`, and for each page of its own what its blocks name as files:

- `uq`: checks without a problem, data included, compiles, and its log density can be differentiated: the shapes of all
  its arrays fit. With a code behind it (`uq UQ901`), has that problem.
- `uq FILE.uq`, `csv FILE.csv`, `yaml FILE.yaml`: the same, and is kept for the blocks below under that name;
  `uq FILE.uq faulty`, `uq FILE.uq part`, which is a file for others to include, and `uq FILE.uq empty`, whose data a block
  below simulates, are only kept.
- `python`: runs; the blocks of a page are one program. `python FILE.py` is kept for the blocks below under that name.
- `console`: each line that begins with `$ ` is run; where output follows, it is what is printed, else all must be well.
- `sh`: what begins with `uv run uqdsl` runs; of all else, what `uv run` is to run is there.
- `text`, `json`, and programs in other languages (`stan`, `bugs`, `r`, and Python with other libraries, `py`) are only
  shown.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import pytest

import uqdsl
from uqdsl.cli.main import execute
from uqdsl.driver.front import check_with_data
from uqdsl.driver.program import make_target, write_program
from uqdsl.driver.source import Source
from uqdsl.infer import Target
from uqdsl.infer.positions import position_layout
from uqdsl.messages import Severity, UqdslError

from .words import PAGE, words

TOP = Path(uqdsl.__file__).parents[1]
PAGES = [
    TOP / "README.md",
    TOP / "CONTRIBUTING.md",
    TOP / "benchmarks" / "README.md",
    *sorted(path for path in (TOP / "docs").rglob("*.md") if path.parent.name != "problems"),
]
LANGUAGES = {"uq", "csv", "yaml", "python", "console", "sh", "text", "json", "stan", "bugs", "r", "py"}


class Block(NamedTuple):
    language: str
    rest: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w*) ?([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(each[1], each[2], each[3], text[: each.start()].count("\n") + 1) for each in found]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(TOP / "specs", tmp_path / "specs")
    shutil.copytree(TOP / "specs" / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # as for a script there
    return tmp_path


def check_spec(block: Block, folder: Path) -> None:
    code = block.rest if re.fullmatch(r"UQ\d+", block.rest) else None
    if block.rest and code is None:
        name, _, kind = block.rest.partition(" ")
        (folder / name).write_text(block.text, encoding="utf-8")
        if kind:
            assert kind in ("faulty", "part", "empty")
            return
    checked = dataset = None
    try:
        checked, dataset = check_with_data(Source("model.uq", block.text, folder))
        problems = checked.problems
    except UqdslError as error:
        problems = error.problems
    found = [each.code for each in problems if each.severity is not Severity.NOTE or each.code == code]
    assert found == ([code] if code else []), "\n".join(map(str, problems))
    if checked is not None and dataset is not None and code is None:
        allowed = [each.module for each in checked.spec.externs]
        trace(make_target(checked.spec, write_program(checked), dataset, allowed=allowed))


def trace(target: Target) -> None:
    """The log density and its gradient, of shapes alone: nothing is computed."""
    layout = position_layout(target)

    def density(position: jax.Array, data: dict[str, jax.Array]) -> jax.Array:
        return target.log_density(layout.split(position), data, target.coords)

    value, gradient = jax.eval_shape(jax.value_and_grad(density), np.zeros(layout.size), target.data)
    assert value.shape == ()
    assert gradient.shape == (layout.size,)


def check_console(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    said = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)
    assert said[0] == ""
    for command, expected in zip(said[1::2], said[2::2], strict=True):
        name, *arguments = re.findall(r'"[^"]*"|\S+', command)
        assert name == "uqdsl"
        capsys.readouterr()
        exit_code = execute([each.strip('"') for each in arguments])
        shown = capsys.readouterr()
        if expected.strip():
            assert expected.strip() == (shown.out + shown.err).strip()
        else:
            assert exit_code == 0, shown.out + shown.err


def check_shell(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    for line in block.text.splitlines():
        command = line.partition("#")[0].strip().removeprefix("pip install uv && ")
        if not command:
            continue
        runner, *arguments = command.removeprefix("uv run ").split()
        assert command.startswith("uv run "), line
        if runner == "uqdsl":
            assert execute(arguments) == 0, capsys.readouterr()
        elif runner == "python":
            option, module, *_ = arguments
            assert option == "-m", line
            assert importlib.util.find_spec(module), line
        else:
            assert shutil.which(runner), line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_blocks_run(page: Path, folder: Path, capsys: pytest.CaptureFixture[str]):
    program = ""
    for block in blocks(page):
        assert block.language in LANGUAGES, f"line {block.line}"
        if block.language == "uq":
            check_spec(block, folder)
        elif block.language in ("csv", "yaml") or block.rest.endswith(".py"):
            (folder / block.rest).parent.mkdir(exist_ok=True)
            (folder / block.rest).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            program += "\n" * (block.line - program.count("\n")) + block.text
        elif block.language == "console":
            check_console(block, capsys)
        elif block.language == "sh":
            check_shell(block, capsys)
    exec(compile(program, str(page), "exec"), {"__name__": "page"})


def anchors(page: Path) -> set[str]:
    """What a link may name behind `#`: the headings of a page, as GitHub writes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def test_links_lead_somewhere():
    dead = []
    for page in [*PAGES, *sorted((TOP / "docs" / "problems").glob("*.md"))]:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            name, _, anchor = link.partition("#")
            target = page.parent / name if name else page
            if not link.startswith("http") and not (target.exists() and (not anchor or anchor in anchors(target))):
                dead.append(f"{page.relative_to(TOP)}: {link}")
    assert dead == []


def test_the_page_of_words_is_that_of_the_vocabulary():
    assert PAGE.read_text(encoding="utf-8") == words(), "write it anew: python -m tests.docs.words"
