"""Methods that are no Markov chains: how their draws become a result."""

from __future__ import annotations

import re
from typing import Any

import jax
import numpy as np
import pytest

import uqdsl
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.vocabulary.methods import ApproximationOptions, Brought, Method

SPEC = """
data { y : real = 1.0 }
prior mu ~ Normal(0, 1)
let twice = 2 * mu
likelihood y ~ Normal(mu, 1)
"""
"""Its posterior is Normal(0.5, sqrt(0.5))."""
SD = 0.5**0.5


def prior_draws(posterior: Posterior, options: ApproximationOptions, key: jax.Array, watch: Watch) -> Draws:
    """Draws of the prior, as an approximation of known density."""
    positions = jax.vmap(posterior.draw_prior)(jax.random.split(key, options.draws))
    return Draws(positions, log_approximation=jax.vmap(posterior.log_prior)(positions), notes=("made of the prior",))


def narrow(posterior: Posterior, options: ApproximationOptions, key: jax.Array, watch: Watch) -> Draws:
    """Draws that are much too narrow."""
    positions = 0.5 + 0.1 * jax.random.normal(key, (options.draws, posterior.size))
    return Draws(positions, log_approximation=-0.5 * ((positions[:, 0] - 0.5) / 0.1) ** 2)


def weighted(posterior: Posterior, options: ApproximationOptions, key: jax.Array, watch: Watch) -> Draws:
    """Draws of which one has all the weight."""
    positions = jax.random.normal(key, (options.draws, posterior.size))
    return Draws(positions, log_weights=jax.numpy.arange(options.draws) * 10.0, history={"step": np.arange(3.0)})


@pytest.fixture(autouse=True)
def own_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, Method] = {}
    for function in (prior_draws, narrow, weighted):
        path = f"{__name__}:{function.__name__}"
        found[function.__name__] = Method(function.__name__, "of a test", ApproximationOptions, path)
    monkeypatch.setattr("uqdsl.vocabulary.methods.brought", lambda: Brought(found, ()))


def fit_by(method: str) -> Any:
    return uqdsl.loads(SPEC).compile().infer(method, seed=3, progress=False)


def test_weights_that_correct_an_approximation_give_the_posterior() -> None:
    fit = fit_by("prior_draws(draws = 4000, correction = importance)")
    (row,) = (row for row in fit._result.rows if row.label == "mu")
    assert 1000 < row.ess_bulk < 4000
    assert np.isnan(row.r_hat)
    assert abs(row.mean - 0.5) < 4 * row.mcse_mean
    assert abs(row.sd / SD - 1) < 0.1
    assert row.mcse_mean == pytest.approx(row.sd / row.ess_bulk**0.5)
    weights = np.exp(fit.posterior["weighted"]["log_weight"].values)
    assert weights.sum() == pytest.approx(1)
    assert (weights * fit.posterior["weighted"]["mu"].values).sum() == pytest.approx(row.mean, abs=0.02)
    assert np.allclose(fit.posterior.posterior["twice"], 2 * fit.posterior.posterior["mu"])
    assert fit._result.verdict.status == "ok"
    assert fit._result.verdict.notes == ("made of the prior",)


def test_without_correction_draws_stay_and_pareto_k_tells() -> None:
    fit = fit_by("prior_draws")
    assert abs(float(fit.posterior.posterior["mu"].mean())) < 0.1
    assert fit._result.verdict.diagnostics["pareto_k"] < 0.7
    assert "weighted" not in fit.posterior.children
    # In reach of weights, but another law all the same: the posterior has mean 0.5 and variance 0.5.
    (reason,) = fit._result.verdict.reasons
    moved = float(re.match(r"weights would move a mean of `mu` by (\S+) standard deviations", reason)[1])  # pyright: ignore[reportOptionalSubscript]
    assert moved == pytest.approx(0.5 / SD, abs=0.06)
    fit = fit_by("narrow")
    assert fit._result.verdict.diagnostics["pareto_k"] > 0.7
    assert fit._result.verdict.status == "suspect"
    assert "not close to the posterior" in fit._result.verdict.reasons[0]


def test_draws_of_which_one_has_all_weight_are_suspect() -> None:
    fit = fit_by("weighted(draws = 500)")
    assert fit._result.verdict.diagnostics["ess"] == pytest.approx(1)
    assert fit._result.verdict.reasons[0].startswith("the 500 draws are worth 1.0 independent ones")
    assert fit.posterior["method"]["step"].values.tolist() == [0, 1, 2]


def test_same_seed_same_draws() -> None:
    one, other = fit_by("weighted(draws = 50)"), fit_by("weighted(draws = 50)")
    assert np.array_equal(one.posterior.posterior["mu"], other.posterior.posterior["mu"])
