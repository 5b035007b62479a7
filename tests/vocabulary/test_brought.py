"""Methods of other packages: one entry point each."""

from __future__ import annotations

import re

import pytest

from tests.conftest import Install
from tests.docs.reading import blocks
from uqdsl.vocabulary.methods import brought, method_named, methods

WALK = """
from uqdsl.vocabulary.methods import ChainOptions, Method

METHOD = Method("walk", "a random walk", ChainOptions, "walks:kernel")
"""


def test_a_method_is_found_by_its_entry_point(install: Install):
    install("walks", WALK, walk="walks:METHOD")
    method = method_named("walk")
    assert method is not None
    assert method.summary == "a random walk"
    assert list(methods())[-1] == "walk"
    assert brought().refused == ()


def test_a_method_that_clashes_with_a_built_in_one(install: Install):
    install("walks", WALK.replace('"walk"', '"nuts"'), nuts="walks:METHOD")
    assert methods()["nuts"].run.startswith("uqdsl.")
    (refused,) = brought().refused
    assert refused == ("nuts", "walks", "uqdsl has a method of this name itself")


def test_two_packages_with_one_method(install: Install):
    install("walks", WALK, walk="walks:METHOD")
    install("more_walks", WALK, walk="more_walks:METHOD")
    assert list(brought().methods) == ["walk"]
    (refused,) = brought().refused
    assert refused == ("walk", "walks", "another package brings a method of this name too")


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("import not_there", "to import `walks:METHOD` raises ModuleNotFoundError: No module named 'not_there'"),
        ("METHODS = 1", "to import `walks:METHOD` raises AttributeError: module 'walks' has no attribute 'METHOD'"),
        ("METHOD = 3", "its entry point names an object of the type `int`, and not a `Method`"),
        (WALK.replace('"walk"', '"stroll"'), "its entry point is called `walk`, but the method `stroll`"),
    ],
)
def test_a_package_that_is_broken(install: Install, module: str, reason: str):
    install("walks", module, walk="walks:METHOD")
    assert method_named("walk") is None
    assert brought().refused == (("walk", "walks", reason),)
    assert "nuts" in methods()


@pytest.mark.parametrize(("section", "usable"), [("Fails", False), ("Mended", True)])
def test_the_page(install: Install, section: str, usable: bool):
    (project,) = (each.text for each in blocks("UQ508", section) if each.language == "toml")
    (module,) = (each.text for each in blocks("UQ508", section) if each.language == "python")
    install("walks", module, **dict(re.findall(r'^(\w+) = "(walks:\w+)"$', project, re.MULTILINE)))
    assert (method_named("walk") is not None) == usable == (not brought().refused)
