"""Series in time: an autoregression, a GARCH(1, 1), a hidden Markov model, and hares and lynxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jax import Array, lax
from jax import numpy as jnp
from jax.experimental.ode import odeint
from jax.scipy.special import logsumexp

from benchmarks.published.densities.laws import cauchy, log_normal, normal

type Data = Mapping[str, Any]
type Unknowns = Mapping[str, Array]


def autoregression(data: Data, unknowns: Unknowns) -> Array:
    """`arK`: each value given the K before it, the first K being given."""
    y, lags = np.array(data["y"]), data["K"]
    before = np.stack([y[lags - k : len(y) - k] for k in range(1, lags + 1)], axis=1)
    log_prior = normal(unknowns["alpha"], 0.0, 10.0) + normal(unknowns["beta"], 0.0, 10.0)
    location = unknowns["alpha"] + before @ unknowns["beta"]
    return log_prior + cauchy(unknowns["sigma"], 2.5) + normal(y[lags:], location, unknowns["sigma"])


def garch(data: Data, unknowns: Unknowns) -> Array:
    """`garch11`: flat on the triangle of alpha1 and beta1."""
    y = jnp.array(data["y"])
    mu, alpha0, alpha1, beta1 = (unknowns[name] for name in ("mu", "alpha0", "alpha1", "beta1"))

    def step(variance: Array, before: Array) -> tuple[Array, Array]:
        variance = alpha0 + alpha1 * (before - mu) ** 2 + beta1 * variance
        return variance, variance

    first = jnp.full((), data["sigma1"], float) ** 2
    _, later = lax.scan(step, first, y[:-1])
    return normal(y, mu, jnp.sqrt(jnp.concatenate([first[None], later])))


def hidden_markov(data: Data, unknowns: Unknowns) -> Array:
    """`hmm_example`: the forward recursion on the log scale; both states have weight 1 at the start."""
    y, mu = jnp.array(data["y"]), unknowns["mu"]
    log_P = jnp.log(jnp.stack([unknowns["theta1"], unknowns["theta2"]]))
    emission = -0.5 * (y[:, None] - mu) ** 2

    def step(forward: Array, log_p: Array) -> tuple[Array, None]:
        return log_p + logsumexp(forward[:, None] + log_P, axis=0), None

    last, _ = lax.scan(step, emission[0], emission[1:])
    return normal(mu, jnp.array([3.0, 10.0]), 1.0) + logsumexp(last)


def hares_and_lynxes(data: Data, unknowns: Unknowns) -> Array:
    """`lotka_volterra`: measured with errors that multiply; the equations are solved to 1e-11."""
    theta, z_init, sigma = (unknowns[name] for name in ("theta", "z_init", "sigma"))

    def derivative(log_z: Array, _: Array) -> Array:
        hare, lynx = jnp.exp(log_z)
        return jnp.stack([theta[0] - theta[1] * lynx, -theta[2] + theta[3] * hare])

    times = jnp.concatenate([jnp.zeros(1), jnp.array(data["ts"], dtype=float)])
    log_z = odeint(derivative, jnp.log(z_init), times, rtol=1e-11, atol=1e-11, mxstep=100_000)
    measured = jnp.array([data["y_init"], *data["y"]], dtype=float)
    log_prior = (
        normal(theta, jnp.array([1.0, 0.05, 1.0, 0.05]), jnp.array([0.5, 0.05, 0.5, 0.05]))
        + log_normal(z_init, np.log(10.0), 1.0)
        + log_normal(sigma, -1.0, 1.0)
    )
    return log_prior + log_normal(measured, log_z, sigma)
