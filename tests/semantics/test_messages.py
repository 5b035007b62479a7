"""The text of a problem is part of what the tool promises: it is compared as a whole.

To accept changed texts: `UQDSL_UPDATE_SNAPSHOTS=1 pytest tests/semantics/test_messages.py`, and read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from uqdsl.messages import CATALOGUE, render_text
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

from .reading import shown

HERE = Path(__file__).parent / "messages"


@pytest.mark.parametrize("path", sorted(HERE.glob("*.uq")), ids=lambda path: path.stem)
def test_texts(path: Path):
    parsed = parse(path.read_text(encoding="utf-8"), path.name)
    found = "\n\n".join(render_text(problem, parsed.sources) for problem in analyse(parsed).problems) + "\n"
    kept = path.with_suffix(".txt")
    if os.environ.get("UQDSL_UPDATE_SNAPSHOTS"):
        kept.write_text(found, encoding="utf-8")
    assert found == kept.read_text(encoding="utf-8")


def test_every_code_of_semantics_has_a_text():
    kept = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("*.txt"))
    codes = {code for code in CATALOGUE if code[2] in "2359"}
    # An override has no place in the text: see below.
    assert codes - set(re.findall(r"^(?:error|warning)\[(UQ\d+)\]", kept, re.MULTILINE)) == {"UQ225"}


def test_an_unknown_setting():
    found = shown("setting hidden : int = 3\nprior m ~ Normal(0, 1)\nfactor -m^2", {"hiden": 4})
    assert found == (
        "error[UQ225]: the spec has no setting `hiden`\n  = help: did you mean `hidden`?\n  = more: uqdsl explain UQ225"
    )


def test_the_example_of_the_design():
    assert (
        (HERE / "radon.txt").read_text(encoding="utf-8")
        == """\
error[UQ214]: `beta` has no dimension `county`
  --> radon.uq:14:46
   |
 8 | prior beta[basement] ~ Normal(0, 1)
   |       -------------- declared over `basement`
  ...
14 | likelihood y[home] ~ Normal(a[county] + beta[county], s)
   |                                              ^^^^^^ not one of its dimensions
   = help: did you mean `beta[basement]`?
   = more: uqdsl explain UQ214
"""
    )


@pytest.mark.parametrize("code", sorted(code for code in CATALOGUE if code[2] in "2359"))
def test_headlines_are_sentences_without_a_full_stop(code: str):
    problem = CATALOGUE[code]
    for text in (problem.headline, problem.label, problem.advice):
        assert not text.endswith((".", "!", " "))
    assert problem.headline[0] in "`{" or problem.headline[0].islower()
