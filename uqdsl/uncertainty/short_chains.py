"""A short chain for each of many given draws: p(φ | w) for every w of a posterior, side by side.

All chains have one metric, and begin with one step size; those that refuse too much take shorter steps, and as many of them,
for what is given may make narrower what they aim at. The last state of each is kept, or some states after its first quarter.

Chains that are started at a draw of what they aim at, as those of the weights given true training data are, have no burn-in,
and their metric needs no chain: gradients g of the log density at such draws have E[g gᵀ] = -E[∇∇ log p], which is whitened.
Others begin where the No-U-Turn sampler ended that adapted metric and step size on a few of the given draws, which is close.

Chains of the same key for different given draws use the same random numbers, so that they come together as far as what is
given allows (Johnson 1996, J. Am. Stat. Assoc. 91, 154-166): a seed is then nearly one and the same cause whatever is given
(`uqdsl.uncertainty.ranks` has the rest). For this they are of Hamiltonian Monte Carlo, with trajectories of random lengths
about a quarter of a turn, which forget a normal law's start best; those of the No-U-Turn sampler depend on where they are, and
come half as close.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.lax import erf_inv
from numpyro.infer.hmc import hmc
from numpyro.infer.util import ParamInfo

from uqdsl.infer.adaptation import pull, stretch
from uqdsl.infer.coordinates import flat_position, values_at
from uqdsl.infer.positions import Layout, record
from uqdsl.infer.start import find_start
from uqdsl.uncertainty.compiled import compiled
from uqdsl.uncertainty.stages import Arrays, Device, Stage, blocks, filled, places, side_by_side

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
_TRIED, _TRIALS, _ACCEPTED = 10, 20, 0.85
"""Iterations with a step size before it is judged by its acceptance, how many are tried, and what they all have to reach."""
_TOGETHER = 64
"""Chains that are run side by side: more would wait for the longest trajectory among them."""
_SHRUNK = 5
"""Of what is learned of a metric from draws, so many more that know nothing of how directions hang together."""
LEAST = 5.0
"""Effective draws that a chain has to have for its last state to count as a draw of its own."""
_MOST_DIVERGED = 0.01
_ABOVE = math.nextafter(-1, 0)
"""The least of the numbers from which normal ones are made: at -1 they would be infinite."""
_DIVERGED = 1000.0
"""Error of the energy of a trajectory that has diverged, as of Stan and NumPyro."""


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
    """What all chains of a stage have in common.

    - step_size: of the whitened position.
    - root: R of the covariance Rᵀ R by which positions are whitened, `(size, size)`, or of its diagonal, `(size,)`.
    - positions: where each pilot ended, at which chains begin that have no start of their own.
    """

    step_size: jax.Array
    root: jax.Array
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

    def pilot(stage: Stage, key: jax.Array, given: Device) -> tuple[jax.Array, jax.Array, jax.Array]:
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
    step_size, inverse_mass, positions = compiled(stage, pilot, (0, 0), "pilots")(keys, given)
    return Kernel(jnp.asarray(np.median(step_size)), _root(np.mean(inverse_mass, axis=0)), positions)


def draws_for(stage: Stage) -> int:
    """How many draws `kernel_at_draws` should have."""
    return max(_TOGETHER, 8 * min(stage.layout.size, _DENSE))


def kernel_at_draws(stage: Stage, given: Arrays, start: Arrays, *, wanted: Collection[str] | None = None) -> Kernel:
    """The metric that suits chains which are started at draws of what they aim at, and the longest step to be tried.

    Arguments:
        given, start: what a stage is given and a draw of its unknowns, `(draw, *shape)`.
        wanted: the unknowns that the chains are to keep.
    """
    size = stage.layout.size
    longest, dense = size**-0.25, size <= _DENSE
    # Chains of no iterations tell gradients where they begin, by the program that is to run on.
    still = chain_program(stage, _at_draws(longest, _root(np.eye(size) if dense else np.ones(size))), 0, wanted=wanted)

    def ended(here: Arrays) -> Device:
        known, begun = ({name: here[name] for name in each} for each in (given, start))
        keys = np.zeros((len(next(iter(here.values()))), 2), np.uint32)
        return {"gradient": still.run(keys, known, begun, still.kernel, 0, still.turns)[2]}

    gradients = side_by_side(ended, {**given, **start}, _TOGETHER)["gradient"]
    # Those that begin where there is no density, or none of its slopes, are told as having none.
    gradients = gradients[gradients.any(axis=1)]
    count, squares = len(gradients), (gradients**2).mean(axis=0)
    squares = np.where(squares > 0, squares, 1.0)
    if not dense:
        return _at_draws(longest, _root(1 / squares))
    precision = (gradients.T @ gradients + _SHRUNK * np.diag(squares)) / (count + _SHRUNK)
    return _at_draws(longest, _root(np.linalg.inv(precision)))


def _root(covariance: np.ndarray) -> jax.Array:
    """R of Rᵀ R, for `stretch` and `pull`."""
    return jnp.asarray(np.sqrt(covariance) if covariance.ndim == 1 else np.linalg.cholesky(covariance).T)


def _at_draws(step_size: float, root: jax.Array) -> Kernel:
    """Of chains that have a start of their own."""
    return Kernel(jnp.asarray(step_size), root, jnp.asarray(np.zeros((0, len(root)))))


class _Sums(NamedTuple):
    """Sums over a chain: of positions and their squares in each half, and of what the sampler says."""

    halves: jax.Array
    squares: jax.Array
    acceptance: jax.Array
    divergences: jax.Array


class _State(NamedTuple):
    """Where a chain is; `energy` is minus the log density, `gradient` its own, and `shorter` what its steps have become."""

    position: jax.Array
    energy: jax.Array
    gradient: jax.Array
    shorter: jax.Array


class ChainProgram(NamedTuple):
    """The chains of a stage.

    - size: of a position.
    - iterations: of each chain.
    - turns: mean length of a trajectory, in quarters of a turn.
    - states: that are kept of each.
    - kernel: of all.
    - run: from the keys, what is given, where to begin, the kernel, the iterations and the turns to the values of these states,
      what was summed up, and minus the gradient of the log density where chains ended; compiled once for all of these.
    """

    size: int
    iterations: int
    turns: float
    states: int
    kernel: Kernel
    run: Callable[[np.ndarray, Arrays, Arrays, Kernel, int, float], tuple[Device, _Sums, jax.Array]]

    @property
    def work(self) -> float:
        """What a chain costs, in iterations of a quarter of a turn."""
        return self.iterations * self.turns


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
        kernel: from `adapt` or `kernel_at_draws`.
        iterations: of each chain.
        states: to be kept after its first quarter, evenly spaced, of which the last is that of the chain.
        wanted: the unknowns that are kept; else all.
    """
    names = tuple(name for name in stage.target.unknowns if wanted is None or name in wanted)
    layout = stage.layout
    chain = partial(_chain, layout=layout, states=states, names=names)
    run = compiled(stage, chain, (0, 0, 0, None, None, None), "chains", states, names)
    return ChainProgram(layout.size, iterations, 1.0, states, kernel, run)


def _chain(
    stage: Stage,
    words: jax.Array,
    given: Device,
    start: Device,
    kernel: Kernel,
    iterations: jax.Array,
    turns: jax.Array,
    *,
    layout: Layout,
    states: int,
    names: Sequence[str],
) -> tuple[Device, _Sums, jax.Array]:
    """One chain: `states` of it by `names`, what was summed up, and the gradient where it ended."""
    target = stage.target
    pick, key = jax.random.split(jax.random.wrap_key_data(words, impl="threefry2x32"))
    potential = jax.value_and_grad(lambda position: -stage.density(layout, position, given))
    tuning, half = _parts(iterations)
    apart = jnp.maximum((iterations - tuning) // states, 1)
    position = (
        flat_position(target, layout, start, stage.data(given))
        if start
        else kernel.positions[jax.random.randint(pick, (), 0, len(kernel.positions))]
    )
    judged = partial(_judged, stage, layout, given=given)

    def iterate(
        index: jax.Array, carry: tuple[_State, _Sums, jax.Array, jax.Array]
    ) -> tuple[_State, _Sums, jax.Array, jax.Array]:
        state, sums, kept, at_first = carry
        # Before the first iteration one step of no length finds the density where the chain begins.
        moves = index >= 0
        drawn = jax.random.uniform(jax.random.fold_in(key, index), (layout.size + 2,), minval=_ABOVE, maxval=1.0)
        momentum, (chance, long) = math.sqrt(2) * erf_inv(drawn[:-2]), (1 + drawn[-2:]) / 2
        length = moves * turns * math.pi / 2 * (0.5 + long)
        steps = jnp.maximum(jnp.ceil(length / kernel.step_size), 1)
        # Where what is given makes a posterior narrower, steps are shorter, and as many of them.
        step_size = state.shorter * length / steps

        def leap(_: jax.Array, moving: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
            position, momentum, _, gradient = moving
            momentum = momentum - step_size / 2 * pull(kernel.root, gradient)
            position = position + step_size * stretch(kernel.root, momentum)
            energy, gradient = potential(position)
            return position, momentum - step_size / 2 * pull(kernel.root, gradient), energy, gradient

        moving = (state.position, momentum, state.energy, state.gradient)
        position, turned, energy, gradient = jax.lax.fori_loop(0, steps.astype(int), leap, moving)
        error = energy + turned @ turned / 2 - state.energy - momentum @ momentum / 2
        error = jnp.where(jnp.isnan(error), jnp.inf, error)
        acceptance = jnp.exp(-jnp.maximum(error, 0.0))
        shorter = jnp.where((index < tuning) & (acceptance < _REFUSED), _SHORTER, 1.0) * state.shorter
        found = (_State(position, energy, gradient, shorter), state._replace(shorter=shorter))
        state = jax.tree.map(partial(jnp.where, chance < acceptance), *found)
        # Each state is written over by those that follow, up to the next that is kept.
        place = jnp.maximum(states - 1 - (iterations - 1 - index) // apart, 0)
        part = (index >= iterations - half).astype(int)
        # About where the chain began, so that nothing is lost where the values are large.
        here = judged(state.position)
        at_first = jnp.where(moves, at_first, here)
        moved = (here - at_first) * (index >= iterations - 2 * half)
        summed = _Sums(
            sums.halves.at[part].add(moved),
            sums.squares.at[part].add(moved**2),
            sums.acceptance + acceptance * (index >= tuning),
            sums.divergences + (error > _DIVERGED) * (index >= tuning),
        )
        return state, summed, kept.at[place].set(state.position), at_first

    zero = jnp.zeros(())
    at_first = jnp.zeros(jax.eval_shape(judged, position).shape)
    begun = _State(position, jnp.array(jnp.inf), jnp.zeros_like(position), jnp.ones(()))
    empty = jnp.zeros((2, len(at_first)))
    sums = _Sums(empty, empty, zero, zero)
    carry = begun, sums, jnp.zeros((states, layout.size)), at_first
    state, sums, kept, _ = jax.lax.fori_loop(-1, iterations, iterate, carry)
    values = jax.vmap(lambda each: values_at(target, layout, each, stage.data(given)))(kept)
    return {name: values[name] for name in names}, sums, state.gradient


def _parts[N: (int, jax.Array)](iterations: N) -> tuple[N, N]:
    """How many iterations are for tuning, and how many are in each half of the others."""
    tuning = iterations // 4
    return tuning, (iterations - tuning) // 2


def with_step_size(program: ChainProgram, given: Given, keys: np.ndarray, start: Arrays) -> ChainProgram:
    """The same with a step size at which few chains refuse, found by trying the first of them with shorter and shorter ones."""
    tried = keys[:_TOGETHER]
    for _ in range(_TRIALS):
        if run_chains(program._replace(iterations=_TRIED), given, tried, start=start).mixing.acceptance > _ACCEPTED:
            break
        program = program._replace(kernel=program.kernel._replace(step_size=program.kernel.step_size * _SHORTER))
    return program


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
    for at in blocks(count, bytes_each, _TOGETHER):
        size = size or at.stop - at.start
        chains = places(at, size)
        begin = filled(start or {}, at, size)
        values, sums, _ = program.run(
            keys[chains], given(chains), begin, program.kernel, program.iterations, program.turns
        )
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
