"""Weights that are exact, and training data that are cut off, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from uqdsl.ir import SOURCES
from uqdsl.messages import RunError
from uqdsl.uncertainty.known import Known
from uqdsl.uncertainty.predict import Predictor

from .closed_forms import Weights, linear_basis_weights
from .staged import Bound, bound
from .test_short_chains import TRAINING

SCATTER, NOISE, PRIOR_SD = 0.3, 0.2, 10.0
NEW = np.array([-1.0, 0.0, 2.0])
DRAWS = 2000
LINE = """
data {{ Z[case] : real, X[case] : real, training = "train.csv", new = "new.csv" }}
prior level ~ Normal(0, 10)
prior slope ~ Normal(0, 10)
likelihood X[case] ~ Normal(level + slope * Z, 0.3)
uncertainty {{ training_data {training}, weights {weights}, function exact }}
predict X[case]
"""
NOISY = "{ X ~ Normal(truth(X), 0.2) }"
ROWS = np.stack([np.ones(60), TRAINING["Z"]], axis=1)


def spec(training: str, weights: str) -> Bound:
    return bound(LINE.format(training=training, weights=weights), training=TRAINING, new={"Z": NEW})


def predictor(found: Bound, joint: dict[str, np.ndarray], **stances: bool) -> Predictor:
    known = Known(found.stages, joint, seed=0, **stances)
    return Predictor(known, found.stages, found.stage("prediction"), {"X": "X.predicted"})


def posterior(weights: Weights) -> dict[str, np.ndarray]:
    covariance = weights.from_training_data + weights.from_weights
    level, slope = np.random.default_rng(0).multivariate_normal(weights.mean, covariance, DRAWS).T
    return {"level": level, "slope": slope}


def agree(found: dict[str, np.ndarray], mean: np.ndarray, covariance: np.ndarray) -> None:
    draws = np.stack([found["level"], found["slope"]], axis=1)
    sd = np.sqrt(np.diag(covariance))
    assert np.all(abs(draws.mean(axis=0) - mean) < 4 * sd / math.sqrt(DRAWS))
    assert np.all(abs(np.cov(draws.T) - covariance) < 4 * np.outer(sd, sd) * math.sqrt(2 / DRAWS))


def linear(noise: float) -> Weights:
    return linear_basis_weights(ROWS, TRAINING["X"], scatter=SCATTER, noise=noise, prior_sd=PRIOR_SD)


def test_exact_weights_of_exact_data_are_one_point():
    expected = linear(0.0)
    found = predictor(spec("exact", "exact"), posterior(expected), weights_exact=True)
    assert found.random == ()
    known = found.posterior(50)
    assert known["level"] == pytest.approx(np.full(50, expected.mean[0]), abs=1e-7)
    assert known["slope"] == pytest.approx(np.full(50, expected.mean[1]), abs=1e-7)


def test_exact_weights_vary_with_the_true_training_data_alone():
    """The mode given true outputs is linear in them: its variance is what training data cause, and no more."""
    expected = linear(NOISE)
    found = predictor(spec(NOISY, "exact"), posterior(expected), weights_exact=True)
    assert found.random == ("training_data",)
    agree(found.posterior(DRAWS), expected.mean, expected.from_training_data)
    # The seed of the weights moves nothing.
    seeds = dict.fromkeys(SOURCES, np.arange(20))
    moved = found.known({**seeds, "weights": np.arange(20) + 50})
    assert np.array_equal(moved["slope"], found.known(seeds)["slope"])


def test_cut_training_data_of_a_line():
    """True outputs are drawn from their error bars, and weights from their posterior given each: all is normal."""
    given = linear(0.0)
    gain = given.from_weights @ ROWS.T / SCATTER**2
    # The posterior of recorded data as they stand is where such chains must not begin.
    elsewhere = {"level": np.full(DRAWS, 5.0), "slope": np.full(DRAWS, -5.0)}
    found = predictor(spec(f"cut {NOISY}", "inferred"), elsewhere, cut=True)
    assert found.random == ("training_data", "weights")
    agree(found.posterior(DRAWS), gain @ TRAINING["X"], given.from_weights + NOISE**2 * gain @ gain.T)
    assert found.mixing["refit"].mixed


CUT = """
data { Z[case] : real, X[case] : real, training = "train.csv", new = "new.csv" }
prior slope ~ Normal(0, 10)
likelihood X[case] ~ Normal(slope * Z, 0.3)
uncertainty { training_data cut { Z ~ Normal(truth(Z), 0.5) }, function exact }
predict X[case]
"""


def test_cut_errors_of_inputs_make_slopes_too_small():
    """Against brute force, with a population that is learned from recorded inputs alone; `cut` is biased."""
    found = bound(CUT, training=TRAINING, new={"Z": NEW})
    cut = predictor(found, found.joint(), cut=True)
    slope = cut.posterior(DRAWS)["slope"]
    rng, z, x = np.random.default_rng(1), TRAINING["Z"], TRAINING["X"]
    # Mean and scale of the population on a grid: the recorded inputs are Normal(mean, sqrt(sd² + 0.25)).
    mean, sd = (each.ravel() for each in np.meshgrid(np.linspace(-1, 1, 201), np.linspace(0.01, 2.5, 250)))
    wide = np.sqrt(sd**2 + 0.25)
    log = -0.5 * ((mean - z.mean()) / (10 * z.std())) ** 2 - 0.5 * (sd / (2 * z.std())) ** 2
    log += -60 * np.log(wide) - 0.5 * (((z[:, None] - mean) / wide) ** 2).sum(axis=0)
    weight = np.exp(log - log.max())
    at = rng.choice(len(mean), DRAWS, p=weight / weight.sum())
    reliability = (sd[at] ** 2 / wide[at] ** 2)[:, None]
    true = mean[at, None] + reliability * (z - mean[at, None])
    true = true + np.sqrt(reliability) * 0.5 * rng.normal(size=(DRAWS, 60))
    precision = (true**2).sum(axis=1) / 0.09 + 0.01
    brute = (true @ x) / 0.09 / precision + rng.normal(size=DRAWS) / np.sqrt(precision)
    error = math.sqrt(2 / DRAWS) * brute.std()
    assert abs(slope.mean() - brute.mean()) < 4 * error
    assert abs(slope.std() / brute.std() - 1) < 4 * math.sqrt(1 / DRAWS)
    assert slope.mean() < 1.3, "though the truth is 1.5"
    assert "Z.truth" not in found.training.unknowns
    assert cut.mixing["refit"].mixed


def test_weights_without_a_mode_are_told():
    text = LINE.replace("Normal(0, 10)\nlik", "Normal(0, wide)\nprior wide ~ HalfNormal(1)\nlik")
    found = bound(text.format(training="exact", weights="exact"), training=TRAINING, new={"Z": NEW})
    start = {"level": np.zeros(3), "slope": np.full(3, 1e-9), "wide": np.full(3, 1e-8)}
    with pytest.raises(RunError, match="UQ613"):
        predictor(found, start, weights_exact=True).posterior(10)
