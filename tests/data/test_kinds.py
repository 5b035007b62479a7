"""Kinds: what each holds, and what is said of what it does not."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uqdsl.messages import DataError
from uqdsl.vocabulary.supports import KINDS

from .reading import bound, codes_of, problems_of, said, verify_sound

GOOD = {
    "real": ["-1.5", "0", "1e300"],
    "positive": ["1e-300", "2"],
    "nonnegative": ["0", "-0.0", "3.5"],
    "unit": ["0", "1", "0.5"],
    "count": ["0", "7", "3.0", "9007199254740993"],
    "int": ["-7", "-9223372036854775808", "9223372036854775807", "4e3"],
    "binary": ["0", "1", "true", "False", "1.0"],
}
BAD = {
    "real": ["inf", "-Infinity", "1e999", "1_000", "1,5", "x", "1 000", "0x1F", "true"],
    "positive": ["0", "-1", "inf"],
    "nonnegative": ["-1e-300"],
    "unit": ["1.0000001", "-0.1"],
    "count": ["-1", "2.5", "1e30", "inf"],
    "int": ["0.5", "9223372036854775808", "1e19", "9" * 400],
    "binary": ["2", "-1", "0.5", "yes"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_written(kind, write):
    folder = write("t.csv", "y\n" + "\n".join(GOOD[kind]))
    found = bound(f'data "t.csv" {{ y[i] : {kind} }}', folder).arrays["y"]
    assert found.dtype == (np.int64 if KINDS[kind].integer else np.float64)
    plain = {"true": 1, "False": 0, "9007199254740993": 9007199254740993, "9223372036854775807": 2**63 - 1}
    assert found.tolist() == [plain.get(text, float(text) if text not in plain else 0) for text in GOOD[kind]]
    for text in BAD[kind]:
        content = f'y\n{GOOD[kind][0]}\n"{text}"\n'
        code, title, place, _ = said(f'data "t.csv" {{ y[i] : {kind} }}', write("t.csv", content))
        assert (code, place) == ("UQ422", "t.csv, row 2, column `y`")
        assert text[:20] in title


@pytest.mark.parametrize("kind", KINDS)
def test_given(kind):
    text = f"data {{ y[i] : {kind} }}"
    numbers = [float(each) for each in GOOD[kind] if each.lower() not in ("true", "false") and len(each) < 16]
    for values in (numbers, np.array(numbers), np.array(numbers, object), pd.Series(numbers), tuple(numbers)):
        assert bound(text, y=values).arrays["y"].tolist() == numbers
    for value in (math.inf, "x", "1", 1j, [1], {}):
        values = np.empty(2, object)
        values[:] = [1.0, value]
        assert codes_of(text, y=values) == ["UQ422"]
    assert codes_of(text, y=[1.0, None]) == ["UQ421"]
    assert codes_of(text, y=np.array([1.0, math.nan])) == ["UQ421"]


def test_labels_that_are_missing():
    text = "data { g[i] : category(group) missing, n[i] : count missing }"
    found = bound(text, g=["b", None, "a"], n=[3, 2, None])
    assert found.coords["group"] == ["a", "b"]
    assert found.arrays["g"].tolist() == [1, 1, 0]
    assert found.arrays["g.observed"].tolist() == [True, False, True]
    assert (found.coords["g.missing"], found.coords["n.missing"]) == ([1], [2])
    assert found.arrays["g"].dtype == found.arrays["n"].dtype == np.int64
    assert codes_of("data { g[i] : category(group) }", g=["b", None, "a"]) == ["UQ421"]
    places = problems_of(f'dim group = ["a", "b"]\n{text}', given={"g": [None, "a", "c"], "n": [1, 2, 3]})
    assert [(each.code, each.place.row) for each in places] == [("UQ442", 3)]


@pytest.mark.parametrize(
    ("kind", "values", "advice"),
    [
        ("positive", ["112.5 cm", "108cm"], "numbers stand without their unit: `112.5`"),
        ("positive", ["3 kg/m^3"], "numbers stand without their unit: `3`"),
        ("positive", ["0x1F"], "a column of labels is a `category`, not `positive`"),
        ("real", ["1 000"], "write numbers without spaces: `1000`"),
        ("real", ["1 000 000.5"], "write numbers without spaces: `1000000.5`"),
        ("real", ["-"], "if `-` stands for a missing value, leave its cell empty"),
        ("real", ["missing"], "if `missing` stands for a missing value, leave its cell empty"),
        ("real", ["2021-03-01"], "write dates as numbers, such as the days since the first"),
        ("positive", ["1a", "2b"], "a column of labels is a `category`, not `positive`"),
        ("unit", ["35 %", "7%"], "write `0.35` for `35 %`"),
        ("unit", ["35", "100", "2.5"], "if they are per cent, divide them by 100"),
        ("unit", ["1.0001"], ""),
        ("unit", ["35", "120"], ""),
        ("binary", ["no", "yes", "no"], "write 1 and 0 for `yes` and `no`"),
        ("binary", ["case", "control"], "write 1 and 0 for `case` and `control`"),
        ("binary", ["a", "b", "c"], ""),
        ("positive", ["-999"], "if `-999` stands for a missing value, leave its cell empty"),
        ("count", ["-9"], "if `-9` stands for a missing value, leave its cell empty"),
        ("count", ["-7"], ""),
        ("real", ["112,5"], "write numbers with a point, not a comma"),
    ],
)
def test_what_to_do(kind, values, advice, write):
    written = "".join(f'"{each}"\n' for each in values)
    hint = said(f'data "t.csv" {{ y[i] : {kind} }}', write("t.csv", "y\n" + written))[3]
    where, _, rest = hint.partition("; ") if "values are not, " in hint else ("", "", hint)
    assert rest == advice
    assert bool(where) == (len(values) > 1)


def test_truths_are_binary():
    assert bound("data { y[i] : binary }", y=[True, False]).arrays["y"].tolist() == [1, 0]
    for truths in ([True, False], np.array([True, False]), [True, 1.0]):
        code, title, place, hint = said("data { y[i] : real }", y=truths)
        assert (code, title) == ("UQ422", "`True` in `y` is not a number")
        assert place == "y (given from Python), row 1"
        assert hint.endswith("a column of true and false is `binary`")


def test_large_whole_numbers_keep_their_last_digit():
    assert bound("data { n[i] : int }", n=[2**62 + 1, 1]).arrays["n"].tolist() == [2**62 + 1, 1]
    assert bound("data { n[i] : int }", n=np.array([2**62 + 1], np.uint64)).arrays["n"].tolist() == [2**62 + 1]
    assert codes_of("data { n[i] : int }", n=np.array([2**63 + 1], np.uint64)) == ["UQ422"]
    assert codes_of("data { n[i] : real }", n=[10**400]) == ["UQ422"]


def test_values_in_place():
    assert bound("data { y[i] : count = [1, 2] }").arrays["y"].dtype == np.int64
    found = said("data { y[i] : count = [1, -2] }")
    assert found[:3] == ("UQ422", "`-2` in `y` is not a whole number from 0 on", "y (given in the spec), row 2")
    found = bound('data { c[i] : category = ["b", "a", "b"], x[c] : real = [1, 2] }', x=pd.Series({"b": 1, "a": 2}))
    assert found.arrays["c"].tolist() == [0, 1, 0]
    assert found.coords["c"] == ["b", "a"]


def test_faults_of_a_matrix():
    found = said("data { x[i, j] : positive }", x=[[1, 2], [-3, -4]])
    assert found == (
        "UQ422",
        "`-3` in `x` is not a number above 0",
        "x (given from Python), variable `x[2, 1]`",
        "2 values are not, at `x[2, 1]` and `x[2, 2]`",
    )


def test_advice(write):
    def advice(cell: str) -> str:
        return said('data "t.csv" { y[i] : real }', write("t.csv", f'y\n"{cell}"\n'))[3]

    assert advice("1,5") == "write numbers with a point, not a comma"
    assert advice("tall") == "a column of labels is a `category`, not `real`"
    assert advice("inf") == ""


@given(st.lists(st.one_of(st.floats(), st.integers(), st.booleans(), st.text(max_size=3), st.none()), max_size=5))
def test_whatever_is_given_it_is_data_or_problems(values):
    for kind in (*KINDS, "category"):
        try:
            bound(f"data {{ y[i] : {kind} }}", y=values)
        except DataError as caught:
            verify_sound(caught)
