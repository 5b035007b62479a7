"""Naive fits, beside which a picture puts what is predicted: those of a spec whose data are exact."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import uqdsl
from tests.report.results import forecast
from uqdsl.diagnose.forecast import PREDICTION
from uqdsl.driver.front import Source, check_with_data
from uqdsl.driver.infer import infer
from uqdsl.driver.naive import MEMBERS, naive_fits
from uqdsl.driver.predict import make_stages
from uqdsl.driver.program import make_target, write_program
from uqdsl.report import NAIVE
from uqdsl.report.canvas import svg
from uqdsl.report.predictive import draw_predictive
from uqdsl.results import Group, Variable

Z, X = np.array([-0.7, 0.2, -0.6, 1.3, 0.4, 2.1]), np.array([-1.2, -0.4, -0.9, 2.2, 0.5, 3.0])
LINE = f"""
data {{ Z[case] : real = {Z.tolist()}, X[case] : real = {X.tolist()} }}
population Z ~ Normal(0, 1)
prior slope ~ Normal(0, 2)
likelihood X[case] ~ Normal(slope * Z, 0.3)
uncertainty {{
  new_input     {{ Z ~ Normal(truth(Z), 0.5) }}
  testing_data  exact
  training_data {{ Z ~ Normal(truth(Z), 0.5) }}
  weights       inferred
  function      inferred
}}
infer by nuts(chains = 1, warmup = 100, draws = 50)
predict X[case]
"""
PARTED = """
data { Z[case] : real, X[case] : real, training = "old.csv", new = "new.csv" }
prior slope ~ Normal(0, 2)
likelihood X[case] ~ Normal(slope * Z, 0.3)
infer by nuts(chains = 1, warmup = 100, draws = 50)
predict X[case]
"""
MIXED = """
data { y[i] : real = [0.1, 3.2, 2.9, 0.2] }
prior high[i] ~ Bernoulli(0.5)
prior mu ~ Normal(3, 1)
likelihood y[i] ~ Normal(if high == 1 then mu else 0, 0.3)
predict y[i]
"""


def naive(text: str) -> Group:
    return naive_fits(*check_with_data(Source("line.uq", text, Path())), 0)


def test_naive_fits_of_a_line_are_its_ridge_regression_on_what_was_recorded():
    """The mode of a slope with the prior Normal(0, 2) and errors of 0.3, to which errors of the input do nothing."""
    slope = (Z @ X / 0.09) / (Z @ Z / 0.09 + 1 / 4)
    found = naive(LINE)
    assert found.variables["X_best"].dims == ("case",)
    assert found.variables["X_members"].dims == ("member", "case")
    assert np.allclose(found.variables["X_best"].values, slope * Z, rtol=1e-4)
    assert found.variables["X_members"].values.shape == (MEMBERS, len(Z))
    assert np.allclose(found.variables["X_members"].values, slope * Z, rtol=1e-3), "a line has one mode"


def test_why_there_are_none_is_said_in_the_picture():
    found = naive(MIXED)
    assert (found.variables, found.attrs) == ({}, {"reason": "some unknowns are discrete"})
    assert "no naive fits: some unknowns are discrete" in svg(draw_predictive(forecast(), found))


def test_members_are_marked_where_they_predict():
    best, members = np.arange(5.0), np.arange(5.0) + np.array([[0.1], [0.2]])
    figure = draw_predictive(forecast(), _group(best, members))
    for place, axes in enumerate(figure.axes):
        marks = [segment[0][0] for each in axes.collections for segment in getattr(each, "get_segments", list)()]
        assert marks == pytest.approx(members[:, place])
        assert list(axes.lines[-1].get_xdata()) == [best[place]] * 2
    assert "naive ensemble of 2 fits: not posterior draws" in svg(figure)


def test_fits_that_fail_cost_nothing_else():
    checked, dataset = check_with_data(Source("line.uq", LINE, Path()))
    target = make_target(checked.spec, write_program(checked), dataset)
    staged = make_stages(checked.spec, checked.sources, dataset)

    def broken() -> Group:
        raise ZeroDivisionError

    result = infer(checked.spec, target, checked.spec.runs[0], 0, staged=staged, naive=broken)
    assert result.groups[NAIVE].attrs == {"reason": "ZeroDivisionError"}
    assert "X_mean" in result.groups[PREDICTION].variables


def test_pictures_from_python_have_them_of_the_rows_that_were_predicted():
    fit = uqdsl.loads(LINE).compile().infer(seed=0, progress=False)
    fit.predict(progress=False)
    best = fit.picture("predictive").axes
    slope = (Z @ X / 0.09) / (Z @ Z / 0.09 + 1 / 4)
    marks = [axes.lines[1].get_xdata()[0] for axes in best]
    assert np.allclose(np.sort(marks), np.sort(slope * Z), rtol=1e-4)
    diamonds = [axes.lines[2].get_xdata()[0] for axes in best]
    assert sorted(diamonds) == sorted(X)
    assert "recorded" in svg(fit.picture("predictive"))
    fit = uqdsl.loads(PARTED).compile(training={"Z": Z, "X": X}, new={"Z": Z[:2]}).infer(seed=0, progress=False)
    fit.predict(new={"Z": 2 * Z[:3]}, progress=False)
    figure = fit.picture("predictive")
    marks = [axes.lines[1].get_xdata()[0] for axes in figure.axes]
    assert np.allclose(np.sort(marks), np.sort(2 * slope * Z[:3]), rtol=1e-4)
    assert not any(len(axes.lines) > 2 for axes in figure.axes), "of new rows nothing was recorded"


def _group(best: np.ndarray, members: np.ndarray) -> Group:
    return Group({"X_best": Variable(("case",), best), "X_members": Variable(("member", "case"), members)})
