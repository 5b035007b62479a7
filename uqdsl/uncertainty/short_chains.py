"""A short chain for each of many given draws: p(φ | w) for every w of a posterior, side by side.

All chains have one metric, and begin with one step size, adapted by the No-U-Turn sampler on a few of the given draws; those
that refuse too much take shorter steps, and as many of them, for what is given may make narrower what they aim at. The last
state of each is kept, or some states after its first quarter. Chains that are started at a draw of what they aim at, as those
of the weights given true training data are, have no burn-in; others begin where the adaptation ended, which is close.

Chains of the same key for different given draws use the same random numbers, so that they come together as far as what is
given allows (Johnson 1996, J. Am. Stat. Assoc. 91, 154-166): a seed is then nearly one and the same cause whatever is given
(`uqdsl.uncertainty.ranks` has the rest). For this they are of Hamiltonian Monte Carlo, with trajectories of random lengths
about a quarter of a turn, which forget a normal law's start best; those of the No-U-Turn sampler depend on where they are, and
come half as close.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.infer.hmc import HMCState, hmc
from numpyro.infer.util import ParamInfo

from uqdsl.infer.coordinates import flat_position, values_at
from uqdsl.infer.positions import Layout, record
from uqdsl.infer.start import find_start
from uqdsl.uncertainty.stages import Arrays, Device, Stage, blocks, filled, places

ITERATIONS = 100
PILOTS = 16
"""Given draws on which the step size and the metric are adapted, and how long."""
_WARMUP = 300
_DENSE = 64
"""Up to so many unknowns the metric is a full matrix."""
_TREE_DEPTH = 7
_ACCEPT = 0.9
_REFUSED, _SHORTER = 0.5, 0.7
"""In the first quarter of a chain: acceptance below which its steps become shorter, and by how much."""
LEAST = 5.0
"""Effective draws that a chain has to have for its last state to count as a draw of its own."""
_MOST_DIVERGED = 0.01


class Mixing(NamedTuple):
    """How well short chains did.

    - acceptance: mean acceptance statistic.
    - divergences: share of iterations that diverged.
    - effective: independent draws of a chain, of what mixes worst: its length over its autocorrelation time, from how far the
      means of the first and the second half of each chain lie apart, in terms of the variance within. What mixes are the
      unknowns; of networks, the values that they give in the place of the weights.
    - chains: by which this was judged. The worst of many unknowns looks worse by few chains than it is.
    """

    acceptance: float
    divergences: float
    effective: float
    chains: int

    @property
    def mixed(self) -> bool:
        """Whether the last states are draws in their own right."""
        return not self.trouble

    @property
    def trouble(self) -> str:
        """Why they are not, in words; empty where they are."""
        if not self.effective >= LEAST:
            worth = f"each is worth {self.effective:.1f} independent draws"
            return f"have moved too little: {worth}, and should be worth {LEAST:.0f}"
        if not self.divergences < _MOST_DIVERGED:
            return f"have diverged in {self.divergences:.1%} of their iterations"
        return ""


class Kernel(NamedTuple):
    """What all chains of a stage have in common, and where each pilot ended."""

    step_size: jax.Array
    inverse_mass: jax.Array
    positions: jax.Array


class Chains(NamedTuple):
    """The last states of each chain: unknowns by name, `(chain, state, *shape)`."""

    values: Arrays
    mixing: Mixing


type Given = Callable[[np.ndarray], Arrays]
"""From the numbers of chains to what each is given, `(chain, *shape)` by name."""


def each_of(arrays: Arrays) -> Given:
    """To each chain the draw of its own number."""
    return lambda chains: {name: each[chains] for name, each in arrays.items()}


def adapt(stage: Stage, given: Arrays, key: jax.Array) -> Kernel:
    """The step size and the metric that suit a stage, from one chain for each of a few given draws, `(draw, *shape)`."""
    layout = stage.layout
    dense = layout.size <= _DENSE

    def pilot(key: jax.Array, given: Device) -> tuple[jax.Array, jax.Array, jax.Array]:
        def potential(position: jax.Array) -> jax.Array:
            return -stage.density(layout, position, given)

        start_key, chain_key = jax.random.split(key)
        start = find_start(potential, layout.size, start_key)
        first, step = hmc(potential_fn=potential, algo="NUTS")
        state = first(
            ParamInfo(start.position, start.potential_energy, start.gradient),
            num_warmup=_WARMUP,
            dense_mass=dense,
            target_accept_prob=_ACCEPT,
            max_tree_depth=_TREE_DEPTH,
            trajectory_length=None,  # pyright: ignore[reportArgumentType] - of HMC; NUTS has none
            rng_key=chain_key,
        )
        state = jax.lax.fori_loop(0, _WARMUP, lambda _, state: step(state), state)
        return state.adapt_state.step_size, state.adapt_state.inverse_mass_matrix, state.z

    keys = jax.random.split(key, len(next(iter(given.values()))))
    step_size, inverse_mass, positions = jax.jit(jax.vmap(pilot))(keys, given)
    return Kernel(jnp.median(step_size), jnp.mean(inverse_mass, axis=0), positions)


class _Sums(NamedTuple):
    """Sums over a chain: of positions and their squares in each half, and of what the sampler says."""

    halves: jax.Array
    squares: jax.Array
    acceptance: jax.Array
    divergences: jax.Array


class ChainProgram(NamedTuple):
    """The chains of a stage, compiled once for each number of them.

    - size: of a position.
    - states: that are kept of each.
    - run: from the keys, what is given and where to begin, to the values of these and what was summed up.
    """

    size: int
    iterations: int
    states: int
    run: Callable[[np.ndarray, Arrays, Arrays], tuple[Device, _Sums]]


def chain_program(
    stage: Stage,
    kernel: Kernel,
    iterations: int = ITERATIONS,
    *,
    states: int = 1,
    wanted: Collection[str] | None = None,
) -> ChainProgram:
    """The chains of a stage.

    Arguments:
        kernel: from `adapt`.
        iterations: of each chain.
        states: to be kept after its first quarter, evenly spaced, of which the last is that of the chain.
        wanted: the unknowns that are kept; else all.
    """
    layout, target = stage.layout, stage.target
    tuning, half = _parts(iterations)
    apart = (iterations - tuning) // states

    def chain(words: jax.Array, given: Device, start: Device) -> tuple[Device, _Sums]:
        pick, key = jax.random.split(jax.random.wrap_key_data(words, impl="threefry2x32"))
        lengths = math.pi / 2 * jax.random.uniform(jax.random.fold_in(pick, 1), (iterations,), minval=0.5, maxval=1.5)
        position = (
            flat_position(target, layout, start, stage.data(given))
            if start
            else kernel.positions[jax.random.randint(pick, (), 0, len(kernel.positions))]
        )
        first, step = hmc(potential_fn=lambda position: -stage.density(layout, position, given), algo="HMC")
        at_first = _judged(stage, layout, position, given)
        state = first(
            position,
            num_warmup=0,
            step_size=kernel.step_size,  # pyright: ignore[reportArgumentType] - an array of one number
            inverse_mass_matrix=kernel.inverse_mass,
            adapt_step_size=False,
            adapt_mass_matrix=False,
            dense_mass=kernel.inverse_mass.ndim > 1,
            trajectory_length=math.pi / 2,
            rng_key=key,
        )
        empty = jnp.zeros((2, len(at_first)))

        def iterate(index: jax.Array, carry: tuple[HMCState, _Sums, jax.Array]) -> tuple[HMCState, _Sums, jax.Array]:
            # Where what is given makes a posterior narrower, steps are shorter, and as many of them.
            narrower = carry[0].adapt_state.step_size / kernel.step_size
            state, sums = step(carry[0]._replace(trajectory_length=narrower * lengths[index])), carry[1]
            # Each state is written over by those that follow, up to the next that is kept.
            place = jnp.maximum(states - 1 - (iterations - 1 - index) // apart, 0)
            kept = carry[2].at[place].set(state.z)
            shorter = jnp.where((index < tuning) & (state.accept_prob < _REFUSED), _SHORTER, 1.0)
            tuned = state.adapt_state._replace(step_size=state.adapt_state.step_size * shorter)
            state = state._replace(adapt_state=tuned)
            part = (index >= iterations - half).astype(int)
            # About where the chain began, so that nothing is lost where the values are large.
            moved = (_judged(stage, layout, state.z, given) - at_first) * (index >= iterations - 2 * half)
            summed = _Sums(
                sums.halves.at[part].add(moved),
                sums.squares.at[part].add(moved**2),
                sums.acceptance + state.accept_prob * (index >= tuning),
                sums.divergences + state.diverging * (index >= tuning),
            )
            return state, summed, kept

        zero = jnp.zeros(())
        kept = jnp.zeros((states, layout.size))
        _, sums, kept = jax.lax.fori_loop(0, iterations, iterate, (state, _Sums(empty, empty, zero, zero), kept))
        values = jax.vmap(lambda each: values_at(target, layout, each, stage.data(given)))(kept)
        return {name: each for name, each in values.items() if wanted is None or name in wanted}, sums

    return ChainProgram(layout.size, iterations, states, jax.jit(jax.vmap(chain)))


def _parts(iterations: int) -> tuple[int, int]:
    """How many iterations are for tuning, and how many are in each half of the others."""
    tuning = iterations // 4
    return tuning, (iterations - tuning) // 2


def run_chains(
    program: ChainProgram,
    given: Given,
    keys: np.ndarray,
    *,
    start: Arrays | None = None,
    done: Callable[[int], object] | None = None,
) -> Chains:
    """Run a chain for each given draw, and keep its last states.

    Arguments:
        program: from `chain_program`.
        given: to each chain.
        keys: of each chain, as the numbers of `jax.random.key_data`.
        start: unknowns at which each chain begins; else where the pilots ended.
        done: is told how many chains more have been run.
    """
    tuning, half = _parts(program.iterations)
    found: dict[str, list[np.ndarray]] = {}
    within, between, acceptance, divergences = np.zeros(()), np.zeros(()), 0.0, 0.0
    count = len(keys)
    # A state holds some trees of positions, and what is given goes with it.
    bytes_each = 8 * program.size * (2 * _TREE_DEPTH + 12 + 2 * program.states) + sum(
        each[0].nbytes for each in given(np.arange(1)).values()
    )
    size = 0
    for at in blocks(count, bytes_each):
        size = size or at.stop - at.start
        chains = places(at, size)
        values, sums = program.run(keys[chains], given(chains), filled(start or {}, at, size))
        kept = at.stop - at.start
        for name, value in values.items():
            found.setdefault(name, []).append(np.asarray(value)[:kept])
        halves, squares = np.asarray(sums.halves)[:kept] / half, np.asarray(sums.squares)[:kept] / half
        within = within + (squares - halves**2).mean(axis=1).sum(axis=0)
        between = between + ((halves[:, 1] - halves[:, 0]) ** 2).sum(axis=0)
        acceptance += float(np.asarray(sums.acceptance)[:kept].sum())
        divergences += float(np.asarray(sums.divergences)[:kept].sum())
        if done is not None:
            done(kept)
    values = {name: np.concatenate(parts) for name, parts in found.items()}
    judged = count * (program.iterations - tuning)
    return Chains(values, _mixing(within / count, between / count, half, acceptance, divergences, judged, count))


def _judged(stage: Stage, layout: Layout, position: jax.Array, given: Device) -> jax.Array:
    """What has to mix at a flat position: all of it, but of networks the values that they give, and not the weights."""
    target = stage.target
    if not target.weights:
        return position
    values = record(target, layout, position, stage.data(given))
    arrays = [
        *(
            each
            for name, each in layout.split(position).items()
            if name.removesuffix("_decentered") not in target.weights
        ),
        *(values[name].astype(float) for name in target.quantities),
    ]
    return jnp.concatenate([jnp.ravel(each) for each in arrays])


def _mixing(
    within: np.ndarray, between: np.ndarray, half: int, acceptance: float, divergences: float, total: int, chains: int
) -> Mixing:
    """From the variance within halves of chains and the mean square distance of their means.

    Where τ is the autocorrelation time, the distance of two means of n draws has the variance 2 τ s² / n, and the variance
    within n draws is s² (1 - τ / n) on average: two equations for s² and τ.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        error = between / 2
        ratio = np.where(within + error > 0, error / (within + error), 1.0)
    worst = float(ratio.max(initial=1 / half))
    return Mixing(acceptance / total, divergences / total, 2 / worst if worst else 2.0 * half, chains)
