"""CSV as it is found in the world."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uqdsl.data import bind
from uqdsl.messages import DataError, Place

from .reading import bound, codes_of, problem_of, problems_of, said, spec_of, verify_sound

TABLE = 'data "t.csv" { y[i] : real, c[i] : category }'


@pytest.mark.parametrize(
    "text",
    [
        "y,c\n1,a\n2,b\n",
        "y,c\n1,a\n2,b",
        "y,c\r\n1,a\r\n2,b\r\n",
        "y,c\r1,a\r2,b\r",
        "\ufeffy,c\n1,a\n2,b\n",
        "\n\ny,c\n1,a\n\n2,b\n\n\n",
        '"y","c"\n"1","a"\n"2","b"\n',
        " y , c \n 1 , a \n 2,  b\n",
        "other,c,y,more,more\nx,a,1,,\n,b,2,,\n",
        "y;c\n1;a\n2;b\n",
        "y\tc\n1\ta\n2\tb\n",
        "y,c\n+1e0,a\n2.,b\n",
        'y, c\n1, "a"\n2, "b"\n',
    ],
)
def test_forms(text, write):
    found = bound(TABLE, write("t.csv", text))
    assert found.arrays["y"].tolist() == [1.0, 2.0]
    assert found.arrays["c"].tolist() == [0, 1]
    assert found.coords == {"i": [1, 2], "c": ["a", "b"]}


def test_tabs(write):
    found = bound('data "t.tsv" { y[i] : real }', write("t.tsv", "name, first\ty\nLovelace, Ada\t1\n"))
    assert found.arrays["y"].tolist() == [1.0]


def test_a_file_of_two_statements_is_read_once(write, tmp_path):
    text = TABLE + '\ndata "t.csv" { x[i] : real }'
    found = bound(text, write("t.csv", "y,c,x\n1,a,3\n2,b,4\n"))
    assert found.arrays["x"].tolist() == [3, 4]
    assert list(found.files) == ["t.csv"]


def test_quoted_texts(write):
    text = 'y,c\n1,"Lovelace, ""Ada"""\n2,"two\nlines"\n3,Zoë\n'
    found = bound(TABLE, write("t.csv", text))
    assert found.coords["c"] == ['Lovelace, "Ada"', "Zoë", "two\nlines"]


def test_rows_are_counted_below_the_header_and_not_by_lines(write):
    problem = problem_of(TABLE, write("t.csv", 'y,c\n1,"two\nlines"\n\nx,b\n'))
    assert problem.place == Place("t.csv", 2, "y")


@pytest.mark.parametrize(
    ("text", "code", "row"),
    [
        ("", "UQ411", None),
        ("\n\n", "UQ411", None),
        ("y,c\n", "UQ411", None),
        ("y,c\n1,a\n2\n3,c,d\n", "UQ412", 2),
        ('y,c\n1,a\n2,"b\n3,c\n', "UQ413", 2),
        ('y,c\n1,"a"b\n', "UQ413", 1),
        ('"y,c\n1,a\n', "UQ413", None),
        ("y,y,c\n1,1,a\n", "UQ415", None),
        (b"y,c\n1,\xff\n", "UQ407", 1),
        ("y,c\n1,a\n".encode("utf-16"), "UQ407", None),
        ("y,c\n1,\0\n", "UQ406", None),
        ("y,c\n1," + "a" * 200_000, "UQ406", 1),
    ],
)
def test_faults_of_a_file(text, code, row, write):
    problem = problem_of(TABLE, write("t.csv", text))
    assert problem.code == code
    assert problem.place is not None
    assert problem.place.row == row


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("y,c\n1,5,a\n2,5,b\n", "if `1,5` is one number, write it with a point: `1.5`"),
        ("y,c\n1,a\n-2,5,b\n", "if `-2,5` is one number, write it with a point: `-2.5`"),
        ("# made today\ny,c\n1,a\n", "no row fits the first line: is it the header?"),
        ("y,c\n1,a\n2,b,c\n", "a value with a comma in it stands in quotes"),
        ("y;c\n1;a\n2;b;c\n", ""),
        ("y,c\n1,a\n2\n", ""),
    ],
)
def test_what_to_do_about_rows_that_do_not_fit(text, advice, write):
    assert said(TABLE, write("t.csv", text))[3].rpartition("; ")[2] == advice


def test_a_column_of_another_name(write):
    folder = write("t.csv", "Y,c,level\n1,a,2\n")
    assert said(TABLE, folder)[3] == 'did you mean `y[i] : real = column("Y")`?'
    assert said('data "t.csv" { levle[i] : real }', folder)[3] == "did you mean `level`?"
    assert said('data "t.csv" { y[i] : real = column("C") }', folder)[3] == "did you mean `c`?"
    text = 'data "t.csv" { C[i] : category(group) }'
    assert said(text, folder)[3] == 'did you mean `C[i] : category(group) = column("c")`?'


def test_values_between_spaces(write):
    hint = said('data "t.csv" { y[i] : real }', write("t.csv", "y c\n1 a\n"))[3]
    assert hint == "its header is a single name with spaces in it: put commas or tabs between the values"


@pytest.mark.parametrize(
    ("fields", "text", "dimension"),
    [
        ("y : real", "y,child\n1,a\n2,b\n", "child"),
        ("y : real", "y,child\n1,a\n2,a\n", "row"),
        ("y : real", "y,one,two\n1,a,b\n2,b,c\n", "row"),
        ("y : real, c[school] : category", "y,c\n1,a\n2,b\n", "school"),
    ],
)
def test_the_dimension_of_the_rows(fields, text, dimension, write):
    hint = said(f'data "t.csv" {{ {fields} }}', write("t.csv", text))[3]
    assert hint == f"give it the dimension of these rows: `y[{dimension}]`"


def test_a_file_without_a_header(write):
    code, _, _, hint = said('data "t.csv" { y[i] : real }', write("t.csv", "1.5,2\n3,4\n"))
    assert code == "UQ414"
    assert hint == "its first row holds numbers, where the names of the columns should be"


def test_an_empty_line_of_one_column_is_a_missing_value(write):
    problem = problem_of('data "t.csv" { y[i] : real }', write("t.csv", "y\n1\n\n3\n\n"))
    assert (problem.code, problem.place) == ("UQ421", Place("t.csv", 2, "y"))


@pytest.mark.parametrize("word", ["", " ", "NA", "N/A", "nan", "NaN", "NULL", "null", "None", "NaT", "<NA>", "#N/A"])
def test_words_for_what_is_missing(word, write):
    found = said(TABLE, write("t.csv", f"y,c\n1,a\n{word},b\n"))
    assert found == ("UQ421", "`y` lacks a value", "t.csv, row 2, column `y`", "fill it in, or leave the row out")
    found = said(TABLE, write("t.csv", f"y,c\n1,{word}\n2,b\n"))
    assert found == ("UQ421", "`c` lacks a label", "t.csv, row 1, column `c`", "")


def test_many_faults_of_a_column_are_one_problem(write):
    rows = "".join("x,\n" if row % 2 else "NA,\n" for row in range(10_000))
    folder = write("t.csv", "y,c\n" + rows)
    assert codes_of(TABLE, folder) == ["UQ421", "UQ422", "UQ421"]
    missing, wrong, _ = problems_of(TABLE, folder)
    assert missing.title == "`y` lacks 5000 values"
    assert missing.help.startswith("in rows 1, 3, 5, 7, 9 and 4995 more: ")
    assert wrong.place == Place("t.csv", 2, "y")
    assert wrong.help.startswith("5000 values are not, in rows 2, 4, 6, 8, 10 and 4995 more")


def test_a_million_values_are_read_the_same_way_as_one(write):
    values = [f"{number * 0.1:.3f}" for number in range(20_000)]
    found = bound('data "t.csv" { y[i] : real }', write("t.csv", "y\n" + "\n".join(values)))
    assert found.arrays["y"].tolist() == list(map(float, values))


_CELLS = st.one_of(
    st.text(st.sampled_from('ab,"\n\r\t ;01.eE-_é\ufeff\0'), max_size=6),
    st.floats().map(str),
    st.integers().map(str),
    st.sampled_from(["NA", "", "1_0", "inf", "true", "٣", "1e999"]),
)
_KINDS = ("real", "positive", "nonnegative", "unit", "count", "int", "binary", "category")
ALL_KINDS = spec_of('data "t.csv" { ' + ", ".join(f"{kind}_[i] : {kind}" for kind in _KINDS) + " }")
HEADER = ",".join(f"{kind}_" for kind in _KINDS)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=60), st.lists(st.lists(_CELLS, min_size=8, max_size=8), max_size=4)))
def test_whatever_a_file_holds_it_is_data_or_problems(tmp_path, content):
    if isinstance(content, list):
        content = "\n".join([HEADER, *map(",".join, content)]).encode("utf-8", "surrogatepass")
    (tmp_path / "t.csv").write_bytes(content)
    try:
        found = bind(ALL_KINDS, tmp_path)
    except DataError as caught:
        verify_sound(caught)
    else:
        assert len({array.shape for array in found.arrays.values()}) == 1
