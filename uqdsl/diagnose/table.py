"""The columns of a summary table, with as many digits as the Monte Carlo error allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from uqdsl.diagnose.summary import Row

_ABSENT = "-"


class TableRow(NamedTuple):
    """A row as text; the fields are the columns."""

    label: str
    mean: str
    sd: str
    q05: str
    q50: str
    q95: str
    ess_bulk: str
    ess_tail: str
    r_hat: str


def table_rows(rows: Sequence[Row]) -> list[TableRow]:
    """Rows as text.

    Mean, sd and quantiles end at the same digit: the last that the Monte Carlo standard error of the mean does not
    blur, 10^k with k = floor(log10(2 mcse)). Where a mean has no such error, it has four significant digits. Of what is
    constant there is the value.
    """
    return [_table_row(row) for row in rows]


def _table_row(row: Row) -> TableRow:
    if row.constant:
        return TableRow(row.label, f"{row.mean:.6g}", "0", *[_ABSENT] * 6)
    estimates = [row.mean, row.sd, row.q05, row.q50, row.q95]
    digits = _last_digit(row.mcse_mean) if row.mcse_mean > 0 else _last_digit(abs(row.mean) / 2e3)
    return TableRow(
        row.label,
        *_aligned(estimates, digits),
        ess_bulk=_whole(row.ess_bulk),
        ess_tail=_whole(row.ess_tail),
        r_hat=f"{row.r_hat:.3f}" if math.isfinite(row.r_hat) else _ABSENT,
    )


def _last_digit(error: float) -> int:
    """The place of the last digit that means something: -2 for hundredths."""
    if not math.isfinite(error) or error <= 0:
        return -2
    return math.floor(math.log10(2 * error))


def _aligned(numbers: Sequence[float], digits: int) -> list[str]:
    largest = max((abs(each) for each in numbers if math.isfinite(each)), default=0.0)
    leading = math.floor(math.log10(largest)) if largest > 0 else 0
    if leading >= 7 or (leading < -4 and largest > 0):
        return [_scientific(each, digits) for each in numbers]
    decimals = max(0, -digits)
    return [f"{each:.{decimals}f}" if math.isfinite(each) else _ABSENT for each in numbers]


def _scientific(number: float, digits: int) -> str:
    if not math.isfinite(number):
        return _ABSENT
    own = math.floor(math.log10(abs(number))) if number else digits
    return f"{number:.{max(0, own - digits)}e}"


def _whole(number: float) -> str:
    return f"{number:.0f}" if math.isfinite(number) else _ABSENT
