"""The ranks of simulated unknowns among draws of their posteriors: how far their distributions are from the uniform one."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from uqdsl.diagnose.calibration import shown_p
from uqdsl.diagnose.simulations import Ranked, Simulated
from uqdsl.report import canvas
from uqdsl.report.rows import MOST, short


def draw_simulations(found: Simulated) -> canvas.Drawing:
    """A panel for each of the scalars whose ranks are the least uniform, the worst first."""
    shown = found.ranked[:MOST]
    columns = 4 if len(shown) > 6 else 3
    note = f"{found.simulations} simulations; each line should stay within its band"
    if len(shown) < len(found.ranked):
        note = f"{len(shown)} of {len(found.ranked)}, those that are the least uniform; {note}"
    title = "Ranks of simulated unknowns among draws of their posteriors"
    with canvas.drawn(0.6 + 1.35 * -(-len(shown) // columns), title, note) as figure:
        for axes, each in zip(canvas.grid(figure, len(shown), columns), shown, strict=True):
            _panel(axes, each)
        line = Line2D([], [], color=canvas.BLUE, label="share of ranks up to each place, less that of uniform ranks")
        canvas.legend(figure, [line, Patch(color=canvas.FAINT, label="95 %, if the method is exact")])
    return figure


def _panel(axes: Axes, ranked: Ranked) -> None:
    found = ranked.check
    points = found.points
    axes.fill_between(points, found.low - points, found.high - points, color=canvas.FAINT, linewidth=0)
    axes.axhline(0, color=canvas.QUIET, linewidth=0.8)
    axes.plot(points, found.observed - points, color=canvas.BLUE if found.inside else canvas.RED, linewidth=1.3)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["lowest", "", "highest"])
    for label, side in zip(axes.get_xticklabels(), ("left", "center", "right"), strict=True):
        label.set_horizontalalignment(side)
    axes.set_title(f"{short(ranked.label)}   {shown_p(found.p_value)}")
