"""Whether particles or members that followed gradients have the modes of the posterior in the right proportions."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp

from uqdsl.infer.mixture import Mixture, fit_mixture
from uqdsl.infer.posterior import Posterior
from uqdsl.infer.prior_mixture import Prior, log_density_of_state

_APART = 3.0
_WRONG, _WRONG_OF_FEW = 0.05, 0.1
"""By how much the share of a mode may be off: of many draws, and of so few that chance alone does as much."""
_ERRORS = 3.0
_DRAWS = 512
_DIP, _BETWEEN = 0.5, 17
"""By how much the log density is lower between two modes than at the lower one, and at how many places it is looked for."""


class Modes(NamedTuple):
    """What is told of modes."""

    diagnostics: dict[str, float | int | bool | str]
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def missed_modes(posterior: Posterior, prior: Prior, states: jax.Array, key: jax.Array) -> Modes:
    """Compare the shares of particles in modes that lie apart with the modes' evidence.

    A mixture is fitted to the particles, and components that lie less than 3 standard deviations from each other, or between
    which the density does not dip, are of one mode. The evidence of each mode is estimated by importance draws from its
    components, made somewhat wider.
    """
    of_fit, of_draws = jax.random.split(key)
    mixture = fit_mixture(states, of_fit).mixture
    groups = joined(_near(mixture) | ~_dips_of_states(posterior, prior, mixture.means))
    if groups.max() == 0:
        return Modes({"modes": 1})
    of_group = np.eye(groups.max() + 1)[groups]
    right = normalised(_evidence_of_states(posterior, prior, mixture, of_draws)) @ of_group
    shares = np.asarray(mixture.weights) @ of_group
    told: dict[str, float | int | bool | str] = {
        "modes": len(shares),
        "shares_of_modes": listed(shares),
        "evidence_of_modes": listed(right),
    }
    if wrong_shares(shares, right, len(states)):
        reason = (
            f"the particles lie in {len(shares)} modes with the shares {listed(shares)}, of which the posterior has about "
            f"{listed(right)}: this method moves no particle from one mode to another; take `smc` or `diffusion`"
        )
        return Modes(told, (reason,))
    note = (
        f"the particles lie in {len(shares)} modes, whose shares are those that the prior's draws fell into: this method moves "
        "no particle from one mode to another"
    )
    return Modes(told, notes=(note,))


def _near(mixture: Mixture) -> np.ndarray:
    """Which components lie close together, `(k, k)`."""
    means, covariances = np.asarray(mixture.means), np.asarray(mixture.covariances)
    away = means[:, None] - means
    both = covariances[:, None] + covariances
    return np.einsum("jki,jki->jk", away, np.linalg.solve(both, away[..., None])[..., 0]) < _APART**2


def joined(linked: np.ndarray) -> np.ndarray:
    """Of each, the number of its mode: two are of one mode if a chain of links `(k, k)` joins them."""
    groups = np.arange(len(linked))
    for first in range(len(linked)):
        for second in np.flatnonzero(linked[first, :first]):
            groups[groups == groups[first]] = groups[second]
    return np.unique(groups, return_inverse=True)[1]


def dips(log_density: Callable[[jax.Array], jax.Array], points: jax.Array) -> jax.Array:
    """Whether a log density dips between points `(k, d)`, on the straight line from each to each, `(k, k)`."""
    shares = jnp.linspace(0.0, 1.0, _BETWEEN)

    def between(pair: tuple[jax.Array, jax.Array]) -> jax.Array:
        values = jax.vmap(lambda share: log_density(pair[0] + share * (pair[1] - pair[0])))(shares)
        return jnp.minimum(values[0], values[-1]) - jnp.min(jnp.nan_to_num(values, nan=-jnp.inf)) > _DIP

    first, second = np.indices((len(points), len(points))).reshape(2, -1)
    found = jax.lax.map(between, (points[first], points[second]), batch_size=64)
    return found.reshape(len(points), len(points))


@jax.jit
def _dips_of_states(posterior: Posterior, prior: Prior, states: jax.Array) -> jax.Array:
    return dips(log_density_of_state(posterior, prior), states)


@jax.jit
def _evidence_of_states(posterior: Posterior, prior: Prior, mixture: Mixture, key: jax.Array) -> jax.Array:
    count, size = mixture.means.shape
    wider = Mixture(jnp.full(count, 1 / count), mixture.means, widening(size) * mixture.roots)
    states, _ = wider.draw(key, _DRAWS * count)
    return log_evidence(log_density_of_state(posterior, prior), wider.log_joint, states)


def widening(size: int) -> float:
    """By how much a normal law of so many unknowns that is fitted is made wider, as a posterior has tails.

    Among many less so, as each takes its part of the odds.
    """
    return float(np.sqrt(1 + size**-0.5))


def log_evidence(
    log_density: Callable[[jax.Array], jax.Array], log_joint: Callable[[jax.Array], jax.Array], states: jax.Array
) -> jax.Array:
    """Log of the integral of a density over where each law of a mixture is the likeliest to have drawn, `(k,)`.

    Arguments:
        log_density: up to a constant, which the integrals have too.
        log_joint: of each law, weight times density at a state, `(k,)`.
        states: draws of the mixture, `(n, size)`.
    """
    joint = jax.lax.map(log_joint, states, batch_size=256)
    log_ratios = jax.lax.map(log_density, states, batch_size=256) - logsumexp(joint, axis=-1)
    finite = jnp.where(jnp.isnan(log_ratios), -jnp.inf, log_ratios)
    return logsumexp(finite[:, None] + jax.nn.log_softmax(joint, axis=-1), axis=0) - jnp.log(len(states))


def normalised(log_masses: jax.Array | np.ndarray) -> np.ndarray:
    """Shares of masses whose logs are given."""
    logs = np.asarray(log_masses)
    return np.exp(logs - np.logaddexp.reduce(logs))


def wrong_shares(shares: np.ndarray, right: np.ndarray, number: float) -> bool:
    """Whether so many draws lie in modes with shares that are far from what they should be, beyond chance."""
    by_chance = _ERRORS * np.sqrt(np.maximum(right * (1 - right), 0.0) / number)
    return bool(np.any(np.abs(right - shares) > np.clip(by_chance, _WRONG, _WRONG_OF_FEW)))


def listed(shares: np.ndarray) -> str:
    """Shares in words."""
    return ", ".join(f"{each:.2f}" for each in shares)
