"""The posterior at a glance: a density for each scalar, intervals for what has many elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.gridspec import SubplotSpec
from matplotlib.lines import Line2D

from uqdsl.diagnose import Row
from uqdsl.diagnose.summary import scalar_labels
from uqdsl.report import canvas
from uqdsl.report.density import density
from uqdsl.report.rows import MOST, short, spread_rows
from uqdsl.results.groups import SAMPLE_DIMS, Group

_COLUMNS = 3


class Shown(NamedTuple):
    """A variable that is drawn.

    - title: `a[county]`.
    - draws: `(chain, draw, element)`.
    - labels: of the elements.
    - whole: elements of which these are some.
    """

    title: str
    draws: np.ndarray
    labels: list[str]
    whole: int


def shown_variables(group: Group, rows: Sequence[Row]) -> list[Shown]:
    """The variables of which rows are to be shown, without what is constant or not finite."""
    wanted = {row.label for row in rows if row.finite and not row.constant}
    found: list[Shown] = []
    for name in dict.fromkeys(row.variable for row in rows):
        dims, values = group.variables[name]
        dims = [dim for dim in dims if dim not in SAMPLE_DIMS]
        flat = values.reshape(*values.shape[:2], -1)
        labels = scalar_labels(group, name)
        places = np.array([place for place, label in enumerate(labels) if label in wanted], int)
        if len(places) == 0:
            continue
        some = places[spread_rows(flat[:, :, places].mean(axis=(0, 1)))]
        title = f"{name}[{', '.join(dims)}]" if dims else name
        own = [short(labels[place].removeprefix(f"{name}[").removesuffix("]")) for place in some]
        found.append(Shown(title, flat[:, :, some], own, len(places)))
    return found


def draw_posterior(group: Group, rows: Sequence[Row]) -> canvas.Drawing:
    """Panels of the variables that rows are of: first the scalars, then the others."""
    variables = shown_variables(group, rows)
    scalars = [each for each in variables if len(each.labels) == 1]
    others = [each for each in variables if len(each.labels) > 1]
    notes = [
        f"{MOST} of {len(each)} {kind}" for each, kind in ((scalars, "numbers"), (others, "arrays")) if len(each) > MOST
    ]
    scalars, others = scalars[:MOST], others[:MOST]
    columns = min(_COLUMNS, len(others))
    longest = max((len(each.labels) for each in others), default=0)
    heights = [1.3 * -(-len(scalars) // _COLUMNS), (0.65 + 0.2 * longest) * -(-len(others) // max(1, columns))]
    with canvas.drawn(0.4 + sum(heights), "What the unknowns are, given the data", "; ".join(notes)) as figure:
        parts = figure.add_gridspec(2, 1, height_ratios=[max(each, 0.01) for each in heights])
        for each, cell in zip(scalars, _cells(parts[0], len(scalars), _COLUMNS), strict=True):
            _density(figure.add_subplot(cell), each)
        for each, cell in zip(others, _cells(parts[1], len(others), columns), strict=True):
            _intervals(figure.add_subplot(cell), each)
        handles = [Line2D([], [], color=canvas.BLUE, linewidth=width, label=label) for width, label in _WIDTHS]
        dot = Line2D([], [], color="white", markeredgecolor=canvas.BLUE, marker="o", markersize=4, label="median")
        chain = [Line2D([], [], color=canvas.QUIET, linewidth=0.5, label="each chain")] if scalars else []
        canvas.legend(figure, [dot, *handles, *chain])
    return figure


def _cells(part: SubplotSpec, count: int, columns: int) -> list[SubplotSpec]:
    """So many cells of a part of a figure, row by row; their margins are their own."""
    if count == 0:
        return []
    inner = part.subgridspec(-(-count // columns), columns)
    return [inner[divmod(place, columns)] for place in range(count)]


_WIDTHS = ((3.2, "50 % interval"), (1.1, "90 % interval"))


def _density(axes: Axes, shown: Shown) -> None:
    draws = shown.draws[:, :, 0]
    if np.issubdtype(draws.dtype, np.integer):
        values, counts = np.unique(draws, return_counts=True)
        axes.vlines(values, 0, counts / draws.size, color=canvas.BLUE, linewidth=3)
    else:
        for chain in draws:
            if np.ptp(chain) > 0:
                axes.plot(*density(chain), color=canvas.QUIET, linewidth=0.5, alpha=0.7)
        x, y = density(draws.ravel())
        axes.fill_between(x, y, color=canvas.SKY, alpha=0.45, linewidth=0)
    canvas.bare(axes)
    top = axes.get_ylim()[1]
    axes.set_ylim(-0.16 * top, top)
    _summary(axes, draws.ravel(), -0.08 * top)
    axes.set_title(shown.title)


def _intervals(axes: Axes, shown: Shown) -> None:
    for row in range(len(shown.labels)):
        _summary(axes, shown.draws[:, :, row].ravel(), row)
    axes.set_yticks(range(len(shown.labels)), shown.labels)
    axes.set_ylim(len(shown.labels) - 0.4, -0.6)
    axes.tick_params("y", length=0)
    axes.grid(axis="x", color=canvas.FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    some = f", {len(shown.labels)} of {shown.whole}" if len(shown.labels) < shown.whole else ""
    axes.set_title(shown.title + some)


def _summary(axes: Axes, draws: np.ndarray, height: float) -> None:
    """Median and intervals, on a line."""
    q05, q25, q50, q75, q95 = np.quantile(draws, [0.05, 0.25, 0.5, 0.75, 0.95])
    for (width, _), low, high in zip(_WIDTHS, (q25, q05), (q75, q95), strict=True):
        axes.plot([low, high], [height, height], color=canvas.BLUE, linewidth=width, solid_capstyle="round")
    axes.plot(q50, height, "o", color="white", markeredgecolor=canvas.BLUE, markersize=4)
