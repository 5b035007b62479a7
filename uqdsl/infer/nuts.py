"""The No-U-Turn sampler: NumPyro's kernel, compiled once per spec and run a chunk of iterations at a call.

References:
    Hoffman & Gelman 2014, The No-U-Turn Sampler, J. Mach. Learn. Res. 15, 1593-1623.
    Betancourt 2017, A Conceptual Introduction to Hamiltonian Monte Carlo, arXiv:1701.02434, appendix A.
    Phan, Pradhan & Jankowiak 2019, Composable Effects for Flexible and Accelerated Probabilistic Programming in
    NumPyro, arXiv:1912.11554.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import keystr, tree_flatten_with_path
from numpyro.infer.hmc import HMCState, hmc
from numpyro.infer.util import ParamInfo

from uqdsl.infer import compile_cache
from uqdsl.infer.chains import ChainFailed, Lane, run_chains
from uqdsl.infer.draws import Chunk, Outcome, Progress, Silent, Sink
from uqdsl.infer.explain import InfiniteStart, StuckWatch, explain_start, failure
from uqdsl.infer.positions import Layout, position_layout, prior_position, record, record_rows
from uqdsl.infer.start import Start, find_start
from uqdsl.infer.target import Target
from uqdsl.messages import RunError, UqdslError
from uqdsl.messages.catalogue.runtime import UnfitCheckpoint
from uqdsl.vocabulary.methods import NutsOptions

_STREAM = 0x6E757473
"""Folded into the seed, so that no other user of the same seed draws the numbers of a chain."""
_BLOCK = 25
"""Draws that are recorded by one vectorised step."""
_MOST_ROWS = 1000
_BUFFER_BYTES = 64 * 2**20
"""A chunk keeps at most `_MOST_ROWS` draws, fewer where they would fill more than this."""
_COMPILER_OPTIONS: dict[str, dict[str, bool | int | str]] = {"cpu": {"xla_backend_optimization_level": 2}}
"""By platform. On a CPU, level 2 samples a hierarchical model a fifth faster than the default, 3, and a regression no
slower, and compiles as fast: measured with jaxlib 0.12."""

type Arrays = dict[str, jax.Array]
type Potential = Callable[[jax.Array, Arrays], jax.Array]
"""Minus the log density at a flat position, given the data."""
type Carry = tuple[HMCState, jax.Array, jax.Array, jax.Array, Arrays]
"""State, divergences, row of the next draw, and the positions and statistics of the draws so far."""


# ------------------------------------------------------------------------------------------------- what gets compiled


class _Kernel(NamedTuple):
    """NumPyro's kernel: a first state from a start and a key, and one iteration."""

    begin: Callable[[Start, jax.Array], HMCState]
    step: Callable[[HMCState], HMCState]


def _kernel(potential: Potential, options: NutsOptions, target_accept: jax.Array, data: Arrays) -> _Kernel:
    first_state, step = hmc(potential_fn=lambda position: potential(position, data), algo="NUTS")

    def begin(start: Start, key: jax.Array) -> HMCState:
        return first_state(
            ParamInfo(start.position, start.potential_energy, start.gradient),
            num_warmup=options.warmup,
            dense_mass=options.metric == "dense",
            target_accept_prob=target_accept,  # pyright: ignore[reportArgumentType] - may be traced
            max_tree_depth=options.max_tree_depth,
            trajectory_length=None,  # pyright: ignore[reportArgumentType] - of HMC; NUTS has none
            rng_key=key,
        )

    return _Kernel(begin, step)


def _nowhere(size: int) -> Start:
    zero = jnp.zeros(size)
    return Start(zero, jnp.zeros(()), zero, jnp.asarray(False))


def _is_key(leaf: jax.Array) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _key(words: jax.Array) -> jax.Array:
    """The key of two 32-bit words; of one fixed generator, whatever JAX's default is set to."""
    return jax.random.wrap_key_data(words, impl="threefry2x32")


def _pack(state: HMCState) -> Arrays:
    """The leaves of a state by name, keys as plain numbers: what a file can keep."""
    leaves, _ = tree_flatten_with_path(state)
    named = {keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}
    return {name: jax.random.key_data(leaf) if _is_key(leaf) else jnp.asarray(leaf) for name, leaf in named.items()}


def _unpack(arrays: Arrays, like: HMCState) -> HMCState:
    leaves, tree = tree_flatten_with_path(like)
    named = {keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}
    restored = [_key(arrays[name]) if _is_key(leaf) else arrays[name] for name, leaf in named.items()]
    return jax.tree.unflatten(tree, restored)


def _begin_chain(potential: Potential, options: NutsOptions, start: Start, key: jax.Array, data: Arrays) -> Arrays:
    """The packed state of a chain before its first iteration; it does not depend on the acceptance aimed at."""
    kernel = _kernel(potential, options, jnp.asarray(0.8), data)
    return {**_pack(kernel.begin(start, key)), "divergences": jnp.asarray(0)}


def start_chain(
    potential: Potential,
    options: NutsOptions,
    size: int,
    draw: Callable[[jax.Array, Arrays], jax.Array] | None,
    seed: jax.Array,
    chain: jax.Array,
    data: Arrays,
) -> tuple[Arrays, jax.Array]:
    """The state in which a chain of a seed begins, and whether a finite starting position was found.

    Arguments:
        draw: a draw of the prior as a position, from a key and the data.
        seed: its upper and lower 32 bits.
    """
    key = jax.random.fold_in(jax.random.fold_in(_key(seed), _STREAM), chain)
    start_key, kernel_key = jax.random.split(key)
    from_prior = None if draw is None else lambda key: draw(key, data)
    start = find_start(lambda position: potential(position, data), size, start_key, from_prior)
    return _begin_chain(potential, options, start, kernel_key, data), start.finite


def advance_chain(
    potential: Potential,
    options: NutsOptions,
    size: int,
    rows: int,
    state: Arrays,
    iterations: jax.Array,
    thin: jax.Array,
    target_accept: jax.Array,
    data: Arrays,
) -> tuple[Arrays, jax.Array, jax.Array, Arrays]:
    """Do a number of iterations; warm-up and sampling are one program, which adapts while `state.i < warmup`.

    Arguments:
        size, rows: elements of a position, and rows of the buffer; the caller sees to it that no iteration follows the
            one that fills it.
        state, iterations, thin, target_accept, data: traced, so that one program serves every value of them.

    Returns:
        The new state, how many draws were kept, their positions `(rows, size)`, and their statistics `(rows,)`.
    """
    kernel = _kernel(potential, options, target_accept, data)
    # Called for what it sets up inside the kernel and for the shape of its answer; XLA drops the computation.
    like = kernel.begin(_nowhere(size), _key(jnp.zeros(2, np.uint32)))

    def statistics(state: HMCState) -> Arrays:
        return {
            "lp": -state.potential_energy,
            "energy": state.energy,
            "step_size": state.adapt_state.step_size,
            "acceptance_rate": state.accept_prob,
            "n_steps": state.num_steps,
            "diverging": state.diverging,
        }

    def put(buffer: jax.Array, value: jax.Array, row: jax.Array) -> jax.Array:
        return jax.lax.dynamic_update_index_in_dim(buffer, value, row, 0)

    def iterate(_: jax.Array, carry: Carry) -> Carry:
        state, divergences, row, positions, stats = carry
        state = kernel.step(state)
        sampled = state.i - options.warmup
        # Written at every iteration, and left standing where the row moves on: cheaper than a branch.
        positions = put(positions, state.z, row)
        stats = {name: put(stats[name], value, row) for name, value in statistics(state).items()}
        kept = (sampled > 0) & (sampled % thin == 0)
        return (state, divergences + ((sampled > 0) & state.diverging), row + kept, positions, stats)

    first = _unpack(state, like)
    buffers = {name: jnp.zeros((rows,), jnp.asarray(value).dtype) for name, value in statistics(first).items()}
    carry = (first, state["divergences"], jnp.asarray(0), jnp.zeros((rows, size)), buffers)
    last, divergences, kept, positions, stats = jax.lax.fori_loop(0, iterations, iterate, carry)
    return {**_pack(last), "divergences": divergences}, kept, positions, stats


def _draw_bytes(target: Target, layout: Layout) -> int:
    """Bytes of one recorded draw."""
    position = jax.ShapeDtypeStruct((layout.size,), jnp.result_type(float))
    values = jax.eval_shape(partial(record, target, layout), position, target.data)
    return sum(each.size * each.dtype.itemsize for each in jax.tree.leaves(values)) + 8 * layout.size


def _compile(target: Target, options: NutsOptions, width: int | None) -> compile_cache.Programs:
    """Compile `start`, `advance` and `record`, for one chain or, where `width` is given, for so many in one program."""
    layout = position_layout(target)
    size = layout.size
    rows = max(1, min(_MOST_ROWS, _BUFFER_BYTES // (_draw_bytes(target, layout) * (width or 1))))
    block = min(_BLOCK, rows)
    rows -= rows % block

    @jax.jit  # so that it is traced once, however often it is called below
    def potential(position: jax.Array, data: Arrays) -> jax.Array:
        return -target.log_density(layout.split(position), data, target.coords)

    def chains(function: Callable[..., Any], *axes: int | None) -> jax.stages.Wrapped:
        return jax.jit(function if width is None else jax.vmap(function, in_axes=axes))

    draw = partial(prior_position, target, layout)
    start = chains(partial(start_chain, potential, options, size, draw), None, 0, None)
    advance = chains(partial(advance_chain, potential, options, size, rows), 0, None, None, None, None)
    recorder = chains(partial(record_rows, target, layout, block=block), 0, 0, None)

    def per_chain(shape: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(shape if width is None else (width, *shape), dtype)

    integer, real = jnp.result_type(int), jnp.result_type(float)
    scalar = partial(jax.ShapeDtypeStruct, ())
    like = jax.eval_shape(lambda: _begin_chain(potential, options, _nowhere(size), _key(jnp.zeros(2, np.uint32)), {}))
    state = {name: per_chain(each.shape, each.dtype) for name, each in like.items()}
    data = {
        name: jax.ShapeDtypeStruct(each.shape, jax.dtypes.canonicalize_dtype(each.dtype))
        for name, each in target.data.items()
    }
    compiler = _COMPILER_OPTIONS.get(jax.default_backend(), {})
    with compile_cache.Compiling(compiler, kept=not target.externs) as compiling:
        # The one that takes the longest first.
        compiling.begin("advance", advance.lower(state, scalar(integer), scalar(integer), scalar(real), data))
        compiling.begin("start", start.lower(jax.ShapeDtypeStruct((2,), np.uint32), per_chain((), np.uint32), data))
        compiling.begin("record", recorder.lower(per_chain((rows, size), real), per_chain((), integer), data))
        return compiling.finish()


# ------------------------------------------------------------------------------------------------------- the sampler


class Nuts:
    """NUTS on a target: the sampler that `run_chains` drives."""

    def __init__(self, target: Target, options: NutsOptions, seed: int, *, together: bool) -> None:
        """Nothing is compiled before it is needed.

        Arguments:
            together: run all chains in one vectorised program, in step, rather than each in its own.
        """
        self.target, self.options, self.seed, self.together = (target, options, seed, together)
        self.warmup, self.thin = options.warmup, options.thin
        self.total = options.warmup + options.draws * options.thin
        self.compiled = False
        self._programs: dict[int | None, compile_cache.Programs] = {}
        self._data = jax.device_put(target.data)

    def programs(self, width: int | None) -> compile_cache.Programs:
        """The compiled programs for one chain (None) or for so many together: from the cache, else made and kept."""
        if width not in self._programs:
            # What functions of others do may change while the program that calls them stays the same.
            key = None if self.target.externs else self._cache_key(width)
            programs = compile_cache.load_programs(key) if key is not None else None
            if programs is None:
                self.compiled = True
                programs = _compile(self.target, self.options, width)
                if key is not None:
                    compile_cache.keep_programs(key, programs)
            self._programs[width] = programs
        return self._programs[width]

    def _cache_key(self, width: int | None) -> str:
        options, target = self.options, self.target
        code = ("nuts", options.warmup, options.max_tree_depth, options.metric, width, target.recorded)
        return compile_cache.programs_key(target.source, code, target.data, target.coords)

    def forget(self) -> None:
        """Take the programs of this sampler out of the cache."""
        for width in self._programs:
            compile_cache.forget_programs(self._cache_key(width))

    @property
    def rows(self) -> int:
        """Draws that one call can keep at most, whatever its width."""
        return min(programs["record"].args_info[0][0].shape[-2] for programs in self._programs.values())

    def lanes(self, resume: Mapping[int, Mapping[str, np.ndarray]]) -> list[Lane]:
        """The chains as they run: each alone, or together all that stand at the same iteration.

        Compiles what they need.

        Raises:
            RunError: UQ607 where a state is not one of this sampler.
        """
        groups: dict[tuple[int, bool], list[int]] = {}
        for chain in range(self.options.chains):
            at = int(np.ravel(resume[chain].get("i", 0))[0]) if chain in resume else 0
            groups.setdefault((at, chain in resume) if self.together else (chain, False), []).append(chain)
        return [self._lane(tuple(chains), resume) for chains in groups.values()]

    def _lane(self, chains: tuple[int, ...], resume: Mapping[int, Mapping[str, np.ndarray]]) -> Lane:
        expected, _ = self.programs(len(chains) if self.together else None)["start"].out_info
        if chains[0] not in resume:
            return Lane(chains, 0, None, (0,) * len(chains))
        states = [resume[chain] for chain in chains]
        skip = 1 if self.together else 0
        wanted = {name: (each.shape[skip:], np.dtype(each.dtype)) for name, each in expected.items()}
        for chain, state in zip(chains, states, strict=True):
            if {name: (np.shape(array), np.asarray(array).dtype) for name, array in state.items()} != wanted:
                raise RunError([UnfitCheckpoint(chain=chain + 1)])
        stacked = {name: np.stack([state[name] for state in states]) if skip else states[0][name] for name in wanted}
        divergences = tuple(int(state["divergences"]) for state in states)
        return Lane(chains, int(states[0]["i"]), jax.device_put(stacked), divergences)

    def begin(self, chains: tuple[int, ...]) -> Arrays:
        """The first state of chains.

        Raises:
            InfiniteStart: where no finite starting position was found.
        """
        numbers = np.asarray(chains, np.uint32)
        programs = self.programs(len(chains) if self.together else None)
        seed = np.asarray(divmod(self.seed % 2**64, 2**32), np.uint32)
        state, finite = programs["start"](seed, numbers if self.together else numbers[0], self._data)
        # Through NumPy's own arrays: an operation on JAX's would be compiled.
        started = np.atleast_1d(np.asarray(finite))
        if not started.all():
            raise InfiniteStart(np.atleast_2d(np.asarray(state["z"]))[int(np.argmin(started))])
        return state

    def advance(self, lane: Lane, iterations: int) -> tuple[Lane, list[Chunk]]:
        """Do a number of iterations of a lane that has begun, and wait for them."""
        programs = self.programs(len(lane.chains) if self.together else None)
        thin, accept = np.asarray(self.thin), np.asarray(self.options.target_accept)
        count = np.asarray(iterations)
        state, kept, positions, stats = programs["advance"](lane.state, count, thin, accept, self._data)
        found = int(np.asarray(kept).max())
        draws = programs["record"](positions, kept, self._data) if found else programs["record"].out_info
        done = lane._replace(iteration=lane.iteration + iterations, state=state)
        start = max(0, lane.iteration - self.warmup) // self.thin
        return done, [self._chunk(done, index, start, found, draws, stats) for index in range(len(lane.chains))]

    def _chunk(self, lane: Lane, index: int, start: int, kept: int, draws: Any, stats: Arrays) -> Chunk:
        def of_chain(array: Any) -> np.ndarray:
            if isinstance(array, jax.ShapeDtypeStruct):
                return np.zeros((0, *array.shape[2 if self.together else 1 :]), array.dtype)
            values = np.asarray(array)[index] if self.together else np.asarray(array)
            # A copy of a few rows does not hold on to the whole buffer.
            return values if kept == len(values) else values[:kept].copy()

        state = {
            name: np.asarray(array)[index] if self.together else np.asarray(array) for name, array in lane.state.items()
        }
        known = {name: of_chain(array) for name, array in stats.items()}
        # 2^(d-1) <= n < 2^d leapfrog steps were taken in a tree of depth d.
        known["tree_depth"] = np.frexp(known["n_steps"].astype(float))[1].astype(np.int64)
        recorded = {name: of_chain(array) for name, array in draws.items()}
        return Chunk(lane.chains[index], start, recorded, known, state, lane.iteration, int(state["divergences"]))


def sample(
    target: Target,
    options: NutsOptions,
    seed: int,
    *,
    sink: Sink,
    progress: Progress | None = None,
    resume: Mapping[int, Mapping[str, np.ndarray]] | None = None,
    together: bool | None = None,
) -> Outcome:
    """Draw from the posterior of a target.

    Chain c of a seed gives the same draws however many chains there are and however the run was cut into chunks or
    resumed (on a GPU, where the chains are one program, for the same number of chains).

    Arguments:
        sink: takes every chunk; see `Chunk`.
        progress: is told how far the chains are.
        resume: `Chunk.state` of each chain that goes on; a chain that is not in it starts anew.
        together: run the chains in step as one program; None does so everywhere but on a CPU.

    Raises:
        RunError: UQ601-UQ604, UQ611 where no chain can start, and why; UQ605 where no chain moves; UQ606 where memory is
            short; UQ607 where a state does not fit; UQ608 where the sampler itself fails.
    """
    compile_cache.use_jax_cache()
    began = time.perf_counter()
    try:
        sampler = Nuts(target, options, seed, together=jax.default_backend() != "cpu" if together is None else together)
        lanes = sampler.lanes(resume or {})
    except UqdslError:
        raise
    except Exception as error:
        raise RunError([failure(error, target)]) from error
    ready = time.perf_counter()
    watch = StuckWatch(sink, options)
    try:
        end = run_chains(sampler, lanes, sink=watch, progress=progress or Silent())
    except ChainFailed as failed:
        error = failed.error
        if isinstance(error, InfiniteStart):
            position = position_layout(target).split(jnp.asarray(error.position))
            raise RunError([explain_start(target, position)]) from None
        if not sampler.compiled and not watch.chunks:
            # Programs out of the cache that load but do not run: compiled anew, they may.
            sampler.forget()
            again = partial(sample, sink=sink, progress=progress, resume=resume, together=together)
            return again(target, options, seed)
        raise RunError([failure(error, target)]) from error
    return Outcome(
        interrupted=end.interrupted,
        iterations=end.iterations,
        kept={chain: max(0, done - options.warmup) // options.thin for chain, done in end.iterations.items()},
        divergences=end.divergences,
        compile_seconds=ready - began,
        sample_seconds=time.perf_counter() - ready,
        compiled=sampler.compiled,
    )
