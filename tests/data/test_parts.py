"""Data in parts: files, splits and tables from Python for training, testing and new, and what training says of all of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray
from hypothesis import given
from hypothesis import strategies as st

from uqdsl.data import Dataset, bind
from uqdsl.messages import DataError
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

FIELDS = "x[case] : real, y[case] : real"
MODEL = """
prior a ~ Normal(0, 1)
prior b ~ Normal(0, 1)
likelihood y[case] ~ Normal(a + b * x, 1)
"""
SCHOOL = """
data {{ score[pupil] : real, school[pupil] : category, {} }}
prior level[school] ~ Normal(60, 10)
likelihood score[pupil] ~ Normal(level[school], 10)
"""


def bound(text: str, folder=None, **given) -> Dataset:
    spec = analyse(parse(text, "model.uq")).spec
    assert spec is not None
    return bind(spec, folder, given)


def refused(text: str, folder=None, **given) -> tuple[str, str, str]:
    """The code of the one problem, its place and its help."""
    with pytest.raises(DataError) as caught:
        bound(text, folder, **given)
    (problem,) = caught.value.problems
    return problem.code, str(problem.place or ""), problem.help


def test_parts_from_files(write):
    write("a.csv", "case,x,y\np,1,10\nq,2,20\n")
    write("b.csv", "case,y,x\ns,30,3\n")
    folder = write("c.csv", "case,x\nu,4\nv,5\nw,6\n")
    data = bound(f'data {{ {FIELDS}, training = "a.csv", testing = "b.csv", new = "c.csv" }}' + MODEL, folder)
    assert {name: array.tolist() for name, array in data.arrays.items()} == {"x": [1, 2], "y": [10, 20]}
    assert data.coords == {"case": ["p", "q"]}
    assert list(data.parts) == ["testing", "new"]
    testing, new = data.parts.values()
    assert {name: array.tolist() for name, array in testing.arrays.items()} == {"x": [3], "y": [30]}
    assert testing.coords == {"case": ["s"]}
    assert {name: array.tolist() for name, array in new.arrays.items()} == {"x": [4, 5, 6]}
    assert new.coords == {"case": ["u", "v", "w"]}
    assert list(data.files) == ["a.csv", "b.csv", "c.csv"]
    assert data.problems == ()


def test_a_file_before_the_braces_is_for_training(write):
    write("a.csv", "x,y\n1,10\n")
    folder = write("b.csv", "x,y\n2,20\n")
    data = bound(f'data "a.csv" {{ {FIELDS}, testing = "b.csv" }}' + MODEL, folder)
    assert (data.arrays["x"], data.parts["testing"].arrays["x"]) == ([1], [2])


def test_what_is_not_in_parts_is_the_same_in_each(write):
    write("a.csv", "score,school\n1,Oak\n2,Elm\n")
    write("b.csv", "score,school\n3,Elm\n")
    folder = write("schools.csv", "school,funds\nOak,5\nElm,4\n")
    text = SCHOOL.format('extra : real = 0.5, training = "a.csv", testing = "b.csv"')
    text += (
        'data "schools.csv" { funds[school] : real } let more[school] = funds + extra factor -sum(more, over = school)'
    )
    data = bound(text, folder)
    for each in (data, data.parts["testing"]):
        assert each.arrays["funds"].tolist() == [5, 4]
        assert each.arrays["extra"] == 0.5
        assert each.coords["school"] == ["Oak", "Elm"]
    assert data.parts["testing"].arrays["school"].tolist() == [1]


def test_levels_are_those_of_all_parts(write):
    write("a.csv", "score,school\n1,Oak\n2,Elm\n")
    write("b.csv", "score,school\n3,Fir\n4,Oak\n")
    folder = write("c.csv", "school\nAsh\n")
    data = bound(SCHOOL.format('training = "a.csv", testing = "b.csv", new = "c.csv"'), folder)
    for each in (data, *data.parts.values()):
        assert each.coords["school"] == ["Ash", "Elm", "Fir", "Oak"]
    assert data.arrays["school"].tolist() == [3, 1]
    assert data.parts["testing"].arrays["school"].tolist() == [2, 3]
    assert data.parts["new"].arrays["school"].tolist() == [0]
    said = [problem.title for problem in data.problems]
    assert ["`Fir`" in said[0], "`Ash`" in said[1]] == [True, True]
    assert {problem.code for problem in data.problems} == {"UQ463"}


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"b.csv": "x\n3\n"}, "b.csv"),
        ({"b.csv": "x,y\n3,4\n5,?\n"}, "b.csv, row 2, column `y`"),
        ({"c.csv": "x\n1\n\nNA\n"}, "c.csv"),
        ({"c.csv": "x\n1\nred\n"}, "c.csv, row 2, column `x`"),
        ({"c.csv": "z\n1\n"}, "c.csv"),
        ({"c.csv": "x\n"}, "c.csv"),
    ],
)
def test_problems_name_the_file_of_the_part(write, files, place):
    for name, content in ({"a.csv": "x,y\n1,10\n", "b.csv": "x,y\n2,20\n", "c.csv": "x\n3\n"} | files).items():
        folder = write(name, content)
    text = f'data {{ {FIELDS}, training = "a.csv", testing = "b.csv", new = "c.csv" }}' + MODEL
    assert refused(text, folder)[1].startswith(place)


# ---------------------------------------------------------------------------------------------------------- splitting

TABLE = {"x": np.arange(12.0), "y": np.arange(12.0) ** 2}


def split(options: str, **more) -> Dataset:
    return bound(f"data split(given, {options}) {{ {FIELDS} }}" + MODEL, x=TABLE | more)


@given(st.floats(0.05, 0.95), st.integers(0, 2**32))
def test_a_share_of_the_rows(share, seed):
    data = split(f"testing = {share}, seed = {seed}")
    testing = data.parts["testing"]
    assert len(testing.coords["case"]) == round(12 * share)
    labels = [*data.coords["case"], *testing.coords["case"]]
    assert sorted(labels) == list(range(1, 13)), "each row is in one part, and is called by its number in the table"
    for part in (data, testing):
        assert part.coords["case"] == sorted(part.coords["case"])
        assert part.arrays["x"].tolist() == [label - 1 for label in part.coords["case"]]
        assert part.arrays["y"].tolist() == [(label - 1) ** 2 for label in part.coords["case"]]


def test_the_seed_says_which_rows():
    rows = [split(f"testing = 0.5, seed = {seed}").coords["case"] for seed in (1, 1, 2)]
    assert rows[0] == rows[1] != rows[2]


def test_folds_divide_the_rows_among_them():
    testing = [split(f"fold = {fold}, folds = 5, seed = 3").parts["testing"].coords["case"] for fold in range(1, 6)]
    assert sorted(label for each in testing for label in each) == list(range(1, 13))
    assert sorted(map(len, testing)) == [2, 2, 2, 3, 3]


def test_a_column_says_which_rows(write):
    folder = write("all.csv", "case,x,y,use\np,1,10,training\nq,2,20, testing\nr,3,,new\ns,4,40,training\n")
    data = bound(f'data split("all.csv", column = "use") {{ {FIELDS} }}' + MODEL, folder)
    assert data.coords == {"case": ["p", "s"]}
    assert data.arrays["y"].tolist() == [10, 40]
    assert data.parts["testing"].arrays["y"].tolist() == [20]
    assert {name: array.tolist() for name, array in data.parts["new"].arrays.items()} == {"x": [3]}
    assert data.parts["new"].coords == {"case": ["r"]}


def test_a_fault_of_a_split_table_stands_where_it_is_in_the_file(write):
    folder = write("all.csv", "x,y,use\n1,10,testing\n2,20,training\n3,red,testing\n4,40,training\n")
    text = f'data split("all.csv", column = "use") {{ {FIELDS} }}' + MODEL
    assert refused(text, folder)[:2] == ("UQ422", "all.csv, row 3, column `y`")


def test_arrays_are_split_along_their_axis():
    text = "dim k = 2 data split(given, testing = 0.25, seed = 1) { z[case, k] : real, y[case] : real }"
    text += "prior b[k] ~ Normal(0, 1) likelihood y[case] ~ Normal(sum(b * z, over = k), 1)"
    z = np.arange(16.0).reshape(8, 2)
    data = bound(text, z=xarray.DataArray(z.T, dims=("k", "case")), y=z[:, 1])
    for part in (data, data.parts["testing"]):
        rows = np.asarray(part.coords["case"]) - 1
        assert part.arrays["z"].tolist() == z[rows].tolist()
        assert part.arrays["y"].tolist() == z[rows, 1].tolist()
        assert part.coords["k"] == [1, 2]


# -------------------------------------------------------------------------------------------------------- from Python

GIVEN = f"data {{ {FIELDS}, training = given, testing = given, new = given }}" + MODEL


def test_tables_of_parts():
    training = pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]}, index=["p", "q"])
    data = bound(GIVEN, training=training, testing={"x": [5.0], "y": [6.0]}, new={"x": np.array([7.0, 8.0])})
    assert data.coords == {"case": ["p", "q"]}
    assert data.parts["testing"].arrays["y"].tolist() == [6]
    assert data.parts["new"].arrays["x"].tolist() == [7, 8]


def test_a_table_from_python_goes_before_the_file(write):
    write("a.csv", "x,y\n1,10\n")
    folder = write("b.csv", "x,y\n2,20\n")
    text = f'data {{ {FIELDS}, training = "a.csv", testing = "b.csv" }}' + MODEL
    data = bound(text, folder, testing={"x": [5.0], "y": [6.0]})
    assert (data.arrays["x"], data.parts["testing"].arrays["x"]) == ([1], [5])
    data = bound(text, folder, x={"x": [5.0], "y": [6.0]})
    assert (data.arrays["x"], data.parts["testing"].arrays["x"]) == ([5], [2])


def test_a_part_that_is_not_given():
    code, _, hint = refused(GIVEN, training=TABLE, testing={"x": [5.0], "y": [6.0]})
    assert code == "UQ451"
    assert "model.compile(new = …)" in hint


def test_a_part_that_the_spec_does_not_have():
    code, _, hint = refused(f"data {{ {FIELDS}, training = given }}" + MODEL, training=TABLE, testing=TABLE)
    assert code == "UQ452"
    assert "testing = given" in hint
    assert bound(f"data {{ {FIELDS} }}" + MODEL, training=TABLE).arrays["x"].tolist() == TABLE["x"].tolist()


def test_what_python_gives_beside_the_parts_is_of_the_training_rows():
    text = GIVEN.replace("prior a", "data { w[case] : positive } prior a").replace("b * x, 1", "b * x, w")
    data = bound(text, training=TABLE, testing={"x": [5.0], "y": [6.0]}, new={"x": [7.0]}, w=np.ones(12))
    assert data.arrays["w"].tolist() == [1.0] * 12
    assert data.parts["testing"].arrays.keys() == {"x", "y"}


def test_a_fault_names_the_part():
    bad = {"x": [1.0, np.nan], "y": [1.0, 2.0]}
    assert refused(GIVEN, training=TABLE, testing=bad, new=TABLE)[1].startswith("x (testing, given from Python)")


# ------------------------------------------------------------------------------------------- what training says of all

STANDARD = """
dim k = ["u", "v"]
data { z[case, k] : real standardized missing, y[case] : real standardized, training = given, testing = given, new = given }
prior b[k] ~ Normal(0, 1)
population z[case, k] ~ Normal(0, 1)
likelihood y[case] ~ Normal(sum(b * z, over = k), 1)
"""


def test_constants_are_those_of_the_training_rows():
    z, y = np.array([[1.0, 10.0], [2.0, np.nan], [6.0, 30.0]]), np.array([1.0, 3.0, 8.0])
    rest = {"z": np.array([[100.0, 200.0]]), "y": np.array([5.0])}
    data = bound(STANDARD, training={"z": z, "y": y}, testing=rest, new={"z": rest["z"]})
    for part in (data, *data.parts.values()):
        assert part.arrays["z.centre"].tolist() == [3.0, 20.0]
        assert part.arrays["z.width"].tolist() == [np.std([1, 2, 6]), 10.0]
        assert part.arrays["y.centre"] == 4.0
        assert part.arrays["y.width"] == np.std(y)
    assert data.arrays["z"][0].tolist() == [1.0, 10.0], "what was recorded stays as it is"
    assert data.parts["testing"].arrays["z"].tolist() == [[100.0, 200.0]]


def test_rows_of_both_are_told():
    data = bound(GIVEN, training=TABLE, testing={"x": [0.5, 3.0, 4.0], "y": [1.0, 9.0, 16.1]}, new={"x": [3.0]})
    (problem,) = data.problems
    assert problem.code == "UQ462"
    assert problem.title.startswith("1 row of 3")
    assert "`case = 2`" in problem.help


def test_rows_of_both_that_are_meant_are_not_told():
    head, brace, rest = GIVEN.partition("}")
    table = {"x": [3.0], "y": [9.0]}
    assert [each.code for each in bound(GIVEN, training=TABLE, testing=table, new={"x": [3.0]}).problems] == ["UQ462"]
    meant = f"{head}{brace} allow(shared_rows){rest}"
    assert bound(meant, training=TABLE, testing=table, new={"x": [3.0]}).problems == ()


def test_rows_of_whole_numbers_may_be_alike():
    text = GIVEN.replace(": real", ": binary").replace("Normal(a + b * x, 1)", "Bernoulli(logits = a + b * x)")
    table = {"x": [0, 1, 1], "y": [1, 0, 1]}
    assert bound(text, training=table, testing=table, new={"x": [1]}).problems == ()
