"""What other libraries make of a logistic regression, written by hand.

`python -m benchmarks.method_peers PEER METHOD DATA.npz DRAWS.npz` is a process of its own, in an environment of its own, in
which there is no uqdsl. Defaults are those of the library's own examples; chains are as many and as long as those of uqdsl.
"""

# ruff: noqa: ARG001 - every method of a library is given the same

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

CHAINS, WARMUP, DRAWS = 4, 1000, 1000
SCALE = np.array([2.0, 1.5, 1.5, 1.5])


def log_prior(w: jax.Array) -> jax.Array:
    """Of intercept and coefficients."""
    return jax.scipy.stats.norm.logpdf(w, 0, SCALE).sum()


def log_likelihood(design: jax.Array, y: jax.Array, w: jax.Array) -> jax.Array:
    """Of a design `(n, 4)`."""
    linear = design @ w
    return (y * linear - jnp.logaddexp(0, linear)).sum()


def _looped(step: Callable[..., Any], states: Any, key: jax.Array, draws: int) -> np.ndarray:
    """Chains side by side: positions `(chain, draw, size)`."""

    @jax.jit
    def run(states: Any, key: jax.Array) -> jax.Array:
        def one(states: Any, key: jax.Array) -> tuple[Any, jax.Array]:
            states, _ = jax.vmap(step)(jax.random.split(key, len(states.position)), states)
            return states, states.position

        return jax.lax.scan(one, states, jax.random.split(key, draws))[1]

    return np.swapaxes(np.asarray(run(states, key)), 0, 1)


def blackjax_adapted(
    algorithm: str, prior: Any, likelihood: Any, start: jax.Array, key: jax.Array, **extra: Any
) -> np.ndarray:
    import blackjax

    def log_density(w: jax.Array) -> jax.Array:
        return prior(w) + likelihood(w)

    kind = getattr(blackjax, algorithm)
    warmup = blackjax.window_adaptation(kind, log_density, **extra)
    warm, go = jax.random.split(key)

    @jax.jit
    @jax.vmap
    def adapt(key: jax.Array, position: jax.Array) -> Any:
        (state, parameters), _ = warmup.run(key, position, num_steps=WARMUP)
        return state, {name: parameters[name] for name in ("step_size", "inverse_mass_matrix")}

    states, parameters = adapt(jax.random.split(warm, CHAINS), start)
    build = kind.build_kernel()

    @jax.jit
    def run(states: Any, key: jax.Array) -> jax.Array:
        def step(key: jax.Array, state: Any, each: dict[str, jax.Array]) -> Any:
            return build(key, state, log_density, each["step_size"], each["inverse_mass_matrix"], *extra.values())[0]

        def one(states: Any, key: jax.Array) -> tuple[Any, jax.Array]:
            states = jax.vmap(step)(jax.random.split(key, CHAINS), states, parameters)
            return states, states.position

        return jax.lax.scan(one, states, jax.random.split(key, DRAWS))[1]

    return np.swapaxes(np.asarray(run(states, go)), 0, 1)


def blackjax_mclmc(prior: Any, likelihood: Any, start: jax.Array, key: jax.Array) -> np.ndarray:
    import blackjax

    def log_density(w: jax.Array) -> jax.Array:
        return prior(w) + likelihood(w)

    kernel = blackjax.mcmc.mclmc.build_kernel()
    keys = jax.random.split(key, 3)
    state = blackjax.mcmc.mclmc.init(position=start[0], logdensity_fn=log_density, rng_key=keys[0])
    state, found, _ = blackjax.mclmc_find_L_and_step_size(
        mclmc_kernel=kernel, logdensity_fn=log_density, num_steps=10 * WARMUP, state=state, rng_key=keys[1]
    )
    sampler = blackjax.mclmc(
        log_density, L=found.L, step_size=found.step_size, inverse_mass_matrix=found.inverse_mass_matrix
    )
    states = jax.vmap(lambda key: sampler.init(state.position, key))(jax.random.split(keys[2], CHAINS))
    return _looped(sampler.step, states, keys[2], 10 * DRAWS)


def blackjax_ellipse(prior: Any, likelihood: Any, start: jax.Array, key: jax.Array) -> np.ndarray:
    import blackjax

    sampler = blackjax.elliptical_slice(likelihood, mean=jnp.zeros(4), cov=jnp.asarray(SCALE**2))
    return _looped(sampler.step, jax.vmap(sampler.init)(start), key, WARMUP + DRAWS)[:, WARMUP:]


def blackjax_chees(prior: Any, likelihood: Any, start: jax.Array, key: jax.Array) -> np.ndarray:
    import blackjax
    import optax

    def log_density(w: jax.Array) -> jax.Array:
        return prior(w) + likelihood(w)

    warm, go = jax.random.split(key)
    starts = jax.random.uniform(go, (64, 4), minval=-2, maxval=2)
    adaptation = blackjax.chees_adaptation(log_density, 64)
    (states, found), _ = adaptation.run(warm, starts, 0.1, optax.adam(0.02), 500)
    return _looped(blackjax.dynamic_hmc(log_density, **found).step, states, go, 200)


def blackjax_smc(prior: Any, likelihood: Any, start: jax.Array, key: jax.Array) -> np.ndarray:
    import blackjax
    from blackjax.smc import extend_params, resampling

    first, key = jax.random.split(key)
    hmc = {"step_size": 0.1, "inverse_mass_matrix": jnp.ones(4), "num_integration_steps": 8}
    sampler = blackjax.adaptive_tempered_smc(
        prior,
        likelihood,
        blackjax.hmc.build_kernel(),
        blackjax.hmc.init,
        extend_params(hmc),
        resampling.systematic,
        0.7,
        num_mcmc_steps=8,
    )
    state, step = sampler.init(SCALE * jax.random.normal(first, (1000, 4))), jax.jit(sampler.step)
    while state.tempering_param < 1:
        key, own = jax.random.split(key)
        state, _ = step(own, state)
    return np.asarray(state.particles)[None]


def blackjax_pathfinder(prior: Any, likelihood: Any, start: jax.Array, key: jax.Array) -> np.ndarray:
    import blackjax

    def log_density(w: jax.Array) -> jax.Array:
        return prior(w) + likelihood(w)

    state, _ = jax.jit(partial(blackjax.pathfinder.approximate, logdensity_fn=log_density))(
        key, initial_position=start[0]
    )
    return np.asarray(blackjax.pathfinder.sample(key, state, 4000)[0])[None]


def _numpyro_model(design: Any, y: Any) -> None:
    import numpyro
    import numpyro.distributions as dist

    w = numpyro.sample("w", dist.Normal(0, SCALE).to_event(1))
    numpyro.sample("y", dist.Bernoulli(logits=design @ w).to_event(1), obs=y)


def numpyro_chains(kernel: str, design: Any, y: Any, key: jax.Array) -> np.ndarray:
    from numpyro import infer

    given = {"trajectory_length": 3.0} if kernel == "HMC" else {}
    mcmc = infer.MCMC(
        getattr(infer, kernel)(_numpyro_model, **given),
        num_warmup=WARMUP,
        num_samples=DRAWS,
        num_chains=CHAINS,
        chain_method="vectorized",
        progress_bar=False,
    )
    mcmc.run(key, design, y)
    return np.asarray(mcmc.get_samples(group_by_chain=True)["w"])


def numpyro_guide(guide: str, design: Any, y: Any, key: jax.Array) -> np.ndarray:
    import numpyro
    from numpyro.infer import SVI, Trace_ELBO, autoguide

    made = getattr(autoguide, guide)(_numpyro_model)
    svi = SVI(_numpyro_model, made, numpyro.optim.Adam(0.01), Trace_ELBO(num_particles=16))
    found = svi.run(key, 3000, design, y, progress_bar=False)
    return np.asarray(made.sample_posterior(key, found.params, sample_shape=(4000,))["w"])[None]


def nutpie_nuts(design: np.ndarray, y: np.ndarray) -> np.ndarray:
    import nutpie
    import pymc as pm

    with pm.Model() as model:
        w = pm.Normal("w", 0, SCALE, shape=4)
        pm.Bernoulli("y", logit_p=pm.math.dot(design, w), observed=y)
    found = nutpie.sample(nutpie.compile_pymc_model(model), draws=DRAWS, tune=WARMUP, chains=CHAINS, progress_bar=False)
    return found.posterior["w"].values


_BLACKJAX: dict[str, Callable[..., np.ndarray]] = {
    "nuts": partial(blackjax_adapted, "nuts"),
    "hmc": partial(blackjax_adapted, "hmc", num_integration_steps=10),
    "mclmc": blackjax_mclmc,
    "elliptical_slice": blackjax_ellipse,
    "chees": blackjax_chees,
    "smc": blackjax_smc,
    "pathfinder": blackjax_pathfinder,
}
_GUIDES = {
    "laplace": "AutoLaplaceApproximation",
    "mean_field": "AutoNormal",
    "full_rank": "AutoMultivariateNormal",
    "low_rank": "AutoLowRankMultivariateNormal",
    "flow": "AutoIAFNormal",
}
OFFERED = {
    "NumPyro": ("nuts", "hmc", *_GUIDES),
    "BlackJAX": tuple(_BLACKJAX),
    "nutpie": ("nuts",),
}
"""What each offers."""


def draw(peer: str, method: str, design: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Draws `(chain, draw, 4)`."""
    key = jax.random.key(0)
    if peer == "nutpie":
        return nutpie_nuts(design, y)
    if peer == "NumPyro" and method in _GUIDES:
        return numpyro_guide(_GUIDES[method], design, y, key)
    if peer == "NumPyro":
        return numpyro_chains(method.upper(), design, y, key)
    start = jax.random.uniform(key, (CHAINS, 4), minval=-2, maxval=2)
    return _BLACKJAX[method](log_prior, partial(log_likelihood, design, y), start, key)


def main(peer: str, method: str, data: str, draws: str) -> None:
    """Draw, and say how much processor time that took."""
    jax.config.update("jax_enable_x64", True)
    with np.load(data) as known:
        x, y = known["x"], known["y"]
    began = time.process_time()
    found = draw(peer, method, np.concatenate([np.ones((len(x), 1)), x], 1), y)
    print("means", found.mean((0, 1)), "sd", found.std((0, 1)))
    print("answered", time.process_time() - began)
    np.savez(draws, draws=found)


if __name__ == "__main__":
    main(*sys.argv[1:])
