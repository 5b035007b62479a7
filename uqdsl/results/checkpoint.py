"""The checkpoint: where each chain stands, so that a killed run goes on bit for bit."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from uqdsl.messages.catalogue.files import DamagedCheckpoint
from uqdsl.messages.failure import RunError
from uqdsl.results.atomic import replacing

_FORMAT = 1
_CHAINS, _DIGESTS, _NAMES = "chains", "digests", "names"


class ChainState(NamedTuple):
    """Where one chain stands.

    - state: all that the method needs to go on.
    - drawn: draws that are surely in the result file.
    - iteration: iterations done, warm-up included.
    - divergences: so far, after warm-up.
    - digests: CRC-32 of the bytes of those draws, one for each array of the result file by its path there.
    """

    state: dict[str, np.ndarray]
    drawn: int = 0
    iteration: int = 0
    divergences: int = 0
    digests: Mapping[str, int] = MappingProxyType({})


def save_checkpoint(path: Path, chains: Mapping[int, ChainState]) -> None:
    """Write a checkpoint in the place of the one before it; atomic.

    Raises: UQ701, UQ702, UQ709.
    """
    names = sorted({name for each in chains.values() for name in each.digests})
    header = {
        "format": np.asarray(_FORMAT),
        _NAMES: np.asarray(names, np.str_),
        _CHAINS: np.asarray(
            [(chain, each.drawn, each.iteration, each.divergences) for chain, each in chains.items()], np.int64
        ).reshape(-1, 4),
        _DIGESTS: np.asarray(
            [[each.digests.get(name, 0) for name in names] for each in chains.values()], np.uint32
        ).reshape(len(chains), len(names)),
    }
    arrays = {f"{chain}/{name}": array for chain, each in chains.items() for name, array in each.state.items()}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **header, **arrays)


def load_checkpoint(path: Path) -> dict[int, ChainState]:
    """The chains of a checkpoint, by their numbers; empty if there is none.

    Raises: UQ706 if it is damaged, or written by another version of its format.
    """
    if not path.exists():
        return {}
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        written, names = int(arrays.pop("format")), [str(name) for name in arrays.pop(_NAMES)]
        table, digests = arrays.pop(_CHAINS), arrays.pop(_DIGESTS)
        states: dict[int, dict[str, np.ndarray]] = {int(row[0]): {} for row in table}
        for path_within, array in arrays.items():
            chain, _, name = path_within.partition("/")
            states[int(chain)][name] = array
        chains = {
            int(row[0]): ChainState(
                states[int(row[0])],
                drawn=int(row[1]),
                iteration=int(row[2]),
                divergences=int(row[3]),
                digests=dict(zip(names, map(int, sums), strict=True)),
            )
            for row, sums in zip(table, digests, strict=True)
        }
    except (OSError, EOFError, KeyError, IndexError, ValueError, TypeError, zipfile.BadZipFile, zlib.error) as failure:
        raise RunError([DamagedCheckpoint(path=str(path), reason="it is not whole")]) from failure
    if written != _FORMAT:
        raise RunError([DamagedCheckpoint(path=str(path), reason="another version of uqdsl wrote it")])
    return chains
