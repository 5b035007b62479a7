"""What is said of data that do not fit is part of what the tool promises: it is compared as a whole.

The data are those of the pages of the problems. To accept changed texts:
`UQDSL_UPDATE_SNAPSHOTS=1 pytest tests/data/test_messages.py`, and read the difference.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from uqdsl.data import bind
from uqdsl.messages import DataError, render_text
from uqdsl.messages.pages import codes
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

from .reading import failing_blocks

HERE = Path(__file__).parent / "messages"
GIVEN = {"UQ452": {"y": [1.0], "x": [2.0]}, "UQ453": {"y": {1.0, 2.0}}}


@pytest.mark.parametrize("code", [code for code in codes() if code.startswith("UQ4")])
def test_texts(code, tmp_path: Path, monkeypatch):
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    shown = failing_blocks(code)
    for package in re.findall(r"pip uninstall (\S+)", "".join(text for _, _, text in shown)):
        monkeypatch.setitem(sys.modules, package, None)
    for language, file, text in shown:
        if file:
            Path(file).write_text(text, encoding="utf-8")
        elif language == "python" and "uqdsl.load" not in text:
            exec(compile(text, "page.md", "exec"), {})
    (spec_text,) = (text for language, _, text in shown if language == "uq")
    parsed = parse(spec_text, "model.uq")
    spec = analyse(parsed).spec
    assert spec is not None
    with pytest.raises(DataError) as caught:
        bind(spec, Path(), GIVEN.get(code))
    found = "\n\n".join(render_text(problem, parsed.sources) for problem in caught.value.problems) + "\n"
    found = found.replace(str(tmp_path.resolve()), "/home/ada")
    kept = HERE / f"{code}.txt"
    if os.environ.get("UQDSL_UPDATE_SNAPSHOTS"):
        HERE.mkdir(exist_ok=True)
        kept.write_text(found, encoding="utf-8")
    assert found == kept.read_text(encoding="utf-8")


def test_no_text_is_left_over():
    assert {path.stem for path in HERE.glob("*.txt")} == {code for code in codes() if code.startswith("UQ4")}
