"""What lies behind the data: schools around a mean, two components, Gaussian processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jax import Array
from jax import numpy as jnp
from jax.scipy.linalg import solve_triangular

from benchmarks.published.densities.laws import cauchy, gamma, inverse_gamma, normal, student_t

type Data = Mapping[str, Any]
type Unknowns = Mapping[str, Array]


def schools(data: Data, unknowns: Unknowns) -> Array:
    """`eight_schools_centered`."""
    mu, tau, theta = (unknowns[name] for name in ("mu", "tau", "theta"))
    log_prior = normal(mu, 0.0, 5.0) + cauchy(tau, 5.0) + normal(theta, mu, tau)
    return log_prior + normal(np.array(data["y"], dtype=float), theta, np.array(data["sigma"], dtype=float))


def mixture(data: Data, unknowns: Unknowns) -> Array:
    """`low_dim_gauss_mix`: theta is the weight of the component with the smaller mean."""
    mu, sigma, theta = (unknowns[name] for name in ("mu", "sigma", "theta"))
    y = jnp.array(data["y"])[:, None]
    each = -0.5 * ((y - mu) / sigma) ** 2 - jnp.log(sigma) + jnp.log(jnp.stack([theta, 1 - theta]))
    log_prior = normal(mu, 0.0, 2.0) + normal(sigma, 0.0, 2.0) + 4 * jnp.log(theta) + 4 * jnp.log1p(-theta)
    return log_prior + jnp.sum(jnp.logaddexp(each[:, 0], each[:, 1]))


def counts_along_a_line(data: Data, unknowns: Unknowns) -> Array:
    """`gp_pois_regr`: log rates with a squared-exponential kernel."""
    rho, alpha, f = (unknowns[name] for name in ("rho", "alpha", "f"))
    x, k = jnp.array(data["x"], dtype=float), jnp.array(data["k"], dtype=float)
    K = alpha**2 * jnp.exp(-((x[:, None] - x) ** 2) / (2 * rho**2)) + 1e-10 * jnp.eye(len(x))
    factor = jnp.linalg.cholesky(K)
    z = solve_triangular(factor, f, lower=True)
    log_f = -0.5 * z @ z - jnp.sum(jnp.log(jnp.diagonal(factor)))
    return gamma(rho, 25.0, 4.0) + normal(alpha, 0.0, 2.0) + log_f + jnp.sum(k * f - jnp.exp(f))


def crash(data: Data, unknowns: Unknowns) -> Array:
    """`accel_gp`: mean and log sd are each a Gaussian process of reduced rank."""

    def curve(part: str) -> Array:
        s, length = unknowns[f"sdgp{part}"], unknowns[f"lscale{part}"]
        frequency, basis = np.array(data[f"slambda{part}"]), np.array(data[f"Xgp{part}"])
        # The root is taken first: high waves have densities that are 0 in floating point, where it has no derivative.
        root = s * (2 * jnp.pi) ** 0.25 * jnp.sqrt(length) * jnp.exp(-((length * frequency / 2) ** 2))
        return unknowns[f"Intercept{part.removesuffix('_1')}"] + basis @ (root * unknowns[f"zgp{part}"])

    log_prior = student_t(unknowns["Intercept"], 3.0, -13.0, 36.0) + student_t(
        unknowns["Intercept_sigma"], 3.0, 0.0, 10.0
    )
    for part in ("_1", "_sigma_1"):
        log_prior += student_t(unknowns[f"sdgp{part}"], 3.0, 0.0, 36.0)
        log_prior += inverse_gamma(unknowns[f"lscale{part}"], 1.124909, 0.0177)
        log_prior += normal(unknowns[f"zgp{part}"], 0.0, 1.0)
    return log_prior + normal(np.array(data["Y"]), curve("_1"), jnp.exp(curve("_sigma_1")))
