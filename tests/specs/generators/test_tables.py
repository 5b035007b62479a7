"""The data that lie beside the specs are what the generators make."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from specs.generators import (
    amplitude_regression,
    autoconversion,
    jet_tagger,
    linear_five_sources,
    splits,
)
from specs.generators.tables import DATA, Table, text_of

MODULES = [amplitude_regression, autoconversion, jet_tagger, linear_five_sources, splits]
PARTS = {"amplitude": 500, "autoconversion": 200, "jets": 2000, "linear": 60}


def read(name: str) -> Table:
    header, *rows = (DATA / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return dict(zip(header.split(","), np.array([row.split(",") for row in rows]).T, strict=True))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.split(".")[-1])
def test_a_generator_makes_the_same_again(module: ModuleType):
    for name, table in module.tables().items():
        kept = read(name)
        assert list(kept) == list(table)
        for column, values in table.items():
            if values.dtype.kind == "f":  # another machine may round the last of six digits otherwise
                assert kept[column].astype(float) == pytest.approx(values, rel=2e-5, abs=1e-12)
            else:
                assert kept[column].tolist() == [str(each) for each in values]


def test_tables_are_written_with_six_digits():
    assert text_of({"a": np.array([1.0, 1 / 3]), "b": np.array([2, 3]), "c": np.array(["1.50", "x"])}) == (
        "a,b,c\n1,2,1.50\n0.333333,3,x\n"
    )


@pytest.mark.parametrize("name", PARTS)
def test_parts_are_of_one_kind_and_share_no_rows(name: str):
    training, testing, new = (read(f"{name}_{part}") for part in ("train", "test", "new"))
    outcome = list(training)[-1]
    assert len(training[outcome]) == PARTS[name]
    assert list(testing) == list(training)
    assert list(new) == [each for each in training if each != outcome]
    rows = [set(zip(*part.values(), strict=True)) for part in (training, testing)]
    # Jets of one or two particles may well be alike.
    assert len(rows[0] & rows[1]) < 0.01 * len(testing[outcome]) or name == "jets"


@pytest.mark.parametrize("name", ["amplitude", "autoconversion", "jets"])
def test_what_is_true_of_the_new_rows_is_kept_apart(name: str):
    new, truth = read(f"{name}_new"), read(f"{name}_truth")
    (outcome,) = set(truth) - set(new)
    assert len(truth[outcome]) == len(next(iter(new.values())))


@pytest.mark.parametrize(("name", "outcome"), [("concrete", "strength"), ("energy", "heating_load")])
def test_splits_are_the_published_ones(name: str, outcome: str):
    table = read(name)
    rows = len(table[outcome])
    permutations = np.random.RandomState(1)
    for split in (1, 2, 3):
        order = permutations.permutation(rows)  # which is what `choice` of all rows without replacement comes to
        testing = np.flatnonzero(table[f"split_{split}"] == "testing")
        assert testing.tolist() == sorted(order[round(0.9 * rows) :])
        assert set(table[f"split_{split}"]) == {"training", "testing"}
