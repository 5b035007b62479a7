"""A Gaussian mixture fitted to draws of the prior: each component is updated as by Kalman, and its weight by the data.

    K_k = C_xh (C_hh + R)^-1,    m_k += K_k (y - h_k),    P_k -= K_k C_hx,    pi_k *= Normal(y; h_k, C_hh + R)

Exact on the fitted mixture where the data are a linear function of the unknowns; otherwise the moments h_k, C_xh and C_hh are
those of draws of the component, whose mean and covariance are exactly its own.

References:
    Sondergaard & Lermusiaux 2013, Data Assimilation with Gaussian Mixture Models, Mon. Weather Rev. 141, 1737-1760.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

from uqdsl.infer.kalman import BENT, FAR, Chance, by_chance, chance, predict
from uqdsl.infer.mixture import Mixture, fit_mixture
from uqdsl.infer.population import draw_priors, over_particles
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.vocabulary.methods.particles import MixtureKalmanOptions

_LEAST_DRAWS = 256


class Moments(NamedTuple):
    """What each component predicts of the data.

    - mean: `(K, p)`.
    - cross: covariances of unknowns and predictions, `(K, d, p)`.
    - covariance: of predictions, without errors, `(K, p, p)`.
    - bend: share of their variance that no linear function of the unknowns has, `(K,)`.
    """

    mean: jax.Array
    cross: jax.Array
    covariance: jax.Array
    bend: jax.Array


class Conditioned(NamedTuple):
    """A mixture given data, the log evidence of these, and how far they lie from each component in standard deviations."""

    mixture: Mixture
    log_evidence: jax.Array
    distance: jax.Array


def moments(mixture: Mixture, predict: Callable[[jax.Array], jax.Array], key: jax.Array) -> Moments:
    """The moments of predictions `(d,) -> (p,)` over the draws of each component."""
    size = mixture.means.shape[-1]
    standard = jax.random.normal(key, (max(_LEAST_DRAWS, 4 * size), size))
    standard -= standard.mean(0)
    root = jnp.linalg.cholesky(standard.T @ standard / len(standard))
    standard = solve_triangular(root, standard.T, lower=True).T

    def one(mean: jax.Array, root: jax.Array) -> Moments:
        said = over_particles(predict, mean + standard @ root.T)
        centre = said.mean(0)
        slope = standard.T @ (said - centre) / len(said)
        covariance = (said - centre).T @ (said - centre) / len(said)
        bend = 1 - (slope**2).sum() / jnp.maximum(jnp.trace(covariance), 1e-300)
        return Moments(centre, root @ slope, covariance, bend)

    return jax.lax.map(lambda each: one(*each), (mixture.means, mixture.roots))


def moments_of_members(mixture: Mixture, ensemble: jax.Array, predicted: jax.Array) -> Moments:
    """The same from an ensemble `(N, d)` and its predictions `(N, p)`, by responsibilities."""
    share = jax.vmap(mixture.responsibilities)(ensemble)
    share = share / share.sum(0)

    def one(share: jax.Array) -> Moments:
        x, h = ensemble - share @ ensemble, predicted - share @ predicted
        cross, covariance = x.T @ (share[:, None] * h), h.T @ (share[:, None] * h)
        inner = x.T @ (share[:, None] * x) + 1e-10 * jnp.diag((share[:, None] * x**2).sum(0))
        linear = jnp.einsum("ip,ip->", cross, jnp.linalg.solve(inner, cross))
        return Moments(share @ predicted, cross, covariance, 1 - linear / jnp.maximum(jnp.trace(covariance), 1e-300))

    return jax.vmap(one)(share.T)


def condition(mixture: Mixture, moments: Moments, errors: jax.Array, values: jax.Array) -> Conditioned:
    """The mixture given values `(p,)` with errors of this covariance `(p, p)`."""

    def one(mean: jax.Array, root: jax.Array, each: Moments) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
        outer = jnp.linalg.cholesky(each.covariance + errors)
        innovation = solve_triangular(outer, values - each.mean, lower=True)
        gain = solve_triangular(outer, each.cross.T, lower=True)
        log_density = (
            -0.5 * innovation @ innovation - jnp.log(jnp.diag(outer)).sum() - 0.5 * len(values) * jnp.log(2 * jnp.pi)
        )
        # A covariance that draws or shrinkage have left not quite positive is made so.
        scatter, vectors = jnp.linalg.eigh(root @ root.T - gain.T @ gain)
        half = vectors * jnp.sqrt(jnp.maximum(scatter, 1e-12 * jnp.trace(root @ root.T) / len(mean)))
        after = jnp.linalg.qr(half.T)[1].T
        return mean + gain.T @ innovation, after * jnp.sign(jnp.diag(after)), log_density, innovation @ innovation

    means, roots, log_densities, squares = jax.vmap(one)(mixture.means, mixture.roots, moments)
    log_weights = jnp.log(mixture.weights) + log_densities
    log_evidence = jax.nn.logsumexp(log_weights)
    return Conditioned(Mixture(jnp.exp(log_weights - log_evidence), means, roots), log_evidence, jnp.sqrt(squares))


@partial(jax.jit, static_argnames="draws")
def _solve(
    posterior: Posterior, prior: Mixture, key: jax.Array, draws: int
) -> tuple[Conditioned, Moments, jax.Array, jax.Array]:
    of_moments, of_draws = jax.random.split(key)
    said = moments(prior, lambda position: posterior.observe(position).mean, of_moments)
    data = posterior.observe(prior.means[0])
    found = condition(prior, said, data.covariance, data.values)
    positions, _ = found.mixture.draw(of_draws, draws)
    return found, said, positions, over_particles(found.mixture.log_density, positions)


@jax.jit
def _chance(posterior: Posterior, mixture: Mixture, ensemble: jax.Array, at: jax.Array) -> tuple[Chance, jax.Array]:
    """What chance does to the update of one component, and how many members it is fitted to."""
    share = jax.vmap(mixture.responsibilities)(ensemble)[:, at]
    share = share / share.sum()
    white = predict(posterior, ensemble)
    states, said = ensemble - share @ ensemble, white.predicted - share @ white.predicted
    number, root = 1 / (share**2).sum(), jnp.sqrt(share)[:, None]
    return chance(root * states, root * said, white.values - share @ white.predicted, number), number


def run(posterior: Posterior, options: MixtureKalmanOptions, key: jax.Array, watch: Watch) -> Draws:
    """Fit, update, draw."""
    start, fit_key, solve_key = jax.random.split(key, 3)
    ensemble = draw_priors(posterior, start, options.members)
    fit = fit_mixture(ensemble, fit_key)
    found, said, positions, log_density = _solve(posterior, fit.mixture, solve_key, options.draws)
    watch(1, 1)
    weights = found.mixture.weights
    best = int(jnp.argmax(weights))
    p = said.mean.shape[-1]
    distance, bend = float(found.distance[best]), float(weights @ said.bend)
    notes = []
    if (distance**2 - p) / (2 * p) ** 0.5 > FAR:
        notes.append(
            f"the data lie {distance:.1f} standard deviations from the likeliest component, in the tail of the mixture that is "
            "fitted to the prior: Pareto's k tells whether that tail is right"
        )
    if bend > BENT:
        notes.append(f"{bend:.0%} of the variance of the predictions is no linear function of the unknowns")
    by_few, number = _chance(posterior, fit.mixture, ensemble, jnp.asarray(best))
    # Weights judge, and may mend, what the fit to so few has wrong.
    if options.correction == "none":
        notes += by_chance(by_few, float(number))
    return Draws(
        positions,
        log_approximation=log_density,
        diagnostics={
            **fit.diagnostics,
            "members": options.members,
            "log_evidence": float(found.log_evidence),
            "weights_after": ", ".join(f"{each:.3g}" for each in weights),
            "innovation": distance,
            "signal": float(by_few.signal),
            "sampling_error": float(by_few.error),
        },
        notes=tuple(notes),
    )
