"""A result in memory: groups of labelled arrays, without xarray.

This is the one form between the sampler and everything that reads a result: it is written as netCDF by
`uqdsl.results.netcdf`, shown as an xarray DataTree by `uqdsl.results.tree`, and summarized by `uqdsl.diagnose`.
It exists because importing xarray costs about two seconds, which a run of a small spec need not pay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

type Label = str | int | float
type Groups = dict[str, Group]
"""The groups of a result by their ArviZ names; the group "" holds only the attributes of the whole."""

SAMPLE_DIMS = ("chain", "draw")


class Variable(NamedTuple):
    """A labelled array: one dimension name per axis of `values`."""

    dims: tuple[str, ...]
    values: np.ndarray


@dataclass(frozen=True)
class Group:
    """Arrays that share dimensions: `coords` holds the labels of every dimension, as one-dimensional arrays."""

    variables: dict[str, Variable] = field(default_factory=dict)
    coords: dict[str, np.ndarray] = field(default_factory=dict)
    attrs: dict[str, str | int | float] = field(default_factory=dict)


def label_array(labels: Sequence[Label] | np.ndarray) -> np.ndarray:
    """Labels as an array of int64, float64 or text; a mixture of text and numbers becomes text."""
    array = np.asarray(labels) if len(labels) else np.zeros(0, np.int64)
    if array.dtype.kind in "iub":
        return array.astype(np.int64)
    if array.dtype.kind == "f":
        return array.astype(np.float64)
    return np.asarray([str(label) for label in labels])


def labels_of(coords: Mapping[str, Sequence[Label]], dim: str, size: int) -> np.ndarray:
    """The labels of a dimension; `dim'` has those of `dim`; a dimension without any is numbered from 0."""
    labels = coords.get(dim, coords.get(dim.rstrip("'")))
    if labels is None or len(labels) != size:
        return np.arange(size)
    return label_array(labels)


def make_group(
    arrays: Mapping[str, np.ndarray],
    dims: Mapping[str, Sequence[str]],
    coords: Mapping[str, Sequence[Label]],
    *,
    sample_coords: Mapping[str, Sequence[int]] | None = None,
    attrs: Mapping[str, str | int | float] | None = None,
) -> Group:
    """Label arrays by the dimensions that a spec gave them.

    - arrays: by name; each `(*sample dims, *dims[name])`.
    - dims: of each name, without the sample dimensions; axes that it does not name are called `<name>_dim_<i>`.
    - coords: labels of each dimension.
    - sample_coords: the leading dimensions that all arrays share, with their labels (`chain`, `draw`).
    """
    sample_coords = sample_coords or {}
    variables: dict[str, Variable] = {}
    labels = {dim: label_array(numbers) for dim, numbers in sample_coords.items()}
    own = set(coords) | {dim for name in arrays for dim in dims.get(name, ())}
    for name, array in arrays.items():
        rest = array.shape[len(sample_coords) :]
        named = tuple(dims.get(name, ()))
        if len(named) != len(rest):
            named = tuple(f"{name}_dim_{axis}" for axis in range(len(rest)))
        if named == (name,):
            # The coordinate of its own dimension is there already, as that dimension's labels.
            continue
        # A category column is called as the dimension whose labels it holds: in one file the two would clash.
        shown = f"{name}_index" if name in own else name
        variables[shown] = Variable((*sample_coords, *named), array)
        for dim, size in zip(named, rest, strict=True):
            labels.setdefault(dim, labels_of(coords, dim, size))
    return Group(variables, labels, dict(attrs or {}))
