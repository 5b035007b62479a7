"""The five sources as stages: each program against the integral that it stands for, done by hand or by quadrature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss
from scipy import stats

from uqdsl import ir
from uqdsl.codegen import generate
from uqdsl.messages import errors
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

ROWS = 5
rng = np.random.default_rng(5)
Z, X = rng.normal(1.0, 1.5, ROWS), rng.normal(2.0, 2.0, ROWS)
COORDS = {"case": list(range(ROWS))}

SPEC = """
data {{ Z[case] : real, X[case] : real }}
prior beta ~ Normal(0, 2)
prior sigma ~ HalfNormal(1)
{population}
likelihood X[case] ~ {law}
uncertainty {{
{sources}
}}
predict X[case]
"""


def analysed(sources: str, law: str = "Normal(beta * Z, sigma)", population: str = "") -> ir.Spec:
    parsed = parse(SPEC.format(sources=sources, law=law, population=population))
    found = analyse(parsed)
    assert found.spec is not None, errors(found.problems)
    return found.spec


def density(spec: ir.Spec) -> Callable[..., Any]:
    module: dict[str, Any] = {"__name__": "generated"}
    exec(generate(spec, parse("").sources, version="0").text, module)
    return module["log_density"]


def marginal(spec: ir.Spec, name: str, position: dict[str, float], data: dict[str, Any]) -> float:
    """The log density with the true values integrated out: exactly, for it is normal in them."""
    log_density = density(spec)
    inner = f"{name}_decentered"

    def of(u: jax.Array) -> jax.Array:
        return log_density({**position, inner: u}, data, COORDS)

    start = jnp.zeros(ROWS)
    hessian = jax.hessian(of)(start)
    top = start - jnp.linalg.solve(hessian, jax.grad(of)(start))
    _, volume = jnp.linalg.slogdet(-hessian / (2 * jnp.pi))
    return float(of(top) - volume / 2)


def normal(x: Any, mean: Any, sd: Any) -> Any:
    return stats.norm.logpdf(x, mean, sd)


# the true values of training data -------------------------------------------------------------------------------------

AT = {"beta": 1.3, "sigma": np.log(0.4), "Z.sd": np.log(1.2), "Z.mean": 0.7}
SIGMA, SPREAD = 0.4, 1.2
KNOWN = {"Z": Z, "X": X}


def prior_of_scales() -> float:
    """Of everything but the data, at `AT`, with the Jacobian of the scales."""
    found = normal(1.3, 0, 2) + stats.halfnorm.logpdf(SIGMA) + np.log(SIGMA)
    found += stats.halfnorm.logpdf(SPREAD, scale=2 * Z.std()) + np.log(SPREAD) + normal(0.7, Z.mean(), 10 * Z.std())
    return float(found)


def joint(slope: float, offset_z: float, sd_z: float, offset_x: float, sd_x: float) -> float:
    """Recorded Z and X of a line through normal true inputs: jointly normal."""
    mean = [0.7 + offset_z, slope * 0.7 + offset_x]
    v = SPREAD**2
    covariance = [[v + sd_z**2, slope * v], [slope * v, slope**2 * v + SIGMA**2 + sd_x**2]]
    return float(stats.multivariate_normal.logpdf(np.column_stack([Z, X]), mean, covariance).sum())


@pytest.mark.parametrize(
    ("errors_", "offset_z", "sd_z", "offset_x", "sd_x"),
    [
        ("Z ~ Normal(truth(Z), 0.5)", 0, 0.5, 0, 0),
        ("Z ~ Normal(truth(Z), 0.5), X ~ Normal(truth(X), 0.2)", 0, 0.5, 0, 0.2),
        ("Z ~ Normal(truth(Z) + 0.3, 0.5), X ~ Normal(truth(X) - 0.1, 0.2)", 0.3, 0.5, -0.1, 0.2),
        ("Z ~ Normal(0.3 + truth(Z), variance = 0.25), X ~ Normal(truth(X), precision = 25)", 0.3, 0.5, 0, 0.2),
        ("Z ~ Normal(mean = truth(Z), sd = 0.5)", 0, 0.5, 0, 0),
    ],
)
def test_classical_errors_of_a_line(errors_: str, offset_z: float, sd_z: float, offset_x: float, sd_x: float):
    spec = analysed(f"training_data {{ {errors_} }}")
    found = marginal(spec, "Z.truth", AT, KNOWN)
    assert found == pytest.approx(prior_of_scales() + joint(1.3, offset_z, sd_z, offset_x, sd_x), abs=1e-9)


def test_berkson_error_of_a_line():
    """True inputs scatter about those recorded: the slope stays, the scatter grows."""
    spec = analysed("training_data { truth(Z) ~ Normal(Z, 0.5), X ~ Normal(truth(X), 0.2) }")
    at = {name: AT[name] for name in ("beta", "sigma")}
    wanted = normal(1.3, 0, 2) + stats.halfnorm.logpdf(SIGMA) + np.log(SIGMA)
    wanted += normal(X, 1.3 * Z, np.sqrt(1.3**2 * 0.5**2 + SIGMA**2 + 0.2**2)).sum()
    assert marginal(spec, "Z.truth", at, KNOWN) == pytest.approx(wanted, abs=1e-9)


def test_a_population_that_is_declared():
    spec = analysed("training_data { Z ~ Normal(truth(Z), 0.5) }", population="population Z ~ Normal(0.7, 1.2)")
    at = {name: AT[name] for name in ("beta", "sigma")}
    wanted = normal(1.3, 0, 2) + stats.halfnorm.logpdf(SIGMA) + np.log(SIGMA) + joint(1.3, 0, 0.5, 0, 0)
    assert marginal(spec, "Z.truth", at, KNOWN) == pytest.approx(wanted, abs=1e-9)


def test_a_population_that_is_not_normal():
    """By quadrature over each true input."""
    spec = analysed("training_data { Z ~ Normal(truth(Z), 0.5) }", population="population Z ~ StudentT(4, 0.7, 1.2)")
    log_density = density(spec)
    at = {name: AT[name] for name in ("beta", "sigma")}
    truth = np.linspace(-2, 3, ROWS)
    found = log_density({**at, "Z.truth": truth}, KNOWN, COORDS)
    wanted = normal(1.3, 0, 2) + stats.halfnorm.logpdf(SIGMA) + np.log(SIGMA)
    wanted += (
        stats.t.logpdf(truth, 4, 0.7, 1.2).sum() + normal(Z, truth, 0.5).sum() + normal(X, 1.3 * truth, SIGMA).sum()
    )
    assert float(found) == pytest.approx(wanted, abs=1e-10)


def test_an_outcome_whose_law_is_not_normal():
    """Its true values are unknowns of their own."""
    spec = analysed("training_data { X ~ Normal(truth(X), 0.2) }", law="StudentT(4, beta * Z, sigma)")
    at = {name: AT[name] for name in ("beta", "sigma")}
    truth = X + np.linspace(-0.3, 0.3, ROWS)
    found = density(spec)({**at, "X.truth": truth}, KNOWN, COORDS)
    wanted = normal(1.3, 0, 2) + stats.halfnorm.logpdf(SIGMA) + np.log(SIGMA)
    wanted += stats.t.logpdf(truth, 4, 1.3 * Z, SIGMA).sum() + normal(X, truth, 0.2).sum()
    assert float(found) == pytest.approx(wanted, abs=1e-10)


def test_an_error_with_an_unknown_of_its_own():
    """An offset that all rows share."""
    spec = analysed(
        "training_data { Z ~ Normal(truth(Z) + offset, 0.5), prior offset ~ Normal(0, 0.1) }",
        population="population Z ~ Normal(0.7, 1.2)",
    )
    at = {**{name: AT[name] for name in ("beta", "sigma")}, "offset": 0.25}
    wanted = normal(1.3, 0, 2) + stats.halfnorm.logpdf(SIGMA) + np.log(SIGMA) + normal(0.25, 0, 0.1)
    wanted += joint(1.3, 0.25, 0.5, 0, 0)
    assert marginal(spec, "Z.truth", at, KNOWN) == pytest.approx(wanted, abs=1e-9)


def test_exact_data_leave_the_spec_as_it_is():
    plain = analysed("training_data exact, weights inferred")
    assert [each.name for each in plain.unknowns] == ["beta", "sigma"]


# later stages ---------------------------------------------------------------------------------------------------------


def stage(spec: ir.Spec, name: str) -> ir.Stage:
    (found,) = (each for each in spec.stages if each.name == name)
    return found


def test_true_outputs_given_the_weights():
    """X.truth | X is normal, between the fit and what was recorded."""
    spec = analysed("training_data { X ~ Normal(truth(X), 0.2) }")
    given = {**KNOWN, "beta": 1.3, "sigma": SIGMA}
    truths = stage(spec, "truths")
    assert set(truths.given) == {"beta", "sigma"}
    at = X + 0.1
    found = density(truths.spec)({"X.truth": at}, given, COORDS)
    joint_ = normal(at, 1.3 * Z, SIGMA) + normal(X, at, 0.2)
    evidence = normal(X, 1.3 * Z, np.hypot(SIGMA, 0.2))
    assert float(found) == pytest.approx(float((joint_ - evidence).sum()), abs=1e-10)


def test_the_weights_given_true_data():
    spec = analysed("training_data { Z ~ Normal(truth(Z), 0.5), X ~ Normal(truth(X), 0.2) }")
    refit = stage(spec, "refit")
    assert set(refit.given) == {"Z.truth", "X.truth"}
    given = {"Z.truth": Z + 0.2, "X.truth": X - 0.1}
    found = density(refit.spec)({name: AT[name] for name in ("beta", "sigma")}, given, COORDS)
    wanted = normal(1.3, 0, 2) + stats.halfnorm.logpdf(SIGMA) + np.log(SIGMA)
    wanted += normal(X - 0.1, 1.3 * (Z + 0.2), SIGMA).sum()
    assert float(found) == pytest.approx(wanted, abs=1e-10)


NODES, WEIGHTS = hermegauss(60)


def test_predictions_have_the_variance_of_their_sources():
    """Var x = β² Var z + σ², where the variance of z is that between population and record."""
    spec = analysed(
        "new_input { Z ~ Normal(truth(Z), 0.5) }, training_data { Z ~ Normal(truth(Z), 0.5) }, function inferred"
    )
    predicted = stage(spec, "prediction")
    log_density = density(predicted.spec)
    given = {"Z": Z, "beta": 1.3, "sigma": SIGMA, "Z.mean": 0.7, "Z.sd": SPREAD}
    shrink = SPREAD**2 / (SPREAD**2 + 0.25)
    mean, sd = shrink * Z + (1 - shrink) * 0.7, np.sqrt(shrink) * 0.5
    x = 1.3 * mean + 0.3
    # ∫ p(x | z) p(z) dz by Gauss and Hermite's rule over the decentred truth.
    terms = [
        float(weight) * np.exp(normal(x, 1.3 * (mean + sd * node), SIGMA))
        for node, weight in zip(NODES, WEIGHTS, strict=True)
    ]
    wanted = normal(x, 1.3 * mean, np.hypot(1.3 * sd, SIGMA))
    np.testing.assert_allclose(np.log(np.sum(terms, axis=0) / np.sqrt(2 * np.pi)), wanted, atol=1e-8)
    for node in (-1.0, 0.0, 2.0):
        found = log_density({"Z.truth_decentered": jnp.full(ROWS, node)}, {**given, "X": x}, COORDS)
        by_hand = normal(node, 0, 1) * ROWS + normal(x, 1.3 * (mean + sd * node), SIGMA).sum()
        assert float(found) == pytest.approx(by_hand, abs=1e-9)
