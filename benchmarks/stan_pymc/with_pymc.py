"""PyMC, sampled by nutpie, a process of its own: `python -m benchmarks.stan_pymc.with_pymc PROBLEM SEED CHAINS DRAWS.npz`."""

# ruff: noqa: N803 - matrices have capital letters, and data the names that they were published under

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import nutpie
import pymc as pm
import pytensor
import pytensor.tensor as pt

from benchmarks.stan_pymc.problems import PROBLEMS, keep, named, show


def eight_schools(y: Any, sigma: Any, **_: Any) -> None:
    mu = pm.Normal("mu", 0, 5)
    tau = pm.HalfCauchy("tau", 5)
    z = pm.Normal("z", 0, 1, shape=len(y))
    theta = pm.Deterministic("theta", mu + tau * z)
    pm.Normal("y", theta, sigma, observed=y)


def regression(X: Any, y: Any, mean: Any, scale: Any, half_normal: float, half_cauchy: float) -> None:
    # nutpie's metric is diagonal unless asked: correlated coefficients go by a thin QR decomposition, as in Stan.
    Q, R = np.linalg.qr(X)
    Q, R = Q * np.sqrt(len(y)), R / np.sqrt(len(y))
    gamma = pm.Flat("gamma", shape=len(scale))
    beta = pm.Deterministic("beta", pt.dot(np.linalg.inv(R), gamma))
    if scale.any():
        pm.Potential("betas", pm.logp(pm.Normal.dist(mean, scale), beta).sum())
    if half_normal:
        sigma = pm.HalfNormal("sigma", half_normal)
    elif half_cauchy:
        sigma = pm.HalfCauchy("sigma", half_cauchy)
    else:
        sigma = pm.HalfFlat("sigma")
    pm.Normal("y", pt.dot(Q, gamma), sigma, observed=y)


def ark(y: Any, **_: Any) -> None:
    alpha = pm.Normal("alpha", 0, 10)
    beta = pm.Normal("beta", 0, 10, shape=5)
    sigma = pm.HalfCauchy("sigma", 2.5)
    lags = np.column_stack([y[5 - lag : -lag] for lag in range(1, 6)])
    pm.Normal("y", alpha + pt.dot(lags, beta), sigma, observed=y[5:])


def garch(y: Any, sigma1: float, **_: Any) -> None:
    mu = pm.Flat("mu")
    alpha0 = pm.HalfFlat("alpha0")
    # Uniform on the triangle where alpha1 + beta1 < 1.
    shares = pm.Dirichlet("shares", np.ones(3))
    alpha1 = pm.Deterministic("alpha1", shares[0])
    beta1 = pm.Deterministic("beta1", shares[1])
    later = pytensor.scan(
        lambda before, variance, mu, alpha0, alpha1, beta1: alpha0 + alpha1 * (before - mu) ** 2 + beta1 * variance,
        sequences=[pt.as_tensor(y[:-1])],
        outputs_info=[pt.as_tensor(np.float64(sigma1) ** 2)],
        non_sequences=[mu, alpha0, alpha1, beta1],
        return_updates=False,
    )
    variance = pt.concatenate([np.array([float(sigma1) ** 2]), later])
    pm.Normal("y", mu, pt.sqrt(variance), observed=y)


def gp_pois_regr(x: Any, k: Any, **_: Any) -> None:
    rho = pm.Gamma("rho", 25, 4)
    alpha = pm.HalfNormal("alpha", 2)
    z = pm.Normal("z", 0, 1, shape=len(x))
    K = alpha**2 * pt.exp(-((x[:, None] - x) ** 2) / (2 * rho**2)) + 1e-10 * np.eye(len(x))
    f = pm.Deterministic("f", pt.dot(pt.linalg.cholesky(K), z))
    pm.Poisson("k", pt.exp(f), observed=k)


def hmm_example(y: Any, **_: Any) -> None:
    P = pm.Dirichlet("P", np.ones((2, 2)))
    low = pm.TruncatedNormal("low", 3, 1, lower=0)
    gap = pm.HalfFlat("gap", initval=7.0)
    mu = pm.Deterministic("mu", pt.stack([low, low + gap]))
    pm.Potential("high", pm.logp(pm.Normal.dist(10, 1), mu[1]))
    emission = pm.logp(pm.Normal.dist(mu, 1), pt.as_tensor(y[:, None]))
    forward = pytensor.scan(
        lambda now, forward, log_P: pt.logsumexp(forward[:, None] + log_P, axis=0) + now,
        sequences=[emission[1:]],
        outputs_info=[emission[0]],
        non_sequences=[pt.log(P)],
        return_updates=False,
    )
    pm.Potential("y", pt.logsumexp(forward[-1]))


def gauss_mix(y: Any, **_: Any) -> None:
    transforms = pm.distributions.transforms
    mu = pm.Normal("mu", 0, 2, shape=2, transform=transforms.ordered, initval=np.array([-1.0, 1.0]))
    sigma = pm.HalfNormal("sigma", 2, shape=2)
    theta = pm.Beta("theta", 5, 5)
    pm.NormalMixture("y", pt.stack([theta, 1 - theta]), mu, sigma=sigma, observed=y)


def mcycle_gp(Y: Any, Xgp_1: Any, slambda_1: Any, Xgp_sigma_1: Any, slambda_sigma_1: Any) -> None:
    def wave(end: str, X: Any, frequency: Any) -> Any:
        scale = pm.HalfStudentT(f"sdgp{end}", nu=3, sigma=36)
        length = pm.InverseGamma(f"lscale{end}", 1.124909, 0.0177)
        z = pm.Normal(f"zgp{end}", 0, 1, shape=len(frequency))
        amplitude = scale * pt.sqrt(np.sqrt(2 * np.pi) * length) * pt.exp(-((length * frequency) ** 2) / 4)
        return pt.dot(X, amplitude * z)

    mean = pm.StudentT("Intercept", nu=3, mu=-13, sigma=36) + wave("_1", Xgp_1, slambda_1)
    log_scatter = pm.StudentT("Intercept_sigma", nu=3, mu=0, sigma=10) + wave("_sigma_1", Xgp_sigma_1, slambda_sigma_1)
    pm.Normal("Y", mean, pt.exp(log_scatter), observed=Y)


def radon(floor: Any, county: Any, log_uranium: Any, log_radon: Any) -> None:
    gamma = pm.Normal("gamma", 0, 1)
    mu_a = pm.Normal("mu_a", 0, 10)
    sigma_a = pm.HalfNormal("sigma_a", 1)
    z = pm.Normal("z", 0, 1, shape=len(log_uranium))
    a = pm.Deterministic("a", mu_a + gamma * log_uranium + sigma_a * z)
    b = pm.Normal("b", 0, 10)
    sigma = pm.HalfNormal("sigma", 1)
    pm.Normal("log_radon", a[county] + b * floor, sigma, observed=log_radon)


def logistic(X: Any, y: Any) -> None:
    alpha = pm.Normal("alpha", 0, 5)
    beta = pm.Normal("beta", 0, 1, shape=X.shape[1])
    pm.Bernoulli("y", logit_p=alpha + pt.dot(X, beta), observed=y)


STEPS = 10
"""Of Runge and Kutta's method of order 4 in a year; PyMC brings no solver that nutpie could compile."""


def lotka_volterra(ts: Any, y: Any, y_init: Any) -> None:
    theta = pm.TruncatedNormal("theta", np.array([1, 0.05, 1, 0.05]), np.array([0.5, 0.05, 0.5, 0.05]), lower=0)
    z_init = pm.LogNormal("z_init", np.log(10), 1, shape=2)
    sigma = pm.LogNormal("sigma", -1, 1, shape=2)
    h = 1 / STEPS

    def rates(hare: Any, lynx: Any, t: Any) -> tuple[Any, Any]:
        return (t[0] - t[1] * lynx) * hare, (t[3] * hare - t[2]) * lynx

    def step(hare: Any, lynx: Any, t: Any) -> list[Any]:
        k1 = rates(hare, lynx, t)
        k2 = rates(hare + h / 2 * k1[0], lynx + h / 2 * k1[1], t)
        k3 = rates(hare + h / 2 * k2[0], lynx + h / 2 * k2[1], t)
        k4 = rates(hare + h * k3[0], lynx + h * k3[1], t)
        return [
            size + h / 6 * (a + 2 * b + 2 * c + d)
            for size, a, b, c, d in zip((hare, lynx), k1, k2, k3, k4, strict=True)
        ]

    sizes = pytensor.scan(
        step,
        outputs_info=[z_init[0], z_init[1]],
        non_sequences=[theta],
        n_steps=len(ts) * STEPS,
        return_updates=False,
    )
    size = pt.stack([each[STEPS - 1 :: STEPS] for each in sizes], axis=1)
    pm.LogNormal("y_init", pt.log(z_init), sigma, observed=y_init)
    pm.LogNormal("y", pt.log(size), sigma, observed=y)


MODELS = (
    eight_schools, regression, ark, garch, gp_pois_regr, hmm_example, gauss_mix, mcycle_gp, radon, logistic,
    lotka_volterra,
)  # fmt: skip


def main(name: str, seed: str, chains: str, file: str) -> None:
    """Run one of the problems."""
    problem = PROBLEMS[name]
    write = {each.__name__: each for each in MODELS}[problem.model]
    data = problem.data()
    began = time.perf_counter()
    with pm.Model() as model:
        write(**data)
    compiled = nutpie.compile_pymc_model(model)
    built = time.perf_counter()
    found = nutpie.sample(
        compiled,
        draws=1000,
        tune=1000,
        chains=int(chains),
        cores=int(chains),
        seed=int(seed),
        target_accept=problem.target_accept,
        maxdepth=problem.max_tree_depth,
        progress_bar=False,
    )
    seconds = time.perf_counter() - built
    posterior = {str(key): each.values for key, each in found.posterior.data_vars.items()}
    draws = named(problem, posterior)
    show(draws)
    keep(
        draws,
        file,
        compile=built - began,
        sample=seconds,
        steps=float(found.sample_stats["n_steps"].mean()),
        divergences=float(found.sample_stats["diverging"].sum()),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
