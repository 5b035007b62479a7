"""The five sources through the compiler and the engine, against closed forms: totals, shares, limits.

Variances are those of 4,000 draws, known to 0.5 per cent (root mean square over eight seeds of five rows), so that 2 per cent are
four Monte Carlo standard errors. Shares come with standard errors of their own.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from uqdsl.driver.predict import limits
from uqdsl.ir import SOURCES
from uqdsl.uncertainty import variance_budget
from uqdsl.uncertainty.answers import answer
from uqdsl.uncertainty.known import Known
from uqdsl.uncertainty.predict import Predictor
from uqdsl.uncertainty.stages import Arrays

from .closed_forms import (
    LINE,
    NO_RESIDUAL,
    TOY,
    Components,
    Line,
    basis_moments,
    components,
    first_order,
    line_components,
    line_residual,
    line_weights,
    linear_basis_residual,
    linear_basis_weights,
    predictive_mean,
    shapley,
    slope_posterior,
    total,
)
from .staged import Bound, bound
from .test_short_chains import DECONVOLVED, TESTING, TRAINING

NEW = np.array([-1.0, 0.0, 1.0, 2.0])
DRAWS = 4000
OPTIONS = f"infer by nuts(chains = 4)\npredict X[case] with(draws = {DRAWS}, budget = shapley)"


def line(change: tuple[str, str] = ("", ""), **parts: dict[str, np.ndarray]) -> Bound:
    """A straight line with all five sources, or one of its laws changed."""
    assert change[0] in DECONVOLVED
    text = DECONVOLVED.replace(*change).replace("predict X[case]", OPTIONS)
    return bound(text, **{"training": TRAINING, "testing": TESTING, "new": {"Z": NEW}, **parts})


def predictor(found: Bound, seed: int = 0) -> Predictor:
    sites = {"X": "X.predicted"}
    known = Known(found.stages, found.joint(seed), seed, **limits(found.spec))
    return Predictor(known, found.stages, found.stage("prediction"), sites)


def answered(found: Bound) -> Arrays:
    predicting = predictor(found)
    (told,) = answer(predicting, found.spec.predictions, predicting.along)
    return dict(told.arrays)


def agrees(told: Arrays, expected: list[tuple[Components, float]]) -> None:
    """Mean and variance of each row, two per cent; shares, three standard errors, or half a point where that is more."""
    for place, (parts, mean) in enumerate(expected):
        variance = sum(parts.values())
        assert abs(told["mean"][place] - mean) < 4 * math.sqrt(variance / DRAWS), place
        assert abs(told["sd"][place] ** 2 - variance) < 0.02 * variance, place
        for name, theirs in (("share", shapley), ("first", first_order), ("total", total)):
            for index, source in enumerate(SOURCES):
                off = abs(told[name][index, place] - theirs(parts)[source] / variance)
                assert off < max(0.005, 3 * told[f"{name}_error"][index, place]), (name, source, place)


EXACT = {
    "all five": ("", ""),
    "new_input": ("new_input { Z ~ Normal(truth(Z), 0.5) }", "new_input exact"),
    "testing_data": ("testing_data { Z ~ Normal(truth(Z), 0.5), X ~ Normal(truth(X), 0.3) }", "testing_data exact"),
    "training_data": ("training_data { Z ~ Normal(truth(Z), 0.5), X ~ Normal(truth(X), 0.2) }", "training_data exact"),
    "function": (
        "function { residual ~ Normal(bias, spread), prior bias ~ Normal(0, 10), prior spread ~ Uniform(0, 3) }",
        "function exact",
    ),
}
"""What is changed for a source to be exact."""


@cache
def expected(exact: str) -> list[tuple[Components, float]]:
    """Components and mean of each new input."""
    training = LINE._replace(input_noise=0.0, training_noise=0.0) if exact == "training_data" else LINE
    testing = LINE._replace(input_noise=0.0, testing_noise=0.0) if exact == "testing_data" else LINE
    new = LINE._replace(input_noise=0.0) if exact == "new_input" else LINE
    slope = slope_posterior(training, TRAINING["Z"], TRAINING["X"])
    weights = line_weights(training, TRAINING["Z"], TRAINING["X"])
    residual = NO_RESIDUAL if exact == "function" else line_residual(testing, slope, TESTING["Z"], TESTING["X"])
    basis = new.given_record[0] * NEW
    means = [predictive_mean(weights, np.array([each]), residual) for each in basis]
    return [(line_components(new, weights, residual, float(z)), mean) for z, mean in zip(NEW, means, strict=True)]


@pytest.mark.parametrize(
    "exact",
    [each for each in EXACT if each != "all five"],
)
def test_a_straight_line(exact):
    agrees(answered(line(EXACT[exact])), expected(exact))
    # And none of the others would pass for it.
    for other in set(EXACT) - {exact}:
        apart = [
            sum(a.values()) / sum(b.values()) for (a, _), (b, _) in zip(expected(exact), expected(other), strict=True)
        ]
        assert max(abs(each - 1) for each in apart) > 0.02, other


def test_the_line_of_the_reference():
    """Posterior, residual law and budget of `five_sources_toy`, which were found without this engine, and the closed form."""
    found = line()
    predicting = predictor(found)
    slope, known = predicting.before.joint["slope"], TOY["joint_EIV"]
    error = known["sd"] / math.sqrt(1000)  # effective draws of the 4,000
    assert abs(slope.mean() - known["mean"]) < 4 * error
    assert abs(slope.std() - known["sd"]) < 4 * error
    given, law = predicting.posterior(1000), TOY["residual_law"]["deconvolved"]
    # Chains of different weights are independent; the reference has 400 draws.
    for name, key in (("spread", "sigma_f"), ("bias", "bias")):
        assert abs(given[name].mean() - law[f"{key}_mean"]) < 4 * law[f"{key}_sd"] / math.sqrt(400)
        assert given[name].std() == pytest.approx(law[f"{key}_sd"], rel=4 / math.sqrt(2 * 400))
    (told,) = answer(predicting, found.spec.predictions, predicting.along)
    agrees(dict(told.arrays), expected("all five"))
    reference, place = TOY["predictive"], list(NEW).index(TOY["predictive"]["z_new"])
    assert told.arrays["mean"][place] == pytest.approx(reference["mean"], abs=0.02)
    # Four standard errors of 400 draws of the mean square of the scale there, of which the variance is made.
    assert told.arrays["sd"][place] ** 2 == pytest.approx(reference["var"], abs=4 * 0.22 / math.sqrt(400))
    for name, key in (("share", "shapley"), ("first", "first_order"), ("total", "total")):
        for index, letters in enumerate(("Z", "TE", "TR", "W", "F")):
            off = abs(told.arrays[name][index, place] - reference[key][letters] / reference["var"])
            assert off < 0.02 + 4 * told.arrays[f"{name}_error"][index, place], (name, letters)


CURVE = f"""
data {{ Z[case] : real, X[case] : real, training = "train.csv", testing = "test.csv", new = "new.csv" }}
prior a ~ Normal(0, 2)
prior b ~ Normal(0, 2)
prior c ~ Normal(0, 2)
likelihood X[case] ~ Normal(a + b * Z + c * Z^2, 0.3)
uncertainty {{
  new_input {{ truth(Z) ~ Normal(Z, 0.3) }}
  testing_data {{ X ~ Normal(truth(X), 0.2) }}
  training_data {{ X ~ Normal(truth(X), 0.4) }}
  weights inferred
  function {{ residual ~ Normal(bias, 0.35), prior bias ~ Normal(0, 1) }}
}}
{OPTIONS}
"""
"""A linear basis in which all is normal."""


def basis(z: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones_like(z), z, z**2])


def curve_data(testing: int = 15) -> dict[str, dict[str, np.ndarray]]:
    rng, truth = np.random.default_rng(11), np.array([0.5, 1.0, -0.7])
    z, test_z = rng.normal(size=25), rng.normal(size=testing) + 0.5
    x = basis(z) @ truth + rng.normal(0, 0.5, 25)
    test_x = basis(test_z) @ truth + 0.3 + rng.normal(0, math.hypot(0.35, 0.2), testing)
    return {"training": {"Z": z, "X": x}, "testing": {"Z": test_z, "X": test_x}, "new": {"Z": NEW}}


def curve(change: tuple[str, str] = ("", ""), testing: int = 15) -> Bound:
    assert change[0] in CURVE
    return bound(CURVE.replace(*change), **curve_data(testing))


def curve_expected(
    *, new_sd: float = 0.3, noise: float = 0.4, testing: int = 15, exact: bool = False
) -> list[tuple[Components, float]]:
    data = curve_data(testing)
    z, x = data["training"].values()
    weights = linear_basis_weights(basis(z), x, scatter=0.3, noise=noise, prior_sd=2.0)
    if exact:
        weights = weights._replace(from_weights=np.zeros((3, 3)))
    z, x = data["testing"].values()
    residual = linear_basis_residual(basis(z), x, weights, scale=0.35, noise=0.2, prior_sd=1.0)
    moments = [basis_moments(basis, each, new_sd**2) for each in NEW]
    return [(components(weights, *each, residual), predictive_mean(weights, each[0], residual)) for each in moments]


def test_a_linear_basis():
    agrees(answered(curve()), curve_expected())


def test_a_linear_basis_with_exact_weights():
    """Given true training data they are their mean, which is their mode."""
    told = answered(curve(("weights inferred", "weights exact")))
    agrees(told, curve_expected(exact=True))
    assert (told["total"][SOURCES.index("weights")] == 0).all()


NO_ERROR = {
    "new_input": (("truth(Z) ~ Normal(Z, 0.3)", "truth(Z) ~ Normal(Z, 1e-3)"), {"new_sd": 1e-3}),
    "training_data": (("X ~ Normal(truth(X), 0.4)", "X ~ Normal(truth(X), 1e-3)"), {"noise": 1e-3}),
    "testing_data": (("", ""), {"testing": 400}),
}
"""Errors that are nearly none, or very many testing rows."""


@pytest.mark.parametrize("source", ["new_input", "training_data", "testing_data"])
def test_what_is_nearly_known_causes_nearly_nothing(source):
    change, arguments = NO_ERROR[source]
    found = curve(change, **{name: each for name, each in arguments.items() if name == "testing"})  # type: ignore[arg-type]
    told = answered(found)
    agrees(told, curve_expected(**arguments))  # type: ignore[arg-type]
    assert (told["total"][SOURCES.index(source)] < 0.004).all()
    whole = [total(parts)[source] / sum(parts.values()) for parts, _ in curve_expected()]
    assert min(whole) > 0.01  # as it is otherwise


def test_training_data_that_are_nearly_exact_cause_nearly_nothing():
    """Their inputs too, of a line without a residual."""
    text = DECONVOLVED.replace("predict X[case]", OPTIONS)
    for old, new in (EXACT["testing_data"], EXACT["function"], NEARLY_EXACT):
        assert old in text
        text = text.replace(old, new)
    told = answered(bound(text, training=TRAINING, testing=TESTING, new={"Z": NEW}))

    def budgets(training: Line) -> list[tuple[Components, float]]:
        weights = line_weights(training, TRAINING["Z"], TRAINING["X"])
        parts = [line_components(LINE, weights, NO_RESIDUAL, float(z)) for z in NEW]
        means = [predictive_mean(weights, LINE.given_record[:1] * np.array([z]), NO_RESIDUAL) for z in NEW]
        return list(zip(parts, means, strict=True))

    agrees(told, budgets(LINE._replace(input_noise=1e-3, training_noise=1e-3)))
    assert (told["total"][SOURCES.index("training_data")] < 0.004).all()
    otherwise = [total(parts)["training_data"] / sum(parts.values()) for parts, _ in budgets(LINE)]
    assert max(otherwise) > 0.03


NEARLY_EXACT = (
    "training_data { Z ~ Normal(truth(Z), 0.5), X ~ Normal(truth(X), 0.2) }",
    "training_data { Z ~ Normal(truth(Z), 1e-3), X ~ Normal(truth(X), 1e-3) }",
)


def test_with_all_sources_off_a_prediction_is_the_function_of_its_weights():
    text = CURVE
    for old, new in (
        ("new_input { truth(Z) ~ Normal(Z, 0.3) }", "new_input exact"),
        ("testing_data { X ~ Normal(truth(X), 0.2) }", "testing_data exact"),
        ("training_data { X ~ Normal(truth(X), 0.4) }", "training_data exact"),
        ("function { residual ~ Normal(bias, 0.35), prior bias ~ Normal(0, 1) }", "function exact"),
    ):
        assert old in text
        text = text.replace(old, new)
    found = bound(text, **curve_data())
    predicting = predictor(found)
    assert predicting.random == ("weights",)
    (told,) = answer(predicting, found.spec.predictions, predicting.along)
    weights = np.stack([predicting.before.joint[name] for name in "abc"], axis=1)
    np.testing.assert_allclose(told.arrays["draws"], weights @ basis(NEW).T, rtol=1e-12)
    np.testing.assert_allclose(told.arrays["share"][3], 1, rtol=1e-12)


def test_the_order_of_sources_changes_no_share():
    predicting = predictor(curve())

    def prediction(seeds):
        return predicting.predict(predicting.known(seeds), seeds, slice(0, len(NEW)))["X"]

    one, other = (variance_budget(prediction, 100, sources=each) for each in (SOURCES, SOURCES[::-1]))
    np.testing.assert_allclose(one.shapley.value, other.shapley.value[::-1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(one.shapley.value.sum(axis=0), one.total.value, rtol=1e-9)
    assert abs(one.ladder.value - other.ladder.value[::-1]).max() > 0.01
