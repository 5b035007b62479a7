"""What the tests of the data room share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the parse tables of the tests apart from the user's."""
    os.environ["UQDSL_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(name="write")
def _write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file in the folder of the test, which is what is given back."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return tmp_path

    return write
