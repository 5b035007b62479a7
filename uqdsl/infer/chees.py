"""ChEES-HMC: many chains in step, which learn from one another how far a trajectory should go.

The length T of trajectories climbs the rate at which the squared distance from the centre of the chains changes,
ChEES = ¼ E[(|x' - E x|² - |x - E x|²)²], per step; step size and metric are those of all chains together. All chains take as
many leapfrog steps, so that nothing waits: many of them suit a GPU.

References:
    Hoffman, Radul & Sountsov 2021, An adaptive-MCMC scheme for setting trajectory lengths in Hamiltonian Monte Carlo, AISTATS,
    algorithm 1.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.infer.hmc_util import build_adaptation_schedule, dual_averaging, welford_covariance

from uqdsl.infer.adaptation import pull, stretch
from uqdsl.infer.explain import explain_start
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.start import Start, find_start
from uqdsl.messages import RunError
from uqdsl.vocabulary.methods.chains import CheesOptions

_BLOCK = 25
"""Iterations between two reports."""
_FIRST_STEP = 0.1
_FIRST_LENGTH = 1.0
_RATE, _SPREAD = 0.025, 0.95
"""Rate and memory of Adam, which climbs in the log of T."""
_AVERAGED = 0.75
"""As for the step size, T is in the end a mean of the last ones, which forgets the first at this power."""
_LOST = 1000.0


class _State(NamedTuple):
    """Of all chains: positions, potential energies and gradients `(chain, …)`; and what they share.

    `root` is that of the covariance, `moments` those of the window that is being looked at; `log_length` is that of T,
    `mean_length` its mean so far, `square` the memory of Adam.
    """

    positions: jax.Array
    energies: jax.Array
    gradients: jax.Array
    iteration: jax.Array
    step_size: jax.Array
    averaging: Any
    log_length: jax.Array
    mean_length: jax.Array
    square: jax.Array
    root: jax.Array
    moments: Any
    key: jax.Array


class _Step(NamedTuple):
    """What one iteration gave: `(chain, …)`, and the step size and T that it had."""

    positions: jax.Array
    lp: jax.Array
    energy: jax.Array
    acceptance_rate: jax.Array
    diverging: jax.Array
    n_steps: jax.Array
    step_size: jax.Array
    length: jax.Array


def run(posterior: Posterior, options: CheesOptions, key: jax.Array, watch: Watch) -> Draws:
    """Warm all chains up together, then draw with what they have learned.

    Raises:
        RunError: UQ601-UQ604, UQ611 where a chain cannot start.
    """
    state = _begin(posterior, options, key)
    total = options.warmup + options.draws
    blocks: list[_Step] = []
    done = 0
    while done < total:
        # A block ends with the warm-up, so that only what is kept has to be.
        count = min(_BLOCK, (options.warmup if done < options.warmup else total) - done)
        state, found = _advance(posterior, state, options, count)
        blocks.append(jax.tree.map(np.asarray, found))
        done += count
        watch(done, total, step_size=float(state.step_size), trajectory_length=float(jnp.exp(state.log_length)))
    steps = jax.tree.map(lambda *each: np.concatenate(each), *blocks)
    kept = jax.tree.map(lambda each: np.swapaxes(each[options.warmup :], 0, 1) if each.ndim > 1 else each, steps)
    per_draw = ("lp", "energy", "acceptance_rate", "diverging")
    steps_taken = np.broadcast_to(steps.n_steps[options.warmup :], (options.chains, options.draws))
    return Draws(
        positions=kept.positions,
        stats={name: getattr(kept, name) for name in per_draw} | {"n_steps": steps_taken},
        diagnostics={
            "step_size": float(steps.step_size[-1]),
            "trajectory_length": float(steps.length[-1]),
            "leapfrog_steps": int(steps.n_steps.sum()) * options.chains,
        },
        history={"step_size": steps.step_size, "trajectory_length": steps.length},
    )


def _begin(posterior: Posterior, options: CheesOptions, key: jax.Array) -> _State:
    start_key, key = jax.random.split(key)

    found = _starts(posterior, jax.random.split(start_key, options.chains))
    finite = np.asarray(found.finite)
    if not finite.all():
        position = found.position[int(np.argmin(finite))]
        raise RunError([explain_start(posterior.target, posterior.layout.split(position))])
    average: Any = dual_averaging()[0]
    moments, *_ = welford_covariance(diagonal=options.metric == "diagonal")
    size = posterior.size
    return _State(
        positions=found.position,
        energies=found.potential_energy,
        gradients=found.gradient,
        iteration=jnp.asarray(0),
        step_size=jnp.asarray(_FIRST_STEP),
        averaging=average(jnp.log(10 * _FIRST_STEP)),
        log_length=jnp.log(jnp.asarray(_FIRST_LENGTH)),
        mean_length=jnp.zeros(()),
        square=jnp.zeros(()),
        root=jnp.ones(size) if options.metric == "diagonal" else jnp.eye(size),
        moments=moments(size),
        key=key,
    )


@jax.jit
def _starts(posterior: Posterior, keys: jax.Array) -> Start:
    def start(key: jax.Array) -> Start:
        return find_start(lambda each: -posterior.log_density(each), posterior.size, key, posterior.draw_prior)

    return jax.vmap(start)(keys)


@partial(jax.jit, static_argnames=("options", "count"))
def _advance(posterior: Posterior, state: _State, options: CheesOptions, count: int) -> tuple[_State, _Step]:
    return jax.lax.scan(lambda state, _: _iterate(posterior, state, options), state, length=count)


def _iterate(posterior: Posterior, state: _State, options: CheesOptions) -> tuple[_State, _Step]:
    """One trajectory of every chain."""
    key, momentum_key, accept_key = jax.random.split(state.key, 3)
    potential = jax.vmap(jax.value_and_grad(lambda position: -posterior.log_density(position)))
    stretched, pulled = (jax.vmap(partial(each, state.root)) for each in (stretch, pull))
    share = _halton(state.iteration)
    steps = jnp.ceil(share * jnp.exp(state.log_length) / state.step_size)
    steps = jnp.clip(steps, 1, options.max_steps).astype(int)
    momenta = jax.random.normal(momentum_key, state.positions.shape)

    def leapfrog(_: jax.Array, at: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        positions, momenta, _, gradients = at
        momenta = momenta - state.step_size / 2 * pulled(gradients)
        positions = positions + stretched(state.step_size * momenta)
        energies, gradients = potential(positions)
        return positions, momenta - state.step_size / 2 * pulled(gradients), energies, gradients

    here = (state.positions, momenta, state.energies, state.gradients)
    there = jax.lax.fori_loop(0, steps, leapfrog, here)
    before = state.energies + (momenta**2).sum(1) / 2
    error = there[2] + (there[1] ** 2).sum(1) / 2 - before
    error = jnp.where(jnp.isnan(error), jnp.inf, error)
    acceptance = jnp.exp(-jnp.maximum(error, 0.0))
    accepted = jax.random.uniform(accept_key, error.shape) < acceptance
    positions, energies, gradients = (
        jnp.where(accepted[:, None] if new.ndim == 2 else accepted, new, old)
        for new, old in ((there[0], here[0]), (there[2], here[2]), (there[3], here[3]))
    )
    given = _Step(
        positions=positions,
        lp=-energies,
        energy=jnp.where(accepted, before + error, before),
        acceptance_rate=acceptance,
        diverging=error > _LOST,
        n_steps=steps,
        step_size=state.step_size,
        length=jnp.exp(state.log_length),
    )
    slope = _slope(state, there[0], there[1], acceptance) * share
    moved = state._replace(positions=positions, energies=energies, gradients=gradients, key=key)
    warm = state.iteration < options.warmup
    learned = jax.lax.cond(warm, lambda: _learn(moved, acceptance, slope, options), lambda: moved)
    return learned._replace(iteration=state.iteration + 1), given


def _slope(state: _State, ends: jax.Array, momenta: jax.Array, acceptance: jax.Array) -> jax.Array:
    """How ChEES, in units of the metric, rises with the log of the time that a trajectory took, by that time's share of T."""
    unstretched = jax.vmap(partial(_unstretch, state.root))
    starts, ends = unstretched(state.positions), unstretched(ends)
    sound = jnp.isfinite(ends).all(1) & (acceptance > 0)
    weights = jnp.where(sound, acceptance, 0.0)
    ends = jnp.where(sound[:, None], ends, 0.0)
    momenta = jnp.where(sound[:, None], momenta, 0.0)
    total = jnp.maximum(weights.sum(), jnp.finfo(weights.dtype).tiny)
    before = starts - starts.mean(0)
    after = ends - weights @ ends / total
    gained = (after**2).sum(1) - (before**2).sum(1)
    return (weights * gained * (after * momenta).sum(1)).sum() / total * jnp.exp(state.log_length)


def _unstretch(root: jax.Array, x: jax.Array) -> jax.Array:
    return x / root if root.ndim == 1 else jnp.linalg.solve(root.T, x)


def _learn(state: _State, acceptance: jax.Array, slope: jax.Array, options: CheesOptions) -> _State:
    """Step size, T and metric after another iteration of the warm-up."""
    _, average = dual_averaging()
    # The harmonic mean, so that few chains that accept nothing are heard.
    mean = 1 / jnp.mean(1 / jnp.maximum(acceptance, 1e-10))
    averaging = average(options.target_accept - mean, state.averaging)
    last = state.iteration == options.warmup - 1
    step_size = jnp.exp(jnp.where(last, averaging[1], averaging[0]))

    number = state.iteration + 1
    square = _SPREAD * state.square + (1 - _SPREAD) * slope**2
    size = jnp.sqrt(square / (1 - _SPREAD**number))
    climb = slope / jnp.maximum(size, jnp.finfo(size.dtype).tiny)
    longest = jnp.log(options.max_steps * step_size)
    log_length = jnp.clip(state.log_length + _RATE * climb, jnp.log(step_size), longest)
    weight = number**-_AVERAGED
    mean_length = (1 - weight) * state.mean_length + weight * log_length
    log_length = jnp.where(last, mean_length, log_length)

    windows = np.asarray(build_adaptation_schedule(options.warmup))[1:-1]
    within = jnp.any((windows[:, 0] <= state.iteration) & (state.iteration <= windows[:, 1]))
    ends = jnp.any(state.iteration == windows[:, 1])
    first, _, covariance = welford_covariance(diagonal=options.metric == "diagonal")
    moments = _pooled(state.moments, state.positions)
    moments = jax.tree.map(lambda new, old: jnp.where(within, new, old), moments, state.moments)
    begin: Any = dual_averaging()[0]

    def renewed() -> tuple[Any, ...]:
        _, _, root = covariance(moments, regularize=True)
        return root, first(len(state.positions[0])), begin(jnp.log(10 * step_size))

    root, moments, averaging = jax.lax.cond(ends, renewed, lambda: (state.root, moments, averaging))
    return state._replace(
        step_size=step_size,
        averaging=averaging,
        log_length=log_length,
        mean_length=mean_length,
        square=square,
        root=root,
        moments=moments,
    )


def _pooled(moments: Any, positions: jax.Array) -> Any:
    """Welford's sums with the positions of all chains added: mean, squares about it, and number."""
    mean, squares, number = moments
    added, centre = len(positions), positions.mean(0)
    apart, delta = positions - centre, centre - mean
    total = number + added
    share = number * added / total
    if squares.ndim == 1:
        squares = squares + (apart**2).sum(0) + delta**2 * share
    else:
        squares = squares + apart.T @ apart + jnp.outer(delta, delta) * share
    return mean + delta * added / total, squares, total


def _halton(number: jax.Array) -> jax.Array:
    """Element of the van der Corput sequence of base 2, in (0, 1): the bits of a number behind the point, turned round."""
    bits = jnp.arange(20)
    return jnp.sum(((number + 1) >> bits & 1) / 2.0 ** (bits + 1))
