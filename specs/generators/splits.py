"""The splits in training and testing rows that are in common use for the UCI data of `concrete.uq` and `energy_efficiency.uq`.

Hernández-Lobato & Adams 2015, Probabilistic backpropagation for scalable learning of Bayesian neural networks: a permutation
for each split, all from one generator of NumPy's with seed 1; its first nine tenths are training rows.

`python -m specs.generators.splits` writes the first three into the tables, as columns `split_1`, `split_2` and `split_3`.
"""

from __future__ import annotations

import csv

import numpy as np

from specs.generators.tables import DATA, Table, write

SPLITS = 3


def with_splits(name: str) -> Table:
    """The table of this name, whose other columns stay as they are written."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    table = dict(zip(header, np.array(rows).T, strict=True))
    permutations = np.random.RandomState(1)  # which the published splits are of
    for split in range(1, SPLITS + 1):
        order = permutations.choice(range(len(rows)), len(rows), replace=False)
        part = np.full(len(rows), "training")
        part[order[round(0.9 * len(rows)) :]] = "testing"
        table[f"split_{split}"] = part
    return table


def tables() -> dict[str, Table]:
    return {name: with_splits(name) for name in ("concrete", "energy")}


if __name__ == "__main__":
    write(tables())
