"""Hand-written NumPyro, a process of its own: `python -m benchmarks.stan_pymc.with_numpyro PROBLEM SEED CHAINS DRAWS.npz`.

`MCMC(NUTS)` with parallel chains, of its three ways the fastest on a CPU (`benchmarks.first_answer` measures all).
"""

# ruff: noqa: N803 - matrices have capital letters, and data the names that they were published under

from __future__ import annotations

import sys
import time
from typing import Any

import numpyro

numpyro.enable_x64()
numpyro.set_host_device_count(int(sys.argv[3]))

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpyro.distributions as dist  # noqa: E402
from jax.experimental.ode import odeint  # noqa: E402
from numpyro.distributions import constraints  # noqa: E402
from numpyro.handlers import reparam  # noqa: E402
from numpyro.infer import MCMC, NUTS  # noqa: E402
from numpyro.infer.reparam import LocScaleReparam  # noqa: E402

from benchmarks.stan_pymc.problems import PROBLEMS, keep, named, show  # noqa: E402


def flat(support: Any = constraints.real, shape: tuple[int, ...] = ()) -> dist.Distribution:
    """The improper density 1."""
    return dist.ImproperUniform(support, (), shape)


def eight_schools(y: Any, sigma: Any, **_: Any) -> None:
    mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = numpyro.sample("tau", dist.HalfCauchy(5.0))
    with numpyro.plate("school", len(y)), reparam(config={"theta": LocScaleReparam(centered=0)}):
        theta = numpyro.sample("theta", dist.Normal(mu, tau))
        numpyro.sample("y", dist.Normal(theta, sigma), obs=y)


def regression(X: Any, y: Any, mean: Any, scale: Any, half_normal: float, half_cauchy: float) -> None:
    prior = dist.Normal(mean, scale).to_event(1) if scale.any() else flat(constraints.real_vector, scale.shape)
    beta = numpyro.sample("beta", prior)
    scatter = dist.HalfNormal(half_normal) if half_normal else flat(constraints.positive)
    sigma = numpyro.sample("sigma", dist.HalfCauchy(half_cauchy) if half_cauchy else scatter)
    numpyro.sample("y", dist.Normal(X @ beta, sigma), obs=y)


def ark(y: Any, **_: Any) -> None:
    alpha = numpyro.sample("alpha", dist.Normal(0.0, 10.0))
    beta = numpyro.sample("beta", dist.Normal(0.0, 10.0).expand([5]).to_event(1))
    sigma = numpyro.sample("sigma", dist.HalfCauchy(2.5))
    lags = jnp.column_stack([y[5 - lag : -lag] for lag in range(1, 6)])
    numpyro.sample("y", dist.Normal(alpha + lags @ beta, sigma), obs=y[5:])


def garch(y: Any, sigma1: float, **_: Any) -> None:
    mu = numpyro.sample("mu", flat())
    alpha0 = numpyro.sample("alpha0", flat(constraints.positive))
    # Uniform on the triangle where alpha1 + beta1 < 1.
    shares = numpyro.sample("shares", dist.Dirichlet(jnp.ones(3)))
    alpha1 = numpyro.deterministic("alpha1", shares[0])
    beta1 = numpyro.deterministic("beta1", shares[1])

    def step(variance: Any, before: Any) -> tuple[Any, Any]:
        variance = alpha0 + alpha1 * (before - mu) ** 2 + beta1 * variance
        return variance, variance

    _, later = jax.lax.scan(step, jnp.asarray(sigma1) ** 2, y[:-1])
    variance = jnp.concatenate([jnp.full(1, sigma1**2), later])
    numpyro.sample("y", dist.Normal(mu, jnp.sqrt(variance)), obs=y)


def gp_pois_regr(x: Any, k: Any, **_: Any) -> None:
    rho = numpyro.sample("rho", dist.Gamma(25.0, 4.0))
    alpha = numpyro.sample("alpha", dist.HalfNormal(2.0))
    z = numpyro.sample("z", dist.Normal().expand([len(x)]).to_event(1))
    K = alpha**2 * jnp.exp(-((x[:, None] - x) ** 2) / (2 * rho**2)) + 1e-10 * jnp.eye(len(x))
    f = numpyro.deterministic("f", jnp.linalg.cholesky(K) @ z)
    numpyro.sample("k", dist.Poisson(jnp.exp(f)), obs=k)


def hmm_example(y: Any, **_: Any) -> None:
    P = numpyro.sample("P", dist.Dirichlet(jnp.ones((2, 2))).to_event(1))
    mu = numpyro.sample("mu", dist.ImproperUniform(constraints.positive_ordered_vector, (), (2,)))
    numpyro.factor("mu's", dist.Normal(jnp.array([3.0, 10.0]), 1.0).log_prob(mu).sum())
    log_P = jnp.log(P)
    emission = dist.Normal(mu, 1.0).log_prob(y[:, None])

    def step(forward: Any, now: Any) -> tuple[Any, None]:
        return jax.nn.logsumexp(forward[:, None] + log_P, axis=0) + now, None

    forward, _ = jax.lax.scan(step, emission[0], emission[1:])
    numpyro.factor("y", jax.nn.logsumexp(forward))


def gauss_mix(y: Any, **_: Any) -> None:
    mu = numpyro.sample("mu", dist.ImproperUniform(constraints.ordered_vector, (), (2,)))
    numpyro.factor("mu's", dist.Normal(0.0, 2.0).log_prob(mu).sum())
    sigma = numpyro.sample("sigma", dist.HalfNormal(2.0).expand([2]).to_event(1))
    theta = numpyro.sample("theta", dist.Beta(5.0, 5.0))
    share = dist.Categorical(probs=jnp.array([theta, 1 - theta]))
    numpyro.sample("y", dist.MixtureSameFamily(share, dist.Normal(mu, sigma)), obs=y)


def mcycle_gp(Y: Any, Xgp_1: Any, slambda_1: Any, Xgp_sigma_1: Any, slambda_sigma_1: Any) -> None:
    def wave(end: str, X: Any, frequency: Any) -> Any:
        scale = numpyro.sample(f"sdgp{end}", dist.TruncatedDistribution(dist.StudentT(3.0, 0.0, 36.0), low=0.0))
        length = numpyro.sample(f"lscale{end}", dist.InverseGamma(1.124909, 0.0177))
        z = numpyro.sample(f"zgp{end}", dist.Normal().expand([len(frequency)]).to_event(1))
        amplitude = scale * jnp.sqrt(jnp.sqrt(2 * jnp.pi) * length) * jnp.exp(-((length * frequency) ** 2) / 4)
        return X @ (amplitude * z)

    intercept = numpyro.sample("Intercept", dist.StudentT(3.0, -13.0, 36.0))
    mean = intercept + wave("_1", Xgp_1, slambda_1)
    intercept_sigma = numpyro.sample("Intercept_sigma", dist.StudentT(3.0, 0.0, 10.0))
    log_scatter = intercept_sigma + wave("_sigma_1", Xgp_sigma_1, slambda_sigma_1)
    numpyro.sample("Y", dist.Normal(mean, jnp.exp(log_scatter)), obs=Y)


def radon(floor: Any, county: Any, log_uranium: Any, log_radon: Any) -> None:
    gamma = numpyro.sample("gamma", dist.Normal(0.0, 1.0))
    mu_a = numpyro.sample("mu_a", dist.Normal(0.0, 10.0))
    sigma_a = numpyro.sample("sigma_a", dist.HalfNormal(1.0))
    b = numpyro.sample("b", dist.Normal(0.0, 10.0))
    sigma = numpyro.sample("sigma", dist.HalfNormal(1.0))
    with numpyro.plate("counties", len(log_uranium)), reparam(config={"a": LocScaleReparam(centered=0)}):
        a = numpyro.sample("a", dist.Normal(mu_a + gamma * log_uranium, sigma_a))
    with numpyro.plate("homes", len(log_radon)):
        numpyro.sample("log_radon", dist.Normal(a[county] + b * floor, sigma), obs=log_radon)


def logistic(X: Any, y: Any) -> None:
    alpha = numpyro.sample("alpha", dist.Normal(0.0, 5.0))
    beta = numpyro.sample("beta", dist.Normal().expand([X.shape[1]]).to_event(1))
    numpyro.sample("y", dist.Bernoulli(logits=alpha + X @ beta), obs=y)


def lotka_volterra(ts: Any, y: Any, y_init: Any) -> None:
    typical, spread = jnp.array([1.0, 0.05, 1.0, 0.05]), jnp.array([0.5, 0.05, 0.5, 0.05])
    theta = numpyro.sample("theta", dist.TruncatedNormal(typical, spread, low=0.0).to_event(1))
    z_init = numpyro.sample("z_init", dist.LogNormal(jnp.log(10.0), 1.0).expand([2]).to_event(1))
    sigma = numpyro.sample("sigma", dist.LogNormal(-1.0, 1.0).expand([2]).to_event(1))

    def rates(size: Any, _: Any, theta: Any) -> Any:
        hare, lynx = size
        return jnp.stack([(theta[0] - theta[1] * lynx) * hare, (theta[3] * hare - theta[2]) * lynx])

    times = jnp.concatenate([jnp.zeros(1), ts])
    size = odeint(rates, z_init, times, theta, rtol=1e-6, atol=1e-6, mxstep=1000)
    numpyro.sample("y", dist.LogNormal(jnp.log(size), sigma), obs=jnp.vstack([y_init, y]))


MODELS = (
    eight_schools, regression, ark, garch, gp_pois_regr, hmm_example, gauss_mix, mcycle_gp, radon, logistic,
    lotka_volterra,
)  # fmt: skip


SHORT = 2.0
"""Seconds. In shorter first runs small things that are compiled late would be taken for sampling, so that a second is timed."""


def main(name: str, seed: str, chains: str, file: str) -> None:
    """Run one of the problems."""
    problem = PROBLEMS[name]
    model = {each.__name__: each for each in MODELS}[problem.model]
    compiled: list[tuple[float, float]] = []  # seconds, and when they ended

    def heard(event: str, seconds: float, **_: Any) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            compiled.append((seconds, time.perf_counter()))

    jax.monitoring.register_event_duration_secs_listener(heard)
    kernel = NUTS(
        model,
        target_accept_prob=problem.target_accept,
        dense_mass=problem.dense,
        max_tree_depth=problem.max_tree_depth,
    )
    mcmc = MCMC(kernel, num_warmup=1000, num_samples=1000, num_chains=int(chains), progress_bar=False)
    data = problem.data()

    def drawn(key: jax.Array) -> tuple[dict[str, Any], float]:
        """Draws, and seconds since the loop of the sampler was compiled, which takes longer than all else."""
        compiled.clear()
        mcmc.run(key, extra_fields=("num_steps", "diverging"), **data)
        samples = jax.device_get(mcmc.get_samples(group_by_chain=True))
        return samples, time.perf_counter() - max(compiled)[1]

    began = time.perf_counter()
    samples, sampling = drawn(jax.random.key(int(seed)))
    seconds = time.perf_counter() - began
    extra = jax.device_get(mcmc.get_extra_fields())
    told = {"compile": seconds - sampling, "sample": sampling}
    draws = named(problem, samples)
    show(draws)
    if sampling < SHORT:
        _, told["sample"] = drawn(jax.random.key(int(seed)))
    keep(
        draws,
        file,
        **told,
        steps=float(extra["num_steps"].mean()),
        divergences=float(extra["diverging"].sum()),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
