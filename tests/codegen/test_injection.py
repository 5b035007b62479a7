"""Nothing that a spec quotes can become code: names, comments, titles, labels, settings and paths."""

from __future__ import annotations

import ast
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uqdsl.codegen import generate
from uqdsl.codegen.docstring import docstring
from uqdsl.codegen.text import TAKEN, identifiers, quoted
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

SPEC = """# {title}
setting word : text = {setting}  # {comment}
dim k = [{label}, "other"]
data {path} {{ y[i] : real = column({column}) }}  # {comment}
prior a[k] ~ Normal(0, 1)  # {comment}
prior b ~ Normal(  # {comment}
  0, 1)
likelihood y[i] ~ Normal(a[{label}] + b, 1)
"""
HARMLESS = {"title": "t", "comment": "c", "setting": '"s"', "label": '"l"', "path": '"p.csv"', "column": '"c"'}
NASTY = [
    '"""',
    '""""""',
    "'''",
    '\\"""',
    '\\\\"""',
    "ends with a backslash \\",
    'ends with a quote "',
    '"starts with one',
    '"""); import os; os.remove("x")  #',
    "{0} {name} {{}} %s %(x)s",
    "\\N{BULLET} \\u0041 \\x41 \\n \\",
    "tab\tvertical\x0bform\x0cseparator\x1cnext\x85line\u2028paragraph\u2029end",
    "zero\u200bwidth, right\u202eto left, bell\x07, nul\x00, delete\x7f",
    "naïve – 変数 – 🦉",
    "",
    "   ",
    "def model(data, coords, observed=True):",
    "-*- coding: latin-1 -*-",
]


def _program(name: str = "spec.uq", **parts: str) -> tuple[str, int]:
    parsed = parse(SPEC.format(**{**HARMLESS, **parts}), name)
    analysed = analyse(parsed)
    assert analysed.spec is not None, analysed.problems
    found = generate(analysed.spec, parsed.sources, version="1")
    return found.text, len(found.lines)


def _structure(text: str) -> str:
    """A module's code without the words of its docstrings and of its labels."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = "text"
    return ast.dump(tree)


def _as_text(value: str) -> str:
    """A text of the language, or nothing where the language has no such text."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("part", ["title", "comment", "label", "setting", "path", "column", "name"])
def test_quoted_texts_are_not_code(part, nasty):
    harmless, _ = _program()
    if part in ("title", "comment"):
        nasty = nasty.replace("\x00", "")
        parts = {part: nasty}
    elif part == "name":
        parts = {"name": nasty + ".uq"}
    else:
        parts = {part: _as_text(nasty or "empty")}
    if part not in ("title", "comment", "name") and parse(SPEC.format(**{**HARMLESS, **parts})).problems:
        pytest.skip("no text of the language")
    text, lines = _program(**parts)
    assert _structure(text) == _structure(harmless)
    assert text.count("\n") == lines == len(text.splitlines())
    assert text.isascii() or all(each.isprintable() or each == "\n" for each in text)


@settings(max_examples=300)
@given(st.lists(st.text(max_size=12) | st.sampled_from(NASTY), min_size=1, max_size=4), st.sampled_from([0, 4]))
def test_a_docstring_is_one_statement(lines, indent):
    found = docstring([each.split("\n")[0] or "x" for each in lines], indent)
    body = "\n".join([*(["def f():"] if indent else []), *found]) + "\n"
    tree = ast.parse(body)
    statements = tree.body[0].body if indent and isinstance(tree.body[0], ast.FunctionDef) else tree.body
    assert len(statements) == 1
    assert isinstance(statements[0], ast.Expr)
    assert isinstance(statements[0].value, ast.Constant)
    assert len(body.splitlines()) == len(found) + (1 if indent else 0)


@settings(max_examples=300)
@given(st.text())
def test_a_label_is_one_literal(label):
    assert ast.literal_eval(quoted(label)) == label
    assert len(f"{quoted(label)}.".splitlines()) == 1


def test_quotes_are_chosen_as_the_formatter_does():
    assert quoted("plain") == '"plain"'
    assert quoted('say "hi"') == "'say \"hi\"'"
    assert quoted('it\'s "hi"') == "'it\\'s \"hi\"'"
    assert quoted("it's") == '"it\'s"'


@settings(max_examples=300)
@given(st.lists(st.text(min_size=1, max_size=5), unique=True, max_size=6))
def test_identifiers_are_apart(names):
    taken = set(TAKEN)
    found = identifiers(names, taken)
    assert list(found) == names
    assert all(each.isidentifier() and unicodedata.normalize("NFKC", each) == each for each in found.values())
    assert len(set(found.values())) == len(names)
    assert not set(found.values()) & TAKEN


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("a", "a"),
        ("lambda", "lambda_"),
        ("dist", "dist_"),
        ("σ²", "σ2"),
        ("²", "_2"),
        ("µ", "μ"),
        ("match", "match_"),
        ("½x", "_1_2x"),
    ],
)
def test_identifiers(name, identifier):
    assert identifiers([name], set(TAKEN))[name] == identifier
