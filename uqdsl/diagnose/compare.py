"""Posteriors of one question by several runs, side by side: how far apart they are, and what each has cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from uqdsl.diagnose.calibration import shown_p
from uqdsl.diagnose.shift import TwoSamples, energy_test
from uqdsl.diagnose.summary import Row, scalar_labels
from uqdsl.results.groups import Group, Groups

FIRM = 0.01
"""Draws of one law are called different in so many comparisons by chance."""
_MOST = 1000


class Side(NamedTuple):
    """A run that is compared.

    - groups: of its result.
    - rows: of its summary.
    - seconds: wall time of its parts.
    """

    groups: Groups
    rows: Sequence[Row]
    seconds: Mapping[str, float]


class Cost(NamedTuple):
    """What a run has cost.

    - seconds: wall time, compilation included.
    - ess: independent draws that it is worth, in its worst scalar.
    - rate: these per second of sampling.
    - gradients: evaluations of the gradient while draws were kept; None where that is not known.
    """

    seconds: float
    ess: float
    rate: float
    gradients: int | None


class Pair(NamedTuple):
    """Two runs.

    - label: the scalar whose means differ most, in standard deviations.
    - shift: that difference, second less first, in standard deviations of the first.
    - z: the same in its Monte Carlo standard errors.
    - energy: energy distance of all scalars together, in standard deviations of the first, with what it is by chance.
    - draws: independent draws of each that the distance is from.
    """

    first: str
    second: str
    label: str
    shift: float
    z: float
    energy: TwoSamples
    draws: tuple[int, int]

    @property
    def agree(self) -> bool:
        """Whether they differ no more than draws of one law do."""
        return self.energy.p_value >= FIRM

    @property
    def said(self) -> str:
        """The finding as a sentence."""
        means = f"means differ by at most {abs(self.shift):.2g} sd (`{self.label}`, {abs(self.z):.1f} standard errors)"
        found = f"energy distance {max(self.energy.statistic, 0.0):.2g} (up to {self.energy.by_chance:.2g} by chance)"
        if self.agree:
            told = f"{min(self.draws)} independent draws"
            return f"`{self.first}` and `{self.second}` agree as far as {told} tell: {means}, {found}"
        return f"`{self.first}` and `{self.second}` differ ({shown_p(self.energy.p_value)}): {means}, {found}"


class Comparison(NamedTuple):
    """Runs side by side.

    - rows: of each scalar that several have, its row in each of these.
    - cost: of each run, by its name.
    - pairs: every two runs that share a scalar.
    """

    rows: Mapping[str, Mapping[str, Row]]
    cost: Mapping[str, Cost]
    pairs: Sequence[Pair]


def compare(sides: Mapping[str, Side], of: Sequence[str] = ()) -> Comparison | None:
    """Compare runs, every two by the scalars that both have; None where there are fewer than two.

    Arguments:
        sides: by name.
        of: variables to compare; all where empty.
    """
    if len(sides) < 2:
        return None
    tables = {
        name: {
            row.label: row for row in side.rows if row.finite and not row.constant and (not of or row.variable in of)
        }
        for name, side in sides.items()
    }
    labels = dict.fromkeys(label for table in tables.values() for label in table)
    found = {label: {name: table[label] for name, table in tables.items() if label in table} for label in labels}
    pairs = [
        _pair(one, other, (sides[one], sides[other]), (tables[one], tables[other]))
        for one, other in combinations(sides, 2)
        if tables[one].keys() & tables[other].keys()
    ]
    rows = {label: of for label, of in found.items() if len(of) > 1}
    return Comparison(rows, {name: cost_of(side) for name, side in sides.items()}, pairs)


def cost_of(side: Side) -> Cost:
    """What a run has cost."""
    sizes = [row.ess_bulk for row in side.rows if row.finite and not row.constant and math.isfinite(row.ess_bulk)]
    least = min(sizes, default=math.nan)
    spent = side.seconds.get("sample", 0.0)
    stats = side.groups.get("sample_stats", Group()).variables
    steps = int(stats["n_steps"].values.sum()) if "n_steps" in stats else None
    whole = side.seconds.get("compile", 0.0) + spent
    return Cost(whole, least, least / spent if spent else math.nan, steps)


def comparison_json(found: Comparison) -> dict[str, Any]:
    """For `summary.json`."""
    return {
        "pairs": [
            {
                "runs": [each.first, each.second],
                "agree": each.agree,
                "said": each.said,
                "energy": each.energy.statistic,
                "energy_by_chance": each.energy.by_chance,
                "p_value": each.energy.p_value,
                "largest_shift": {"of": each.label, "sd": each.shift, "z": each.z},
            }
            for each in found.pairs
        ],
        "cost": {name: each._asdict() for name, each in found.cost.items()},
    }


def _draws(group: Group, rows: Mapping[str, Row], labels: Sequence[str]) -> np.ndarray:
    """Draws `(draw, scalar)` of some scalars, thinned until they are independent of each other."""
    places = {
        name: {label: place for place, label in enumerate(scalar_labels(group, name))} for name in group.variables
    }
    flat = {name: each.values.reshape(math.prod(each.values.shape[:2]), -1) for name, each in group.variables.items()}
    columns = [flat[rows[label].variable][:, places[rows[label].variable][label]] for label in labels]
    whole = np.stack(columns, axis=1).astype(float)
    worth = min((rows[label].ess_bulk for label in labels if math.isfinite(rows[label].ess_bulk)), default=len(whole))
    count = int(np.clip(worth, min(2, len(whole)), min(_MOST, len(whole))))
    return whole[np.linspace(0, len(whole) - 1, count).round().astype(int)]


def _pair(
    first: str,
    second: str,
    sides: tuple[Side, Side],
    tables: tuple[Mapping[str, Row], Mapping[str, Row]],
) -> Pair:
    labels = [label for label in tables[0] if label in tables[1]]
    draws = [_draws(side.groups["posterior"], table, labels) for side, table in zip(sides, tables, strict=True)]
    one, other = ([table[label] for label in labels] for table in tables)
    difference = np.array([b.mean - a.mean for a, b in zip(one, other, strict=True)])
    sd = np.array([row.sd for row in one])
    error = np.array([math.hypot(a.mcse_mean, b.mcse_mean) for a, b in zip(one, other, strict=True)])
    shifts = difference / sd
    worst = int(np.argmax(np.abs(shifts)))
    z = float(difference[worst] / error[worst]) if error[worst] > 0 else math.nan
    counts = (len(draws[0]), len(draws[1]))
    return Pair(first, second, labels[worst], float(shifts[worst]), z, energy_test(draws[0], draws[1]), counts)
