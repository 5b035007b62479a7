"""Texts as they come: line endings, encodings, nothing at all, and far too much."""

from __future__ import annotations

import pytest

from uqdsl.syntax import format_spec, parse, tree

SPEC = """\
# a spec
data "a.csv" {
  y[home] : real      # measured
  x[home] : positive
}

prior mu ~ Normal(0, 1)
likelihood y[home] ~ Normal(mu * x, 1)
"""


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: "\ufeff" + text.replace("\n", "\r\n"),
        lambda text: text.replace("  ", "\t"),
        lambda text: text.replace("\n", "  \t\n"),
        lambda text: text.replace("\n", "\N{NO-BREAK SPACE}\n"),
        lambda text: text.replace("\n", "\f\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n\n\n",
        lambda text: "\n\n" + text,
    ],
    ids=["crlf", "bom", "bom-crlf", "tabs", "trailing", "no-break", "form-feed", "no-end", "ends", "starts"],
)
def test_white_space_and_line_endings(change, bare):
    changed = parse(change(SPEC))
    assert changed.problems == ()
    assert bare(changed.tree.statements) == bare(parse(SPEC).tree.statements)
    assert [each.text for each in changed.tree.comments] == ["# a spec", "# measured"]
    assert format_spec(change(SPEC)) == format_spec(SPEC)


def test_columns_and_lines_after_a_byte_order_mark_and_with_crlf():
    parsed = parse("\ufeffprior x = 1\r\n\r\nprior y = 2\r\n")
    places = [parsed.sources.position(problem.at.start) for problem in parsed.problems if problem.at]
    assert [(place.line, place.column) for place in places] == [(1, 9), (3, 9)]
    assert parsed.sources.line(0) == "prior x = 1"


@pytest.mark.parametrize("text", ["", "\n", "  \n\t\r\n", "\ufeff", "\f\n\v"])
def test_nothing(text: str):
    assert parse(text).tree == tree.Tree((), ())
    assert parse(text).problems == ()
    assert format_spec(text) == ""


@pytest.mark.parametrize(
    ("text", "formatted"),
    [
        ("# one", "# one\n"),
        ("\n\n  # one  \n\n\n\n#two\n#\n", "# one\n\n#two\n#\n"),
        ("\t# one\r\n# two\r\n", "# one\n# two\n"),
    ],
)
def test_only_comments(text: str, formatted: str):
    assert parse(text).problems == ()
    assert format_spec(text) == formatted


def test_names_in_any_script(bare):
    text = "prior θ[группа] ~ Normal(μ_0, σ)\nlet 温度 = é_1 + ñ\n"
    parsed = parse(text)
    assert parsed.problems == ()
    prior, let = parsed.tree.statements
    assert isinstance(prior, tree.Prior)
    assert isinstance(let, tree.Let)
    assert (prior.target.name, prior.target.axes[0].name, let.target.name) == ("θ", "группа", "温度")
    assert format_spec(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "let x = " + "(" * 2_000 + "1" + ")" * 2_000,
        "let x = " + "[" * 1_000 + "1" + "]" * 1_000,
        "let x = " + "f(" * 1_000 + "1" + ")" * 1_000,
        "let x = " + "-" * 100_000 + "1",
        "let x = " + "not " * 5_000 + "true",
        "let x = 1" + " + 1" * 5_000,
        "let x = 2" + "^2" * 5_000,
        "let x = a" + ".a" * 5_000,
        "let x = " + "if a then b else " * 2_000 + "c",
        "let x = a" + "[b]" * 2_000,
    ],
    ids=["parentheses", "lists", "calls", "minus", "not", "sum", "power", "attributes", "conditions", "selections"],
)
def test_depth_has_a_limit(text: str):
    parsed = parse(f"prior a ~ Normal(0, 1)\n{text}\nprior b ~ Normal(0, 1)\n")
    (problem,) = parsed.problems
    assert problem.title == "expected at most 150 expressions within one another, found more"
    assert [type(each) for each in parsed.tree.statements] == [tree.Prior, tree.Broken, tree.Prior]


@pytest.mark.parametrize("deep", [10, 70])
def test_depth_within_the_limit(deep: int, bare):
    text = "let x = " + "(f(" * deep + "1" + "))" * deep + " + 1" * deep
    (statement,) = parse(text).tree.statements
    assert isinstance(statement, tree.Let) == (deep == 10)
    if deep == 10:
        assert bare(parse(format_spec(text)).tree.statements) == bare((statement,))


@pytest.mark.parametrize("count", [1_000, 20_000])
def test_unbalanced_brackets_by_the_thousand(count: int):
    """Their number is no reason to be slow."""
    for text in ("(" * count, ")" * count, "(" * count + "]" * count, "([{" * count):
        assert parse("let x = " + text).problems


def test_a_very_long_list():
    text = "data { x[case] : real = [" + ", ".join(str(number / 7) for number in range(5_000)) + "] }\n"
    parsed = parse(text)
    assert parsed.problems == ()
    formatted = format_spec(text)
    assert max(map(len, formatted.split("\n"))) <= 100
    assert format_spec(formatted) == formatted


def test_many_comment_lines():
    text = "data {\n" + "  # a remark\n" * 5_000 + "  y : real\n" + "  # another\n\n" * 5_000 + "}\n"
    assert parse(text).problems == ()
    assert len(parse(format_spec(text)).tree.comments) == 10_000


@pytest.mark.parametrize("text", ["\x00", "let x = 3\x00", "\x00let x = 3\n", "let \x00 = 3", "let x = \x003"])
def test_nul_bytes(text: str):
    assert parse(text).problems


def test_nul_bytes_in_comments_and_texts_are_kept():
    text = 'let x = f("\x00")  # \x00\n'
    assert parse(text).problems == ()
    assert format_spec(text) == text


@pytest.mark.parametrize("text", ["\ud800", "let x = \udfff", "# \ud800", "let \U0010ffff = 1", "🙂", "let x = 1 🙂"])
def test_characters_that_are_hardly_any(text: str):
    parse(text)
