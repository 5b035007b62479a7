"""Predictions: blocks of rows, seeds of sources, draws that come again. What they are worth is in `test_proofs`."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from uqdsl.ir import SOURCES
from uqdsl.uncertainty import predict as module
from uqdsl.uncertainty.known import Known
from uqdsl.uncertainty.predict import Predictor, last

from .staged import bound
from .test_short_chains import KNOWN_SCALE, TESTING, TRAINING

NEW = np.array([-1.0, 0.0, 1.0])


@cache
def simple() -> Predictor:
    """A slope that is drawn from a normal law, and a residual whose bias hangs on it."""
    found = bound(KNOWN_SCALE, training=TRAINING, testing=TESTING, new={"Z": NEW})
    joint = {"slope": np.random.default_rng(0).normal(1.5, 0.1, 500)}
    known = Known(found.stages, joint, seed=0)
    return Predictor(known, found.stages, found.stage("prediction"), {"X": "X.predicted"})


def test_blocks_of_rows_cover_all_rows_once(monkeypatch):
    found = simple()
    monkeypatch.setattr(module, "BLOCK_BYTES", 8 * 100 * 2 * 3)  # outcome, mean and variance
    blocks = list(found.blocks(100))
    assert blocks == [slice(0, 2), slice(2, 4)]
    seeds = dict.fromkeys(SOURCES, np.arange(100))
    known = found.posterior(100)
    apart = [found.predict(known, seeds, each)["X"] for each in blocks]
    assert [each.shape for each in apart] == [(100, 2), (100, 1)]
    noise = np.concatenate(apart, axis=1) - known["slope"][:, None] * NEW - known["bias"][:, None]
    # Rows of one block have noise of their own, and so have those of the next.
    correlation = np.corrcoef(noise, rowvar=False)[np.triu_indices(3, 1)]
    assert (abs(correlation) < 4 / math.sqrt(100)).all()
    assert (abs(noise.std(axis=0) / 0.4 - 1) < 4 / math.sqrt(200)).all()


def test_a_source_moves_with_its_own_seed_alone():
    found = simple()
    assert found.random == ("testing_data", "weights", "function")
    assert found.chained == {"testing_data", "training_data", "weights"}
    same = dict.fromkeys(SOURCES, np.arange(50))
    base, known = found.predict(found.known(same), same, slice(0, 3))["X"], found.known(same)
    assert np.array_equal(base, found.predict(found.known(same), same, slice(0, 3))["X"])
    for source in SOURCES:
        seeds = {**same, source: np.arange(50) + 50}
        moved = found.predict(found.known(seeds), seeds, slice(0, 3))["X"]
        assert np.array_equal(moved, base) is (source not in found.random)
    other = found.known({**same, "testing_data": np.arange(50) + 50})
    assert np.array_equal(known["slope"], other["slope"])
    assert not np.array_equal(known["bias"], other["bias"])


def test_more_draws_than_the_posterior_has_use_each_again():
    found = simple()
    slope = found.posterior(750)["slope"]
    assert np.array_equal(slope[:250], slope[500:])
    assert found.posterior(750)["bias"][0] != found.posterior(750)["bias"][500]


HEAVY = """
data { Z[case] : real, X[case] : real, training = "train.csv", testing = "test.csv", new = "new.csv" }
population Z ~ Normal(0, 1)
prior slope ~ Normal(1.5, 0.5)
likelihood X[case] ~ Normal(slope * Z, 0.3)
uncertainty {
  new_input     { Z ~ StudentT(3, truth(Z), 0.4) }
  testing_data  exact
  training_data exact
  weights       inferred
  function      inferred
}
infer by nuts
predict X[case]
"""
RECORDED = np.linspace(-2, 2, 7)


def heavy() -> Predictor:
    found = bound(HEAVY, training=TRAINING, testing=TESTING, new={"Z": RECORDED})
    joint = {"slope": np.random.default_rng(0).normal(1.5, 0.1, 2000)}
    known = Known(found.stages, joint, seed=0)
    return Predictor(known, found.stages, found.stage("prediction"), {"X": "X"})


def true_inputs(recorded: float) -> tuple[float, float]:
    """Mean and variance of a true input given the recorded one, by quadrature."""
    z = np.linspace(-8, 8, 20001)
    weights = np.exp(-(z**2) / 2) * (1 + ((recorded - z) / 0.4) ** 2 / 3) ** -2
    mean = float(np.average(z, weights=weights))
    return mean, float(np.average((z - mean) ** 2, weights=weights))


def test_true_inputs_without_a_formula_are_found_a_block_of_rows_at_a_time(monkeypatch):
    found, draws = heavy(), 2000
    monkeypatch.setattr(module, "BLOCK_BYTES", 8 * draws * found.states * 3 * 2)
    seeds = dict.fromkeys(SOURCES, np.arange(draws * found.states))
    known = found.posterior_by_states(draws)
    assert "Z.truth" not in known
    parts, rows = [], list(found.blocks(draws * found.states))
    assert len(rows) == 4
    for each in rows:
        here = known | found.inputs_given(last(known, found.states), np.arange(draws), each)
        parts.append(found.predict(here, seeds, each)["X mean"])
    means = np.concatenate(parts, axis=1).reshape(draws, found.states, len(RECORDED)).mean(axis=1)
    assert found.mixing["inputs"].mixed
    for row, recorded in enumerate(RECORDED):
        mean, _ = true_inputs(recorded)
        assert abs(means[:, row].mean() - 1.5 * mean) < 4 * means[:, row].std() / math.sqrt(draws) + 4 * abs(
            mean
        ) * 0.1 / math.sqrt(draws)
