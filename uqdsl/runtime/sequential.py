"""The law of a series each of whose places depends on those before it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from numpyro.distributions import constraints
from numpyro.distributions.distribution import validation_enabled

from uqdsl.runtime.untyped import Constraint, Distribution, Transform, biject_to


class Sequential(Distribution):
    """x[0], …, x[k-1] start; x[t] ~ step(x[t-k], …, x[t-1], inputs[t]) for t = k, …, length - 1.

    log p(x) = Σ_{t<k} log p_start(x[t]) + Σ_{t>=k} log p_step(x[t] | x[t-k..t-1])

    Arguments:
        step: `step(past, *inputs)`, the law of one place, whose support is that of every place. `past` is the value one
            place before (k = 1), or the array `(k, …)` of the last k, oldest first.
        start: laws of the first k places, or their values, `(k, …)`.
        inputs: arrays whose first axis goes along the places from k on, `(length - k, …)`.
        length: of the series.
        shape: of one place.
        axis: where the series lies among the axes of a value.
        pointwise: whether `log_prob` keeps the places apart, `(length, …)`, with zero for places that are given; else it
            is one number.
    """

    pytree_data_fields = ("start", "inputs")

    def __init__(
        self,
        step: Callable[..., Any],
        start: Sequence[Any] | jax.Array,
        inputs: Sequence[jax.Array] = (),
        *,
        length: int,
        shape: tuple[int, ...] = (),
        axis: int = 0,
        pointwise: bool = False,
    ) -> None:
        self.step, self.start, self.inputs = step, start, tuple(jnp.asarray(each) for each in inputs)
        self.length, self.place, self.axis, self.pointwise = length, shape, axis, pointwise
        self.lags = len(start)
        whole = (*shape[:axis], length, *shape[axis:])
        super().__init__(whole if pointwise else (), () if pointwise else whole)

    @property
    def support(self) -> Any:
        """That of every place; places that are given are not free."""
        kind = self.start[0].is_discrete if isinstance(self.start, Sequence) else False
        past = jnp.zeros((self.lags, *self.place), int if kind else float)
        with validation_enabled(False):  # the parameters after such a past need not be possible ones
            law = self._law(past, tuple(each[0] for each in self.inputs))
        if self.pointwise:
            return law.support
        if isinstance(self.start, Sequence):
            return constraints.independent(law.support, len(self.place) + 1 - law.event_dim)
        start = jnp.broadcast_to(jnp.asarray(self.start, float), (self.lags, *self.place))
        count = len(self.place) + 1
        return _Started(jnp.moveaxis(start, 0, self.axis), law.support, self.axis - count, count)

    def _law(self, past: jax.Array, given: tuple[jax.Array, ...]) -> Any:
        return self.step(past[0] if self.lags == 1 else past, *given)

    def _first(self) -> list[Any]:
        return list(self.start) if isinstance(self.start, Sequence) else []

    def log_prob(self, value: jax.Array) -> jax.Array:
        series = jnp.moveaxis(value, self.axis, 0)
        places = jnp.arange(self.lags, self.length)[:, None] - jnp.arange(self.lags, 0, -1)
        terms = jax.vmap(lambda past, x, *given: self._density(self._law(past, given), x))(
            series[places], series[self.lags :], *self.inputs
        )
        first = [self._density(law, series[place]) for place, law in enumerate(self._first())]
        start = jnp.stack(first) if first else jnp.zeros((self.lags, *terms.shape[1:]))
        if not self.pointwise:
            return jnp.sum(start) + jnp.sum(terms)
        return jnp.moveaxis(jnp.concatenate([start, terms]), 0, self.axis)

    def _density(self, law: Any, value: jax.Array) -> jax.Array:
        return jnp.broadcast_to(law.log_prob(value), self.place[: len(self.place) - law.event_dim])

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        if sample_shape:
            drawn = jax.vmap(self.sample)(jax.random.split(key, math.prod(sample_shape)))
            return drawn.reshape(*sample_shape, *drawn.shape[1:])
        first, rest = jax.random.split(key)
        keys = jax.random.split(first, self.lags)
        if isinstance(self.start, Sequence):
            start = jnp.stack([self._draw(law, each) for law, each in zip(self._first(), keys, strict=True)])
        else:
            start = jnp.broadcast_to(jnp.asarray(self.start), (self.lags, *self.place))

        def ahead(past: jax.Array, given: tuple[jax.Array, tuple[jax.Array, ...]]) -> tuple[jax.Array, jax.Array]:
            key, inputs = given
            new = self._draw(self._law(past, inputs), key).astype(past.dtype)
            return jnp.concatenate([past[1:], new[None]]), new

        count = self.length - self.lags
        _, drawn = jax.lax.scan(ahead, start, (jax.random.split(rest, count), self.inputs))
        return jnp.moveaxis(jnp.concatenate([start, drawn]), 0, self.axis)

    def continued(self, key: jax.Array, series: jax.Array, known: jax.Array) -> jax.Array:
        """A draw of a series whose places are as they are where they are known, each given those before it.

        Arguments:
            series: of the shape of a draw.
            known: where it is known, of the same shape.
        """
        values, there = (jnp.moveaxis(each, self.axis, 0) for each in (series, known))

        def ahead(past: jax.Array, here: tuple[jax.Array, jax.Array, jax.Array, Any]) -> tuple[jax.Array, jax.Array]:
            key, value, known, inputs = here
            drawn = self._draw(self._law(past, inputs), key).astype(past.dtype)
            new = jnp.where(known, value, drawn)
            return jnp.concatenate([past[1:], new[None]]), new

        keys, lags = jax.random.split(key, self.length - self.lags), self.lags
        _, rest = jax.lax.scan(ahead, values[:lags], (keys, values[lags:], there[lags:], self.inputs))
        return jnp.moveaxis(jnp.concatenate([values[:lags], rest]), 0, self.axis)

    def _draw(self, law: Any, key: jax.Array) -> jax.Array:
        missing = self.place[: len(self.place) - law.event_dim]
        return law.expand(missing).sample(key) if law.batch_shape != missing else law.sample(key)


class _Started(Constraint):
    """Series whose first places have given values, and whose others lie in the support of one.

    `axis` is that of the series, counted from the last of a value; `start` has its axis there too.
    """

    def __init__(self, start: jax.Array, base: Any, axis: int, event_dim: int) -> None:
        self.start, self.base, self.axis, self._event_dim = start, base, axis, event_dim

    @property
    def event_dim(self) -> int:
        return self._event_dim

    @property
    def given(self) -> int:
        """How many places are given."""
        return self.start.shape[self.axis]

    def rest(self, x: jax.Array) -> jax.Array:
        """The places that are free."""
        return jax.lax.slice_in_dim(x, self.given, None, axis=self.axis % x.ndim)

    def whole(self, rest: jax.Array) -> jax.Array:
        """The series with the places that are given."""
        batch = rest.shape[: rest.ndim - self._event_dim]
        start = jnp.broadcast_to(self.start, (*batch, *self.start.shape)).astype(rest.dtype)
        return jnp.concatenate([start, rest], axis=self.axis)

    def __call__(self, x: jax.Array) -> jax.Array:
        inside = self.base(self.rest(x))
        return jnp.all(inside, axis=tuple(range(inside.ndim - self._event_dim, inside.ndim)))

    def feasible_like(self, prototype: jax.Array) -> jax.Array:
        return self.whole(self.base.feasible_like(self.rest(prototype)))

    def tree_flatten(self) -> tuple[tuple, tuple]:
        return (self.start, self.base), (("start", "base"), {"axis": self.axis, "_event_dim": self._event_dim})


class _Starting(Transform):
    """From the places that are free to the whole series."""

    def __init__(self, onto: _Started) -> None:
        self.onto, self.inner = onto, biject_to(onto.base)

    @property
    def domain(self) -> Any:
        return constraints.independent(constraints.real, self.onto.event_dim)

    @property
    def codomain(self) -> Any:
        return self.onto

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.onto.whole(self.inner(x))

    def _inverse(self, y: jax.Array) -> jax.Array:
        return self.inner._inverse(self.onto.rest(y))  # noqa: SLF001 - NumPyro's own protocol

    def log_abs_det_jacobian(self, x: jax.Array, y: jax.Array, intermediates: object = None) -> jax.Array:
        volume = self.inner.log_abs_det_jacobian(x, self.onto.rest(y))
        batch = y.ndim - self.onto.event_dim
        return jnp.sum(volume, axis=tuple(range(batch, volume.ndim)))

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return self._longer(shape, self.onto.given)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return self._longer(shape, -self.onto.given)

    def _longer(self, shape: tuple[int, ...], by: int) -> tuple[int, ...]:
        place = self.onto.axis % len(shape)
        return (*shape[:place], shape[place] + by, *shape[place + 1 :])


@biject_to.register(_Started)
def _(constraint: _Started) -> Any:
    return _Starting(constraint)
