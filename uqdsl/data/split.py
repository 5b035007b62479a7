"""The rows of one table divided into parts: by a column that says which row is for what, or at random by a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from uqdsl import ir
from uqdsl.data.cells import is_missing, shown
from uqdsl.data.form import Along, Axis, Found, Label
from uqdsl.data.labels import key
from uqdsl.data.spots import first_spot
from uqdsl.data.wording import counted
from uqdsl.messages import DataError, did_you_mean
from uqdsl.messages.catalogue.parts import EmptyPart, UnknownWord
from uqdsl.vocabulary.parts import PARTS, TESTING, TRAINING


def split_rows(split: ir.Split, dim: str, found: Sequence[Found], words: Found | None) -> dict[str, list[Found]]:
    """The values of each part.

    Args:
        split: how to divide.
        dim: the dimension of the rows.
        found: the values of all rows, each over that dimension.
        words: the column of the split, where it is by one.

    Returns:
        By part, the same fields with some of the rows, which keep their labels and their places in the file.

    Raises:
        DataError: UQ460, UQ461.
    """
    by = found[0] if words is None else words
    axis = _axis(by, dim)
    part = _at_random(split, axis.size) if words is None else _by_words(split, words)
    present = [each for each in PARTS if each in part]
    for each in (TRAINING, TESTING) if words is None else (TRAINING,):
        if each not in present:
            count = counted(axis.size, "row")
            hint = "take another share, or fewer folds" if words is None else ""
            raise DataError([EmptyPart(at=split.span, count=count, where=f"`{by.where}`", part=each, hint=hint)])
    rows = {key(label): each for label, each in zip(_labels(axis), part, strict=True)}
    return {each: [_only(one, dim, rows, each) for one in found] for each in present}


def _axis(found: Found, dim: str) -> Axis:
    return next(axis for axis in found.axes if axis.dim == dim)


def _labels(axis: Axis) -> tuple[Label, ...]:
    """The labels along an axis; rows that have none are called by their number."""
    return axis.labels or tuple(range(1, axis.size + 1))


def _at_random(split: ir.Split, count: int) -> list[str]:
    """The part of each row: those for testing are the first, or one fold, of all in an order that the seed says."""
    order = np.random.default_rng(split.seed).permutation(count)
    if split.folds is not None and split.fold is not None:
        testing = np.array_split(order, split.folds)[split.fold - 1]
    else:
        testing = order[: round((split.testing or 0.0) * count)]
    chosen = set(testing.tolist())
    return [TESTING if row in chosen else TRAINING for row in range(count)]


def _by_words(split: ir.Split, words: Found) -> list[str]:
    part = [str(each).strip() for each in words.cells.values.tolist()]
    wrong = np.asarray([row for row, each in enumerate(part) if each not in PARTS], np.intp)
    if len(wrong):
        spot = first_spot(words.place, wrong)
        near = did_you_mean(part[spot.position], PARTS)
        hint = "; ".join(each for each in (spot.others and f"{len(wrong)} are not, {spot.others}", near) if each)
        column = split.column or ""
        value = words.cells.values[spot.position]
        found = "an empty cell" if is_missing(value) else shown(value)
        raise DataError([UnknownWord(at=split.span, place=spot.place, column=column, found=found, hint=hint)])
    return part


def _only(found: Found, dim: str, rows: Mapping[Label, str], part: str) -> Found:
    """The rows of one part; a label that the others lack is left where its absence is told, in training."""
    number = next(place for place, axis in enumerate(found.axes) if axis.dim == dim)
    axis = found.axes[number]
    labels = _labels(axis)
    kept = [place for place, label in enumerate(labels) if rows.get(key(label), TRAINING) == part]
    shape = [each.size for each in found.axes]
    cells = np.arange(len(found.cells)).reshape(shape).take(kept, axis=number).ravel()
    along = axis.along if axis.labels else Along.ORDERED
    own = Axis(dim, len(kept), along, tuple(labels[place] for place in kept), lambda place: axis.place(kept[place]))
    axes = (*found.axes[:number], own, *found.axes[number + 1 :])
    return found._replace(axes=axes, cells=found.cells.take(cells), place=lambda place: found.place(int(cells[place])))
