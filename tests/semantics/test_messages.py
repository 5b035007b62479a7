"""What is said of what is not built yet; all other problems have their texts in `tests/problems`.

To accept changed texts: `UQDSL_UPDATE_SNAPSHOTS=1 pytest tests/semantics/test_messages.py`, and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from uqdsl.messages import CATALOGUE, render_text
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

HERE = Path(__file__).parent / "messages"


@pytest.mark.parametrize("path", sorted(HERE.glob("*.uq")), ids=lambda path: path.stem)
def test_texts(path: Path):
    parsed = parse(path.read_text(encoding="utf-8"), path.name)
    found = "\n\n".join(render_text(problem, parsed.sources) for problem in analyse(parsed).problems) + "\n"
    kept = path.with_suffix(".txt")
    if os.environ.get("UQDSL_UPDATE_SNAPSHOTS"):
        kept.write_text(found, encoding="utf-8")
    assert found == kept.read_text(encoding="utf-8")


@pytest.mark.parametrize("code", sorted(code for code in CATALOGUE if code[2] in "2359"))
def test_headlines_are_sentences_without_a_full_stop(code: str):
    problem = CATALOGUE[code]
    for text in (problem.headline, problem.label, problem.advice):
        assert not text.endswith((".", "!", " "))
    assert problem.headline[0] in "`{" or problem.headline[0].islower()
