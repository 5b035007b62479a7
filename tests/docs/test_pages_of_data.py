"""The pages of data that do not fit: the files of each are written, and its spec is bound to them.

A block that names a file is that file. Python of a page makes files too, or compiles the spec with data from Python.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from uqdsl.data import bind
from uqdsl.messages import UqdslError
from uqdsl.messages.pages import codes
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

from .reading import Block, blocks

OF_DATA = [code for code in codes() if code.startswith("UQ4")]


def problems_of_data(shown: list[Block]) -> list[str]:
    """The codes of the problems of the spec in a section with its data, in the working directory."""
    try:
        for block in shown:
            if block.language == "uq":
                Path("model.uq").write_text(block.text, encoding="utf-8")
            elif block.file:
                Path(block.file).write_text(block.text, encoding="utf-8")
        for block in shown:
            if block.language == "python":
                exec(compile(block.text, "page.md", "exec"), {})
        if not any("uqdsl.load" in block.text for block in shown):
            spec = analyse(parse(Path("model.uq").read_text(encoding="utf-8"), "model.uq")).spec
            assert spec is not None
            return [problem.code for problem in bind(spec, Path()).problems]
    except UqdslError as error:
        return [problem.code for problem in error.problems]
    return []


@pytest.mark.parametrize("section", ["Fails", "Mended"])
@pytest.mark.parametrize("code", OF_DATA)
def test_pages(code, section, tmp_path: Path, monkeypatch):
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("UQDSL_CACHE", str(tmp_path / "cache"))
    shown = blocks(code, section)
    for package in re.findall(r"pip uninstall (\S+)", "".join(block.text for block in shown)):
        monkeypatch.setitem(sys.modules, package, None)
    assert problems_of_data(shown) == ([code] if section == "Fails" else [])
