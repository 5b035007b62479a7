"""Counts and places in the words of messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from uqdsl.data.form import Label

_SHOWN = 5


def counted(number: int, thing: str, many: str = "") -> str:
    """`one row`, `3 rows`."""
    return f"{number} {thing if number == 1 else many or thing + 's'}"


def rows_listed(rows: Sequence[int], total: int | None = None) -> str:
    """`in rows 3, 7, 9 and 12 more`; nothing for a single row, which the place names already.

    Args:
        rows: in order; a row with several faults stands in it several times.
        total: how many there are, where `rows` holds not all.
    """
    each = list(dict.fromkeys(rows))
    if len(each) < 2:
        return ""
    more = max(len(each), total or 0) if len(each) == len(rows) else len(each)
    return f"in rows {_some(map(str, each[:_SHOWN]), more)}"


def positions_listed(positions: Sequence[str], total: int) -> str:
    """The same for places that are not rows."""
    return f"at {_some(positions[:_SHOWN], total)}" if total > 1 else ""


def labels_listed(labels: Sequence[Label]) -> str:
    """`the label `LAKE``, `the labels `LAKE`, `POLK` and 3 more`."""
    if len(labels) == 1:
        return f"the label `{labels[0]}`"
    return f"the labels {_some((f'`{each}`' for each in labels[:_SHOWN]), len(labels))}"


def _some(shown: Iterable[str], total: int) -> str:
    listed = list(shown)
    if total > len(listed):
        return f"{', '.join(listed)} and {total - len(listed)} more"
    return f"{', '.join(listed[:-1])} and {listed[-1]}" if len(listed) > 1 else listed[0]


def over(dims: Sequence[str]) -> str:
    """`[site, year]`, in words where there is none."""
    return f"`[{', '.join(dims)}]`" if dims else "no dimension"
