"""Full rank: the nearest normal law, with all correlations.

The natural direction is that of the local coordinates M in u = mean + L (I + M) noise, where the information of a lower
triangular M is 2 on the diagonal and 1 below it.

Kucukelbir et al. 2017, Automatic Differentiation Variational Inference, J. Mach. Learn. Res. 18(14), 1-45; Lin, Nielsen, Khan &
Schmidt 2021, Tractable structured natural-gradient descent using local parameterizations, ICML.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

from uqdsl.infer.pathfinder import Law
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.variational import Guide, fit
from uqdsl.vocabulary.methods.local import NaturalOptions


class Parameters(NamedTuple):
    """In units of the law that it begins with: mean `(size,)` and factor `(size, size)`, of which the lower triangle counts.

    Below its diagonal the factor is larger than L by √size: a step of one length of all elements then changes a draw by as
    much, however many they are.
    """

    mean: jax.Array
    factor: jax.Array


def run(posterior: Posterior, options: NaturalOptions, key: jax.Array, watch: Watch) -> Draws:
    """Draws of the nearest normal law."""
    return fit(posterior, options, key, watch, make)


def make(law: Law, _: jax.Array) -> Guide:
    """The normal laws, beginning with one."""
    centre, unit = law.mean, law.sd
    columns = jax.vmap(law.place)(jnp.eye(centre.size)) - centre
    share = jnp.tril(jnp.full_like(columns, centre.size**-0.5), -1) + jnp.eye(centre.size)
    root = jnp.linalg.cholesky((columns.T @ columns) / unit / unit[:, None])
    first = Parameters(jnp.zeros_like(centre), root / jnp.where(share > 0, share, 1.0))

    def place(at: Parameters, noise: jax.Array) -> jax.Array:
        return centre + unit * (at.mean + (share * at.factor) @ noise)

    def log_volume(at: Parameters) -> jax.Array:
        return jnp.sum(jnp.log(jnp.abs(jnp.diag(at.factor)))) + jnp.sum(jnp.log(unit))

    def log_density(at: Parameters, position: jax.Array) -> jax.Array:
        noise = solve_triangular(share * at.factor, (position - centre) / unit - at.mean, lower=True)
        return -(noise @ noise + noise.size * jnp.log(2 * jnp.pi)) / 2 - log_volume(at)

    def natural(at: Parameters, slope: Parameters) -> Parameters:
        factor = share * at.factor
        local = jnp.tril(factor.T @ jnp.where(share > 0, slope.factor / share, 0.0))
        local = jnp.clip(local - jnp.diag(jnp.diag(local)) / 2, -1, 1)
        return Parameters(
            factor @ jnp.clip(factor.T @ slope.mean, -1, 1), factor @ local / jnp.where(share > 0, share, 1.0)
        )

    def normal(at: Parameters) -> tuple[jax.Array, jax.Array, jax.Array]:
        return centre + unit * at.mean, unit[:, None] * share * at.factor, log_volume(at)

    return Guide(first, place, log_density, centre.size, natural, normal)
