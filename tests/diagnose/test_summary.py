"""The rows of a summary, their text, and `summary.json`."""

from __future__ import annotations

import json
import math

import arviz
import numpy as np
import pytest

from uqdsl.diagnose import Row, RunSummary, Verdict, summarize, summary_json, table_rows, verdict
from uqdsl.results import to_datatree
from uqdsl.results.groups import make_group

COORDS = {"county": ["ANOKA", "BECKER"], "year": [1990, 2000, 2010], "dose": [0.5, 1.0]}
DIMS = {"a": ("county",), "x": ("county", "year"), "z": ("dose",)}


def groups_of(**arrays: np.ndarray):
    chains, draws = next(iter(arrays.values())).shape[:2]
    sample = {"chain": range(chains), "draw": range(draws)}
    return {"posterior": make_group(arrays, DIMS, COORDS, sample_coords=sample)}


@pytest.fixture
def groups():
    rng = np.random.default_rng(2)
    return groups_of(
        mu=rng.normal(3, 2, size=(4, 250)),
        a=rng.normal(size=(4, 250, 2)),
        x=rng.normal(size=(4, 250, 2, 3)),
        z=rng.gamma(1, size=(4, 250, 2)),
    )


def test_every_scalar_has_a_row_with_its_labels(groups):
    labels = [row.label for row in summarize(groups)]
    assert labels[:3] == ["mu", "a[ANOKA]", "a[BECKER]"]
    assert labels[3:9] == [f"x[{county}, {year}]" for county in COORDS["county"] for year in COORDS["year"]]
    assert labels[9:] == ["z[0.5]", "z[1]"]


def test_numbers_are_those_of_numpy_and_arviz(groups):
    rows = {row.label: row for row in summarize(groups)}
    tree = to_datatree(groups)
    values = groups["posterior"].variables["x"].values[:, :, 1, 2]
    row = rows["x[BECKER, 2010]"]
    assert row.variable == "x"
    expected = [values.mean(), values.std(ddof=1), *np.quantile(values, [0.05, 0.5, 0.95])]
    np.testing.assert_allclose(row[2:7], expected, rtol=1e-12)
    for function, column in (
        (arviz.ess, "ess_bulk"),
        (arviz.rhat, "r_hat"),
        (arviz.mcse, "mcse_mean"),
    ):
        found = function(tree)["x"].sel(county="BECKER", year=2010)
        assert math.isclose(float(found), getattr(row, column), rel_tol=1e-9)


def test_a_datatree_and_blocks_give_the_same_rows(groups, monkeypatch):
    rows = summarize(groups)
    assert summarize(to_datatree(groups)) == rows
    monkeypatch.setattr("uqdsl.diagnose.summary._BLOCK", 1)
    for ours, other in zip(summarize(groups), rows, strict=True):
        assert ours.label == other.label
        np.testing.assert_allclose(ours[2:11], other[2:11], rtol=1e-9)


def test_a_constant_and_a_draw_that_is_not_finite():
    a = np.random.default_rng(0).normal(size=(2, 50, 2))
    a[0, 7, 1] = np.inf
    constant, good, bad = summarize(groups_of(k=np.full((2, 50), 4.0), a=a))
    assert constant.constant
    assert (constant.mean, constant.sd, constant.mcse_mean) == (4, 0, 0)
    assert all(math.isnan(each) for each in (constant.ess_bulk, constant.ess_tail, constant.r_hat))
    assert good.finite
    assert math.isfinite(good.r_hat)
    assert not bad.finite
    assert not bad.constant
    assert all(math.isnan(each) for each in bad[2:11])


@pytest.mark.parametrize(
    ("draws", "mean"),
    [
        (np.full((4, 250), 0.1), 0.1),  # whose mean by summing is not 0.1, so that the sd is not 0
        (1 + np.random.default_rng(1).integers(-4, 5, (4, 250)) * 2.0**-52, 1.0),
        (np.full((4, 250), 0.1, dtype=np.float32), np.float32(0.1)),
    ],
)
def test_round_off_is_no_spread(draws, mean):
    assert np.std(draws) > 0
    (row,) = summarize(groups_of(k=draws))
    assert row.constant
    assert (row.mean, row.sd, row.mcse_mean) == (pytest.approx(mean, rel=1e-15), 0, 0)
    assert row.q05 == row.q50 == row.q95 == row.mean
    (shown,) = table_rows([row])
    assert shown[1:] == (f"{mean:g}", "0", "-", "-", "-", "-", "-", "-")


def test_a_narrow_posterior_is_not_constant():
    draws = 1e6 + 1e-4 * np.random.default_rng(2).normal(size=(2, 100))
    (row,) = summarize(groups_of(k=draws))
    assert not row.constant
    assert row.sd == pytest.approx(np.std(draws, ddof=1), rel=1e-9)


@pytest.mark.parametrize("draws", [1, 3])
def test_very_few_draws_have_no_diagnostics(draws):
    (row,) = summarize(groups_of(mu=np.arange(2.0 * draws).reshape(2, draws)))
    assert math.isfinite(row.mean)
    assert math.isnan(row.r_hat)
    assert math.isnan(row.mcse_mean)


def row(mean: float, sd: float, mcse: float) -> Row:
    return Row("mu", "mu", mean, sd, mean - sd, mean, mean + sd, mcse, 1234.5, 987.4, 1.0013)


@pytest.mark.parametrize(
    ("mean", "sd", "mcse", "shown"),
    [
        (1.46123, 0.0412, 0.0007, ("1.461", "0.041", "1.420")),
        (1.46123, 0.41212, 0.006, ("1.46", "0.41", "1.05")),
        (1.46123, 0.41212, 0.004, ("1.461", "0.412", "1.049")),
        (-12345.6, 300.0, 4.0, ("-12346", "300", "-12646")),
        (3.2e9, 1.5e8, 2e6, ("3.200e+09", "1.50e+08", "3.050e+09")),
        (3.2e-7, 1.5e-8, 2e-10, ("3.200e-07", "1.50e-08", "3.050e-07")),
        (4.0, 0.0, 0.0, ("4.000", "0.000", "4.000")),
        (math.nan, math.nan, math.nan, ("-", "-", "-")),
    ],
)
def test_digits_end_where_the_monte_carlo_error_begins(mean, sd, mcse, shown):
    (found,) = table_rows([row(mean, sd, mcse)])
    assert (found.mean, found.sd, found.q05) == shown


def test_a_table_row_is_text():
    (found,) = table_rows([row(1.0, 0.5, 0.01)])
    assert found[-3:] == ("1234", "987", "1.001")
    (absent,) = table_rows([row(1.0, 0.5, 0.01)._replace(ess_bulk=math.nan, r_hat=math.nan)])
    assert (absent.ess_bulk, absent.r_hat) == ("-", "-")


def test_the_json_has_the_published_keys_and_is_strict(groups):
    rows = [*summarize(groups), row(math.nan, math.inf, math.nan)._replace(label="bad")]
    run = RunSummary("nuts", rows, verdict(groups, rows), {"compile": 1.5, "sample": np.float64(0.25)})
    text = summary_json(spec="radon", version="0.1.0", seed=3, runs={"nuts": run})

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    found = json.loads(text, parse_constant=refuse)
    assert list(found) == ["spec", "version", "seed", "status", "reasons", "runs"]
    assert found["status"] == "ok"
    assert list(found["runs"]["nuts"]) == ["method", "status", "variables", "diagnostics", "notes", "seconds"]
    numbers = ["mean", "sd", "q05", "q50", "q95", "mcse_mean", "ess_bulk", "r_hat"]
    assert list(found["runs"]["nuts"]["variables"]["a[ANOKA]"]) == numbers
    assert found["runs"]["nuts"]["variables"]["bad"]["sd"] is None
    assert found["runs"]["nuts"]["seconds"] == {"compile": 1.5, "sample": 0.25}
    assert found["runs"]["nuts"]["diagnostics"]["chains"] == 4


def test_one_suspect_run_makes_the_whole_suspect():
    ok, suspect = Verdict("ok", (), {"divergences": 0}), Verdict("suspect", ("it diverged",), {"divergences": 3})
    runs = {"a": RunSummary("nuts", [], ok, {}), "b": RunSummary("smc", [], suspect, {})}
    found = json.loads(summary_json(spec="s", version="0", seed=0, runs=runs))
    assert found["status"] == "suspect"
    assert {name: run["status"] for name, run in found["runs"].items()} == {"a": "ok", "b": "suspect"}
    assert found["reasons"] == ["b: it diverged"]
