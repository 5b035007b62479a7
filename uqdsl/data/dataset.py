"""Labelled arrays: the data of a spec."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from uqdsl.data.form import Label
from uqdsl.messages import Problem


class Dataset(NamedTuple):
    """The data of a spec.

    - arrays: float64, or int64 for whole kinds, by the names of the fields; axes in the order in which the field
      declares its dimensions. A category holds positions, from 0, among the labels of its dimension.
    - coords: the labels of each dimension.

      A field with missing values has a second array, of the places at which it is observed, and, among the coordinates, the
      list of the places at which it is not.
    - files: SHA-256 of each file that was read, by its path as the spec names it.
    - parts: where rows come in parts, those for `testing` and those that are `new`: the same fields, without what is to be told
      of new rows, and the same labels, but for the dimensions that are the rows. The mean and the standard deviation of a
      standardised field are those of the training rows in each.
    - problems: what is worth knowing and does not stop anything.
    """

    arrays: dict[str, np.ndarray]
    coords: dict[str, list[Label]]
    files: dict[str, str]
    parts: dict[str, Dataset] = {}  # noqa: RUF012 - never changed
    problems: tuple[Problem, ...] = ()
