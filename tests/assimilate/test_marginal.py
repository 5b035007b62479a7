"""Parameters whose states a filter accounts for: beside the density of all observations at once."""

from __future__ import annotations

from unittest.mock import Mock

import arviz
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import halfnorm, multivariate_normal

import uqdsl
from tests.assimilate.systems import bound
from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.marginal import draw_states, log_evidence
from uqdsl.assimilate.unscented_kalman import root_of
from uqdsl.cli.main import execute
from uqdsl.infer.posterior import make_posterior
from uqdsl.infer.simulation import simulate
from uqdsl.messages import RunError
from uqdsl.results import read_netcdf
from uqdsl.vocabulary.assimilation import filters

LEVEL = """
time t from 0 to 19 step 1
data { y[t] : real missing }
prior q ~ HalfNormal(2)
prior r ~ HalfNormal(3)
state level over t {
  initial level ~ Normal(1, 4)
  evolve  level ~ Normal(0.9 * level[t - 1] + 0.2, q)
}
likelihood y[t] ~ Normal(level, r)
infer q, r, level by nuts(chains = 2, draws = 1000, target_accept = 0.95, states = kalman())
"""


@pytest.fixture(scope="module")
def y() -> np.ndarray:
    y = np.random.default_rng(3).normal(2, 2, 20)
    y[[2, 11, 12]] = np.nan
    return y


@pytest.fixture(scope="module")
def program(y):
    return uqdsl.loads(LEVEL).compile(y=y)


def joint(q: float) -> tuple[np.ndarray, np.ndarray]:
    """Means and covariance of the states of `LEVEL`, all at once."""
    means, step = np.zeros(20), np.eye(20)
    step -= np.diag(np.full(19, 0.9), -1)
    inverse = np.linalg.inv(step)
    means = inverse @ np.r_[1.0, np.full(19, 0.2)]
    return means, inverse @ np.diag(np.r_[16.0, np.full(19, q**2)]) @ inverse.T


def exact(q: float, r: float, y: np.ndarray) -> float:
    there = np.isfinite(y)
    means, covariance = joint(q)
    total = multivariate_normal.logpdf(
        y[there], means[there], covariance[np.ix_(there, there)] + r**2 * np.eye(there.sum())
    )
    return total + halfnorm.logpdf(q, scale=2) + halfnorm.logpdf(r, scale=3) + np.log(q) + np.log(r)


def test_the_density_is_that_of_all_observations(program, y):
    density = jax.jit(program.log_density)
    for q, r in ((0.5, 1.0), (2.0, 0.3), (0.01, 4.0)):
        at = {"q": np.log(q), "r": np.log(r)}
        assert density(at) == pytest.approx(exact(q, r, y), abs=1e-9)
        slope = jax.jit(jax.grad(program.log_density))(at)
        for name, other in (("q", (q * np.exp(1e-5), r)), ("r", (q, r * np.exp(1e-5)))):
            assert slope[name] == pytest.approx((exact(*other, y) - exact(q, r, y)) / 1e-5, rel=2e-3, abs=1e-3)


def test_states_are_drawn_with_the_parameters(program, y):
    fit = program.infer(seed=1)
    assert fit.status == "ok"
    posterior = fit.posterior.posterior
    assert posterior["level"].dims == ("chain", "draw", "t")
    q, r = posterior["q"].values.ravel(), posterior["r"].values.ravel()
    level = posterior["level"].values.reshape(-1, 20)
    # Each draw of the level is one of p(level | q, r, y): in units of that law they are independent standard normals.
    there = np.isfinite(y)
    scores = []
    for each, (own_q, own_r) in zip(level[::10], zip(q[::10], r[::10], strict=True), strict=True):
        means, covariance = joint(own_q)
        precision = np.linalg.inv(covariance) + np.diag(np.where(there, own_r**-2, 0.0))
        centre = np.linalg.solve(precision, np.linalg.solve(covariance, means) + np.where(there, y, 0) * own_r**-2)
        scores.append(np.linalg.cholesky(precision).T @ (each - centre))
    scores = np.array(scores)
    assert np.abs(scores.mean(axis=0)).max() < 4 / np.sqrt(len(scores))
    assert abs((scores**2).mean() - 1) < 4 * np.sqrt(2 / scores.size)


def test_another_method_accounts_for_states_in_the_same_way(program):
    found = program.infer("laplace(draws = 200)", seed=1).posterior.posterior
    assert found["level"].shape == (1, 200, 20)


def by(states: str, infer: str = "nuts") -> str:
    """`LEVEL` with states accounted for in another way."""
    return f"{LEVEL.split('infer', maxsplit=1)[0]}infer by {infer}(states = {states})"


@pytest.mark.parametrize("states", ["extended_kalman()", "unscented_kalman()"])
def test_filters_that_linearise_are_exact_where_all_is_linear(states, program, y):
    other = uqdsl.loads(by(states)).compile(y=y)
    at = {"q": np.log(0.8), "r": np.log(1.3)}
    found, exactly = (jax.jit(jax.value_and_grad(each.log_density))(at) for each in (other, program))
    assert float(found[0]) == pytest.approx(float(exactly[0]), abs=1e-8)
    for name in at:
        assert float(found[1][name]) == pytest.approx(float(exactly[1][name]), rel=1e-7)


def test_the_root_of_sigma_points_has_a_gradient_where_eigenvalues_are_alike():
    covariance = jnp.array([[2.0, 0.0, 2.0, 0.0], [0.0, 2.0, 0.0, 0.0], [2.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    root = root_of(covariance)
    np.testing.assert_allclose(root @ root.T, covariance, atol=1e-12)
    assert np.all(np.triu(root, 1) == 0)
    # d(L L') = dC, whatever the direction of dC.
    toward = jnp.diag(jnp.array([1.0, 3.0, 1.0, 0.0])) + jnp.zeros((4, 4)).at[0, 2].set(1.0).at[2, 0].set(1.0)
    _, moved = jax.jvp(lambda each: root_of(each) @ root_of(each).T, (covariance,), (toward,))
    np.testing.assert_allclose(moved, toward, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "options"),
    [("bootstrap", {"members": 20}), ("guided", {"members": 4, "lookahead": True}), ("auxiliary", {"members": 20})],
)
def test_particles_estimate_the_likelihood_and_draw_the_states_without_bias(name, options, y):
    # With Z the estimate and x the path that belongs to it, E[Z] = p(y), and E[Z x] = p(y) E[x | y]: for any number of them.
    q, r, runs = 0.7, 1.5, 4000
    method, none = filters()[name], np.zeros(2, bool)
    made: Filter = method.load()(method.options(**options), Plan(none, none))
    system = bound(LEVEL, y=y).at(jnp.array([q, r]))

    @jax.jit
    @jax.vmap
    def both(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        return log_evidence(system, made, key), draw_states(system, made, key)[:, 0]

    logs, paths = (np.asarray(each) for each in both(jax.random.split(jax.random.key(4), runs)))
    log_prior = halfnorm.logpdf(q, scale=2) + halfnorm.logpdf(r, scale=3) + np.log(q) + np.log(r)
    weights = np.exp(logs - (exact(q, r, y) - log_prior))
    assert weights.std() > 0.1, "a number that is nearly known says nothing"
    assert abs(weights.mean() - 1) < 4 * weights.std() / np.sqrt(runs)
    means, covariance = joint(q)
    there = np.isfinite(y)
    precision = np.linalg.inv(covariance) + np.diag(np.where(there, r**-2, 0.0))
    centre = np.linalg.solve(precision, np.linalg.solve(covariance, means) + np.where(there, y, 0) * r**-2)
    off = weights[:, None] * (paths - centre)
    assert np.abs(off.mean(axis=0) / off.std(axis=0) * np.sqrt(runs)).max() < 4


def test_data_are_given_to_the_density_and_drawn_by_the_model(program, y):
    target = program._target
    other = np.where(np.isfinite(y), 3 - 2 * y, np.nan)
    at = {"q": np.log(0.8), "r": np.log(1.3)}
    data = {**target.data, "y": np.nan_to_num(other)}
    assert jax.jit(target.log_density)(at, data, target.coords) == pytest.approx(exact(0.8, 1.3, other), abs=1e-9)
    posterior = make_posterior(target)
    drawn = simulate(posterior, jax.random.key(1), 400)
    whitened = []
    for position, values in zip(drawn.positions, drawn.data["y"], strict=True):
        q, r = np.exp([posterior.layout.split(position)[name].item() for name in ("q", "r")])
        means, covariance = joint(q)
        whitened.append(np.linalg.solve(np.linalg.cholesky(covariance + r**2 * np.eye(20)), values - means))
    whitened = np.array(whitened)
    assert np.abs(whitened.mean(axis=0)).max() < 4 / np.sqrt(len(whitened))
    assert abs((whitened**2).mean() - 1) < 4 * np.sqrt(2 / whitened.size)


def test_a_filter_is_calibrated_on_data_that_the_spec_draws(program):
    found = program.calibrate("nuts(chains = 1, warmup = 300, draws = 300)", simulations=60, seed=1)
    assert found.passed, found.said


def test_a_second_set_of_data_is_not_taken_for_the_first(program, y):
    few = "slice(chains = 1, warmup = 20, draws = 20)"
    other = uqdsl.loads(LEVEL).compile(y=20 * y)
    q = [each.infer(few, seed=1).posterior.posterior["q"].values for each in (program, other)]
    assert not np.array_equal(*q)


def test_states_that_are_not_linear_are_refused_to_the_exact_filter(y):
    curved = uqdsl.loads(by("kalman()").replace("0.9 * level[t - 1]", "sin(level[t - 1])")).compile(y=y)
    with pytest.raises(RunError, match="not linear") as raised:
        curved.infer()
    assert raised.value.problems[0].code == "UQ660"


def moments(program: uqdsl.Program, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations of log q and log r by quadrature."""
    q, r = np.linspace(-6, 2.5, 120), np.linspace(-3, 3, 90)
    at = jnp.stack(jnp.meshgrid(q, r, indexing="ij"), -1).reshape(-1, 2)
    logs = jax.jit(lambda at: jax.lax.map(lambda each: program.log_density({"q": each[0], "r": each[1]}), at))(at)
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    mean = weights @ at
    return mean, np.sqrt(weights @ (at - mean) ** 2)


@pytest.mark.parametrize("states", ["bootstrap(members = 60)", "guided(members = 30, lookahead = true)", "kalman()"])
def test_a_random_walk_over_estimates_is_exact(states, program, y):
    options = "chains = 4, warmup = 2000, draws = 8000"
    made = uqdsl.loads(by(f"{states}, {options}", "metropolis")).compile(y=y)
    fit = made.infer(seed=2)
    posterior = fit.posterior.posterior
    mean, sd = moments(program, y)
    for name, own, scale in zip(("q", "r"), mean, sd, strict=True):
        draws = np.log(posterior[name].values)
        for found, known in ((draws, own), (np.abs(draws - own) ** 2, scale**2)):
            error = found.std() / np.sqrt(float(arviz.ess(found)))
            assert abs(found.mean() - known) < 4 * error
    level = uqdsl.loads(LEVEL).compile(y=y).infer(seed=3).posterior.posterior["level"].values
    ours = posterior["level"].values
    for t in range(20):
        error = np.hypot(*(each.std() / np.sqrt(float(arviz.ess(each))) for each in (ours[..., t], level[..., t])))
        assert abs(ours[..., t].mean() - level[..., t].mean()) < 4 * error


@pytest.mark.parametrize("states", ["kalman()", "bootstrap(members = 60)"])
def test_a_density_that_is_first_asked_for_inside_a_compiled_function_is_the_same(states, y):
    made = uqdsl.loads(by(states, "nuts" if states == "kalman()" else "metropolis")).compile(y=y)
    at = {"q": jnp.asarray(np.log(0.8)), "r": jnp.asarray(np.log(1.3))}
    inside = jax.jit(lambda at: made.log_density(at))(at)
    assert float(inside) == pytest.approx(float(jax.jit(made.log_density)(at)), rel=1e-12)


def test_too_few_particles_are_told(y):
    fit = uqdsl.loads(by("bootstrap(members = 3), draws = 500", "metropolis")).compile(y=y).infer(seed=2)
    assert fit.status == "suspect"
    assert "estimated with a variance of" in " ".join(fit.reasons)


def test_a_run_stopped_while_states_are_drawn_has_its_draws_and_goes_on(y, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"{t},{'' if np.isnan(each) else each}" for t, each in enumerate(y)]
    (tmp_path / "y.csv").write_text("\n".join(["t,y", *rows]))
    (tmp_path / "level.uq").write_text(LEVEL.replace("data {", 'data "y.csv" {'))
    with monkeypatch.context() as patch:
        patch.setattr("uqdsl.infer.summed.over_draws", Mock(side_effect=KeyboardInterrupt))
        assert execute(["run", "level.uq", "--out", "runs"]) == 130
    stopped = read_netcdf(tmp_path / "runs/level-0-1/result.nc")["posterior"].variables
    assert execute(["run", "level.uq", "--out", "runs", "--resume"]) == 0
    assert execute(["run", "level.uq", "--out", "runs"]) == 0
    resumed, whole = (
        read_netcdf(tmp_path / f"runs/level-0-{number}/result.nc")["posterior"].variables for number in (1, 2)
    )
    assert np.array_equal(stopped["q"].values, whole["q"].values)
    for name in ("q", "r", "level"):
        assert np.array_equal(resumed[name].values, whole[name].values)
