"""The density of draws, as a curve."""

from __future__ import annotations

import numpy as np

POINTS = 160


def density(draws: np.ndarray, within: tuple[float, float] = (-np.inf, np.inf)) -> tuple[np.ndarray, np.ndarray]:
    """A curve through the draws `(draw,)` of something continuous: places and densities, each `(point,)`.

    A Gaussian kernel of the width 0.9 min(sd, IQR / 1.34) n^(-1/5) (Silverman 1986, Density Estimation for Statistics and Data
    Analysis, eq. 3.31). It ends at the least and the largest draw, beyond which it is reflected, so that nothing lies
    where no value can be; and at the ends of what is to be shown.
    """
    low, high = draws.min(), draws.max()
    quartiles = np.quantile(draws, [0.25, 0.75])
    spreads = [each for each in (draws.std(), (quartiles[1] - quartiles[0]) / 1.34) if each > 0]
    width = 0.9 * min(spreads) * len(draws) ** -0.2
    places = np.linspace(max(low, within[0]), min(high, within[1]), POINTS)
    # A fine histogram in the place of the draws: its cells are far narrower than the kernel.
    counts, edges = np.histogram(draws, bins=max(200, int(5 * (high - low) / width) if width > 0 else 200))
    centres = (edges[1:] + edges[:-1]) / 2

    def kernel(centres: np.ndarray) -> np.ndarray:
        return np.exp(-0.5 * ((places[:, None] - centres) / width) ** 2) @ counts

    raw = kernel(centres) + kernel(2 * low - centres) + kernel(2 * high - centres)
    return places, raw / (len(draws) * width * np.sqrt(2 * np.pi))
