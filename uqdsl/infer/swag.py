"""SWAG: normal laws that a constant step leaves around where training ends, one for each of several trainings.

Gradients of a few rows keep a trained model moving. With mean m and variances s² of where it has been, and its last K places
u₁ … u_K, the law of a member and that of all are

    q_j = Normal(m, ½ diag(s²) + ½ D Dᵀ / (K - 1)),   D = (u₁ - m, …, u_K - m),   q = (1/M) Σⱼ q_j

in units of the prior. How wide they are is the noise of the gradients, and is the width of the posterior only as far as the
step is right. The step h here leaves a walk on a quadratic nearest to the posterior: h = 2 d / tr C, with C the covariance of a
gradient's errors and d the number of unknowns; but no longer than 1 over the largest curvature that a batch shows, for the
walk to be stable.

Maddox, Garipov, Izmailov, Vetrov & Wilson 2019, A Simple Baseline for Bayesian Uncertainty in Deep Learning, NeurIPS 32,
algorithm 1; Wilson & Izmailov 2020, section 3.2 (several members); Mandt, Hoffman & Blei 2017, Stochastic Gradient Descent as
Approximate Bayesian Inference, J. Mach. Learn. Res. 18(134), section 4.1 (the step).
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from uqdsl.infer.chunks import in_chunks
from uqdsl.infer.ensemble import Members, screened
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.training import Units, of_batch, prior_units, train
from uqdsl.vocabulary.methods.ensembles import SwagOptions

_BATCHES, _CURVED, _TURNS = 64, 8, 30
"""Batches that the noise is learned from, and the largest curvature, and turns to find that."""
_SETTLING = 0.25
"""Part of the walk after which places are counted."""
_LEAST = 1e-12
"""Least variance, in squares of the prior's width: of what no gradient moves."""


class Walk(NamedTuple):
    """Where members have been, in units of the prior.

    - standard: where they are, `(member, size)`.
    - mean, square: of the places that count, the mean and the sum of squares about it, `(member, size)`.
    - places: the last of them, `(member, rank, size)`.
    """

    standard: jax.Array
    mean: jax.Array
    square: jax.Array
    places: jax.Array

    def law(self, counted: int) -> dist.LowRankMultivariateNormal:
        """The normal law of each member, after so many places."""
        rank = self.places.shape[1]
        apart = jnp.swapaxes(self.places - self.mean[:, None], 1, 2)
        variances = jnp.maximum(self.square / counted, _LEAST)
        return dist.LowRankMultivariateNormal(self.mean, apart / np.sqrt(2 * (rank - 1)), variances / 2)


def run(posterior: Posterior, options: SwagOptions, key: jax.Array, watch: Watch) -> Draws:
    """Train the members, let each walk on, and draw from the mixture of the laws of their walks."""
    of_units, of_members, of_noise, of_walk, of_draws = jax.random.split(key, 5)
    units = prior_units(posterior, of_units)
    trained = train(
        posterior,
        of_batch,
        units,
        of_members,
        members=options.members,
        steps=options.steps,
        learning_rate=options.learning_rate,
        watch=watch,
    )
    standard = units.standardise(trained.positions)
    step_sizes, capped = _steps(posterior, units, standard, of_noise, options.step)
    walked, counted = walk(posterior, options, units, standard, step_sizes, of_walk, watch)
    names = np.arange(1, options.members + 1)
    members = screened(posterior, Members(units.place(walked.mean), names))
    kept = members.names - 1
    law = jax.tree.map(lambda each: each[kept], walked).law(counted)
    draws, log_approximation = drawn(law, of_draws, options.draws)
    width = jnp.sqrt(law.variance)
    return Draws(
        units.place(draws),
        log_approximation=log_approximation,
        diagnostics={
            "step_size": float(np.median(step_sizes)),
            "steps_capped": int(np.sum(capped)),
            "members_apart": float(jnp.median(jnp.std(law.loc, axis=0) / jnp.sqrt(jnp.mean(width**2, axis=0)))),
            **members.diagnostics,
        },
        reasons=members.reasons,
        notes=(
            *members.notes,
            "how wide these draws are is how much gradients of a few rows differ, and not how much the data leave open",
        ),
        history={"log_density": np.asarray(trained.scores)},
    )


def walk(
    posterior: Posterior,
    options: SwagOptions,
    units: Units,
    standard: jax.Array,
    step_sizes: jax.Array,
    key: jax.Array,
    watch: Watch,
) -> tuple[Walk, int]:
    """Let members go on from `standard`, `(member, size)`, and count where they have been.

    Arguments:
        step_sizes: of each member, in squares of the prior's width, `(member,)`.

    Returns:
        Where they have been, and how many places that is.
    """
    settling = int(_SETTLING * options.snapshots)
    rank = min(options.rank, options.snapshots - settling)

    @jax.jit
    def advance(posterior: Posterior, state: Walk, first: int, last: int) -> Walk:
        slope = jax.grad(lambda each, batch: batch.log_density(units.place(each)))

        def single(number: jax.Array, standard: jax.Array) -> jax.Array:
            keys = jax.random.split(jax.random.fold_in(key, number), options.members)
            slopes = jax.vmap(lambda each, key: slope(each, posterior.draw_batch(key)))(standard, keys)
            return standard + step_sizes[:, None] * slopes

        def one(index: jax.Array, state: Walk) -> Walk:
            standard = jax.lax.fori_loop(index * options.thin, (index + 1) * options.thin, single, state.standard)
            number = jnp.maximum(index - settling + 1, 1)
            apart = standard - state.mean
            mean = state.mean + apart / number
            # Until it has settled, the last place stands for the mean.
            mean = jnp.where(index < settling, standard, mean)
            square = jnp.where(index < settling, 0.0, state.square + apart * (standard - mean))
            return Walk(standard, mean, square, state.places.at[:, index % rank].set(standard))

        return jax.lax.fori_loop(first, last, one, state)

    begun = Walk(standard, standard, jnp.zeros_like(standard), jnp.zeros((len(standard), rank, posterior.size)))
    walked = in_chunks(
        lambda state, first, last: advance(posterior, state, first, last), begun, options.snapshots, watch
    )
    return walked, options.snapshots - settling


@jax.jit
def _steps(
    posterior: Posterior, units: Units, standard: jax.Array, key: jax.Array, factor: float
) -> tuple[jax.Array, jax.Array]:
    """The step of each member, and whether it would be longer but for stability, both `(member,)`."""

    def slope(standard: jax.Array, key: jax.Array) -> jax.Array:
        batch = posterior.draw_batch(key)
        return jax.grad(lambda each: batch.log_density(units.place(each)))(standard)

    def steepest(standard: jax.Array, key: jax.Array) -> jax.Array:
        """The largest curvature of a batch, by turns of the power method."""

        def turn(_: int, pair: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            bent = jax.jvp(lambda each: slope(each, key), (standard,), (pair[1],))[1]
            size = jnp.linalg.norm(bent)
            return size, bent / jnp.maximum(size, jnp.finfo(size.dtype).tiny)

        axis = jax.random.normal(key, standard.shape)
        return jax.lax.fori_loop(0, _TURNS, turn, (jnp.zeros(()), axis / jnp.linalg.norm(axis)))[0]

    def of_member(given: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        standard, key = given
        keys = jax.random.split(key, _BATCHES)
        slopes = jax.lax.map(lambda each: slope(standard, each), keys)
        noise = jnp.sum(jnp.var(slopes, axis=0, ddof=1))
        wanted = factor * 2 * posterior.size / noise
        stable = 1 / jnp.max(jax.lax.map(lambda each: steepest(standard, each), keys[:_CURVED]))
        return jnp.minimum(wanted, stable), wanted > stable

    return jax.lax.map(of_member, (standard, jax.random.split(key, len(standard))))


@partial(jax.jit, static_argnames="count")
def drawn(law: dist.LowRankMultivariateNormal, key: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    """Draws of the members' laws in turn, `(count, size)`, and their log density under the mixture of all."""
    (members,), (size,) = law.batch_shape, law.event_shape
    draws = law.sample(key, (-(-count // members),)).reshape(-1, size)[:count]
    each = jax.lax.map(law.log_prob, draws, batch_size=100)
    return draws, jax.scipy.special.logsumexp(each, axis=1) - jnp.log(members)
