"""Stochastic gradient Hamiltonian Monte Carlo.

    v ← (1 - α) v + η g(x) + √(2αη - η²V) ξ,  x ← x + v,  ξ ~ N(0, I)

with friction α, step η, and the variance V of the errors of the gradient, whose part of the noise is left out. On a
standard normal law its variance is 1 / (1 - η / (2 (2 - α))), as long as 2αη is more than η²V; what is left of the errors
then adds to it.

Chen, Fox & Guestrin 2014, Stochastic Gradient Hamiltonian Monte Carlo, equation 15.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.stochastic_gradient import Walker, walk
from uqdsl.vocabulary.methods.stochastic import SghmcOptions


def run(posterior: Posterior, options: SghmcOptions, key: jax.Array, watch: Watch) -> Draws:
    """Run the chains."""
    friction = options.friction

    def step(walker: Walker, slope: jax.Array, size: jax.Array, errors: jax.Array, key: jax.Array) -> Walker:
        noise = jnp.sqrt(jnp.maximum(2 * friction * size - size**2 * errors, 0))
        momentum = (1 - friction) * walker.momentum + size * slope + noise * jax.random.normal(key, walker.x.shape)
        return Walker(walker.x + momentum, momentum)

    def widened(size: float, errors: float) -> float:
        more = max(0.0, size * errors / (2 * friction) - 1)
        return (1 + more) / (1 - size / (2 * (2 - friction)))

    return walk(posterior, options, options.step_size, step, widened, key, watch)
