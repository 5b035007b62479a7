"""Draws that pile up at an end that a prior states, and those that do not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from uqdsl.diagnose import cut_mass, summarize
from uqdsl.diagnose.ends import piles_up
from uqdsl.results.groups import make_group
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

RNG = np.random.default_rng(8)


def notes(prior: str, draws: np.ndarray) -> list[str]:
    text = f"data {{ y : real = 1 }}\nprior {prior}\nlikelihood y ~ Normal(m, 1)\n"
    analysed = analyse(parse(text, "model.uq"))
    assert analysed.spec is not None
    assert not analysed.problems
    sample = {"chain": range(4), "draw": range(500)}
    groups = {"posterior": make_group({"m": draws.reshape(4, 500)}, {}, {}, sample_coords=sample)}
    return [each.title for each in cut_mass(analysed.spec, groups, summarize(groups))]


def cut_normal(mode: float, lower: float, upper: float) -> np.ndarray:
    law = stats.truncnorm(lower - mode, upper - mode, loc=mode)
    return law.rvs(2000, random_state=np.random.default_rng(3))


@pytest.mark.parametrize("prior", ["m ~ Uniform(-9, 3)", "m ~ Flat(-inf, 3)", "m ~ Normal(0, 9) truncated(-9, 3)"])
def test_a_mode_beyond_the_end_is_told(prior):
    assert notes(prior, cut_normal(5, -9, 3)) == ["the draws of `m` pile up at 3, an end that its prior states"]


def test_a_lower_end_below_zero_is_told():
    assert notes("m ~ Uniform(-2, 8)", cut_normal(-4, -2, 8))[0].startswith("the draws of `m` pile up at -2")


@pytest.mark.parametrize("mode", [-6.0, -1.0, 0.0, 1.0, 2.0])
def test_a_mode_inside_is_not(mode):
    assert notes("m ~ Uniform(-9, 3)", cut_normal(mode, -9, 3)) == []


@pytest.mark.parametrize(
    ("prior", "draws"),
    [
        ("m ~ Uniform(0, 100)", np.abs(RNG.normal(size=2000)) ** 2),
        ("m ~ HalfNormal(1)", np.abs(RNG.normal(size=2000)) ** 2),
        ("m ~ Normal(0, 1) truncated(0, inf)", RNG.exponential(size=2000)),
        ("m ~ Uniform(0, 1)", RNG.beta(20, 1, 2000)),
        ("m ~ Uniform(-1, 1)", 1 - RNG.exponential(size=2000) / 50),
        ("m ~ Beta(1, 1)", RNG.beta(1, 9, 2000)),
        ("m ~ Uniform(2, 3) allow(cut_mass)", 3 - RNG.exponential(size=2000) / 50),
    ],
)
def test_natural_and_allowed_ends_are_not(prior, draws):
    assert notes(prior, draws) == []


def test_draws_that_are_spread_evenly_are_no_pile():
    """2000 effective draws of a uniform posterior: the share near an end is 0.045, with a standard error of 0.0046."""
    assert not any(piles_up(RNG.uniform(2, 7, 2000), end) for end in (2.0, 7.0) for _ in range(200))
