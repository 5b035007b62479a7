"""Stochastic gradient Langevin dynamics.

    x ← x + ε/2 g(x) + √ε ξ,  ξ ~ N(0, I)

On a standard normal law, with errors of variance V in the gradient g, its variance is (1 + εV/4) / (1 - ε/4).

Welling & Teh 2011, Bayesian Learning via Stochastic Gradient Langevin Dynamics, equation 4; Vollmer, Zygalakis & Teh 2016.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.stochastic_gradient import Walker, walk
from uqdsl.vocabulary.methods.stochastic import SgldOptions


def run(posterior: Posterior, options: SgldOptions, key: jax.Array, watch: Watch) -> Draws:
    """Run the chains."""
    return walk(posterior, options, options.step_size, _step, _widened, key, watch)


def _step(walker: Walker, slope: jax.Array, size: jax.Array, _: jax.Array, key: jax.Array) -> Walker:
    noise = jnp.sqrt(size) * jax.random.normal(key, walker.x.shape)
    return Walker(walker.x + size / 2 * slope + noise, walker.momentum)


def _widened(size: float, errors: float) -> float:
    return (1 + size * errors / 4) / (1 - size / 4)
