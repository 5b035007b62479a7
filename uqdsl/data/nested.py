"""Lists in lists as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from uqdsl.data.cells import objects
from uqdsl.data.form import Variable

MOST_AXES = 16


class Uneven(NamedTuple):
    """Lists that have no shape, since some beside one another differ in length or depth.

    - how: which of them, in words.
    """

    how: str


def variable_of(value: object) -> Variable:
    """A value, or lists in lists, by position."""
    array = array_of(value)
    return (
        Variable(None, None, lambda: np.zeros(0), array.how)
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
    for leaf in _leaves(value, tuple(shape), ()):
        if isinstance(leaf, _Differs):
            first = (*leaf.place[:-1], 0)
            if first == leaf.place:
                return Uneven(f"more than {MOST_AXES} lists stand within one another")
            return Uneven(f"{_size(_at(value, first), first)}, but {_size(_at(value, leaf.place), leaf.place)}")
        leaves.append(leaf)
    return objects(leaves).reshape(shape)


class _Differs(NamedTuple):
    """A value that is not as the first of its list; `place` counts from 0."""

    place: tuple[int, ...]


def _leaves(value: object, shape: tuple[int, ...], place: tuple[int, ...]) -> Iterator[object]:
    listed = isinstance(value, list | tuple)
    if not shape:
        yield _Differs(place) if listed else value
    elif not isinstance(value, list | tuple) or len(value) != shape[0]:
        yield _Differs(place)
    else:
        for number, each in enumerate(value):
            yield from _leaves(each, shape[1:], (*place, number))


def _at(value: Any, place: tuple[int, ...]) -> object:
    for number in place:
        value = value[number]
    return value


def _size(value: object, place: tuple[int, ...]) -> str:
    """`list 2 has 3 values`; of a list within a list its place has two numbers."""
    number = ".".join(str(each + 1) for each in place)
    if not isinstance(value, list | tuple):
        return f"value {number} is no list"
    return f"list {number} has {len(value)} {'value' if len(value) == 1 else 'values'}"
