"""What the documents say of the code beside their blocks: words, commands, rooms and files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

import uqdsl
from tests.test_rooms import ROOMS
from uqdsl.cli.main import app
from uqdsl.semantics.lints import BUILT
from uqdsl.syntax.tree import KEYWORDS, RESERVED, SOFT_KEYWORDS

TOP = Path(uqdsl.__file__).parents[1]
TWO_COMMANDS = ("pip install uv && uv run uqdsl run specs/eight_schools.uq", "pip install uv && uv run pytest")


def text(name: str) -> str:
    return (TOP / name).read_text(encoding="utf-8")


def test_the_table_of_statements_says_which_run():
    said: dict[str, str] = {}
    for first, runs in re.findall(
        r"^\| ([^|]*) \|[^|]*\| (yes|not yet) \|$", text("docs/language/index.md"), re.MULTILINE
    ):
        named = re.findall(r"`(\w+)`", first)
        said |= dict.fromkeys(named if runs == "not yet" else named[:1], runs)
    assert said == {word: "yes" if node in BUILT else "not yet" for word, node in KEYWORDS.items()}


def test_the_reserved_words_are_these():
    (reserved,) = re.findall(r"Reserved words, which are no names: `([^`]*)`", text("docs/language/index.md"))
    assert sorted(reserved.split()) == sorted(RESERVED)
    (usable,) = re.findall(r"All others may be names, (.*?)\samong them", text("docs/language/index.md"), re.DOTALL)
    assert set(re.findall(r"`(\w+)`", usable)) >= SOFT_KEYWORDS


def test_every_command_has_its_row():
    commands = typer.main.get_command(app)
    rows = re.findall(r"^\| `uqdsl (\w+)", text("docs/command-line.md"), re.MULTILINE)
    assert rows == list(vars(commands)["commands"])


def test_every_option_of_run_is_shown():
    (usage,) = re.findall(r"^uqdsl run SPEC .*?```", text("docs/command-line.md"), re.MULTILINE | re.DOTALL)
    run = vars(typer.main.get_command(app))["commands"]["run"]
    assert set(re.findall(r"--[a-z-]+", usage)) == {
        name for each in run.params for name in each.opts if name[:2] == "--"
    }


def test_the_rooms_stand_in_order():
    rows = re.findall(r"^\| (`uqdsl/.*?) \|", text("docs/architecture.md"), re.MULTILINE)
    assert [each for row in rows for each in re.findall(r"`uqdsl/(\w+)", row)] == list(ROOMS)


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_files_that_are_named_are_there(page: str):
    named = re.findall(r"`([\w./-]+/[\w./-]*)`", text(page))
    assert named
    assert [name for name in named if not (TOP / name).exists() and not (TOP / "uqdsl" / name).exists()] == []


def test_the_two_commands_are_those_of_the_readme_and_of_the_ci():
    assert all(f"\n{each}\n" in text("README.md") for each in TWO_COMMANDS)
    assert text(".ci/run").splitlines()[-1] == TWO_COMMANDS[1]
    assert (TOP / ".ci" / "run").stat().st_mode & 0o100


def test_data_of_others_are_in_the_notice():
    named = set(re.findall(r"\bspecs/data/\w+\.csv", text("NOTICE")))
    ours = {path.stem for path in (TOP / "specs" / "generators").glob("*.py")}
    drawn = {path.stem for path in (TOP / "specs" / "models").glob("*.py")}
    simulated = set(re.findall(r"uqdsl simulate specs/(\w+)\.uq", text("specs/data/README.md")))
    tables = [
        path
        for path in (TOP / "specs" / "data").glob("*.csv")
        if not any(_begins(name, path.stem) for name in ours)
        and path.stem.split("_")[0] not in drawn
        and path.stem not in simulated
    ]
    assert named == {str(path.relative_to(TOP)) for path in tables}


def _begins(generator: str, table: str) -> bool:
    """Whether a generator makes a table: `autoconversion` makes `autoconversion_train`, `jet_tagger` makes `jets_new`."""
    return generator[:3] == table[:3]
