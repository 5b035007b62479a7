"""What the tests of the semantics room share."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the parse tables of the tests apart from the user's."""
    os.environ["UQDSL_CACHE"] = str(tmp_path_factory.mktemp("cache"))
