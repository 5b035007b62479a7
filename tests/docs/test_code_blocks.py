"""Every block of code in the README and the documents runs.

In a folder that holds a copy of `specs`, and for each page of its own what its blocks name as files:

- `uq`: checks without a problem, data included, and compiles. With a code behind it (`uq UQ901`), has that problem.
- `uq FILE.uq`, `csv FILE.csv`, `yaml FILE.yaml`: the same, and is kept for the blocks below under that name;
  `uq FILE.uq faulty` is only kept.
- `python`: runs; the blocks of a page are one program.
- `console`: each line that begins with `$ ` is run; where output follows, it is what is printed.
- `sh`: only commands of this list are shown; `pip install uv && uv run …` is what `.ci/run` runs.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

import uqdsl
from uqdsl.cli.main import execute
from uqdsl.driver.front import Source, check_with_data
from uqdsl.driver.program import write_program
from uqdsl.messages import UqdslError

from .words import PAGE, words

TOP = Path(uqdsl.__file__).parents[1]
PAGES = [
    TOP / "README.md",
    TOP / "CONTRIBUTING.md",
    *sorted(path for path in (TOP / "docs").rglob("*.md") if path.parent.name != "problems"),
]
LANGUAGES = {"uq", "csv", "yaml", "python", "console", "sh", "text", "json"}


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
    return tmp_path


def check_spec(block: Block, folder: Path) -> None:
    code = block.rest if re.fullmatch(r"UQ\d+", block.rest) else None
    if block.rest and code is None:
        name, _, kind = block.rest.partition(" ")
        (folder / name).write_text(block.text, encoding="utf-8")
        if kind:
            assert kind == "faulty"
            return
    try:
        checked, _ = check_with_data(Source("model.uq", block.text, folder))
        problems = checked.problems
    except UqdslError as error:
        problems = error.problems
    assert [each.code for each in problems] == ([code] if code else []), "\n".join(map(str, problems))
    if code is None:
        write_program(checked)


def check_console(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    said = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)
    assert said[0] == ""
    for command, expected in zip(said[1::2], said[2::2], strict=True):
        name, *arguments = re.findall(r'"[^"]*"|\S+', command)
        assert name == "uqdsl"
        capsys.readouterr()
        execute([each.strip('"') for each in arguments])
        shown = capsys.readouterr()
        if expected.strip():
            assert expected.strip() == (shown.out + shown.err).strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_blocks_run(page: Path, folder: Path, capsys: pytest.CaptureFixture[str]):
    program = ""
    for block in blocks(page):
        assert block.language in LANGUAGES, f"line {block.line}"
        if block.language == "uq":
            check_spec(block, folder)
        elif block.language in ("csv", "yaml"):
            (folder / block.rest).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            program += "\n" * (block.line - program.count("\n")) + block.text
        elif block.language == "console":
            check_console(block, capsys)
    exec(compile(program, str(page), "exec"), {"__name__": "page"})


def test_links_lead_somewhere():
    dead = [
        f"{page.relative_to(TOP)}: {target}"
        for page in [*PAGES, *sorted((TOP / "docs" / "problems").glob("*.md"))]
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if not target.startswith("http") and not (page.parent / target).exists()
    ]
    assert dead == []


def test_the_page_of_words_is_that_of_the_vocabulary():
    assert PAGE.read_text(encoding="utf-8") == words(), "write it anew: python -m tests.docs.words"
