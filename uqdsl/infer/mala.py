"""Langevin dynamics, preconditioned by the adapted covariance D, with a Metropolis correction unless one asks for none.

Every chain is corrected while it warms up; one that is not corrected afterwards goes on with shorter steps.

    x' = x + h (D + Q) ∇ log p(x) + √(2h) D^½ ξ,   Q = q D^½ J D^½,  J antisymmetric

Q leaves the posterior as it is in continuous time and turns the chain around in it. With the correction, the direction of
turning, ±Q, is part of the state and is reversed at each rejection: then the proposal back is that of -Q, and the chain is
exact for every q.

References:
    Roberts & Tweedie 1996, Exponential convergence of Langevin distributions and their discrete approximations, Bernoulli 2.
    Ma, Chen & Fox 2015, A complete recipe for stochastic gradient MCMC, NeurIPS, eq. 3.
    Ottobre, Pillai & Spiliopoulos 2020, Optimal scaling of the MALA algorithm with irreversible proposals for Gaussian targets,
    Stoch. Partial Differ. Equ. 8.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.infer.adaptation import Adapted, adapter, pull, stretch
from uqdsl.infer.markov import Kernel
from uqdsl.infer.posterior import Posterior
from uqdsl.infer.start import Start
from uqdsl.vocabulary.methods.chains import MalaOptions


class _State(NamedTuple):
    """`energy` is minus the log density, `gradient` that of the energy, `sense` the sign of Q."""

    position: jax.Array
    energy: jax.Array
    gradient: jax.Array
    sense: jax.Array
    iteration: jax.Array
    step_size: jax.Array
    acceptance: jax.Array
    diverging: jax.Array
    adapted: Adapted
    key: jax.Array


def kernel(posterior: Posterior, options: MalaOptions) -> Kernel:
    """A step is one proposal."""
    adapt = adapter(options.warmup, options.metric, options.target_accept)
    potential = jax.value_and_grad(lambda position: -posterior.log_density(position))

    def begin(start: Start, key: jax.Array) -> _State:
        adapt_key, key = jax.random.split(key)
        adapted = adapt.begin(start.position, adapt_key, 0.5)
        one, never = jnp.ones(()), jnp.asarray(False)
        here = (start.position, start.potential_energy, start.gradient)
        return _State(*here, one, jnp.asarray(0), adapted.step_size, one, never, adapted, key)

    def drift(gradient: jax.Array, sense: jax.Array, root: jax.Array) -> jax.Array:
        downhill = -pull(root, gradient)
        return downhill + options.antisymmetric * sense * _turned(downhill)

    def step(state: _State) -> _State:
        key, noise_key, accept_key = jax.random.split(state.key, 3)
        corrected = options.corrected | (state.iteration < options.warmup)
        h = jnp.where(corrected, 1.0, options.step_share) * state.adapted.step_size
        root = state.adapted.mass_matrix_sqrt_inv
        noise = jax.random.normal(noise_key, state.position.shape)
        move = h * drift(state.gradient, state.sense, root) + jnp.sqrt(2 * h) * noise
        position = state.position + stretch(root, move)
        energy, gradient = potential(position)
        back = (-move - h * drift(gradient, -state.sense, root)) / jnp.sqrt(2 * h)
        error = energy - state.energy + (back @ back - noise @ noise) / 2
        error = jnp.where(jnp.isnan(error), jnp.inf, error)
        acceptance = jnp.exp(-jnp.maximum(error, 0.0))
        sound = jnp.isfinite(energy) & jnp.all(jnp.isfinite(gradient))
        accepted = sound & ((jax.random.uniform(accept_key) < acceptance) | ~corrected)
        sense = jnp.where(accepted, state.sense, -state.sense)
        moved = (position, energy, gradient)
        position, energy, gradient = jax.tree.map(lambda new, old: jnp.where(accepted, new, old), moved, state[:3])
        adapted = adapt.learn(state.adapted, state.iteration, acceptance, position)
        # A proposal that is refused is no divergence; one from which the dynamics cannot go on is.
        lost = error > 1000
        return _State(position, energy, gradient, sense, state.iteration + 1, h, acceptance, lost, adapted, key)

    return Kernel(begin, step, lambda state: state.position, _statistics)


def _turned(z: jax.Array) -> jax.Array:
    """J z: the first half of the directions against the second; one that is left over stays out."""
    half = len(z) // 2
    return jnp.concatenate([z[half : 2 * half], -z[:half], jnp.zeros(len(z) - 2 * half)])


def _statistics(state: _State) -> dict[str, jax.Array]:
    return {
        "lp": -state.energy,
        "step_size": state.step_size,
        "acceptance_rate": state.acceptance,
        "n_steps": jnp.asarray(1),
        "diverging": state.diverging,
    }
