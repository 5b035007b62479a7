"""The five sources as stages: each program against the integral that it stands for, done by hand or by quadrature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss
from numpyro import handlers
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


PARTS = ', training = "a.csv", testing = "b.csv", new = "c.csv" }}'


def analysed(sources: str, law: str = "Normal(beta * Z, sigma)", population: str = "", kind: str = "real") -> ir.Spec:
    spec = SPEC.replace("real", kind)
    if "residual" in sources:
        spec = spec.replace(" }}", PARTS, 1)
    parsed = parse(spec.format(sources=sources, law=law, population=population))
    found = analyse(parsed)
    assert found.spec is not None, errors(found.problems)
    return found.spec


def density(spec: ir.Spec) -> Callable[..., Any]:
    return program(spec)["log_density"]


def model(spec: ir.Spec) -> Callable[..., Any]:
    return program(spec)["model"]


def program(spec: ir.Spec) -> dict[str, Any]:
    module: dict[str, Any] = {"__name__": "generated"}
    exec(generate(spec, parse("").sources, version="0").text, module)
    return module


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
    u = np.linspace(-0.3, 0.3, ROWS)
    found = density(spec)({**at, "X.truth_decentered": u}, KNOWN, COORDS)
    wanted = normal(1.3, 0, 2) + stats.halfnorm.logpdf(SIGMA) + np.log(SIGMA)
    wanted += stats.t.logpdf(u, 4).sum() + normal(X, 1.3 * Z + SIGMA * u, 0.2).sum()
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


# standardised fields --------------------------------------------------------------------------------------------------

CENTRE, WIDTH = {"Z": Z.mean(), "X": X.mean()}, {"Z": Z.std(), "X": X.std()}
CONSTANTS = {f"{name}.{what}": each[name] for name in "ZX" for what, each in (("centre", CENTRE), ("width", WIDTH))}


@pytest.mark.parametrize(
    "written",
    [
        "Z ~ Normal(truth(Z), {z}), X ~ Normal(truth(X), {x})",
        "Z ~ Normal(truth(Z) - {z}, 0.7 * {z}), X ~ Normal(truth(X) + {x}, {x})",
        "truth(Z) ~ Normal(Z, {z}), X ~ StudentT(4, truth(X), {x})",
        "Z ~ Laplace(truth(Z), {z})",
        "Z ~ Normal(truth(Z), {z} * (1 + abs({own}))) truncated({low}, {high})",
    ],
    ids=["normal", "offset", "berkson", "laplace", "truncated"],
)
def test_errors_of_standardised_fields_are_in_own_units(written: str):
    """The same as of data that are standardised by hand, with errors in the units of these."""
    residual = "function {{ residual ~ Normal(0, s), prior s ~ HalfNormal(1) }}"
    sources = f"training_data {{{{ {{0}} }}}}, testing_data {{{{ {{0}} }}}}, {residual}"
    width, centre = WIDTH["Z"], CENTRE["Z"]
    raw = written.format(z=0.5, x=0.2, own="truth(Z)", low=-9, high=9)
    by_hand = written.format(
        z=0.5 / width,
        x=0.2 / WIDTH["X"],
        own=f"(truth(Z) * {width} + {centre})",
        low=(-9 - centre) / width,
        high=(9 - centre) / width,
    )
    spec = analysed(sources.format(raw), kind="real standardized")
    plain = analysed(sources.format(by_hand))
    standard = {"Z": (Z - centre) / width, "X": (X - CENTRE["X"]) / WIDTH["X"]}
    pairs = [("training", spec, plain)]
    pairs += [(one.name, one.spec, other.spec) for one, other in zip(spec.stages, plain.stages, strict=True)]
    for name_of_stage, one, other in pairs:
        names = {field.name for field in other.fields}
        random = np.random.default_rng(3)
        given = {name: np.abs(random.normal(size=(ROWS,) * len(of(other, name)))) for name in names - {"Z", "X"}}
        log_density, expected = density(one), density(other)
        positions = [position_of(other, random) for _ in range(2)]
        # What is predicted is in the units of the author, and so is its residual.
        wider = {"X.residual": WIDTH["X"]} if name_of_stage == "prediction" else {}
        own = [{name: value * wider.get(name, 1) for name, value in each.items()} for each in positions]
        values = [float(log_density(each, {**given, **KNOWN, **CONSTANTS}, COORDS)) for each in own]
        wanted = [float(expected(each, {**given, **standard}, COORDS)) for each in positions]
        assert values[1] - values[0] == pytest.approx(wanted[1] - wanted[0], abs=1e-9)


def of(spec: ir.Spec, name: str) -> tuple[str, ...]:
    return next(field.dims for field in spec.fields if field.name == name)


def position_of(spec: ir.Spec, random: np.random.Generator) -> dict[str, Any]:
    """A place in the space that a sampler of a spec moves in."""
    return {
        f"{each.name}_decentered" if each.noncentered else each.name: 0.3
        * random.normal(size=ROWS * bool(each.dims) or ())
        for each in spec.unknowns
    }


# errors that fields share ---------------------------------------------------------------------------------------------

COVARIANCE = np.array([[0.25, 0.06], [0.06, 0.04]])
MATRIX = """dim axis = ["z", "x"]
data { C[axis, axis'] : real = [[0.25, 0.06], [0.06, 0.04]] }
population Z ~ Normal(0.7, 1.2)"""


def test_an_error_that_input_and_outcome_share():
    spec = analysed("training_data { [Z, X] ~ MultiNormal([truth(Z), truth(X)], covariance = C) }", population=MATRIX)
    random = np.random.default_rng(4)
    z, u = random.normal(size=(2, ROWS))
    x = 1.3 * z + SIGMA * u
    position = {**{name: AT[name] for name in ("beta", "sigma")}, "Z.truth": z, "X.truth_decentered": u}
    found = density(spec)(position, {**KNOWN, "C": COVARIANCE}, {**COORDS, "axis": ["z", "x"]})
    wanted = normal(1.3, 0, 2) + stats.halfnorm.logpdf(SIGMA) + np.log(SIGMA) + normal(z, 0.7, 1.2).sum()
    wanted += normal(u, 0, 1).sum()
    off = np.column_stack([Z - z, X - x])
    wanted += stats.multivariate_normal.logpdf(off, [0, 0], COVARIANCE).sum()
    assert float(found) == pytest.approx(wanted, abs=1e-9)
    assert set(stage(spec, "refit").given) == {"Z.truth", "X.truth"}
    assert [each.name for each in spec.stages] == ["refit", "prediction"]


def test_a_residual_whose_scatter_follows_the_true_input():
    spec = analysed(
        "testing_data { Z ~ Normal(truth(Z), 0.5) }, new_input { Z ~ Normal(truth(Z), 0.5) },"
        "function { residual ~ Normal(0, exp(a + b * Z)), prior a ~ Normal(0, 1), prior b ~ Normal(0, 1) }",
        population="population Z ~ Normal(0.7, 1.2)",
    )
    u = np.linspace(-1, 1, ROWS)
    given = {**KNOWN, "beta": 1.3, "sigma": SIGMA}
    found = density(stage(spec, "residual").spec)({"a": -0.2, "b": 0.1, "Z.truth_decentered": u}, given, COORDS)
    shrink = 1.2**2 / (1.2**2 + 0.25)
    truth = shrink * Z + (1 - shrink) * 0.7 + np.sqrt(shrink) * 0.5 * u
    wanted = normal(u, 0, 1).sum() + normal(-0.2, 0, 1) + normal(0.1, 0, 1)
    wanted += normal(X, 1.3 * truth, np.exp(-0.2 + 0.1 * truth)).sum()
    assert float(found) == pytest.approx(wanted, abs=1e-9)


# a network ------------------------------------------------------------------------------------------------------------

NETWORK = """
dim input = ["a", "b"]
data { V[case, input] : real, X[case] : real, training = "train.csv", testing = "test.csv", new = "new.csv" }
network f(v[input]) -> real { dense(4, tanh) as h  dense(1) }
prior f.weights ~ Normal(0, 1 / sqrt(fan_in))
prior sigma ~ HalfNormal(0.5)
likelihood X[case] ~ Normal(f(V), sigma)
uncertainty {
  new_input { V ~ Normal(truth(V), 0.05) }
  testing_data { V ~ Normal(truth(V), 0.05), X ~ Normal(truth(X), 0.1) }
  training_data { V ~ Normal(truth(V), 0.05), X ~ Normal(truth(X), 0.1) }
  function { residual ~ StudentT(4, 0, spread), prior spread ~ HalfNormal(0.5) }
}
predict X[case]
"""
V = rng.normal(size=(ROWS, 2))
LAYERS = {
    "f.h.kernel": rng.normal(size=(2, 4)),
    "f.h.bias": rng.normal(size=4),
    "f.dense2.kernel": rng.normal(size=4),
    "f.dense2.bias": np.float64(0.3),
}
POPULATION = {"V.mean": np.array([0.1, -0.2]), "V.sd": np.array([1.2, 0.8])}
V_COORDS = {**COORDS, "input": ["a", "b"], "f.h": [1, 2, 3, 4]}


def by_hand(v: np.ndarray) -> np.ndarray:
    return np.tanh(v @ LAYERS["f.h.kernel"] + LAYERS["f.h.bias"]) @ LAYERS["f.dense2.kernel"] + LAYERS["f.dense2.bias"]


def network() -> ir.Spec:
    found = analyse(parse(NETWORK)).spec
    assert found is not None
    return found


def between(u: np.ndarray) -> np.ndarray:
    """True inputs at decentered ones."""
    variance = POPULATION["V.sd"] ** 2
    mean = (V * variance + POPULATION["V.mean"] * 0.05**2) / (variance + 0.05**2)
    return mean + np.sqrt(variance * 0.05**2 / (variance + 0.05**2)) * u


def prior_of_weights() -> float:
    fan_in = {"f.h.kernel": 2, "f.h.bias": 2, "f.dense2.kernel": 4, "f.dense2.bias": 4}
    return sum(float(np.sum(normal(each, 0, fan_in[name] ** -0.5))) for name, each in LAYERS.items())


def test_a_network_of_which_all_data_have_errors():
    u = np.linspace(-1, 1, 2 * ROWS).reshape(ROWS, 2)
    scales = {name: np.log(each) if name == "V.sd" else each for name, each in POPULATION.items()}
    position = {**LAYERS, **scales, "sigma": np.log(SIGMA), "V.truth_decentered": u}
    found = density(network())(position, {"V": V, "X": X}, V_COORDS)
    sd = V.std(axis=0)
    wanted = prior_of_weights() + stats.halfnorm.logpdf(SIGMA, scale=0.5) + np.log(SIGMA)
    wanted += (stats.halfnorm.logpdf(POPULATION["V.sd"], scale=2 * sd) + scales["V.sd"]).sum()
    wanted += normal(POPULATION["V.mean"], V.mean(axis=0), 10 * sd).sum() + normal(u, 0, 1).sum()
    wanted += normal(V, POPULATION["V.mean"], np.hypot(POPULATION["V.sd"], 0.05)).sum()
    wanted += normal(X, by_hand(between(u)), np.hypot(SIGMA, 0.1)).sum()
    assert float(found) == pytest.approx(wanted, abs=1e-9)


def test_later_stages_are_given_the_weights_of_a_network():
    spec = network()
    given = {**LAYERS, **POPULATION, "sigma": SIGMA, "V": V, "X": X}
    u, r = np.linspace(-1, 1, 2 * ROWS).reshape(ROWS, 2), np.linspace(-0.3, 0.4, ROWS)
    residual = stage(spec, "residual")
    assert set(residual.given) == {*LAYERS, *POPULATION, "sigma"}
    at = {"spread": np.log(0.2), "V.truth_decentered": u, "X.residual": r}
    found = density(residual.spec)(at, given, V_COORDS)
    wanted = stats.halfnorm.logpdf(0.2, scale=0.5) + np.log(0.2) + normal(u, 0, 1).sum()
    wanted += stats.t.logpdf(r, 4, 0, 0.2).sum() + normal(X, by_hand(between(u)) + r, 0.1).sum()
    assert float(found) == pytest.approx(wanted, abs=1e-9)
    truths = density(stage(spec, "truths").spec)({"X.truth": X + r}, {**given, "V.truth": V}, V_COORDS)
    wanted = normal(X + r, by_hand(V), SIGMA) + normal(X, X + r, 0.1) - normal(X, by_hand(V), np.hypot(SIGMA, 0.1))
    assert float(truths) == pytest.approx(float(wanted.sum()), abs=1e-9)
    prediction = stage(spec, "prediction")
    found = density(prediction.spec)({"V.truth_decentered": u, "X.residual": r}, {**given, "spread": 0.2}, V_COORDS)
    assert float(found) == pytest.approx(normal(u, 0, 1).sum() + stats.t.logpdf(r, 4, 0, 0.2).sum(), abs=1e-9)


def test_the_weights_of_a_network_given_true_data():
    refit = stage(network(), "refit")
    assert set(refit.given) == {"V.truth", "X.truth"}
    found = density(refit.spec)({**LAYERS, "sigma": np.log(SIGMA)}, {"V.truth": V, "X.truth": X}, V_COORDS)
    wanted = prior_of_weights() + stats.halfnorm.logpdf(SIGMA, scale=0.5) + np.log(SIGMA)
    assert float(found) == pytest.approx(wanted + normal(X, by_hand(V), SIGMA).sum(), abs=1e-9)


# what all rows have together ------------------------------------------------------------------------------------------


def test_a_mean_over_rows_is_that_of_the_rows_for_training():
    spec = analysed(
        "function { residual ~ Normal(0, spread), prior spread ~ HalfNormal(1) }",
        law="Normal(beta * (Z - mean(Z, over = case)) / sd(Z, over = case), sigma)",
    )
    assert [each.name for each in spec.stages] == ["statistics", "residual", "prediction", "calibration"]
    statistics, prediction = stage(spec, "statistics"), stage(spec, "prediction")
    assert set(statistics.makes) <= set(prediction.given)
    made = trace(model(statistics.spec), KNOWN)
    assert [float(made[name]) for name in statistics.makes] == pytest.approx([Z.mean(), Z.std()])
    new = {"Z": Z + 7, "beta": 1.3, "spread": 0.5, **{name: made[name] for name in statistics.makes}}
    x = trace(model(prediction.spec), new, {"X.residual": jnp.zeros(ROWS)})["X.predicted"]
    np.testing.assert_allclose(x, 1.3 * (Z + 7 - Z.mean()) / Z.std())


def test_basis_functions_are_the_same_for_other_rows():
    """A discrepancy learned on testing rows, at these rows: the function that the residual's stage has."""
    gap = "prior gap[case] ~ GaussianProcess(squared_exponential(1, 1), at = Z, basis = 6)"
    spec = analysed(f"function {{ residual ~ Normal(gap, spread), prior spread ~ HalfNormal(1), {gap} }}")
    assert [each.name for each in spec.stages] == ["residual", "residual_statistics", "prediction", "calibration"]
    weights = jnp.linspace(-1, 1, 6)
    coords = {**COORDS, "gap_basis": list(range(1, 7))}
    given = {**KNOWN, "beta": 1.3, "sigma": SIGMA}
    learned = trace(model(stage(spec, "residual").spec), given, {"gap_weights": weights, "spread": 0.5}, coords)
    made = trace(model(stage(spec, "residual_statistics").spec), KNOWN, {}, coords)
    assert float(made["testing.max1"]) == Z.max()
    at = np.array([3, 1])
    new = {
        "Z": Z[at],
        "beta": 1.3,
        "spread": 0.5,
        "gap_weights": weights,
        **{each: made[each] for each in made if "." in each},
    }
    again = trace(model(stage(spec, "prediction").spec), new, {"X.residual": jnp.zeros(2)}, {**coords, "case": [0, 1]})
    np.testing.assert_allclose(again["gap"], learned["gap"][at])


def trace(model: Callable[..., Any], data: Any, values: Any = None, coords: Any = COORDS) -> dict[str, Any]:
    """The values of all sites of a model that is run forward, where some have these."""
    run = handlers.seed(handlers.substitute(model, data=values or {}), jax.random.key(0))
    sites = handlers.trace(run).get_trace(data, coords)
    return {name: site["value"] for name, site in sites.items()}
