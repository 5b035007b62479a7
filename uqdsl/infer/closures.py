"""Posterior denoisers: what a prior and the data say of the clean state when a noised one is known.

With `x^t = a x^0 + s z`, `a^2 + s^2 = 1`, a diffusion needs nothing but `D_y(x, t) = E[x^0 | x^t, y]`. The prior is a Gaussian
mixture, for which everything before the data is known: with `Q_k = a^2 P_k + s^2 I`,

    r_k(x) ∝ pi_k N(x; a m_k, Q_k)
    m_k(x) = m_k + a P_k Q_k^-1 (x - a m_k),   S_k = s^2 P_k Q_k^-1
    p(y | x^t) = sum_k r_k(x) ∫ p(y | x^0) N(x^0; m_k(x), S_k) dx^0                (Chapman-Kolmogorov)

A *closure* is a way to do the integral. Each function here is one, and gives `D_y` of every particle. The ones that
condition component by component are exact where each integral is; the others are known from the literature, and biased:
their docstrings say how.

Reference: van Leeuwen, Leveraging Data-Assimilation ideas and tools in Machine Learning (lecture), whose forcing by a joint
Gaussian is `literal`; Bao, Zhang & Zhang 2024, An ensemble score filter for tracking high-dimensional nonlinear dynamical
systems, Comput. Methods Appl. Mech. Eng. 432, 117447, for `damped`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve

from uqdsl.infer.mixture import Mixture

_NEWTON_STEPS = 8
_STEP_LENGTHS = (1.0, 0.5, 0.25, 0.1, 0.02, 0.0)


class Evidence(NamedTuple):
    """What the data say of a state `(d,)`; a pytree of functions that JAX can trace.

    - log_likelihood: its log likelihood.
    - innovation: data minus their mean there, in units of their scatter, `(p,)`; of Gaussian data alone.
    - linear: whether that is an affine function.
    - ensemble: draws of the prior, `(M, d)`, for the closures that know of no other prior.
    """

    log_likelihood: Callable[[jax.Array], jax.Array]
    innovation: Callable[[jax.Array], jax.Array] | None = None
    linear: bool = False
    ensemble: jax.Array | None = None


class Noised(NamedTuple):
    """A mixture prior of the clean state, given the noised ones.

    - x: the noised states, `(N, d)`.
    - a, s: how much of the clean state and of the noise is in them.
    - log_weights: `log r_k`, not normalised, `(N, K)`.
    - means: `m_k(x)`, `(N, K, d)`.
    - roots: symmetric square roots of `S_k`, `(K, d, d)`.
    """

    x: jax.Array
    a: jax.Array
    s: jax.Array
    log_weights: jax.Array
    means: jax.Array
    roots: jax.Array

    @property
    def denoised(self) -> jax.Array:
        """`D(x, t) = E[x^0 | x^t]`, before the data, `(N, d)`."""
        return _weighted(self.log_weights, self.means)


class Denoised(NamedTuple):
    """`D_y`, `(N, d)`, and how well it is known: the effective number of the draws behind it, nan where there are none."""

    mean: jax.Array
    effective_draws: jax.Array


def noised(mixture: Mixture, x: jax.Array, log_snr: jax.Array) -> Noised:
    """A mixture prior given states that were noised to a logarithmic ratio of signal to noise, `log(a / s)`."""
    a, s = jnp.sqrt(jax.nn.sigmoid(2 * log_snr)), jnp.sqrt(jax.nn.sigmoid(-2 * log_snr))
    values, vectors = jnp.linalg.eigh(mixture.covariances)
    values = jnp.maximum(values, 0.0)
    total = a**2 * values + s**2
    away = jnp.einsum("kde,nkd->nke", vectors, x[:, None] - a * mixture.means)
    log_weights = jnp.log(mixture.weights) - 0.5 * jnp.sum(away**2 / total + jnp.log(2 * jnp.pi * total), axis=-1)
    means = mixture.means + jnp.einsum("kde,nke->nkd", vectors, a * values / total * away)
    roots = jnp.einsum("kde,ke,kfe->kdf", vectors, s * jnp.sqrt(values / total), vectors)
    return Noised(x, a, s, log_weights, means, roots)


def _weighted(log_weights: jax.Array, values: jax.Array) -> jax.Array:
    return jnp.einsum("nk,nkd->nd", jax.nn.softmax(log_weights, axis=-1), values)


def _known(mean: jax.Array) -> Denoised:
    return Denoised(mean, jnp.asarray(jnp.nan))


def component(given: Noised, evidence: Evidence, key: jax.Array, draws: int) -> Denoised:
    """Each component is conditioned as by a Kalman filter, and weighted by what it foretells of the data.

    `D_y = sum_k r_k^y [m_k(x) + C_xh,k (C_hh,k + R)^-1 (y - hbar_k)]`, `r_k^y ∝ r_k N(y; hbar_k, C_hh,k + R)`. Exact
    for linear Gaussian data; else the moments are those of `draws` of each component.
    """
    if evidence.innovation is None:
        raise TypeError("the component-wise closure needs Gaussian data")
    if evidence.linear:
        return _linear_component(given, evidence.innovation)
    half = jax.random.normal(key, (*given.means.shape[:2], draws // 2, given.means.shape[2]))
    # In pairs, so that the mean of the draws is that of the component.
    noise = jnp.concatenate([half, -half], axis=2)
    states = given.means[:, :, None] + jnp.einsum("nkme,ked->nkmd", noise, given.roots)
    update = jax.vmap(jax.vmap(partial(conditioned, innovation=evidence.innovation)))(states)
    return _known(_weighted(given.log_weights + update.log_evidence, jnp.mean(states, axis=2) + update.increment))


def _linear_component(given: Noised, innovation: Callable[[jax.Array], jax.Array]) -> Denoised:
    zero = jnp.zeros(given.x.shape[1])
    slope, offset = -jax.jacfwd(innovation)(zero), innovation(zero)
    if len(offset) > len(zero):
        # Data beyond the size of the state tell all components the same, once rotated into what the state can reach.
        rotation, slope = jnp.linalg.qr(slope)
        offset = rotation.T @ offset
    seen = jnp.einsum("pd,kde->kpe", slope, given.roots)
    covariance = jnp.einsum("kpe,kqe->kpq", seen, seen) + jnp.eye(len(offset))
    left = offset - jnp.einsum("pd,nkd->nkp", slope, given.means)
    factors = jnp.linalg.cholesky(covariance)
    solved = jax.vmap(lambda factor, each: cho_solve((factor, True), each.T).T, in_axes=(0, 1), out_axes=1)(
        factors, left
    )
    log_determinants = 2 * jnp.sum(jnp.log(jnp.diagonal(factors, axis1=-2, axis2=-1)), axis=-1)
    log_evidence = -0.5 * (jnp.sum(left * solved, axis=-1) + log_determinants)
    increments = jnp.einsum("kde,kpe,nkp->nkd", given.roots, seen, solved)
    return _known(_weighted(given.log_weights + log_evidence, given.means + increments))


class Update(NamedTuple):
    """A Kalman update of a mean: what is added to it `(d,)`, the log evidence, and `(y - hbar)^T (C_hh + R)^-1 (y - hbar)`."""

    increment: jax.Array
    log_evidence: jax.Array
    misfit: jax.Array


def conditioned(states: jax.Array, innovation: Callable[[jax.Array], jax.Array]) -> Update:
    """A Kalman update with the moments of some states `(M, d)`."""
    innovations = jax.vmap(innovation)(states)
    count, size = innovations.shape
    deviations = (innovations - jnp.mean(innovations, axis=0)) / jnp.sqrt(count - 1)
    anomalies = (states - jnp.mean(states, axis=0)) / jnp.sqrt(count - 1)
    left = jnp.mean(innovations, axis=0)
    # The same numbers in the space of the data or of the draws, whichever is smaller.
    if size <= count:
        factor = cho_factor(deviations.T @ deviations + jnp.eye(size), lower=True)
        solved = cho_solve(factor, left)
        weights, misfit = deviations @ solved, left @ solved
    else:
        factor = cho_factor(deviations @ deviations.T + jnp.eye(count), lower=True)
        weights = cho_solve(factor, deviations @ left)
        misfit = left @ left - (deviations @ left) @ weights
    log_determinant = 2 * jnp.sum(jnp.log(jnp.diagonal(factor[0])))
    # Innovations fall where what is observed rises: hence the minus.
    return Update(-weights @ anomalies, -0.5 * (misfit + log_determinant), misfit)


def newton(given: Noised, evidence: Evidence, key: jax.Array, draws: int) -> Denoised:
    """Each component is conditioned by Laplace's approximation, for any likelihood with two derivatives.

    Its mean is the mode of `p(y | x^0) N(x^0; m_k(x), S_k)`, found by Newton's method, its evidence the integral of the
    Gaussian there.
    """
    del key, draws
    each = jax.vmap(partial(_laplace, evidence.log_likelihood))
    increments, log_evidence = jax.vmap(each, in_axes=(0, None))(given.means, given.roots)
    return _known(_weighted(given.log_weights + log_evidence, given.means + increments))


def _laplace(
    log_likelihood: Callable[[jax.Array], jax.Array], mean: jax.Array, root: jax.Array
) -> tuple[jax.Array, jax.Array]:
    def cost(u: jax.Array) -> jax.Array:
        value = 0.5 * u @ u - log_likelihood(mean + root @ u)
        return jnp.where(jnp.isfinite(value), value, jnp.inf)

    def newton_step(u: jax.Array, _: Any) -> tuple[jax.Array, None]:
        values, vectors = jnp.linalg.eigh(_finite(jax.hessian(cost)(u)))
        # Where the likelihood is convex, the prior's own curvature is what bounds the step.
        step = vectors @ ((vectors.T @ _finite(jax.grad(cost)(u))) / jnp.maximum(values, 1.0))
        tried = u - jnp.asarray(_STEP_LENGTHS)[:, None] * step
        return tried[jnp.argmin(jax.vmap(cost)(tried))], None

    mode, _ = jax.lax.scan(newton_step, jnp.zeros(len(mean)), None, length=_NEWTON_STEPS)
    values = jnp.linalg.eigvalsh(_finite(jax.hessian(cost)(mode)))
    return root @ mode, -cost(mode) - 0.5 * jnp.sum(jnp.log(jnp.maximum(values, 1e-6)))


def _finite(values: jax.Array) -> jax.Array:
    return jnp.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)


def importance(given: Noised, evidence: Evidence, key: jax.Array, draws: int) -> Denoised:
    """Draws of `p(x^0 | x^t)`, weighted by their likelihood: without derivatives, while the data are in reach of the draws."""
    noise = jax.random.normal(key, (*given.means.shape[:2], draws, given.means.shape[2]))
    states = given.means[:, :, None] + jnp.einsum("nkme,ked->nkmd", noise, given.roots)
    log_likelihood = jax.vmap(jax.vmap(jax.vmap(evidence.log_likelihood)))(states)
    log_weights = given.log_weights[..., None] + jnp.where(jnp.isnan(log_likelihood), -jnp.inf, log_likelihood)
    count, size = len(given.x), given.x.shape[1]
    weights = jax.nn.softmax(log_weights.reshape(count, -1), axis=-1)
    mean = jnp.einsum("nm,nmd->nd", weights, states.reshape(count, -1, size))
    return Denoised(mean, jnp.mean(1 / jnp.sum(weights**2, axis=-1)))


def joint_gaussian(given: Noised, evidence: Evidence, key: jax.Array, draws: int) -> Denoised:
    """State and data as one Gaussian, with the moments of `p(x^0 | x^t)` from draws, all components together.

    What the lecture's joint Gaussian means, done properly. Where modes overlap, `E[x^0 | x^t, y]` is not affine in the data
    as this takes it to be: the weights of the modes are off by about 0.1 however many particles there are.
    """
    if evidence.innovation is None:
        raise TypeError("the joint-Gaussian closure needs Gaussian data")
    innovation = evidence.innovation
    choose, fill = jax.random.split(key)
    labels = jax.random.categorical(choose, given.log_weights[:, None, :], shape=(len(given.x), draws))
    noise = jax.random.normal(fill, (*labels.shape, given.x.shape[1]))

    def one(means: jax.Array, labels: jax.Array, noise: jax.Array) -> jax.Array:
        states = means[labels] + jnp.einsum("me,med->md", noise, given.roots[labels])
        return jnp.mean(states, axis=0) + conditioned(states, innovation).increment

    return _known(jax.vmap(one)(given.means, labels, noise))


def damped(given: Noised, evidence: Evidence, key: jax.Array, draws: int) -> Denoised:
    """The gradient of the likelihood at the noised state itself, damped in time as in the ensemble score filter.

    Not a closure of the integral: the posterior is missed wherever the data are far from the prior or its modes apart. In the
    time of that filter, in which `x^t = (1 - t) x^0 + sqrt(t) z`, the force is `(1 - t) grad log p(y | x^t)`.
    """
    del key, draws
    ratio = (given.a / given.s) ** 2
    time = 2 / (2 + ratio + jnp.sqrt(ratio**2 + 4 * ratio))
    return _known(_forced(given, evidence, 1 - time, jnp.sqrt((1 - time) ** 2 + time)))


def naive(given: Noised, evidence: Evidence, key: jax.Array, draws: int) -> Denoised:
    """The gradient of the likelihood at the noised state itself, in full: what the lecture tries, and calls not correct."""
    del key, draws
    return _known(_forced(given, evidence, jnp.asarray(1.0), jnp.asarray(1.0)))


def _forced(given: Noised, evidence: Evidence, strength: jax.Array, scale: jax.Array) -> jax.Array:
    """`D + g grad log p(y | scale x)` with `g = s^2 strength scale / a`, the stiff force taken linearly implicitly."""
    amount = given.s**2 / given.a * strength * scale

    def force(x: jax.Array) -> jax.Array:
        gradient = _finite(jax.grad(evidence.log_likelihood)(scale * x))
        values, vectors = jnp.linalg.eigh(-_finite(jax.hessian(evidence.log_likelihood)(scale * x)))
        return vectors @ ((vectors.T @ gradient) * amount / (1 + amount * scale * jnp.maximum(values, 0.0)))

    return given.denoised + jax.vmap(force)(given.x)


def particles(given: Noised, evidence: Evidence, key: jax.Array, draws: int) -> Denoised:
    """The prior is the draws themselves: `D_y = sum_i w_i(x) x_i`, `w_i ∝ p(y | x_i) N(x; a x_i, s^2 I)`.

    Exact for that prior, and so no more than importance resampling: nothing leaves the convex hull of the draws.
    """
    del key, draws
    states, log_likelihood = _of_ensemble(evidence)
    distances = jnp.sum((given.x[:, None] - given.a * states) ** 2, axis=-1)
    weights = jax.nn.softmax(log_likelihood - distances / (2 * given.s**2), axis=-1)
    return Denoised(weights @ states, 1 / jnp.sum(jax.nn.softmax(log_likelihood) ** 2))


def literal(given: Noised, evidence: Evidence, key: jax.Array, draws: int) -> Denoised:
    """The lecture's force by a joint Gaussian of clean and noised draws, as printed; it diverges.

    `F = C_tt^-1 C_tT (C_TT - C_Tt C_tt^-1 C_tT)^-1 sum_i w_i (x_i - xbar + C_Tt C_tt^-1 (x^t - xbar^t))`, where
    `w_i ∝ p(y | x_i)`; with `C_tT = a P` and `C_tt = a^2 P + s^2 I` the factor before the sum is `a / s^2`. The last term wants
    a minus; then all particles fall onto the weighted mean of the draws, because the weights do not depend on `x^t`.
    """
    del key, draws
    states, log_likelihood = _of_ensemble(evidence)
    mean = jnp.mean(states, axis=0)
    covariance = jnp.atleast_2d(jnp.cov(states.T))
    total = given.a**2 * covariance + given.s**2 * jnp.eye(len(mean))
    weighted = jax.nn.softmax(log_likelihood) @ states
    towards = given.a * jnp.linalg.solve(total, (given.x - given.a * mean).T).T @ covariance
    return Denoised(given.denoised + weighted - mean + towards, 1 / jnp.sum(jax.nn.softmax(log_likelihood) ** 2))


def _of_ensemble(evidence: Evidence) -> tuple[jax.Array, jax.Array]:
    if evidence.ensemble is None:
        raise TypeError("this closure needs draws of the prior")
    log_likelihood = jax.vmap(evidence.log_likelihood)(evidence.ensemble)
    return evidence.ensemble, jnp.where(jnp.isnan(log_likelihood), -jnp.inf, log_likelihood)


type Closure = Callable[[Noised, Evidence, jax.Array, int], Denoised]

CLOSURES: dict[str, Closure] = {
    each.__name__: each for each in (component, newton, importance, joint_gaussian, damped, naive, particles, literal)
}
"""The closures by their names."""
