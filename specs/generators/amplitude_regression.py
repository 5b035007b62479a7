"""Amplitudes of e⁺e⁻ → Z/γ* → q q̄ g for `amplitude_regression.uq`: the squared matrix element at tree level, over phase space.

A pair of an electron and a positron makes an up quark and its antiquark by way of a photon or a Z, and one of the two
radiates a gluon. Averaged over the orientation of the event, with energies x1 and x2 of the quarks in units of half the
total energy √s,

    dσ = σ0(s) α_s C_F / (2π) (x1² + x2²) / ((1 - x1) (1 - x2)) dx1 dx2
    σ0 = N_c s / (48π) Σ |e² Q_e Q_q / s + g_e g_q / (s - M² + iMΓ)|²   summed over left- and right-handed e and q

(Ellis, Stirling & Webber 1996, QCD and Collider Physics, ch. 3). Phase space of three massless particles is flat in x1 and
x2, so that |M|² is what stands before dx1 dx2 but for constants: dσ = |M|² / (2s) · s / (128π³) dx1 dx2. It grows without
end where the gluon is soft (both x near 1) or flies along a quark (one of them near 1).

Codes for such amplitudes at higher orders subtract large numbers from each other, and lose digits where invariants are
small. Here a noise stands for that: the logarithm has an error of 3 per cent over the smallest invariant to the power 0.6.

`python -m specs.generators.amplitude_regression` writes 500 points to train on, 250 to test on and 12 new ones, and the true
amplitudes of the new ones.
"""

from __future__ import annotations

import math

import numpy as np

from specs.generators.tables import Table, write

ALPHA = 1 / 128.9
"""Of electromagnetism, at the mass of the Z."""
ALPHA_S = 0.118
SIN2 = 0.2312
"""Of the weak mixing angle, squared."""
M_Z, WIDTH_Z = 91.188, 2.495
"""GeV"""
COLOURS, C_F = 3, 4 / 3

RESOLVED = 0.005
"""Least invariant mass squared of two partons, in units of s, for them to count as apart (JADE)."""


def couplings(isospin: float, charge: float) -> tuple[float, float]:
    """To the Z, of left- and right-handed fermions."""
    g = math.sqrt(4 * math.pi * ALPHA / (SIN2 * (1 - SIN2)))
    return g * (isospin - charge * SIN2), -g * charge * SIN2


def pair_cross_section(
    s: np.ndarray, isospin: float = 0.5, charge: float = 2 / 3, colours: int = COLOURS
) -> np.ndarray:
    """σ0 of e⁺e⁻ → Z/γ* → f f̄ in GeV⁻², of massless fermions; s in GeV². By default up quarks."""
    photon = 4 * math.pi * ALPHA * -1 * charge / s
    propagator = 1 / (s - M_Z**2 + 1j * M_Z * WIDTH_Z)
    amplitudes = [photon + e * f * propagator for e in couplings(-0.5, -1) for f in couplings(isospin, charge)]
    return colours * s / (48 * math.pi) * sum(np.abs(each) ** 2 for each in amplitudes)


def amplitude(energy: np.ndarray, x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """|M|² of e⁺e⁻ → q q̄ g in GeV⁻², of the total energy in GeV."""
    radiation = ALPHA_S * C_F / (2 * math.pi) * (x1**2 + x2**2) / ((1 - x1) * (1 - x2))
    return 256 * math.pi**3 * pair_cross_section(energy**2) * radiation


def noise(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """Sd of the logarithm of an amplitude as it is computed."""
    smallest = np.min([1 - x1, 1 - x2, x1 + x2 - 1], axis=0)
    return 0.03 * smallest**-0.6


def events(rng: np.random.Generator, count: int) -> tuple[Table, Table]:
    """Points of phase space with what is true of them, and with what is computed."""
    kept: list[tuple[float, float]] = []
    while len(kept) < count:
        x1, x2 = rng.random(2)
        if min(1 - x1, 1 - x2, x1 + x2 - 1) > RESOLVED:
            kept.append((x1, x2))
    x1, x2 = np.array(kept).T
    energy = rng.uniform(84, 98, count)
    exact = np.log(amplitude(energy, x1, x2))
    point: Table = {"energy": energy, "x_quark": x1, "x_antiquark": x2}
    computed = exact + noise(x1, x2) * rng.standard_normal(count)
    return point | {"log_amplitude": exact}, point | {"log_amplitude": computed}


def tables() -> dict[str, Table]:
    rng = np.random.default_rng(91)
    _, training = events(rng, 500)
    _, testing = events(rng, 250)
    truth, new = events(rng, 12)
    del new["log_amplitude"]
    return {
        "amplitude_train": training,
        "amplitude_test": testing,
        "amplitude_new": new,
        "amplitude_truth": truth,
    }


if __name__ == "__main__":
    write(tables())
