"""A stage of the five sources as what can be computed: run forward, or as a log density, given a draw of what came before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from numpyro.handlers import substitute, trace

from uqdsl import ir
from uqdsl.infer.positions import Layout, position_layout
from uqdsl.infer.predictive import without_reparam
from uqdsl.infer.target import Target
from uqdsl.uncertainty.rows import row_dim

type Arrays = dict[str, np.ndarray]
type Device = dict[str, jax.Array]
type Site = dict[str, Any]
"""Of a model that ran: its law, its value and so on, as NumPyro keeps them."""

BLOCK_BYTES = 1 << 26
"""What a block of draws may take at most while it is computed."""


class Stage(NamedTuple):
    """A stage bound to the part of the data that it is of.

    - target: its program, with the data of its part; what is given has the values of one draw there.
    - given: the fields that hold a draw of what earlier stages found.
    - inputs: of its unknowns, those that are true inputs or belong to their errors.
    - makes: the quantities that it is there for.
    - along: the dimension of rows that have nothing to do with each other, on which all that is unknown lies; empty where
      there is none.
    """

    target: Target
    given: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    along: str = ""

    @property
    def layout(self) -> Layout:
        """How its unknowns lie in a flat position."""
        return position_layout(self.target)

    def density(self, layout: Layout, position: jax.Array, given: Device) -> jax.Array:
        """The log density at a flat position, given one draw, up to a constant."""
        return self.target.log_density(layout.split(position), self.data(given), self.target.coords)

    def data(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The data of its part with what is given."""
        return {**self.target.data, **given}

    def of_data(self, data: Mapping[str, Any]) -> Stage:
        """The same stage with other values of its data."""
        return self._replace(target=self.target._replace(data=dict(data)))

    def of(self, known: Mapping[str, np.ndarray]) -> Arrays:
        """What the stage is given, of all that is known."""
        return {name: known[name] for name in self.given}


def bound_stage(stage: ir.Stage, target: Target) -> Stage:
    """A stage of a spec, with its program bound to its part of the data."""
    along = row_dim(stage.spec, target.dims, target.unknowns)
    shared = any(along in target.dims.get(name, ()) for name in stage.given)
    return Stage(target, stage.given, stage.inputs, stage.makes, "" if shared else along)


def run_forward(
    target: Target, data: Mapping[str, Any], draw: Callable[[str, Any], jax.Array], *, observed: bool = False
) -> dict[str, Site]:
    """The sites of a model that is run forward.

    Arguments:
        data: of the target, with what is given.
        draw: from the name of an unknown, or of data that are drawn, and its law to its value.
        observed: whether data are what they are, and not drawn.
    """

    def drawn(site: Site) -> jax.Array | None:
        if site["type"] != "sample" or site["value"] is not None:
            return None
        return draw(site["name"], site["fn"])

    model = substitute(without_reparam(target.model), substitute_fn=drawn)
    return trace(model).get_trace(data, target.coords, observed=observed)


def rows_of(stage: Stage, dim: str, rows: np.ndarray) -> Stage:
    """A stage of some rows of its part alone."""
    target = stage.target
    coords = {**target.coords, dim: [target.coords[dim][row] for row in rows]}
    data = {
        name: np.take(each, rows, target.dims[name].index(dim)) if dim in target.dims.get(name, ()) else each
        for name, each in target.data.items()
    }
    for name, known in data.items():
        field = name.removesuffix(ir.observed(""))
        if field != name:
            coords[ir.missing(field)] = np.flatnonzero(~known).tolist()
    return stage._replace(target=target._replace(coords=coords, data=data))


def row_names(stage: Stage, dim: str) -> list[str]:
    """The data of a stage that differ from row to row, but for what it is given."""
    target = stage.target
    return [
        name for name, dims in target.dims.items() if dim in dims and name in target.data and name not in stage.given
    ]


def of_given_rows(stage: Stage, dim: str, rows: np.ndarray) -> Stage:
    """A stage of as many rows, which are given to it with each draw."""
    return rows_of(stage, dim, rows)._replace(given=(*stage.given, *row_names(stage, dim)))


def blocks(count: int, bytes_each: int, most: int = 1 << 30) -> Iterator[slice]:
    """Slices of equal length, but for the last, of which none takes more than `BLOCK_BYTES`."""
    size = max(1, min(most, BLOCK_BYTES // max(1, bytes_each), count))
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def side_by_side(function: Callable[[Arrays], Mapping[str, Any]], arrays: Arrays, size: int) -> Arrays:
    """What a function makes of draws, so many at a time, `(draw, *shape)`; the last block is filled up with its last draw."""
    count, found = len(next(iter(arrays.values()))), dict[str, list[np.ndarray]]()
    for at in blocks(count, 0, size):
        for name, each in function(filled(arrays, at, size)).items():
            found.setdefault(name, []).append(np.asarray(each)[: at.stop - at.start])
    return {name: np.concatenate(parts) for name, parts in found.items()}


def filled(arrays: Arrays, at: slice, size: int) -> Arrays:
    """A block of draws, filled up to a size with its last one: of one shape, so that what takes it is compiled once."""
    return {name: array[places(at, size)] for name, array in arrays.items()}


def places(at: slice, size: int) -> np.ndarray:
    """The numbers of a block, filled up to a size with its last one."""
    return np.minimum(np.arange(at.start, at.start + size), at.stop - 1)
