"""Laplace's approximation: exact on normal posteriors, flagged where it cannot be right."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest

from tests.infer.problems import PROBLEMS, errors
from uqdsl.infer.laplace import run
from uqdsl.infer.posterior import Draws, Posterior, make_posterior, unwatched
from uqdsl.messages import RunError
from uqdsl.vocabulary.methods.local import LaplaceOptions

import uqdsl  # isort: skip

LINE = """
dim input = 2
dim out   = 2
data { Z[case, input] : real, y[case, out] : real }
network f(z[input]) -> f[out] { dense(out, bias = BIAS) }
prior f.weights ~ Normal(0, 2)
likelihood y[case, out] ~ Normal(f(Z), 0.5)
"""
CURVED = """
dim input = 2
data { Z[case, input] : real, y[case] : real }
network f(z[input]) -> real { dense(3, tanh)  dense(1) }
prior f.weights ~ Normal(0, 1)
prior sigma     ~ LogNormal(-1, 0.3)
likelihood y[case] ~ Normal(f(Z), sigma)
"""


def approximate(posterior: Posterior, **options) -> Draws:
    return run(posterior, LaplaceOptions(**options), jax.random.key(3), unwatched)


def density_over_approximation(posterior: Posterior, draws: Draws) -> np.ndarray:
    return np.asarray(jax.jit(jax.vmap(posterior.log_density))(draws.positions)) - np.asarray(draws.log_approximation)


@pytest.mark.parametrize("name", ["conjugate", "gaussian20"])
def test_a_normal_posterior_is_met_exactly(name):
    """At every draw the density is the evidence times that of the approximation, so that mean and covariance are right too."""
    problem = PROBLEMS[name]()
    posterior = problem.posterior()
    draws = approximate(posterior, starts=2, draws=1000)
    assert draws.diagnostics["log_evidence"] == pytest.approx(problem.exact.log_evidence, abs=1e-8)
    assert density_over_approximation(posterior, draws) == pytest.approx(problem.exact.log_evidence, abs=1e-8)
    assert draws.reasons == ()


def test_a_logistic_regression_is_near():
    problem = PROBLEMS["logistic"]()
    draws = approximate(problem.posterior(), starts=3, draws=4000)
    found = errors(problem, draws.positions)
    assert found.mean < 0.2
    assert found.covariance < 0.15
    assert draws.diagnostics["log_evidence"] == pytest.approx(problem.exact.log_evidence, abs=0.1)
    assert draws.reasons == ()


@pytest.mark.parametrize("name", ["banana", "close"])
def test_several_modes_are_told(name):
    draws = approximate(PROBLEMS[name]().posterior(), starts=12, draws=10)
    assert draws.diagnostics["searches_at_other_modes"] > 0
    (reason,) = draws.reasons
    assert "ended at other modes" in reason


def test_an_equation_is_curved_as_its_solution_is():
    seen = "data { y[t] : real = [2.9, 1.6, 0.8, 0.5] }\nprior k ~ LogNormal(-1, 1)\nprior a ~ Normal(2, 1)\n"
    laws = {
        "state x over t {\n  initial x = a\n  evolve der(x) = -k * x by dopri5(rtol = 1e-9, atol = 1e-11)\n  error exact\n}\n",
        "let x[t] = a * exp(-k * t)\n",
    }
    found = []
    for law in laws:
        text = f"time t from 0 to 3 step 1\n{seen}{law}likelihood y[t] ~ Normal(x, 0.2)\ninfer by laplace\n"
        found.append(approximate(make_posterior(uqdsl.loads(text).compile()._target), starts=2, draws=200))
    one, other = found
    assert one.diagnostics["log_evidence"] == pytest.approx(other.diagnostics["log_evidence"], abs=1e-4)
    assert np.allclose(one.positions, other.positions, atol=1e-3)


def test_a_direction_without_curvature_is_told():
    text = "data { y : real = 1 }\nprior a ~ Flat()\nprior b ~ Flat()\nlikelihood y ~ Normal(a + b, 1)\n"
    draws = approximate(make_posterior(uqdsl.loads(text).compile()._target), starts=1, draws=10)
    assert draws.diagnostics["directions_not_curved"] == 1
    assert "does not fall in 1 of 2 directions" in draws.reasons[0]


def test_a_density_without_a_mode_is_refused():
    text = "dim i = 3\nprior m ~ Flat()\nprior s ~ HalfNormal(1)\nprior x[i] ~ Normal(m, s)\n"
    text += "data { y : real = 1 }\nlikelihood y ~ Normal(m, 1)\n"
    with pytest.raises(RunError) as raised:
        approximate(make_posterior(uqdsl.loads(text).compile()._target), starts=2)
    assert raised.value.problems[0].code == "UQ613"


# --------------------------------------------------------------------------------------------------------- of networks


def network(text: str) -> Posterior:
    rng = np.random.default_rng(2)
    Z = rng.normal(size=(12, 2))
    y = (
        Z @ [[1.0, -0.5], [0.3, 2.0]] + rng.normal(0, 0.3, (12, 2))
        if "out" in text
        else np.tanh(Z[:, 0]) + 0.1 * Z[:, 1]
    )
    return make_posterior(uqdsl.loads(text).compile(Z=Z, y=y)._target)


@pytest.mark.parametrize("bias", ["true", "false"])
def test_one_linear_layer_is_a_kronecker_product(bias):
    """So that what is near in general is exact here."""
    posterior = network(LINE.replace("BIAS", bias))
    draws = approximate(posterior, starts=1, hessian="kronecker", draws=200)
    assert draws.diagnostics["hessian"] == "kronecker"
    assert density_over_approximation(posterior, draws) == pytest.approx(draws.diagnostics["log_evidence"], abs=1e-6)


def test_forms_of_the_curvature_of_a_network():
    posterior = network(CURVED)
    full, diagonal, kronecker, last = (
        approximate(posterior, starts=1, draws=4000, hessian=form)
        for form in ("full", "diagonal", "kronecker", "last_layer")
    )
    variances = {form: np.var(draws.positions, axis=0) for form, draws in [("full", full), ("diagonal", diagonal)]}
    # A diagonal of precisions leaves correlations out, so that it has the smaller variances.
    assert np.mean(variances["diagonal"] < 1.1 * variances["full"]) == 1
    assert np.sum(np.log(variances["diagonal"])) < np.sum(np.log(variances["full"])) - 1
    assert kronecker.log_approximation is not None
    moving = np.ptp(np.asarray(last.positions), axis=0) > 1e-9
    names = posterior.layout.split(moving)
    assert {name for name, each in names.items() if each.all()} == {"f.dense2.kernel", "f.dense2.bias", "sigma"}
    assert not np.any(names["f.dense1.kernel"])
    assert last.log_approximation is None
    assert "log_evidence" not in last.diagnostics


def test_where_there_is_no_network_the_form_is_the_full_one():
    draws = approximate(PROBLEMS["conjugate"]().posterior(), starts=1, draws=10, hessian="kronecker")
    assert draws.diagnostics["hessian"] == "full"
    assert "no network" in draws.notes[0]


def test_from_end_to_end(tmp_path: Path):
    fit = (
        uqdsl.loads(PROBLEMS["conjugate"]().spec)
        .compile(**PROBLEMS["conjugate"]().data)
        .infer("laplace(draws = 400, starts = 2)", seed=1)
    )
    exact = PROBLEMS["conjugate"]().exact
    assert float(fit.posterior["posterior"]["a"].mean()) == pytest.approx(exact.mean[0], abs=4 * exact.sd[0] / 20)
