"""Every problem has a page, and every page is true: its failing spec has that one problem, its mended spec none."""

from __future__ import annotations

import pkgutil
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

import uqdsl.messages.catalogue
from uqdsl.messages import CATALOGUE, UqdslError
from uqdsl.messages.pages import codes, page
from uqdsl.syntax.parser import parse
from uqdsl.vocabulary.distributions import DISTRIBUTIONS, PLANNED
from uqdsl.vocabulary.functions import FUNCTIONS, REDUCTIONS
from uqdsl.vocabulary.supports import KINDS

from .reading import OF_PYTHON, blocks, problems_of_spec

for module in pkgutil.iter_modules(uqdsl.messages.catalogue.__path__):
    import_module(f"uqdsl.messages.catalogue.{module.name}")

SHELL = {"uqdsl", "cp", "mv", "head", "echo", "timeout", "pip", "cd", "rm", "touch", "chmod"}
"""Commands that a page may show."""


def with_language(language: str) -> list[tuple[str, str]]:
    """The code and section of every section that has a block of a language."""
    return [
        (code, section)
        for code in codes()
        for section in ("Fails", "Mended")
        if any(each.language == language for each in blocks(code, section))
    ]


def test_every_problem_has_a_page_and_every_page_a_problem():
    assert set(codes()) == set(CATALOGUE)


@pytest.mark.parametrize("code", codes())
def test_the_form_of_a_page(code):
    text = page(code)
    assert re.match(rf"# {code}: [a-z`][^\n]*[^.\n]\n\n\S", text)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) in (["Fails", "Mended"], ["Fails", "Mended", "More"])
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert text.count("```") % 2 == 0
    for section in ("Fails", "Mended"):
        assert blocks(code, section)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert max(map(len, prose.splitlines())) <= 120


@pytest.mark.parametrize(("code", "section"), with_language("uq"))
def test_specs(code, section, tmp_path: Path):
    expected = [code] if section == "Fails" and code[2] not in "46" and code not in OF_PYTHON else []
    assert problems_of_spec(blocks(code, section), code, tmp_path) == expected


@pytest.mark.parametrize(("code", "section"), [each for each in with_language("python") if each[0][2] != "4"])
def test_programs(code, section, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for block in blocks(code, section):
        if block.language == "python":
            exec(compile(block.text, f"{code}.md", "exec"), {})
    if code == "UQ109":
        raw = Path("model.uq").read_bytes()
        if section == "Fails":
            with pytest.raises(UnicodeDecodeError):
                raw.decode("utf-8")
        else:
            assert not parse(raw.decode("utf-8")).problems


@pytest.mark.parametrize(("code", "section"), with_language("sh"))
def test_commands_are_those_of_a_shell(code, section):
    for block in blocks(code, section):
        if block.language == "sh":
            for line in block.text.splitlines():
                assert shlex.split(line)[0] in SHELL


def test_an_unknown_page_is_a_problem_itself():
    with pytest.raises(UqdslError) as caught:
        page("UQ999")
    assert caught.value.problems[0].code == "UQ790"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("UQ206", {*FUNCTIONS, *REDUCTIONS}),
        ("UQ301", set(DISTRIBUTIONS)),
        ("UQ309", {law.name for law in DISTRIBUTIONS.values() if law.truncates}),
        ("UQ224", {*KINDS, "category", "time"}),
    ],
)
def test_lists_of_words_are_complete(code, words):
    prose = re.sub(r"^```.*?^```$", "", page(code), flags=re.MULTILINE | re.DOTALL)
    named = set(" ".join(re.findall(r"`([\w\s]+)`", prose)).split())
    assert words <= named
    if code != "UQ309":
        assert named & {*FUNCTIONS, *REDUCTIONS, *DISTRIBUTIONS, *KINDS, *PLANNED} <= words
