"""Covariances of errors, of which most are diagonal: then they cost as much as a vector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.linalg import block_diag, solve_triangular

from uqdsl.infer.positions import innermost
from uqdsl.runtime import Empirical


class Covariance(NamedTuple):
    """The covariance of a vector.

    - variance: of its elements, `(n,)`.
    - whole: the matrix `(n, n)` where elements are correlated; None where they are not.
    """

    variance: jax.Array
    whole: jax.Array | None = None

    def matrix(self) -> jax.Array:
        """As a matrix `(n, n)`."""
        return jnp.diag(self.variance) if self.whole is None else self.whole

    def whitened(self, vectors: jax.Array) -> jax.Array:
        """Vectors `(…, n)` in units of a root of the covariance."""
        if self.whole is None:
            return vectors / jnp.sqrt(self.variance)
        root = jnp.linalg.cholesky(self.whole)
        flat = solve_triangular(root, vectors.reshape(-1, vectors.shape[-1]).T, lower=True).T
        return flat.reshape(vectors.shape)

    def coloured(self, vectors: jax.Array) -> jax.Array:
        """Vectors `(…, n)` times a root: draws of this covariance from independent ones of variance 1."""
        if self.whole is None:
            return vectors * jnp.sqrt(self.variance)
        values, basis = jnp.linalg.eigh(self.whole)
        return (vectors * jnp.sqrt(jnp.maximum(values, 0.0))) @ basis.T

    def where(self, present: jax.Array, other: float) -> Covariance:
        """This where elements are present, `(n,)`; elsewhere a variance and no correlation."""
        variance = jnp.where(present, self.variance, other)
        if self.whole is None:
            return Covariance(variance)
        both = present[:, None] & present[None, :]
        return Covariance(variance, jnp.where(both, self.whole, jnp.diag(jnp.where(present, 0.0, other))))


def centre(law: Any) -> jax.Array:
    """The mean of a law, of its shape; of one for which no formula is known, that of its quantiles; NaN where it has none."""
    try:
        return law.mean
    except NotImplementedError:
        pass
    try:
        places = (jnp.arange(_QUANTILES) + 0.5) / _QUANTILES
        return jnp.mean(law.icdf(places.reshape(-1, *(1 for _ in law.batch_shape))), axis=0)
    except (NotImplementedError, AttributeError):
        return jnp.full(law.shape(), jnp.nan)


_QUANTILES = 2000


def mean_of(law: Any, shape: tuple[int, ...]) -> jax.Array:
    """The mean of a draw of a law, `(n,)`; NaN of a law for which none is known."""
    return jnp.ravel(jnp.broadcast_to(centre(law), shape))


def covariance_of(law: Any, shape: tuple[int, ...]) -> Covariance:
    """The covariance of a draw of a law, of a shape with n elements; NaN of a law for which none is known."""
    inner = innermost(law)
    if isinstance(inner, Empirical):
        whole = jnp.cov(inner.members.reshape(len(inner.members), -1), rowvar=False, ddof=0)
        whole = whole.reshape(math.prod(shape), -1)
        return Covariance(jnp.diag(whole), whole)
    if not hasattr(inner, "covariance_matrix"):
        try:
            return Covariance(jnp.ravel(jnp.broadcast_to(law.variance, shape)))
        except NotImplementedError:
            return Covariance(jnp.full(math.prod(shape), jnp.nan))
    blocks = jnp.broadcast_to(inner.covariance_matrix, (*shape, shape[-1]))
    whole = block_diag(*blocks.reshape(-1, *blocks.shape[-2:]))
    return Covariance(jnp.diag(whole), whole)


def is_gaussian(law: Any) -> bool:
    """Whether a law is Gaussian."""
    return isinstance(innermost(law), dist.Normal | dist.MultivariateNormal)


def exact(shape: tuple[int, ...]) -> Covariance:
    """That of what is known exactly."""
    return Covariance(jnp.zeros(math.prod(shape)))


def independent(parts: Sequence[Covariance]) -> Covariance:
    """The covariance of vectors that are independent of each other, one behind the other."""
    variance = jnp.concatenate([each.variance for each in parts]) if parts else jnp.zeros(0)
    if all(each.whole is None for each in parts):
        return Covariance(variance)
    return Covariance(variance, block_diag(*(each.matrix() for each in parts)))
