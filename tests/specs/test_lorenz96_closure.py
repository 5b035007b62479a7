"""A network that learns, while the model runs, what the model leaves out."""

from __future__ import annotations

import numpy as np
import pytest

from specs.generators.lorenz96_closure import LARGE, SMALL, Waves, moved, tables, tendency

from .assimilating import assimilated
from .conftest import SPECS


def error_of_forecasts(**settings: float) -> float:
    """Root mean square error of the forecasts to the next observation, once the network has learned."""
    group = assimilated("lorenz96_closure", **settings).groups["assimilation"].variables
    apart = group["x_forecast_mean"].values - group["x_truth"].values
    return float(np.sqrt((apart[400:801] ** 2).mean(axis=1)).mean())


def test_forecasts_are_better_than_those_of_the_uncorrected_and_of_the_parametrised_model():
    learned = error_of_forecasts()
    assert learned < 0.95 * error_of_forecasts(learned=0.0, wilks=1.0)
    assert learned < 0.55 * error_of_forecasts(learned=0.0, error=0.9)


def test_energy_passes_between_the_scales_and_is_lost_to_friction_alone():
    """Without forcing, X²/2 + Y²/2 changes by friction only: all else moves energy around."""
    rng = np.random.default_rng(0)
    waves = Waves(rng.normal(size=LARGE), rng.normal(size=LARGE * SMALL))
    rate = tendency(waves)
    gained = waves.large @ rate.large + waves.small @ rate.small
    assert gained == pytest.approx(20 * waves.large.sum() - waves.large @ waves.large - 10 * waves.small @ waves.small)


def test_the_scheme_is_of_fourth_order():
    rng = np.random.default_rng(0)
    start = Waves(rng.normal(3, 4, LARGE), rng.normal(0, 0.1, LARGE * SMALL))
    step = moved(start)
    again = tendency(start)
    assert np.allclose(step.large, start.large + 0.001 * again.large, atol=1e-3)


def test_the_tables_are_those_of_the_generator():
    few = tables(times=3, unseen=1)
    rows = (SPECS / "data" / "lorenz96_closure_truth.csv").read_text().splitlines()
    assert [f"{each:.6g}" for each in few["lorenz96_closure_truth"]["x1"]] == [row.split(",")[1] for row in rows[1:4]]
