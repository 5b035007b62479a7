"""Lists in lists as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from uqdsl.data.cells import objects
from uqdsl.data.form import Variable

MOST_AXES = 16


class Uneven(NamedTuple):
    """Lists that have no shape, since some beside one another differ in length or depth."""


def variable_of(value: object) -> Variable:
    """A value, or lists in lists, by position."""
    array = array_of(value)
    return (
        Variable(None, None, lambda: np.zeros(0))
        if isinstance(array, Uneven)
        else Variable(None, array.shape, lambda: array)
    )


def array_of(value: object) -> np.ndarray | Uneven:
    """A value, or lists in lists, as an array of numbers where all are, and of objects where not."""
    if not isinstance(value, list | tuple):
        return np.asarray(value) if isinstance(value, bool | float) else _object(value)
    try:
        array = np.array(value)
    except (ValueError, OverflowError, TypeError, RecursionError):
        return _objects(value)
    # NumPy makes text of a number that stands beside text.
    return array if array.dtype.kind in "bif" and not _mixed(value, array) else _objects(value)


def _mixed(value: list | tuple, array: np.ndarray) -> bool:
    """Whether truths were made numbers, or large whole numbers floats."""
    if array.ndim == 1 and array.dtype.kind == "f":
        return any(type(each) is int and abs(each) >= 2**53 for each in value) or bool in set(map(type, value))
    if array.ndim == 1 and array.dtype.kind == "i":
        return bool in set(map(type, value))
    return False


def _object(value: object) -> np.ndarray:
    array = np.empty((), object)
    array[()] = value
    return array


def _objects(value: list | tuple) -> np.ndarray | Uneven:
    shape = []
    first: object = value
    while isinstance(first, list | tuple):
        shape.append(len(first))
        if not first or len(shape) > MOST_AXES:
            break
        first = first[0]
    leaves: list[object] = []
    for leaf in _leaves(value, tuple(shape)):
        if isinstance(leaf, Uneven):
            return leaf
        leaves.append(leaf)
    return objects(leaves).reshape(shape)


def _leaves(value: object, shape: tuple[int, ...]) -> Iterator[object]:
    if not shape:
        yield Uneven() if isinstance(value, list | tuple) else value
    elif not isinstance(value, list | tuple) or len(value) != shape[0]:
        yield Uneven()
    else:
        for each in value:
            yield from _leaves(each, shape[1:])
