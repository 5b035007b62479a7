"""States and parameters along the times."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from uqdsl.api.pictures import picked
from uqdsl.diagnose.cycles import ASSIMILATION, OBSERVATIONS
from uqdsl.diagnose.forecast import PREDICTION, forecasts
from uqdsl.driver.assimilate import Assimilated
from uqdsl.report import Picture, pictures_of_assimilation
from uqdsl.results import Group, to_datatree, write_netcdf

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

    from uqdsl.api.program import Program


class Assimilation:
    """States and parameters along the times, as a method found them.

    Attributes:
        program: what was followed.
        seed: it was run with.
    """

    def __init__(self, program: Program, found: Assimilated, seed: int) -> None:
        self.program, self.seed, self._found = program, seed, found

    @cached_property
    def result(self) -> xarray.DataTree:
        """The groups `assimilation` and `observations`, with the spec's dims and labels."""
        return to_datatree(self._found.groups)

    @property
    def estimates(self) -> xarray.Dataset:
        """Along the times: `x_mean` and `x_sd` of each state and parameter, and likewise `x_forecast_mean`, `x_smoothed_mean`,
        `x_truth`, and members where the spec keeps some, with scores and ranks of each analysis.
        """
        return self.result[ASSIMILATION].to_dataset()

    @property
    def observations(self) -> xarray.Dataset:
        """Of each row: `y`, `y_forecast_mean`, `y_forecast_sd`, `y_analysis_mean`, and `y_gain` between 0 and 1."""
        return self.result[OBSERVATIONS].to_dataset()

    @property
    def forecast(self) -> xarray.Dataset:
        """What the spec's `predict … with(ahead = n)` ask for, as of `Fit.predict`; nothing where there are none."""
        found = {PREDICTION: Group()} | {name: each for name, each in self._found.groups.items() if name == PREDICTION}
        return to_datatree(found)[PREDICTION].to_dataset()

    @property
    def scores(self) -> Mapping[str, float]:
        """Numbers of the whole, by name, as in `summary.json`."""
        return self._found.found.numbers

    @property
    def status(self) -> str:
        """`ok`, or `suspect` where the estimates should not be relied on."""
        return self._found.status

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is suspect, in words."""
        return self._found.found.reasons

    @property
    def notes(self) -> tuple[str, ...]:
        """What else is worth knowing, in words."""
        return self._found.found.notes

    @property
    def pictures(self) -> tuple[str, ...]:
        """The names of the pictures that `picture` can draw."""
        return tuple(each.name for each in self._pictures())

    def picture(self, kind: str, of: str = "") -> Figure:
        """A picture as a matplotlib figure, which a notebook shows.

        Args:
            kind: `trajectories`, `spread`, `ranks`, `field`, `map` or `forecast`.
            of: the state or the prediction that it is of, where there are several.

        Raises:
            UsageError: UQ730 where there is no such picture.
        """
        return picked(self._pictures(), kind, of)

    def _pictures(self) -> list[Picture]:
        groups = self._found.groups
        return pictures_of_assimilation(groups, forecasts(groups, self.program.spec.predictions))

    def save(self, path: str | Path) -> None:
        """Write the result as netCDF.

        Raises:
            RunError: UQ701, UQ702, UQ709 where it cannot be written.
        """
        write_netcdf(Path(path), self._found.groups)

    def __repr__(self) -> str:
        return f"<uqdsl.Assimilation {self.program.spec.name}: by {self._found.asked.method}, {self.status}>"
