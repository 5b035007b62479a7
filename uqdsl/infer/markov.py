"""Markov chains of any kernel: compiled once per spec, run a chunk of iterations at a call, and resumed bit for bit.

A kernel says how a chain begins and how it steps. Iterations and divergences are counted here, draws are thinned and recorded
here, and what a step makes of its state is the kernel's own matter: a state is any pytree of arrays and keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import keystr, tree_flatten_with_path

from uqdsl.infer import compile_cache
from uqdsl.infer.chains import ChainFailed, Lane, run_chains
from uqdsl.infer.draws import Chunk, Outcome, Progress, Silent, Sink
from uqdsl.infer.explain import InfiniteStart, StuckWatch, explain_start, failure
from uqdsl.infer.positions import Layout, position_layout, record, record_rows
from uqdsl.infer.posterior import Posterior, make_posterior
from uqdsl.infer.start import Start, find_start
from uqdsl.infer.target import Target
from uqdsl.messages import RunError, UqdslError
from uqdsl.messages.catalogue.runtime import UnfitCheckpoint
from uqdsl.vocabulary.methods import Assumption, ChainOptions, Method

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


class Kernel(NamedTuple):
    """How a chain begins and steps.

    - begin: the state in which a chain starts, from a start and a key.
    - step: the state after one more iteration. A kernel that adapts itself counts its own iterations up to `warmup`.
    - position: where a state is, `(size,)`.
    - statistics: of the step that led to a state: scalars under ArviZ's names (`lp`, `energy`, `diverging`, `step_size`,
      `acceptance_rate`, `n_steps`, `tree_depth`) or others.
    """

    begin: Callable[[Start, jax.Array], Any]
    step: Callable[[Any], Any]
    position: Callable[[Any], jax.Array]
    statistics: Callable[[Any], Mapping[str, jax.Array]]


type MakeKernel = Callable[[Posterior, Any], Kernel]
"""What a method of Markov chains is: a kernel from a posterior and options. Data and those options that are floats may be
traced, so that one compiled program serves all their values."""


class _Chain(NamedTuple):
    """Where a chain stands: iterations done, divergences after warm-up, and the kernel's state."""

    iteration: jax.Array
    divergences: jax.Array
    kernel: Any


type _Carry = tuple[_Chain, jax.Array, jax.Array, Arrays]
"""The chain, the row of its next draw, and positions and statistics of the draws so far."""


# ------------------------------------------------------------------------------------------------- what gets compiled


def _is_key(leaf: jax.Array) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _key(words: jax.Array) -> jax.Array:
    """The key of two 32-bit words; of one fixed generator, whatever JAX's default is set to."""
    return jax.random.wrap_key_data(words, impl="threefry2x32")


def _pack(chain: _Chain) -> Arrays:
    """The leaves of a chain by name, keys as plain numbers: what a file can keep."""
    leaves, _ = tree_flatten_with_path(chain)
    named = {keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}
    return {name: jax.random.key_data(leaf) if _is_key(leaf) else jnp.asarray(leaf) for name, leaf in named.items()}


def _unpack(arrays: Arrays, like: _Chain) -> _Chain:
    leaves, tree = tree_flatten_with_path(like)
    named = {keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}
    restored = [_key(arrays[name]) if _is_key(leaf) else arrays[name] for name, leaf in named.items()]
    return jax.tree.unflatten(tree, restored)


def nowhere(size: int) -> Start:
    """A start of the right shapes, for what is not computed."""
    zero = jnp.zeros(size)
    return Start(zero, jnp.zeros(()), zero, jnp.asarray(False))


def _like(kernel: Kernel, size: int) -> _Chain:
    """A chain of the right shapes and types."""
    count = jnp.asarray(0)
    return jax.eval_shape(lambda: _Chain(count, count, kernel.begin(nowhere(size), _key(jnp.zeros(2, np.uint32)))))


class _Programs(NamedTuple):
    """What is compiled for a method on a posterior: functions of arrays alone.

    - make: the kernel of the method.
    - posterior: whose data are given anew at every call.
    - options: of the method; its floats are given anew at every call.
    - gradient: whether the method needs one.
    """

    make: MakeKernel
    posterior: Posterior
    options: ChainOptions
    gradient: bool

    def kernel(self, floats: Arrays, data: Arrays) -> tuple[Kernel, Posterior]:
        """The kernel, with the posterior that it is of."""
        posterior = replace(self.posterior, data=data)
        return self.make(posterior, self.options.model_copy(update=floats)), posterior

    def start(
        self, seed: jax.Array, chain: jax.Array, floats: Arrays, data: Arrays
    ) -> tuple[Arrays, jax.Array, jax.Array]:
        """The state in which a chain of a seed begins, whether a finite starting position was found, and the position.

        Arguments:
            seed: its upper and lower 32 bits.
        """
        kernel, posterior = self.kernel(floats, data)
        key = jax.random.fold_in(jax.random.fold_in(_key(seed), _STREAM), chain)
        start_key, kernel_key = jax.random.split(key)
        start = find_start(
            lambda position: -posterior.log_density(position),
            posterior.size,
            start_key,
            posterior.draw_prior,
            gradient=self.gradient,
        )
        count = jnp.asarray(0)
        return _pack(_Chain(count, count, kernel.begin(start, kernel_key))), start.finite, start.position

    def advance(
        self, rows: int, state: Arrays, iterations: jax.Array, thin: jax.Array, floats: Arrays, data: Arrays
    ) -> tuple[Arrays, jax.Array, jax.Array, Arrays]:
        """Do a number of iterations; warm-up and sampling are one program.

        Arguments:
            rows: of the buffer; the caller sees to it that no iteration follows the one that fills it.
            state, iterations, thin, floats, data: traced, so that one program serves every value of them.

        Returns:
            The new state, how many draws were kept, their positions `(rows, size)`, and their statistics `(rows,)`.
        """
        kernel, posterior = self.kernel(floats, data)

        def put(buffer: jax.Array, value: jax.Array, row: jax.Array) -> jax.Array:
            return jax.lax.dynamic_update_index_in_dim(buffer, value, row, 0)

        def iterate(_: jax.Array, carry: _Carry) -> _Carry:
            chain, row, positions, stats = carry
            state = kernel.step(chain.kernel)
            iteration = chain.iteration + 1
            sampled = iteration - self.options.warmup
            # Written at every iteration, and left standing where the row moves on: cheaper than a branch.
            positions = put(positions, kernel.position(state), row)
            found = kernel.statistics(state)
            stats = {name: put(stats[name], value, row) for name, value in found.items()}
            kept = (sampled > 0) & (sampled % thin == 0)
            divergences = chain.divergences + ((sampled > 0) & found.get("diverging", False))
            return _Chain(iteration, divergences, state), row + kept, positions, stats

        first = _unpack(state, _like(kernel, posterior.size))
        like = jax.eval_shape(kernel.statistics, first.kernel)
        stats = {name: jnp.zeros((rows,), each.dtype) for name, each in like.items()}
        carry = (first, jnp.asarray(0), jnp.zeros((rows, posterior.size)), stats)
        last, kept, positions, stats = jax.lax.fori_loop(0, iterations, iterate, carry)
        return _pack(last), kept, positions, stats


def _draw_bytes(target: Target, layout: Layout) -> int:
    """Bytes of one recorded draw."""
    position = jax.ShapeDtypeStruct((layout.size,), jnp.result_type(float))
    values = jax.eval_shape(partial(record, target, layout), position, target.data)
    return sum(each.size * each.dtype.itemsize for each in jax.tree.leaves(values)) + 8 * layout.size


def _compile(
    method: Method, posterior: Posterior, options: ChainOptions, width: int | None, *, kept: bool
) -> compile_cache.Programs:
    """Compile `start`, `advance` and `record`, for one chain or, where `width` is given, for so many in one program."""
    target, layout = posterior.target, posterior.layout
    rows = max(1, min(_MOST_ROWS, _BUFFER_BYTES // (_draw_bytes(target, layout) * (width or 1))))
    block = min(_BLOCK, rows)
    rows -= rows % block
    programs = _Programs(method.load(), posterior, options, Assumption.DIFFERENTIABLE in method.assumptions)

    def chains(function: Callable[..., Any], *axes: int | None) -> jax.stages.Wrapped:
        return jax.jit(function if width is None else jax.vmap(function, in_axes=axes))

    start = chains(programs.start, None, 0, None, None)
    advance = chains(partial(programs.advance, rows), 0, None, None, None, None)
    recorder = chains(partial(record_rows, target, layout, block=block), 0, 0, None)

    def per_chain(shape: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(shape if width is None else (width, *shape), dtype)

    integer, real = jnp.result_type(int), jnp.result_type(float)
    scalar = partial(jax.ShapeDtypeStruct, ())
    floats = dict.fromkeys(_floats(options), scalar(real))
    data = {
        name: jax.ShapeDtypeStruct(each.shape, jax.dtypes.canonicalize_dtype(each.dtype))
        for name, each in target.data.items()
    }
    seed = jax.ShapeDtypeStruct((2,), np.uint32)
    compiler = _COMPILER_OPTIONS.get(jax.default_backend(), {})
    with compile_cache.Compiling(compiler, kept=kept) as compiling:
        began = start.lower(seed, per_chain((), np.uint32), floats, data)
        state = began.out_info[0]
        # The one that takes the longest first.
        compiling.begin("advance", advance.lower(state, scalar(integer), scalar(integer), floats, data))
        compiling.begin("start", began)
        compiling.begin("record", recorder.lower(per_chain((rows, layout.size), real), per_chain((), integer), data))
        return compiling.finish()


def _floats(options: ChainOptions) -> dict[str, float]:
    """The options that may change without anything being compiled anew."""
    return {name: value for name, value in options if isinstance(value, float)}


# ------------------------------------------------------------------------------------------------------- the sampler


class Chains:
    """A method of Markov chains on a target: the sampler that `run_chains` drives."""

    def __init__(self, target: Target, method: Method, options: ChainOptions, seed: int, *, together: bool) -> None:
        """Nothing is compiled before it is needed.

        Arguments:
            together: run all chains in one vectorised program, in step, rather than each in its own.
        """
        self.target, self.method, self.options = target, method, options
        self.seed, self.together = seed, together
        self.warmup, self.thin = options.warmup, options.thin
        self.total = options.warmup + options.draws * options.thin
        self.compiled = False
        self._programs: dict[int | None, compile_cache.Programs] = {}
        self._data = jax.device_put(target.data)
        self._floats = {name: np.asarray(value) for name, value in _floats(options).items()}

    def programs(self, width: int | None) -> compile_cache.Programs:
        """The compiled programs for one chain (None) or for so many together: from the cache, else made and kept."""
        if width not in self._programs:
            # What functions of others do may change while the program that calls them stays the same.
            kept = self.method.run.startswith("uqdsl.") and not self.target.externs
            key = self._cache_key(width) if kept else None
            programs = compile_cache.load_programs(key) if key is not None else None
            if programs is None:
                self.compiled = True
                programs = _compile(self.method, make_posterior(self.target), self.options, width, kept=kept)
                if key is not None:
                    compile_cache.keep_programs(key, programs)
            self._programs[width] = programs
        return self._programs[width]

    def _cache_key(self, width: int | None) -> str:
        target, floats = self.target, _floats(self.options)
        traced = {"chains", "draws", "thin", *floats}
        static = tuple((name, value) for name, value in self.options if name not in traced)
        code = (self.method.run, *static, *floats, width, target.recorded)
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
            at = int(np.ravel(resume[chain].get("iteration", 0))[0]) if chain in resume else 0
            groups.setdefault((at, chain in resume) if self.together else (chain, False), []).append(chain)
        return [self._lane(tuple(chains), resume) for chains in groups.values()]

    def _lane(self, chains: tuple[int, ...], resume: Mapping[int, Mapping[str, np.ndarray]]) -> Lane:
        expected = self.programs(len(chains) if self.together else None)["start"].out_info[0]
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
        return Lane(chains, int(states[0]["iteration"]), jax.device_put(stacked), divergences)

    def begin(self, chains: tuple[int, ...]) -> Arrays:
        """The first state of chains.

        Raises:
            InfiniteStart: where no finite starting position was found.
        """
        numbers = np.asarray(chains, np.uint32)
        programs = self.programs(len(chains) if self.together else None)
        seed = np.asarray(divmod(self.seed % 2**64, 2**32), np.uint32)
        state, finite, position = programs["start"](
            seed, numbers if self.together else numbers[0], self._floats, self._data
        )
        # Through NumPy's own arrays: an operation on JAX's would be compiled.
        started = np.atleast_1d(np.asarray(finite))
        if not started.all():
            raise InfiniteStart(np.atleast_2d(np.asarray(position))[int(np.argmin(started))])
        return state

    def advance(self, lane: Lane, iterations: int) -> tuple[Lane, list[Chunk]]:
        """Do a number of iterations of a lane that has begun, and wait for them."""
        programs = self.programs(len(lane.chains) if self.together else None)
        count, thin = np.asarray(iterations), np.asarray(self.thin)
        state, kept, positions, stats = programs["advance"](lane.state, count, thin, self._floats, self._data)
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
        recorded = {name: of_chain(array) for name, array in draws.items()}
        return Chunk(lane.chains[index], start, recorded, known, state, lane.iteration, int(state["divergences"]))


def sample(
    target: Target,
    method: Method,
    options: ChainOptions,
    seed: int,
    *,
    sink: Sink,
    progress: Progress | None = None,
    resume: Mapping[int, Mapping[str, np.ndarray]] | None = None,
    together: bool | None = None,
) -> Outcome:
    """Draw from the posterior of a target by a method of Markov chains.

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
        together = jax.default_backend() != "cpu" if together is None else together
        sampler = Chains(target, method, options, seed, together=together)
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
            return again(target, method, options, seed)
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
