"""How sharply a posterior is curved around each of some positions, and the mixture of normal laws that follows.

    Σⱼ = (-∂²/∂z² log p(zⱼ | data))⁻¹,    q(z) = (1/M) Σⱼ N(z; zⱼ, Σⱼ)

in units of the prior. Where a position is no mode, a direction may be flat or curved the wrong way; along it the normal law
is as wide as if data had doubled the variance of the prior, which says that they tell nothing.

MacKay 1992, A Practical Bayesian Framework for Backpropagation Networks, Neural Comput. 4, 448-472; Owen & Zhou 2000, Safe and
Effective Importance Sampling, J. Am. Stat. Assoc. 95, 135-143.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.infer.posterior import Posterior
from uqdsl.infer.training import Units

LARGEST = 1000
"""Up to so many elements of a position their curvatures are computed."""
_FLATTEST = 0.5
"""Least curvature, that of the prior being about one."""


class Local(NamedTuple):
    """Normal laws in units of the prior: centres `(member, size)`, and the axes `(member, size, size)` and precisions
    `(member, size)` of their covariances; `lacking` is by how much a mode near each centre would be higher, `(member,)`."""

    centres: jax.Array
    axes: jax.Array
    precisions: jax.Array
    lacking: jax.Array

    @property
    def sd(self) -> jax.Array:
        """Standard deviations, `(member, size)`."""
        return jnp.sqrt(jnp.sum(self.axes**2 / self.precisions[:, None, :], axis=-1))

    def draw(self, key: jax.Array, count: int) -> jax.Array:
        """So many draws around each centre, one centre after the other: `(member * count, size)`."""
        noise = jax.random.normal(key, (len(self.centres), count, self.centres.shape[-1]))
        steps = jnp.einsum("mij,mkj->mki", self.axes, noise / jnp.sqrt(self.precisions)[:, None, :])
        return (self.centres[:, None, :] + steps).reshape(-1, self.centres.shape[-1])

    def log_density(self, standard: jax.Array) -> jax.Array:
        """Log density of the mixture at `(size,)`."""
        along = jnp.einsum("mij,mi->mj", self.axes, standard - self.centres)
        each = jnp.sum(jax.scipy.stats.norm.logpdf(along * jnp.sqrt(self.precisions)), axis=-1)
        each += jnp.sum(jnp.log(self.precisions), axis=-1) / 2
        return jax.scipy.special.logsumexp(each) - jnp.log(len(self.centres))


@jax.jit
def curvature(posterior: Posterior, units: Units, standard: jax.Array) -> jax.Array:
    """Minus the second derivatives of the log density at a standard position: `(size, size)`."""
    found = -jax.hessian(lambda each: posterior.log_density(units.place(each)))(standard)
    return (found + found.T) / 2


@jax.jit
def local_laws(posterior: Posterior, units: Units, positions: jax.Array) -> Local:
    """The normal law around each of `positions`."""

    def law(standard: jax.Array) -> Local:
        values, axes = jnp.linalg.eigh(curvature(posterior, units, standard))
        precisions = jnp.maximum(values, _FLATTEST)
        slope = axes.T @ jax.grad(lambda each: posterior.log_density(units.place(each)))(standard)
        return Local(standard, axes, precisions, jnp.sum(slope**2 / precisions) / 2)

    return jax.lax.map(law, units.standardise(positions))
