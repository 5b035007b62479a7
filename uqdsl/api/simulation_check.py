"""How a method did on data that the model drew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from uqdsl.diagnose.simulations import SIMULATIONS, simulated
from uqdsl.report import pictures_of
from uqdsl.results import Group, Groups, to_datatree

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure


class SimulationCheck:
    """How a method did on data that the model drew.

    Attributes:
        said: the verdict as a sentence.
        passed: whether ranks are as those of an exact method.
        p_value: of an exact method whose ranks look no better.
        quantities: the p-value of each scalar, the worst first.
    """

    def __init__(self, ranks: Group) -> None:
        self._groups: Groups = {SIMULATIONS: ranks}
        found = simulated(self._groups)
        assert found is not None, "the group is there"
        self.said, self.passed, self.p_value = found.said, found.passed, found.p_value
        self.quantities: Mapping[str, float] = {each.label: each.check.p_value for each in found.ranked}

    @property
    def ranks(self) -> xarray.Dataset:
        """The ranks of each simulation, between 0 and 1: `pit` over `simulation` and `quantity`."""
        return to_datatree(self._groups)[SIMULATIONS].to_dataset()

    def picture(self) -> Figure:
        """Where the ranks of the scalars that are the least uniform lie, with the band of uniform ones."""
        return pictures_of(self._groups, ())[0].draw()

    def __repr__(self) -> str:
        return f"<uqdsl.SimulationCheck: {self.said}>"
