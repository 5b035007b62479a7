"""The autoconversion spec with fewer draws than it asks for."""

from __future__ import annotations

import numpy as np

import uqdsl

from .conftest import SPECS


def test_predictions_hold_the_truth():
    """With the scatter of training rows for what the function leaves out, which needs no chains on the testing rows.

    Of twelve 90 % intervals with the right coverage, fewer than nine hold the truth once in forty times.
    """
    text = (SPECS / "autoconversion.uq").read_text()
    head, tail = text.split("  function      {")
    text = f"{head}  function      inferred\n{tail.split('\n', 1)[1]}"
    program = uqdsl.loads(text, folder=SPECS).compile()
    fit = program.infer("nuts(chains = 2, warmup = 300, draws = 100, max_tree_depth = 7)", progress=False)
    found = fit.predict("X", draws=200, budget="none", progress=False)
    truth = np.genfromtxt(SPECS / "data" / "autoconversion_truth.csv", delimiter=",", names=True)["log_rate"]
    lower, upper = (found[f"X_{end}"].sel(X_interval=0.9).values for end in ("lower", "upper"))
    assert np.sum((lower < truth) & (upper > truth)) >= 9
    assert np.sqrt(np.mean((found["X_mean"].values - truth) ** 2)) < 0.6
    assert (found["X_sd"] < 0.8).all()
