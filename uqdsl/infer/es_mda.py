"""Ensemble smoother with multiple data assimilation: the data taken in several times, with errors inflated as many times.

Where the data are a linear function of the unknowns it gives the ensemble Kalman update; elsewhere its smaller steps follow the
bend.

References:
    Emerick & Reynolds 2013, Ensemble Smoother with Multiple Data Assimilation, Comput. Geosci. 55, 3-15.
"""

from __future__ import annotations

import jax

from uqdsl.infer.kalman import begin, objections, predict, stochastic_update
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.vocabulary.methods.particles import EsMdaOptions


def run(posterior: Posterior, options: EsMdaOptions, key: jax.Array, watch: Watch) -> Draws:
    """Take in the data `steps` times, with errors of `steps` times their variance."""
    start, check, *keys = jax.random.split(key, 2 + options.steps)
    ensemble, white, lost = begin(posterior, options.members, start)
    against = objections(ensemble, white, check)
    for step, noise in enumerate(keys, 1):
        ensemble = stochastic_update(ensemble, white, noise, float(options.steps))
        white = predict(posterior, ensemble)
        watch(step, options.steps)
    return Draws(
        ensemble,
        diagnostics={
            "members": options.members,
            "steps": options.steps,
            "misfit": float(((white.values - white.predicted.mean(0)) ** 2).mean()),
            **against.diagnostics,
            "not_finite": lost,
        },
        reasons=against.reasons,
    )
