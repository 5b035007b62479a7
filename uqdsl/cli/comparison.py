"""Runs side by side, for a person."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from uqdsl.cli.output import coloured
from uqdsl.diagnose.compare import Comparison

MOST_ROWS = 12


def print_comparison(found: Comparison, extra: Sequence[tuple[str, Sequence[str]]] = ()) -> None:
    """Print mean ± sd of each scalar by run, what each run has cost, and what the posteriors have in common.

    Args:
        found: the comparison.
        extra: further rows of the table: what it is called, and what it is of each run.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 160, no_color=not coloured(sys.stdout), highlight=False)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("mean ± sd", *found.cost):
        table.add_column(heading, justify="right" if heading in found.cost else "left", no_wrap=True)
    labels = list(found.rows)
    for label in labels[:MOST_ROWS]:
        rows = (found.rows[label].get(name) for name in found.cost)
        table.add_row(Text(label), *("" if row is None else f"{row.mean:.3g} ± {row.sd:.2g}" for row in rows))
    if len(labels) > MOST_ROWS:
        table.add_row(f"… {len(labels) - MOST_ROWS} more", style="dim")
    table.add_section()
    costs = found.cost.values()
    table.add_row("seconds", *(f"{each.seconds:.1f}" for each in costs))
    table.add_row("independent draws", *(f"{each.ess:.0f}" for each in costs))
    table.add_row("these per second", *(f"{each.rate:.3g}" for each in costs))
    if any(each.gradients is not None for each in costs):
        table.add_row("gradients", *("" if each.gradients is None else str(each.gradients) for each in costs))
    for name, values in extra:
        table.add_row(Text(name), *values)
    console.print("\nside by side", markup=False)
    console.print(table)
    for each in found.pairs:
        console.print(each.said, markup=False, soft_wrap=True, style="" if each.agree else "yellow")
