"""Unknowns in increasing order."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from numpyro.distributions import constraints

from uqdsl.runtime.untyped import Constraint, Distribution, Transform, biject_to


class Ordered(Distribution):
    """Independent laws along the last axis, restricted to increasing values: Π law_k(x_k) for x_1 < x_2 < …

    As in Stan the density is not divided by the probability that draws come in this order, which is a constant, 1 / K!,
    where the laws are all the same.

    Arguments:
        law: its last batch axis is the one that is ordered.
        size: of that axis.
        alike: whether all laws along it are the same, so that sorted draws are draws.
    """

    pytree_data_fields = ("law",)

    def __init__(self, law: Any, size: int, *, alike: bool = True) -> None:
        self.law, self.size, self.alike = law, size, alike
        super().__init__(law.batch_shape[:-1], (size,))

    @property
    def drawable(self) -> bool:
        """Whether it has a sampler."""
        return self.alike

    @property
    def support(self) -> Any:
        return _Increasing(self.law.support)

    def log_prob(self, value: jax.Array) -> jax.Array:
        return jnp.sum(jnp.broadcast_to(self.law.log_prob(value), value.shape), axis=-1)

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        if not self.alike:
            raise NotImplementedError("laws that differ have no sampler of ordered draws")
        return jnp.sort(self.law.expand((*self.batch_shape, self.size)).sample(key, sample_shape), axis=-1)


class _Increasing(Constraint):
    """Increasing values along the last axis, each in a support."""

    def __init__(self, base: Any) -> None:
        self.base = base

    @property
    def event_dim(self) -> int:
        return 1

    def __call__(self, x: jax.Array) -> jax.Array:
        return jnp.all(x[..., 1:] > x[..., :-1], axis=-1) & jnp.all(self.base(x), axis=-1)

    def feasible_like(self, prototype: jax.Array) -> jax.Array:
        steps = jnp.linspace(-1.0, 1.0, prototype.shape[-1])
        return _Rising(self).onto_support(jnp.broadcast_to(steps, prototype.shape))

    def tree_flatten(self) -> tuple[tuple, tuple]:
        return (self.base,), (("base",), {})


class _Rising(Transform):
    """x_1 = b(y_1), x_k = b(y_1 + e^{y_2} + … + e^{y_k}) with b the increasing bijection of the reals to the support."""

    domain = constraints.real_vector

    def __init__(self, onto: _Increasing) -> None:
        self.onto, self.inner = onto, biject_to(onto.base)
        # NumPyro reaches the numbers below a bound by a decreasing function.
        ends = self.inner(jnp.array([0.0, 1.0]).reshape(2, *(1,) * _rank(onto.base)))
        self.direction = jnp.where(jnp.all(ends[0] <= ends[1]), 1.0, -1.0)

    @property
    def codomain(self) -> Any:
        return self.onto

    def onto_support(self, steps: jax.Array) -> jax.Array:
        return self.inner(self.direction * steps)

    def _steps(self, x: jax.Array) -> jax.Array:
        return jnp.cumsum(jnp.concatenate([x[..., :1], jnp.exp(x[..., 1:])], axis=-1), axis=-1)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.onto_support(self._steps(x))

    def _inverse(self, y: jax.Array) -> jax.Array:
        steps = self.direction * self.inner._inverse(y)  # noqa: SLF001 - NumPyro's own protocol
        return jnp.concatenate([steps[..., :1], jnp.log(jnp.diff(steps, axis=-1))], axis=-1)

    def log_abs_det_jacobian(self, x: jax.Array, y: jax.Array, intermediates: object = None) -> jax.Array:
        volume = self.inner.log_abs_det_jacobian(self.direction * self._steps(x), y)
        return jnp.sum(x[..., 1:], axis=-1) + jnp.sum(volume, axis=-1)


def _rank(base: Any) -> int:
    """Axes of the ends of a support."""
    ends = (getattr(base, name, None) for name in ("lower_bound", "upper_bound"))
    return max((jnp.ndim(end) for end in ends if end is not None), default=0)


@biject_to.register(_Increasing)
def _(constraint: _Increasing) -> Any:
    return _Rising(constraint)
