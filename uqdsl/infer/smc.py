"""Tempered sequential Monte Carlo: particles of the prior, brought to the posterior through powers of the likelihood.

At each temperature the particles are reweighted, resampled, and moved by Markov steps that leave the tempered posterior as it
is, until they have forgotten where they were. The steps are adapted to the particles. By default they need no gradient: a
mixture of Gaussians q is fitted to the particles, a component k is drawn for each by its responsibilities, and a preconditioned
Crank-Nicolson step about that component,

    x' = m_k + sqrt(1 - b^2) (x - m_k) + b L_k xi,

is accepted with probability min(1, pi(x') q(x) / (pi(x) q(x'))): the step is reversible with respect to the component, and the
component's part in the ratio cancels.

Where a filter of particles estimates the likelihood, at random and without bias, the random numbers of the estimate are part of
a particle: it keeps its estimate until a move to another, with numbers of its own, is accepted. All powers of the estimate
then are densities of one larger space, whose margin at 1 is the posterior (Duan & Fulop 2015), and the evidence is that of it.

References:
    Del Moral, Doucet & Jasra 2006, Sequential Monte Carlo Samplers, J. R. Stat. Soc. B 68, 411-436.
    Cotter, Roberts, Stuart & White 2013, MCMC Methods for Functions, Stat. Sci. 28, 424-446.
    Chan & Lai 2013, A general theory of particle filters in hidden Markov models and some applications, Ann. Statist. 41,
    2877-2904; Lee & Whiteley 2018, Variance estimation in the particle filter, Biometrika 105, 609-625: of the log evidence.
    Duan & Fulop 2015, Density-Tempered Marginalized Sequential Monte Carlo Samplers, J. Bus. Econ. Stat. 33, 192-202.
    Chopin & Papaspiliopoulos 2020, An Introduction to Sequential Monte Carlo, Springer, chapter 17.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular

from uqdsl.infer.mixture import MOST_COMPONENTS, Mixture, fit_mixture
from uqdsl.infer.population import (
    densities,
    draw_priors,
    effective,
    finite_parts,
    next_temperature,
    over_particles,
    systematic,
)
from uqdsl.infer.posterior import SEED, Draws, Posterior, Watch, draw_seeds
from uqdsl.vocabulary.methods.particles import SmcOptions

_FITTED = 2000
"""The moves are adapted to at most so many of the particles."""
_MEMBERS = 25
"""For each component of a guide: with fewer, copies of a particle that resampling made look like a component."""
_FORGOTTEN = 0.2
"""The particles are moved until the correlation with where they were, within components, is below this."""
_STUCK = 0.7
"""A larger one at the end of all moves is said."""
_AIM = {"mixture": 0.35, "hmc": 0.8}
_FIRST_SCALE = {"mixture": 0.5, "hmc": 0.5}
_SCALES = {"mixture": (0.01, 0.99), "hmc": (1e-4, 2.0)}


class Particles(NamedTuple):
    """Positions `(N, size)`, log densities of prior and likelihood there `(N,)`, which random numbers an estimate of the latter
    was made of, and from which draw of the prior each came.
    """

    positions: jax.Array
    log_prior: jax.Array
    log_likelihood: jax.Array
    seeds: jax.Array
    ancestors: jax.Array


def run(posterior: Posterior, options: SmcOptions, key: jax.Array, watch: Watch) -> Draws:
    """Bring particles from the prior to the posterior."""
    number, moves = options.particles, options.moves
    start, key = jax.random.split(key)
    positions, seeds = draw_priors(posterior, start, number), draw_seeds(jax.random.fold_in(start, 1), (number,))
    log_prior, log_likelihood = densities(posterior, positions, seeds)
    particles = Particles(positions, log_prior, log_likelihood, seeds, jnp.arange(number))
    lost = int(np.sum(~np.isfinite(np.asarray(particles.log_likelihood))))
    temperature, log_evidence = jnp.zeros(()), 0.0
    scale = jnp.array(_FIRST_SCALE[moves], float)
    history: dict[str, list[float]] = {
        "temperature": [],
        "ess": [],
        "acceptance": [],
        "memory": [],
        "sweeps": [],
        "components": [],
    }
    while float(temperature) < 1 and len(history["temperature"]) < options.steps and lost < number:
        key, resample_key, fit_key, move_key = jax.random.split(key, 4)
        particles, temperature, log_mean, ess = _reweigh(particles, temperature, options.ess, resample_key)
        log_evidence += float(log_mean)
        guides, components = _guides(particles.positions, fit_key)
        before, sweeps, memory, shares = particles.positions, 0, 1.0, []
        while memory > _FORGOTTEN and sweeps < options.most_sweeps:
            move_key, block_key = jax.random.split(move_key)
            particles, scale, share = _move(posterior, particles, temperature, guides, scale, block_key, options)
            memory = float(_memory(before, particles.positions, guides))
            shares.append(float(share))
            sweeps += options.sweeps
        step = (float(temperature), float(ess), float(np.mean(shares)), memory, sweeps, components)
        for each, value in zip(history.values(), step, strict=True):
            each.append(float(value))
        watch(len(history["temperature"]), options.steps, temperature=step[0], acceptance=step[2])
    diagnostics = {
        "log_evidence": log_evidence if float(temperature) == 1 else float("nan"),
        "log_evidence_sd": _error(np.asarray(particles.ancestors)),
        "temperatures": len(history["temperature"]),
        "ancestors": len(np.unique(np.asarray(particles.ancestors))),
        "least_acceptance": min(history["acceptance"], default=float("nan")),
        "largest_memory": max(history["memory"], default=float("nan")),
        "not_finite": lost,
        "moves": moves,
        "sweeps": int(sum(history["sweeps"])),
    }
    return Draws(
        particles.positions,
        stats=_of_estimates(particles) if posterior.target.estimate is not None else {},
        diagnostics=diagnostics,
        reasons=_reasons(history, number, lost, options.steps),
        history={name: np.array(values) for name, values in history.items()},
    )


def _of_estimates(particles: Particles) -> dict[str, jax.Array]:
    """Of each particle its estimate, which `log_density` would make anew of other numbers, and the numbers of it."""
    return {"lp": particles.log_prior + particles.log_likelihood, SEED: particles.seeds}


def _error(ancestors: np.ndarray) -> float:
    """The standard deviation of the log evidence, by how many particles descend from each draw of the prior.

    The mean over those of (N_e / N)², less 1 / N, is what their weights varied, whatever the moves keep of the past. Resampling
    adds next to nothing, as it is systematic, so that the term for multinomial resampling has no place here. With few
    particles left of one ancestor each, it errs on the safe side.
    """
    number = len(ancestors)
    families = np.bincount(ancestors, minlength=number)
    return float(np.sqrt(np.sum((families / number) ** 2) - 1 / number))


def _reasons(history: dict[str, list[float]], number: int, lost: int, steps: int) -> tuple[str, ...]:
    reasons = []
    if lost == number:
        return (
            "no draw of the prior has a finite likelihood; look at the prior, or give it draws that can be computed",
        )
    if history["temperature"][-1] < 1:
        reached = f"the posterior was not reached: {steps} temperatures came to {history['temperature'][-1]:.3g} of 1"
        reasons.append(f"{reached}; give it more `steps`, or a prior nearer to the data")
    memory, at = max(zip(history["memory"], history["temperature"], strict=True))
    if memory > _STUCK:
        kept = f"at temperature {at:.3g} the particles kept a correlation of {memory:.2f} with where they were"
        reasons.append(
            f"the moves were too slow: {kept}; take `moves = hmc` where there is a gradient, or more `particles` or "
            "`most_sweeps`"
        )
    return tuple(reasons)


def _guides(positions: jax.Array, key: jax.Array) -> tuple[Mixture, int]:
    """A mixture for each half of the particles, fitted to the other half; and the most components of one.

    Were a particle guided by a fit to which it belongs, it would seem likelier than where it might go, by as many nats as
    the fit has parameters for each particle. Copies that resampling makes are neighbours, and so mostly in one half.
    """
    halves = positions.reshape(2, -1, positions.shape[-1])[::-1]
    stride = -(-halves.shape[1] // _FITTED)
    fits = [
        fit_mixture(half[::stride], each, members=_MEMBERS)
        for half, each in zip(halves, jax.random.split(key), strict=True)
    ]
    components = max(len(fit.counts) for fit in fits)
    # Wider than the particles lie, as the law has tails; among many unknowns less so, as each takes its part of the odds.
    wider = float(np.sqrt(1 + positions.shape[-1] ** -0.5))
    # One or the most: moves are compiled twice at most, and among many unknowns, where one is usual, none is computed in vain.
    padded = [
        fit.mixture._replace(roots=wider * fit.mixture.roots).padded(1 if components == 1 else MOST_COMPONENTS)
        for fit in fits
    ]
    return jax.tree.map(lambda *each: jnp.stack(each), *padded), components


@jax.jit
def _reweigh(
    particles: Particles, temperature: jax.Array, ess: jax.Array, key: jax.Array
) -> tuple[Particles, jax.Array, jax.Array, jax.Array]:
    """The particles resampled at the next temperature; the log of their mean weight, and how many were effective."""
    log_likelihood = particles.log_likelihood
    usable = jnp.isfinite(log_likelihood).sum()
    after = next_temperature(log_likelihood, temperature, ess * usable)
    log_weights = (after - temperature) * log_likelihood
    log_mean = jax.nn.logsumexp(log_weights) - jnp.log(len(log_weights))
    kept = systematic(key, log_weights, len(log_weights))
    return jax.tree.map(lambda each: each[kept], particles), after, log_mean, effective(log_weights)


@partial(jax.jit, static_argnames="options")
def _move(
    posterior: Posterior,
    particles: Particles,
    temperature: jax.Array,
    guides: Mixture,
    scale: jax.Array,
    key: jax.Array,
    options: SmcOptions,
) -> tuple[Particles, jax.Array, jax.Array]:
    """The particles after so many sweeps of moves, the scale of the moves adapted, and the share that was accepted."""
    step = _crank_nicolson if options.moves == "mixture" else partial(_hamiltonian, leapfrogs=options.leapfrogs)
    low, high = _SCALES[options.moves]

    def sweep(carry: tuple[Particles, jax.Array], key: jax.Array) -> tuple[tuple[Particles, jax.Array], jax.Array]:
        before, scale = carry

        def move(
            guide: Mixture,
            key: jax.Array,
            position: jax.Array,
            log_prior: jax.Array,
            log_likelihood: jax.Array,
            seed: jax.Array,
        ) -> tuple[jax.Array, ...]:
            propose, decide = jax.random.split(key)
            other = draw_seeds(jax.random.fold_in(key, 1))
            log_before = log_prior + temperature * log_likelihood
            proposed, log_ratio = step(posterior, position, temperature, guide, scale, propose)
            parts = finite_parts(posterior, proposed, other)
            log_ratio += parts[0] + temperature * parts[1] - log_before
            chance = jnp.where(jnp.isnan(log_ratio), 0.0, jnp.exp(jnp.minimum(log_ratio, 0.0)))
            taken = jax.random.uniform(decide) < chance
            return (
                jnp.where(taken, proposed, position),
                jnp.where(taken, parts[0], log_prior),
                jnp.where(taken, parts[1], log_likelihood),
                jnp.where(taken, other, seed),
                chance,
            )

        keys = jax.random.split(key, len(before.positions))
        halves = jax.tree.map(lambda each: each.reshape(2, -1, *each.shape[1:]), (keys, *before[:4]))
        moved = jax.vmap(lambda guide, half: over_particles(partial(move, guide), *half))(guides, halves)
        places, prior, likelihood, seeds, chance = jax.tree.map(lambda each: each.reshape(-1, *each.shape[2:]), moved)
        adapted = jnp.clip(scale * jnp.exp(0.5 * (chance.mean() - _AIM[options.moves])), low, high)
        return (Particles(places, prior, likelihood, seeds, before.ancestors), adapted), chance.mean()

    (particles, scale), accepted = jax.lax.scan(sweep, (particles, scale), jax.random.split(key, options.sweeps))
    return particles, scale, accepted.mean()


@jax.jit
def _memory(before: jax.Array, after: jax.Array, guides: Mixture) -> jax.Array:
    """The correlation of two positions of the particles, each from the centre and in the shape of its component."""

    def one(guide: Mixture, position: jax.Array) -> jax.Array:
        component = jnp.argmax(guide.log_joint(position))
        return jnp.linalg.solve(guide.roots[component], position - guide.means[component])

    def white(positions: jax.Array) -> jax.Array:
        halves = positions.reshape(2, -1, positions.shape[-1])
        return jax.vmap(lambda guide, half: over_particles(partial(one, guide), half))(guides, halves)

    start, end = white(before), white(after)
    return (start * end).sum() / jnp.sqrt((start**2).sum() * (end**2).sum())


def _crank_nicolson(
    _posterior: Posterior,
    position: jax.Array,
    _temperature: jax.Array,
    guide: Mixture,
    scale: jax.Array,
    key: jax.Array,
) -> tuple[jax.Array, jax.Array]:
    """A proposal about one of the components, and the log of q(x) / q(x')."""
    pick, noise = jax.random.split(key)
    component = jax.random.categorical(pick, guide.log_joint(position))
    mean = guide.means[component]
    jump = guide.roots[component] @ jax.random.normal(noise, position.shape)
    proposed = mean + jnp.sqrt(1 - scale**2) * (position - mean) + scale * jump
    return proposed, guide.log_density(position) - guide.log_density(proposed)


def _hamiltonian(
    posterior: Posterior,
    position: jax.Array,
    temperature: jax.Array,
    guide: Mixture,
    scale: jax.Array,
    key: jax.Array,
    *,
    leapfrogs: int,
) -> tuple[jax.Array, jax.Array]:
    """The end of a trajectory, and the log ratio of its momenta; the metric is the particles' scatter within components.

    The length of a step varies a little from one to the next, so that no period of the motion is hit.
    """
    momenta, length = jax.random.split(key)
    root = jnp.linalg.cholesky(jnp.einsum("k,kij->ij", guide.weights, guide.covariances))
    step = scale * jax.random.uniform(length, minval=0.8, maxval=1.2)

    def gradient(white: jax.Array) -> jax.Array:
        def density(white: jax.Array) -> jax.Array:
            log_prior, log_likelihood = posterior.log_parts(root @ white)
            return log_prior + temperature * log_likelihood

        return jax.grad(density)(white)

    def leap(
        carry: tuple[jax.Array, jax.Array, jax.Array], _: None
    ) -> tuple[tuple[jax.Array, jax.Array, jax.Array], None]:
        white, momentum, slope = carry
        momentum = momentum + 0.5 * step * slope
        white = white + step * momentum
        slope = gradient(white)
        return (white, momentum + 0.5 * step * slope, slope), None

    white = solve_triangular(root, position, lower=True)
    momentum = jax.random.normal(momenta, position.shape)
    (end, last, _), _ = jax.lax.scan(leap, (white, momentum, gradient(white)), None, length=leapfrogs)
    return root @ end, 0.5 * (momentum @ momentum - last @ last)
