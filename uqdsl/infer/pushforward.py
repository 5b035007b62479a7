"""Gradient descent as a map from the prior, whose density at its end is known.

    z ← z - η ∂U/∂z,  U = -log p(z | data);    log q(z_T) = log p(z_0) - Σ_t log |det(I - η ∂²U/∂z²(z_t))|

The density is exact as long as no two starts end at one place, which is so where every eigenvalue of I - η ∂²U/∂z² stays
above zero: the smallest one met is handed over.

Duvenaud, Maclaurin & Adams 2016, Early Stopping as Nonparametric Variational Inference, AISTATS, 1070-1077, equation 6.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.infer.chunks import in_chunks
from uqdsl.infer.curvature import curvature
from uqdsl.infer.posterior import Posterior, Watch
from uqdsl.infer.training import Units, draw_prior

_OF_LARGEST = 0.5
"""The step, in parts of one over the largest curvature that any start has."""


class Pushed(NamedTuple):
    """Where gradient descent took draws of the prior.

    - positions: `(member, size)`.
    - log_density: of the law that they are drawn from, `(member,)`.
    - smallest: eigenvalue of a step of each, `(member,)`; below zero the density is no longer exact.
    """

    positions: jax.Array
    log_density: jax.Array
    smallest: jax.Array


def push(posterior: Posterior, units: Units, key: jax.Array, *, members: int, steps: int, watch: Watch) -> Pushed:
    """Move draws of the prior by so many steps of gradient descent."""
    start = draw_prior(posterior, key, members)
    standard, log_prior, largest = _begun(posterior, units, start)
    rate = _OF_LARGEST / largest

    @jax.jit
    def advance(posterior: Posterior, state: Pushed, first: int, last: int) -> Pushed:
        def move(each: Pushed) -> Pushed:
            factors = 1 - rate * jnp.linalg.eigvalsh(curvature(posterior, units, each.positions))
            slope = jax.grad(lambda at: posterior.log_density(units.place(at)))(each.positions)
            return Pushed(
                each.positions + rate * slope,
                each.log_density - jnp.sum(jnp.log(jnp.abs(factors))),
                jnp.minimum(each.smallest, jnp.min(factors)),
            )

        return jax.lax.fori_loop(first, last, lambda _, state: jax.vmap(move)(state), state)

    pushed = in_chunks(
        lambda state, first, last: advance(posterior, state, first, last),
        Pushed(standard, log_prior, jnp.ones(members)),
        steps,
        watch,
    )
    return pushed._replace(positions=units.place(pushed.positions))


@jax.jit
def _begun(posterior: Posterior, units: Units, start: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Starts in units of the prior, their log density, and the largest curvature of any."""
    standard = units.standardise(start)
    largest = jax.lax.map(lambda each: jnp.linalg.eigvalsh(curvature(posterior, units, each))[-1], standard)
    return standard, jax.vmap(posterior.log_prior)(start), jnp.max(largest)
