"""What is predicted at some inputs: all uncertainty together, beside what was recorded there, and what a fit alone, or
several, would say.

After the autoconversion figure of van Leeuwen, Leveraging Data-Assimilation ideas and tools in Machine Learning.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from uqdsl.diagnose.forecast import Forecast
from uqdsl.report import canvas
from uqdsl.report.density import density
from uqdsl.report.rows import chosen, short, spread_rows
from uqdsl.results import Group

_LEVEL = 0.9


class Naive(NamedTuple):
    """What fits predict that know of no uncertainty.

    - best: by the minimum of the cost function, `(row,)`.
    - members: by minima that were found from starts at random, `(member, row)`.
    """

    best: np.ndarray
    members: np.ndarray


def draw_predictive(forecast: Forecast, naive: Group | None = None) -> canvas.Drawing:
    """A panel for each of some inputs: the density of the draws, what was recorded, and what naive fits say.

    Arguments:
        naive: `X_best` and `X_members`, or only a `reason` why there are none.
    """
    fits = _naive(forecast.name, naive) if naive is not None and naive.variables else None
    draws = forecast.array("draws")
    draws = draws.reshape(len(draws), -1)
    recorded = forecast.array("recorded").ravel() if forecast.has("recorded") else np.full(draws.shape[1], np.nan)
    mean = forecast.centre
    places = spread_rows(mean)
    columns = 4 if len(places) > 6 else 3
    title = f"What {forecast.name} is predicted to be"
    notes = [chosen(len(places), mean.size, "inputs")]
    if naive is not None and fits is None:
        notes.append(f"no naive fits: {naive.attrs['reason']}")
    note = "; ".join(filter(None, notes))
    with canvas.drawn(0.4 + 1.5 * -(-len(places) // columns), title, note) as figure:
        for axes, place in zip(canvas.grid(figure, len(places), columns), places, strict=True):
            _panel(axes, draws[:, place])
            if fits is not None:
                _mark(axes, float(fits.best[place]), fits.members[:, place])
            if np.isfinite(recorded[place]):
                axes.plot(recorded[place], 0, "D", color=canvas.ORANGE, markersize=5, clip_on=False, zorder=3)
            canvas.bare(axes)
            axes.set_title(short(forecast.label(place)))
        canvas.legend(figure, _handles(fits, recorded=bool(np.isfinite(recorded[places]).any())))
    return figure


def _naive(name: str, group: Group) -> Naive:
    best, members = (group.variables[f"{name}_{each}"].values for each in ("best", "members"))
    return Naive(best.ravel(), members.reshape(len(members), -1))


def _panel(axes: Axes, draws: np.ndarray) -> None:
    finite = draws[np.isfinite(draws)]
    if finite.size == 0:
        axes.text(0.5, 0.5, "not finite", ha="center", transform=axes.transAxes, color=canvas.QUIET)
        return
    if np.issubdtype(draws.dtype, np.integer) or finite.min() == finite.max():
        values, counts = np.unique(finite, return_counts=True)
        axes.vlines(values, 0, counts / finite.size, color=canvas.BLUE, linewidth=3)
        return
    low, high = np.quantile(finite, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    # One draw of a heavy tail would leave no room for all others.
    x, y = density(finite, (2 * low - high, 2 * high - low))
    axes.fill_between(x, y, color=canvas.SKY, alpha=0.25, linewidth=0)
    axes.fill_between(x, y, where=((low <= x) & (x <= high)).tolist(), color=canvas.SKY, alpha=0.45, linewidth=0)
    axes.plot(x, y, color=canvas.BLUE, linewidth=1.4)


def _mark(axes: Axes, best: float, members: np.ndarray) -> None:
    top = axes.get_ylim()[1]
    axes.vlines(members, 0, 0.16 * top, color=canvas.INK, linewidth=0.8)
    axes.axvline(best, color=canvas.RED, linewidth=1.4, linestyle=(0, (4, 2)))


def _handles(naive: Naive | None, *, recorded: bool) -> list[object]:
    found: list[object] = [
        Patch(
            facecolor=canvas.SKY, edgecolor=canvas.BLUE, alpha=0.7, label=f"all sources together ({_LEVEL:.0%} darker)"
        )
    ]
    if recorded:
        found.append(Line2D([], [], color=canvas.ORANGE, linestyle="", marker="D", markersize=5, label="recorded"))
    if naive is not None:
        found += [
            Line2D([], [], color=canvas.RED, linestyle=(0, (4, 2)), label="minimum of the cost function"),
            Line2D(
                [], [], color=canvas.INK, linestyle="", marker="|", markersize=9, label=_members(len(naive.members))
            ),
        ]
    return found


def _members(count: int) -> str:
    return f"naive ensemble of {count} fits: not posterior draws"
