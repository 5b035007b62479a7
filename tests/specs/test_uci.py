"""The regressions of UCI with fewer draws than their specs ask for: from files to predictions in units of the data."""

from __future__ import annotations

import numpy as np
import pytest

import uqdsl

from .conftest import SPECS

SHORT = "nuts(chains = 2, warmup = 150, draws = 100, max_tree_depth = 6)"
KNOWN = {"concrete": ("concrete", "strength", 7.6), "energy_efficiency": ("energy", "heating_load", 2.9)}
"""Of each spec its data, the outcome, and an RMSE to be beaten: by least squares with all squares and products of the
inputs, and linear."""


@pytest.mark.parametrize("name", KNOWN)
def test_predictions_are_better_than_least_squares(name):
    """The 90 % intervals hold about as many testing rows as they should: of 77 or 103, at least 80 %."""
    data, outcome, known = KNOWN[name]
    program = uqdsl.load(SPECS / f"{name}.uq").compile()
    found = program.infer(SHORT, progress=False).predict(draws=200, budget="none", progress=False)
    table = np.genfromtxt(SPECS / "data" / f"{data}.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    truth = table[outcome][table["split_1"] == "testing"]
    assert np.sqrt(np.mean((found[f"{outcome}_mean"].values - truth) ** 2)) < known
    lower, upper = (found[f"{outcome}_{end}"].sel({f"{outcome}_interval": 0.9}).values for end in ("lower", "upper"))
    assert np.mean((lower < truth) & (truth < upper)) >= 0.8
