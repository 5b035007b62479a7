"""The ensemble transform Kalman filter: one update by a symmetric square root, without random numbers.

    T = (I + Y Y')^-1,    mean += A' T Y (y - mean(h)),    anomalies -> T^1/2 anomalies

T is I plus what Y' Y has instead, where there are fewer data than members: with Y' Y = V diag(s) V',

    T^1/2 = I - Y V diag((1 - (1 + s)^-1/2) / s) V' Y'

References:
    Bishop, Etherton & Majumdar 2001, Adaptive Sampling with the Ensemble Transform Kalman Filter, Mon. Weather
    Rev. 129, 420-436.
    Hunt, Kostelich & Szunyogh 2007, Efficient Data Assimilation for Spatiotemporal Chaos, Physica D 230, 112-126.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.infer.kalman import White, anomalies, begin, objections
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.vocabulary.methods.particles import EnsembleTransformOptions


@jax.jit
def transform(ensemble: jax.Array, white: White) -> jax.Array:
    """The updated ensemble `(N, d)`."""
    number = len(ensemble)
    states, said = anomalies(ensemble), anomalies(white.predicted)
    if said.shape[1] < number:
        values, vectors = jnp.linalg.eigh(said.T @ said)
        root = jnp.sqrt(1 + jnp.maximum(values, 0.0))
        along, crossed = said @ vectors, (said @ vectors).T @ states
        misfit = vectors.T @ (white.values - white.predicted.mean(0))
        mean = ensemble.mean(0) + (misfit / root**2) @ crossed
        return mean + jnp.sqrt(number - 1) * (states - (along / (root * (1 + root))) @ crossed)
    values, vectors = jnp.linalg.eigh(said @ said.T)
    values = jnp.maximum(values, 0.0)
    misfit = vectors.T @ (said @ (white.values - white.predicted.mean(0)))
    mean = ensemble.mean(0) + states.T @ (vectors @ (misfit / (1 + values)))
    root = (vectors / jnp.sqrt(1 + values)) @ vectors.T
    return mean + jnp.sqrt(number - 1) * root @ states


def run(posterior: Posterior, options: EnsembleTransformOptions, key: jax.Array, watch: Watch) -> Draws:
    """One update of an ensemble of the prior."""
    start, check = jax.random.split(key)
    ensemble, white, lost = begin(posterior, options.members, start)
    against = objections(ensemble, white, check)
    updated = transform(ensemble, white)
    watch(1, 1)
    return Draws(
        updated,
        diagnostics={
            "members": options.members,
            **against.diagnostics,
            "not_finite": lost,
        },
        reasons=against.reasons,
    )
