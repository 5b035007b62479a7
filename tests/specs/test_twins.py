"""Twin experiments with the systems of Lorenz: the truth is followed, as closely as published filters do."""

from __future__ import annotations

import numpy as np

from .assimilating import assimilated


def test_forty_waves() -> None:
    found = assimilated("lorenz96")
    assert found.status == "ok"
    group = found.groups["assimilation"].variables
    apart = group["x_mean"].values - group["x_truth"].values
    # DAPPER has 0.18 to 0.22 for such filters over long runs.
    assert 0.16 < np.sqrt((apart[100:] ** 2).mean(axis=1)).mean() < 0.24


def test_an_orbit_and_what_drives_it() -> None:
    found = assimilated("lorenz63")
    assert found.status == "ok"
    group = found.groups["assimilation"].variables
    apart = np.stack([group[f"{name}_mean"].values - group[f"{name}_truth"].values for name in "xyz"])
    # Sakov, Oliver & Bertino 2012 have 0.6 with the heating known.
    assert np.sqrt((apart[:, 20:] ** 2).mean(axis=0)).mean() < 0.85
    heating, sd = group["rho_mean"].values[-1], group["rho_sd"].values[-1]
    assert abs(heating - 26.7457) < 3 * sd
    assert sd < 0.4
