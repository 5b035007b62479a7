"""Ensembles: what their members are worth, against closed forms and the reference `uq.json`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import multivariate_normal

import uqdsl
from uqdsl.infer.ensemble import run
from uqdsl.infer.posterior import Draws, Posterior, make_posterior, unwatched
from uqdsl.infer.pushforward import push
from uqdsl.infer.training import Units
from uqdsl.messages import RunError
from uqdsl.vocabulary.methods.ensembles import EnsembleOptions

from . import problems

KEY = jax.random.key(4)


def posterior_of(spec: str, **data: Any) -> Posterior:
    return make_posterior(uqdsl.loads(spec).compile(**data)._target)  # pyright: ignore[reportPrivateUsage]


def ensemble(posterior: Posterior, **options: Any) -> Draws:
    return run(posterior, EnsembleOptions(**options), KEY, unwatched)


def number(draws: Draws, name: str) -> float:
    found = draws.diagnostics[name]
    assert isinstance(found, float | int)
    return found


def regression(size: int, rows: int = 60) -> tuple[Posterior, np.ndarray, np.ndarray]:
    """A linear regression with as many unknowns, and the mean and precision of its posterior."""
    rng = np.random.default_rng(7)
    x, sd = rng.normal(size=(rows, size)) / np.sqrt(size), 0.5
    y = x @ rng.normal(size=size) + rng.normal(0, sd, rows)
    spec = f"""
dim input = {size}
data {{ x[case, input] : real, y[case] : real }}
prior w[input] ~ Normal(0, 1)
likelihood y[case] ~ Normal(x @ w, {sd})
"""
    precision = x.T @ x / sd**2 + np.eye(size)
    return posterior_of(spec, x=x, y=y), np.linalg.solve(precision, x.T @ y / sd**2), precision


def isotropic(size: int, precision: float) -> Posterior:
    """A posterior `Normal(0, 1 / precision)` in each of so many unknowns, whose prior is standard normal."""
    spec = f"""
dim i = {size}
data {{ y[i] : real }}
prior w[i] ~ Normal(0, 1)
likelihood y[i] ~ Normal(w, {(precision - 1) ** -0.5})
"""
    return posterior_of(spec, y=np.zeros(size))


@pytest.mark.parametrize("size", [10, 50])
def test_randomised_members_of_a_linear_model_are_draws_of_its_posterior(size: int) -> None:
    posterior, mean, precision = regression(size)
    draws = ensemble(posterior, members=50, kind="rto", weighting="importance")
    assert draws.diagnostics["weights_ess"] == pytest.approx(50, rel=1e-9)  # `rto_ess_analytic`
    apart = np.asarray(draws.positions) - mean
    squares = np.einsum("mi,ij,mj->m", apart, precision, apart) / size  # chi-squared over its degrees of freedom
    assert squares.mean() == pytest.approx(1, abs=4 * np.sqrt(2 / size / 50))
    assert not draws.reasons


def test_weights_of_randomised_members_correct_for_what_is_not_linear() -> None:
    spec = """
data { y : real = 1.2 }
prior a ~ Normal(0, 1)
prior b ~ Normal(0.5, 0.5)
likelihood y ~ Normal(sinh(a) + b, 0.5)
"""
    a, b = np.meshgrid(*[np.linspace(-5, 5, 801)] * 2, indexing="ij")
    density = np.exp(-0.5 * (a**2 + ((b - 0.5) / 0.5) ** 2 + ((1.2 - np.sinh(a) - b) / 0.5) ** 2))
    exact = np.array([(density * each).sum() for each in (a, b)]) / density.sum()
    draws = ensemble(posterior_of(spec), members=4000, kind="rto", weighting="importance")
    assert not draws.reasons
    positions, weights = np.asarray(draws.positions), np.exp(np.asarray(draws.log_weights))
    weights /= weights.sum()
    errors = np.sqrt((weights**2) @ (positions - exact) ** 2)
    assert (np.abs(weights @ positions - exact) < 4 * errors).all()
    # Without weights they miss it.
    assert (np.abs(positions.mean(0) - exact) > 6 * positions.std(0) / np.sqrt(4000)).any()


def test_gradient_descent_has_the_density_that_its_map_gives() -> None:
    posterior, mean, precision = regression(3)
    steps, members = 4, 8
    pushed = push(posterior, Units(jnp.zeros(3), jnp.ones(3)), KEY, members=members, steps=steps, watch=unwatched)
    rate = 0.5 / np.linalg.eigvalsh(precision)[-1]
    step = np.linalg.matrix_power(np.eye(3) - rate * precision, steps)
    closed = multivariate_normal(mean - step @ mean, step @ step.T).logpdf(np.asarray(pushed.positions))
    assert np.asarray(pushed.log_density) == pytest.approx(closed, abs=1e-8)
    assert float(pushed.smallest.min()) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("ratio", "size", "share"),
    [(1.05, 1, 0.99887), (1.05, 10, 0.98871), (1.2, 10, 0.86862), (1.5, 1, 0.94281), (1.5, 10, 0.55493)],
)
def test_effective_size_falls_with_the_number_of_weights(ratio: float, size: int, share: float) -> None:
    """`linear_gaussian_ensemble.closed_form`: ESS/N = (sqrt(2c - 1)/c)^d where training leaves c times the variance."""
    # One step of gradient descent halves each unknown, and so divides the variance of the prior by 4.
    posterior, members = isotropic(size, 4 * ratio), 4000
    pushed = push(posterior, Units(jnp.zeros(size), jnp.ones(size)), KEY, members=members, steps=1, watch=unwatched)
    log_weights = np.asarray(jax.jit(jax.vmap(posterior.log_density))(pushed.positions) - pushed.log_density)
    weights = np.exp(log_weights - log_weights.max())
    blocks = weights.reshape(20, -1)
    shares = blocks.sum(1) ** 2 / (blocks**2).sum(1) / blocks.shape[1]
    assert weights.sum() ** 2 / (weights**2).sum() / members == pytest.approx(share, abs=4 * shares.std() / np.sqrt(20))


def test_weights_of_a_trained_ensemble_are_degenerate_and_are_refused() -> None:
    posterior, _, _ = regression(10)
    draws = ensemble(posterior, members=50, weighting="importance", density="pushforward", steps=30)
    assert number(draws, "weights_ess") < 10  # 3.4 of 50 in `linear_gaussian_ensemble`, d = 10, T = 10
    assert draws.log_weights is None
    assert any("degenerate" in each for each in draws.reasons)


def test_a_collapsed_ensemble_is_called_so_and_counts_no_draws() -> None:
    posterior, _, _ = regression(10)
    draws = ensemble(posterior, members=10, steps=1500)
    assert number(draws, "spread_ratio") < 0.01
    assert any("collapsed" in each for each in draws.reasons)
    assert any("not draws of the posterior" in each for each in draws.notes)
    assert draws.worth is not None
    assert np.isnan(draws.worth)


def test_draws_around_the_members_are_exact_where_the_posterior_is_normal() -> None:
    problem = problems.conjugate()
    draws = ensemble(problem.posterior(), members=10, weighting="importance", steps=1500, draws=400)
    assert draws.diagnostics["weights_ess"] == pytest.approx(4000, rel=1e-6)
    assert draws.diagnostics["log_evidence"] == pytest.approx(problem.exact.log_evidence, abs=1e-6)
    found = problems.errors(problem, draws.positions, draws.log_weights)
    assert found.mean < 4 / np.sqrt(4000)
    assert not draws.reasons


@pytest.mark.parametrize("problem", [problems.banana, problems.close])
def test_draws_around_the_members_are_weighted_to_the_posterior(problem: Callable[[], problems.Problem]) -> None:
    draws = ensemble(problem().posterior(), members=20, weighting="importance", draws=200)
    found = problems.errors(problem(), draws.positions, draws.log_weights)
    ess = number(draws, "weights_ess")
    assert not draws.reasons
    assert found.mean < 4 / np.sqrt(ess)
    assert draws.diagnostics["log_evidence"] == pytest.approx(problem().exact.log_evidence, abs=4 / np.sqrt(ess))


@pytest.mark.parametrize("problem", [problems.conjugate, problems.banana])
def test_members_that_are_moved_are_draws_of_the_posterior(problem: Callable[[], problems.Problem]) -> None:
    draws = ensemble(problem().posterior(), members=20, weighting="equal_weight", draws=50)
    found = problems.errors(problem(), draws.positions)
    assert not draws.reasons
    assert draws.log_weights is None
    assert found.mean < 4 / np.sqrt(1000)
    assert found.covariance < 0.15
    assert number(draws, "log_evidence") == pytest.approx(problem().exact.log_evidence, abs=0.15)


def test_a_member_that_diverged_is_left_out_by_name() -> None:
    spec = """
data { y : real = 2 }
prior b ~ Normal(0, 300)
likelihood y ~ Normal(exp(b), 0.1)
"""
    draws = ensemble(posterior_of(spec), members=20)
    left_out = number(draws, "diverged")
    assert 0 < left_out < 20
    assert len(draws.positions) == 20 - left_out
    assert np.isfinite(np.asarray(draws.positions)).all()
    assert any("left out" in each for each in draws.notes)


@pytest.mark.parametrize(
    "statements",
    [
        "prior s ~ HalfNormal(1)\nlikelihood y[i] ~ Normal(mu, s)",
        "likelihood y[i] ~ StudentT(4, mu, 1)",
        "likelihood y[i] ~ Normal(mu, exp(mu))",
    ],
)
def test_randomised_members_need_normal_laws_of_known_scatter(statements: str) -> None:
    posterior = posterior_of(f"data {{ y[i] : real = [1, 2] }}\nprior mu ~ Normal(0, 1)\n{statements}")
    with pytest.raises(RunError) as caught:
        ensemble(posterior, kind="rto")
    assert [each.code for each in caught.value.problems] == ["UQ650"]


@pytest.mark.parametrize("options", [{"weighting": "importance"}, {"kind": "rto"}])
def test_the_same_key_gives_the_same_draws(options: dict[str, Any]) -> None:
    posterior = problems.conjugate().posterior()
    first, second = (ensemble(posterior, members=3, steps=50, **options) for _ in range(2))
    assert (np.asarray(first.positions) == np.asarray(second.positions)).all()


@pytest.mark.parametrize(("name", "said"), [("seed_b", "lie in 2 modes"), ("banana", "collapsed")])
def test_members_in_several_modes_are_held_against_what_the_posterior_has_there(name: str, said: str) -> None:
    """Half of the members end in a mode that has no weight; or they lie apart only because there are two modes."""
    draws = ensemble(problems.PROBLEMS[name]().posterior(), members=20, steps=1500)
    assert draws.diagnostics["modes"] == 2
    assert any(said in reason for reason in draws.reasons)
