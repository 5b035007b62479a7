"""Whether the chains agree: how the ranks of each chain's draws among all draws are spread.

Vehtari, Gelman, Simpson, Carpenter & Bürkner 2021, Rank-Normalization, Folding, and Localization: An Improved R-hat for
Assessing Convergence of MCMC, Bayesian Analysis 16, sec. 4.3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from uqdsl.diagnose import Row
from uqdsl.diagnose.summary import scalar_labels
from uqdsl.report import canvas
from uqdsl.report.rows import MOST, short
from uqdsl.results.groups import Group

BINS = 20
_TWO_SIDED_95 = 1.96


def rank_shares(draws: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Of `(chain, draw)`, the share of each chain's draws in each of some equal bins of the ranks, `(chain, bin)`."""
    ranks = np.argsort(np.argsort(draws, axis=None, kind="stable"), kind="stable").reshape(draws.shape)
    place = ranks * bins // draws.size
    return np.stack([np.bincount(each, minlength=bins) for each in place]) / draws.shape[1]


def draw_ranks(group: Group, rows: Sequence[Row]) -> canvas.Drawing:
    """A panel for each of the scalars that chains agree least on, of those that rows are of."""
    judged = [row for row in rows if row.finite and not row.constant and np.isfinite(row.r_hat)]
    worst = sorted(judged, key=lambda row: -row.r_hat)[:MOST]
    columns = 4 if len(worst) > 6 else 3
    note = "each line should be level, but for chance"
    if len(worst) < len(judged):
        note = f"{len(worst)} of {len(judged)}, those that chains agree least on; {note}"
    chains = len(next(iter(group.variables.values())).values)
    with canvas.drawn(0.4 + 1.15 * -(-len(worst) // columns), "Whether the chains agree", note) as figure:
        for axes, row in zip(canvas.grid(figure, len(worst), columns), worst, strict=True):
            _panel(axes, _draws(group, row), row)
        handles: list[object] = [Patch(color=canvas.FAINT, label="95 % of bars, if chains agree")]
        if chains <= len(canvas.SEVERAL):
            handles += [Line2D([], [], color=canvas.SEVERAL[each], label=f"chain {each + 1}") for each in range(chains)]
        canvas.legend(figure, handles)
    return figure


def _draws(group: Group, row: Row) -> np.ndarray:
    values = group.variables[row.variable].values
    return values.reshape(*values.shape[:2], -1)[:, :, scalar_labels(group, row.variable).index(row.label)]


def _panel(axes: Axes, draws: np.ndarray, row: Row) -> None:
    shares = rank_shares(draws)
    edges = np.linspace(0, 1, BINS + 1)
    # The share in a bin scatters as that of so many independent draws.
    scatter = np.sqrt((1 - 1 / BINS) / BINS / (row.ess_bulk / len(draws)))
    axes.axhspan(
        max(0, 1 / BINS - _TWO_SIDED_95 * scatter), 1 / BINS + _TWO_SIDED_95 * scatter, color=canvas.FAINT, linewidth=0
    )
    for chain, share in enumerate(shares):
        axes.stairs(share, edges, color=canvas.SEVERAL[chain % len(canvas.SEVERAL)], linewidth=1.0, baseline=None)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["lowest", "", "highest"])
    for label, side in zip(axes.get_xticklabels(), ("left", "center", "right"), strict=True):
        label.set_horizontalalignment(side)
    canvas.bare(axes)
    axes.set_ylim(top=max(2 / BINS, 1.05 * shares.max()))
    axes.set_title(f"{short(row.label)}   r-hat {row.r_hat:.3f}")
