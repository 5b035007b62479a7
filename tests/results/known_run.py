"""A run without a model, whose every draw is known beforehand; as a program, it writes until it is killed.

python known_run.py DIRECTORY
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from uqdsl.infer.draws import Chunk
from uqdsl.infer.target import Target
from uqdsl.results import Store

CHAINS, DRAWS, BLOCK, SITES = 3, 3000, 20, 150


def known(chain: int) -> dict[str, np.ndarray]:
    """All draws of a chain."""
    rng = np.random.default_rng(chain)
    return {"x": rng.normal(size=(DRAWS, SITES)), "n": rng.integers(0, 9, DRAWS), "s": rng.normal(size=DRAWS)}


def known_stats(chain: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(100 + chain)
    return {"diverging": rng.random(DRAWS) < 0.1, "lp": rng.normal(size=DRAWS)}


def target() -> Target:
    labels = {"site": [f"s{i}" for i in range(SITES)]}
    names = ("x", "n", "s")
    return Target("stream", "", print, print, print, {}, labels, {"x": ("site",)}, names, (), (), {})


def chunk(chain: int, start: int, stop: int) -> Chunk:
    draws = {name: array[start:stop] for name, array in known(chain).items()}
    stats = {name: array[start:stop] for name, array in known_stats(chain).items()}
    return Chunk(chain, start, draws, stats, {"i": np.asarray(stop), "key": np.arange(4)}, 100 + stop, 2)


def write(store: Store, until: int = DRAWS, pace: tuple[int, ...] = (1, 2, 1)) -> None:
    """Go on from where the store stands; chains come forward at different paces."""
    for each in chunks(store, until, pace):
        store(each)


def chunks(store: Store, until: int = DRAWS, pace: tuple[int, ...] = (1, 2, 1)) -> Iterator[Chunk]:
    """The chunks that a store still needs."""
    data = [(known(chain), known_stats(chain)) for chain in range(CHAINS)]
    while True:
        done = [store.chains[chain].drawn if chain in store.chains else 0 for chain in range(CHAINS)]
        if min(done) >= until:
            return
        for chain, start in enumerate(done):
            stop = min(until, start + BLOCK * pace[chain])
            if stop > start:
                draws, stats = ({name: array[start:stop] for name, array in each.items()} for each in data[chain])
                yield Chunk(chain, start, draws, stats, {"i": np.asarray(stop)}, 100 + stop, 2)


def main() -> None:
    store = Store.resume(target(), chains=CHAINS, draws=DRAWS, directory=Path(sys.argv[1]), interval=0)
    for number, each in enumerate(chunks(store)):
        store(each)
        if number == 0:
            print("ready", flush=True)


if __name__ == "__main__":
    main()
