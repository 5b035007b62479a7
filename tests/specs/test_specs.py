"""The specs of the library: sound, formatted, and right where the answer is known."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import arviz
import numpy as np
import pytest

import uqdsl
from uqdsl.driver.front import check_with_data
from uqdsl.driver.source import read_source
from uqdsl.syntax import format_spec

from .conftest import SPECS

REFERENCE = Path(__file__).parent / "reference"
NAMES = sorted(path.stem for path in SPECS.glob("*.uq"))
TEXTS = {name: (SPECS / f"{name}.uq").read_text() for name in NAMES}
QUICK = [name for name, text in TEXTS.items() if "\npredict " not in text and text.count("\ninfer by nuts") == 1]
"""The others take minutes, or compare methods; they have tests of their own."""
DRAWS = 4000
GROUPS = {
    "posterior",
    "sample_stats",
    "prior",
    "prior_predictive",
    "posterior_predictive",
    "log_likelihood",
    "log_prior",
    "observed_data",
}


def distance(found: float, found_error: float, known: float, known_error: float) -> float:
    """How far two estimates are apart, in Monte Carlo standard errors of their difference."""
    return abs(found - known) / math.hypot(found_error, known_error)


def scalars(tree: Any) -> dict[str, float]:
    """The values of a dataset, of one number or of one dimension, by the names that a summary gives them."""
    found = {}
    for name, each in tree.data_vars.items():
        labels = [f"{name}[{label}]" for label in each[each.dims[0]].values] if each.dims else [name]
        found |= dict(zip(labels, np.atleast_1d(each.values).tolist(), strict=True))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_spec_is_sound_and_in_style(name):
    source = read_source(SPECS / f"{name}.uq")
    checked, _ = check_with_data(source)
    assert not checked.problems
    assert format_spec(source.text, source.name) == source.text
    assert checked.spec.title.count("\n") >= 2, "a spec says in plain words what it asks"


@pytest.mark.parametrize("name", QUICK)
def test_a_spec_runs_to_a_result_that_can_be_relied_on(run, name):
    ran = run(name)
    assert (ran.code, ran.summary["status"], ran.summary["reasons"]) == (0, "ok", [])
    assert {each.name for each in ran.path.iterdir()} >= {
        "spec.uq",
        "program.py",
        "run.yaml",
        "result.nc",
        "summary.json",
        "pictures",
    }
    assert ran.summary["spec"] == name


@pytest.mark.parametrize("name", QUICK)
def test_the_summary_is_for_machines(run, name):
    summary = run(name).summary
    assert list(summary) == ["spec", "version", "seed", "status", "reasons", "runs"]
    assert (summary["spec"], summary["version"], summary["seed"]) == (name, uqdsl.__version__, 0)
    (found,) = summary["runs"].values()
    assert found["method"] == "nuts"
    columns = {"mean", "sd", "q05", "q50", "q95", "mcse_mean", "ess_bulk", "r_hat"}
    for each in found["variables"].values():
        assert each.keys() == columns
        assert all(math.isfinite(value) for value in each.values())
        assert each["q05"] < each["q50"] < each["q95"]
    assert found["diagnostics"]["divergences"] == 0
    assert found["seconds"].keys() == {"compile", "sample"}


@pytest.mark.parametrize("name", ["eight_schools", "radon"])
def test_the_posterior_is_the_published_one(run, name):
    """Four Monte Carlo standard errors of the difference, for every scalar: the seed is fixed, so this cannot flicker."""
    reference = json.loads((REFERENCE / f"{name}.json").read_text())["posterior"]
    found = run(name).variables
    errors_of_sd = scalars(arviz.mcse(arviz.from_netcdf(run(name).path / "result.nc"), method="sd"))
    assert found.keys() == reference.keys() == errors_of_sd.keys()
    apart = {}
    for each, known in reference.items():
        ours = found[each]
        # Draws that alternate about a mean that drifts with a scale, as those of a county do, seem to be worth more than
        # independent ones, because the slow part is lost where the sum of autocorrelations is cut off: over 20 seeds the
        # means of counties scatter by up to 1.5 of the errors so found, together with the mean of `sigma_a`.
        error = max(ours["mcse_mean"], ours["sd"] / math.sqrt(DRAWS))
        apart[each] = distance(ours["mean"], error, known["mean"], known["mcse_mean"])
        # The sd of nearly normal draws has a smaller error than their mean.
        error = known.get("mcse_sd", known["mcse_mean"])
        apart[f"sd of {each}"] = distance(ours["sd"], errors_of_sd[each], known["sd"], error)
    assert {each: far for each, far in apart.items() if far >= 4} == {}


def test_radon_agrees_with_the_published_regression(run):
    """Gelman & Hill 2006, ch. 12: 1.47 (0.04) and -0.67 (0.07), fitted by maximum likelihood rather than with priors."""
    found = run("radon").variables
    assert found["mu_a"]["mean"] == pytest.approx(1.47, abs=0.02)
    assert found["mu_a"]["sd"] == pytest.approx(0.04, abs=0.005)
    assert found["b"]["mean"] == pytest.approx(-0.67, abs=0.02)
    assert found["b"]["sd"] == pytest.approx(0.07, abs=0.005)


def exact_regression() -> dict[str, tuple[float, float]]:
    """Mean and sd of each unknown of `linear_regression.uq`, without sampling.

    Given the scatter s the coefficients have a normal posterior and the data a normal marginal law (Bishop 2006, Pattern
    Recognition and Machine Learning, eqs 3.50, 3.51); what is left is an integral over s alone, done on a grid.
    """
    table = np.genfromtxt(SPECS / "data" / "concrete.csv", delimiter=",", names=True)
    y = table["strength"]
    X = np.column_stack([np.ones_like(y), np.log(table["age"] / 28), table["water"] / table["cement"] - 0.6])
    centre, width = np.array([40.0, 0.0, 0.0]), np.array([20.0, 20.0, 100.0])
    residual = y - X @ centre
    grid = np.linspace(9.0, 14.0, 4001)
    log_weight, means, variances = [], [], []
    for s in grid:
        precision = np.diag(width**-2) + X.T @ X / s**2
        shift = np.linalg.solve(precision, X.T @ residual / s**2)
        fitted = residual @ residual / s**2 - shift @ precision @ shift
        marginal = -len(y) * np.log(s) - 0.5 * np.linalg.slogdet(precision)[1] - 0.5 * fitted
        log_weight.append(marginal - 0.5 * (s / 20) ** 2)
        means.append(centre + shift)
        variances.append(np.diag(np.linalg.inv(precision)))
    weight = np.exp(np.array(log_weight) - max(log_weight))
    weight /= weight.sum()
    mean = weight @ np.array(means)
    sd = np.sqrt(weight @ (np.array(variances) + (np.array(means) - mean) ** 2))
    scatter = weight @ grid
    spread = np.sqrt(weight @ (grid - scatter) ** 2)
    names = ("typical", "by_age", "by_water", "scatter")
    return dict(zip(names, zip([*mean, scatter], [*sd, spread], strict=True), strict=True))


def test_the_regression_is_exact(run):
    found = run("linear_regression").variables
    for name, (mean, sd) in exact_regression().items():
        assert distance(found[name]["mean"], found[name]["mcse_mean"], mean, 0.0) < 4, name
        # The error of a sample sd is sd / sqrt(2 ess), for draws that are nearly normal.
        assert abs(found[name]["sd"] - sd) < 4 * sd / math.sqrt(2 * found[name]["ess_bulk"]), name


LABELS = {
    "eight_schools": ("effect", "school", list("ABCDEFGH")),
    "linear_regression": ("strength", "sample", list(range(1, 1031))),
    "radon": ("log_radon", "home", np.loadtxt(SPECS / "data" / "radon_homes.csv", str, delimiter=",")[1:, 0].tolist()),
}
"""What is observed, its dimension and that one's labels."""


@pytest.mark.parametrize("name", QUICK)
def test_the_result_is_arviz_s_with_labels_of_the_spec(run, name):
    outcome, dim, labels = LABELS[name]
    tree = arviz.from_netcdf(run(name).path / "result.nc")
    assert set(tree.children) >= GROUPS
    unknowns = set(tree["posterior"].data_vars)
    assert {each.split("[")[0] for each in run(name).variables} <= unknowns
    assert set(tree["prior"].data_vars) == unknowns
    assert set(tree["log_prior"].data_vars) <= unknowns
    assert tree["sample_stats"]["diverging"].sizes == {"chain": 4, "draw": 1000}
    for group in ("posterior_predictive", "log_likelihood", "prior_predictive"):
        each = tree[group][outcome]
        assert each.dims == ("chain", "draw", dim)
        assert np.isfinite(each.values).all()
    observed = tree["observed_data"][outcome]
    assert observed.dims == (dim,)
    assert [str(each) for each in observed[dim].values] == [str(each) for each in labels]
    table = arviz.summary(tree)
    assert set(table.index) >= set(run(name).variables)


def test_a_county_is_found_by_its_name(run):
    tree = arviz.from_netcdf(run("radon").path / "result.nc")
    a = tree["posterior"]["a"]
    assert a.dims == ("chain", "draw", "county")
    assert a.sizes["county"] == 85
    mean = float(a.sel(county="ANOKA").mean())
    assert mean == pytest.approx(run("radon").variables["a[ANOKA]"]["mean"], rel=1e-9)


def exact_leave_one_out() -> float:
    """The expected log predictive density of `eight_schools.uq` under leave-one-out, on a grid of mean and scatter.

    A school's own gain integrates out: y ~ Normal(mean, sqrt(scatter^2 + standard_error^2)). Then p(y_i | the others) is
    p(all) / p(the others).
    """
    table = np.genfromtxt(SPECS / "data" / "eight_schools.csv", delimiter=",", names=True, usecols=(1, 2))
    angle = (np.arange(2000) + 0.5) / 2000 * np.pi / 2  # in which the half-Cauchy law is uniform
    mean, scatter = np.meshgrid(np.linspace(-30, 30, 1001), 5 * np.tan(angle), indexing="ij")
    log_prior = -0.5 * (mean / 5) ** 2
    variance = scatter**2 + table["standard_error"][:, None, None] ** 2
    terms = -0.5 * np.log(2 * np.pi * variance) - 0.5 * (table["effect"][:, None, None] - mean) ** 2 / variance
    every = np.exp(log_prior + terms.sum(axis=0)).sum()
    return sum(math.log(every / np.exp(log_prior + terms.sum(axis=0) - term).sum()) for term in terms)


@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto")
def test_leaving_one_out_works_on_the_result(run):
    tree = arviz.from_netcdf(run("eight_schools").path / "result.nc")
    # One school is influential (Pareto k above 0.7), which biases importance sampling by some hundredths.
    assert arviz.loo(tree).elpd == pytest.approx(exact_leave_one_out(), abs=0.1)
