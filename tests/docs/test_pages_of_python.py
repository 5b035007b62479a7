"""The pages of functions of Python: their modules are written, and their specs compiled with what the command allows."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import uqdsl

from .reading import OF_PYTHON, blocks


@pytest.mark.parametrize("section", ["Fails", "Mended"])
@pytest.mark.parametrize("code", sorted(OF_PYTHON))
def test_pages(code: str, section: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shown = blocks(code, section)
    monkeypatch.syspath_prepend(tmp_path)
    for block in shown:
        if block.language == "python":
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
    (command,) = (each.text for each in shown if each.language == "sh")
    (spec,) = (each.text for each in shown if each.language == "uq")
    model = uqdsl.loads(spec, allow_extern=re.findall(r"--allow-extern (\S+)", command))
    try:
        model.compile()
        found = []
    except uqdsl.UqdslError as error:
        found = [problem.code for problem in error.problems]
    finally:
        for block in shown:
            sys.modules.pop(block.file.removesuffix(".py"), None)
    assert found == ([code] if section == "Fails" else [])
