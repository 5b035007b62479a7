"""Posteriors side by side: draws of one law agree, draws of others do not."""

from __future__ import annotations

import numpy as np

from uqdsl.diagnose import summarize
from uqdsl.diagnose.compare import Side, compare, comparison_json
from uqdsl.report.comparison import draw_comparison
from uqdsl.results.groups import Group, Variable


def side(rng: np.random.Generator, shift: float = 0.0, correlation: float = 0.5) -> Side:
    whole = rng.multivariate_normal([shift, 0], [[1, correlation], [correlation, 1]], size=(4, 400))
    group = Group({name: Variable(("chain", "draw"), whole[..., at]) for at, name in enumerate(("a", "b"))})
    groups = {"posterior": group, "sample_stats": Group({"n_steps": Variable(("chain", "draw"), np.full((4, 400), 7))})}
    return Side(groups, summarize(groups), {"compile": 2.0, "sample": 0.5})


def test_draws_of_one_law_agree():
    rng = np.random.default_rng(0)
    found = compare({"x": side(rng), "y": side(rng)})
    assert found is not None
    (pair,) = found.pairs
    assert pair.agree
    assert pair.energy.statistic < 2 * pair.energy.by_chance
    assert abs(pair.z) < 3
    assert pair.said.startswith("`x` and `y` agree as far as ")
    assert list(found.rows) == ["a", "b"]
    cost = found.cost["x"]
    assert (cost.seconds, cost.gradients) == (2.5, 4 * 400 * 7)
    assert cost.rate == cost.ess / 0.5


def test_a_mean_that_is_elsewhere_is_named():
    rng = np.random.default_rng(1)
    found = compare({"x": side(rng), "y": side(rng, shift=0.5)})
    assert found is not None
    (pair,) = found.pairs
    assert not pair.agree
    assert pair.label == "a"
    assert abs(pair.shift - 0.5) < 4 * np.sqrt(2 / 1600)
    assert "`x` and `y` differ (p = 0.005)" in pair.said


def test_another_correlation_is_found_though_each_scalar_is_alike():
    rng = np.random.default_rng(2)
    found = compare({"x": side(rng), "y": side(rng, correlation=-0.5), "z": side(rng)})
    assert found is not None
    assert [each.agree for each in found.pairs] == [False, True, False]
    written = comparison_json(found)
    assert [each["runs"] for each in written["pairs"]] == [["x", "y"], ["x", "z"], ["y", "z"]]
    assert draw_comparison(found)._repr_svg_().count("side by side") == 1


def test_one_run_is_not_compared():
    assert compare({"x": side(np.random.default_rng(3))}) is None


def test_runs_are_compared_by_the_scalars_that_they_share():
    rng = np.random.default_rng(4)
    one, other, third = (side(rng) for _ in range(3))
    renamed = {"posterior": Group({"c": third.groups["posterior"].variables["a"]})}
    fewer = {"posterior": Group({"b": other.groups["posterior"].variables["b"]})}
    found = compare({"x": one, "y": Side(renamed, summarize(renamed), {}), "z": Side(fewer, summarize(fewer), {})})
    assert found is not None
    assert [(each.first, each.second, each.label) for each in found.pairs] == [("x", "z", "b")]
    assert {label: list(of) for label, of in found.rows.items()} == {"b": ["x", "z"]}
    assert list(found.cost) == ["x", "y", "z"]
    assert draw_comparison(found)._repr_svg_().count("side by side") == 1
