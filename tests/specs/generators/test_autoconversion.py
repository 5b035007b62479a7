"""Autoconversion: the integral against closed forms and another integrator, and its physics."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import dblquad, quad

from specs.generators.autoconversion import (
    INPUT_NOISE,
    LONG,
    OUTPUT_NOISE,
    RAIN_VOLUME,
    clouds,
    gamma_spectrum,
    kernel,
    log_rate,
    rate,
    tables,
)

TABLES = tables()

STATES = [(0.1, 20.0), (0.5, 30.0), (1.0, 100.0), (2.0, 200.0)]
"""Cloud water in g/m³ and droplets per cm³."""


@pytest.mark.parametrize(("water", "number"), STATES)
@pytest.mark.parametrize("dispersion", [0.2, 0.35, 0.5])
def test_a_spectrum_has_its_moments(water: float, number: float, dispersion: float):
    """Number, water, and the whole plane's integral of (x + y) K / 2: LONG (N M₃ + M₁ M₂), with moments of a gamma law."""
    shape = dispersion**-2
    spectrum = gamma_spectrum(1e-6 * water, number, dispersion)
    scale = (1e-6 * water / number / (4 / 3 * math.pi * shape * (shape + 1) * (shape + 2))) ** (1 / 3)

    def moment(power: int) -> float:
        gammas = math.lgamma(shape + 3 * power) - math.lgamma(shape)
        return number * (4 / 3 * math.pi * scale**3) ** power * math.exp(gammas)

    assert moment(0) == number
    assert moment(1) == pytest.approx(1e-6 * water, rel=1e-9)
    # By quadrature over the radius, on which the law has no kink.
    points, weights = np.polynomial.legendre.leggauss(200)
    top = scale * (shape + 40 * math.sqrt(shape) + 40)
    radius = top * (points + 1) / 2
    volume = 4 / 3 * math.pi * radius**3
    drops = spectrum(volume) * 4 * math.pi * radius**2 * weights * top / 2
    for power in range(4):
        assert drops @ volume**power == pytest.approx(moment(power), rel=1e-8)
    x, y = volume[:, None], volume
    whole = 0.5 * drops @ ((x + y) * kernel(x, y)) @ drops
    assert whole == pytest.approx(LONG * (number * moment(3) + moment(1) * moment(2)), rel=1e-8)


def test_exponential_volumes_have_a_closed_form():
    """n = N/v exp(-x/v): over s = x + y the inner integral of x² + y² is 2/3 (X³ - (s - X)³), and one in s is left."""
    number, mean = 50.0, RAIN_VOLUME / 6
    found = rate(lambda volume: number / mean * np.exp(-volume / mean))

    def over_sums(s: float) -> float:
        """In units of X."""
        return s * math.exp(-s * RAIN_VOLUME / mean) * 2 / 3 * (1 - (s - 1) ** 3)

    integral, _ = quad(over_sums, 1, 2, epsabs=0, epsrel=1e-12)
    known = 0.5 * LONG * (number / mean) ** 2 * RAIN_VOLUME**5 * integral
    assert found == pytest.approx(known, rel=1e-10)


@pytest.mark.parametrize(("water", "number"), STATES)
def test_the_quadrature_has_converged(water: float, number: float):
    spectrum = gamma_spectrum(1e-6 * water, number, 0.3)
    assert rate(spectrum) == pytest.approx(rate(spectrum, nodes=128), rel=1e-6)


def test_another_integrator_agrees():
    spectrum = gamma_spectrum(0.5e-6, 50.0, 0.3)

    def integrand(b: float, a: float) -> float:
        x, y = a * RAIN_VOLUME, b * RAIN_VOLUME
        return float(0.5 * (x + y) * kernel(x, y) * spectrum(x) * spectrum(y)) * RAIN_VOLUME**2

    whole, _ = dblquad(integrand, 0, 1, lambda a: 1 - a, 1, epsabs=0, epsrel=1e-7)
    assert rate(spectrum) == pytest.approx(whole, rel=1e-6)


def test_more_water_makes_more_rain_and_more_droplets_less():
    """As long as the drops are those of clouds: a mean volume of that of a radius between 9 and 18 µm."""
    training = TABLES["autoconversion_train"]
    for qc, nc in zip(training["log_qc"], training["log_nc"], strict=True):
        rate_here = log_rate(qc, nc)
        assert log_rate(qc + 0.05, nc) > rate_here > log_rate(qc, nc + 0.05)


def test_wider_spectra_make_more_rain_of_small_drops():
    rates = [log_rate(math.log(0.3), math.log(100), hidden) for hidden in (-0.1, 0.0, 0.1)]
    assert rates == sorted(rates)


def test_rain_grows_with_the_square_of_a_cloud_s_density():
    """Drops meet in pairs: twice the drops of the same sizes make four times the rain."""
    thin, dense = (rate(gamma_spectrum(times * 0.3e-6, times * 40.0, 0.3)) for times in (1, 2))
    assert dense == pytest.approx(4 * thin, rel=1e-12)


def test_rates_are_of_the_size_that_is_known():
    """Khairoutdinov & Kogan 2000, eq. 29, fitted to simulated stratocumulus: 1350 q^2.47 N^-1.79 kg/kg/s.

    Formulas of this kind differ by a factor of ten (Wood 2005, Journal of the Atmospheric Sciences 62, 3034-3050).
    """
    for qc, nc in [(0.5, 50.0), (1.0, 100.0)]:
        fitted = 1350 * (1e-3 * qc) ** 2.47 * nc**-1.79 * 1e3  # of air of 1 kg/m³
        assert abs(log_rate(math.log(qc), math.log(nc)) - math.log(fitted)) < math.log(10)


def test_errors_are_as_declared():
    truth, measured = clouds(np.random.default_rng(0), 400)
    for name, sd in (("log_qc", INPUT_NOISE), ("log_nc", INPUT_NOISE), ("log_rate", OUTPUT_NOISE)):
        errors = measured[name] - truth[name]
        assert abs(errors.mean()) < 4 * sd / 20
        assert errors.std() == pytest.approx(sd, rel=4 / math.sqrt(800))
    settled = [log_rate(*each) for each in zip(truth["log_qc"], truth["log_nc"], strict=True)]
    assert np.std(truth["log_rate"] - settled) > OUTPUT_NOISE  # the inputs do not settle the rate


def test_clouds_are_within_their_ranges():
    truth = TABLES["autoconversion_truth"]
    assert ((math.log(0.05) <= truth["log_qc"]) & (truth["log_qc"] <= math.log(2))).all()
    assert ((math.log(10) <= truth["log_nc"]) & (truth["log_nc"] <= math.log(500))).all()
