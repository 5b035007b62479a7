"""Which pictures a result has, and their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from uqdsl.diagnose import Row
from uqdsl.diagnose.classification import Reliability
from uqdsl.diagnose.compare import Comparison
from uqdsl.diagnose.cycles import ASSIMILATION, OBSERVATIONS
from uqdsl.diagnose.forecast import Forecast
from uqdsl.diagnose.simulations import simulated
from uqdsl.diagnose.tested import CALIBRATION
from uqdsl.messages import Problem, UqdslError
from uqdsl.messages.catalogue.runtime import NoPicture
from uqdsl.results import Group, Groups
from uqdsl.results.atomic import write_whole

if TYPE_CHECKING:
    from uqdsl.report.canvas import Drawing

PICTURES = "pictures"
"""Of a run directory."""


NAIVE = "naive"
"""The group of a result that holds what naive fits predict."""


class Picture(NamedTuple):
    """A picture that can be drawn.

    - kind: `posterior`, `ranks`, `predictive`, `forecast`, `budget`, `pit`, `coverage`, `reliability`, `simulations`,
      `comparison`; of an assimilation `trajectories`, `spread`, `ranks`, `field`, `map`; of several `assimilations`.
    - of: the prediction or the state that it shows; empty where it shows the whole.
    """

    kind: str
    of: str
    draw: Callable[[], Drawing]

    @property
    def name(self) -> str:
        """Of its file, without the ending."""
        return f"{self.kind}_{self.of}" if self.of else self.kind


def pictures_of(groups: Groups, rows: Sequence[Row], forecasts: Sequence[Forecast] = ()) -> list[Picture]:
    """The pictures of a result.

    Arguments:
        groups: of the result.
        rows: of its summary, those that are of interest.
        forecasts: what was predicted.
    """
    found: list[Picture] = []
    if any(row.finite and not row.constant for row in rows):
        found = [
            Picture("posterior", "", _drawing("posterior:draw_posterior", groups["posterior"], rows)),
            Picture("ranks", "", _drawing("ranks:draw_ranks", groups["posterior"], rows)),
        ]
    for each in forecasts:
        if each.ahead:
            found.append(_of_forecast(each, groups.get("observed_data", Group())))
        elif each.has("draws"):
            found.append(
                Picture("predictive", each.name, _drawing("predictive:draw_predictive", each, groups.get(NAIVE)))
            )
        if each.has("share"):
            found.append(Picture("budget", each.name, _drawing("budget:draw_budget", each)))
    tried = simulated(groups)
    if tried is not None:
        found.append(Picture("simulations", "", _drawing("simulations:draw_simulations", tried)))
    return [*found, *_of_testing(groups.get(CALIBRATION, Group()))]


def pictures_of_assimilation(groups: Groups, forecasts: Sequence[Forecast] = ()) -> list[Picture]:
    """The pictures of what a filter found, and of forecasts behind the end of what is recorded."""
    group, observations = groups[ASSIMILATION], groups[OBSERVATIONS]
    found = [
        Picture("trajectories", "", _drawing("assimilation:draw_trajectories", group, observations)),
        Picture("spread", "", _drawing("assimilation:draw_spread", group)),
    ]
    if any(name.startswith("ranks_") for name in group.variables):
        found.append(Picture("ranks", "", _drawing("assimilation:draw_rank_histogram", group)))
    for name, (dims, _) in group.variables.items():
        state = name.removesuffix("_forecast_mean")
        if state == name or len(dims) not in (_LINE, _PLANE):
            continue
        if len(dims) == _LINE:
            found.append(Picture("field", state, _drawing("assimilation:draw_field", state, group)))
        else:
            found.append(Picture("map", state, _drawing("assimilation:draw_maps", state, group, observations)))
    return [*found, *(_of_forecast(each, observations) for each in forecasts)]


def _of_forecast(forecast: Forecast, recorded: Group) -> Picture:
    return Picture("forecast", forecast.name, _drawing("forecast:draw_forecast", forecast, recorded))


_LINE, _PLANE = 2, 3
"""Dimensions, time among them, of a state along a line and over a plane."""


def picture_of_comparison(found: Comparison) -> Picture:
    """Several runs side by side."""
    return Picture("comparison", "", _drawing("comparison:draw_comparison", found))


def picture_of_assimilations(groups: Mapping[str, Groups]) -> Picture:
    """Several assimilations side by side, by their names."""
    beside = {name: each[ASSIMILATION] for name, each in groups.items()}
    return Picture("assimilations", "", _drawing("assimilation:draw_beside", beside))


def _of_testing(group: Group) -> list[Picture]:
    """Predictions beside testing data: PIT and coverage of numbers, reliability of classes."""
    found: list[Picture] = []
    for each in (name.removesuffix("_said") for name in group.attrs if name.endswith("_said")):
        if f"{each}_pit" in group.variables:
            pit = group.variables[f"{each}_pit"].values.ravel()
            found.append(Picture("pit", each, _drawing("calibration:draw_pit", each, pit)))
            found.append(Picture("coverage", each, _drawing("calibration:draw_coverage", each, pit)))
        else:
            parts = ("forecast", "frequency", "frequency_low", "frequency_high", "cases_of")
            curve = Reliability(*(group.variables[f"{each}_{part}"].values for part in parts))
            found.append(Picture("reliability", each, _drawing("calibration:draw_reliability", each, curve)))
    return found


def write_pictures(folder: Path, pictures: Sequence[Picture]) -> list[Problem]:
    """Draw pictures into SVG files of a folder, and say which could not be drawn or written."""
    from uqdsl.report.canvas import svg

    problems: list[Problem] = []
    for each in pictures:
        try:
            text = svg(each.draw())
            folder.mkdir(exist_ok=True)
            write_whole(folder / f"{each.name}.svg", text)
        except Exception as error:  # noqa: BLE001 - whatever it is, the result is worth more
            reason = error.problems[0].title if isinstance(error, UqdslError) else type(error).__name__
            problems.append(NoPicture(name=each.name, reason=reason))
    return problems


def _drawing(function: str, *of: object) -> Callable[[], Drawing]:
    """What draws something, imported only when it does."""
    module, _, name = function.partition(":")
    return partial(_draw, f"uqdsl.report.{module}", name, of)


def _draw(module: str, name: str, of: Sequence[object]) -> Drawing:
    return getattr(import_module(module), name)(*of)
