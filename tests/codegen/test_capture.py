"""Capture and recapture with what is not seen summed out, against the probabilities of histories by hand."""

from __future__ import annotations

import numpy as np
import pytest

from .compiled import compiled

HISTORIES = [[1, 0, 1, 0], [0, 1, 0, 0], [1, 1, 1, 1]]
PHI, P = 0.7, 0.4


def at(*probabilities: float) -> list[float]:
    """The unconstrained positions of probabilities, whose priors are flat."""
    return [float(np.log(each / (1 - each))) for each in probabilities]


def jacobian(*probabilities: float) -> float:
    return float(sum(np.log(each * (1 - each)) for each in probabilities))


def test_survival_from_histories():
    """Cormack, Jolly and Seber: survival and recapture up to the last sight, and chi, never seen again, after it."""
    found = compiled(
        f"""
        time t from 1 to 4
        dim animal = 3
        data {{ seen[animal, t] : binary = {HISTORIES}, marked[animal] : count = [1, 2, 1] }}
        prior phi ~ Beta(1, 1)
        prior p   ~ Beta(1, 1)
        prior alive[animal, t] ~ Bernoulli(if t <= marked then 1 else phi * alive[t - 1]) starting at Bernoulli(1)
        likelihood seen[animal, t] ~ Bernoulli(p * alive) where t > marked
        """
    )

    def chi(left: int) -> float:
        return 1.0 if left == 0 else 1 - PHI + PHI * (1 - P) * chi(left - 1)

    wanted = 0.0
    for history in HISTORIES:
        first, last = history.index(1), 3 - history[::-1].index(1)
        for each in history[first + 1 : last + 1]:
            wanted += np.log(PHI * (P if each else 1 - P))
        wanted += np.log(chi(3 - last))
    phi, p = at(PHI, P)
    ours = float(found.log_density({"phi": phi, "p": p}, found.data, found.coords))
    assert ours == pytest.approx(wanted + jacobian(PHI, P), rel=1e-10)


def test_how_many_there_are():
    """Data augmentation: each of a list of animals is real with probability omega, and seen only if it is."""
    seen = [[1, 0, 1], [0, 1, 0], [0, 0, 0], [0, 0, 0]]
    found = compiled(
        f"""
        dim animal = 4  dim occasion = 3
        data {{ seen[animal, occasion] : binary = {seen} }}
        prior omega ~ Beta(1, 1)
        prior p[occasion] ~ Beta(1, 1)
        prior present[animal] ~ Bernoulli(omega)
        likelihood seen[animal, occasion] ~ Bernoulli(present * p)
        """
    )
    omega, p = 0.6, np.array([0.2, 0.5, 0.7])
    wanted = 0.0
    for history in np.array(seen):
        of_real = omega * np.prod(np.where(history == 1, p, 1 - p))
        wanted += np.log(of_real + (0 if history.any() else 1 - omega))
    position = {"omega": at(omega)[0], "p": np.array(at(*p))}
    ours = float(found.log_density(position, found.data, found.coords))
    assert ours == pytest.approx(wanted + jacobian(omega, *p), rel=1e-10)
