"""How the draws of a run can be checked: the options of the methods of `calibrate`."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from uqdsl.vocabulary.methods import Options


class SbcOptions(Options):
    """Simulation-based calibration: unknowns and data are drawn from the model, and the method has to find the unknowns."""

    simulations: int = Field(default=500, ge=20, le=10**7, description="unknowns and data drawn from the model")
    draws: int = Field(
        default=100,
        ge=10,
        le=10**6,
        description="at most so many draws of each posterior are ranked, thinned till independent",
    )


CALIBRATIONS: Mapping[str, type[Options]] = {"sbc": SbcOptions}
"""The options of each method of `calibrate`."""

PLANNED = frozenset({"neyman"})
"""Methods of `calibrate` that the language names and this version cannot run."""
