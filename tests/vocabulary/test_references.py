"""The literature, and that every reference has its entry."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from uqdsl.vocabulary import references
from uqdsl.vocabulary.assimilation import filters
from uqdsl.vocabulary.methods import FAMILIES
from uqdsl.vocabulary.references import bibtex, entries, split_reference

METHODS = [method for family in FAMILIES.values() for method in family]
METHODS += filters().values()
TEXTS = {
    each.name: each.read_text(encoding="utf-8") for each in files(references).iterdir() if each.name.endswith(".bib")
}


@pytest.mark.parametrize("key", entries())
def test_an_entry_is_one_of_bibtex(key: str):
    text = entries()[key]
    depth = 0
    for letter in text.replace(r"\{", "").replace(r"\}", ""):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0
    assert depth == 0
    fields = dict(re.findall(r"^  (\w+) = \{(.*)\},?$", text, re.MULTILINE))
    assert len(fields) == len(text.splitlines()) - 2, "one field is one line: `  name = {…},`"
    assert all(line.endswith("},") for line in text.splitlines()[1:-2])
    assert {"author", "title", "year"} <= set(fields)
    assert fields["year"] == re.sub(r"[^0-9]", "", key), "a key ends in the year"


def test_nothing_is_left_over_and_no_key_is_used_twice():
    assert sum(len(re.findall("^@", text, re.MULTILINE)) for text in TEXTS.values()) == len(entries())


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_reference_has_its_entry(method):
    for reference in method.references:
        key, text = split_reference(reference)
        assert key in entries(), reference
        year = re.search(r"\b(1[89]|20)\d\d\b", text)
        assert year is not None
        assert year[0] in key


def test_one_of_another_package_is_quoted_as_it_is():
    assert split_reference("doe2020: Doe 2020, Tiny steps") == ("doe2020", "Doe 2020, Tiny steps")
    assert split_reference("Doe 2020, Tiny steps: a method") == ("", "Doe 2020, Tiny steps: a method")
    assert bibtex("doe2020", "Doe 2020, Tiny steps") == "@misc{doe2020,\n  note = {Doe 2020, Tiny steps}\n}"
