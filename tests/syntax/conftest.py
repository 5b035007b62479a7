"""What the tests of the syntax room share."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from uqdsl.syntax import tree

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def bare() -> Callable[[object], object]:
    """Gives a tree as nested tuples without its spans, to compare what was said and not where."""
    return without_spans


def without_spans(node: object) -> object:
    if isinstance(node, tree.Node):
        parts = (without_spans(getattr(node, each.name)) for each in fields(node) if "span" not in each.name)
        return (type(node).__name__, *parts)
    return tuple(map(without_spans, node)) if isinstance(node, tuple) else node


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the parse tables of the tests apart from the user's."""
    os.environ["UQDSL_CACHE"] = str(tmp_path_factory.mktemp("cache"))
