"""Over 500 simulated data sets: do intervals cover what they say, and is a slope what it was made with?

One program serves all of them. A chain takes the data as it takes what else it is given, so that the stages which the compiler
made run for all data sets side by side.

Truths are drawn from the priors. Then 19 draws of a prediction and the true outcome are twenty draws of one law: the truth is
equally likely to have any rank among them (Talts, Betancourt, Simpson, Vehtari & Gelman 2018, arXiv 1804.06788): 9 of 10 times it
lies between the first and the last of them, and 5 of 10 times between the fifth and the fifteenth. This holds exactly for 19
draws.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import jax
import numpy as np
from scipy.stats import chisquare

from uqdsl.ir import SOURCES
from uqdsl.uncertainty.known import Known
from uqdsl.uncertainty.predict import Predictor
from uqdsl.uncertainty.short_chains import adapt, chain_program, each_of, run_chains
from uqdsl.uncertainty.stages import Arrays, Stage

from .staged import bound
from .test_short_chains import keys

SETS, EACH, PILOTS = 500, 19, 16
FIVE = """
data { Z[case] : real, X[case] : real, training = "train.csv", testing = "test.csv", new = "new.csv" }
population Z ~ Normal(0, 1)
prior slope ~ Normal(1.5, 0.5)
likelihood X[case] ~ Normal(slope * Z, 0.3)
uncertainty {
  new_input { Z ~ Normal(truth(Z), 0.5) }
  testing_data { Z ~ Normal(truth(Z), 0.5), X ~ Normal(truth(X), 0.3) }
  training_data { Z ~ Normal(truth(Z), 0.5), X ~ Normal(truth(X), 0.2) }
  weights inferred
  function { residual ~ Normal(bias, spread), prior bias ~ Normal(0.2, 0.2), prior spread ~ Uniform(0.3, 1.2) }
}
predict X[case]
"""
BERKSON = FIVE.replace("Z ~ Normal(truth(Z), 0.5), X ~ Normal(truth(X), 0.2)", "truth(Z) ~ Normal(Z, 0.5)")
NAIVE = FIVE.replace("training_data { Z ~ Normal(truth(Z), 0.5), X ~ Normal(truth(X), 0.2) }", "training_data exact")


class Simulated(NamedTuple):
    """Data sets, `(set, row)`, and what they were made with."""

    training: Arrays
    testing: Arrays
    new: np.ndarray
    slope: np.ndarray
    outcome: np.ndarray


def simulate(rng: np.random.Generator, slope: np.ndarray, rows: int = 40, testing_rows: int = 20) -> Simulated:
    """Rows as the spec says that they come about."""
    sets = len(slope)
    bias, spread = rng.normal(0.2, 0.2, (sets, 1)), rng.uniform(0.3, 1.2, (sets, 1))

    def recorded(rows: int, output: float, bias: np.ndarray | float, scatter: np.ndarray | float) -> Arrays:
        z = rng.normal(size=(sets, rows))
        x = slope[:, None] * z + bias + scatter * rng.normal(size=(sets, rows))
        return {"Z": z + 0.5 * rng.normal(size=z.shape), "X": x + output * rng.normal(size=z.shape)}

    training, testing = recorded(rows, 0.2, 0.0, 0.3), recorded(testing_rows, 0.3, bias, spread)
    new = recorded(1, 0.0, bias, spread)  # whose outcome is the true one
    return Simulated(training, testing, new["Z"][:, 0], slope, new["X"][:, 0])


def sampled(stage: Stage, given: Arrays, seed: int) -> Arrays:
    """A draw of a stage for each data set."""
    count = len(next(iter(given.values())))
    kernel = adapt(
        stage, {name: each[:: count // PILOTS][:PILOTS] for name, each in given.items()}, jax.random.key(seed)
    )
    found = run_chains(chain_program(stage, kernel), each_of(given), keys(count, seed))
    assert found.mixing.mixed
    return {name: each[:, -1] for name, each in found.values.items()}


def trained(text: str, training: Arrays, seed: int = 0) -> np.ndarray:
    """A draw of the posterior of the slope for each data set."""
    first = {name: each[0] for name, each in training.items()}
    training_stage = Stage(bound(text, training=first).training, given=("Z", "X"))
    return sampled(training_stage, training, seed)["slope"]


@cache
def repetitions() -> tuple[Simulated, np.ndarray]:
    """500 data sets, with 19 draws of the slope for each."""
    rng = np.random.default_rng(5)
    made = simulate(rng, rng.normal(1.5, 0.5, SETS))
    return made, trained(FIVE, {name: np.repeat(each, EACH, axis=0) for name, each in made.training.items()})


EXACT = {
    "new_input": ("new_input { Z ~ Normal(truth(Z), 0.5) }", "new_input exact"),
    "function": (FIVE[FIVE.index("function {") : FIVE.index("\n}\npredict")], "function exact"),
}


_RESIDUALS: dict[str, Arrays] = {}


def residuals(stage: Stage) -> Arrays:
    """The law of the residual for each draw of the slope; that of the new inputs has no part in it."""
    if not _RESIDUALS:
        made, slope = repetitions()
        testing = {name: np.repeat(each, EACH, axis=0) for name, each in made.testing.items()}
        _RESIDUALS[""] = sampled(stage._replace(given=(*stage.given, "Z", "X")), {"slope": slope} | testing, seed=1)
    return _RESIDUALS[""]


def ranks(exact: str = "") -> np.ndarray:
    """How many of the 19 draws of a prediction lie below the true outcome, for each data set."""
    made, slope = repetitions()
    text = FIVE.replace(*EXACT[exact]) if exact else FIVE
    found = bound(text, training=_first(made.training), testing=_first(made.testing), new={"Z": made.new})
    known = {"slope": slope}
    if "residual" in found.stages:
        known |= residuals(found.stages["residual"])
    before = Known(found.stages, known, seed=2)
    predicting = Predictor(before, found.stages, found.stage("prediction"), {"X": "X.predicted"})
    given = found.stages["prediction"].of(known)
    # Draws that follow one another have numbers that are even together; those of one data set have to be independent.
    seeds = dict.fromkeys(SOURCES, np.random.default_rng(6).permutation(SETS * EACH))
    below = np.zeros(SETS, int)
    for rows in predicting.blocks(SETS * EACH):
        draws = predicting.predict(given, seeds, rows)["X"].reshape(SETS, EACH, -1)
        for place, row in enumerate(range(rows.start, min(rows.stop, SETS))):
            below[row] = np.sum(draws[row, :, place] < made.outcome[row])
    return below


def _first(columns: Arrays) -> Arrays:
    return {name: each[0] for name, each in columns.items()}


def covered(below: np.ndarray) -> dict[float, float]:
    """How often the truth lies within the intervals of 50 and 90 per cent."""
    return {level: float(np.mean(abs(below - 9.5) < 10 * level)) for level in (0.5, 0.9)}


def far(found: dict[float, float]) -> dict[float, float]:
    """By how many binomial standard errors."""
    return {level: (each - level) / math.sqrt(level * (1 - level) / SETS) for level, each in found.items()}


def test_intervals_cover_what_they_say_and_those_that_leave_out_a_source_do_not():
    """Within 3.3 standard errors of either, and all ranks equally often; else more than four too seldom."""
    below = ranks()
    off = far(covered(below))
    assert max(map(abs, off.values())) < 3.3, covered(below)
    assert chisquare(np.bincount(below, minlength=EACH + 1)).pvalue > 0.001
    for exact in EXACT:
        off = far(covered(ranks(exact)))
        assert max(off.values()) < -4, (exact, off)


# ------------------------------------------------------------------------------------------------ slopes that are too small


def slopes_of(text: str, training: Arrays) -> tuple[float, float]:
    """The mean slope over all data sets, by a draw of the posterior of each, and its standard error."""
    slope = trained(text, training)
    return float(slope.mean()), float(slope.std() / math.sqrt(SETS))


WIDE = ("Normal(1.5, 0.5)", "Normal(0, 10)")
RATIO = 0.5**2
"""Of the variance of the error of inputs to that of inputs."""


def test_errors_of_inputs_flatten_a_naive_line_and_not_this_one():
    """Four standard errors, and one per cent for what is left of order 1/n in a mean of ratios."""
    rng = np.random.default_rng(8)
    made = simulate(rng, np.full(SETS, 1.5), rows=100).training
    perturbed = {"Z": made["Z"] + 0.5 * rng.normal(size=made["Z"].shape), "X": made["X"]}
    naive = NAIVE.replace(*WIDE)
    for text, data, expected in (
        (FIVE.replace(*WIDE), made, 1.5),
        (naive, made, 1.5 / (1 + RATIO)),
        (naive, perturbed, 1.5 / (1 + 2 * RATIO)),  # inputs drawn from their error bars have the error twice
    ):
        mean, error = slopes_of(text, data)
        assert abs(mean - expected) < 4 * error + 0.01 * expected, (expected, mean)


def test_a_berkson_error_of_a_line_needs_no_correction():
    rng = np.random.default_rng(9)
    z = rng.normal(size=(SETS, 100))
    x = 1.5 * (z + 0.5 * rng.normal(size=z.shape)) + 0.3 * rng.normal(size=z.shape)
    for text in (NAIVE, BERKSON):
        mean, error = slopes_of(text.replace(*WIDE), {"Z": z, "X": x})
        assert abs(mean - 1.5) < 4 * error
