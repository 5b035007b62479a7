"""What Stein's identity says of particles: how many independent draws of the posterior they are as good as.

    T_ab = -(1/N) sum_i (x_i - mean x)_a (s_i - mean s)_b,    s_i = grad log p(x_i | y)

is the identity in expectation, for any smooth posterior. Of N independent draws its elements are off by chance alone, with
squared standard errors that the N terms show. The ratio of what they are off to that,

    R = sum_ab (T_ab - delta_ab)^2 / sum_ab var(terms_ab) / N,

is about one for these, and N / R independent draws are as far off. The x are taken in coordinates in which particles are
white, so that correlations count as spreads do. Particles that lie in some modes only are not found out.

Stein 1972; Gorham & Mackey 2015, Measuring Sample Quality with Stein's Method, NeurIPS 28.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from scipy.stats import chi2

from uqdsl.infer.posterior import Posterior
from uqdsl.infer.prior_mixture import Prior, log_density_of_state

_WORST = 2.0
_BY_CHANCE = 1e-3
"""R is complained about where it is larger than that, and than all but so few of those of independent draws."""


class Quality(NamedTuple):
    """R, and the least and the largest of the eigenvalues of T's symmetric part, which are 1 where all is right."""

    ratio: jax.Array
    least: jax.Array
    largest: jax.Array


def quality(log_density: Callable[[jax.Array], jax.Array], states: jax.Array) -> Quality:
    """Of particles `(N, d)`."""
    number = len(states)
    scores = jax.vmap(jax.grad(log_density))(states)
    scores = jnp.where(jnp.isfinite(scores), scores, 0.0)
    centred = states - jnp.mean(states, axis=0)
    # Of few particles in many dimensions some directions are not there.
    values, axes = jnp.linalg.eigh(centred.T @ centred / number)
    seen = values > values[-1] * 1e-10
    white = centred @ axes / jnp.sqrt(jnp.where(seen, values, jnp.inf))
    slopes = (scores - jnp.mean(scores, axis=0)) @ axes * jnp.sqrt(jnp.where(seen, values, 0.0))
    found = -white.T @ slopes / number
    found, wanted = (found + found.T) / 2, jnp.diag(seen * 1.0)
    # Mean squares of the symmetric terms (x_a s_b + x_b s_a) / 2, less the squares of their means.
    squares = (white**2).T @ slopes**2 / number
    crossed = (white * slopes).T @ (white * slopes) / number
    chance = jnp.sum((squares + squares.T + 2 * crossed) / 4 - found**2) / number
    eigenvalues = jnp.where(seen, jnp.linalg.eigvalsh(found + jnp.diag(~seen * 1.0)), 1.0)
    return Quality(jnp.sum((found - wanted) ** 2) / chance, jnp.min(eigenvalues), jnp.max(eigenvalues))


@jax.jit
def quality_of_states(posterior: Posterior, prior: Prior, states: jax.Array) -> Quality:
    """Of states as a prior has them, of a posterior."""
    return quality(log_density_of_state(posterior, prior), states)


def said(found: Quality, states: jax.Array, instead: str) -> tuple[str, ...]:
    """What is to be said of particles `(N, d)`; nothing where they are nearly as good as independent draws."""
    number, size = states.shape
    elements = size * (size + 1) / 2
    if float(found.ratio) <= max(_WORST, chi2.isf(_BY_CHANCE, elements) / elements):
        return ()
    worth, (_, least, largest) = max(1.0, number / float(found.ratio)), found
    directions = f"gives {float(least):.2f} to {float(largest):.2f} in directions of the posterior, where 1 is right"
    return (
        f"the {number} particles are as good as {worth:.0f} independent draws: Stein's identity {directions}; {instead}",
    )
