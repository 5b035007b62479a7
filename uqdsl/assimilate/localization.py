"""What is near: observations of a place, and places of an observation, with the weight that their distance leaves them.

States on a grid have places: the combinations of the labels of the dimensions along which distances go. What is near a point
along one dimension is a stencil of fixed width, so that nothing is ever kept for all pairs of places and observations; the
stencil of several dimensions is the product. What is observed at places of its own, which fields tell, lies in boxes.

References:
    Gaspari & Cohn 1999, Construction of correlation functions in two and three dimensions, Q. J. R. Meteorol. Soc. 125,
    723-757, eq. 4.10.
    Sakov & Bertino 2011, Relation between two common localisation methods for the EnKF, Comput. Geosci. 15, 225-237.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.assimilate.boxes import Boxes, Filled, boxes_of
from uqdsl.assimilate.system import Axis, Events, Shape, System
from uqdsl.vocabulary.assimilation.schemes import GaspariCohn

HALF_WIDTH = 1.82
"""Of the taper in radii, sqrt(10/3) of them, as in DAPPER; at one radius it is 0.63."""

BLOCK = 256
"""Places that are looked at together."""

_COUNTED = 1 << 27
"""Distances that are looked at, at most, to know beforehand how much is near a place."""


class Near(NamedTuple):
    """Elements that are near, `(K,)`, and their weights from 0 to 1; some may stand there more than once with weight 0."""

    indices: jax.Array
    weights: jax.Array


def taper(distance: jax.Array, radius: float) -> jax.Array:
    """The correlation function of Gaspari & Cohn, 0 from a distance of twice its half width on."""
    z = distance / (HALF_WIDTH * radius)
    inner = 1 - z**2 * (5 / 3 - z * (5 / 8 + z * (1 / 2 - z / 4)))
    far = jnp.maximum(z, 1.0)
    outer = 4 - 2 / (3 * far) - far * (5 - far * (5 / 3 + far * (5 / 8 - far * (1 / 2 - far / 12))))
    return jnp.where(z <= 1, inner, jnp.where(z < 2, jnp.maximum(outer, 0.0), 0.0))


def correction(members: jax.Array, said: jax.Array, cutoff: float) -> jax.Array:
    """What is left of the covariances of members `(N, n)` and predictions `(N, p)` once chance is taken off: `(n, p)`.

    Among N members the squared correlation r^2 of two independent numbers has the mean 1 / (N - 1), which is taken off,
    times the square of the cut-off: 1 - cutoff^2 / ((N - 1) r^2), and no less than 0. A cut-off of 1 estimates the factor that
    makes the covariance best in the mean square; more is surer that nothing but chance is let through.

    Anderson 2012, Localization and Sampling Error Correction in Ensemble Kalman Filter Data Assimilation, Mon. Weather Rev.
    140, 2359-2371.
    Menetrier, Montmerle, Michel & Berre 2015, Linear Filtering of Sample Covariances for Ensemble-Based Data Assimilation,
    Mon. Weather Rev. 143, 1622-1643.
    """
    first, second = members - members.mean(0), said - said.mean(0)
    both = (first.T @ second) ** 2
    squares = jnp.outer((first**2).sum(0), (second**2).sum(0))
    chance = cutoff**2 / (len(members) - 1)
    return jnp.where(both > 0, jnp.maximum(1 - chance * squares / jnp.where(both > 0, both, 1.0), 0.0), 0.0)


class Localization:
    """Distances between places of the states and what is observed at an event.

    Without localisation all states are at one place, and everything is near.

    Attributes:
        places: how many there are.
    """

    def __init__(self, system: System, event: Events, asked: Any) -> None:
        self._system, self._event = system, event
        self._along: tuple[str, ...] = asked.along if isinstance(asked, GaspariCohn) else ()
        self._radius = asked.radius if isinstance(asked, GaspariCohn) else math.inf
        self._axes = [system.axis(dim) for dim in self._along]
        self._sizes = tuple(len(axis.labels) for axis in self._axes)
        self._offsets = [_offsets(axis, 2 * HALF_WIDTH * self._radius) for axis in self._axes]
        self._shapes = system.shapes_observed(event)
        self.places = math.prod(self._sizes)
        self._sites = [self._boxed(shape) for shape in self._shapes]

    def by_place(self, states: jax.Array) -> jax.Array:
        """States `(N, d)` as `(place, N, elements of a place)`."""
        parts = []
        for name, each in jax.vmap(self._system.fixed.states.split)(states).items():
            first = [1 + dim for dim in self._axes_of(name)]
            moved = jnp.moveaxis(each, (*first, 0), range(len(first) + 1))
            parts.append(moved.reshape(self.places, len(states), -1))
        return jnp.concatenate(parts, axis=-1)

    def together(self, placed: jax.Array) -> jax.Array:
        """The inverse of `by_place`."""
        layout, parts, start = self._system.fixed.states, [], 0
        for name, shape in zip(layout.names, layout.shapes, strict=True):
            at = self._axes_of(name)
            others = [size for axis, size in enumerate(shape) if axis not in at]
            end = start + math.prod(others)
            each = placed[:, :, start:end].reshape(*self._sizes, -1, *others)
            moved = jnp.moveaxis(each, range(len(at) + 1), (*(1 + axis for axis in at), 0))
            parts.append(moved.reshape(len(moved), -1))
            start = end
        return jnp.concatenate(parts, axis=-1)

    def everywhere(
        self,
        ensemble: jax.Array,
        at_place: Callable[[jax.Array, jax.Array], tuple[jax.Array, Any]],
        parameters: Callable[[jax.Array], jax.Array],
    ) -> tuple[jax.Array, Any]:
        """Members `(N, n)` after their states were moved place by place, and the parameters beside them, which are nowhere.

        Arguments:
            at_place: as of `at_places`.
            parameters: from parameters `(N, n - d)` to these as they are then.
        """
        size = self._system.size
        moved, told = self.at_places(ensemble[:, :size], at_place)
        if ensemble.shape[1] == size:
            return moved, told
        return jnp.concatenate([moved, parameters(ensemble[:, size:])], axis=1), told

    def at_places(
        self, states: jax.Array, function: Callable[[jax.Array, jax.Array], tuple[jax.Array, Any]]
    ) -> tuple[jax.Array, Any]:
        """States `(N, d)` after each place was moved, so many places at a time; and what is told of the places.

        Arguments:
            function: from the number of a place and its members `(N, elements of a place)` to these as they are then, and
                something to tell.
        """
        elements = self.by_place(jnp.arange(states.shape[1])[None])[:, 0]

        def some(moved: jax.Array, numbers: jax.Array) -> tuple[jax.Array, jax.Array]:
            at = elements[numbers]
            found, told = jax.vmap(function)(numbers, jnp.moveaxis(states[:, at], 1, 0))
            return moved.at[:, at].set(jnp.moveaxis(found, 0, 1)), told

        numbers = in_blocks(self.places)
        moved, told = jax.lax.scan(some, states, numbers)
        return moved, jax.tree.map(lambda each: jnp.zeros(self.places, each.dtype).at[numbers].set(each), told)

    def place(self, number: jax.Array) -> jax.Array:
        """Where a place is, along each dimension."""
        indices = jnp.unravel_index(number, self._sizes) if self._sizes else ()
        labels = [jnp.asarray(axis.labels)[index] for axis, index in zip(self._axes, indices, strict=True)]
        return jnp.stack(labels) if labels else jnp.zeros(0)

    def observed_at(self) -> jax.Array:
        """Where what is observed lies, along each dimension `(p, dimension)`."""
        return jnp.concatenate([self._system.elements(shape, self._along, self._event)[0] for shape in self._shapes])

    def near_places(self, at: jax.Array) -> Near:
        """The places near a point."""
        stencils = self._stencils(at)
        axes = tuple(zip(self._along, self._sizes, strict=True))
        return self._product(axes, stencils, jnp.zeros(()))

    def near_observed(self, at: jax.Array) -> Near:
        """What is observed near a point."""
        stencils = self._stencils(at)
        found = [
            self._by_stencils(shape, stencils, at) if sites is None else self._by_boxes(shape, sites, at)
            for shape, sites in zip(self._shapes, self._sites, strict=True)
        ]
        return Near(*(jnp.concatenate(each) for each in zip(*found, strict=True)))

    # ------------------------------------------------------------------------------------------------- how it is done

    def _by_stencils(self, shape: Shape, stencils: dict[str, _Stencil], at: jax.Array) -> Near:
        """Of a likelihood, along dimensions of its own by stencils, along others all."""
        squares = jnp.zeros(())
        for number, dim in enumerate(self._along):
            if dim not in shape.dims:
                away = self._system.place_observed(shape, dim, self._event) - at[number]
                squares += wrapped(away, self._axes[number]) ** 2
        near = self._product(tuple(zip(shape.dims, shape.sizes, strict=True)), stencils, squares)
        return Near(shape.start + near.indices, near.weights)

    def _by_boxes(self, shape: Shape, sites: _Sites, at: jax.Array) -> Near:
        """Of a likelihood, what lies in the boxes around."""
        numbers, there = sites.boxes.around(sites.filled, at)
        weights = self._weights(self._squares(sites.places[numbers], at), there)
        if sites.most < len(weights):
            weights, best = jax.lax.top_k(weights, sites.most)
            numbers = numbers[best]
        return Near(shape.start + numbers, weights)

    def _squares(self, places: jax.Array, at: jax.Array) -> jax.Array:
        """Squares of the distances of places `(…, dimension)` from a point."""
        away = [wrapped(places[..., number] - at[number], axis) for number, axis in enumerate(self._axes)]
        return jnp.sum(jnp.stack(away) ** 2, axis=0)

    def _axes_of(self, state: str) -> list[int]:
        dims = self._system.state_dims()[state]
        return [dims.index(dim) for dim in self._along]

    def _stencils(self, at: jax.Array) -> dict[str, _Stencil]:
        found = {}
        for number, (dim, axis, offsets) in enumerate(zip(self._along, self._axes, self._offsets, strict=True)):
            size = len(axis.labels)
            if offsets is None:
                indices, inside = jnp.arange(size), jnp.ones(size, bool)
            else:
                first = axis.labels[0]
                point = first + (at[number] - first) % axis.period if math.isfinite(axis.period) else at[number]
                indices = jnp.searchsorted(jnp.asarray(axis.labels), point) + offsets
                inside = (indices >= 0) & (indices < size) | math.isfinite(axis.period)
                indices = indices % size
            away = wrapped(jnp.asarray(axis.labels)[indices] - at[number], axis)
            found[dim] = _Stencil(indices, away**2, inside)
        return found

    def _product(self, dims: tuple[tuple[str, int], ...], stencils: dict[str, _Stencil], squares: jax.Array) -> Near:
        """Elements over dimensions, near along those that have a stencil; `squares` of distances along others broadcast."""
        indices, inside, stride = jnp.zeros((), int), jnp.ones((), bool), 1
        for number, (dim, size) in reversed(list(enumerate(dims))):
            lying = [-1 if number == other else 1 for other in range(len(dims))]
            own = stencils.get(dim)
            along = jnp.arange(size) if own is None else own.indices
            indices = indices + stride * along.reshape(lying)
            if own is not None:
                squares = squares + own.squares.reshape(lying)
                inside = inside & own.inside.reshape(lying)
            stride *= size
        weights = self._weights(squares, inside)
        return Near(jnp.ravel(indices), jnp.ravel(jnp.broadcast_to(weights, indices.shape)))

    def _weights(self, squares: jax.Array, inside: jax.Array) -> jax.Array:
        """What squares of distances leave of what is inside."""
        # The root has no slope at 0, which a derivative of the filter would meet at every place that observes itself.
        distance = jnp.sqrt(jnp.where(squares > 0, squares, 1.0)) * (squares > 0)
        return jnp.where(inside, taper(distance, self._radius), 0.0)

    def _boxed(self, shape: Shape) -> _Sites | None:
        """Boxes of what a likelihood observes at places of its own; None where it does not, or where all is near."""
        if all(dim in shape.dims for dim in self._along):
            return None
        periods = [axis.period for axis in self._axes]
        every = self._system.elements_of_events(shape, self._along)
        boxes = boxes_of(*every, periods, 2 * HALF_WIDTH * self._radius)
        if boxes.near >= math.prod(shape.sizes):
            return None
        places, there = self._system.elements(shape, self._along, self._event)
        return _Sites(boxes, boxes.filled(places, there), places, self._most_near(boxes, *every))

    def _most_near(self, boxes: Boxes, points: np.ndarray, there: np.ndarray) -> int:
        """How many points are near a place, or near one of them, at most; of many sets that is not counted.

        Arguments:
            points, there: as of `boxes_of`.
        """
        sets = np.unique(np.where(there[..., None], points, np.nan), axis=0)
        if len(sets) * (self.places + points.shape[1]) * boxes.near > _COUNTED:
            return boxes.near

        def near(filled: Filled, places: jax.Array, at: jax.Array) -> jax.Array:
            numbers, found = boxes.around(filled, at)
            squares = self._squares(places[numbers], at)
            return jnp.sum(found & (squares < (2 * HALF_WIDTH * self._radius) ** 2))

        @jax.jit
        def most(places: jax.Array) -> jax.Array:
            known = jnp.isfinite(places[:, 0])
            filled = boxes.filled(places, known)
            of_places = jax.lax.map(
                lambda number: near(filled, places, self.place(number)), jnp.arange(self.places), batch_size=BLOCK
            )
            of_points = jax.lax.map(partial(near, filled, places), places, batch_size=BLOCK)
            return jnp.maximum(jnp.max(of_places), jnp.max(jnp.where(known, of_points, 0)))

        with jax.ensure_compile_time_eval():
            return max(1, *(int(most(jnp.asarray(each))) for each in sets))


class _Sites(NamedTuple):
    """Where what is observed lies `(p, dimension)`, boxes that hold it, and how much is near any place at most."""

    boxes: Boxes
    filled: Filled
    places: jax.Array
    most: int


class _Stencil(NamedTuple):
    """What is near a point along one dimension: which labels, the squares of their distances, and whether they are there."""

    indices: jax.Array
    squares: jax.Array
    inside: jax.Array


def in_blocks(count: int) -> jax.Array:
    """Numbers from 0 to so many in their order, `(block, in a block)`; the last block begins in the one before, to be full."""
    size = min(BLOCK, count)
    return jnp.minimum(jnp.arange(0, count, size), count - size)[:, None] + jnp.arange(size)


def wrapped[A: (jax.Array, np.ndarray)](away: A, axis: Axis) -> A:
    """The shorter way round, where an axis goes round."""
    if not math.isfinite(axis.period):
        return away
    return away - axis.period * (away / axis.period).round()


def _offsets(axis: Axis, width: float) -> np.ndarray | None:
    """Places of labels within a width of a point, counted from the first label that is not before it; None where it is all."""
    labels, size = axis.labels, len(axis.labels)
    if np.any(np.diff(labels) <= 0):
        return None
    beyond = np.concatenate([labels, labels + axis.period]) if math.isfinite(axis.period) else labels
    most = int(np.max(np.searchsorted(beyond, labels + width, side="right") - np.arange(size)))
    return np.arange(-most, most) if 2 * most < size else None
