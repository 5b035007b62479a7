"""The summary of a run, for a person."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby

from uqdsl.cli.output import coloured
from uqdsl.diagnose import Row, rows_of_interest, table_rows
from uqdsl.driver.infer import Result
from uqdsl.ir import Spec

MOST_ROWS, FIRST_ROWS = 12, 4
"""A variable of more elements than the first shows only so many as the second."""
_HEADINGS = ("", "mean", "sd", "5 %", "50 %", "95 %", "ess bulk", "ess tail", "r-hat")


def print_summary(spec: Spec, result: Result, *, whole: bool) -> None:
    """Print the estimates as a table, and the diagnostics in words.

    Args:
        spec: what was run.
        result: what it gave.
        whole: every row, and not only the first of long variables and those that were asked for.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colour = coloured(sys.stdout)
    console = Console(width=None if sys.stdout.isatty() else 160, no_color=not colour, highlight=False)
    shown = result.rows if whole else rows_of_interest(spec, result.run.names, result.rows)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for row, left_out in _folded(shown, whole=whole):
        # As text: in a label such as `b[age]` rich would take the brackets for markup.
        table.add_row(*map(Text, table_rows([row])[0]))
        if left_out:
            table.add_row(f"… {left_out} more of {row.variable}", style="dim")
    console.print(f"\n{heading_of(spec, result)}", markup=False)
    console.print(table)
    for line in diagnosis(result):
        console.print(
            line, style="yellow" if line.startswith(("suspect", "  - ")) else "", markup=False, soft_wrap=True
        )


def heading_of(spec: Spec, result: Result) -> str:
    """What was done: `radon, by nuts: 4 chains of 1000 draws after 1000 of warm-up`."""
    options = result.run.options
    name = "" if result.run.name == result.run.method else f" ({result.run.name})"
    chains, draws = (result.verdict.diagnostics[each] for each in ("chains", "draws"))
    of = f"{draws} draw{'s' * (draws != 1)}"
    if chains > 1 or "warmup" in options:
        of = f"{chains} chain{'s' * (chains != 1)} of {of}"
    after = f" after {options['warmup']} of warm-up" if "warmup" in options else ""
    return f"{spec.name}, by {result.run.method}{name}: {of}{after}"


def diagnosis(result: Result) -> Iterator[str]:
    """The diagnostics in words, a line each."""
    found = result.verdict.diagnostics
    seconds = ", ".join(f"{_spoken[part]} in {time:.1f} s" for part, time in result.seconds.items() if time)
    if seconds:
        yield seconds
    if result.verdict.reasons:
        yield "suspect: do not rely on these draws before this is mended"
        for reason in result.verdict.reasons:
            yield f"  - {reason}"
        yield from result.verdict.notes
        return
    words = ["no divergences"] if found.get("divergences") == 0 else []
    if math.isfinite(found.get("max_r_hat", math.nan)):
        words.append(f"the chains agree (r-hat at most {found['max_r_hat']:.3f})")
    if math.isfinite(found.get("min_ess_bulk", math.nan)):
        least = min(found["min_ess_bulk"], found["min_ess_tail"])
        words.append(f"at least {least:.0f} effective draws of everything")
    if "ess" in found:
        words.append(f"the draws are worth {found['ess']:.0f} independent ones")
    yield f"ok: {', '.join(words)}" if words else "ok"
    yield from result.verdict.notes


_spoken = {"compile": "compiled", "sample": "sampled"}


def _folded(rows: Sequence[Row], *, whole: bool) -> Iterator[tuple[Row, int]]:
    """The rows to show, each with how many behind it are left out."""
    for _, same in groupby(rows, key=lambda row: row.variable):
        group = list(same)
        count = len(group) if whole or len(group) <= MOST_ROWS else FIRST_ROWS
        for index, row in enumerate(group[:count]):
            yield row, len(group) - count if index == count - 1 else 0
