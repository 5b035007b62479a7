"""The random walk of Metropolis, scaled by the covariance that the chain finds while it warms up and then keeps.

    x' = x + h S^½ ξ,   ξ ~ Normal(0, I),   accepted with probability min(1, p(x') / p(x))

Where the likelihood is an estimate that is random but unbiased, as a filter of particles gives it, the estimate at x is kept
for as long as the chain stays there. The chain then draws from the posterior exactly, however few the particles (Andrieu &
Roberts 2009); the more the logarithm of the estimate scatters, the longer it stays where that was large by chance. A scatter of
a variance between 1 and 3 is worth the least computing (Doucet et al. 2015; Sherlock et al. 2015).

References:
    Metropolis, Rosenbluth, Rosenbluth, Teller & Teller 1953, J. Chem. Phys. 21, 1087-1092.
    Andrieu & Roberts 2009, The pseudo-marginal approach for efficient Monte Carlo computations, Ann. Statist. 37, 697-725.
    Andrieu, Doucet & Holenstein 2010, Particle Markov Chain Monte Carlo Methods, J. R. Stat. Soc. B 72, 269-342.
    Doucet, Pitt, Deligiannidis & Kohn 2015, Efficient implementation of Markov chain Monte Carlo when using an unbiased
    likelihood estimator, Biometrika 102, 295-313.
    Sherlock, Thiery, Roberts & Rosenthal 2015, On the efficiency of pseudo-marginal random walk Metropolis algorithms, Ann.
    Statist. 43, 238-275.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.infer.adaptation import Adapted, adapter, stretch
from uqdsl.infer.coordinates import flat_position
from uqdsl.infer.markov import Kernel
from uqdsl.infer.posterior import SEED, Posterior, draw_seeds, make_posterior
from uqdsl.infer.start import Start
from uqdsl.infer.target import Target
from uqdsl.vocabulary.methods.chains import MetropolisOptions

_PLACES, _TIMES = 10, 20
"""Draws at which the scatter of the estimate is looked at, and how often at each."""


class _State(NamedTuple):
    """`log_density` is the estimate at the position, of the random numbers `seed`."""

    position: jax.Array
    log_density: jax.Array
    seed: jax.Array
    iteration: jax.Array
    step_size: jax.Array
    acceptance: jax.Array
    adapted: Adapted
    key: jax.Array


def kernel(posterior: Posterior, options: MetropolisOptions) -> Kernel:
    """A step is one proposal."""
    adapt = adapter(options.warmup, options.metric, options.target_accept)
    estimated = posterior.target.estimate is not None

    def log_density(position: jax.Array, seed: jax.Array) -> jax.Array:
        found = posterior.estimate_log_density(position, seed)
        return jnp.where(jnp.isnan(found), -jnp.inf, found)

    def begin(start: Start, key: jax.Array) -> _State:
        adapt_key, seed_key, key = jax.random.split(key, 3)
        adapted = adapt.begin(start.position, adapt_key, 2.4 / np.sqrt(max(posterior.size, 1)))
        seed = draw_seeds(seed_key)
        here = log_density(start.position, seed)
        return _State(start.position, here, seed, jnp.asarray(0), adapted.step_size, jnp.ones(()), adapted, key)

    def step(state: _State) -> _State:
        key, noise_key, seed_key, accept_key = jax.random.split(state.key, 4)
        h, root = state.adapted.step_size, state.adapted.mass_matrix_sqrt_inv
        position = state.position + h * stretch(root, jax.random.normal(noise_key, state.position.shape))
        seed = draw_seeds(seed_key)
        there = log_density(position, seed)
        gain = there - state.log_density
        acceptance = jnp.where(jnp.isfinite(there), jnp.exp(jnp.minimum(gain, 0.0)), 0.0)
        accepted = jax.random.uniform(accept_key) < acceptance
        proposed = (position, there, seed)
        position, here, seed = jax.tree.map(lambda new, old: jnp.where(accepted, new, old), proposed, state[:3])
        adapted = adapt.learn(state.adapted, state.iteration, acceptance, position)
        return _State(position, here, seed, state.iteration + 1, h, acceptance, adapted, key)

    def statistics(state: _State) -> dict[str, jax.Array]:
        found = {
            "lp": state.log_density,
            "step_size": state.step_size,
            "acceptance_rate": state.acceptance,
            "n_steps": jnp.asarray(1),
        }
        return found | ({SEED: state.seed} if estimated else {})

    return Kernel(begin, step, lambda state: state.position, statistics)


def scatter(target: Target, draws: Mapping[str, np.ndarray], seed: int) -> float:
    """The variance with which the log likelihood is estimated, in the mean over a few draws of the posterior.

    Arguments:
        draws: of the unknowns by name, `(chain, draw, *shape)`.
    """
    posterior = make_posterior(target)
    flat = {name: draws[name].reshape(-1, *draws[name].shape[2:]) for name in target.unknowns}
    count = len(next(iter(flat.values())))
    places = np.linspace(0, count - 1, min(_PLACES, count)).astype(int)

    @jax.jit
    def estimates(posterior: Posterior, values: dict[str, jax.Array], seeds: jax.Array) -> jax.Array:
        def at(here: tuple[dict[str, jax.Array], jax.Array]) -> jax.Array:
            position = flat_position(target, posterior.layout, here[0], posterior.data)
            return jax.lax.map(lambda seed: posterior.estimate_log_density(position, seed), here[1])

        return jax.lax.map(at, (values, seeds))

    values = {name: jnp.asarray(each[places]) for name, each in flat.items()}
    seeds = draw_seeds(jax.random.key(seed), (len(places), _TIMES))
    return float(np.mean(np.var(np.asarray(estimates(posterior, values, seeds)), axis=1, ddof=1)))
