"""What a user can get wrong in a spec or its data, and what is said of it.

Each `tests/problems/<topic>/<name>.uq` has one fault, and `tests/good/<topic>/<name>.uq` is the same spec without it. All that
`uqdsl check` says of the first is kept beside it, with the exit code: `<name>.txt` is what a user reads, `<name>.json` what a
machine does. Data lie in `data`.

To accept changed texts: `UQDSL_UPDATE_SNAPSHOTS=1 pytest tests/problems`, and read the difference.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections import Counter

import pytest

from uqdsl.messages.pages import codes

from .corpus import GOOD, PROBLEMS, names, options, said

LEFT_OUT = {
    **dict.fromkeys(
        ("UQ510", "UQ511", "UQ512", "UQ513"),
        "a function of Python is looked at only where it runs: tests/driver/test_externs.py",
    ),
    "UQ366": "what the spec does not predict is asked for only from Python: tests/driver/test_predict.py",
    "UQ508": "packages are no part of a spec: tests/vocabulary/test_brought.py",
    "UQ452": "data are given by a name that the spec lacks only from Python: tests/data/test_messages.py",
    "UQ453": "an object that holds no data is given only from Python: tests/data/test_messages.py",
}
"""Problems that `check` cannot find."""

OTHER_FAMILIES = {
    "6": "a run fails: tests/infer, tests/docs/test_pages_at_run_time.py",
    "7": "files of a run, and misuse of the command: tests/results, tests/cli",
    "9": "what is not built yet, which is less every week: tests/semantics",
}
"""Families of codes, by their first digit, that are no fault of a spec or its data."""

OF_CHECK = [code for code in codes() if code[2] not in OTHER_FAMILIES and code not in LEFT_OUT]


@pytest.mark.parametrize("name", names(PROBLEMS))
def test_what_is_said(name: str):
    text = said("check", PROBLEMS, name, *options(PROBLEMS, name))
    answer = said("check", PROBLEMS, name, *options(PROBLEMS, name), "--json")
    command = " ".join(["$ uqdsl check", *options(PROBLEMS, name), f"{name.partition('/')[2]}.uq"])
    found = {".txt": f"{command}\n{text.err}{text.out}[exit code {text.code}]\n", ".json": answer.out}
    if os.environ.get("UQDSL_UPDATE_SNAPSHOTS"):
        for ending, content in found.items():
            (PROBLEMS / f"{name}{ending}").write_text(content, encoding="utf-8")
    ((_, problems),) = (each.values() for each in json.loads(answer.out)["specs"])
    assert len(problems) == 1, "one fault is one problem"
    assert answer.err == ""
    assert answer.code == text.code == (1 if {each["severity"] for each in problems} == {"error"} else 0)
    assert found == {ending: (PROBLEMS / f"{name}{ending}").read_text(encoding="utf-8") for ending in found}


@pytest.mark.parametrize("name", names(GOOD))
def test_the_mended_spec_is_sound(name: str):
    file = f"{name.partition('/')[2]}.uq"
    checked = said("check", GOOD, name, *options(GOOD, name))
    assert checked.code == 0
    assert checked.out == f"{file}: no problems\n" or re.fullmatch(r"(note\[.*\n( .*\n)*\n)+.*: 1 note\n", checked.err)
    assert said("fmt", GOOD, name, "--check") == (0, "", "")
    compiled = said("compile", GOOD, name, *options(GOOD, name, data=False))
    assert (compiled.code, compiled.err) == (0, "")
    assert {"model", "log_density"} <= {getattr(each, "name", "") for each in ast.parse(compiled.out).body}


def test_each_faulty_spec_has_its_mended_one():
    assert names(PROBLEMS) == names(GOOD)


def test_nothing_is_left_over():
    kept = {
        path.relative_to(PROBLEMS).as_posix() for path in PROBLEMS.glob("*/*.*") if path.suffix in (".txt", ".json")
    }
    assert kept == {f"{name}{ending}" for name in names(PROBLEMS) for ending in (".txt", ".json")}
    for folder in (PROBLEMS, GOOD):
        for data in folder.glob("*/data/*"):
            specs = "".join(path.read_text(encoding="utf-8") for path in data.parents[1].glob("*.uq"))
            assert f'"data/{data.name}' in specs, f"no spec reads {data}"


@pytest.mark.parametrize("code", OF_CHECK)
def test_every_problem_is_made_in_two_ways(code: str):
    assert _HITS[code] >= 2, "write two specs that have it, each with its mended one"


def test_what_is_left_out_is_not_here():
    assert set(LEFT_OUT) <= set(codes())
    assert not {code for code in _HITS if code in LEFT_OUT or code[2] in OTHER_FAMILIES}


def _kept(name: str) -> str:
    path = PROBLEMS / f"{name}.txt"
    return path.read_text(encoding="utf-8") if path.exists() else ""


_HITS = Counter(
    code
    for name in names(PROBLEMS)
    for code in set(re.findall(r"^(?:error|warning|note)\[(UQ\d+)\]", _kept(name), re.MULTILINE))
)
"""How many specs have each problem."""
