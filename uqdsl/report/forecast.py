"""What is predicted behind the end of what is recorded: intervals along the times, after what came before."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from uqdsl.diagnose.forecast import Forecast
from uqdsl.report import canvas
from uqdsl.report.rows import MOST, chosen, short
from uqdsl.results import Group

_BEFORE = 4
"""Times that were recorded and are shown, for each that is predicted."""
_LEAST_BEFORE = 20


def draw_forecast(forecast: Forecast, recorded: Group) -> canvas.Drawing:
    """A panel for each of some elements: the last that was recorded of it, and mean and intervals ahead.

    Arguments:
        recorded: holds what was, under the name of the target, where it is data.
    """
    times = forecast.group.coords[forecast.dims[0]]
    mean = _by_element(forecast, forecast.array("probability")[-1] if forecast.classes else forecast.array("mean"))
    places = np.unique(np.linspace(0, mean.shape[1] - 1, min(MOST, mean.shape[1])).round().astype(int))
    title, note = f"{forecast.name}, ahead along {forecast.axis}", chosen(len(places), mean.shape[1], "elements")
    seen = _recorded(forecast, recorded)
    with canvas.drawn(0.4 + 1.5 * len(places), title, note) as figure:
        panels = canvas.grid(figure, len(places), 1)
        for axes, place in zip(panels, places, strict=True):
            if seen is not None:
                axes.plot(seen[0], seen[1][:, place], ".-", color=canvas.ORANGE, markersize=3, linewidth=0.6)
            _bands(axes, forecast, times, place)
            axes.plot(times, mean[:, place], color=canvas.BLUE, linewidth=1.2)
            if mean.shape[1] > 1:
                axes.set_title(short(forecast.label(int(place))).replace(f"{times[0]}", "…", 1))
        panels[-1].set_xlabel(forecast.axis)
        canvas.legend(figure, _handles(forecast, seen is not None))
    return figure


def _by_element(forecast: Forecast, values: np.ndarray) -> np.ndarray:
    """`(time, element)`."""
    return values.reshape(len(forecast.group.coords[forecast.dims[0]]), -1)


def _recorded(forecast: Forecast, group: Group) -> tuple[np.ndarray, np.ndarray] | None:
    """The last times at which anything was recorded, and what was, `(time, element)`."""
    found = group.variables.get(forecast.target)
    if found is None or forecast.axis not in found.dims:
        return None
    values = np.asarray(np.moveaxis(found.values, found.dims.index(forecast.axis), 0), float)
    values = values.reshape(len(values), -1)
    times = group.coords[forecast.axis]
    before = times < forecast.group.coords[forecast.dims[0]][0]
    count = max(_LEAST_BEFORE, _BEFORE * len(forecast.group.coords[forecast.dims[0]]))
    return times[before][-count:], values[before][-count:]


def _bands(axes: Axes, forecast: Forecast, times: np.ndarray, place: int) -> None:
    """The intervals, the widest first."""
    lower, upper = (forecast.array(each)[:, -1] if forecast.classes else forecast.array(each) for each in _ENDS)
    for at in np.argsort(forecast.group.coords[f"{forecast.name}_interval"])[::-1]:
        low, high = (_by_element(forecast, each[at])[:, place] for each in (lower, upper))
        axes.fill_between(times, low, high, color=canvas.SKY, alpha=0.35, linewidth=0)


_ENDS = ("lower", "upper")


def _handles(forecast: Forecast, recorded: bool) -> list[object]:
    levels = sorted(forecast.group.coords[f"{forecast.name}_interval"], reverse=True)
    found: list[object] = [
        Line2D([], [], color=canvas.BLUE, label="mean"),
        Patch(facecolor=canvas.SKY, alpha=0.5, label=f"intervals of {', '.join(f'{each:.0%}' for each in levels)}"),
    ]
    if recorded:
        found.append(Line2D([], [], color=canvas.ORANGE, marker=".", markersize=3, linewidth=0.6, label="recorded"))
    return found
