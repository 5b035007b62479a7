"""Whether particles that were moved along gradients have the modes of the posterior in the right proportions."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp

from uqdsl.infer.mixture import Mixture, fit_mixture
from uqdsl.infer.posterior import Posterior
from uqdsl.infer.prior_mixture import Prior, log_density_of_state

_APART = 3.0
_WRONG = 0.1
_DRAWS = 512
_WIDER = 1.2


class Modes(NamedTuple):
    """What is told of modes."""

    diagnostics: dict[str, float | int | bool | str]
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def missed_modes(posterior: Posterior, prior: Prior, states: jax.Array, key: jax.Array) -> Modes:
    """Compare the shares of particles in modes that lie apart with the modes' evidence.

    A mixture is fitted to the particles, and components that lie less than 3 standard deviations from each other are of one
    mode. The evidence of each mode is estimated by importance draws from its components, made wider by a fifth.
    """
    of_fit, of_draws = jax.random.split(key)
    mixture = fit_mixture(states, of_fit).mixture
    groups = _groups(mixture)
    if groups.max() == 0:
        return Modes({"modes": 1})
    of_group = np.eye(groups.max() + 1)[groups]
    log_evidence = np.asarray(_log_evidence(posterior, prior, mixture, of_draws))
    right = np.exp(log_evidence - np.logaddexp.reduce(log_evidence)) @ of_group
    shares = np.asarray(mixture.weights) @ of_group
    told: dict[str, float | int | bool | str] = {
        "modes": len(shares),
        "shares_of_modes": _listed(shares),
        "evidence_of_modes": _listed(right),
    }
    if np.abs(right - shares).max() > _WRONG:
        reason = (
            f"the particles lie in {len(shares)} modes with the shares {_listed(shares)}, of which the posterior has about "
            f"{_listed(right)}: this method moves no particle from one mode to another; take `smc` or `diffusion`"
        )
        return Modes(told, (reason,))
    note = (
        f"the particles lie in {len(shares)} modes, whose shares are those that the prior's draws fell into: this method moves "
        "no particle from one mode to another"
    )
    return Modes(told, notes=(note,))


def _groups(mixture: Mixture) -> np.ndarray:
    """Of each component, the number of its mode: components are of one mode if a chain of near ones joins them."""
    means, covariances = np.asarray(mixture.means), np.asarray(mixture.covariances)
    groups = np.arange(len(means))
    for first in range(len(means)):
        for second in range(first):
            away = means[first] - means[second]
            if away @ np.linalg.solve(covariances[first] + covariances[second], away) < _APART**2:
                groups[groups == groups[first]] = groups[second]
    return np.unique(groups, return_inverse=True)[1]


@jax.jit
def _log_evidence(posterior: Posterior, prior: Prior, mixture: Mixture, key: jax.Array) -> jax.Array:
    """Log of the integral of the posterior over where each component is the likeliest to have drawn, up to a constant."""
    log_density = log_density_of_state(posterior, prior)
    count = len(mixture.weights)
    wider = Mixture(jnp.full(count, 1 / count), mixture.means, _WIDER * mixture.roots)
    states, _ = wider.draw(key, _DRAWS * count)
    log_ratios = jax.vmap(log_density)(states) - jax.vmap(wider.log_density)(states)
    log_shares = jax.nn.log_softmax(jax.vmap(wider.log_joint)(states), axis=-1)
    finite = jnp.where(jnp.isnan(log_ratios), -jnp.inf, log_ratios)
    return logsumexp(finite[:, None] + log_shares, axis=0)


def _listed(shares: np.ndarray) -> str:
    return ", ".join(f"{each:.2f}" for each in shares)
