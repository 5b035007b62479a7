"""Posteriors as a batch of rows shows them."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import uqdsl
from uqdsl.infer.ensemble import run
from uqdsl.infer.posterior import Posterior, make_posterior, unwatched
from uqdsl.messages import RunError
from uqdsl.vocabulary.methods.ensembles import EnsembleOptions

SPEC = """
dim input = 2
dim group = ["a", "b", "c"]
data {{ x[input, case] : real, y[case] : real, group[case] : category(group) }}
data {{ far[group] : real }}
prior b[input] ~ Normal(1, 2)
prior s ~ HalfNormal(1)
likelihood y[case] ~ Normal(x @ b + far[group], s) {batch}
"""
POSITION = jnp.array([0.4, -1.0, -0.3])


def posterior_of(batch: str, rows: int = 40) -> Posterior:
    rng = np.random.default_rng(2)
    x, group = rng.normal(size=(2, rows)), rng.choice(["a", "b", "c"], rows)
    data = {"x": x, "y": rng.normal(size=rows) + x[0], "group": group, "far": [0.5, -1.0, 0.2]}
    model = uqdsl.loads(SPEC.format(batch=batch))
    return make_posterior(model.compile(**data)._target)  # pyright: ignore[reportPrivateUsage]


def test_a_batch_tells_on_average_what_all_rows_tell() -> None:
    posterior = posterior_of("batch(8)")
    assert posterior.log_likelihood(POSITION) == pytest.approx(
        float(posterior_of("").log_likelihood(POSITION)), rel=1e-12
    )
    drawn = jax.jit(jax.vmap(lambda key: posterior.draw_batch(key).log_likelihood(POSITION)))
    found = np.asarray(drawn(jax.random.split(jax.random.key(0), 4000)))
    assert found.std() > 0
    assert found.mean() == pytest.approx(float(posterior.log_likelihood(POSITION)), abs=4 * found.std() / np.sqrt(4000))


def test_named_rows_are_those_of_the_data() -> None:
    posterior, all_of_them = posterior_of("batch(2)"), jnp.arange(40)
    one_by_one = jax.jit(jax.vmap(lambda row: posterior.of_rows(row[None]).log_likelihood(POSITION)))(all_of_them)
    # Each row alone stands for all 40.
    assert float(one_by_one.mean()) == pytest.approx(float(posterior.log_likelihood(POSITION)), rel=1e-12)


def test_a_batch_as_large_as_the_data_is_the_data() -> None:
    posterior = posterior_of("batch(40)")
    assert posterior.draw_batch(jax.random.key(0)) is posterior


def test_members_in_batches_find_the_mode_of_all_rows() -> None:
    whole = run(posterior_of("", 400), EnsembleOptions(members=4), jax.random.key(1), unwatched)
    few = run(posterior_of("batch(64)", 400), EnsembleOptions(members=4), jax.random.key(1), unwatched)
    assert np.asarray(few.positions) == pytest.approx(np.asarray(whole.positions), abs=0.05)
    assert np.ptp(np.asarray(few.positions), axis=0).max() > 1e-6


def test_bootstrap_members_scatter_as_estimates_of_other_data_would() -> None:
    """Of a linear model with many rows, the bootstrap's covariance is the sandwich, here σ²(XᵀX)⁻¹ (Efron 1979)."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, 2))
    y = x @ [1.0, -0.5] + rng.normal(0, 0.7, 400)
    spec = """
dim input = 2
data { x[case, input] : real, y[case] : real }
prior b[input] ~ Normal(0, 2)
likelihood y[case] ~ Normal(x @ b, 0.7)
"""
    posterior = make_posterior(uqdsl.loads(spec).compile(x=x, y=y)._target)  # pyright: ignore[reportPrivateUsage]
    draws = run(posterior, EnsembleOptions(members=400, kind="bootstrap", steps=800), jax.random.key(2), unwatched)
    residual = y - x @ np.linalg.lstsq(x, y)[0]
    inverse = np.linalg.inv(x.T @ x)
    sandwich = inverse @ (x.T * residual**2) @ x @ inverse
    found = np.cov(np.asarray(draws.positions).T)
    assert np.diag(found) == pytest.approx(np.diag(sandwich), rel=4 * np.sqrt(2 / 400))


def test_a_bootstrap_needs_rows_that_know_nothing_of_each_other() -> None:
    spec = """
time t
data { y[t] : real = [1, 2, 4, 3] }
prior a ~ Normal(0, 1)
likelihood y[t] ~ Normal(a * y[t - 1], 1)
"""
    posterior = make_posterior(uqdsl.loads(spec).compile()._target)  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(RunError) as caught:
        run(posterior, EnsembleOptions(kind="bootstrap"), jax.random.key(0), unwatched)
    assert [each.code for each in caught.value.problems] == ["UQ650"]
