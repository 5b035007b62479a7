"""An array that is known at most of its places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import constraints

from uqdsl.runtime.untyped import Constraint, Distribution, Transform, biject_to


class Imputed(Distribution):
    """A law of an array of which all but some places are known: Σ log law(x) over every place, known ones too.

    Arguments:
        law: of one place, or of each.
        values: the array; what it holds at the places that are missing does not matter.
        places: the missing ones, as positions in the flattened array.
    """

    pytree_data_fields = ("law", "values")

    def __init__(self, law: Any, values: jax.Array, places: Sequence[int]) -> None:
        self.law, self.values, self.places = law, jnp.asarray(values), tuple(places)
        super().__init__((), self.values.shape)

    @property
    def support(self) -> Any:
        return _Partly(self.values, self.law.support, self.places)

    def log_prob(self, value: jax.Array) -> jax.Array:
        axes = tuple(range(value.ndim - self.event_dim, value.ndim))
        return jnp.sum(jnp.broadcast_to(self.law.log_prob(value), value.shape), axis=axes)

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        law = self.law if self.law.batch_shape == self.event_shape else self.law.expand(self.event_shape)
        drawn = law.sample(key, sample_shape).reshape(*sample_shape, -1)
        places = np.asarray(self.places, int)
        known = jnp.broadcast_to(self.values.ravel(), drawn.shape).astype(drawn.dtype)
        return known.at[..., places].set(drawn[..., places]).reshape(*sample_shape, *self.event_shape)


class _Partly(Constraint):
    """Arrays that are given but for some places, which lie in the support of one."""

    def __init__(self, values: jax.Array, base: Any, places: tuple[int, ...]) -> None:
        self.values, self.base, self.places = values, base, places

    @property
    def event_dim(self) -> int:
        return self.values.ndim

    @property
    def is_discrete(self) -> bool:
        return self.base.is_discrete

    def whole(self, free: jax.Array) -> jax.Array:
        """The array with these values, `(…, missing)`, at the places that are not given."""
        batch = free.shape[:-1]
        known = jnp.broadcast_to(self.values.ravel().astype(free.dtype), (*batch, self.values.size))
        return known.at[..., np.asarray(self.places, int)].set(free).reshape(*batch, *self.values.shape)

    def free(self, x: jax.Array) -> jax.Array:
        """The values at the places that are not given."""
        batch = x.shape[: x.ndim - self.values.ndim]
        return x.reshape(*batch, -1)[..., np.asarray(self.places, int)]

    def __call__(self, x: jax.Array) -> jax.Array:
        return jnp.all(self.base(self.free(x)), axis=-1)

    def feasible_like(self, prototype: jax.Array) -> jax.Array:
        return self.whole(self.base.feasible_like(self.free(prototype)))

    def tree_flatten(self) -> tuple[tuple, tuple]:
        return (self.values, self.base), (("values", "base"), {"places": self.places})


class _Filling(Transform):
    """From unconstrained values of the missing places to the whole array."""

    domain = constraints.real_vector

    def __init__(self, onto: _Partly) -> None:
        self.onto, self.inner = onto, biject_to(_bare(onto))

    @property
    def codomain(self) -> Any:
        return self.onto

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.onto.whole(self.inner(x))

    def _inverse(self, y: jax.Array) -> jax.Array:
        return self.inner._inverse(self.onto.free(y))  # noqa: SLF001 - NumPyro's own protocol

    def log_abs_det_jacobian(self, x: jax.Array, y: jax.Array, intermediates: object = None) -> jax.Array:
        return jnp.sum(self.inner.log_abs_det_jacobian(x, self.onto.free(y)), axis=-1)

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:-1], *self.onto.values.shape)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[: len(shape) - self.onto.values.ndim], len(self.onto.places))


def _bare(onto: _Partly) -> Any:
    """The support of the missing places, whose ends may differ from place to place."""
    base, places = onto.base, np.asarray(onto.places, int)

    def of(end: jax.Array) -> jax.Array:
        return jnp.broadcast_to(end, onto.values.shape).ravel()[places] if jnp.ndim(end) else end

    low, high = getattr(base, "lower_bound", None), getattr(base, "upper_bound", None)
    if low is not None and high is not None and jnp.ndim(low) + jnp.ndim(high):
        return constraints.interval(of(low), of(high))
    if low is not None and jnp.ndim(low):
        return constraints.greater_than(of(low))
    if high is not None and jnp.ndim(high):
        return constraints.less_than(of(high))
    return base


@biject_to.register(_Partly)
def _(constraint: _Partly) -> Any:
    return _Filling(constraint)
