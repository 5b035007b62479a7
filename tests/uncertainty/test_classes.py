"""Entropies and budgets of predicted classes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from uqdsl.uncertainty.budget import attribute, corners
from uqdsl.uncertainty.classes import entropy, indicator_variances


def test_entropy_of_extremes():
    sure = np.eye(3)[[0, 1, 2]][:, None]
    split = np.full((3, 1, 3), 1 / 3)
    found = entropy(np.concatenate([sure, split], axis=1))
    np.testing.assert_allclose(found.total, np.log(3))
    np.testing.assert_allclose(found.expected, [0, np.log(3)], atol=1e-15)
    np.testing.assert_allclose(found.information, [np.log(3), 0], atol=1e-15)


def test_information_is_never_negative():
    draws = np.random.default_rng(5).dirichlet([0.5, 1, 2], size=(50, 40))
    found = entropy(draws)
    assert np.all(found.information > 0)
    np.testing.assert_allclose(found.total, found.expected + found.information)
    mean = draws.mean(axis=0)
    np.testing.assert_allclose(found.information, np.mean(np.sum(draws * np.log(draws / mean), axis=2), axis=0))


def both_yes(correlation: float, sd: float) -> float:
    """E[p p'] of p = Φ(w): both of two standard normals lie below what they are compared with, by the bivariate normal law."""
    whole = 1 + sd**2
    shared = sd**2 * correlation / whole
    return float(multivariate_normal([0, 0], [[1, shared], [shared, 1]]).cdf([0.5 / math.sqrt(whole)] * 2))


def test_the_budget_of_a_probit():
    """p = Φ(0.5 + z + w) of two sources, z with a share of 0.7 in the variance of the argument."""
    sd, count = 0.8, 20_000
    rng = np.random.default_rng(3)
    z, w = rng.normal(0, sd * math.sqrt(0.7), 2 * count), rng.normal(0, sd * math.sqrt(0.3), 2 * count)
    active = ("new_input", "weights", "function")

    def probabilities(seeds):
        p = norm.cdf(0.5 + z[seeds["new_input"]] + w[seeds["weights"]])
        return np.stack([1 - p, p], axis=-1)[:, None]

    found = attribute(indicator_variances(corners(probabilities, count, active), active), active)
    mean = norm.cdf(0.5 / math.hypot(1, sd))
    known = {"new_input": both_yes(0.7, sd) - mean**2, "weights": both_yes(0.3, sd) - mean**2}
    together, chance = both_yes(1.0, sd) - mean**2, mean - both_yes(1.0, sd)
    assert abs(found.total.value[0] - 2 * mean * (1 - mean)) < 4 * found.total.error[0]
    assert together + chance == pytest.approx(mean * (1 - mean))
    places = {each: found.sources.index(each) for each in active}
    for source, variance in known.items():
        first, total = (each.value[places[source], 0] for each in (found.first, found.all_orders))
        other = known["weights" if source == "new_input" else "new_input"]
        assert abs(first - 2 * variance) < 4 * found.first.error[places[source], 0]
        assert abs(total - 2 * (together - other)) < 4 * found.all_orders.error[places[source], 0]
    for each in (found.first, found.all_orders, found.shapley):
        assert abs(each.value[places["function"], 0] - 2 * chance) < 4 * each.error[places["function"], 0]
    assert found.shapley.share.sum() == pytest.approx(1)
