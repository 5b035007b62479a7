"""The two-stage implicit equal-weights particle filter, as one analysis of an ensemble of the prior.

The prior is described by Gaussian kernels Q = b^2 cov(x) about the members f_i, drawn towards their mean so that mean and
covariance stay (Liu & West). Each kernel has its own update xa_i, with one covariance P for all, and a misfit phi_i. Two draws,

    x_i = xa_i + sqrt(beta) P^1/2 nu_i + sqrt(alpha_i) P^1/2 xi_i,    xi_i orthogonal to nu_i,

are scaled such that all weights are equal: (alpha - 1) gamma - d log alpha = c_i in the limit of large d, and beta is
the one at which the scatter is right, mean(alpha) + beta = 1. It is made for many unknowns; where the misfits differ by
more than those allow, no scaling can make the weights equal.

References:
    Zhu, van Leeuwen & Amezcua 2016, Implicit Equal-Weights Particle Filter, Q. J. R. Meteorol. Soc. 142, 1904-1919.
    Skauvold et al. 2019, A Revised Implicit Equal-Weights Particle Filter, Q. J. R. Meteorol. Soc. 145, 1490-1502.
    Liu & West 2001, in Sequential Monte Carlo Methods in Practice, Springer, chapter 10.
"""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.infer.kalman import White, anomalies, begin, gained, objections, predict
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.vocabulary.methods.particles import EqualWeightOptions


class Analysis(NamedTuple):
    """The moved ensemble `(N, d)`, the two scalings, and the share of members whose weight could not be made equal."""

    ensemble: jax.Array
    alpha: jax.Array
    beta: jax.Array
    unequal: jax.Array


@partial(jax.jit, static_argnames=("stages", "beta"))
def two_stage(
    centres: jax.Array,
    white: White,
    states: jax.Array,
    said: jax.Array,
    key: jax.Array,
    *,
    stages: int = 2,
    beta: Literal["calibrated", "largest"] = "calibrated",
) -> Analysis:
    """Move centres `(N, d)` with kernels of covariance `states' states`.

    Arguments:
        white: what the centres predict, and the data.
        states, said: anomalies of the kernels, `(M, d)`, and of what these predict, `(M, p)`.
        stages: with one, all of the scatter is scaled by alpha (Zhu et al. 2016).
        beta: how the scaling of the first of two stages is chosen.
    """
    number, size = centres.shape
    misfit = white.values - white.predicted
    updated = centres + gained(states, said, misfit)
    covariance = states.T @ states - gained(states, said, said).T @ states
    phi = (misfit * (misfit - gained(said, said, misfit))).sum(-1)
    values, vectors = jnp.linalg.eigh(0.5 * (covariance + covariance.T))
    root = vectors * jnp.sqrt(jnp.maximum(values, 0.0))
    first, second = jax.random.normal(key, (2, number, size))
    if stages == 1:
        gamma = (second**2).sum(-1)
        alpha = _alpha(phi.max() - phi, gamma, size)
        return Analysis(updated + jnp.sqrt(alpha)[:, None] * second @ root.T, alpha, jnp.zeros(()), jnp.zeros(()))
    second -= first * ((second * first).sum(-1) / (first**2).sum(-1))[:, None]
    nu, gamma = (first**2).sum(-1), (second**2).sum(-1)
    mean = phi.mean()
    most = jnp.maximum(1 + jnp.min((mean - phi) / nu), 0.0)

    def alphas(beta: jax.Array) -> tuple[jax.Array, jax.Array]:
        lacking = mean - phi - (beta - 1) * nu
        return _alpha(jnp.maximum(lacking, 0.0), gamma, size), lacking

    def halve(_: int, bounds: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        low, high = bounds
        beta = 0.5 * (low + high)
        wide = alphas(beta)[0].mean() + beta > 1
        return jnp.where(wide, low, beta), jnp.where(wide, beta, high)

    _, found = jax.lax.fori_loop(0, 50, halve, (jnp.zeros(()), most))
    scale = found if beta == "calibrated" else most
    alpha, lacking = alphas(scale)
    moved = updated + (jnp.sqrt(scale) * first + jnp.sqrt(alpha)[:, None] * second) @ root.T
    return Analysis(moved, alpha, scale, (lacking < -1e-8 * (1 + jnp.abs(mean))).mean(dtype=float))


def _alpha(lacking: jax.Array, gamma: jax.Array, size: int) -> jax.Array:
    """The root up to 1 of `(alpha - 1) gamma - d log alpha = c`, with gamma near d: by bisection of its logarithm."""
    ratio = gamma / size
    turn = jnp.minimum(0.0, -jnp.log(ratio))  # where the left side is least

    def halve(_: int, bounds: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        low, high = bounds
        middle = 0.5 * (low + high)
        above = (jnp.exp(middle) - 1) * ratio - middle > lacking / size
        return jnp.where(above, middle, low), jnp.where(above, high, middle)

    low = turn - lacking / size - ratio - 1
    return jnp.exp(jax.lax.fori_loop(0, 60, halve, (low, turn))[1])


def run(posterior: Posterior, options: EqualWeightOptions, key: jax.Array, watch: Watch) -> Draws:
    """One analysis of an ensemble of the prior."""
    start, check, key = jax.random.split(key, 3)
    ensemble, white, lost = begin(posterior, options.members, start)
    against = objections(ensemble, white, check)
    reasons = list(against.reasons)
    number, size = ensemble.shape
    width = options.bandwidth or float((4 / (size + 2) / number) ** (1 / (size + 4)))
    mean = ensemble.mean(0)
    centres = mean + jnp.sqrt(1 - width**2) * (ensemble - mean)
    found = two_stage(
        centres, predict(posterior, centres), width * anomalies(ensemble), width * anomalies(white.predicted), key
    )
    watch(1, 1)
    if float(found.unequal) > 0:
        poor = round(float(found.unequal) * number)
        reasons.append(
            f"the weights could not be made equal: {poor} of {number} members fit the data too badly for so few unknowns; "
            "take `smc`"
        )
    return Draws(
        found.ensemble,
        diagnostics={
            "members": number,
            "bandwidth": width,
            "alpha": float(found.alpha.mean()),
            "beta": float(found.beta),
            "unequal": float(found.unequal),
            **against.diagnostics,
            "not_finite": lost,
        },
        reasons=tuple(reasons),
    )
