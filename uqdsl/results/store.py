"""The sink of a run: keeps the draws as chains hand them over, and streams them to the run directory."""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from uqdsl.messages.catalogue.files import DamagedResult, NothingDrawn
from uqdsl.messages.failure import RunError
from uqdsl.results.atomic import write_at, writing
from uqdsl.results.build import Drawn, root_attributes, sample_groups
from uqdsl.results.checkpoint import ChainState, load_checkpoint, save_checkpoint
from uqdsl.results.groups import Group, Groups, Variable
from uqdsl.results.netcdf import Slot, as_bytes, find_slots, read_netcdf, write_netcdf

if TYPE_CHECKING:
    from uqdsl.infer.draws import Chunk
    from uqdsl.infer.target import Target

RESULT = "result.nc"
CHECKPOINT = "checkpoint.npz"
UNFINISHED = "unfinished.nc"
"""Holds every draw of every chain of an interrupted run, whose `result.nc` stops at the shortest chain."""

_PENDING_BYTES = 1 << 26


class Store:
    """A sink of chunks. In memory, it holds the draws; given a directory, it also streams them to `result.nc` there.

    At most every `interval` seconds, the draws that have come in since are written to `result.nc`, and only when they
    are on the disk does a new checkpoint that counts them take the place of the old one. Whenever the process is
    killed, the checkpoint thus says no more than the file holds. `result.nc` has its full length from the start; what
    is not drawn yet is NaN (0 for whole numbers). A run that ends within the first interval streams nothing.

    - target: gives names, dimensions and labels.
    - chains, draws: how many chains, and draws of each, are to come.
    - directory: of the run; None keeps the draws in memory only.
    - interval: least time between two writes, in seconds.
    - attrs: attributes of the result, such as the spec's name and the seed.

    Raises: UQ701, UQ702, UQ709 when called.
    """

    def __init__(
        self,
        target: Target,
        *,
        chains: int,
        draws: int,
        directory: Path | None = None,
        interval: float = 1.0,
        attrs: Mapping[str, str | int | float] | None = None,
    ) -> None:
        self.target = target
        self.requested = draws
        self.chains: dict[int, ChainState] = {}
        """Where each chain stands that has handed over a chunk, or is resumed."""
        self._count = chains
        self._directory = directory
        self._interval = interval
        self._attrs = dict(attrs or {})
        self._posterior: dict[str, np.ndarray] = {}
        self._stats: dict[str, np.ndarray] = {}
        self._streamed: dict[tuple[str, str], np.ndarray] = {}
        self._written = [0] * chains
        self._digests: list[dict[str, int]] = [{} for _ in range(chains)]
        self._slots: dict[tuple[str, str], Slot] = {}
        self._last = time.monotonic()

    @classmethod
    def resume(
        cls,
        target: Target,
        *,
        chains: int,
        draws: int,
        directory: Path,
        interval: float = 1.0,
        attrs: Mapping[str, str | int | float] | None = None,
    ) -> Store:
        """The store of a run that was killed or interrupted, with its draws; its `chains` say where to go on.

        A run that was killed before its first checkpoint starts anew: its `chains` are empty.

        Raises: UQ705 if `result.nc`, UQ706 if the checkpoint is damaged.
        """
        store = cls(target, chains=chains, draws=draws, directory=directory, interval=interval, attrs=attrs)
        if states := load_checkpoint(directory / CHECKPOINT):
            if (directory / UNFINISHED).exists():
                with writing(directory / RESULT):
                    os.replace(directory / UNFINISHED, directory / RESULT)
            store._load(states, directory / RESULT)
        return store

    @property
    def states(self) -> dict[int, dict[str, np.ndarray]]:
        """The state of each chain that has one, as a method takes it to go on."""
        return {chain: each.state for chain, each in self.chains.items()}

    def __call__(self, chunk: Chunk) -> None:
        """Take what a chain hands over."""
        before = self.chains.get(chunk.chain, ChainState({}))
        if chunk.start != before.drawn:
            raise ValueError(f"chain {chunk.chain} gave draw {chunk.start} where draw {before.drawn} was due")
        count = 0
        if chunk.draws:
            if not self._posterior:
                self._allocate(chunk)
            count = len(next(iter(chunk.draws.values())))
        stop = chunk.start + count
        for held, arrays in ((self._posterior, chunk.draws), (self._stats, chunk.stats)):
            for name, array in arrays.items():
                held[name][chunk.chain, chunk.start : stop] = array
        state = ChainState(chunk.state, drawn=stop, iteration=chunk.iteration, divergences=chunk.divergences)
        self.chains[chunk.chain] = state
        if self._due():
            self.flush()

    def flush(self) -> None:
        """Write to the directory what it does not hold yet, then the checkpoint.

        Raises: UQ701, UQ702, UQ709; the checkpoint before then still holds.
        """
        if self._directory is None or not self.chains:
            return
        path = self._directory / RESULT
        if self._posterior:
            if not self._slots:
                self._slots = write_netcdf(path, self._frame())
            with writing(path):
                self._write_draws(path)
        states = {chain: state._replace(digests=self._digests[chain]) for chain, state in self.chains.items()}
        save_checkpoint(self._directory / CHECKPOINT, states)
        self._last = time.monotonic()

    def finish(self) -> Drawn:
        """End the sampling: the draws so far, cut to the shortest chain, as views of what the store holds.

        After an interruption all that came in is written first, so that the run can be resumed.

        Raises: UQ711 if some chain has not drawn yet; UQ701, UQ702, UQ709.
        """
        lengths = tuple(self.chains[i].drawn if i in self.chains else 0 for i in range(self._count))
        length = min(lengths)
        if length < self.requested:
            self.flush()
        if not length:
            raise RunError([NothingDrawn()])
        posterior, stats = (
            {name: array[:, :length] for name, array in held.items()} for held in (self._posterior, self._stats)
        )
        return Drawn(posterior, stats, lengths, self.requested)

    def save(self, groups: Groups) -> None:
        """Put a finished result, as `build_groups` makes it, in the place of the streamed `result.nc`.

        A complete run then loses its checkpoint; after an interruption it stays for `resume`, and so does the streamed
        file, as `unfinished.nc`.

        Raises: UQ701, UQ702, UQ709.
        """
        if self._directory is None:
            return
        path = self._directory / RESULT
        interrupted = groups[""].attrs.get("status") == "interrupted"
        if self._slots and interrupted:
            with writing(path):
                os.replace(path, self._directory / UNFINISHED)
        write_netcdf(path, groups)
        if not interrupted:
            for name in (CHECKPOINT, UNFINISHED):
                with suppress(OSError):
                    (self._directory / name).unlink(missing_ok=True)

    def _due(self) -> bool:
        if self._directory is None:
            return False
        waited = time.monotonic() - self._last
        if waited >= self._interval:
            return True
        pending = sum(state.drawn - self._written[chain] for chain, state in self.chains.items())
        return pending * self._draw_bytes() > _PENDING_BYTES

    def _draw_bytes(self) -> int:
        arrays = (*self._posterior.values(), *self._stats.values())
        return sum(array.itemsize * int(np.prod(array.shape[2:])) for array in arrays)

    def _allocate(self, chunk: Chunk) -> None:
        for held, arrays in ((self._posterior, chunk.draws), (self._stats, chunk.stats)):
            for name, array in arrays.items():
                held[name] = np.empty((self._count, self.requested, *array.shape[1:]), array.dtype)
        self._name_arrays()

    def _frame(self) -> Groups:
        """The groups of the streamed file before anything is drawn; their arrays take no memory."""
        groups = sample_groups(self.target, self._posterior, self._stats)
        attrs = root_attributes(self.target, {**self._attrs, "status": "running"})
        return {"": Group(attrs=attrs), **{name: _blank(group) for name, group in groups.items()}}

    def _name_arrays(self) -> None:
        """Note what each array in memory, `(chain, draw, *shape)`, is called in the file: (group, variable)."""
        groups = sample_groups(self.target, self._posterior, self._stats)
        self._streamed = {
            (group, name): each.values for group in groups for name, each in groups[group].variables.items()
        }

    def _write_draws(self, path: Path) -> None:
        descriptor = os.open(path, os.O_WRONLY)
        try:
            for chain, state in self.chains.items():
                start = self._written[chain]
                if state.drawn == start:
                    continue
                digests = dict(self._digests[chain])
                for (group, name), values in self._streamed.items():
                    slot = self._slots[group, name]
                    row = slot.dtype.itemsize * int(np.prod(slot.shape[2:]))
                    content = as_bytes(values[chain, start : state.drawn], slot.dtype)
                    write_at(descriptor, content, slot.offset + (chain * slot.shape[1] + start) * row)
                    digests[f"{group}/{name}"] = zlib.crc32(content, digests.get(f"{group}/{name}", 0))
                self._digests[chain], self._written[chain] = digests, state.drawn
            # The checkpoint that counts these draws must not reach the disk before they do.
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _load(self, states: dict[int, ChainState], path: Path) -> None:
        """Take up the draws that a checkpoint counts.

        Raises: UQ705 if the file does not hold exactly those.
        """
        self.chains = states
        if not any(state.drawn for state in states.values()):
            return
        groups = read_netcdf(path)
        self._slots = find_slots(path)
        try:
            self._posterior = {name: each.values for name, each in groups["posterior"].variables.items()}
            self._stats = {name: each.values for name, each in groups["sample_stats"].variables.items()}
            self._name_arrays()
            whole = all(self._matches(chain, state) for chain, state in states.items())
        except (KeyError, IndexError, StopIteration):
            whole = False
        if not whole:
            raise RunError([DamagedResult(path=str(path), reason="its draws are not those that the run made")])
        for chain, state in states.items():
            self._written[chain], self._digests[chain] = state.drawn, dict(state.digests)

    def _matches(self, chain: int, state: ChainState) -> bool:
        found = {}
        for (group, name), values in self._streamed.items():
            slot = self._slots[group, name]
            if slot.shape[:2] != (self._count, self.requested):
                return False
            if state.drawn:
                found[f"{group}/{name}"] = zlib.crc32(as_bytes(values[chain, : state.drawn], slot.dtype))
        return found == dict(state.digests)


def _blank(group: Group) -> Group:
    """A group of the same names and shapes, with nothing drawn."""
    variables = {
        name: Variable(
            dims, np.broadcast_to(np.asarray(np.nan if values.dtype.kind == "f" else 0, values.dtype), values.shape)
        )
        for name, (dims, values) in group.variables.items()
    }
    return Group(variables, group.coords, group.attrs)
