"""Toy jets: counts of gluons, Casimir scaling, and momentum that is kept."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from specs.generators.jet_tagger import (
    ALPHA_S,
    C_A,
    C_F,
    RADIUS,
    RESOLUTION,
    SOFTEST,
    jets,
    measures,
    radiate,
)


def test_momentum_is_kept():
    rng = np.random.default_rng(0)
    for _ in range(100):
        jet = radiate(rng, C_A, 1.0, 0.0, RADIUS)
        assert sum(each.share for each in jet) == pytest.approx(1)
        assert min(each.share for each in jet) >= SOFTEST


@pytest.mark.parametrize("colour", [C_F, C_A])
def test_jets_without_radiation_are_as_rare_as_sudakov_says(colour: float):
    """exp(-2 α_s C / π · ln(θ_max / θ_min) · ln(z_max / z_min))."""
    rng = np.random.default_rng(2)
    count = 4000
    alone = sum(len(radiate(rng, colour, 1.0, 0.0, RADIUS)) == 1 for _ in range(count)) / count
    area = math.log(RADIUS / RESOLUTION) * math.log(0.5 / SOFTEST)
    known = math.exp(-2 * ALPHA_S * colour / math.pi * area)
    assert abs(alone - known) < 4 * math.sqrt(known * (1 - known) / count)


def test_measures_of_a_jet_by_hand():
    found = measures([(0.6, 0.0), (0.4, 0.3)])
    assert found == pytest.approx(
        {"particles": 2, "width": 0.12, "mass": math.sqrt(0.036), "dispersion": math.sqrt(0.52)}
    )


def test_gluons_are_told_from_quarks_as_far_as_colour_allows():
    """The area under the curve: 0.69 for width and mass by Casimir scaling, which holds at leading order; counts tell more."""
    sample = jets(np.random.default_rng(3), 6000)
    gluon = sample["gluon"] == 1
    area = {}
    for name in ("particles", "width", "mass", "dispersion"):
        one, other = sample[name][gluon], sample[name][~gluon]
        area[name] = mannwhitneyu(one, other).statistic / (len(one) * len(other))
    casimir = 1 / (1 + C_F / C_A)
    assert area["mass"] == pytest.approx(casimir, abs=0.04)
    assert area["width"] == pytest.approx(casimir, abs=0.06)
    assert area["particles"] > area["width"]
    assert area["dispersion"] < 0.5  # gluons share their momentum more evenly
