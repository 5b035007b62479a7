"""Methods, and the words of other tools."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from uqdsl.vocabulary import synonyms
from uqdsl.vocabulary.distributions import DISTRIBUTIONS, PLANNED
from uqdsl.vocabulary.functions import FUNCTIONS, GRADIENT, MATRIX, REDUCTIONS
from uqdsl.vocabulary.methods import PLANNED as PLANNED_METHODS
from uqdsl.vocabulary.methods import methods
from uqdsl.vocabulary.supports import KINDS
from uqdsl.vocabulary.synonyms import meant


@pytest.mark.parametrize("name", methods())
def test_a_method_says_what_its_options_are(name):
    method = methods()[name]
    assert method.name == name
    assert re.fullmatch(r"[\w.]+:\w+", method.run)
    assert method.summary
    assert method.references
    for option, field in method.options.model_fields.items():
        assert field.description, option
        assert not field.is_required(), option


def test_options_are_frozen_and_closed():
    options = methods()["nuts"].options()
    with pytest.raises(ValidationError):
        options.chains = 3  # type: ignore[attr-defined]
    with pytest.raises(ValidationError):
        methods()["nuts"].options(walkers=3)  # type: ignore[call-arg]


def test_what_is_planned_is_not_there_yet():
    assert not PLANNED_METHODS & set(methods())


PARAMETERS = {name for law in DISTRIBUTIONS.values() for name in law.names}
OPTIONS = {option for method in methods().values() for option in method.options.model_fields}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (synonyms.DISTRIBUTIONS, {*DISTRIBUTIONS, *PLANNED}),
        (synonyms.PARAMETERS, PARAMETERS),
        (synonyms.FUNCTIONS, {*FUNCTIONS, *REDUCTIONS, *MATRIX, GRADIENT}),
        (synonyms.KINDS, {*KINDS, "category", "time"}),
        (synonyms.TYPES, {"int", "real", "bool", "text"}),
        (synonyms.METHODS, set(methods())),
        (synonyms.OPTIONS, OPTIONS),
    ],
)
def test_a_synonym_is_a_word_of_the_language(table, words):
    for here in table.values():
        assert not here.replace(" ", "").isidentifier() or set(here.split()) <= words, here
    assert all(word == word.lower() for word in table)


def test_a_synonym_goes_before_what_looks_like_the_word():
    assert meant("Gaussian", DISTRIBUTIONS, synonyms.DISTRIBUTIONS) == "did you mean `Normal`?"
    assert meant("TruncatedNormal", DISTRIBUTIONS, synonyms.DISTRIBUTIONS) == (
        "did you mean `Normal(…) truncated(a, b)`?"
    )
    assert meant("loc", ["location", "scale"], synonyms.PARAMETERS) == "did you mean `location`?"
    assert meant("loc", ["mean", "sd"], synonyms.PARAMETERS) == "did you mean `mean`?"
    assert meant("Nomral", DISTRIBUTIONS, synonyms.DISTRIBUTIONS) == "did you mean `Normal`?"
    assert meant("qqq", DISTRIBUTIONS, synonyms.DISTRIBUTIONS, otherwise="see the list") == "see the list"
