"""The two-scale system of Lorenz for `lorenz96_closure.uq`: large waves that are seen, and small ones that are not.

K large scales, each with J small ones (Lorenz 1996; as in Wilks 2005):

    dX_k/dt = X_{k-1} (X_{k+1} - X_{k-2}) - X_k + F - (h c / b) sum_j Y_{j,k}
    dY_j/dt = c b Y_{j+1} (Y_{j-1} - Y_{j+2}) - c Y_j + (h c / b) X_k

with K = 8, J = 32, F = 20, h = 1, b = c = 10; the small scales follow each other around the whole circle. By the fourth-order
scheme of Runge and Kutta with steps of 0.001.

References:
    Lorenz 1996, Predictability: a problem partly solved, ECMWF Seminar on Predictability, vol. 1.
    Wilks 2005, Effects of stochastic parametrizations in the Lorenz '96 system, Q. J. R. Meteorol. Soc. 131, 389-407.

`python -m specs.generators.lorenz96_closure` writes the large scales as they were and as they were observed, every 0.05 units
of time, and the effect that the small scales had on them at the same times.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from specs.generators.tables import Table, write

LARGE, SMALL = 8, 32
FORCING, COUPLING, SPEED, RATIO = 20.0, 1.0, 10.0, 10.0
"""F, h, c and b."""
STEP = 0.001
BETWEEN = 50
"""Steps between observations."""
NOISE = 0.5
"""Standard deviation of the observations."""


class Waves(NamedTuple):
    """Large scales `(K,)` and small ones `(K * J,)`."""

    large: np.ndarray
    small: np.ndarray


def effect(small: np.ndarray) -> np.ndarray:
    """What the small scales take from the tendency of the large ones, `(K,)`."""
    return COUPLING * SPEED / RATIO * small.reshape(LARGE, SMALL).sum(axis=1)


def tendency(waves: Waves) -> Waves:
    """The rates of both scales."""
    x, y = waves
    large = np.roll(x, 1) * (np.roll(x, -1) - np.roll(x, 2)) - x + FORCING - effect(y)
    small = SPEED * RATIO * np.roll(y, -1) * (np.roll(y, 1) - np.roll(y, -2)) - SPEED * y
    return Waves(large, small + COUPLING * SPEED / RATIO * np.repeat(x, SMALL))


def moved(waves: Waves) -> Waves:
    """One step later."""

    def ahead(rate: Waves, share: float) -> Waves:
        return Waves(waves.large + share * STEP * rate.large, waves.small + share * STEP * rate.small)

    first = tendency(waves)
    second = tendency(ahead(first, 0.5))
    third = tendency(ahead(second, 0.5))
    fourth = tendency(ahead(third, 1.0))
    large, small = ((a + 2 * b + 2 * c + d) / 6 for a, b, c, d in zip(first, second, third, fourth, strict=True))
    return ahead(Waves(large, small), 1.0)


def record(times: int, seed: int, spin_up: int = 5000) -> tuple[np.ndarray, np.ndarray]:
    """Large scales and the effect of the small ones, `(time, K)` each, after some steps that are forgotten."""
    rng = np.random.default_rng(seed)
    waves = Waves(rng.normal(3, 4, LARGE), rng.normal(0, 0.1, LARGE * SMALL))
    for _ in range(spin_up):
        waves = moved(waves)
    large, effects = [], []
    for number in range(times):
        for _ in range(BETWEEN if number else 0):
            waves = moved(waves)
        large.append(waves.large)
        effects.append(effect(waves.small))
    return np.array(large), np.array(effects)


def tables(times: int = 821, unseen: int = 20, seed: int = 1) -> dict[str, Table]:
    """What is observed, and what was: the last times are there to be foretold."""
    large, effects = record(times, seed)
    rng = np.random.default_rng(seed + 1)
    seen = large + NOISE * rng.normal(size=large.shape)
    t = np.arange(times) * BETWEEN * STEP
    names = [f"x{number}" for number in range(1, LARGE + 1)]

    def columns(ending: str, values: np.ndarray) -> Table:
        return {f"{name}{ending}": values[:, place] for place, name in enumerate(names)}

    known = slice(0, times - unseen)
    return {
        "lorenz96_closure": {"t": t[known]} | columns("", seen[known]),
        "lorenz96_closure_truth": {"t": t} | columns("", large) | columns("_effect", effects),
    }


if __name__ == "__main__":
    write(tables())
