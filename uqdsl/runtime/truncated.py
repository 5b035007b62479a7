"""A law confined to an interval."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from numpyro.distributions import constraints

from uqdsl.runtime.special import log1mexp
from uqdsl.runtime.tails import log_tails
from uqdsl.runtime.untyped import Distribution, dependent, dependent_property

_STEPS = 80
"""Halvings of an interval of the line on which quantiles are looked for."""

_FARTHEST = 1e30


class Truncated(Distribution):
    """A law confined to `low <= x <= high`: its density divided by the probability of the interval, 0 outside of it.

    The probability is a difference in the tail in which the interval lies, on the log scale, so that it neither underflows
    nor cancels: `Truncated(Normal(0, 1), 40)` is as exact as `Truncated(Normal(0, 1), -1, 1)`. Of an interval so narrow that
    the law hardly changes on it, as many digits are lost as it has leading zeros beside the tail beyond it.

    Arguments:
        base_dist: a law over numbers that `log_tails` knows.
        low, high: the ends, both of them included; None for that of the law.

    Example:
        >>> import numpyro.distributions as dist
        >>> round(float(Truncated(dist.Normal(0.0, 1.0), low=40.0).log_prob(40.1)), 4)
        -0.3155
    """

    arg_constraints: ClassVar = {
        "low": dependent(is_discrete=False, event_dim=0),
        "high": dependent(is_discrete=False, event_dim=0),
    }
    pytree_data_fields: ClassVar = ("base_dist", "low", "high")

    def __init__(
        self,
        base_dist: Any,
        low: ArrayLike | None = None,
        high: ArrayLike | None = None,
        *,
        validate_args: bool | None = None,
    ) -> None:
        self.base_dist, self.low, self.high = base_dist, low, high
        ends = [jnp.shape(each) for each in (low, high) if each is not None]
        super().__init__(jnp.broadcast_shapes(base_dist.batch_shape, *ends), validate_args=validate_args)

    @property
    def _ends(self) -> tuple[Any, Any]:
        """The smallest and the largest value, an infinity where there is none."""
        whole = self.base_dist.support
        start, end = getattr(whole, "lower_bound", -jnp.inf), getattr(whole, "upper_bound", jnp.inf)
        low = start if self.low is None else jnp.maximum(self.low, start)
        high = end if self.high is None else jnp.minimum(self.high, end)
        return (jnp.ceil(low), jnp.floor(high)) if self._whole else (low, high)

    @property
    def _whole(self) -> bool:
        return self.base_dist.is_discrete

    @dependent_property(event_dim=0)
    def support(self) -> constraints.Constraint:
        (low, high), whole = self._ends, self.base_dist.support
        above = self.low is None and not hasattr(whole, "lower_bound")
        below = self.high is None and not hasattr(whole, "upper_bound")
        if self._whole:
            return constraints.integer_greater_than(low) if below else constraints.integer_interval(low, high)
        if above:
            return constraints.real if below else constraints.less_than_eq(high)
        return constraints.greater_than_eq(low) if below else constraints.interval(low, high)

    def tails(self, x: ArrayLike) -> tuple[jax.Array, jax.Array]:
        """The tails of the law itself, at any x."""
        whole = self.base_dist.support
        start, end = getattr(whole, "lower_bound", -jnp.inf), getattr(whole, "upper_bound", jnp.inf)
        x = jnp.asarray(x, jnp.result_type(float))
        below = (x < start) if self._whole else (x <= start)
        above = x >= end
        below, above = below | (x == -jnp.inf), above | (x == jnp.inf)
        inner = between(start, end)
        lower, upper = log_tails(self.base_dist, jnp.where(below | above, inner, x))
        return (
            jnp.where(below, -jnp.inf, jnp.where(above, 0.0, lower)),
            jnp.where(below, 0.0, jnp.where(above, -jnp.inf, upper)),
        )

    def _log_mass(self, low: ArrayLike | None, high: ArrayLike | None) -> jax.Array:
        """`log P(low <= X <= high)`."""
        if low is None:
            return jnp.zeros(()) if high is None else self.tails(high)[0]
        low_below, low_above = self.tails(low - 1 if self._whole else low)
        if high is None:
            return low_above
        high_below, high_above = self.tails(high)
        # The interval lies in the upper tail, in the lower tail, or holds the median.
        upper, lower = low_above < low_below, high_below < high_above
        whole = jnp.where(upper, low_above, jnp.where(lower, high_below, 0.0))
        outside = jnp.where(upper, high_above, jnp.where(lower, low_below, jnp.logaddexp(low_below, high_above)))
        return whole + log1mexp(jnp.minimum(outside - whole, 0.0))

    def log_prob(self, value: jax.Array) -> jax.Array:
        low, high = self._ends
        inside = (value >= low) & (value <= high)
        density = self.base_dist.log_prob(value) - self._log_mass(*self._bounds)
        return jnp.where(inside, density, -jnp.inf)

    @property
    def _bounds(self) -> tuple[ArrayLike | None, ArrayLike | None]:
        low, high = self._ends
        return None if self.low is None else low, None if self.high is None else high

    def cdf(self, value: jax.Array) -> jax.Array:
        low, high = self._bounds
        at = jnp.clip(jnp.floor(value) if self._whole else value, self._ends[0], self._ends[1])
        mass = jnp.exp(self._log_mass(low, at) - self._log_mass(low, high))
        return jnp.where(value < self._ends[0], 0.0, jnp.minimum(mass, 1.0))

    def icdf(self, q: ArrayLike) -> jax.Array:
        """The quantile: the smallest value with at least that probability up to it, by bisection."""
        low, high = self._ends
        bound = self._bounds[0]
        wanted = jnp.log(q) + self._log_mass(*self._bounds)

        def enough(x: jax.Array) -> jax.Array:
            # Where a law is too far out for its probability to be computed, that is enough too.
            return ~(self._log_mass(bound, x) < wanted)

        def halve(_: int, ends: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            middle = 0.5 * (ends[0] + ends[1])
            if self._whole:
                middle = jnp.floor(middle)
            reached = enough(middle if self._whole else _from_line(middle))
            return jnp.where(reached, ends[0], middle), jnp.where(reached, middle, ends[1])

        shape = jnp.broadcast_shapes(jnp.shape(wanted), self.batch_shape)
        low, high = (jnp.broadcast_to(jnp.asarray(each, wanted.dtype), shape) for each in (low, high))
        first = low - 1 if self._whole else low
        start = _reach(first, jnp.where(jnp.isfinite(high), high, 0.0), -1.0, lambda x: ~enough(x))
        end = _reach(high, jnp.where(jnp.isfinite(low), low, 0.0), 1.0, enough)
        if self._whole:
            return jax.lax.fori_loop(0, _STEPS, halve, (start, end))[1].astype(int)
        start, end = jax.lax.fori_loop(0, _STEPS, halve, (_to_line(start), _to_line(end)))
        return jnp.clip(_from_line(end), low, high)

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        smallest = jnp.finfo(jnp.result_type(float)).tiny
        return self.icdf(jax.random.uniform(key, (*sample_shape, *self.batch_shape), minval=smallest))


def between(start: ArrayLike, end: ArrayLike) -> jax.Array:
    """A number inside of an interval, 0 if it has no end."""
    bounded = jnp.isfinite(start), jnp.isfinite(end)
    low, high = jnp.where(bounded[0], start, 0.0), jnp.where(bounded[1], end, 0.0)
    either = jnp.where(bounded[0], low + 1, jnp.where(bounded[1], high - 1, 0.0))
    return jnp.where(bounded[0] & bounded[1], 0.5 * (low + high), either)


def _reach(end: jax.Array, anchor: jax.Array, sign: float, beyond: Callable[[jax.Array], jax.Array]) -> jax.Array:
    """An end of an interval; for an infinite one a number `beyond` what is looked for, as near as eight times its distance."""
    finite = jnp.isfinite(end)

    def place(step: jax.Array) -> jax.Array:
        return jnp.where(finite, end, anchor + sign * step)

    def going(step: jax.Array) -> jax.Array:
        return jnp.any(~finite & ~beyond(place(step)) & (step < _FARTHEST))

    def widen(step: jax.Array) -> jax.Array:
        return jnp.where(finite | beyond(place(step)), step, 8 * step)

    return place(jax.lax.while_loop(going, widen, jnp.ones_like(anchor)))


# Quantiles are looked for on a line on which equal steps are equal factors, whatever the size of a number.


def _range() -> tuple[float, float]:
    """The logarithms of the smallest and the largest size of a number."""
    precision = jnp.finfo(jnp.result_type(float))
    return log(float(precision.tiny)), log(float(precision.max))


def _to_line(x: ArrayLike) -> jax.Array:
    precision = jnp.finfo(jnp.result_type(float))
    size = jnp.clip(jnp.abs(jnp.asarray(x, precision.dtype)), precision.tiny, precision.max)
    return jnp.sign(x) * (jnp.log(size) - _range()[0])


def _from_line(place: jax.Array) -> jax.Array:
    smallest, largest = _range()
    size = jnp.exp(jnp.minimum(jnp.abs(place) + smallest, largest))
    return jnp.sign(place) * jnp.where(place == 0, 0.0, size)
