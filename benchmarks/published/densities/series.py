"""Series in time: an autoregression, a GARCH(1, 1), a hidden Markov model, and hares and lynxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jax import Array, lax
from jax import numpy as jnp
from jax.scipy.special import logsumexp

from benchmarks.published.densities.laws import cauchy, log_normal, normal

type Data = Mapping[str, Any]
type Unknowns = Mapping[str, Array]


STEP = 1 / 500
"""Of a year."""


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
    """`lotka_volterra`: measured with errors that multiply; the equations are solved in steps so small that 1e-10 is exact."""
    theta, z_init, sigma = (unknowns[name] for name in ("theta", "z_init", "sigma"))

    def derivative(log_z: Array) -> Array:
        hare, lynx = jnp.exp(log_z)
        return jnp.stack([theta[0] - theta[1] * lynx, -theta[2] + theta[3] * hare])

    def year(log_z: Array, _: None) -> tuple[Array, Array]:
        """The classical method of Runge and Kutta; the times of the data are the years 0, 1, 2, …"""

        def step(_: Array, z: Array) -> Array:
            a = derivative(z)
            b = derivative(z + STEP / 2 * a)
            c = derivative(z + STEP / 2 * b)
            d = derivative(z + STEP * c)
            return z + STEP / 6 * (a + 2 * b + 2 * c + d)

        later = lax.fori_loop(0, round(1 / STEP), step, log_z)
        return later, later

    _, later = lax.scan(year, jnp.log(z_init), None, length=len(data["ts"]))
    log_z = jnp.concatenate([jnp.log(z_init)[None], later])
    measured = jnp.array([data["y_init"], *data["y"]], dtype=float)
    log_prior = (
        normal(theta, jnp.array([1.0, 0.05, 1.0, 0.05]), jnp.array([0.5, 0.05, 0.5, 0.05]))
        + log_normal(z_init, np.log(10.0), 1.0)
        + log_normal(sigma, -1.0, 1.0)
    )
    return log_prior + log_normal(measured, log_z, sigma)
