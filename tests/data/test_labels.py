"""Data of a dimension meet by label."""

from __future__ import annotations

import json
import random

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from uqdsl.data.labels import in_order, key
from uqdsl.messages import Place

from .reading import bound, codes_of, problem_of, problems_of, said, same

TWO = (
    'data "homes.csv" { y[home] : real, county[home] : category }\n'
    'data "counties.csv" { u[county] : real }\ndata "soils.csv" { clay[county] : unit }'
)


def _write_counties(write, order: str) -> None:
    write("homes.csv", "y,county\n1,b\n2,a\n3,c\n")
    write("counties.csv", "county,u\n" + "".join(f"{each},{ord(each)}\n" for each in "cab"))
    write("soils.csv", "clay,county\n" + "".join(f"0.{ord(each)},{each}\n" for each in order))


@pytest.mark.parametrize("order", ["abc", "acb", "bac", "bca", "cab", "cba"])
def test_rows_may_be_permuted(order, write, tmp_path):
    _write_counties(write, order)
    found = bound(TWO, tmp_path)
    assert found.coords == {"home": [1, 2, 3], "county": ["c", "a", "b"]}
    assert found.arrays["county"].tolist() == [2, 1, 0]
    assert found.arrays["u"].tolist() == [99, 97, 98]
    assert found.arrays["clay"].tolist() == [0.99, 0.97, 0.98]


@settings(max_examples=25)
@given(
    st.lists(st.one_of(st.integers(0, 9), st.sampled_from(["x", "y", "é", "Z 1"])), unique=True, min_size=1), st.data()
)
def test_permuted_rows_are_the_same_data(labels, data):
    values = {label: float(number) for number, label in enumerate(labels)}
    shuffled = data.draw(st.permutations(labels))
    text = "data { x[k] : real }\ndata { y[k] : real, c[i] : category(k) }"
    one, other = (
        bound(
            text,
            x=pd.DataFrame({"k": labels, "x": list(values.values())}),
            y=pd.Series([values[each] for each in order], pd.Index(order, name="k", dtype=object)),
            c=labels,
        )
        for order in (labels, shuffled)
    )
    assert same(one, other)
    assert one.arrays["x"].tolist() == one.arrays["y"].tolist()


def test_a_label_that_another_file_lacks(write, tmp_path):
    _write_counties(write, "ba")
    assert said(TWO, tmp_path) == (
        "UQ441",
        "`soils.csv` lacks the label `c` of `county`, which `counties.csv` has",
        "soils.csv, column `county`",
        "where there is no value for some, say so: `clay[…] : unit missing`",
    )


def test_labels_that_the_first_file_lacks(write, tmp_path):
    _write_counties(write, "abcde")
    code, title, place, _ = said(TWO, tmp_path)
    assert (code, place) == ("UQ442", "soils.csv, row 4, column `county`")
    assert title == "`d` in `county` is not among the labels of the dimension `county`"


def test_a_label_twice(write, tmp_path):
    _write_counties(write, "abcb")
    code, title, place, hint = said(TWO, tmp_path)
    assert (code, title) == ("UQ443", "`county = b` has 2 rows in `soils.csv`, but one is expected")
    assert (place, hint) == ("soils.csv, row 4, column `county`", "it stands in rows 2 and 4")


def test_a_missing_label(write, tmp_path):
    _write_counties(write, "abc")
    write("soils.csv", "clay,county\n0.1,a\n0.2,\n0.3,c\n")
    assert said(TWO, tmp_path)[:3] == ("UQ421", "`county` lacks a label", "soils.csv, row 2, column `county`")


@pytest.mark.parametrize(
    ("one", "other"), [("1", 1), ("1.0", 1), (" 2 ", 2.0), ("1e3", 1000), ("-1", -1), (".5", 0.5), ("e\u0301", "é")]
)
def test_the_same_label(one, other):
    assert key(one) == key(other)
    assert hash(key(one)) == hash(key(other))


@pytest.mark.parametrize(("one", "other"), [("01", 1), ("1_0", 10), ("1 0", 10), ("a", "A"), ("٣", 3), ("0x1", 1)])
def test_another_label(one, other):
    assert key(one) != key(other)


def test_labels_compare_by_value(write, tmp_path):
    write("t.csv", "k,x\n2.0,20\n1,10\n")
    (tmp_path / "u.json").write_text(json.dumps([{"k": "1", "y": 1}, {"k": 2, "y": 2}]))
    found = bound('data "t.csv" { x[k] : real }\ndata "u.json" { y[k] : real }', tmp_path)
    assert found.coords == {"k": [2, 1]}
    assert found.arrays["y"].tolist() == [2, 1]


def test_leading_zeros_are_kept(write):
    found = bound('data "t.csv" { y[i] : real, c[i] : category }', write("t.csv", "y,c\n1,01001\n2,1001\n"))
    assert found.coords["c"] == ["01001", "1001"]


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        (["b", "a", "B"], ["B", "a", "b"]),
        ([10, 9, 1], [1, 9, 10]),
        (["10", "9"], ["10", "9"]),
        ([2.5, 1.0], [1, 2.5]),
        ([True, False], ["False", "True"]),
    ],
)
def test_levels_are_sorted(values, levels):
    assert bound("data { c[i] : category }", c=values).coords["c"] == levels


def test_levels_written_as_numbers_are_numbers(write):
    found = bound('data "t.csv" { c[i] : category }', write("t.csv", "c\n10\n9.0\n10\n"))
    assert found.coords["c"] == [9, 10]
    assert in_order([3, "a", 10]) == [10, 3, "a"]


def test_columns_of_one_dimension_have_the_union_of_levels():
    text = "data { home[game] : category(team), away[game] : category(team) }"
    found = bound(text, home=["x", "y"], away=["y", "z"])
    assert found.coords["team"] == ["x", "y", "z"]
    assert found.arrays["away"].tolist() == [1, 2]


# -------------------------------------------------------------------------------------------------- the `dim` statement


def test_declared_labels_come_first(write):
    folder = write("t.csv", "k,x\nb,1\na,2\n")
    text = 'dim k = ["a", "b"]\ndata "t.csv" { x[k] : real, c[i] : category(k) }'
    found = bound(text, folder, c=["b", "b"])
    assert found.coords["k"] == ["a", "b"]
    assert found.arrays["x"].tolist() == [2, 1]
    assert found.arrays["c"].tolist() == [1, 1]
    assert codes_of(text, folder, c=["q"]) == ["UQ442"]
    assert codes_of(text, write("t.csv", "k,x\nb,1\n"), c=["b"]) == ["UQ441"]
    assert codes_of(text, write("t.csv", "k,x\nb,1\na,2\nq,3\n"), c=["b"]) == ["UQ442"]


def test_unlabelled_rows_take_the_declared_labels_in_order(write):
    folder = write("t.csv", "x\n1\n2\n")
    assert bound('dim k = ["a", "b"]\ndata "t.csv" { x[k] : real }', folder).coords == {"k": ["a", "b"]}
    code, title, place, _ = said('dim k = ["a", "b", "c"]\ndata "t.csv" { x[k] : real }', folder)
    assert (code, title, place) == ("UQ433", "`k` has 3 labels from the `dim` statement, but `x` has 2 rows", "t.csv")


def test_a_declared_size(write):
    folder = write("t.csv", "k,x\nb,1\na,2\n")
    assert bound('dim k = 2\ndata "t.csv" { x[k] : real }', folder).coords == {"k": ["b", "a"]}
    code, title, *_ = said('dim k = 3\ndata "t.csv" { x[k] : real }', folder)
    assert (code, title) == ("UQ433", "`k` has 3 labels, but `t.csv` has 2 labels")
    assert bound("dim k = 3\ndata { c[i] : category(k) }", c=[3, 1]).coords["k"] == [1, 2, 3]
    assert bound("dim k = 2\ndata { c[i] : category(k) }", c=[0, 1]).coords["k"] == [0, 1]
    assert codes_of("dim k = 3\ndata { c[i] : category(k) }", c=["a", "b"]) == ["UQ433"]


def test_dimensions_without_data():
    assert bound("dim k = 2\ndim s = [1990, 1991]").coords == {"k": [1, 2], "s": [1990, 1991]}


def test_numbered_rows_and_texts(write):
    folder = write("t.csv", "u\n1\n2\n")
    code, title, place, hint = said('data "t.csv" { u[k] : real }\ndata { c[i] : category(k) }', folder, c=["a"])
    assert (code, title) == ("UQ442", "`a` in `c` is not among the labels of the dimension `k`")
    assert place == "c (given from Python), row 1"
    assert "declare others with `dim k = […]`" in hint


# ------------------------------------------------------------------------------------------------------- long and spread


def test_the_long_form_in_any_order(write):
    rows = [f"{site},{year},{ord(site) * 10 + year}" for site in "ba" for year in (2, 10)]
    random.Random(0).shuffle(rows)
    found = bound('data "t.csv" { y[site, year] : real }', write("t.csv", "\n".join(["site,year,y", *rows])))
    assert found.coords == {"site": ["a", "b"], "year": [2, 10]}
    assert found.arrays["y"].tolist() == [[972, 980], [982, 990]]


def test_a_fault_in_the_long_form_is_named_by_its_row(write):
    text = 'data "t.csv" { y[site, year] : positive }'
    problem = problem_of(text, write("t.csv", "site,year,y\nb,1,-1\na,1,2\na,2,NA\nb,2,-4\n".replace("NA", "-3")))
    assert problem.place == Place("t.csv", 1, "y")
    assert problem.help == "3 values are not, in rows 1, 3 and 4"


def test_spread_columns(write):
    folder = write("t.csv", "i,b,a,y\np,1,2,0\nq,3,4,0\n")
    names = 'Z[i, k] : real = columns("a", "b")'
    assert bound(f'data "t.csv" {{ {names} }}', folder).coords == {"i": ["p", "q"], "k": ["a", "b"]}
    for dim, labels in (('dim k = ["x", "y"]', ["x", "y"]), ("dim k = 2", [1, 2])):
        found = bound(f'{dim}\ndata "t.csv" {{ {names} }}', folder)
        assert found.arrays["Z"].tolist() == [[2, 1], [4, 3]]
        assert found.coords["k"] == labels
    found = bound(f'dim k = ["b", "a"]\ndata "t.csv" {{ {names} }}', folder)
    assert found.arrays["Z"].tolist() == [[1, 2], [3, 4]]
    found = bound('dim k = ["b", "a"]\ndata "t.csv" { Z[i, k] : real }', folder)
    assert found.arrays["Z"].tolist() == [[1, 2], [3, 4]]
    assert codes_of(f'data "t.csv" {{ {names} }}\ndata {{ c[j] : category(k) }}', folder, c=["a", "z"]) == ["UQ442"]


def test_columns_that_are_called_as_the_labels(write):
    found = bound('dim k = ["b", "a"]\ndata "t.csv" { Z[i, k] : real }', write("t.csv", "a,b\n1,2\n3,4\n"))
    assert found.arrays["Z"].tolist() == [[2, 1], [4, 3]]
    assert found.coords == {"k": ["b", "a"], "i": [1, 2]}


def test_a_fault_of_a_spread_column_names_it(write):
    problem = problem_of('data "t.csv" { Z[i, k] : real = columns("a", "b") }', write("t.csv", "a,b\n1,2\n3,x\n"))
    assert problem.place == Place("t.csv", 2, "b")


def test_a_matrix_over_a_dimension_and_its_copy(write):
    text = "data { W[site, site'] : binary = [[0, 1], [1, 0]], y[site] : real = [1, 2] }"
    assert bound(text).arrays["W"].tolist() == [[0, 1], [1, 0]]
    spread = 'data "t.csv" { W[site, site\'] : real = columns("b", "a") }'
    found = bound(spread, write("t.csv", "site,a,b\na,0,1\nb,2,3\n"))
    assert found.coords == {"site": ["a", "b"]}
    assert found.arrays["W"].tolist() == [[0, 1], [2, 3]]
    assert codes_of("data { W[site, site'] : real = [[0, 1, 2], [1, 0, 3]] }") == ["UQ433"]


def test_values_that_repeat_in_rows(write):
    text = 'data "t.csv" { y[i] : real, state[i] : category = column("in"), u[state] : real }'
    found = bound(text, write("t.csv", "y,in,u\n1,b,5\n2,a,6\n3,b,5\n"))
    assert found.coords["state"] == ["a", "b"]
    assert found.arrays["u"].tolist() == [6, 5]


def test_a_coordinate(write):
    found = bound('data "t.csv" { t[t] : real = column("time"), y[t] : real }', write("t.csv", "time,y\n0.5,1\n1,2\n"))
    assert found.coords["t"] == [0.5, 1]
    found = bound("data { t[t] : real = [0.5, 1], y[t] : real }", y=xr.DataArray([2, 1], coords={"t": [1, 0.5]}))
    assert found.arrays["y"].tolist() == [1, 2]


# ------------------------------------------------------------------------------------------------------------ from Python


def test_wrong_shapes():
    matrix = "dim j = 2\ndata { x[i, j] : real }"
    code, title, place, _ = said(matrix, x=np.zeros((2, 3)))
    assert (code, title) == ("UQ433", "`j` has 2 labels from `dim j = 2`, but `x` has 3 values along it")
    assert place == "x (given from Python)"
    assert said(matrix, x=np.zeros(3))[:2] == ("UQ431", "`x` is over `[i, j]`, but what is given is a list of 3")
    assert said(matrix, x=3)[:2] == ("UQ431", "`x` is over `[i, j]`, but what is given is one value")
    code, title, *_ = said(matrix, x=np.zeros((1, 2, 3)))
    assert title == "`x` is over `[i, j]`, but what is given is an array of 1 by 2 by 3"
    assert codes_of(matrix, x=[[1, 2], [3]]) == ["UQ434"]
    assert codes_of(matrix, x=xr.DataArray(np.zeros((2, 2)), dims=("i", "k"))) == ["UQ432"]
    assert said("data { n : real }", n=[1])[:2] == ("UQ431", "`n` is one value, but what is given is a list of 1")


def test_labels_that_disagree():
    text = "data { x[k] : real, y[k] : real }"
    codes = codes_of(text, x=pd.Series({"a": 1, "b": 2}), y=pd.Series({"a": 1, "c": 2}))
    assert codes == ["UQ442", "UQ441"]
    assert codes_of(text, x=pd.Series([1, 2], ["a", "a"]), y=[1, 2]) == ["UQ443"]


def test_positions_beside_labels_are_taken_in_order():
    text = "data { x[k] : real, y[k] : real }"
    assert bound(text, x=pd.Series({"b": 1, "a": 2}), y=[1, 2]).coords == {"k": ["b", "a"]}
    assert codes_of(text, x=pd.Series({"b": 1, "a": 2}), y=[1, 2, 3]) == ["UQ433"]


def test_names_that_are_not_there():
    problems = problems_of("data { log_radon[home] : real = [1] }", None, {"log_radn": [1]})
    assert [(each.code, each.help) for each in problems] == [("UQ452", "did you mean `log_radon`?")]
    code, title, place, hint = said("data { y[i] : real, x[i] : real }", y={"y": [1, 2], "z": [1, 2]})
    assert (code, title) == ("UQ414", "`y (given from Python)` has no entry `x`")
    assert (place, hint) == ("y (given from Python)", "it has `y` and `z`")


def test_every_problem_of_all_files_is_reported(write, tmp_path):
    write("homes.csv", "y,county\nx,a\n2,\n")
    write("soils.csv", "clay,county\n7,a\n")
    assert codes_of(TWO, tmp_path) == ["UQ401", "UQ422", "UQ421", "UQ422"]


def test_a_fault_of_labels_is_reported_once_for_all_fields(write, tmp_path):
    text = 'data "t.csv" { x[k] : real, y[k] : real }\ndata "u.csv" { u[k] : real, v[k] : real }'
    write("t.csv", "k,x,y\na,1,2\nb,3,4\n")
    for content, codes in [
        ("k,u,v\na,1,2\n", ["UQ441"]),
        ("k,u,v\na,1,2\nb,3,4\nc,5,6\n", ["UQ442"]),
        ("k,u,v\na,1,2\na,3,4\n", ["UQ443"]),
        ("k,u,v\na,1,2\n,3,4\n", ["UQ421"]),
        ("u,v\n1,2\n3,4\n", ["UQ447"]),
    ]:
        write("u.csv", content)
        assert codes_of(text, tmp_path) == codes
    write("w.csv", "x,y,site\n1,2,a\n3,4,b\n")
    assert codes_of('data "w.csv" { x[site, year] : real, y[site, year] : real }', tmp_path) == ["UQ444"]
    write("w.csv", "x,y,site,year\n1,2,a,1\n3,4,b,2\n")
    assert codes_of('data "w.csv" { x[site, year] : real, y[site, year] : real }', tmp_path) == ["UQ445"]


def test_labels_that_only_a_lost_file_could_tell_are_not_missed(write, tmp_path):
    write("t.csv", "c,y\na,1\nb,2\n")
    text = 'data "t.csv" { y[i] : real, c[i] : category(k) }\ndata "none.csv" { u[k] : real }\ndata { v[k] : real }'
    assert codes_of(text, tmp_path, v=[1, 2, 3]) == ["UQ401"]
