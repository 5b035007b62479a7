"""Compiled programs kept for the next start of the same spec.

Two caches lie in the user's own cache directory: JAX's, of whatever JAX compiles, and on a CPU ours, of whole loaded
programs, which spares the tracing as well. Reading either runs what it holds, so neither is used unless its directory
belongs to the user and to nobody else.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import sys
import tempfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Self

import jax
import jax.numpy as jnp
import jaxlib
import numpy as np
import numpyro
from jax.experimental import serialize_executable

from uqdsl.user_cache import cache_directory

type Programs = dict[str, jax.stages.Compiled]

_MAGIC = b"uqdsl programs 1\n"
_RECENT: OrderedDict[str, Programs] = OrderedDict()
"""Programs of this process: a second run of a spec loads nothing, and needs no directory."""
_MOST_RECENT = 16
_MOST_BYTES = 512 * 2**20
"""Beyond this the programs that have not been used for longest go."""


@cache
def use_jax_cache() -> None:
    """Let JAX keep what it compiles, unless the user has told it where to, or not to."""
    if "JAX_ENABLE_COMPILATION_CACHE" in os.environ or jax.config.jax_compilation_cache_dir:  # pyright: ignore[reportAttributeAccessIssue]
        return
    folder = cache_directory("jax")
    if folder is not None:
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


class Compiling:
    """Programs that are being compiled on threads while the next one is still being traced on this one.

    Tracing cannot run on threads, since NumPyro's handlers stand on one global stack; compiling takes the longer time
    and has nothing to do with them. Use as a context; `kept` says that `keep_programs` is to have them.
    """

    def __init__(self, options: Mapping[str, bool | int | str], *, kept: bool = True) -> None:
        self._options, self._kept = dict(options), kept
        self._pool = ThreadPoolExecutor()
        self._begun: dict[str, Future[jax.stages.Compiled]] = {}
        self._threshold = jax.config.jax_persistent_cache_min_compile_time_secs

    def __enter__(self) -> Self:
        # A program that came out of JAX's cache cannot be serialised again: on a CPU the copy lacks some of its
        # functions, and fails when it is run. So what we keep ourselves must never get into JAX's cache.
        if self._kept and jax.default_backend() == "cpu":
            jax.config.update("jax_persistent_cache_min_compile_time_secs", float("inf"))
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", self._threshold)

    def begin(self, name: str, lowered: jax.stages.Lowered) -> None:
        """Begin to compile a program."""
        self._begun[name] = self._pool.submit(lowered.compile, compiler_options=self._options)

    def finish(self) -> Programs:
        """Wait for every program."""
        return {name: future.result() for name, future in self._begun.items()}


def programs_key(source: str, options: Sequence[object], data: Mapping[str, np.ndarray], coords: object) -> str:
    """The hash of all that the compiled programs of a spec depend on.

    Arguments:
        source: the text of the program.
        options: whatever else changes the code.
        data: the fields, of which only names, shapes and types count.
        coords: the labels, for a program may name one.
    """
    shapes = sorted((name, array.shape, str(array.dtype)) for name, array in data.items())
    parts = (source, tuple(options), shapes, coords, _surroundings())
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def load_programs(key: str) -> Programs | None:
    """Programs kept under a key, ready to be called; None where there are none that can be read."""
    if key in _RECENT:
        _RECENT.move_to_end(key)
        return _RECENT[key]
    path = _path(key)
    try:
        if path is None or not path.is_file():
            return None
        written = path.read_bytes()
        digest, payload = (written[len(_MAGIC) : len(_MAGIC) + 32], written[len(_MAGIC) + 32 :])
        if not written.startswith(_MAGIC) or hashlib.sha256(payload).digest() != digest:
            return None
        kept = pickle.loads(payload)  # noqa: S301 - in a directory that nobody but the user can write to
        if b"lapack_" in payload:
            _prepare_lapack()
        load = partial(serialize_executable.deserialize_and_load, execution_devices=jax.devices()[:1])
        with ThreadPoolExecutor() as pool:
            programs = dict(zip(kept, pool.map(lambda parts: load(*parts), kept.values()), strict=True))
        path.touch()
        _remember(key, programs)
        return programs  # noqa: TRY300 - all of it may fail
    except Exception:  # noqa: BLE001 - whatever is wrong with what was kept, it is made anew
        return None


def _prepare_lapack() -> None:
    """Let JAX find the functions of LAPACK, which it does only when it first lowers a call of one.

    A loaded program has been lowered in another process: its calls would lead nowhere, and end this one.
    """
    jax.jit(jnp.linalg.cholesky).lower(jax.ShapeDtypeStruct((1, 1), jnp.result_type(float)))


def keep_programs(key: str, programs: Programs) -> None:
    """Keep programs under a key; whoever reads meanwhile sees all of them or none. Where that fails, nothing is kept."""
    _remember(key, programs)
    path = _path(key)
    if path is None:
        return
    unfinished: str | None = None
    try:
        payload = pickle.dumps({name: serialize_executable.serialize(each) for name, each in programs.items()})
        handle, unfinished = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with open(handle, "wb") as file:
            file.write(_MAGIC + hashlib.sha256(payload).digest() + payload)
        os.replace(unfinished, path)
        unfinished = None
        _prune(path.parent)
    except Exception:  # noqa: BLE001 - a run does not fail for want of a cache
        return
    finally:
        if unfinished is not None:
            Path(unfinished).unlink(missing_ok=True)


def forget_programs(key: str) -> None:
    """Keep programs no longer: they could be read, but did not run."""
    _RECENT.pop(key, None)
    path = _path(key)
    if path is not None:
        path.unlink(missing_ok=True)


def _remember(key: str, programs: Programs) -> None:
    _RECENT[key] = programs
    while len(_RECENT) > _MOST_RECENT:
        _RECENT.popitem(last=False)


def _path(key: str) -> Path | None:
    if jax.default_backend() != "cpu":
        return None
    folder = cache_directory("programs")
    return folder / f"{key}.bin" if folder else None


def _prune(folder: Path) -> None:
    aged = sorted(((each.stat().st_mtime, each.stat().st_size, each) for each in folder.iterdir()), reverse=True)
    total = 0
    for _, size, path in aged:
        total += size
        if total > _MOST_BYTES:
            path.unlink(missing_ok=True)


@cache
def _own_code() -> str:
    """The hash of our own modules that are compiled into a program: a version number stands still while they change."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted([*(package / "runtime").rglob("*.py"), *(package / "infer").rglob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _processor() -> str:
    """The processor and its features."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            lines = file.read(2**15).splitlines()
    except OSError:
        lines = []
    telling = {line for line in lines if line.startswith(("model name", "flags", "Features", "CPU implementer"))}
    return "\n".join([platform.machine(), platform.processor(), *sorted(telling)])


def _surroundings() -> tuple[object, ...]:
    """Versions, settings and the machine: compiled code is good for no other."""
    settings = (
        "jax_enable_x64", "jax_default_prng_impl", "jax_threefry_partitionable", "jax_default_matmul_precision",
        "jax_numpy_dtype_promotion", "jax_numpy_rank_promotion", "jax_debug_nans",
    )  # fmt: skip
    device = jax.devices()[0]
    return (
        *(module.__version__ for module in (jax, jaxlib, numpyro, np)),
        sys.version,
        _own_code(),
        device.platform,
        device.device_kind,
        len(jax.devices()),
        _processor(),
        os.environ.get("XLA_FLAGS", ""),
        *(getattr(jax.config, each) for each in settings),
    )
