"""Amplitudes of e⁺e⁻ → q q̄ g: cross sections that are known, symmetry, and the limits of a soft and a collinear gluon."""

from __future__ import annotations

import math

import numpy as np
import pytest

from specs.generators.amplitude_regression import (
    ALPHA,
    ALPHA_S,
    C_F,
    M_Z,
    RESOLVED,
    amplitude,
    events,
    noise,
    pair_cross_section,
)

NANOBARN = 0.3894e6
"""GeV² nb"""


def test_muons_at_the_peak_of_the_z():
    """12π Γ² / (M² Γ_Z²) is 2.00 nb with measured widths (Particle Data Group 2024), and the photon adds a hundredth or so."""
    found = pair_cross_section(np.array(M_Z**2), isospin=-0.5, charge=-1, colours=1) * NANOBARN
    assert found == pytest.approx(2.00, rel=0.02)


def test_far_below_the_z_only_the_photon_is_left():
    """4πα² / (3s) for muons."""
    s = np.array(1.0)
    assert pair_cross_section(s, -0.5, -1, colours=1) == pytest.approx(4 * math.pi * ALPHA**2 / 3, rel=1e-3)


def test_quark_and_antiquark_are_alike():
    x1, x2 = np.array([0.9, 0.7]), np.array([0.6, 0.95])
    assert amplitude(91.0, x1, x2) == pytest.approx(amplitude(91.0, x2, x1))


def test_a_collinear_gluon_factors():
    """As 1 - x1 → 0 the matrix element goes like the splitting function (1 + z²) / (1 - z) over 1 - x1, with z = x2."""
    z, small = 0.7, 1e-6
    found = amplitude(91.0, np.array(1 - small), np.array(z)) * small
    born = 256 * math.pi**3 * pair_cross_section(np.array(91.0**2))
    assert found == pytest.approx(born * ALPHA_S * C_F / (2 * math.pi) * (1 + z**2) / (1 - z), rel=1e-5)


def test_a_soft_gluon_factors():
    """The eikonal factor, 2 / ((1 - x1) (1 - x2)): a gluon ten times as soft is a hundred times as frequent."""
    soft, softer = (amplitude(91.0, np.array(1 - e), np.array(1 - e)) for e in (1e-5, 1e-6))
    assert softer / soft == pytest.approx(100, rel=1e-4)


def test_events_are_flat_in_phase_space_and_resolved():
    truth, computed = events(np.random.default_rng(1), 2000)
    x1, x2 = truth["x_quark"], truth["x_antiquark"]
    invariants = np.array([1 - x1, 1 - x2, x1 + x2 - 1])
    assert invariants.min() > RESOLVED
    # Over a triangle each invariant is Beta(1, 2), here above the cut: three invariants that add up to 1.
    assert invariants.sum(axis=0) == pytest.approx(1)
    assert np.abs(invariants.mean(axis=1) - 1 / 3).max() < 4 * math.sqrt(1 / 18 / 2000)
    pulls = (computed["log_amplitude"] - truth["log_amplitude"]) / noise(x1, x2)
    assert abs(pulls.mean()) < 4 / math.sqrt(2000)
    assert pulls.std() == pytest.approx(1, abs=4 / math.sqrt(4000))


def test_noise_grows_towards_soft_and_collinear_gluons():
    apart, collinear, soft = noise(np.array([2 / 3, 0.99, 0.99]), np.array([2 / 3, 0.6, 0.99]))
    assert apart < 0.06 < 0.4 < collinear == pytest.approx(soft)
