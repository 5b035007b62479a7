"""Predictions beside outcomes that they have not seen: where outcomes fall, and how often intervals hold them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy.special import bdtrik

from uqdsl.diagnose.classification import Reliability
from uqdsl.diagnose.coverage import coverage_of_pit
from uqdsl.diagnose.pit import check_pit
from uqdsl.report import canvas

LEVELS = tuple(np.arange(1, 20) / 20)
"""Of the intervals whose coverage is drawn."""
_MOST_BINS = 20
_SQUARE = 5.0


def draw_pit(name: str, pit: np.ndarray) -> canvas.Drawing:
    """At the left the PIT values `(case,)` in bins, at the right how far their distribution is from the uniform one."""
    cases = len(pit)
    bins = int(np.clip(cases // 10, 4, _MOST_BINS))
    counts, edges = np.histogram(pit, bins, (0, 1))
    low, high = (float(bdtrik(tail, cases, 1 / bins)) for tail in (0.025, 0.975))
    found = check_pit(pit)
    title = f"Where the outcomes of {name} fall within their predictions"
    note = f"{cases} cases of testing data; low at the ends: predictions too wide; high at the ends: too narrow"
    with canvas.drawn(3.1, title, note) as figure:
        histogram, difference = figure.subplots(1, 2)
        histogram.axhspan(low, high, color=canvas.FAINT, linewidth=0)
        histogram.axhline(cases / bins, color=canvas.QUIET, linewidth=0.8)
        histogram.stairs(counts, edges, fill=True, color=canvas.SKY, alpha=0.6)
        histogram.stairs(counts, edges, color=canvas.BLUE, linewidth=1.2)
        histogram.set(xlim=(0, 1), xlabel="predictive probability of less (PIT)", ylabel="cases")
        points = found.points
        difference.fill_between(points, found.low - points, found.high - points, color=canvas.FAINT, linewidth=0)
        difference.axhline(0, color=canvas.QUIET, linewidth=0.8)
        difference.plot(points, found.observed - points, color=canvas.BLUE, linewidth=1.4)
        difference.set(
            xlim=(0, 1), xlabel="predictive probability of less (PIT)", ylabel="share of cases up to it, less the PIT"
        )
        difference.set_title(f"p-value {found.p_value:.2g}")
        canvas.legend(
            figure,
            [
                Patch(
                    color=canvas.FAINT, label="95 %, if predictions are calibrated (left bin by bin, right all at once)"
                )
            ],
        )
    return figure


def draw_coverage(name: str, pit: np.ndarray) -> canvas.Drawing:
    """How often intervals hold the outcome, against how often they are meant to; by the PIT values `(case,)`."""
    found = coverage_of_pit(pit, LEVELS)
    levels = [each.level for each in found]
    title = f"How often intervals hold the outcome of {name}"
    with canvas.drawn(4.5, title, f"{len(pit)} cases of testing data; below the line: too sure", _SQUARE) as figure:
        axes = figure.subplots()
        _diagonal(axes)
        axes.fill_between(
            levels,
            [each.low for each in found],
            [each.high for each in found],
            color=canvas.SKY,
            alpha=0.35,
            linewidth=0,
        )
        axes.plot(levels, [each.observed for each in found], "o-", color=canvas.BLUE, linewidth=1.2, markersize=3.5)
        axes.set(xlabel="probability of the interval", ylabel="share of outcomes within it")
        band = Patch(color=canvas.SKY, alpha=0.35, label="what coverage agrees with the share, at 95 %")
        canvas.legend(figure, [_DOTS, band])
    return figure


def draw_reliability(name: str, found: Reliability) -> canvas.Drawing:
    """How often events happen, against how probable they were said to be."""
    title = f"How often {name} is as predicted"
    cases = int(found.cases.sum())
    with canvas.drawn(4.5, title, f"{cases} cases of testing data, in bins of equally many", _SQUARE) as figure:
        axes = figure.subplots()
        _diagonal(axes)
        error = np.abs([found.frequency - found.low, found.high - found.frequency])
        axes.errorbar(found.forecast, found.frequency, error, fmt="o", color=canvas.BLUE, markersize=4, linewidth=1.1)
        axes.set(xlabel="predicted probability", ylabel="share of cases in which it happened")
        canvas.legend(
            figure,
            [Line2D([], [], color=canvas.BLUE, marker="o", markersize=4, label="frequency, with its 95 % interval")],
        )
    return figure


_DOTS = Line2D([], [], color=canvas.BLUE, marker="o", markersize=3.5, label="as seen")


def _diagonal(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color=canvas.QUIET, linewidth=0.8)
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
