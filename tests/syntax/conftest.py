"""What the tests of the syntax room share."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from .trees import without_spans


@pytest.fixture(scope="session")
def bare() -> Callable[[object], object]:
    """Gives a tree without its spans, to compare what was said and not where."""
    return without_spans


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the parse tables of the tests apart from the user's."""
    os.environ["UQDSL_CACHE"] = str(tmp_path_factory.mktemp("cache"))
