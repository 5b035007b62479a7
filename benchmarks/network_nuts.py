"""A network of one layer of fifty, n = 300: log density with its gradient, and NUTS, against hand-written NumPyro.

Both posteriors are one. NumPyro's sampler runs both, the generated model and the one written by hand, with the same options,
seeds and chains one after the other; so the ratio says what the generated program is worth. `uqdsl run` stands beside them.
Effective draws are the least bulk ESS of the values of the network at the 300 inputs: weights may change places.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import uqdsl

SPEC = """
dim input = ["a", "b"]
data { Z[case, input] : real, X[case] : real }
network f(z[input]) -> real { dense(50, tanh)  dense(1) }
prior f.weights ~ Normal(0, 1 / sqrt(fan_in))
prior sigma     ~ HalfNormal(0.5)
likelihood X[case] ~ Normal(f(Z), sigma)
infer by nuts(chains = 2, warmup = 400, draws = 200, max_tree_depth = 7, target_accept = 0.8)
"""
ROWS, CHAINS, WARMUP, DRAWS, DEPTH = 300, 2, 400, 200, 7


def main() -> None:
    """Measure, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=11)
    repetitions = parser.parse_args().repetitions
    import numpy as np

    rng = np.random.default_rng(1)
    z = rng.normal(size=(ROWS, 2))
    x = np.tanh(2 * z[:, 0]) - 0.5 * z[:, 1] ** 2 + 0.1 * rng.normal(size=ROWS)
    program = uqdsl.loads(SPEC).compile(Z=z, X=x)
    began = time.perf_counter()
    fit = program.infer(seed=1, progress=False)
    took = time.perf_counter() - began
    import jax
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer import MCMC, NUTS
    from numpyro.infer.util import initialize_model

    from benchmarks.density import STEPS, walk
    from benchmarks.timing import interleaved, machine, paired_ratio, shown
    from uqdsl.diagnose.statistics import ess_bulk

    def by_hand(z: Any, x: Any) -> None:
        kernel = numpyro.sample("f.dense1.kernel", dist.Normal(0, 2**-0.5).expand([2, 50]).to_event(2))
        bias = numpyro.sample("f.dense1.bias", dist.Normal(0, 2**-0.5).expand([50]).to_event(1))
        out = numpyro.sample("f.dense2.kernel", dist.Normal(0, 50**-0.5).expand([50]).to_event(1))
        shift = numpyro.sample("f.dense2.bias", dist.Normal(0, 50**-0.5))
        sigma = numpyro.sample("sigma", dist.HalfNormal(0.5))
        value = numpyro.deterministic("f(Z)", jnp.tanh(z @ kernel + bias) @ out + shift)
        with numpyro.plate("case", ROWS):
            numpyro.sample("X", dist.Normal(value, sigma), obs=x)

    models = {"ours": (program.numpyro_model, ()), "theirs": (by_hand, (z, x))}
    print(machine())
    start = initialize_model(jax.random.key(0), by_hand, model_args=(z, x))
    position = {key: jnp.asarray(np.asarray(value)) for key, value in start.param_info.z.items()}
    densities: dict[str, Any] = {"ours": program.log_density, "theirs": lambda at: -start.potential_fn(at)}
    values = {key: float(jax.jit(density)(position)) for key, density in densities.items()}
    assert np.isclose(values["ours"], values["theirs"], rtol=1e-12), values
    loops = {key: jax.jit(walk(density)).lower(position).compile() for key, density in densities.items()}

    def timed(loop: Any) -> float:
        began = time.perf_counter()
        jax.block_until_ready(loop(position))
        return (time.perf_counter() - began) / STEPS * 1e6

    times = interleaved({key: lambda loop=loop: timed(loop) for key, loop in loops.items()}, repetitions)
    print(f"log density and gradient: ours {shown(times['ours'], 'µs')}, by hand {shown(times['theirs'], 'µs')}")
    print(f"  ratio {paired_ratio(times['ours'], times['theirs'])}")

    def effective(found: np.ndarray) -> np.ndarray:
        return ess_bulk(found.reshape(*found.shape[:2], -1))

    rates = {}
    for name, (model, arguments) in models.items():
        kernel = NUTS(model, target_accept_prob=0.8, max_tree_depth=DEPTH)
        mcmc = MCMC(
            kernel,
            num_warmup=WARMUP,
            num_samples=DRAWS,
            num_chains=CHAINS,
            chain_method="sequential",
            progress_bar=False,
        )
        began = time.perf_counter()
        mcmc.run(jax.random.key(0), *arguments, extra_fields=("num_steps", "adapt_state.step_size"))
        drawn = np.asarray(mcmc.get_samples(group_by_chain=True)["f(Z)"])
        seconds = time.perf_counter() - began
        ess = effective(drawn)
        rates[name] = float(ess.min()) / seconds
        fields = mcmc.get_extra_fields()
        steps, size = fields["num_steps"].mean(), fields["adapt_state.step_size"].mean()
        told = f"{ess.min():.0f}, median {np.median(ess):.0f}, in {seconds:.1f} s; {steps:.0f} leapfrogs of {size:.4f} a draw"
        print(f"MCMC(NUTS) of the model, {name}: {rates[name]:.2f} /s ({told})", flush=True)
    print(f"  ratio {rates['ours'] / rates['theirs']:.2f}")
    mine = float(effective(np.asarray(fit.posterior["posterior"].dataset["f(Z)"])).min())
    print(f"uqdsl run: {mine / took:.2f} /s ({mine:.0f} in {took:.1f} s)")


if __name__ == "__main__":
    main()
