"""Ensemble Kalman inversion: an ensemble of the prior takes in the data in steps as large as its misfits allow.

A step of size s updates with errors of variance R / s. The sizes are those of Iglesias & Yang,

    s = min(max(p / (2 mean(Phi)), sqrt(p / (2 var(Phi)))), 1 - t),    Phi_i = |R^-1/2 (y - h(x_i))|^2 / 2,

with t the sum of the steps before. At t = 1 the data have been taken in once, and the ensemble approximates the
posterior. Going on, it falls onto a point: an optimiser that needs no gradient, whose spread says nothing.

References:
    Iglesias & Yang 2021, Adaptive Regularisation for Ensemble Kalman Inversion, Inverse Problems 37, 025008, equation 24.
    Iglesias, Law & Stuart 2013, Ensemble Kalman Methods for Inverse Problems, Inverse Problems 29, 045001.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.infer.kalman import White, begin, objections, predict, stochastic_update
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.vocabulary.methods.particles import EkiOptions

_COLLAPSED = 1e-3
"""Of the prior's scatter: an ensemble that falls onto a point is done."""


def step_size(white: White, done: jax.Array | float = -jnp.inf) -> jax.Array:
    """How much of the data's information the next step may take in, having taken in this much of 1."""
    misfits = 0.5 * ((white.values - white.predicted) ** 2).sum(-1)
    p = len(white.values)
    largest = jnp.maximum(p / (2 * misfits.mean()), jnp.sqrt(p / (2 * misfits.var())))
    return jnp.minimum(largest, 1 - done)


def run(posterior: Posterior, options: EkiOptions, key: jax.Array, watch: Watch) -> Draws:
    """Invert, up to the posterior or down to a point."""
    start, check, key = jax.random.split(key, 3)
    ensemble, white, lost = begin(posterior, options.members, start)
    against = objections(ensemble, white, check)
    reasons = list(against.reasons)
    point = options.until == "point"
    first, done, steps = ensemble.std(0), 0.0, list[float]()
    while len(steps) < options.steps and done < 1:
        key, noise = jax.random.split(key)
        size = step_size(white, -jnp.inf if point else done)
        ensemble = stochastic_update(ensemble, white, noise, 1 / size)
        white = predict(posterior, ensemble)
        steps.append(float(size))
        spread = float(jnp.max(jnp.where(first > 0, ensemble.std(0) / first, 0.0)))
        done = float(spread < _COLLAPSED) if point else min(1.0, done + steps[-1])
        watch(len(steps), options.steps, information=sum(steps), spread=spread)
    if point:
        reasons = ["the ensemble is the search for a point, whose scatter is no uncertainty; take `until = posterior`"]
    elif done < 1 - 1e-9:
        reasons.append(f"{options.steps} steps took in only {done:.2g} of the data's information; give it more `steps`")
    misfit = float(((white.values - white.predicted.mean(0)) ** 2).mean())
    return Draws(
        ensemble,
        diagnostics={
            "members": options.members,
            "steps": len(steps),
            "misfit": misfit,
            **against.diagnostics,
            "not_finite": lost,
        },
        reasons=tuple(reasons),
        history={"information": np.cumsum(steps)},
    )
