"""What was predicted, for a person."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from math import floor, log10

from uqdsl.cli.output import coloured
from uqdsl.cli.summary import FIRST_ROWS, MOST_ROWS
from uqdsl.codegen.factors import told
from uqdsl.diagnose import Forecast, ForecastRow, Tested, Told, forecasts, shifted, tested
from uqdsl.diagnose.scores import Score
from uqdsl.ir import Spec
from uqdsl.results import Groups


def print_predictions(spec: Spec, groups: Groups, *, whole: bool) -> None:
    """Print a table for each prediction: of numbers mean, sd and its parts, of classes the probability of one and the
    entropies; intervals, and the share of each source in the variance or the entropy.

    Arguments:
        spec: what was run.
        groups: of the result.
        whole: every row, and not only the first of many.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 160, no_color=not coloured(sys.stdout), highlight=False)
    asked = {each.name: each for each in spec.predictions}
    for forecast in forecasts(groups, spec.predictions):
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for place, heading in enumerate(_headings(forecast)):
            table.add_column(heading, justify="right" if place else "left", no_wrap=True)
        count = forecast.size if whole or forecast.size <= MOST_ROWS else FIRST_ROWS
        for row in forecast.rows(count):
            shares = [_percent(row.budget[source]) for source in _varying(forecast)]
            cells = _class_cells(row) if row.classes else _number_cells(row)
            table.add_row(*map(Text, [row.label, *cells, *shares]))
        if count < forecast.size:
            table.add_row(f"… {forecast.size - count} more of {forecast.name}", style="dim")
        of = asked[forecast.name]
        called = "" if of.name == of.target else f" as {of.name}"
        console.print(f"\n{of.target}{called}, predicted: {forecast.size} by {of.options['draws']} draws", markup=False)
        console.print(table)
        if forecast.recalibrated:
            console.print(forecast.recalibrated, markup=False, soft_wrap=True)
        if forecast.budget:
            shares = [
                f"{source.replace('_', ' ')} {_percent(forecast.budget[source])} ± {_percent(forecast.budget_error[source])}"
                for source in _varying(forecast)
            ]
            console.print(f"of the mean {forecast.shared}: {', '.join(shares)}", markup=False, soft_wrap=True)
            if forecast.size > 1 and forecast.dominant:
                console.print(f"largest share: {_largest(forecast)}", markup=False, soft_wrap=True)
    for each in tested(groups):
        console.print(
            f"\n{each.name}, against {each.cases} testing outcomes: {each.said}", markup=False, soft_wrap=True
        )
        if each.levels:
            table = Table(box=SIMPLE_HEAD, pad_edge=False)
            for place, heading in enumerate(("intervals", "hold", "", "width", "conformal")):
                table.add_column(heading, justify="left" if place in (0, 2) else "right", no_wrap=True)
            for row in _held(each):
                table.add_row(*map(Text, row))
            console.print(table)
        console.print(", ".join(map(_score, each.scores)), markup=False, soft_wrap=True)
    for each in shifted(groups):
        console.print(f"\n{each.said}", markup=False, soft_wrap=True)
    for line in _computed(spec):
        console.print(line, markup=False, soft_wrap=True)


def _computed(spec: Spec) -> Iterator[str]:
    """How each source was computed, a line for each way."""
    sources = told(spec)
    if sources:
        yield "\nhow each source was computed:"
    for each in sources:
        head = f"  {each.name.replace('_', ' ')}, {each.stance}: "
        yield head + f"\n{' ' * len(head)}".join(each.how)


def _held(found: Tested) -> Iterator[list[str]]:
    """Of each level how many outcomes its intervals hold, whether they should, and how wide they are."""
    for each in found.levels:
        count = round(each.held * found.cases)
        as_said = "as they should" if each.agrees else f"too {'few' if each.held < each.level else 'many'}"
        widths = [_number(width, width / 2) for width in (each.width, each.conformal)]
        yield [f"{each.level * 100:g} %", f"{count} of {found.cases}", as_said, *widths]


def _score(score: Score) -> str:
    if not score.error > 0:
        return f"{score.name} {score.value:.2g}"
    return f"{score.name} {_number(score.value, score.error)} ± {_number(score.error, score.error)}"


def _headings(forecast: Forecast) -> list[str]:
    row = next(forecast.rows(1))
    headings, told = ["", "mean", "sd", "epistemic", "aleatoric"], row.told
    if row.classes:
        _, (_, told) = _shown_class(row)
        headings = ["", "class", "probability"]
    headings += [f"{float(each) * 100:g} %" for each in told["intervals"]]
    headings += [f"{float(each) * 100:g} % quantile" for each in told.get("quantiles", ())]
    headings += [f"P(> {each})" for each in told.get("exceed", ())]
    headings += ["entropy", "expected", "information"] if row.classes else []
    return [*headings, *(each.replace("_", " ") for each in _varying(forecast))]


def _number_cells(row: ForecastRow) -> list[str]:
    sd = row.numbers["sd"]
    return [*(_number(each, sd) for each in row.numbers.values()), *_told_cells(row.told, sd)]


def _class_cells(row: ForecastRow) -> list[str]:
    label, (numbers, told) = _shown_class(row)
    entropies = [f"{each:.3f}" for each in row.numbers.values()]
    return [label, _number(numbers["probability"], 0.1), *_told_cells(told, 0.1), *entropies]


def _shown_class(row: ForecastRow) -> tuple[str, tuple[dict[str, float], Told]]:
    """Of two classes the second, which is whether something is so; of more the most probable."""
    if len(row.classes) == 2:
        return list(row.classes.items())[1]
    return max(row.classes.items(), key=lambda each: each[1][0]["probability"])


def _told_cells(told: Told, sd: float) -> list[str]:
    return [_told(each, sd) for kind in told.values() for each in kind.values()]


def _varying(forecast: Forecast) -> list[str]:
    """The sources that bring anything."""
    return [each for each, share in forecast.budget.items() if share or forecast.budget_error[each]]


def _largest(forecast: Forecast) -> str:
    """Where which source brings most: `function in 7 of 12, most of all in X[12] (80.9 %); new input in 5, …`."""
    return "; ".join(
        f"{each.source.replace('_', ' ')} in {each.cases}{'' if place else f' of {forecast.size}'}, "
        f"most of all in {each.label} ({_percent(each.share)})"
        for place, each in enumerate(forecast.dominant)
    )


def _told(told: float | list[float], sd: float) -> str:
    return " to ".join(_number(each, sd) for each in told) if isinstance(told, list) else f"{told:.3g}"


def _number(value: float, sd: float) -> str:
    """A value with digits down to a hundredth of the standard deviation."""
    if not sd > 0:
        return f"{value:.6g}"
    digits = 1 - floor(log10(sd))
    return f"{value:.{max(0, digits)}f}" if abs(value) < 1e7 and digits < 12 else f"{value:.4g}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
