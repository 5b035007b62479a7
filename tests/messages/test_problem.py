"""Problems, where they stand, and what is said of them."""

from __future__ import annotations

import json
import pickle
import pkgutil
import re
from dataclasses import FrozenInstanceError, fields
from importlib import import_module

import pytest

import uqdsl.messages.catalogue
from uqdsl.messages import (
    CATALOGUE,
    Fix,
    Label,
    Place,
    Problem,
    Severity,
    Sources,
    Span,
    SpecError,
    UsageError,
    Warn,
    closest,
    did_you_mean,
    errors,
    listing,
    render_json,
    render_text,
)
from uqdsl.messages.catalogue.lints import UnusedUnknown
from uqdsl.messages.catalogue.names import NoSuchDimension, UndeclaredName

TOPICS = {
    "syntax": "1", "names": "2", "kinds": "3", "data": "4", "methods": "5", "runtime": "6", "files": "7", "help": "7",
    "unbuilt": "9",
}  # fmt: skip
for module in pkgutil.iter_modules(uqdsl.messages.catalogue.__path__):
    import_module(f"uqdsl.messages.catalogue.{module.name}")


@pytest.fixture(params=sorted(CATALOGUE), name="problem")
def _problem(request) -> type[Problem]:
    return CATALOGUE[request.param]


def _own(problem: type[Problem]) -> list[str]:
    shared = {each.name for each in fields(Problem)}
    return [each.name for each in fields(problem) if each.name not in shared]


def test_codes_are_of_their_topic(problem):
    assert re.fullmatch(r"UQ\d{3}", problem.code)
    topic = problem.__module__.rpartition(".")[2]
    assert problem.code[2] == TOPICS.get(topic, problem.code[2])


def test_a_headline_is_one_sentence_over_its_own_fields(problem):
    asked = set(re.findall(r"\{(\w+)\}", f"{problem.headline} {problem.label} {problem.advice}"))
    assert asked == set(_own(problem)), "each field is said, and nothing is said that is no field"
    assert problem.headline[0].islower() or problem.headline[0] in "`{" or problem.headline.startswith("NaN")
    assert not problem.headline.endswith(".")
    assert "\n" not in problem.headline


def test_a_problem_can_be_made_and_shown(problem):
    made = problem(**{name: f"<{name}>" for name in _own(problem)}, at=Span(0, 5))
    sources = Sources.single("spec.uq", "prior mu ~ Normal(0, 1)\n")
    text = render_text(made, sources)
    assert text.startswith(f"{made.severity}[{made.code}]: {made.title}\n --> spec.uq:1:1\n")
    assert text.endswith(f"= more: uqdsl explain {made.code}")
    shown = render_json(made, sources)
    assert json.loads(json.dumps(shown)) == shown
    assert shown["code"] == made.code


def test_a_code_is_of_one_problem_only():
    with pytest.raises(TypeError, match="UQ201"):

        class Another(Problem):
            code = "UQ201"
            headline = "another"


def test_a_problem_is_frozen_and_can_be_compared():
    first = UndeclaredName(name="mu", at=Span(3, 5))
    assert first == UndeclaredName(name="mu", at=Span(3, 5))
    assert first != UndeclaredName(name="mu", at=Span(3, 6))
    assert len({first, UndeclaredName(name="mu", at=Span(3, 5))}) == 1
    with pytest.raises(FrozenInstanceError):
        first.name = "tau"  # type: ignore[misc]


def test_help_of_an_occurrence_goes_before_that_of_its_kind():
    assert UndeclaredName(name="mu").help == "an unknown needs a prior: `prior mu ~ …`"
    assert UndeclaredName(name="mu", hint="did you mean `mu_a`?").help == "did you mean `mu_a`?"


def test_braces_in_names_are_only_names():
    assert UndeclaredName(name="{mu}{0}").title == "`{mu}{0}` is not declared"


def test_severity():
    warning, error = UnusedUnknown(name="mu"), UndeclaredName(name="mu")
    assert isinstance(warning, Warn)
    assert (warning.severity, error.severity) == (Severity.WARNING, Severity.ERROR)
    assert errors([warning, error]) == (error,)


def test_an_error_says_all_of_its_problems():
    sources = Sources.single("spec.uq", "let a = b\nlet c = d\n")
    error = SpecError([UndeclaredName(name="b", at=Span(8, 9)), UndeclaredName(name="d", at=Span(18, 19))], sources)
    assert str(error).count("error[UQ201]") == 2
    assert "spec.uq:2:9" in str(error)
    assert (SpecError.exit_code, UsageError.exit_code) == (1, 2)
    again = pickle.loads(pickle.dumps(error))
    assert again.problems == error.problems
    assert str(again) == str(error)


# ---------------------------------------------------------------------------------------------------------- places


def test_positions_count_from_one_and_in_the_file_they_stand_in():
    sources = Sources("let a = 1\nlet b = 2\nprior c ~ d\n", ("main.uq", "priors.uq"), (0, 20))
    assert sources.position(0) == ("main.uq", 1, 1)
    assert sources.position(14) == ("main.uq", 2, 5)
    assert sources.position(26) == ("priors.uq", 1, 7)
    assert sources.line(14) == "let b = 2"
    assert sources.position(len(sources.text)).line == 2


def test_lines_may_end_as_on_windows():
    sources = Sources.single("spec.uq", "let a = 1\r\nlet b = c\r\n")
    assert sources.line(0) == "let a = 1"
    assert sources.position(19) == ("spec.uq", 2, 9)


def test_places_in_data():
    assert str(Place("radon.csv")) == "radon.csv"
    assert str(Place("radon.csv", 3, "floor")) == "radon.csv, row 3, column `floor`"
    problem = UndeclaredName(name="floor", place=Place("radon.csv", None, "flo\x1b[31mor"))
    assert " --> radon.csv, column `flo\ufffd[31mor`" in render_text(problem, Sources.single("spec.uq", ""))


def test_json_gives_everything_an_editor_needs():
    text = "prior b[k] ~ Normal(0, 1)\nlet q = b[j]\n"
    problem = NoSuchDimension(
        name="b",
        dim="j",
        at=Span(36, 37),
        others=(Label(Span(6, 10), "declared over `k`"),),
        hint="did you mean `b[k]`?",
        fix=Fix(Span(36, 37), "k"),
    )
    shown = render_json(problem, Sources.single("spec.uq", text))
    assert shown["at"]["start"] == {"line": 2, "column": 11, "offset": 36}
    assert shown["others"][0]["label"] == "declared over `k`"
    assert shown["fix"]["replacement"] == "k"
    assert shown["help"] == "did you mean `b[k]`?"
    assert shown["place"] is None


def test_a_span_over_several_lines_is_marked_on_its_first():
    sources = Sources.single("spec.uq", "let a = (1 +\n  b)\n")
    text = render_text(UndeclaredName(name="b", at=Span(8, 17)), sources)
    assert "1 | let a = (1 +\n  |         ^^^^ nothing declares it\n" in text


def test_an_empty_spec_can_be_pointed_at():
    assert "spec.uq:1:1" in render_text(UndeclaredName(name="b", at=Span(0, 0)), Sources.single("spec.uq", ""))


# ------------------------------------------------------------------------------------------------------ suggestions


@pytest.mark.parametrize(
    ("word", "candidates", "expected"),
    [
        ("alhpa", ["alpha", "beta"], "alpha"),
        ("Alpha", ["alpha"], "alpha"),
        ("sigma_a", ["sigma", "sigma_b", "tau"], "sigma_b"),
        ("county", [], None),
        ("x", ["y", "z"], None),
        ("radon", ["county", "floor"], None),
        ("q" * 10_000, ["alpha"], None),
    ],
)
def test_the_closest(word, candidates, expected):
    assert closest(word, candidates) == expected


def test_did_you_mean():
    assert did_you_mean("alhpa", ["alpha"]) == "did you mean `alpha`?"
    assert did_you_mean("zzz", ["alpha"], otherwise="see the list") == "see the list"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ""),
        (["a"], "`a`"),
        (["a", "b"], "`a` or `b`"),
        (["a", "b", "c"], "`a`, `b` or `c`"),
        ([str(i) for i in range(13)], "`0`, `1`, `2`, `3`, `4`, `5`, `6`, `7`, `8`, `9`, `10`, `11`, …"),
    ],
)
def test_listing(words, expected):
    assert listing(words) == expected
