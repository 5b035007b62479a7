"""Many faulty positions as one place to point at, and words for the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from uqdsl.data.wording import positions_listed, rows_listed
from uqdsl.messages import Place

_EXAMINED = 10_000
"""No more faults than this are looked at to say where they are."""


class Spot(NamedTuple):
    """The first of some faulty positions.

    - others: where the others are, in words; empty where there are none.
    """

    position: int
    place: Place
    others: str


def first_spot(place: Callable[[int], Place], positions: np.ndarray) -> Spot:
    """The position that stands first in its file, whatever the order of the labels.

    Args:
        place: where a position is.
        positions: of faults, at least one.
    """
    places = [(int(each), place(int(each))) for each in positions[:_EXAMINED]]
    if any(each.row is None for _, each in places):
        names = [f"`{each.column}`" for _, each in places]
        return Spot(*places[0], positions_listed(names, len(positions)))
    places.sort(key=lambda each: each[1].row or 0)
    return Spot(*places[0], rows_listed([each.row or 0 for _, each in places], len(positions)))
