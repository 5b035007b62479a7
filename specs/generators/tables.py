"""Tables as the generators write them: a file of `specs/data` for each name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

DATA = Path(__file__).parents[1] / "data"

Table = dict[str, np.ndarray]
"""Columns by their names."""


def text_of(table: Table) -> str:
    """A table as CSV, real numbers with six digits: fewer than measurements are good for, and the same on any machine."""
    rows = [",".join(table)]
    for row in zip(*table.values(), strict=True):
        rows.append(",".join(f"{each:.6g}" if isinstance(each, float) else str(each) for each in row))
    return "\n".join(rows) + "\n"


def write(tables: dict[str, Table]) -> None:
    for name, table in tables.items():
        (DATA / f"{name}.csv").write_text(text_of(table), encoding="utf-8")
