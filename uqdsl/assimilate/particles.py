"""What all filters of weighted particles have: how they are resampled, moved, weighted and summed up.

Particles that are resampled may get noise `h N(0, P)`, P their weighted covariance and `h = regularisation N^(-1/(d + 4))`,
so that those of a system without errors of its own do not become copies for ever: all copies of those that are taken more than
once, as in DAPPER, so that what is tuned there holds here, or all. Parameters that are estimated do not move in
time; where particles are resampled, these are drawn from kernels of width h that are pulled to their mean,

    theta' ~ N(a theta + (1 - a) mean, h^2 V),   a = (3 delta - 1) / (2 delta),   h^2 = 1 - a^2,

which keeps mean and covariance V.

References:
    Doucet & Johansen 2011, A Tutorial on Particle Filtering and Smoothing, in Oxford Handbook of Nonlinear Filtering.
    Musso, Oudjane & Le Gland 2001, in Sequential Monte Carlo Methods in Practice, Springer, chapter 12 (regularisation).
    Liu & West 2001, same, chapter 10 (parameters), sec. 10.3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from uqdsl.assimilate.cycle import Estimate, Members, Plan
from uqdsl.assimilate.system import Events, System
from uqdsl.infer.population import RESAMPLING, effective, over_particles
from uqdsl.vocabulary.assimilation.particles import ParticleOptions


class Particles(NamedTuple):
    """Weighted particles.

    - states: `(N, d)`.
    - parameters: on their unconstrained scale, `(N, q)`.
    - log_weights: logs of weights that sum to 1, `(N,)`.
    - before: the states before the last step, `(N, d)`, for filters that draw the step themselves.
    - origin: from which particle each comes by resampling since that was last set to count from 0, `(N,)`.
    """

    states: jax.Array
    parameters: jax.Array
    log_weights: jax.Array
    before: jax.Array
    origin: jax.Array


class Shared(NamedTuple):
    """What filters of particles are given: their options, and which parameters are estimated."""

    options: ParticleOptions
    plan: Plan

    def begin(self, system: System, key: jax.Array) -> Particles:
        """Draws of the states at the first time and of the parameters."""
        number = self.options.members
        parameters, states = over_particles(system.draw_initial, jax.random.split(key, number))
        open_ = jnp.asarray(self.plan.estimated | self.plan.sampled)
        known = jnp.where(open_, parameters, system.mean_parameters())
        return Particles(
            states, over_particles(system.unconstrained, known), _equal(number), states, jnp.arange(number)
        )

    def step(self, system: System, particles: Particles, event: Events, key: jax.Array) -> Particles:
        """Each moves as the states do."""
        keys = jax.random.split(key, self.options.members)
        moved = over_particles(
            lambda state, free, key: system.step(state, system.constrained(free), event, key),
            particles.states,
            particles.parameters,
            keys,
        )
        return particles._replace(states=moved, before=particles.states)

    def resampled(self, particles: Particles, log_weights: jax.Array, key: jax.Array) -> tuple[Particles, jax.Array]:
        """As many particles as before, chosen by weights, which then count alike; and which they were, `(N,)`."""
        options, number = self.options, self.options.members
        of_choice, of_noise, of_parameters = jax.random.split(key, 3)
        chosen = RESAMPLING[options.resampling](of_choice, log_weights, number)
        weights = jnp.exp(log_weights - logsumexp(log_weights))
        states = particles.states[chosen]
        if options.regularisation:
            width = options.regularisation * number ** (-1 / (states.shape[1] + 4))
            # Of a single particle that has all the weight there is no covariance; that of all is what is left.
            known = jnp.where(weights.max() > 1 - 1e-10, 1 / number, weights)
            noise = width / jnp.sqrt(_free(known)) * _scatter(particles.states, known, of_noise)
            several = (chosen == jnp.roll(chosen, 1)) | (chosen == jnp.roll(chosen, -1))  # they are in order
            states = states + jnp.where((several | (options.jitter == "all"))[:, None], noise, 0.0)
        parameters = particles.parameters[chosen]
        estimated = jnp.asarray(self.plan.estimated)
        if self.plan.estimated.any() and options.discount < 1:
            shrink = (3 * options.discount - 1) / (2 * options.discount)
            free = particles.parameters
            mean, noise = weights @ free, _scatter(free, weights, of_parameters)
            kernels = shrink * parameters + (1 - shrink) * mean + jnp.sqrt(1 - shrink**2) * noise
            parameters = jnp.where(estimated, kernels, parameters)
        return Particles(states, parameters, _equal(number), states, particles.origin[chosen]), chosen


def renewed(particles: Particles, whole: jax.Array, key: jax.Array) -> Particles:
    """Particles of which those that are not `whole`, `(N,)`, have no weight; others stand in their place."""
    known = jnp.where(whole, particles.log_weights, -jnp.inf)
    total = logsumexp(known)
    alike = jnp.where(whole, -jnp.log(jnp.sum(whole)), -jnp.inf)
    log_weights = jnp.where(jnp.isfinite(total), known - total, alike)
    other = jax.random.choice(key, len(whole), whole.shape, p=jnp.exp(log_weights))
    chosen = jnp.where(whole, jnp.arange(len(whole)), other)
    moved = (each[chosen] for each in (particles.states, particles.parameters, particles.before, particles.origin))
    states, parameters, before, origin = moved
    return Particles(states, parameters, log_weights, before, origin)


def weighed(particles: Particles, gains: jax.Array, threshold: float) -> tuple[Particles, dict[str, jax.Array]]:
    """Particles with log weights that grew by so much, `(N,)`, and what is told of that.

    Where no particle could have made the observations, the weights stay as they were.
    """
    log_weights = particles.log_weights + jnp.where(jnp.isnan(gains), -jnp.inf, gains)
    log_evidence = logsumexp(log_weights)
    possible = jnp.isfinite(log_evidence)
    after = jnp.where(possible, log_weights - log_evidence, particles.log_weights)
    ess = jnp.where(possible, effective(after), 0.0)
    few = ess < threshold * len(gains)
    return particles._replace(log_weights=after), {
        "ess": ess,
        "resampled": few.astype(float),
        "log_evidence": jnp.where(possible, log_evidence, -jnp.inf),
    }


def log_likelihoods(system: System, particles: Particles, event: Events) -> jax.Array:
    """Log density of what is observed at an event, given each particle, `(N,)`."""
    return over_particles(
        lambda state, free: system.log_likelihood(state, system.constrained(free), event),
        particles.states,
        particles.parameters,
    )


def members(system: System, particles: Particles) -> Members:
    """The particles with their weights."""
    parameters = over_particles(system.constrained, particles.parameters)
    return Members(particles.states, parameters, jnp.exp(particles.log_weights))


def estimate(system: System, particles: Particles, event: Events) -> Estimate:
    """Weighted means and standard deviations."""
    weights = jnp.exp(particles.log_weights)

    def shown(state: jax.Array, free: jax.Array) -> tuple[jax.Array, jax.Array]:
        parameters = system.constrained(free)
        return parameters, system.observe(state, parameters, event).mean

    parameters, observed = over_particles(shown, particles.states, particles.parameters)
    free = _free(weights)

    def both(values: jax.Array) -> tuple[jax.Array, jax.Array]:
        mean = weights @ values
        return mean, jnp.sqrt(weights @ (values - mean) ** 2 / free)

    (mean, sd), (known, known_sd), (seen, seen_sd) = (
        both(system.placed(particles.states)),
        both(parameters),
        both(observed),
    )
    return Estimate(mean, sd, known, known_sd, seen, seen_sd)


def resample_where_few(shared: Shared, threshold: float) -> Callable[[Particles, jax.Array], Particles]:
    """A function that resamples particles of which too few are effective."""

    def resample(particles: Particles, key: jax.Array) -> Particles:
        few = effective(particles.log_weights) < threshold * shared.options.members
        return jax.lax.cond(
            few,
            lambda each: shared.resampled(each, each.log_weights, key)[0],
            lambda each: each,
            particles,
        )

    return resample


def _free(weights: jax.Array) -> jax.Array:
    """By what weighted squares about the mean are divided: what 1 - 1/N is for particles that count alike."""
    return jnp.maximum(1 - jnp.sum(weights**2), 1e-12)


def _equal(number: int) -> jax.Array:
    return jnp.full(number, -jnp.log(float(number)))


def _scatter(values: jax.Array, weights: jax.Array, key: jax.Array) -> jax.Array:
    """Draws `(N, d)` of a Gaussian law with mean 0 and the weighted covariance of values `(N, d)`."""
    number, size = values.shape
    apart = jnp.sqrt(weights)[:, None] * (values - weights @ values)
    if size >= number:
        return jax.random.normal(key, (number, number)) @ apart
    squares, vectors = jnp.linalg.eigh(apart.T @ apart)
    return jax.random.normal(key, (number, size)) @ (vectors * jnp.sqrt(jnp.maximum(squares, 0.0))).T
