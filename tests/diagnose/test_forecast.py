"""What a result tells of predictions."""

from __future__ import annotations

import numpy as np
import pytest

from uqdsl.diagnose.forecast import Forecast
from uqdsl.results import Group, Variable

SOURCES = ["new_input", "weights", "function"]
SHARES = np.array([[0.6, 0.1, 0.2, np.nan], [0.3, 0.2, 0.2, np.nan], [0.1, 0.7, 0.6, np.nan]])


def forecast(shares: np.ndarray | None) -> Forecast:
    known = {"X_mean": np.zeros(4), "X_sd": np.ones(4), "X_lower": np.zeros((0, 4)), "X_upper": np.zeros((0, 4))}
    variables = {name: Variable((), array) for name, array in known.items()}
    if shares is not None:
        variables["X_share"] = Variable((), shares)
    coords = {"cloud": np.array(["a", "b", "c", "d"]), "source": np.array(SOURCES)}
    return Forecast("X", ("cloud",), Group(variables, coords), "share", "variance")


def test_which_source_brings_most_and_where():
    """The fourth cloud has no shares, as its prediction is not finite."""
    found = forecast(SHARES).dominant
    assert [each[:3] for each in found] == [("function", 2, "X[b]"), ("new_input", 1, "X[a]")]
    assert [each.share for each in found] == pytest.approx([0.7, 0.6])


def test_without_a_budget_no_source_brings_most():
    assert forecast(None).dominant == []
