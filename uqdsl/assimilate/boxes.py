"""Points in boxes, so that what is near a place is looked for in a few of them and not among all points.

Boxes are as wide as what is near reaches, or wider: it lies in the box of a place or in those next to it. How many boxes
there are, and how many points one holds at most, is known before anything is compiled; which points these are is not. What it
costs to look around hangs on how densely points lie, and not on how many there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

_LEAST = 3
"""Boxes along a dimension; of fewer, each would lie next to every other, and there is one."""


class Boxes(NamedTuple):
    """Boxes side by side along each of some dimensions.

    - first, widths: where they begin, and how wide one is.
    - counts: how many there are.
    - periods: how far it is once round, infinite where it does not go round.
    - most: points in a box.
    """

    first: np.ndarray
    widths: np.ndarray
    counts: tuple[int, ...]
    periods: tuple[float, ...]
    most: int

    @property
    def near(self) -> int:
        """At how many points `around` looks."""
        return self.most * math.prod(min(each, _LEAST) for each in self.counts)

    def of(self, points: jax.Array) -> jax.Array:
        """The box of each point, along each dimension; what lies at the end of the last is in that."""
        return self._inside(self._counted(points))

    def _counted(self, points: jax.Array) -> jax.Array:
        """How many boxes on from the first each point lies, beyond the last too."""
        return jnp.floor((points - self.first) / self.widths).astype(int)

    def _inside(self, boxes: jax.Array) -> jax.Array:
        """The same, once round or at an end where it is beyond."""
        counts = np.array(self.counts)
        return jnp.where(np.isfinite(self.periods), boxes % counts, jnp.clip(boxes, 0, counts - 1))

    def filled(self, points: jax.Array, there: jax.Array) -> Filled:
        """With those of some points `(p, dimension)` that are there."""
        boxes = math.prod(self.counts)
        number = jnp.where(there, jnp.ravel_multi_index(tuple(self.of(points).T), self.counts, mode="clip"), boxes)
        order = jnp.argsort(number)
        return Filled(order, jnp.searchsorted(number[order], jnp.arange(boxes + 1)))

    def around(self, filled: Filled, at: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The numbers of the points that may be near a point, and whether there are such, `(near,)` each."""
        steps = np.array(list(product(*((-1, 0, 1) if each >= _LEAST else (0,) for each in self.counts))))
        boxes, counts = self._counted(at) + steps, np.array(self.counts)
        inside = jnp.all(np.isfinite(self.periods) | (counts == 1) | (boxes >= 0) & (boxes < counts), axis=1)
        number = jnp.ravel_multi_index(tuple(self._inside(boxes).T), self.counts, mode="clip")
        places = filled.starts[number][:, None] + jnp.arange(self.most)
        there = inside[:, None] & (places < filled.starts[number + 1][:, None])
        return jnp.where(there, filled.order[jnp.minimum(places, len(filled.order) - 1)], 0).ravel(), there.ravel()


class Filled(NamedTuple):
    """Points in boxes: their numbers, box after box, `(p,)`, and where each box begins among them, `(box + 1,)`."""

    order: jax.Array
    starts: jax.Array


def boxes_of(points: np.ndarray, there: np.ndarray, periods: Sequence[float], reach: float) -> Boxes:
    """Boxes for any of some sets of points.

    Arguments:
        points: `(set, p, dimension)`.
        there: whether a set has them, `(set, p)`.
        periods: how far it is once round along each dimension, infinite where it does not go round.
        reach: how far away what is near may be.
    """
    of_all = points[there]
    first = np.min(of_all, axis=0, initial=np.inf) if len(of_all) else np.zeros(len(periods))
    spans = np.where(np.isfinite(periods), periods, np.max(of_all - first, axis=0, initial=0.0))
    counts = [count if count >= _LEAST else 1 for count in (spans // reach).astype(int).tolist()]
    widths = np.where(spans > 0, spans, 1.0) / counts
    boxes = Boxes(first, widths, tuple(counts), tuple(periods), 1)
    # As they are found where it is compiled, so that a point at an edge is in the same box.
    with jax.ensure_compile_time_eval():
        found = np.asarray(boxes.of(jnp.asarray(of_all)))
    numbers = np.ravel_multi_index(tuple(found.T), boxes.counts) + math.prod(counts) * np.nonzero(there)[0]
    return boxes._replace(most=int(np.unique(numbers, return_counts=True)[1].max(initial=1)))
