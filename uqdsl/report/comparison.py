"""What several runs say of the same scalars, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from uqdsl.diagnose.compare import Comparison
from uqdsl.diagnose.summary import Row
from uqdsl.report import canvas
from uqdsl.report.rows import MOST, short


def draw_comparison(found: Comparison) -> canvas.Drawing:
    """A panel for each scalar, those first on which runs differ most, with a line for each run."""
    names = list(found.cost)
    apart = {
        label: float(np.ptp([row.mean for row in of.values()]) / max(row.sd for row in of.values()))
        for label, of in found.rows.items()
    }
    shown = sorted(found.rows, key=lambda label: -apart[label])[:MOST]
    note = f"{len(shown)} of {len(found.rows)}, those on which runs differ most" if len(shown) < len(found.rows) else ""
    columns = min(3, len(shown))
    height = 0.5 + (0.55 + 0.2 * len(names)) * -(-len(shown) // columns)
    with canvas.drawn(height, "What the runs say, side by side", note) as figure:
        for axes, label in zip(canvas.grid(figure, len(shown), columns), shown, strict=True):
            _panel(axes, label, [found.rows[label].get(name) for name in names])
        colours = [canvas.SEVERAL[place % len(canvas.SEVERAL)] for place in range(len(names))]
        lines = [
            Line2D([], [], color=colour, linewidth=2, label=name) for name, colour in zip(names, colours, strict=True)
        ]
        canvas.legend(figure, [*lines, Line2D([], [], linewidth=0, label="median and 90 % interval")])
    return figure


def _panel(axes: Axes, label: str, rows: Sequence[Row | None]) -> None:
    for place, row in enumerate(rows):
        if row is None:
            continue
        colour = canvas.SEVERAL[place % len(canvas.SEVERAL)]
        axes.plot([row.q05, row.q95], [place, place], color=colour, linewidth=2, solid_capstyle="round")
        axes.plot(row.q50, place, "o", color="white", markeredgecolor=colour, markersize=4)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_title(short(label))
