"""Predictions of a straight line with all five sources, against its closed form."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from uqdsl.uncertainty import SOURCES, variance_budget
from uqdsl.uncertainty import predict as module
from uqdsl.uncertainty.answers import answer
from uqdsl.uncertainty.predict import Predictor

from .closed_forms import (
    Line,
    closed,
    first_order,
    line_components,
    line_residual,
    line_weights,
    predictive_mean,
    shapley,
    slope_posterior,
    total,
)
from .staged import bound
from .test_short_chains import DECONVOLVED, KNOWN_SCALE, TESTING, TRAINING

NEW = np.array([-1.0, 0.0, 1.0])
LINE = Line(scatter=0.3, input_noise=0.5, training_noise=0.2, testing_noise=0.3)
DRAWS = 4000


def predictor() -> Predictor:
    found = bound(DECONVOLVED, training=TRAINING, testing=TESTING, new={"Z": NEW})
    return Predictor(found.stages, found.stage("prediction"), found.joint(), {"X": "X.predicted"}, seed=0)


@cache
def parts(new: float):
    slope = slope_posterior(LINE, TRAINING["Z"], TRAINING["X"])
    residual = line_residual(LINE, slope, TESTING["Z"], TESTING["X"])
    weights = line_weights(LINE, TRAINING["Z"], TRAINING["X"])
    return line_components(LINE, weights, residual, new), predictive_mean(weights, np.array([0.8 * new]), residual)


def test_a_line_with_all_five_sources():
    """Mean, variance and budget."""
    found = predictor()
    assert found.random == SOURCES
    draws = found.predict(found.posterior(DRAWS), dict.fromkeys(SOURCES, np.arange(DRAWS)), slice(0, 3))["X"]
    assert draws.shape == (DRAWS, 3)
    for place, new in enumerate(NEW):
        components, mean = parts(float(new))
        variance = closed(components, frozenset(SOURCES))
        assert abs(draws[:, place].mean() - mean) < 4 * math.sqrt(variance / DRAWS)
        # The variance of a variance, of a law with somewhat heavier tails than the normal.
        assert abs(draws[:, place].var() / variance - 1) < 4 * math.sqrt(3 / DRAWS)

    # Each source's part, in terms of the whole; chains of the same key for different weights nearly come together.
    budget = variance_budget(
        lambda seeds: found.predict(found.known(seeds), seeds, slice(0, 3))["X"], 1000, sources=SOURCES
    )
    for place, new in enumerate(NEW):
        components, _ = parts(float(new))
        whole = closed(components, frozenset(SOURCES))
        for mine, theirs in ((budget.first, first_order), (budget.all_orders, total), (budget.shapley, shapley)):
            for index, source in enumerate(SOURCES):
                off = abs(mine.value[index, place] - theirs(components)[source])
                assert off < 4 * mine.error[index, place] + 0.01 * whole, (source, new)
        assert budget.shapley.share[:, place].sum() == pytest.approx(1)
    # The answer runs fewer chains, and draws more often what hangs on none.
    assert found.chained == {"testing_data", "training_data", "weights"}
    asked = bound(DECONVOLVED, training=TRAINING).spec.predictions[0]
    asked = asked.model_copy(update={"options": {**asked.options, "draws": 100, "budget": "shapley"}})
    told = answer(found, [asked], found.along)[0].arrays
    for place, new in enumerate(NEW):
        components, _ = parts(float(new))
        expected = np.array([shapley(components)[source] for source in SOURCES])
        off = abs(told["share"][:, place] - expected / closed(components, frozenset(SOURCES)))
        assert (off < 4 * told["share_error"][:, place] + 0.01).all(), new
    assert (told["average_share_error"] < 0.03).all()
    assert told["average_share"].sum() == pytest.approx(1)


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
