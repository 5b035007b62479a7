"""SWAG: its laws are those of constant steps, in closed form where the posterior is normal."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import multivariate_normal

import uqdsl
from uqdsl.infer.posterior import Posterior, make_posterior, unwatched
from uqdsl.infer.swag import Walk, drawn, run, walk
from uqdsl.infer.training import Units
from uqdsl.vocabulary.methods.ensembles import SwagOptions

KEY = jax.random.key(5)
ROWS, BATCH, SD = 40, 5, 0.5


def regression() -> tuple[Posterior, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(ROWS, 2)) @ [[1.0, 0.9], [0.0, 0.44]]
    y = x @ [0.7, -0.4] + rng.normal(0, SD, ROWS)
    spec = f"""
dim input = 2
data {{ x[case, input] : real, y[case] : real }}
prior w[input] ~ Normal(0, 1)
likelihood y[case] ~ Normal(x @ w, {SD}) batch({BATCH})
"""
    return make_posterior(uqdsl.loads(spec).compile(x=x, y=y)._target), x, y  # pyright: ignore[reportPrivateUsage]


def stationary(x: np.ndarray, y: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance in which steps along gradients of random batches end: the fixed point of the recurrence

    Σ = E[(I - h A) Σ (I - h A)ᵀ] + h² C, with the curvature A and the gradient's error of a batch.
    """
    each = x[:, :, None] * x[:, None, :] / SD**2
    curvature = each.sum(0) + np.eye(2)
    mean = np.linalg.solve(curvature, x.T @ y / SD**2)
    slopes = x * (y - x @ mean)[:, None] / SD**2
    noise = ROWS**2 / BATCH * np.cov(slopes.T, ddof=0)
    covariance = np.eye(2) / 100
    for _ in range(20_000):
        moved = np.einsum("rij,jk,rkl->il", each, covariance, each) / ROWS
        average = each.mean(0) @ covariance @ each.mean(0)
        straight = np.eye(2) - step * curvature
        covariance = straight @ covariance @ straight.T + step**2 * (noise + ROWS**2 / BATCH * (moved - average))
    return mean, covariance


def test_walks_have_the_moments_of_constant_steps() -> None:
    posterior, x, y = regression()
    step = 0.002
    mean, covariance = stationary(x, y, step)
    options = SwagOptions(members=8, snapshots=1200, thin=40, rank=900)
    starts = jnp.broadcast_to(mean, (8, 2))
    units = Units(jnp.zeros(2), jnp.ones(2))
    walked, counted = walk(posterior, options, units, starts, jnp.full(8, step), KEY, unwatched)
    assert counted == 900
    error = np.sqrt(np.diag(covariance) / (8 * counted) * 1.2)
    assert (np.abs(walked.mean.mean(0) - mean) < 4 * error).all()
    # Half of the law is the diagonal alone.
    wanted = (np.diag(np.diag(covariance)) + covariance) / 2
    law = np.asarray(walked.law(counted).covariance_matrix).mean(0)
    assert law == pytest.approx(wanted, abs=4 * np.sqrt(2 / (8 * counted) * 1.2) * covariance[0, 0])
    assert abs(covariance[0, 1]) > 8 * np.sqrt(2 / (8 * counted)) * covariance[0, 0]


def swag(spec: str, data: dict[str, Any], **options: Any):
    posterior = make_posterior(uqdsl.loads(spec).compile(**data)._target)  # pyright: ignore[reportPrivateUsage]
    return run(posterior, SwagOptions(**options), KEY, unwatched)


def test_one_unknown_is_as_wide_as_its_posterior_by_the_step_that_is_taken() -> None:
    """h = 2 / C leaves the variance h C / (A (2 - h A)) = 1 / (A (1 - A / C))."""
    y = np.random.default_rng(1).normal(0.3, 1.0, 400)
    spec = "data { y[case] : real }\nprior m ~ Normal(0, 1)\nlikelihood y[case] ~ Normal(m, 1) batch(10)\n"
    draws = swag(spec, {"y": y}, members=2, snapshots=1000, thin=100, steps=300)
    curvature, noise = 401.0, 400**2 / 10 * y.var()
    # The noise is estimated from 64 batches, with a relative error of √(2/64) for each member.
    wanted = 1 / (curvature * (1 - curvature / noise))
    assert np.var(draws.positions) == pytest.approx(wanted, rel=4 * np.sqrt(2 / 64 / 2))
    assert draws.reasons == ()
    assert draws.log_approximation is not None
    assert draws.diagnostics["steps_capped"] == 0


def test_draws_are_of_the_mixture_whose_density_they_have() -> None:
    rng = np.random.default_rng(8)
    means, places = rng.normal(0, 3, (2, 3)), rng.normal(size=(2, 4, 3))
    square = rng.uniform(50, 100, (2, 3))
    law = Walk(*map(jnp.asarray, (means, means, square, means[:, None] + places))).law(100)
    draws, log_density = (np.asarray(each) for each in drawn(law, KEY, 1999))
    covariances = [np.diag(own) / 200 + each.T @ each / 6 for own, each in zip(square, places, strict=True)]
    laws = [multivariate_normal(*each) for each in zip(means, covariances, strict=True)]
    wanted = np.logaddexp(laws[0].logpdf(draws), laws[1].logpdf(draws)) - np.log(2)
    assert log_density == pytest.approx(wanted, abs=1e-8)
    own = draws[::2]
    assert np.cov(own.T) == pytest.approx(covariances[0], abs=5 * np.sqrt(2 / len(own)) * covariances[0].max())


def test_members_at_several_modes() -> None:
    spec = "data { y[case] : real }\nprior m ~ Normal(0, 1)\nlikelihood y[case] ~ Normal(m^2, 0.5) batch(10)\n"
    y = np.random.default_rng(2).normal(1.0, 0.5, 100)
    draws = swag(spec, {"y": y}, members=6, draws=600, steps=500, snapshots=50)
    assert 0.1 < np.mean(np.asarray(draws.positions) > 0) < 0.9
    assert draws.diagnostics["members_apart"] > 3
