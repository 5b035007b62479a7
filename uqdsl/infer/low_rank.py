"""Low rank: the nearest normal law whose covariance is a diagonal plus a matrix of low rank, D² + B Bᵀ.

For many unknowns that are correlated in a few directions.

Ong, Nott & Smith 2018, Gaussian variational approximation with a factor covariance structure, J. Comput. Graph. Stat. 27,
465-478.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.infer.pathfinder import Law
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.variational import Guide, fit
from uqdsl.vocabulary.methods.local import LowRankOptions


class Parameters(NamedTuple):
    """In units of the law that it begins with: mean and logarithms of D, `(size,)`, and B, `(size, rank)`."""

    mean: jax.Array
    log_scale: jax.Array
    factor: jax.Array


def run(posterior: Posterior, options: LowRankOptions, key: jax.Array, watch: Watch) -> Draws:
    """Draws of the nearest normal law of this form."""
    return fit(posterior, options, key, watch, partial(_guide, min(options.rank, posterior.size)))


def _guide(rank: int, law: Law, key: jax.Array) -> Guide:
    centre, unit = law.mean, law.sd
    size, zero = centre.size, jnp.zeros_like(centre)
    first = Parameters(zero, zero - 0.5, 0.1 * jax.random.normal(key, (size, rank)))

    def place(at: Parameters, noise: jax.Array) -> jax.Array:
        return centre + unit * (at.mean + jnp.exp(at.log_scale) * noise[:size] + at.factor @ noise[size:])

    def root(at: Parameters) -> jax.Array:
        """The Cholesky factor of I + Bᵀ D⁻² B, by which Woodbury's formula inverts D² + B Bᵀ."""
        scaled = at.factor * jnp.exp(-at.log_scale)[:, None]
        return jnp.linalg.cholesky(jnp.eye(rank) + scaled.T @ scaled)

    def log_volume(at: Parameters) -> jax.Array:
        return jnp.sum(at.log_scale + jnp.log(unit)) + jnp.sum(jnp.log(jnp.diag(root(at))))

    def log_density(at: Parameters, position: jax.Array) -> jax.Array:
        scaled = ((position - centre) / unit - at.mean) * jnp.exp(-at.log_scale)
        along = (at.factor * jnp.exp(-at.log_scale)[:, None]).T @ scaled
        inside = jax.scipy.linalg.solve_triangular(root(at), along, lower=True)
        return -(scaled @ scaled - inside @ inside + size * jnp.log(2 * jnp.pi)) / 2 - log_volume(at)

    def normal(at: Parameters) -> tuple[jax.Array, jax.Array, jax.Array]:
        factor = unit[:, None] * jnp.concatenate([jnp.diag(jnp.exp(at.log_scale)), at.factor], axis=1)
        return centre + unit * at.mean, factor, log_volume(at)

    return Guide(first, place, log_density, size + rank, normal=normal)
