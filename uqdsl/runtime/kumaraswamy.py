"""The law of Kumaraswamy, exact near 1."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.scipy.special import xlogy
from jax.typing import ArrayLike
from numpyro import distributions as dist
from numpyro.distributions.util import validate_sample

from uqdsl.runtime.special import log1mexp


class Kumaraswamy(dist.Kumaraswamy):
    """The density `a b x^(a - 1) (1 - x^a)^(b - 1)`; NumPyro's loses its digits, and its gradient, where x^a is near 1.

    References:
        Kumaraswamy (1980), A generalized probability density function for double-bounded random processes.
    """

    @property
    def _exponents(self) -> tuple[jax.Array, jax.Array]:
        return jnp.asarray(self.concentration1), jnp.asarray(self.concentration0)

    @validate_sample
    def log_prob(self, value: ArrayLike) -> jax.Array:
        value = jnp.asarray(value)
        a, b = self._exponents
        inside = value < 1
        rest = log1mexp(a * jnp.log(jnp.where(inside, value, 0.5)))
        end = jnp.where(b == 1, 0.0, jnp.where(b > 1, -jnp.inf, jnp.inf))
        return jnp.log(a) + jnp.log(b) + xlogy(a - 1, value) + jnp.where(inside, (b - 1) * rest, end)

    def log_tails(self, value: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The logarithms of the probabilities below and above a value."""
        a, b = self._exponents
        above = b * log1mexp(a * jnp.log(value))
        return log1mexp(above), above
