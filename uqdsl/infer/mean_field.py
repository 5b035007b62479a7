"""Mean field: the nearest normal law whose elements are independent.

Where unknowns are correlated it is too narrow: of a normal posterior with precision Λ it finds the variances 1/Λ_ii.

Kucukelbir et al. 2017, Automatic Differentiation Variational Inference, J. Mach. Learn. Res. 18(14), 1-45; Turner & Sahani
2011, Two problems with variational expectation maximisation for time series models.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.infer.pathfinder import Law
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.variational import Guide, fit
from uqdsl.vocabulary.methods.local import NaturalOptions

_NOTE = "the elements of these draws are independent: what is correlated in the posterior is too narrow, and its sums are wrong"


class Parameters(NamedTuple):
    """In units of the law that it begins with: mean and logarithms of standard deviations, `(size,)`."""

    mean: jax.Array
    log_scale: jax.Array


def run(posterior: Posterior, options: NaturalOptions, key: jax.Array, watch: Watch) -> Draws:
    """Draws of the nearest normal law with independent elements."""
    found = fit(posterior, options, key, watch, _guide)
    return found._replace(notes=(_NOTE, *found.notes))


def _guide(law: Law, _: jax.Array) -> Guide:
    centre, unit = law.mean, law.sd
    zero = jnp.zeros_like(centre)

    def place(at: Parameters, noise: jax.Array) -> jax.Array:
        return centre + unit * (at.mean + jnp.exp(at.log_scale) * noise)

    def log_density(at: Parameters, position: jax.Array) -> jax.Array:
        noise = ((position - centre) / unit - at.mean) * jnp.exp(-at.log_scale)
        return -(noise @ noise + noise.size * jnp.log(2 * jnp.pi)) / 2 - jnp.sum(at.log_scale + jnp.log(unit))

    def natural(at: Parameters, slope: Parameters) -> Parameters:
        scale = jnp.exp(at.log_scale)
        return Parameters(scale * jnp.clip(scale * slope.mean, -1, 1), jnp.clip(slope.log_scale / 2, -1, 1))

    def normal(at: Parameters) -> tuple[jax.Array, jax.Array, jax.Array]:
        scale = unit * jnp.exp(at.log_scale)
        return centre + unit * at.mean, jnp.diag(scale), jnp.sum(jnp.log(scale))

    return Guide(Parameters(zero, zero), place, log_density, zero.size, natural, normal)
