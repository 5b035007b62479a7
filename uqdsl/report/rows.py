"""Which of many rows are drawn, and what they are called."""

from __future__ import annotations

import numpy as np

MOST = 12
"""Rows, or panels, of a picture."""
_LONGEST = 28


def spread_rows(values: np.ndarray, most: int = MOST) -> np.ndarray:
    """The places of so many values at most, spread over their range from the least to the largest, in their order."""
    flat = np.ravel(values)
    if flat.size <= most:
        return np.arange(flat.size)
    order = np.argsort(flat, kind="stable")
    return np.sort(order[np.linspace(0, flat.size - 1, most).round().astype(int)])


def short(text: str) -> str:
    """A label on one line that is not too long, and that XML allows."""
    clean = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 1]}…"


def chosen(count: int, whole: int, of: str) -> str:
    """`12 of 85 inputs, spread over the range of their means`; nothing where all are there."""
    return f"{count} of {whole} {of}, spread over the range of their means" if count < whole else ""
