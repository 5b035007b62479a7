"""What holds for any text: reading it never fails but by problems, and formatting what is sound keeps all it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from uqdsl.messages import render_json, render_text
from uqdsl.syntax import format_spec, parse, tree
from uqdsl.syntax.scan import scan

from .trees import without_spans

HERE = Path(__file__).parent
SPECS = [path.read_text(encoding="utf-8") for path in [*sorted((HERE / "examples").glob("*.uq")), HERE / "forms.uq"]]
STATEMENTS = [text[slice(*each.span)] for text in SPECS for each in parse(text).tree.statements]
SIGNS = ("&&", "**", ".*", "%*%", "//", "/*", "*/", "<-", ":=", "=>")
ELSEWHERE = [*"#\n\"'\\;\t\x00&?“”‘’−", *SIGNS, "T", "for", "target", "using"]
WORDS = sorted({word.text for text in SPECS for word in scan(text)[0]} | set(ELSEWHERE))
RELAXED = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def hold(text: str) -> None:
    """All that is promised for a text."""
    parsed = parse(text)
    for problem in parsed.problems:
        assert problem.at is not None
        assert 0 <= problem.at.start <= problem.at.end <= len(parsed.sources.text)
        assert render_text(problem, parsed.sources)
        assert render_json(problem, parsed.sources)
    assert any(isinstance(each, tree.Broken) for each in parsed.tree.statements) == bool(parsed.problems)
    if parsed.problems:
        return
    formatted = format_spec(text)
    again = parse(formatted)
    assert again.problems == ()
    assert without_spans(again.tree.statements) == without_spans(parsed.tree.statements)
    assert sorted(each.text for each in again.tree.comments) == sorted(each.text for each in parsed.tree.comments)
    assert format_spec(formatted) == formatted
    lines = formatted.split("\n")
    assert lines[-1] == ""
    assert lines[:1] == [""] or (lines[0] and lines[-2]), "blank lines at the start or end"
    assert "\n\n\n" not in formatted
    assert all(line == line.rstrip(" \t\r") for line in lines)


# --------------------------------------------------------------------------------------------------------- any text


@given(st.binary(max_size=400))
@RELAXED
def test_bytes(data: bytes):
    hold(data.decode("latin-1"))
    hold(data.decode("utf-8", errors="replace"))


@given(st.text(max_size=200))
@RELAXED
def test_characters(text: str):
    hold(text)


@given(st.lists(st.sampled_from(WORDS), max_size=60))
@example(["prior", "\n", "prior", "("])
@RELAXED
def test_words(words: list[str]):
    hold(" ".join(words))


# ------------------------------------------------------------------------------------------- the specs of the project

TOP = HERE.parents[1]
TOPICS = sorted({path.parent for folder in ("tests", "specs") for path in (TOP / folder).rglob("*.uq")})


@pytest.mark.parametrize("folder", TOPICS, ids=lambda folder: folder.relative_to(TOP).as_posix())
def test_specs_of_the_project(folder: Path):
    for path in sorted(folder.glob("*.uq")):
        hold(path.read_bytes().decode("utf-8", errors="replace"))


# --------------------------------------------------------------------------------------------- edits of sound specs


@st.composite
def edited(draw: st.DrawFn) -> str:
    """A few statements of the examples, with some words, characters or lines changed."""
    text = "\n".join(draw(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=4)))
    for _ in range(draw(st.integers(0, 3))):
        words = [word.span for word in scan(text)[0]]
        spans = words if words and draw(st.booleans()) else [(i, i + 1) for i in range(len(text))] or [(0, 0)]
        start, end = draw(st.sampled_from(spans))
        match draw(st.sampled_from(["delete", "insert", "replace", "swap", "double", "line"])):
            case "delete":
                text = text[:start] + text[end:]
            case "insert":
                text = f"{text[:start]} {draw(st.sampled_from(WORDS))} {text[start:]}"
            case "replace":
                text = text[:start] + draw(st.sampled_from(WORDS)) + text[end:]
            case "swap":
                first, last = sorted([(start, end), draw(st.sampled_from(spans))])
                if first[1] <= last[0]:
                    between = text[first[1] : last[0]]
                    text = text[: first[0]] + text[slice(*last)] + between + text[slice(*first)] + text[last[1] :]
            case "double":
                text = text[:end] + text[start:end] + text[end:]
            case "line":
                lines = text.split("\n")
                place = draw(st.integers(0, len(lines) - 1))
                text = "\n".join([*lines[:place], lines[place], *lines[place:]])
    return text


@given(edited())
@settings(RELAXED, max_examples=300)
def test_edits(text: str):
    hold(text)


@st.composite
def spaced(draw: st.DrawFn) -> str:
    """A few statements of the examples, with white space and comments put between words."""
    text = "\n".join(draw(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=3)))
    words = [word.span.start for word in scan(text)[0]]
    spaces = ["\n", "\n\n\n", "  ", " # one\n", "\n# alone\n", "\t\r\n", " # one\n  # two\n\n", "\n#\n"]
    places = draw(st.lists(st.tuples(st.sampled_from([*words, len(text)]), st.sampled_from(spaces)), max_size=8))
    for place, space in sorted(places, reverse=True):
        text = text[:place] + space + text[place:]
    return text


@given(spaced())
@settings(RELAXED, max_examples=400)
def test_white_space_and_comments(text: str):
    hold(text)


# ------------------------------------------------------------------------------------------------------ expressions

NAMES = st.sampled_from(
    ["x", "y", "theta", "time", "data", "over", "a_name_that_is_long", "another_rather_long_name", "β"]
)
# Of each operator: its rank, and the least rank of what may stand to its left and to its right without parentheses.
BINARY = {
    "or": (1, 1, 2),
    "and": (2, 2, 3),
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), (4, 5, 5)),
    **dict.fromkeys("+-", (5, 5, 6)),
    **dict.fromkeys("*/@%", (6, 6, 7)),
    "^": (8, 9, 7),
}
UNARY = {"not": 3, "-": 7, "+": 7}
HIGHEST = 10


class Written:
    """An expression as text, as the tree that it has to be read as, and how tightly it is bound."""

    def __init__(self, text: str, meaning: tuple[object, ...], rank: int = HIGHEST) -> None:
        self.text, self.meaning, self.rank = text, meaning, rank

    def at(self, rank: int) -> Written:
        """The expression where something of at least this rank has to stand."""
        return self if self.rank >= rank else Written(f"({self.text})", ("Group", self.meaning))

    def __repr__(self) -> str:
        return self.text


def _binary(operator: str, space: str, left: Written, right: Written) -> Written:
    rank, least_left, least_right = BINARY[operator]
    left, right = left.at(least_left), right.at(least_right)
    return Written(
        f"{left.text} {operator}{space}{right.text}", ("Binary", operator, left.meaning, right.meaning), rank
    )


def _unary(operator: str, operand: Written) -> Written:
    rank = UNARY[operator]
    operand = operand.at(rank)
    return Written(f"{operator} {operand.text}", ("Unary", operator, operand.meaning), rank)


def _conditional(test: Written, then: Written, otherwise: Written) -> Written:
    meaning = ("Conditional", test.meaning, then.meaning, otherwise.meaning)
    return Written(f"if {test.text} then {then.text} else {otherwise.text}", meaning, 0)


def _listed(items: list[tuple[str, Written]]) -> tuple[str, tuple[object, ...]]:
    text = ", ".join(f"{name}={item.text}" if name else item.text for name, item in items)
    return text, tuple(("Named", name, item.meaning) if name else item.meaning for name, item in items)


def _call(function: Written, arguments: list[tuple[str, Written]]) -> Written:
    function = function.at(9)
    text, meanings = _listed(arguments)
    return Written(f"{function.text}({text})", ("Call", function.meaning, meanings), 9)


def _select(value: Written, selectors: list[tuple[str, Written]]) -> Written:
    value = value.at(9)
    text, meanings = _listed(selectors)
    return Written(f"{value.text}[{text}]", ("Select", value.meaning, meanings), 9)


def _attribute(value: Written, name: str) -> Written:
    value = value.at(9)
    return Written(f"{value.text} .{name}", ("Attribute", value.meaning, name), 9)


def _primed(value: Written, primes: int) -> Written:
    value = value.at(9)
    if value.meaning[0] == "Primed":
        return value
    return Written(value.text + "'" * primes, ("Primed", value.meaning, primes), 9)


def _list(items: list[Written]) -> Written:
    text, meanings = _listed([("", item) for item in items])
    return Written(f"[{text}]", ("Listing", meanings))


def _extended(inner: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    listed = st.lists(st.tuples(st.sampled_from(["", "", "sd", "time"]), inner), max_size=4)
    return st.one_of(
        st.builds(_binary, st.sampled_from(sorted(BINARY)), st.sampled_from([" ", "\n", " # c\n", "  "]), inner, inner),
        st.builds(_unary, st.sampled_from(sorted(UNARY)), inner),
        st.builds(_conditional, inner, inner, inner),
        st.builds(_call, inner, listed),
        st.builds(_select, inner, listed),
        st.builds(_attribute, inner, NAMES),
        st.builds(_primed, inner, st.integers(1, 3)),
        st.builds(_list, st.lists(inner, max_size=5)),
        st.builds(lambda value: Written(f"({value.text})", ("Group", value.meaning)), inner),
    )


ATOMS = st.one_of(
    NAMES.map(lambda name: Written(name, ("Name", name))),
    st.sampled_from(["1", "0.5", ".5", "2.", "1e-3", "12345678901234567890"]).map(lambda n: Written(n, ("Number", n))),
    st.booleans().map(lambda value: Written(str(value).lower(), ("Boolean", value))),
    st.sampled_from(["", "a b", "# no comment", "é"]).map(lambda text: Written(f'"{text}"', ("Text", text))),
)
EXPRESSIONS = st.recursive(ATOMS, _extended, max_leaves=25)


@given(EXPRESSIONS)
@settings(RELAXED, max_examples=400)
def test_precedence(written: Written):
    """An expression with as few parentheses as the ranks allow is read as it was meant, and formatted so."""
    for head in ("let it = {}", "data {{ it : real = {} }}", "infer by f({}, 1)", "factor [{}]"):
        text = head.format(written.text)
        parsed = parse(text)
        assert parsed.problems == ()
        if head.startswith("let"):
            (let,) = parsed.tree.statements
            assert isinstance(let, tree.Let)
            assert without_spans(let.value) == written.meaning
        hold(text)
