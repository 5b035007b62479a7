"""What methods share that move a population of particles: draws of the prior, densities, resampling."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from uqdsl.infer.posterior import Posterior

_AT_ONCE = 16_384
"""Particles that are vectorised together; more are taken in turns, for the sake of memory."""
_ELEMENTS = 2**17
"""Elements of these, of which a step of a solver makes many times as many on its way."""


def over_particles(function: Callable[..., Any], *particles: Any) -> Any:
    """A function of one particle, over the first axis of its arguments."""
    leaves = jax.tree.leaves(particles)
    count = len(leaves[0])
    most = max(1, min(_AT_ONCE, _ELEMENTS * count // max(1, sum(each.size for each in leaves))))
    if count <= most:
        return jax.vmap(function)(*particles)
    return jax.lax.map(lambda each: function(*each), particles, batch_size=evenly(count, most))


def evenly(count: int, most: int) -> int:
    """How many of so many to take at a time, so that none are left over, whose results would have to be put behind those of
    the others; at most so many, and these where no number near it will do.
    """
    return next((size for size in range(most, most // 2, -1) if count % size == 0), most)


@partial(jax.jit, static_argnames="number")
def draw_priors(posterior: Posterior, key: jax.Array, number: int) -> jax.Array:
    """Draws of the prior, `(number, size)`."""
    return over_particles(posterior.draw_prior, jax.random.split(key, number))


@jax.jit
def densities(
    posterior: Posterior, positions: jax.Array, seeds: jax.Array | None = None
) -> tuple[jax.Array, jax.Array]:
    """Log densities of prior and likelihood at positions `(N, size)`; where one is not finite, both are -inf.

    Arguments:
        seeds: `(N,)`, of the estimates of the likelihood where it is not known.
    """
    seeds = jnp.zeros(len(positions), int) if seeds is None else seeds
    return over_particles(partial(finite_parts, posterior), positions, seeds)


def finite_parts(posterior: Posterior, position: jax.Array, seed: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Log densities of prior and likelihood at one position; where one is not finite, both are -inf."""
    log_prior, log_likelihood = posterior.estimate_parts(position, seed)
    usable = jnp.isfinite(log_prior) & jnp.isfinite(log_likelihood)
    return jnp.where(usable, log_prior, -jnp.inf), jnp.where(usable, log_likelihood, -jnp.inf)


def effective(log_weights: jax.Array) -> jax.Array:
    """Effective number of weighted particles, `(sum w)^2 / sum w^2`; 0 where no weight is positive."""
    log_weights = log_weights - jnp.where(jnp.isfinite(log_weights.max()), log_weights.max(), 0.0)
    weights = jnp.exp(log_weights)
    return weights.sum() ** 2 / jnp.maximum((weights**2).sum(), 1e-300)


def systematic(key: jax.Array, log_weights: jax.Array, number: int) -> jax.Array:
    """Which particles to keep, `(number,)`: each about as often as its weight says (Kitagawa 1996)."""
    return _at(log_weights, (jnp.arange(number) + jax.random.uniform(key)) / number)


def _at(log_weights: jax.Array, points: jax.Array) -> jax.Array:
    """The particles at points in (0, 1), where each has an interval as long as its weight."""
    ends = jnp.cumsum(jnp.exp(log_weights - logsumexp(log_weights)))
    return jnp.searchsorted(ends / ends[-1], points).clip(max=len(log_weights) - 1)


def stratified(key: jax.Array, log_weights: jax.Array, number: int) -> jax.Array:
    """The same with a point of its own in each of as many equal intervals (Kitagawa 1996)."""
    return _at(log_weights, (jnp.arange(number) + jax.random.uniform(key, (number,))) / number)


def multinomial(key: jax.Array, log_weights: jax.Array, number: int) -> jax.Array:
    """The same with independent draws, in order (Gordon, Salmond & Smith 1993)."""
    return _at(log_weights, jnp.sort(jax.random.uniform(key, (number,))))


def residual(key: jax.Array, log_weights: jax.Array, number: int) -> jax.Array:
    """As often as the whole part of what the weight says, the rest by independent draws (Liu & Chen 1998)."""
    expected = number * jnp.exp(log_weights - logsumexp(log_weights))
    # Weights that are equal give whole numbers, which rounding must not make less.
    whole = jnp.floor(expected * (1 + 1e-12))
    surely = jnp.searchsorted(jnp.cumsum(whole), jnp.arange(number), side="right")
    drawn = _at(jnp.log(jnp.maximum(expected - whole, 0.0)), jax.random.uniform(key, (number,)))
    return jnp.sort(jnp.where(jnp.arange(number) < whole.sum(), surely, drawn))


RESAMPLING: dict[str, Callable[[jax.Array, jax.Array, int], jax.Array]] = {
    each.__name__: each for each in (systematic, stratified, multinomial, residual)
}
"""Ways to resample, by their names."""


def next_temperature(log_likelihood: jax.Array, temperature: jax.Array, least: jax.Array | float) -> jax.Array:
    """The largest temperature up to 1 at which so many particles, equal at `temperature`, remain effective."""

    def too_few(after: jax.Array) -> jax.Array:
        return effective((after - temperature) * log_likelihood) < least

    def halve(_: int, bounds: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        low, high = bounds
        middle = 0.5 * (low + high)
        beyond = too_few(middle)
        return jnp.where(beyond, low, middle), jnp.where(beyond, middle, high)

    _, found = jax.lax.fori_loop(0, 60, halve, (temperature, jnp.ones(())))
    return jnp.where(too_few(jnp.ones(())), found, 1.0)
