"""The ensemble score filter: each member is noised and denoised again, towards the observations.

In time from 1 to 0, with `a = 1 - (1 - eps_alpha) t`, `s^2 = eps_beta + (1 - eps_beta) t`, `b = d log a / dt` and
`g = d s^2 / dt - 2 b s^2`, each member x is the whole prior of its own new state z,

    score = -(z - a x) / s^2 + (1 - t) grad log p(y | z),    z <- z - dt (b z - g score) + sqrt(dt g) noise,

as in the published runs. Any likelihood with a gradient will do. Its cost is linear in the size of the state, and there is
nothing to localise or to inflate, as the price of knowing nothing of covariances: what is not observed is not moved, and about
sqrt(eps_beta) of noise is left in each element of the state. Units are those of the states.

Reference:
    Bao, Zhang & Zhang 2024, An ensemble score filter for tracking high-dimensional nonlinear dynamical systems, Comput. Methods
    Appl. Mech. Eng. 432, 117447, sec. 3.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import Analysis, Moved, Seen, ensemble_filter
from uqdsl.assimilate.system import System
from uqdsl.vocabulary.assimilation.schemes import ScoreSteps
from uqdsl.vocabulary.assimilation.transports import ScoreFilterOptions

_LARGEST = 1000.0
"""Of an element of the gradient of the log likelihood."""


def make(options: ScoreFilterOptions, plan: Plan) -> Filter:
    """The filter."""
    return ensemble_filter(options, plan, analysis(options))


def analysis(options: ScoreSteps) -> Analysis:
    """Members that are noised and denoised; parameters stay where they are."""
    eps_alpha, eps_beta, dt = options.eps_alpha, options.eps_beta, 1 / options.steps

    def analysis(system: System, ensemble: jax.Array, seen: Seen, key: jax.Array) -> Moved:
        prior, parameters = ensemble[:, : system.size], ensemble[:, system.size :]

        def log_likelihood(states: jax.Array) -> jax.Array:
            return jnp.sum(seen.log_likelihoods(system, jnp.concatenate([states, parameters], axis=1)))

        def step(state: tuple[jax.Array, jax.Array], key: jax.Array) -> tuple[tuple[jax.Array, jax.Array], None]:
            z, t = state
            a, s2 = 1 - (1 - eps_alpha) * t, eps_beta + (1 - eps_beta) * t
            b = -(1 - eps_alpha) / a
            g = 1 - eps_beta - 2 * b * s2
            force = jnp.nan_to_num(jax.grad(log_likelihood)(z), posinf=_LARGEST, neginf=-_LARGEST)
            score = -(z - a * prior) / s2 + jnp.clip((1 - t) * force, -_LARGEST, _LARGEST)
            z = z - dt * (b * z - g * score) + jnp.sqrt(dt * g) * jax.random.normal(key, z.shape)
            return (z, t - dt), None

        of_start, of_steps = jax.random.split(key)
        start = jax.random.normal(of_start, prior.shape)
        start = (start - jnp.mean(start, axis=0)) / jnp.std(start, axis=0, ddof=1)
        (states, _), _ = jax.lax.scan(step, (start, jnp.ones(())), jax.random.split(of_steps, options.steps))
        return Moved(jnp.concatenate([states, parameters], axis=1))

    return analysis
