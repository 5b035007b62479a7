"""Every form of every statement is read as what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from uqdsl.syntax import format_spec, parse, tree

FORMS = (Path(__file__).parent / "forms.uq").read_text(encoding="utf-8")
STATEMENTS = [FORMS[slice(*statement.span)] for statement in parse(FORMS).tree.statements]
EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.uq"))


def only(text: str) -> tree.Statement:
    parsed = parse(text)
    assert parsed.problems == ()
    (statement,) = parsed.tree.statements
    return statement


def value(text: str) -> tree.Expression:
    statement = only(f"let it = {text}")
    assert isinstance(statement, tree.Let)
    return statement.value


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_of_the_language(path: Path, bare):
    text = path.read_text(encoding="utf-8")
    parsed = parse(text, path.name)
    assert parsed.problems == ()
    formatted = format_spec(text)
    again = parse(formatted)
    assert bare(again.tree.statements) == bare(parsed.tree.statements)
    assert [comment.text for comment in again.tree.comments] == [comment.text for comment in parsed.tree.comments]
    assert format_spec(formatted) == formatted


def test_forms_stand_in_the_style_of_the_formatter():
    assert format_spec(FORMS) == FORMS


def test_forms_cover_every_statement():
    assert {type(statement) for statement in parse(FORMS).tree.statements} == set(tree.KEYWORDS.values())


@pytest.mark.parametrize("text", STATEMENTS, ids=range(len(STATEMENTS)))
def test_a_form_alone_and_with_white_space(text: str, bare):
    """New lines and tabs are white space outside brackets, as is whatever else counts as a space."""
    statement = only(text)
    assert bare(only(f"\t {text}\n\n")) == bare(statement)
    head = text.split("{", maxsplit=1)[0].split("(", maxsplit=1)[0].split("[", maxsplit=1)[0]
    spread = text.replace(head, head.replace(" ", "\n    "), 1)
    assert bare(only(spread)) == bare(statement)
    assert bare(only(text.replace(" ", "\t\N{NO-BREAK SPACE}") if '"' not in text else text)) == bare(statement)


@pytest.mark.parametrize(
    ("modifier", "name", "arguments"),
    [
        ("noncentered", "noncentered", None),
        ("ordered", "ordered", None),
        ("sum_to_zero", "sum_to_zero", None),
        ("nuisance", "nuisance", None),
        ("truncated(0, inf)", "truncated", 2),
        ("censored(a, b)", "censored", 2),
        ("batch(512)", "batch", 1),
        ("batch()", "batch", 0),
        ("starting at Normal(0, 1)", "starting", 1),
        ("starting at [1, 2]", "starting", 1),
        ("where floor == 0", "where", 1),
        ("where (floor == 0)", "where", 1),
        ("weight w / 2", "weight", 1),
    ],
)
@pytest.mark.parametrize("head", ["prior x ~ Normal(0, 1)", "likelihood y[i] ~ Normal(mu, 1)", "let z = 3"])
def test_modifiers(head: str, modifier: str, name: str, arguments: int | None):
    statement = only(f"{head} {modifier} noncentered")
    assert isinstance(statement, tree.Prior | tree.Likelihood | tree.Let)
    first, second = statement.modifiers
    assert (first.name, None if first.arguments is None else len(first.arguments)) == (name, arguments)
    assert (second.name, second.arguments) == ("noncentered", None)


SOFT = ["time", "data", "design", "state", "function", "error"]
PLACED = [
    *["over", "at", "step", "from", "to", "with", "new", "cut", "exact", "inferred", "in", "of", "as"],
    *["initial", "evolve", "residual", "where", "weight", "starting", "maximizing", "minimizing", "column", "missing"],
    *["training", "testing", "periodic", "noncentered", "real", "category", "event", "truth", "der"],
]


@pytest.mark.parametrize("name", SOFT + PLACED)
@pytest.mark.parametrize(
    "text",
    [
        "data {{ {0}[home] : count, y : count }}",
        "data {{\n  y : count\n  {0} : count\n}}",
        "prior {0} ~ Normal(0, 1)",
        "prior x[{0}] ~ Normal(0, 1)",
        "let {0} = 3",
        "let y = {0}",
        "let y = 2 * {0} + {0}[{0}] - {0}({0}, {0} = {0})",
        "let y = ({0})^{0}",
        "let y = [{0}, {0}]",
        "let y = x.{0}",
        "let y = [\n  1\n  {0}\n]",
        "prior y ~ Normal({0}, 1) ordered",
        "likelihood {0}[{0}] ~ Normal({0}[{0}], {0})",
        "dim {0} = 3",
        "setting {0} : int = 3",
        "setting {0} : {0} = {0}",
        "time {0} from 0 to {0} step {0}",
        "network {0}({0}[{0}]) -> {0} {{ {0}(3) as {0} }}",
        "function {0}({0}) = {0}",
        'extern function {0}({0}) -> {0} from "a:b"',
        'include "a" as {0}',
        "state {0} over {0} {{ initial {0} ~ Normal(0, 1) }}",
        "infer {0} by {0}({0} = 1) as {0}",
        "infer x, {0} by nuts()",
        "assimilate {0} by enkf()",
        "predict {0}[{0}] with({0} = 1) of {0}",
        "calibrate {0} by sbc()",
        "design {0} in {0}",
        "choose {0} maximizing {0} by {0}({0} = 1)",
        "uncertainty {{ {0} {{ {0} ~ Normal({0}, 1) }} }}",
        "population {0} ~ Normal(0, 1)",
        "factor {0}",
    ],
)
def test_words_that_stay_names(text: str, name: str, bare):
    if text.startswith(_KEYWORDS_OF.get(name, " ")):
        pytest.skip("a keyword in this place")
    spec = f"prior before ~ Normal(0, 1)\n{text}\nprior after ~ Normal(0, 1)\n"
    parsed = parse(spec.format(name))
    assert parsed.problems == ()
    assert _renamed(bare(parsed.tree.statements), name) == bare(parse(spec.format("neutral")).tree.statements)
    assert bare(parse(format_spec(spec.format(name))).tree.statements) == bare(parsed.tree.statements)


_KEYWORDS_OF = {"initial": "state", "evolve": "state", "maximizing": "choose"}


def _renamed(node: object, name: str) -> object:
    return (
        tuple(_renamed(each, name) for each in node) if isinstance(node, tuple) else "neutral" if node == name else node
    )


@pytest.mark.parametrize("word", sorted(tree.RESERVED))
def test_reserved_words_are_no_names(word: str):
    (problem,) = parse(f"prior a ~ Normal(0, 1)\nlet {word} = 2\nprior b ~ Normal(0, 1)\n").problems
    assert problem.title == f"`{word}` is a reserved word and cannot be a name"


def test_a_name_may_begin_with_a_reserved_word():
    for name in ("priority", "iffy", "note", "orb", "bye", "trueish", "lets", "if_"):
        assert isinstance(value(name), tree.Name)
    statement = only("state x over t { initial_x ~ Normal(0, 1), exactly ~ Normal(0, 1), initial y ~ Normal(0, 1) }")
    assert isinstance(statement, tree.State)
    assert [clause.keyword for clause in statement.clauses] == [None, None, "initial"]


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("[1, 2, 3]", 3),
        ("[1, 2, 3,]", 3),
        ("[\n1\n2\n3\n]", 3),
        ("[1\n-2\n+3]", 3),
        ("[1\n- 2\n+ 3]", 1),
        ("[1 # one\n  # two\n\n  2]", 2),
        ("[a\n  + b, c]", 2),
        ("[a\n  and b\n  or c]", 1),
        ('["a"\n"b"]', 2),
        ("[[1, 2]\n[3, 4]]", 2),
        ("[]", 0),
        ("[\n]", 0),
    ],
)
def test_new_lines_between_entries(text: str, entries: int):
    listing = value(text)
    assert isinstance(listing, tree.Listing)
    assert len(listing.items) == entries


def test_new_lines_do_not_part_an_expression_in_parentheses():
    assert isinstance(value("f(a\n  -3)"), tree.Call)
    grouped = value("(a\n  + b\n  - 3)")
    assert isinstance(grouped, tree.Group)


@pytest.mark.parametrize(
    ("written", "meant"),
    [(r'"a"', "a"), (r'"a\"b"', 'a"b'), (r'"a\\b"', "a\\b"), (r'"a\nb\t"', "a\nb\t"), (r'"\d"', r"\d"), ('""', "")],
)
def test_texts(written: str, meant: str):
    text = value(written)
    assert isinstance(text, tree.Text)
    assert text.value == meant


def test_spans_hold_what_they_name():
    text = "  prior theta[school] ~ Normal(mu, tau) noncentered  # x\n"
    (prior,) = parse(text).tree.statements
    assert isinstance(prior, tree.Prior)
    assert text[slice(*prior.span)] == "prior theta[school] ~ Normal(mu, tau) noncentered"
    assert text[slice(*prior.target.span)] == "theta[school]"
    assert text[slice(*prior.target.name_span)] == "theta"
    assert text[slice(*prior.law.span)] == "Normal(mu, tau)"
    assert text[slice(*prior.modifiers[0].span)] == "noncentered"


def test_the_order_in_a_population():
    statement = only("population Z[case] new ~ Normal(0, 1)")
    assert isinstance(statement, tree.Population)
    assert statement.new
    assert [axis.name for axis in statement.target.axes] == ["case"]
