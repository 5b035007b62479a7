"""How problems are shown; what is said of statements that are not built yet, while all others are in `tests/problems`.

To accept changed texts: `UQDSL_UPDATE_SNAPSHOTS=1 pytest tests/syntax/test_messages.py`, and read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from uqdsl.messages import Label, Sources, Span, SpecError, render_json, render_text
from uqdsl.messages.catalogue.syntax import UnexpectedText
from uqdsl.syntax import format_spec, parse

HERE = Path(__file__).parent / "messages"


def test_texts_of_what_is_not_built():
    path = HERE / "unbuilt.uq"
    parsed = parse(path.read_text(encoding="utf-8"), path.name)
    found = "\n\n".join(render_text(problem, parsed.sources) for problem in parsed.problems) + "\n"
    kept = path.with_suffix(".txt")
    if os.environ.get("UQDSL_UPDATE_SNAPSHOTS"):
        kept.write_text(found, encoding="utf-8")
    assert found == kept.read_text(encoding="utf-8")


def test_every_problem_of_the_file_has_its_own_line():
    parsed = parse((HERE / "faults.uq").read_text(encoding="utf-8"))
    lines = [parsed.sources.position(problem.at.start).line for problem in parsed.problems if problem.at]
    assert lines == list(range(2, 23))


def test_colours_only_when_asked_for():
    parsed = parse("pior x ~ Normal(0, 1)\n")
    (problem,) = parsed.problems
    plain, coloured = (render_text(problem, parsed.sources, colour=colour) for colour in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[1;31merror[UQ102]\x1b[0m" in coloured
    assert (
        coloured.replace("\x1b[1;31m", "").replace("\x1b[34m", "").replace("\x1b[1m", "").replace("\x1b[0m", "")
        == plain
    )


def test_two_labels():
    text = "let a = 1\nlet b = 2\nlet c = 3\nlet d = a + b\n"
    problem = UnexpectedText(
        at=Span(38, 39),
        expected="this",
        found="that",
        others=(Label(Span(4, 5), "the one"), Label(Span(42, 43), "the other")),
    )
    assert render_text(problem, Sources.single("two.uq", text)) == (
        "error[UQ101]: expected this, found that\n"
        " --> two.uq:4:9\n"
        "  |\n"
        "1 | let a = 1\n"
        "  |     - the one\n"
        " ...\n"
        "4 | let d = a + b\n"
        "  |         ^ not expected here\n"
        "  |             - the other\n"
        "  = more: uqdsl explain UQ101"
    )


def test_what_would_steer_a_terminal_is_not_printed():
    parsed = parse("let a = \x1b[31m 3 \x00\x07]\u202e\n")
    for problem in parsed.problems:
        text = render_text(problem, parsed.sources)
        assert all(character.isprintable() or character == "\n" for character in text)


def test_marks_stand_under_wide_characters():
    parsed = parse('let 日本 = "日本" & 3\n')
    (problem,) = parsed.problems
    _, _, _, line, marks, *_ = render_text(problem, parsed.sources).split("\n")
    before = line[: line.index("&")]
    assert marks.index("^") == len(before) + sum(character in "日本" for character in before)


@pytest.mark.parametrize("place", [0, 100, 5_000, 99_000])
def test_a_very_long_line_is_shown_in_part(place: int):
    text = "let a = " + "b + " * place + "& + " + "c + " * 100_000 + "1"
    parsed = parse(text)
    (problem,) = parsed.problems
    lines = render_text(problem, parsed.sources).split("\n")
    assert max(map(len, lines)) < 200
    assert lines[3][lines[4].index("^")] == "&"


def test_a_very_long_word_is_shortened():
    (problem,) = parse("let a = b\n" + "z" * 10_000 + " x\n").problems
    assert len(problem.title) < 120


def test_json():
    parsed = parse("let a = 1\nprior b = Normal(0, 1)\n", "a.uq")
    (problem,) = parsed.problems
    found = render_json(problem, parsed.sources)
    assert json.loads(json.dumps(found)) == {
        "code": "UQ101",
        "severity": "error",
        "headline": "expected `~`, found `=`",
        "at": {
            "file": "a.uq",
            "start": {"line": 2, "column": 9, "offset": 18},
            "end": {"line": 2, "column": 10, "offset": 19},
            "label": "not expected here",
        },
        "others": [],
        "place": None,
        "help": "did you mean `~`?",
        "fix": None,
    }


def test_the_formatter_raises_all_problems():
    with pytest.raises(SpecError) as raised:
        format_spec("let = 3\nprior x ~\n", "a.uq")
    assert len(raised.value.problems) == 2
    assert "a.uq:1:5" in str(raised.value)
    assert "a.uq:2:9" in str(raised.value)
