"""Where the 28 posteriors of posteriordb lie: a spec, a data set and the reference's numbers for each."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "specs" / "posteriordb"
NAMES = tuple(sorted(path.stem for path in (FOLDER / "reference").glob("*.json")))
"""Of the posteriors, as those of their specs: `kidiq_kidscore_momhs` is `kidiq-kidscore_momhs` of posteriordb."""

RENAMED: dict[str, dict[str, str]] = {
    "hmm_example_hmm_example": {"theta1": "P[1,*]", "theta2": "P[2,*]"},
}
"""What a spec calls by another name than the reference; the reference's index goes in place of `*`."""

SIMPLEXES = frozenset({"theta1", "theta2"})
"""Unknowns of which the last element follows from the others."""


def spec_of(name: str) -> Path:
    """The file of a spec."""
    return FOLDER / f"{name}.uq"


@cache
def data_of(name: str) -> dict[str, Any]:
    """A data set, as numbers and lists."""
    return json.loads((FOLDER / "data" / f"{name}.json").read_text(encoding="utf-8"))


@cache
def reference_of(name: str) -> dict[str, dict[str, float]]:
    """Moments and quantiles of each scalar of a posterior, with their Monte Carlo standard errors."""
    return json.loads((FOLDER / "reference" / f"{name}.json").read_text(encoding="utf-8"))["quantities"]
