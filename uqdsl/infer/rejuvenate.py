"""Members moved until they count alike: from the mixture of normal laws around them to the posterior.

Draws of the mixture q go through densities q^(1-τ) p(u | data)^τ: at each τ they are reweighted, resampled, and moved by
Hamiltonian trajectories that leave that density as it is. The largest step of τ is taken that keeps half of them effective.

Neal 2001, Annealed Importance Sampling, Stat. Comput. 11, 125-139; Del Moral, Doucet & Jasra 2006, Sequential Monte Carlo
Samplers, J. R. Stat. Soc. B 68, 411-436, section 3.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import logsumexp

from uqdsl.infer.curvature import Local
from uqdsl.infer.pareto import resampled
from uqdsl.infer.posterior import Posterior, Watch
from uqdsl.infer.training import Units

_EFFECTIVE = 0.5
_MOVES, _LAST_MOVES = 5, 20
_LEAPFROGS = 10
_ACCEPT = 0.8
_MOST = 300
_SETTLED = 4.0
"""What the mean log density may still change by in the second half of the last moves, in standard errors."""


class Moved(NamedTuple):
    """Draws that count alike, `(draw, size)`, in units of the prior.

    - log_evidence: of the data.
    - temperatures: how many there were.
    - members: around how many of them these draws began.
    - acceptance: of the last moves.
    - drift: of the mean log density in the second half of the last moves, in standard errors.
    """

    standard: jax.Array
    log_evidence: float
    temperatures: int
    members: int
    acceptance: float
    drift: float

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why these draws should not be trusted."""
        if self.temperatures >= _MOST:
            return (f"the members were not moved as far as the posterior in {_MOST} steps: use `smc`, or `nuts`",)
        if not self.drift <= _SETTLED:
            return (
                f"the moved members have not settled: their mean log density still changed by {self.drift:.1f} standard errors",
            )
        return ()


def rejuvenate(posterior: Posterior, units: Units, local: Local, draws: int, key: jax.Array, watch: Watch) -> Moved:
    """Move so many draws around each member to the posterior."""
    of_start, of_steps = jax.random.split(key)
    standard = local.draw(of_start, draws)
    count = len(standard)
    stretched = jnp.sum(jnp.log(units.width))

    def logs(posterior: Posterior, each: jax.Array) -> tuple[jax.Array, jax.Array]:
        found = posterior.log_density(units.place(each)) + stretched
        return jnp.where(jnp.isfinite(found), found, -1e300), local.log_density(each)

    @jax.jit
    def both(posterior: Posterior, standard: jax.Array) -> tuple[jax.Array, jax.Array]:
        return jax.vmap(lambda each: logs(posterior, each))(standard)

    @jax.jit
    def move(
        posterior: Posterior, standard: jax.Array, tau: jax.Array, size: jax.Array, key: jax.Array
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        widths = jnp.std(standard, axis=0) + 1e-12

        def tempered(each: jax.Array) -> jax.Array:
            of_posterior, of_mixture = logs(posterior, each)
            return tau * of_posterior + (1 - tau) * of_mixture

        def trajectory(each: jax.Array, key: jax.Array, size: jax.Array) -> tuple[jax.Array, jax.Array]:
            of_momentum, of_size, of_accept = jax.random.split(key, 3)
            momentum = jax.random.normal(of_momentum, each.shape)
            stride = size * widths * jax.random.uniform(of_size, minval=0.5, maxval=1.0)

            def leap(_: int, state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
                at, momentum = state
                momentum += stride / 2 * jax.grad(tempered)(at)
                at += stride * momentum
                return at, momentum + stride / 2 * jax.grad(tempered)(at)

            end, last = jax.lax.fori_loop(0, _LEAPFROGS, leap, (each, momentum))
            gain = tempered(end) - tempered(each) + jnp.sum(momentum**2 - last**2) / 2
            chance = jnp.exp(jnp.minimum(jnp.where(jnp.isfinite(gain), gain, -jnp.inf), 0))
            return jnp.where(jax.random.uniform(of_accept) < chance, end, each), chance

        def once(index: int, state: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array, jax.Array]:
            standard, size, _ = state
            keys = jax.random.split(jax.random.fold_in(key, index), count)
            standard, chance = jax.vmap(trajectory, (0, 0, None))(standard, keys, size)
            return standard, size * jnp.exp(jnp.mean(chance) - _ACCEPT), jnp.mean(chance)

        return jax.lax.fori_loop(0, _MOVES, once, (standard, size, jnp.zeros(())))

    tau, log_evidence, steps, size = 0.0, 0.0, 0, jnp.asarray(0.2)
    rng = np.random.default_rng(np.asarray(jax.random.key_data(of_start)).tolist())
    origins = np.arange(count) // draws
    while tau < 1 and steps < _MOST:
        of_posterior, of_mixture = both(posterior, standard)
        ratio = np.asarray(of_posterior) - np.asarray(of_mixture)
        further = _further(ratio, 1 - tau)
        weights = further * ratio
        log_evidence += float(logsumexp(weights) - np.log(count))
        share = np.exp(weights - logsumexp(weights))
        taken = resampled(share, rng)
        origins, tau, steps = origins[taken], tau + further, steps + 1
        standard, size, _ = move(
            posterior, standard[taken], jnp.asarray(tau), size, jax.random.fold_in(of_steps, steps)
        )
        watch(steps, _MOST, temperature=tau)
    means, acceptance = [], 0.0
    for index in range(_LAST_MOVES // _MOVES):
        standard, size, chance = move(
            posterior, standard, jnp.asarray(tau), size, jax.random.fold_in(of_steps, _MOST + index + 1)
        )
        density, acceptance = np.asarray(both(posterior, standard)[0]), float(chance)
        means.append((density.mean(), density.std() / np.sqrt(count)))
    (before, _), (after, error) = means[len(means) // 2 - 1], means[-1]
    left = len(np.unique(origins))
    return Moved(standard, log_evidence, steps, left, acceptance, float(abs(after - before) / (np.sqrt(2) * error)))


def _further(ratio: np.ndarray, left: float) -> float:
    """The largest step of the temperature, of what is left, that keeps enough draws effective."""

    def lacking(step: float) -> float:
        weights = step * (ratio - ratio.max())
        effective = 2 * np.logaddexp.reduce(weights) - np.logaddexp.reduce(2 * weights)
        return float(effective - np.log(_EFFECTIVE * len(ratio)))

    if lacking(left) >= 0:
        return left
    low, high = 0.0, left
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if lacking(middle) >= 0 else (low, middle)
    return max(low, 1e-300)
