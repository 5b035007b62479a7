"""The forms that data take between a reader and the arrays of a data set."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

import numpy as np

from uqdsl.data.cells import Cells
from uqdsl.ir import DataField
from uqdsl.messages import Place

type Label = str | int | float


class Frame(NamedTuple):
    """A table.

    - name: what messages call it: the path as the spec names it, or what Python gave.
    - columns: the names of its columns, in order; those of a file may be there twice.
    - length: how many rows it has.
    - read: the cells of a column, one for each row.
    """

    name: str
    columns: tuple[str, ...]
    length: int
    read: Callable[[str], Cells]


class Variable(NamedTuple):
    """An array of a file or of Python's memory.

    - dims: the names of its axes, None where nothing says them.
    - shape: None where it has none, being lists that differ in length.
    - read: its values.
    - uneven: which lists differ, where it has no shape.
    """

    dims: tuple[str, ...] | None
    shape: tuple[int, ...] | None
    read: Callable[[], np.ndarray]
    uneven: str = ""


class Arrays(NamedTuple):
    """Named arrays. One that is called as the dimension of its only axis holds that dimension's labels.

    - what: one of them is called so in messages.
    - alone: whether it is a single array, which gave the whole its name.
    """

    name: str
    variables: dict[str, Variable]
    what: str = "variable"
    alone: bool = False

    def place(self, row: int | None, column: str) -> Place:
        """A row of one of the arrays, or the whole of it."""
        return Place(self.name, row, None if self.alone and self.name.startswith(f"{column} (") else column, self.what)


class Along(Enum):
    """What a source says of the labels along an axis."""

    ORDERED = "labels in the order in which they shall stand: one row for each, or a coordinate"
    LEVELS = "labels in no order: they repeat from row to row"
    NAMES = "names of columns that are spread along it"
    NUMBERED = "nothing: the rows of a table without labels"
    POSITIONS = "nothing: the positions in an array"


class Axis(NamedTuple):
    """An axis of values as they were found.

    - labels: one for each position, or none.
    - place: where the label at a position stands.
    """

    dim: str
    size: int
    along: Along
    labels: tuple[Label, ...]
    place: Callable[[int], Place]


class Found(NamedTuple):
    """The values of a field as they were found, one axis for each of its dimensions, in their order.

    - where: what messages call the source.
    - place: where the value at a position, counted in C order, stands.
    """

    field: DataField
    where: str
    axes: tuple[Axis, ...]
    cells: Cells
    place: Callable[[int], Place]
