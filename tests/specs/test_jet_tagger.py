"""The jet tagger with fewer draws than it asks for."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import xarray

import uqdsl
from uqdsl.diagnose.classification import calibration_error

from .conftest import SPECS


def table(part: str) -> dict[str, np.ndarray]:
    found = np.genfromtxt(SPECS / "data" / f"jets_{part}.csv", delimiter=",", names=True)
    return {name: found[name] for name in found.dtype.names or ()}


@cache
def fit() -> uqdsl.Fit:
    program = uqdsl.load(SPECS / "jet_tagger.uq").compile()
    return program.infer("nuts(chains = 2, warmup = 250, draws = 150)", progress=False)


@pytest.fixture(scope="module")
def found() -> xarray.Dataset:
    return fit().predict(draws=300, progress=False)


def test_new_jets(found: xarray.Dataset):
    """The doubt is about the jets and not about the weights: the law itself overlaps."""
    gluon = table("truth")["gluon"] == 1
    probability = found["gluon_probability"].sel(gluon_class=1).values
    assert probability[gluon].mean() > probability[~gluon].mean()
    assert (found["gluon_mutual_information"] < 0.1 * found["gluon_entropy"]).all()
    assert (found["gluon_expected_entropy"] > 0.2).all()


def test_probabilities_of_testing_jets_are_right():
    """Neither too sure nor too unsure, as far as 1,000 jets tell, and by 8 in 10 pairs in the right order."""
    testing = table("test")
    gluon = testing.pop("gluon") == 1
    found = fit().predict(draws=300, new={"jet_shape": np.column_stack(list(testing.values()))}, progress=False)
    probability = found["gluon_probability"].sel(gluon_class=1).values
    assert calibration_error(probability, gluon).p_value > 0.01
    ahead = probability[gluon][:, None] - probability[~gluon]
    assert np.mean(ahead > 0) + np.mean(ahead == 0) / 2 > 0.75
