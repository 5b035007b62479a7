"""Predictions: blocks of rows, seeds of sources, draws that come again. What they are worth is in `test_proofs`."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from uqdsl.ir import SOURCES
from uqdsl.uncertainty import predict as module
from uqdsl.uncertainty.predict import Predictor

from .staged import bound
from .test_short_chains import KNOWN_SCALE, TESTING, TRAINING

NEW = np.array([-1.0, 0.0, 1.0])


@cache
def simple() -> Predictor:
    """A slope that is drawn from a normal law, and a residual whose bias hangs on it."""
    found = bound(KNOWN_SCALE, training=TRAINING, testing=TESTING, new={"Z": NEW})
    joint = {"slope": np.random.default_rng(0).normal(1.5, 0.1, 500)}
    return Predictor(found.stages, found.stage("prediction"), joint, {"X": "X.predicted"}, seed=0)


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
