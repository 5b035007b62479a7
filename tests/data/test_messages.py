"""What is said of data from Python that do not fit; problems of data in files and in place are in `tests/problems`.

The specs are those of the pages of the problems. To accept changed texts:
`UQDSL_UPDATE_SNAPSHOTS=1 pytest tests/data/test_messages.py`, and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from uqdsl.data import bind
from uqdsl.messages import DataError, render_text
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

from .reading import failing_blocks

HERE = Path(__file__).parent / "messages"
GIVEN = {"UQ452": {"y": [1.0], "x": [2.0]}, "UQ453": {"y": {1.0, 2.0}}}


@pytest.mark.parametrize("code", GIVEN)
def test_texts(code: str):
    (spec_text,) = (text for language, _, text in failing_blocks(code) if language == "uq")
    parsed = parse(spec_text, "model.uq")
    spec = analyse(parsed).spec
    assert spec is not None
    with pytest.raises(DataError) as caught:
        bind(spec, None, GIVEN[code])
    found = "\n\n".join(render_text(problem, parsed.sources) for problem in caught.value.problems) + "\n"
    kept = HERE / f"{code}.txt"
    if os.environ.get("UQDSL_UPDATE_SNAPSHOTS"):
        kept.write_text(found, encoding="utf-8")
    assert found == kept.read_text(encoding="utf-8")
