"""The Nile: the level of each year with its uncertainty, from a Kalman filter inside of NUTS."""

from __future__ import annotations

import uqdsl

from .conftest import SPECS


def test_the_level_falls_about_1899() -> None:
    program = uqdsl.load(SPECS / "nile.uq").compile()
    fit = program.infer("nuts(chains = 4, warmup = 300, draws = 500)", seed=1)
    assert fit.status == "ok"
    posterior = fit.posterior.posterior.mean(("chain", "draw"))
    # Durbin & Koopman 2012, Time Series Analysis by State Space Methods, sec. 2.10.3: the most probable scatter is 122.9 (the
    # square root of 15099), the drift 38.3, whose likelihood is skew.
    assert 118 < posterior["scatter"] < 130
    assert 34 < posterior["drift"] < 46
    level = posterior["level"]
    assert level.sel(year=1890) > 1020
    assert level.sel(year=1905) < 920
