"""The No-U-Turn sampler: NumPyro's kernel.

References:
    Hoffman & Gelman 2014, The No-U-Turn Sampler, J. Mach. Learn. Res. 15, 1593-1623.
    Betancourt 2017, A Conceptual Introduction to Hamiltonian Monte Carlo, arXiv:1701.02434, appendix A.
    Phan, Pradhan & Jankowiak 2019, Composable Effects for Flexible and Accelerated Probabilistic Programming in
    NumPyro, arXiv:1912.11554.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from numpyro.infer.hmc import HMCState, hmc
from numpyro.infer.util import ParamInfo

from uqdsl.infer.markov import Kernel, nowhere
from uqdsl.infer.posterior import Posterior
from uqdsl.infer.start import Start
from uqdsl.vocabulary.methods import NutsOptions


def kernel(posterior: Posterior, options: NutsOptions) -> Kernel:
    """A step follows a trajectory until it turns back, and draws the next position from it."""
    first_state, step = hmc(potential_fn=lambda position: -posterior.log_density(position), algo="NUTS")

    def begin(start: Start, key: jax.Array) -> HMCState:
        return first_state(
            ParamInfo(start.position, start.potential_energy, start.gradient),
            num_warmup=options.warmup,
            dense_mass=options.metric == "dense",
            target_accept_prob=options.target_accept,
            max_tree_depth=options.max_tree_depth,
            trajectory_length=None,  # pyright: ignore[reportArgumentType] - of HMC; NUTS has none
            rng_key=key,
        )

    # For what it sets up inside NumPyro's kernel.
    jax.eval_shape(begin, nowhere(posterior.size), jax.random.key(0))
    return Kernel(begin, step, lambda state: state.z, _statistics)


def _statistics(state: HMCState) -> dict[str, jax.Array]:
    steps = jnp.asarray(state.num_steps)
    return {
        "lp": -state.potential_energy,
        "energy": state.energy,
        "step_size": state.adapt_state.step_size,
        "acceptance_rate": state.accept_prob,
        "n_steps": steps,
        # 2^(d-1) <= n < 2^d leapfrog steps were taken in a tree of depth d.
        "tree_depth": jnp.iinfo(steps.dtype).bits - jax.lax.clz(steps),
        "diverging": state.diverging,
    }
