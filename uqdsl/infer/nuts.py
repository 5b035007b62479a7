"""The No-U-Turn sampler: NumPyro's kernel.

References:
    Hoffman & Gelman 2014, The No-U-Turn Sampler, J. Mach. Learn. Res. 15, 1593-1623.
    Betancourt 2017, A Conceptual Introduction to Hamiltonian Monte Carlo, arXiv:1701.02434, appendix A.
    Phan, Pradhan & Jankowiak 2019, Composable Effects for Flexible and Accelerated Probabilistic Programming in
    NumPyro, arXiv:1912.11554.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from numpyro.infer.hmc import HMCState, hmc
from numpyro.infer.util import ParamInfo

from uqdsl.infer.markov import Kernel, nowhere
from uqdsl.infer.posterior import Posterior
from uqdsl.infer.start import Start
from uqdsl.vocabulary.methods.chains import HmcOptions, NutsOptions


def kernel(posterior: Posterior, options: NutsOptions) -> Kernel:
    """A step follows a trajectory until it turns back, and draws the next position from it."""
    first_state, step = hmc(potential_fn=lambda position: -posterior.log_density(position), algo="NUTS")

    def begin(start: Start, key: jax.Array) -> HMCState:
        own = {"max_tree_depth": options.max_tree_depth, "trajectory_length": None}  # which is HMC's
        return first_of_chain(first_state, options, start, key, **own)

    # For what it sets up inside NumPyro's kernel.
    jax.eval_shape(begin, nowhere(posterior.size), jax.random.key(0))
    return Kernel(begin, step, lambda state: state.z, _of_tree)


def first_of_chain(
    first_state: Callable[..., HMCState], options: NutsOptions | HmcOptions, start: Start, key: jax.Array, **own: Any
) -> HMCState:
    """The first state of a kernel of NumPyro's, with the options that are its `own`."""
    return first_state(
        ParamInfo(start.position, start.potential_energy, start.gradient),
        num_warmup=options.warmup,
        dense_mass=options.metric == "dense",
        target_accept_prob=options.target_accept,
        rng_key=key,
        **own,
    )


def statistics(state: HMCState) -> dict[str, jax.Array]:
    """Of a step by any kernel of NumPyro's."""
    return {
        "lp": -state.potential_energy,
        "energy": state.energy,
        "step_size": state.adapt_state.step_size,
        "acceptance_rate": state.accept_prob,
        "n_steps": jnp.asarray(state.num_steps),
        "diverging": state.diverging,
    }


def _of_tree(state: HMCState) -> dict[str, jax.Array]:
    found = statistics(state)
    steps = found["n_steps"]
    # 2^(d-1) <= n < 2^d leapfrog steps were taken in a tree of depth d.
    return found | {"tree_depth": jnp.iinfo(steps.dtype).bits - jax.lax.clz(steps)}
