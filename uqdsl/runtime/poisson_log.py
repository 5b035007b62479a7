"""The Poisson law by the logarithm of its rate."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln
from jax.typing import ArrayLike
from numpyro import distributions as dist
from numpyro.distributions.util import validate_sample


class PoissonLog(dist.Poisson):
    """A Poisson law whose density stays finite where the rate itself underflows.

    Arguments:
        log_rate: the logarithm of the rate.
    """

    pytree_data_fields = ("log_rate",)

    def __init__(self, log_rate: ArrayLike, *, validate_args: bool | None = None) -> None:
        self.log_rate = jnp.asarray(log_rate, jnp.result_type(float))
        super().__init__(jnp.exp(self.log_rate), validate_args=validate_args)

    @validate_sample
    def log_prob(self, value: ArrayLike) -> jax.Array:
        value = jnp.asarray(value, self.log_rate.dtype)
        return value * self.log_rate - jnp.exp(self.log_rate) - gammaln(value + 1)
