"""A statement that cannot be read still declares its names: nothing that uses them is a second fault."""

from __future__ import annotations

from itertools import cycle, pairwise

import pytest

from uqdsl.syntax.parser import parse
from uqdsl.syntax.scan import Word, scan

from .faults import BASE
from .reading import codes, read, shown

WORDS = tuple(scan(BASE)[0])


def _syntax_only(text: str) -> None:
    if parse(text).problems:
        later = [problem for problem in read(text).problems if not problem.code.startswith("UQ1")]
        assert not later, shown(text)


NAMES_OF_FIELDS = {word for word, after in pairwise(WORDS) if word.first and word.kind == "word" and after.text == "["}
NAMES_OF_FIELDS |= {word for before, word in pairwise(WORDS) if before.text == "{"}
"""Without its name a field cannot be known to be missing."""


def _name(case: object) -> str:
    return f"{case.span.start} {case.text}" if isinstance(case, Word) else str(case)


@pytest.mark.parametrize("word", [word for word in WORDS if word not in NAMES_OF_FIELDS], ids=_name)
def test_a_word_left_out(word: Word):
    _syntax_only(f"{BASE[: word.span.start]} {BASE[word.span.end :]}")


CASES = list(zip(WORDS, cycle(["=", "]", "~ ~", "1.5.5", '"', "(", "}"]), strict=False))


@pytest.mark.parametrize(("word", "more"), CASES, ids=_name)
def test_something_put_before_a_word(word: Word, more: str):
    _syntax_only(f"{BASE[: word.span.start]} {more} {BASE[word.span.start :]}")


def test_a_broken_statement_hides_no_other_fault():
    text = BASE.replace("floor[home]   : binary", "floor[home] binary") + "let q = muu + 1\nprior r ~ Nomral(0, 1)\n"
    assert codes(text) == ["UQ101", "UQ201", "UQ301"]


def test_a_field_of_broken_data_may_be_anything():
    text = BASE.replace("county[home]  : category", "county[home] category")
    assert codes(text) == ["UQ101"]


def test_what_is_misspelt_beside_broken_data_is_still_told():
    text = BASE.replace("county[home]  : category", "county[home] category") + "let q = sum(z, over = homee)\n"
    assert codes(text) == ["UQ101", "UQ203"]


def test_likelihoods_and_priors_that_cannot_be_read_are_not_missing():
    assert codes("data { y : real = 1 }\nprior m ~ Normal(0, 1)\nlikelihood y ~ Normal(m,, 1)\n") == ["UQ101"]
    assert codes("data { y : real = 1 }\nprior m ~ Normal(0,, 1)\nlikelihood y ~ Normal(m, 1)\n") == ["UQ101"]
