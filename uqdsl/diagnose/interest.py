"""What of a posterior people want to see first."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from uqdsl.diagnose.summary import Row
from uqdsl.ir import Spec


def rows_of_interest(spec: Spec, asked: Collection[str], rows: Sequence[Row]) -> list[Row]:
    """The rows of variables that were asked for by name; else all but those of nuisances, of labels and of known values."""
    if asked:
        return [row for row in rows if row.variable in asked]
    hidden = {each.name for each in spec.unknowns if each.nuisance}
    hidden |= {each.name for each in spec.sums if each.over is not None}  # a mean of labels says nothing
    known = {each.name for each in spec.unknowns if each.imputes}
    names = {each.name for each in spec.statements}

    def name_of(row: Row) -> str:
        # A column that is called as its dimension has another name in results.
        return row.variable if row.variable in names else row.variable.removesuffix("_index")

    return [row for row in rows if name_of(row) not in hidden and not (name_of(row) in known and row.sd == 0)]
