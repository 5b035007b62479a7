"""Autoconversion: the rate at which cloud drops collide to drops of rain, from the physics, for `autoconversion.uq`.

Drops of volumes x and y meet and merge K(x, y) n(x) n(y) times per second and unit of volume, where n is the spectrum of
drops and K the kernel of gravitational collection. Rain gains x + y of water where both were cloud and the merged drop is
the first to exceed the volume X of a drop at the threshold of rain:

    A = 1/2 ∫∫ (x + y) K(x, y) n(x) n(y) dx dy   over x < X, y < X, x + y > X

* K: the polynomial of Long 1974, Solutions to the droplet collection equation for polynomial kernels, Journal of the
  Atmospheric Sciences 31, 1040-1052: 9.44e9 (x² + y²) cm³/s with volumes in cm³, where the larger drop is below 50 µm.
* X: a radius of 25 µm, as Khairoutdinov & Kogan 2000, Monthly Weather Review 128, 229-243, divide cloud and rain.
* n: a gamma law of the radius. How far radii scatter relative to their mean hangs on the number of droplets (Martin,
  Johnson & Spice 1994 as in Morrison & Grabowski 2007, Journal of the Atmospheric Sciences 64, 2839-2861) and beyond that
  on what nobody measured: mixing, and the history of the air. So cloud water and droplet number do not settle the rate.

`python -m specs.generators.autoconversion` writes what is measured of 200 clouds to train on, 100 to test on and 12 new
ones, and what is true of the new ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import gammaln

from specs.generators.tables import Table, write

LONG = 9.44e9
"""Of the kernel, per cm³ and second (Long 1974)."""
RAIN_RADIUS = 25e-4
"""cm"""
RAIN_VOLUME = 4 / 3 * math.pi * RAIN_RADIUS**3
"""cm³"""

INPUT_NOISE = 0.05
"""Error of log cloud water and of log droplet number: five per cent."""
OUTPUT_NOISE = 0.10
"""Error of the log rate: ten per cent."""
HIDDEN_SCATTER = 0.05
"""Scatter of the log relative dispersion about what the droplet number lets expect."""

Spectrum = Callable[[np.ndarray], np.ndarray]
"""Drops per cm³ of air and per cm³ of their volume, by volume in cm³."""


def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """cm³/s, of volumes in cm³."""
    return LONG * (x**2 + y**2)


def gamma_spectrum(water: float, number: float, dispersion: float) -> Spectrum:
    """Radii of a gamma law.

    Arguments:
        water: cm³ of it in a cm³ of air.
        number: droplets in a cm³ of air.
        dispersion: sd of the radii over their mean.
    """
    shape = dispersion**-2
    # The mean of r³ is shape (shape + 1) (shape + 2) scale³.
    scale = (water / number / (4 / 3 * math.pi * shape * (shape + 1) * (shape + 2))) ** (1 / 3)

    def spectrum(volume: np.ndarray) -> np.ndarray:
        radius = (volume / (4 / 3 * math.pi)) ** (1 / 3)
        log_density = (shape - 1) * np.log(radius) - radius / scale - gammaln(shape) - shape * math.log(scale)
        return number * np.exp(log_density) / (4 * math.pi * radius**2)

    return spectrum


def rate(spectrum: Spectrum, nodes: int = 64) -> float:
    """Autoconversion, cm³ of water per cm³ of air and second.

    The half of the triangle with y < x, by Gauss and Legendre along each side: x goes from X / 2 to X, y from X - x to x.
    """
    points, weights = np.polynomial.legendre.leggauss(nodes)
    x = RAIN_VOLUME * (0.75 + 0.25 * points)[:, None]
    low, high = RAIN_VOLUME - x, x
    y = (high + low) / 2 + (high - low) / 2 * points
    area = weights[:, None] * weights * (RAIN_VOLUME / 4) * (high - low) / 2
    return float(np.sum(area * (x + y) * kernel(x, y) * spectrum(x) * spectrum(y)))


def log_rate(log_qc: float, log_nc: float, hidden: float = 0.0) -> float:
    """Logarithm of the rate in g/m³/s.

    Arguments:
        log_qc: logarithm of cloud water, g/m³.
        log_nc: logarithm of the droplet number, per cm³.
        hidden: what the logarithm of the relative dispersion has beyond what the number lets expect.
    """
    number = math.exp(log_nc)
    dispersion = (0.0005714 * number + 0.2714) * math.exp(hidden)
    # A gram of water fills a cm³, and a m³ has 1e6 cm³.
    return math.log(1e6 * rate(gamma_spectrum(1e-6 * math.exp(log_qc), number, dispersion)))


def clouds(rng: np.random.Generator, count: int) -> tuple[Table, Table]:
    """What is true of so many clouds, and what is measured of them.

    Cloud water is log-normal about 0.4 g/m³ and droplet number about 70 per cm³, kept to 0.05–2 g/m³ and 10–500 per cm³, and to
    clouds whose drops have a mean volume of that of a radius from 9 to 18 µm: smaller ones make no rain worth counting, and
    larger ones rain already.
    """
    kept: list[tuple[float, float]] = []
    while len(kept) < count:
        qc, nc = 0.4 * math.exp(0.8 * rng.standard_normal()), 70 * math.exp(0.8 * rng.standard_normal())
        radius = 1e4 * (1e-6 * qc / nc / (4 / 3 * math.pi)) ** (1 / 3)
        if 0.05 <= qc <= 2 and 10 <= nc <= 500 and 9 <= radius <= 18:
            kept.append((math.log(qc), math.log(nc)))
    log_qc, log_nc = np.array(kept).T
    hidden = HIDDEN_SCATTER * rng.standard_normal(count)
    log_rates = np.array([log_rate(*each) for each in zip(log_qc, log_nc, hidden, strict=True)])
    truth = {"log_qc": log_qc, "log_nc": log_nc, "log_rate": log_rates}
    noise = {"log_qc": INPUT_NOISE, "log_nc": INPUT_NOISE, "log_rate": OUTPUT_NOISE}
    measured = {name: true + noise[name] * rng.standard_normal(count) for name, true in truth.items()}
    return truth, measured


def tables() -> dict[str, Table]:
    rng = np.random.default_rng(25)
    _, training = clouds(rng, 200)
    _, testing = clouds(rng, 100)
    truth, new = clouds(rng, 12)
    del new["log_rate"]
    return {
        "autoconversion_train": training,
        "autoconversion_test": testing,
        "autoconversion_new": new,
        "autoconversion_truth": truth,
    }


if __name__ == "__main__":
    write(tables())
