"""The blocks of the language's design: what this version can run is sound, and the rest says that it is not built.

One has a law that its method takes for a Gaussian, and is warned of that.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .reading import codes, shown

DESIGN = sorted((Path(__file__).parent / "design").glob("*.uq"))


@pytest.mark.parametrize("path", DESIGN, ids=lambda path: path.stem)
def test_only_what_is_not_built_is_a_problem(path: Path):
    text = path.read_text(encoding="utf-8")
    assert set(codes(text)) <= {"UQ901", "UQ902", "UQ267", "UQ341"}, shown(text)


def test_radon_runs():
    text = (Path(__file__).parent / "design" / "radon.uq").read_text(encoding="utf-8")
    assert codes(text) == []
