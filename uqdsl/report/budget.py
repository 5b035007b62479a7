"""The budget of a prediction: of each input, which source brings how much of the variance, or of a class's entropy."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from uqdsl.diagnose.forecast import Forecast
from uqdsl.ir import SOURCES
from uqdsl.report import canvas
from uqdsl.report.rows import chosen, short, spread_rows

COLOURS = dict(zip(SOURCES, (canvas.SKY, canvas.GREEN, canvas.ORANGE, canvas.BLUE, canvas.RED), strict=True))
"""Of each source, in all pictures."""
_LEAST_SAID = 0.07


def draw_budget(forecast: Forecast) -> canvas.Drawing:
    """Bars of the Shapley shares: at the left in the unit of what is shared, at the right as parts of one."""
    mean, amount = forecast.centre, forecast.amount
    shares = forecast.array("share").reshape(len(SOURCES), -1)
    places = spread_rows(mean)
    labels = [short(forecast.label(place)) for place in places]
    shares, sizes = shares[:, places], amount[places]
    if mean.size > 1:
        labels.append(f"mean of all {mean.size}")
        shares = np.column_stack([shares, forecast.array("average_share")])
        sizes = np.append(sizes, amount.mean())
    rows = np.arange(len(labels)) + 0.5 * (np.arange(len(labels)) == len(places))
    title = f"Where the uncertainty of {forecast.name} comes from"
    error = forecast.array("average_share_error").max()
    notes = [
        chosen(len(places), mean.size, "inputs"),
        f"Monte Carlo errors of the mean shares: {100 * error:.1f} % at most",
    ]
    note = "; ".join(filter(None, notes))
    with canvas.drawn(0.95 + 0.3 * len(labels), title, note) as figure:
        amounts, parts = figure.subplots(1, 2, sharey=True, width_ratios=(1, 1.25))
        _stack(amounts, rows, shares * sizes)
        _stack(parts, rows, shares)
        _say(parts, rows, shares)
        amounts.set_yticks(rows, labels)
        amounts.invert_yaxis()
        amounts.set_xlabel(f"{forecast.shared} of {forecast.name}")
        parts.set_xlabel(f"share of the {forecast.shared} (Shapley)")
        parts.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
        parts.set_xlim(min(0.0, *np.minimum(shares, 0).sum(axis=0)), max(1.0, *np.maximum(shares, 0).sum(axis=0)))
        for axes in (amounts, parts):
            axes.tick_params("y", length=0)
        canvas.legend(figure, [Patch(color=COLOURS[each], label=each.replace("_", " ")) for each in SOURCES])
    return figure


def _stack(axes: Axes, rows: np.ndarray, widths: np.ndarray) -> None:
    """Bars one behind the other; what Monte Carlo error makes negative goes the other way."""
    ends = np.zeros((2, len(rows)))
    for source, width in zip(SOURCES, widths, strict=True):
        side = (width < 0).astype(int)
        left = ends[side, np.arange(len(rows))]
        axes.barh(rows, width, 0.78, left, color=COLOURS[source], edgecolor="white", linewidth=0.6, label=source)
        ends[side, np.arange(len(rows))] += width


def _say(axes: Axes, rows: np.ndarray, shares: np.ndarray) -> None:
    """The shares in numbers, where there is room for them."""
    ends = np.zeros(len(rows))
    for source, own in zip(SOURCES, np.maximum(shares, 0), strict=True):
        colour = "white" if source in ("testing_data", "weights", "function") else canvas.INK
        for row, share, end in zip(rows, own, ends, strict=True):
            if share >= _LEAST_SAID:
                said = axes.text(end + share / 2, row, f"{100 * share:.0f}", color=colour, fontsize=7.5)
                said.set(ha="center", va="center_baseline")
        ends += own
