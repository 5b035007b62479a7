"""The kinds of states, and the unconstrained scale of each on which methods move them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

import jax
import jax.numpy as jnp
from numpyro.distributions import biject_to, constraints

from uqdsl.infer.positions import Layout

_EDGE = 1e-10
"""How near to an end of its support that belongs to it a state can come: the end itself lies infinitely far away."""
_SUPPORTS = {
    "positive": (constraints.positive, None, None),
    "nonnegative": (constraints.positive, _EDGE, None),
    "unit": (constraints.unit_interval, _EDGE, 1 - _EDGE),
}
"""Of each kind the support, and the ends to which values are put back that reach them."""


class Supports:
    """The unconstrained scale of states, by the bijections that parameters have: a logarithm, or a logit.

    Attributes:
        real: whether that is the scale of the spec itself.
    """

    def __init__(self, kinds: Sequence[str], layout: Layout) -> None:
        sizes = [math.prod(shape) for shape in layout.shapes]
        ends = list(accumulate(sizes, initial=0))
        # Behind the states stand their errors, which are real.
        places = zip(layout.names, kinds, ends, ends[1:], strict=False)
        self._parts = {name: (kind, slice(start, end)) for name, kind, start, end in places if kind != "real"}
        self.real = not self._parts

    def is_logarithmic(self, name: str) -> bool:
        """Whether a state is moved on the scale of its logarithm."""
        return name in self._parts and self._parts[name][0] != "unit"

    def placed(self, states: jax.Array) -> jax.Array:
        """States `(…, d)` on the scale of their supports."""
        for kind, part in self._parts.values():
            states = jnp.asarray(states).at[..., part].set(biject_to(_SUPPORTS[kind][0])(states[..., part]))
        return states

    def free(self, values: jax.Array) -> jax.Array:
        """States `(…, d)` on their unconstrained scale; what lies beyond an end is put back to it, and NaN if it has none."""
        for kind, part in self._parts.values():
            support, low, high = _SUPPORTS[kind]
            values = (
                jnp.asarray(values).at[..., part].set(biject_to(support).inv(jnp.clip(values[..., part], low, high)))
            )
        return values
