"""Leave-one-out is that of ArviZ, and in a model that is solved on paper it is right."""

from __future__ import annotations

import arviz
import numpy as np
import pytest
from scipy.stats import norm

from uqdsl.diagnose.loo import leave_one_out, other_outcomes, rank
from uqdsl.results.groups import Group, Groups, Variable
from uqdsl.results.tree import to_datatree

SAMPLE = ("chain", "draw")


def as_groups(log_likelihood: np.ndarray, outcomes: np.ndarray, name: str = "y", dim: str = "i") -> Groups:
    """A result with outcomes `(row,)` and their log likelihood `(chain, draw, row)`."""
    labels = np.arange(len(outcomes))
    return {
        "posterior": Group({"a": Variable(SAMPLE, log_likelihood[..., 0])}),
        "log_likelihood": Group({name: Variable((*SAMPLE, dim), log_likelihood)}, {dim: labels}),
        "observed_data": Group({name: Variable((dim,), outcomes)}, {dim: labels}),
    }


def eight_schools(rng: np.random.Generator) -> Groups:
    """Each school's gain known as well as its own data and a prior of scatter 5 tell."""
    effect, error = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
    precision = 1 / error**2 + 1 / 25
    gain = rng.normal((effect / error**2 + 5 / 25) / precision, np.sqrt(1 / precision), (4, 500, 8))
    return as_groups(norm(gain, error).logpdf(effect), effect)


def counties(rng: np.random.Generator, slope: bool = True) -> Groups:
    """A regression with a level for each of 30 groups, of 1 to 8 rows."""
    county = np.repeat(np.arange(30), rng.integers(1, 9, 30))
    floor = rng.random(len(county)) < 0.3
    level = rng.normal(1.3, 0.3, 30)
    outcomes = rng.normal(level[county] - 0.6 * floor, 0.7)
    counts = np.bincount(county)
    centred = outcomes + 0.6 * floor * slope
    precision = counts / 0.49 + 1 / 0.09
    mean = (np.bincount(county, centred) / 0.49 + 1.3 / 0.09) / precision
    levels = rng.normal(mean, 1 / np.sqrt(precision), (4, 400, 30))
    return as_groups(norm(levels[..., county] - 0.6 * floor * slope, 0.7).logpdf(outcomes), outcomes)


@pytest.mark.parametrize("make", [eight_schools, counties])
def test_the_numbers_are_those_of_arviz(make):
    groups = make(np.random.default_rng(0))
    found = leave_one_out(groups)
    theirs = arviz.loo(to_datatree(groups), pointwise=True, reff=1.0)
    assert found is not None
    assert abs(found.elpd - theirs.elpd) < 1e-6
    assert abs(found.error - theirs.se) < 1e-6
    assert abs(found.p - theirs.p) < 1e-6
    np.testing.assert_allclose(found.elpd_of, theirs.elpd_i.values, atol=1e-8)
    np.testing.assert_allclose(found.shapes, theirs.pareto_k.values, atol=1e-8)
    assert found.threshold == theirs.good_k


def test_the_differences_are_those_of_arviz():
    with_floor, without = (counties(np.random.default_rng(1), slope) for slope in (True, False))
    assert other_outcomes(with_floor, without) == ""
    found = {"w": leave_one_out(with_floor), "o": leave_one_out(without)}
    ranking = rank({name: each for name, each in found.items() if each is not None})
    theirs = arviz.compare(
        {
            name: arviz.loo(to_datatree(each), pointwise=True, reff=1.0)
            for name, each in zip("wo", (with_floor, without), strict=True)
        },
        round_to="none",
    )
    assert list(ranking.of) == list(theirs.index) == ["w", "o"]
    behind = ranking.behind["o"]
    assert abs(abs(behind.elpd) - abs(theirs.elpd_diff["o"])) < 1e-6
    rows = len(ranking.of["o"].rows)
    # ArviZ divides by the number of rows here, and by one less for the elpd itself; both are by one less with us.
    assert abs(behind.error - theirs.dse["o"] * np.sqrt(rows / (rows - 1))) < 1e-6
    assert behind.clear
    assert "is no clear difference" not in " ".join(ranking.said)


def test_a_mean_of_normal_data():
    """Without row i the mean is Normal(mean of the others, 1 / (n - 1)), so that row i is Normal(that, 1 + 1 / (n - 1))."""
    rng = np.random.default_rng(2)
    outcomes = rng.normal(size=40)
    draws = rng.normal(outcomes.mean(), 1 / np.sqrt(40), (4, 2000))
    found = leave_one_out(as_groups(norm(draws[..., None], 1).logpdf(outcomes), outcomes))
    assert found is not None
    others = (outcomes.sum() - outcomes) / 39
    exact = norm(others, np.sqrt(1 + 1 / 39)).logpdf(outcomes)
    # The scatter of each row's estimate is at most that of the likelihood over draws, which is 0.5 in the tails.
    np.testing.assert_allclose(found.elpd_of, exact, atol=4 * 0.5 / np.sqrt(8000))
    assert found.far == 0


def test_rows_that_are_masked_do_not_count():
    groups = counties(np.random.default_rng(3))
    values = groups["log_likelihood"].variables["y"].values.copy()
    values[..., [2, 5]] = 0.0
    masked = {
        **groups,
        "log_likelihood": Group({"y": Variable((*SAMPLE, "i"), values)}, groups["log_likelihood"].coords),
    }
    whole, found = leave_one_out(groups), leave_one_out(masked)
    assert whole is not None
    assert found is not None
    np.testing.assert_array_equal(found.elpd_of, np.delete(whole.elpd_of, [2, 5]))
    assert found.rows.tolist() == np.delete(whole.rows, [2, 5]).tolist()
    assert other_outcomes(groups, masked) == "the outcomes `y` differ"


def test_a_row_that_few_draws_allow_is_told():
    groups = eight_schools(np.random.default_rng(4))
    values = groups["log_likelihood"].variables["y"].values
    values[0, :40, 3] = -np.inf
    values[..., 5] *= 200
    found = leave_one_out(groups)
    assert found is not None
    assert found.far == 2
    assert np.isfinite(found.elpd)
    assert (
        rank({"a": found})
        .said[-1]
        .startswith("the elpd of `a` is not to be relied on: 2 of 8 rows have a Pareto k above 0.7")
    )


def test_a_single_draw_tells_of_no_row():
    found = leave_one_out(as_groups(np.full((1, 1, 3), -1.0), np.arange(3.0)))
    assert found is not None
    assert found.far == 3


def test_other_outcomes_are_named():
    rng = np.random.default_rng(5)
    schools = eight_schools(rng)
    values = schools["log_likelihood"].variables["y"].values
    outcomes = schools["observed_data"].variables["y"].values
    assert other_outcomes(schools, as_groups(values, outcomes + 1)) == "the outcomes `y` differ"
    assert other_outcomes(schools, as_groups(values, outcomes, name="z")) == "`y` is an outcome of one of them only"
    assert (
        other_outcomes(schools, as_groups(values, outcomes, dim="j"))
        == "a row of `y` in one of them is not a row in the other"
    )
    assert leave_one_out({"posterior": schools["posterior"]}) is None
