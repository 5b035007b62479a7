"""What every method shares: the scale on which it reports, what is missing of vectors, and when it is suspect."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from uqdsl.assimilate.scores import fair_crps
from uqdsl.diagnose.cycles import Alongside, blown_up, consistency, notes, reasons
from uqdsl.messages import RunError
from uqdsl.results import Group, Variable

from .systems import assimilated, bound, checked

GROWTH = """
time t from 0 to 12 step 1
data {{ y[t] : real missing, truth[t] : real }}
state h {kind} over t {{
  initial h ~ {initial}
  evolve  h = h[t - 1]
  error   h {error}
}}
likelihood y[t] ~ Normal({shown}, 0.3)
assimilate h by {method} with(truth = truth{keep})
"""
POSITIVE = {
    "kind": ": positive",
    "initial": "LogNormal(0.3, 0.5)",
    "error": "*= LogNormal(0, 0.2)",
    "shown": "log(h)",
}
REAL = {"kind": "", "initial": "Normal(0.3, 0.5)", "error": "+= Normal(0, 0.2)", "shown": "h"}


def logarithms() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    truth = 0.3 + np.cumsum(rng.normal(0, 0.2, 13))
    y = truth + 0.3 * rng.normal(size=13)
    y[3] = np.nan
    return y, truth


def test_a_covariance_that_stays_reports_on_the_scale_of_the_spec():
    y, truth = logarithms()
    method = {"method": "three_dvar(covariance = initial)", "keep": ""}
    above = assimilated(GROWTH.format(**POSITIVE, **method), y=y, truth=np.exp(truth)).groups["assimilation"].variables
    plain = assimilated(GROWTH.format(**REAL, **method), y=y, truth=truth).groups["assimilation"].variables
    for when in ("", "_forecast"):
        mean = np.exp(plain[f"h{when}_mean"].values)
        assert np.allclose(above[f"h{when}_mean"].values, mean)
        assert np.allclose(above[f"h{when}_sd"].values, mean * plain[f"h{when}_sd"].values)


def test_members_are_kept_and_scored_on_the_scale_of_the_spec():
    y, truth = logarithms()
    method = {"method": "etkf(members = 12)", "keep": ", keep = 12"}
    above = assimilated(GROWTH.format(**POSITIVE, **method), y=y, truth=np.exp(truth)).groups["assimilation"].variables
    plain = assimilated(GROWTH.format(**REAL, **method), y=y, truth=truth).groups["assimilation"].variables
    assert np.allclose(above["h"].values, np.exp(plain["h"].values))
    assert np.array_equal(above["ranks_truth"].values, plain["ranks_truth"].values)
    by_hand = fair_crps(jnp.array(above["h"].values.T), jnp.full(12, 1 / 12), jnp.exp(truth))
    assert np.allclose(above["crps_analysis"].values, by_hand)


@pytest.mark.parametrize(
    ("method", "law"),
    [
        ("extended_kalman", "StudentT(5, h, 0.3 * sqrt(3 / 5))"),
        ("etkf(members = 12)", "Laplace(h, 0.3 / sqrt(2))"),
        ("three_dvar(covariance = initial)", "Gumbel(h - 0.57721566490153 * 0.3 * sqrt(6) / pi, 0.3 * sqrt(6) / pi)"),
    ],
)
def test_of_other_laws_mean_and_variance_are_used(method: str, law: str):
    y, truth = logarithms()
    text = GROWTH.format(**REAL, method=method, keep="")
    strange = checked(text.replace("Normal(h, 0.3)", law))
    assert [each.code for each in strange.problems] == ["UQ267"]
    both = [
        assimilated(each, y=y, truth=truth).groups["assimilation"].variables
        for each in (text, text.replace("Normal(h, 0.3)", law))
    ]
    for name in ("h_mean", "h_sd"):
        assert np.allclose(both[0][name].values, both[1][name].values, atol=1e-9)


VECTORS = """
dim grid = 3
time t from 0 to 5 step 1
data {{ y[t, grid] : real missing }}
let K[grid, grid'] = if grid == grid' then 1 else 0.6
state x[grid] over t {{
  initial x ~ Normal(0, 1)
  evolve  x = 0.9 * x[t - 1]
  error   x += Normal(0, 0.3)
}}
likelihood y[t, grid] ~ MultiNormal(x, covariance = K, event = grid)
assimilate x by {method}
"""


def vectors() -> np.ndarray:
    y = np.random.default_rng(0).normal(size=(6, 3))
    y[1, 2] = y[2, :2] = y[4] = np.nan
    return y


def test_elements_of_vectors_may_be_missing():
    y = vectors()
    found = assimilated(VECTORS.format(method="kalman"), y=y)
    mean, covariance, evidence = np.zeros(3), np.eye(3), 0.0
    errors = np.full((3, 3), 0.6) + 0.4 * np.eye(3)
    for number, row in enumerate(y):
        if number:
            mean, covariance = 0.9 * mean, 0.81 * covariance + 0.09 * np.eye(3)
        seen = np.eye(3)[np.isfinite(row)]
        total = seen @ (covariance + errors) @ seen.T
        if len(seen):
            evidence += stats.multivariate_normal(seen @ mean, total).logpdf(row[np.isfinite(row)])
        gain = covariance @ seen.T @ np.linalg.inv(total)
        mean = mean + gain @ (row[np.isfinite(row)] - seen @ mean)
        covariance = covariance - gain @ seen @ covariance
        assert np.allclose(found.groups["assimilation"].variables["x_mean"].values[number], mean, atol=1e-10)
    assert found.found.numbers["log_evidence"] == pytest.approx(evidence, abs=1e-9)


def test_the_density_of_a_vector_is_that_of_what_was_observed_of_it():
    y = vectors()
    system = bound(VECTORS.format(method="bootstrap(members = 10)"), y=y)
    errors = np.full((3, 3), 0.6) + 0.4 * np.eye(3)
    state = jnp.array([0.2, -0.1, 0.5])
    for number, row in enumerate(y):
        event = jax.tree.map(lambda each, at=number: each[at], system.events)
        there = np.isfinite(row)
        law = stats.multivariate_normal(np.asarray(state)[there], errors[np.ix_(there, there)]) if there.any() else None
        expected = law.logpdf(row[there]) if law is not None else 0.0
        shares = system.log_likelihoods(state, jnp.zeros(0), event)
        assert float(shares.sum()) == pytest.approx(expected)
        assert np.all(np.asarray(shares)[~there] == 0)


def test_what_is_observed_behind_a_state_that_blew_up_is_no_forecast():
    text = """
time t from 0 to 8 step 1
data { y[t] : real }
state x over t {
  initial x ~ Normal(3, 0.1)
  evolve  der(x) = x * x  by rk4(dt = 0.5)
  error   exact
}
likelihood y[t] ~ Normal(x, 1)
assimilate x by etkf(members = 5)
"""
    found = assimilated(text, y=np.linspace(3, 4, 9))
    assert not np.isfinite(found.groups["assimilation"].variables["x_mean"].values).all()
    assert found.status == "suspect"
    assert found.found.numbers["last_observed"] == found.found.numbers["last_time"] == 8
    reason = found.found.reasons[-1]
    finite = np.isfinite(found.groups["assimilation"].variables["x_mean"].values)
    assert reason.startswith(f"`x` is no finite number from t = {np.argmin(finite)} on; where the model blows up")
    assert "`dt`" in reason


@pytest.mark.parametrize(("factor", "suspect"), [(0.9, False), (1.5, False), (2.5, True), (0.4, True)])
def test_innovations_that_are_a_little_off_are_said_and_no_more(factor: float, suspect: bool):
    rng = np.random.default_rng(1)
    values = np.sqrt(factor) * rng.normal(size=(2000, 5))
    zero, one = np.zeros_like(values), np.ones_like(values)
    beside = Alongside(values, 0.5 * one, one > 0, zero, np.sqrt(0.5) * one, zero, np.sqrt(0.25) * one)
    held = consistency(beside)
    assert held.ratio == pytest.approx(factor, rel=0.05)

    class Found:
        numbers: dict[str, np.ndarray] = {}  # noqa: RUF012 - never changed

    why = reasons(held, Found, Group({}, {"t": np.arange(2000.0)}), "t", Group())
    worth = notes(held, Found, why, "t", Group())
    assert bool(why) == suspect
    assert bool(worth) != suspect
    assert f"{held.ratio:.3g} times what it should be" in (why or worth)[0]


def test_a_model_that_blows_up_is_told_with_state_place_and_time():
    values = np.ones((4, 3))
    values[2, 1:], values[3] = np.inf, np.nan
    coords = {"t": np.array([0.0, 0.5, 1.0, 1.5]), "site": ["red", "blue", "green"]}
    group = Group(
        {"u_mean": Variable(("t", "site"), np.ones((4, 3))), "x_mean": Variable(("t", "site"), values)}, coords
    )
    assert blown_up(group, "t") == "`x` at site = blue, with 1 other, is no finite number from t = 1 on"
    assert not blown_up(Group({"u_mean": group.variables["u_mean"]}, coords), "t")


def test_errors_without_variance_are_told_before_the_filter_starts():
    text = OUTLIERS.replace("y[t, site] : real missing", "y[t, site] : real missing, height[site] : real").format(
        method="etkf"
    )
    text = text.replace("likelihood y[t, site] ~ Normal(x, 0.5)", "likelihood y[t, site] ~ Normal(x, 0.5 * height - 1)")
    y = np.zeros((41, 2))
    y[:3, 1] = np.nan
    with pytest.raises(RunError) as caught:
        assimilated(text, y=y, height=np.array([3.0, 2.0]))
    (problem,) = caught.value.problems
    assert problem.code == "UQ665"
    assert problem.title == "the error of `y` has the variance 0 at t = 3, site = 2, and needs one above 0"


@pytest.mark.parametrize(("correlation", "refused"), [(0.9, False), (1.0, True), (1.2, True)])
def test_a_covariance_of_errors_has_to_be_positive_definite(correlation: float, refused: bool):
    text = OUTLIERS.replace("y[t, site] : real missing", "y[t, site] : real missing, R[site, site'] : real").format(
        method="etkf"
    )
    text = text.replace(
        "likelihood y[t, site] ~ Normal(x, 0.5)", "likelihood y[t, site] ~ MultiNormal(x, covariance = R, event = site)"
    )
    given = {"y": np.zeros((41, 2)), "R": 0.5 * np.array([[1, correlation], [correlation, 1]])}
    given["y"][:3] = np.nan
    if not refused:
        assert np.isfinite(assimilated(text, **given).groups["assimilation"].variables["x_mean"].values).all()
        return
    with pytest.raises(RunError) as caught:
        assimilated(text, **given)
    (problem,) = caught.value.problems
    assert problem.code == "UQ665"
    assert problem.title.startswith("the error of `y` has the variance ")
    assert problem.title.endswith("at t = 0 in one direction, and needs one above 0")


OUTLIERS = """
dim site = 2
time t from 0 to 40 step 1
data {{ y[t, site] : real missing }}
state x[site] over t {{
  initial x ~ Normal(0, 1)
  evolve  x ~ Normal(0.9 * x[t - 1], 0.5)
}}
likelihood y[t, site] ~ Normal(x, 0.5)
assimilate x by {method}
"""


@pytest.mark.parametrize(
    ("method", "option"),
    [
        ("kalman", "reject = 5"),
        ("unscented_kalman", "reject = 5"),
        ("etkf", "members = 40, reject = 5"),
        ("enks", "members = 40, lag = 2, reject = 5"),
    ],
)
def test_what_is_rejected_is_as_if_it_were_missing(method: str, option: str):
    rng = np.random.default_rng(2)
    x = np.zeros((41, 2))
    for k in range(1, 41):
        x[k] = 0.9 * x[k - 1] + 0.5 * rng.normal(size=2)
    y = x + 0.5 * rng.normal(size=(41, 2))
    y[7] = np.nan
    wrong, without = y.copy(), y.copy()
    wrong[12, 1], wrong[30, 0] = 25.0, -30.0
    without[12, 1] = without[30, 0] = np.nan
    found = assimilated(OUTLIERS.format(method=f"{method}({option})"), y=wrong)
    plain = option.replace("reject = 5", "").rstrip(", ")
    wanted = assimilated(OUTLIERS.format(method=f"{method}({plain})" if plain else method), y=without)
    one, other = (each.groups["assimilation"].variables for each in (found, wanted))
    for name in ("x_mean", "x_sd", "innovation"):
        assert np.allclose(one[name].values, other[name].values, equal_nan=True)
    count = one["rejected"].values
    assert np.flatnonzero(count == 1).tolist() == [12, 30]
    assert np.isnan(count[7])
    assert np.nansum(count) == found.found.numbers["rejected"] == 2
    flags = found.groups["observations"].variables["y_rejected"].values
    assert np.argwhere(flags == 1).tolist() == [[12, 1], [30, 0]]
    assert found.status == "ok"
    assert found.found.notes == ("2 observations were left out: `y` at t = 12, site = 2; `y` at t = 30, site = 1",)


def test_a_filter_that_rejects_much_is_suspect():
    y = 20 + np.zeros((41, 2))
    found = assimilated(OUTLIERS.format(method="kalman(reject = 3)"), y=y)
    assert found.found.reasons[0].startswith("100% of the observations were left out")
