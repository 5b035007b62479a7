"""Jets of quarks and of gluons for `jet_tagger.uq`, from a branching of partons with colour factors.

A parton that leaves a collision radiates gluons, soft and collinear ones above all: with a share z of the jet's momentum
and at an angle θ, it does so

    dP = 2 α_s C / π · dz/z · dθ/θ

times, where C is C_F = 4/3 for a quark and C_A = 3 for a gluon (Ellis, Stirling & Webber 1996, QCD and Collider Physics,
ch. 5). Angles fall along the branching, because gluons at larger ones see all the charge within (angular ordering), and what
is radiated radiates in turn. So a jet of a gluon has more particles, is wider and heavier, and shares its momentum more
evenly. For any one measure of radiation at leading order P(gluon below) = P(quark below)^(C_A / C_F), so that the area under
the curve of true against false positives comes near 1 / (1 + C_F / C_A) = 0.69 (Larkoski, Salam & Thaler 2013, Journal of
High Energy Physics 06, 108).

This is a toy: the coupling is fixed, only soft gluons are radiated, and there are no hadrons and no detector.

`python -m specs.generators.jet_tagger` writes 2000 jets to train on, 1000 to test on and 20 new ones, and what these were.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from specs.generators.tables import Table, write

ALPHA_S = 0.15
C_F, C_A = 4 / 3, 3.0
RADIUS = 0.4
"""Of a jet: the largest angle."""
RESOLUTION = 0.01
"""The smallest angle."""
SOFTEST = 0.002
"""The smallest share of the jet's momentum."""


class Parton(NamedTuple):
    """Its share of the jet's momentum and its angle to the jet's axis."""

    share: float
    angle: float


def radiate(rng: np.random.Generator, colour: float, share: float, angle: float, widest: float) -> list[Parton]:
    """A parton of this colour factor, and all that comes of it below the widest angle.

    The logarithm of the angle falls to that of the next gluon by an exponential law, whose rate is dP over all shares that the
    parton can still give away.
    """
    found: list[Parton] = []
    while True:
        room = math.log(max(share / 2 / SOFTEST, 1.0))
        if room == 0.0:
            break
        widest *= math.exp(-rng.exponential() * math.pi / (2 * ALPHA_S * colour * room))
        if widest < RESOLUTION:
            break
        given = SOFTEST * math.exp(room * rng.random())
        share -= given
        # In the plane across the axis; the parton that radiates is taken to go straight on.
        turn = 2 * math.pi * rng.random()
        across = math.hypot(angle + widest * math.cos(turn), widest * math.sin(turn))
        found += radiate(rng, C_A, given, across, widest)
    return [Parton(share, angle), *found]


def measures(jet: list[Parton]) -> dict[str, float]:
    """What is measured of a jet: its particles, width (Σ z θ), mass over momentum (√Σ z θ²) and
    momentum dispersion (√Σ z², 1 for one particle and less the more evenly they share)."""
    share, angle = np.array(jet).T
    return {
        "particles": float(len(jet)),
        "width": float(share @ angle),
        "mass": math.sqrt(share @ angle**2),
        "dispersion": math.sqrt(share @ share),
    }


def jets(rng: np.random.Generator, count: int) -> Table:
    """As many of gluons as of quarks, on average."""
    gluon = rng.integers(0, 2, count)
    rows = [measures(radiate(rng, C_A if each else C_F, 1.0, 0.0, RADIUS)) for each in gluon]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]} | {"gluon": gluon}


def tables() -> dict[str, Table]:
    rng = np.random.default_rng(49)
    training, testing, truth = jets(rng, 2000), jets(rng, 1000), jets(rng, 20)
    new = {name: column for name, column in truth.items() if name != "gluon"}
    return {"jets_train": training, "jets_test": testing, "jets_new": new, "jets_truth": truth}


if __name__ == "__main__":
    write(tables())
