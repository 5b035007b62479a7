"""`uqdsl compare`: runs side by side, of one spec or of several."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uqdsl.cli.output import Json, say_json, say_problems

if TYPE_CHECKING:
    from uqdsl.diagnose.loo import Ranking
    from uqdsl.driver.compare import Compared


def command(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Run directories.")], json: Json = False
) -> int:
    """Compare runs: their posteriors, how they predict, and what they have cost."""
    from uqdsl.driver.compare import compare_entries, compared_json, read_entries
    from uqdsl.messages import UsageError, render_json
    from uqdsl.messages.catalogue.usage import WrongCommand
    from uqdsl.messages.source import Sources

    entries = read_entries([Path(each) for each in runs])
    if len(entries) < 2:
        raise UsageError([WrongCommand(what="one run alone cannot be compared", command="uqdsl compare")])
    found = compare_entries(entries)
    if json:
        nowhere = Sources.single("", "")
        say_json({**compared_json(found), "problems": [render_json(each, nowhere) for each in found.problems]})
        return 0
    from uqdsl.cli.comparison import print_comparison

    say_problems(found.problems, None)
    print_comparison(found.posteriors, [*_status(found), *_of_loo(found), *_scores(found)])
    for line in found.loo.said if found.loo else ():
        print(line)
    return 0


def _status(found: Compared) -> Iterator[tuple[str, list[str]]]:
    if any(each != "ok" for each in found.status.values()):
        yield "status", list(found.status.values())


def _of_loo(found: Compared) -> Iterator[tuple[str, list[str]]]:
    """How each run predicts the rows that it leaves out."""
    ranking = found.loo
    if ranking is None:
        return

    def row(shown: Callable[[Ranking, str], str]) -> list[str]:
        return [shown(ranking, name) if name in ranking.of else "" for name in found.status]

    yield "elpd, leave-one-out", row(lambda loo, name: f"{loo.of[name].elpd:.1f} ± {loo.of[name].error:.1f}")
    yield "less than the best", row(lambda loo, name: _behind(loo, name))
    yield "effective parameters", row(lambda loo, name: f"{loo.of[name].p:.1f}")
    yield "rows of too large a k", row(lambda loo, name: f"{loo.of[name].far} of {len(loo.of[name].rows)}")


def _behind(ranking: Ranking, name: str) -> str:
    behind = ranking.behind.get(name)
    return "" if behind is None else f"{-behind.elpd:.1f} ± {behind.error:.1f}"


def _scores(found: Compared) -> Iterator[tuple[str, list[str]]]:
    """What testing data and simulations say of each run."""
    outcomes = {name: {each.name: each for each in of} for name, of in found.calibration.items()}
    for outcome in dict.fromkeys(each for of in outcomes.values() for each in of):
        tested = {name: of[outcome] for name, of in outcomes.items() if outcome in of}
        cells: dict[str, dict[str, str]] = {}
        for name, each in tested.items():
            for score in each.scores:
                error = f" ± {score.error:.2g}" if math.isfinite(score.error) else ""
                cells.setdefault(score.name, {})[name] = f"{score.value:.3g}{error}"
            for level in each.levels:
                cells.setdefault(f"within {level.level:.0%} intervals", {})[name] = f"{level.held:.1%}"
            cells.setdefault("calibrated, p", {})[name] = f"{each.p_value:.2g}"
        for shown, of in cells.items():
            yield f"{outcome}: {shown}", [of.get(name, "") for name in found.status]
    if found.simulations:
        values = {name: f"{each.p_value:.2g}" for name, each in found.simulations.items()}
        yield "ranks of simulations, p", [values.get(name, "") for name in found.status]
