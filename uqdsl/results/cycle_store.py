"""What a filter found so far, kept in the run directory, so that a run that is stopped goes on where it was."""

from __future__ import annotations

import time
import zipfile
import zlib
from pathlib import Path

import numpy as np

from uqdsl.messages.catalogue.files import DamagedCheckpoint
from uqdsl.messages.failure import RunError
from uqdsl.results.atomic import replacing, writing
from uqdsl.results.checkpoint import ChainState, load_checkpoint, save_checkpoint
from uqdsl.results.store import CHECKPOINT

_PARTS = "events_{:09d}.npz"


class CycleStore:
    """Keeps what a filter found in files of a folder: `events_….npz` of some events each, and the checkpoint.

    The checkpoint, which has what the filter carries, takes the place of the one before it only once the events that it counts
    are on the disk. It tells their digests, so that nothing else is taken for them.

    Arguments:
        folder: of the run.
        interval: least time between two writes, in seconds.
        resume: whether to go on with what the folder holds.
    """

    def __init__(self, folder: Path, *, interval: float = 1.0, resume: bool = False) -> None:
        self._folder, self._interval, self._resume = folder, interval, resume
        self._waiting: list[list[np.ndarray]] = []
        self._carried: list[np.ndarray] = []
        self._done = 0
        self._digests: dict[str, int] = {}
        self._last = time.monotonic()

    def load(self) -> tuple[list[np.ndarray], list[list[np.ndarray]]] | None:
        """What was carried, and what each file of events gave; None where there is nothing to go on with.

        Raises: UQ706 where it is damaged.
        """
        found = load_checkpoint(self._folder / CHECKPOINT) if self._resume else {}
        if not found:
            return None
        state = found[0]
        self._digests, self._done = dict(state.digests), state.drawn
        parts = [self._read(name) for name in sorted(self._digests)]
        self._carried = [state.state[f"{place:06d}"] for place in range(len(state.state))]
        return self._carried, parts

    def __call__(self, carried: list[np.ndarray], found: list[np.ndarray], done: int) -> None:
        """Take what is carried after so many events, and what the last of them gave."""
        self._carried, self._done = carried, done
        self._waiting.append(found)
        if time.monotonic() - self._last >= self._interval:
            self.flush()

    def flush(self) -> None:
        """Write what has come in since the last time.

        Raises: UQ701, UQ702, UQ709; the checkpoint before then still holds.
        """
        if not self._waiting:
            return
        arrays = [np.concatenate(each) for each in zip(*self._waiting, strict=True)]
        path = self._folder / _PARTS.format(self._done)
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **{f"{place:06d}": each for place, each in enumerate(arrays)})
        self._digests[path.name] = zlib.crc32(path.read_bytes())
        state = {f"{place:06d}": each for place, each in enumerate(self._carried)}
        save_checkpoint(self._folder / CHECKPOINT, {0: ChainState(state, drawn=self._done, digests=self._digests)})
        self._waiting, self._last = [], time.monotonic()

    def clear(self) -> None:
        """Take the files away, once the result holds all that they do."""
        for path in (self._folder / CHECKPOINT, *self._folder.glob(_PARTS.replace("{:09d}", "*"))):
            with writing(path):
                path.unlink(missing_ok=True)

    def _read(self, name: str) -> list[np.ndarray]:
        path = self._folder / name
        try:
            if zlib.crc32(path.read_bytes()) != self._digests[name]:
                raise RunError([DamagedCheckpoint(path=str(path), reason="it is not what the run has written")])
            with np.load(path, allow_pickle=False) as archive:
                return [archive[each] for each in sorted(archive.files)]
        except (OSError, ValueError, zipfile.BadZipFile) as failure:
            raise RunError([DamagedCheckpoint(path=str(path), reason="it is not whole")]) from failure
