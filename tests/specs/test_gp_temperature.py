"""The climate as a Gaussian process: two methods find the same curve."""

from __future__ import annotations

import numpy as np

import uqdsl

from .conftest import SPECS


def test_both_methods_find_how_much_warmer_it_is() -> None:
    program = uqdsl.load(SPECS / "gp_temperature.uq").compile()
    found = [
        program.infer(f"{method}(chains = 2, draws = 500, target_accept = 0.95)", seed=1) for method in ("nuts", "hmc")
    ]
    (nuts, hmc) = (fit.posterior.posterior["warmer"].values for fit in found)
    anomaly, year = program.data["anomaly"], program.data["year"]
    plain = anomaly[year >= 2014].mean() - anomaly[year < 1900].mean()
    assert abs(nuts.mean() - plain) < 3 * nuts.std()
    assert abs(nuts.mean() - hmc.mean()) < 0.2 * nuts.std()
    assert 0.03 < nuts.std() < 0.06
    climate = found[0].posterior.posterior["climate"].mean(("chain", "draw")).values
    assert np.std(anomaly - climate) < 0.12
