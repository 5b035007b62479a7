"""Chains by gradients of a few rows: their bias is what theory says, and they say it."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import numpy as np
import pytest

import uqdsl
from uqdsl.diagnose.statistics import ess_bulk
from uqdsl.infer import sghmc, sgld
from uqdsl.infer.posterior import Draws, Posterior, make_posterior, unwatched
from uqdsl.vocabulary.methods.stochastic import SghmcOptions, SgldOptions

ROWS, BATCH = 10_000, 100


@cache
def regression() -> tuple[Posterior, np.ndarray, np.ndarray]:
    """A linear regression with many rows, and the mean and covariance of its posterior."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(ROWS, 3)) @ np.array([[1.0, 0.8, 0.0], [0.0, 0.5, 0.3], [0.0, 0.0, 2.0]])
    y = x @ [0.5, -1.0, 2.0] + rng.normal(0, 1.5, ROWS)
    spec = f"""
dim input = 3
data {{ x[case, input] : real, y[case] : real }}
prior b[input] ~ Normal(0, 2)
likelihood y[case] ~ Normal(x @ b, 1.5) batch({BATCH})
"""
    posterior = make_posterior(uqdsl.loads(spec).compile(x=x, y=y)._target)  # pyright: ignore[reportPrivateUsage]
    covariance = np.linalg.inv(x.T @ x / 1.5**2 + np.eye(3) / 4)
    return posterior, covariance @ x.T @ y / 1.5**2, covariance


def run(method: str, **options: Any) -> Draws:
    posterior, _, _ = regression()
    given: dict[str, Any] = {"draws": 1500, "training": 600, **options}
    if method == "sgld":
        return sgld.run(posterior, SgldOptions(**given), jax.random.key(3), unwatched)
    return sghmc.run(posterior, SghmcOptions(**given), jax.random.key(3), unwatched)


def stationary(method: str, step_size: float, *, control_variates: bool) -> np.ndarray:
    """The variances of a chain along the axes of the posterior: of a linear recurrence, whose moments are known exactly.

    In coordinates in which the posterior is standard normal the gradient of a batch is c - A x, the means of random rows, and a
    chain is z <- B z + noise with random B. So its second moments are S = E[B S B'] + N, which is linear in S.
    """
    posterior, mean, covariance = regression()
    x, y = (np.asarray(posterior.data[name]) for name in ("x", "y"))
    root = np.linalg.cholesky(covariance)
    u = x @ root / 1.5
    # Of each row, as if all were like it: the gradient at the mode, and its slope. Control variates take the former away.
    rest = (y - x @ mean) / 1.5
    at_mode = ROWS * u * rest[:, None]
    at_mode = (at_mode - at_mode.mean(0)) * (not control_variates)
    slopes = ROWS * u[:, :, None] * u[:, None, :]
    scattered = np.concatenate([at_mode[:, :, None], -(slopes - slopes.mean(0))], 2)
    one = np.eye(3)
    # State (1, x) or (1, x, v); what is random of B goes with the gradient, by this gain.
    if method == "sgld":
        steady, gain = one * (1 - step_size / 2), step_size / 2 * one
        noise = step_size * one
    else:
        friction = 0.1
        steady = np.block([[one * (1 - step_size), one * (1 - friction)], [-step_size * one, one * (1 - friction)]])
        gain = step_size * np.concatenate([one, one])
        error = np.einsum("nij,nkj->nik", scattered, scattered).mean(0) / BATCH
        left = np.maximum(2 * friction * step_size - step_size**2 * np.linalg.eigvalsh(error), 0)
        assert np.ptp(left) < 0.02 * 2 * friction * step_size, (
            "the noise that is added has the same scatter along all axes"
        )
        noise = np.tile(one * left.mean(), (2, 2))
    size = len(steady)
    B = np.zeros((size + 1, size + 1))
    B[0, 0], B[1:, 1:] = 1, steady
    shaken = np.zeros((ROWS, size + 1, size + 1))
    shaken[:, 1:, :4] = gain @ scattered
    moved = np.kron(B, B) + np.einsum("nij,nkl->ikjl", shaken, shaken).reshape(2 * [(size + 1) ** 2]) / ROWS / BATCH
    added = np.zeros_like(B)
    added[1:, 1:] = noise
    moments = np.zeros_like(B)
    moments[0, 0] = 1
    given = (moved @ moments.ravel() + added.ravel())[1:]
    found = np.linalg.solve(np.eye(B.size - 1) - moved[1:, 1:], given)
    return np.diag(np.insert(found, 0, 1.0).reshape(B.shape))[1:4]


def variance_ratio(draws: Draws) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Errors of the means and ratios of the variances along the axes of the posterior, with the effective draws of each."""
    _, mean, covariance = regression()
    root = np.linalg.inv(np.linalg.cholesky(covariance))
    x = (np.asarray(draws.positions) - mean) @ root.T
    sizes = np.minimum(ess_bulk(x), ess_bulk(x**2))
    return x.mean((0, 1)), x.var((0, 1)), sizes


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("sgld", {"step_size": 0.4}),
        ("sgld", {"step_size": 0.02, "control_variates": False, "thin": 40}),
        ("sghmc", {"step_size": 0.05}),
        ("sghmc", {"step_size": 0.01, "control_variates": False, "thin": 20}),
    ],
)
def test_the_bias_is_the_one_that_is_stated(method: str, options: dict[str, Any]) -> None:
    draws = run(method, **options)
    means, ratios, sizes = variance_ratio(draws)
    exact = stationary(method, options["step_size"], control_variates=options.get("control_variates", True))
    assert (np.abs(means) < 4 * np.sqrt(exact / sizes)).all()
    assert (np.abs(ratios / exact - 1) < 4 * np.sqrt(2 / sizes)).all()
    # What is stated rests on the variance V of gradients at 32 places, each by 128 batches, of three elements.
    error = np.sqrt(2 / 127 / (32 * 3))
    assert float(draws.diagnostics["variance_ratio"]) == pytest.approx(float(exact.mean()), rel=4 * error)
    assert any("not exact" in each for each in draws.notes)


def test_plain_gradients_of_few_rows_spread_too_widely_and_say_so() -> None:
    """V is rows / batch where each row tells as much as it should: 1.5 times the variance (Vollmer et al. 2016)."""
    draws = run("sgld", step_size=0.02, control_variates=False, draws=50)
    assert draws.diagnostics["gradient_error_variance"] == pytest.approx(ROWS / BATCH, rel=0.06)
    assert any("too widely" in each for each in draws.reasons)
    assert not run("sgld", step_size=0.02, draws=50).reasons


def test_training_that_ended_too_early_is_mended_or_said() -> None:
    """Of a normal law one step of Newton's leads to the mode; of a bent one far from it, it may not."""
    draws = run("sgld", training=1, draws=200)
    means, _, sizes = variance_ratio(draws)
    assert not draws.reasons
    assert (np.abs(means) < 4 / np.sqrt(sizes)).all()
    bent = "data { y : real = 0 }\nprior x ~ Normal(0, 1000)\nlikelihood y ~ Normal(log(1 + x ^ 2), 0.1)"
    posterior = make_posterior(uqdsl.loads(bent).compile()._target)  # pyright: ignore[reportPrivateUsage]
    far = sgld.run(posterior, SgldOptions(training=1, draws=20), jax.random.key(0), unwatched)
    assert any("from a mode" in each for each in far.reasons)


@pytest.mark.parametrize("schedule", ["polynomial", "cyclical"])
def test_steps_that_fall_leave_the_mean_where_it_is(schedule: str) -> None:
    draws = run("sgld", schedule=schedule, thin=20)
    _, mean, covariance = regression()
    positions = np.asarray(draws.positions)
    weights = np.ones(positions.shape[:2]) if draws.log_weights is None else np.exp(np.asarray(draws.log_weights))
    found = np.average(positions.reshape(-1, 3), axis=0, weights=weights.ravel())
    sizes = ess_bulk(positions)
    assert (np.abs(found - mean) < 4 * np.sqrt(np.diag(covariance) / sizes)).all()
    spread = np.average((positions.reshape(-1, 3) - mean) ** 2, axis=0, weights=weights.ravel())
    assert spread == pytest.approx(np.diag(covariance), rel=0.2)


def test_the_same_key_gives_the_same_draws() -> None:
    first, second = (run("sghmc", draws=20) for _ in range(2))
    assert (np.asarray(first.positions) == np.asarray(second.positions)).all()
