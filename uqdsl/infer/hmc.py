"""Hamiltonian Monte Carlo with trajectories of a given length, jittered: NumPyro's kernel.

The jitter keeps trajectories from returning to where they began, as they do on a Gaussian whose period they hit.

References:
    Neal 2011, MCMC using Hamiltonian dynamics, Handbook of Markov Chain Monte Carlo, section 3.2.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from numpyro.infer.hmc import HMCState, hmc

from uqdsl.infer.markov import Kernel, nowhere
from uqdsl.infer.nuts import first_of_chain, statistics
from uqdsl.infer.posterior import Posterior
from uqdsl.infer.start import Start
from uqdsl.vocabulary.methods.chains import HmcOptions

_JITTER = 0x6A697474


def kernel(posterior: Posterior, options: HmcOptions) -> Kernel:
    """A step follows a trajectory to its end, which is accepted or not."""
    first_state, follow = hmc(potential_fn=lambda position: -posterior.log_density(position), algo="HMC")

    def begin(start: Start, key: jax.Array) -> HMCState:
        own = {"num_steps": options.steps, "trajectory_length": options.trajectory_length}
        return first_of_chain(first_state, options, start, key, **own)

    def step(state: HMCState) -> HMCState:
        step_size = state.adapt_state.step_size
        jitter = 1 + options.jitter * jax.random.uniform(jax.random.fold_in(state.rng_key, _JITTER), minval=-1.0)
        if options.steps is None:
            length = jnp.minimum(options.trajectory_length * jitter, options.max_steps * step_size)
        else:
            length = options.steps * step_size * jitter
        return follow(state._replace(trajectory_length=length))

    # For what it sets up inside NumPyro's kernel.
    jax.eval_shape(begin, nowhere(posterior.size), jax.random.key(0))
    return Kernel(begin, step, lambda state: state.z, statistics)
