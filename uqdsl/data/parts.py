"""What the parts of data have to do with one another: constants of training, labels and rows that both have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from uqdsl import ir
from uqdsl.data.align import Dimension, Levels
from uqdsl.data.dataset import Dataset
from uqdsl.data.form import Found
from uqdsl.data.labels import key
from uqdsl.data.wording import counted, labels_listed
from uqdsl.messages import Problem
from uqdsl.messages.catalogue.parts import NoSpread, SharedRows, UnseenLabels
from uqdsl.vocabulary.parts import TESTING, TRAINING
from uqdsl.vocabulary.supports import KINDS


def with_constants(
    spec: ir.Spec, arrays: Mapping[str, dict[str, np.ndarray]], problems: list[Problem]
) -> dict[str, dict[str, np.ndarray]]:
    """The arrays of each part with the mean and the standard deviation (divisor n) of what is standardised.

    Both are those of the values in the training rows that are not missing, in every part (UQ464 where all are alike).
    """
    found: dict[str, np.ndarray] = {}
    for field in spec.fields:
        if field.standardized:
            values = arrays[TRAINING][field.name].astype(np.float64)
            rows = tuple(axis for axis, dim in enumerate(field.dims) if dim not in field.columns_over)
            alike = np.asarray(np.nanmax(values, axis=rows) == np.nanmin(values, axis=rows))
            if alike.any():
                problems.append(_no_spread(field, alike))
                continue
            found[ir.centre(field.name)] = np.asarray(np.nanmean(values, axis=rows))
            found[ir.width(field.name)] = np.asarray(np.nanstd(values, axis=rows))
    return {part: each | found for part, each in arrays.items()}


def _no_spread(field: ir.DataField, alike: np.ndarray) -> NoSpread:
    reason = "all of its values are the same"
    if alike.ndim and not alike.all():
        named = field.spread and alike.ndim == 1
        columns = [f"`{field.columns[place]}`" for place in np.flatnonzero(alike)] if named else []
        where = f"in {' and '.join(columns)}" if named else f"in {counted(int(alike.sum()), 'column')}"
        reason = f"{where} all of its values are the same"
    hint = "take `standardized` out, or leave that column out: it tells nothing"
    return NoSpread(at=field.span, name=field.name, reason=f"{reason} in the rows for training", hint=hint)


def unseen_labels(
    values: Mapping[str, Sequence[tuple[Found, np.ndarray | Levels | None]]], dims: Mapping[str, Dimension]
) -> Iterator[Problem]:
    """UQ463, a note, for the labels of categories that other parts have and the training rows have not."""
    seen: dict[str, set[object]] = {}
    for found, value in values[TRAINING]:
        if isinstance(value, Levels):
            seen.setdefault(found.field.of or "", set()).update(map(key, value.read.distinct))
    for part, each in values.items():
        for found, value in each:
            dim = found.field.of or ""
            if isinstance(value, Levels) and (new := [one for one in value.read.distinct if key(one) not in seen[dim]]):
                yield UnseenLabels(
                    at=found.field.span,
                    labels=labels_listed(new),
                    dim=dims[dim].ir.name,
                    are="is" if len(new) == 1 else "are",
                    part=part,
                )


def shared_rows(spec: ir.Spec, bound: Mapping[str, Dataset]) -> Iterator[Problem]:
    """UQ462, a warning, for rows for testing that are the same as one for training in every field.

    Where all fields are whole numbers or labels, rows are alike by chance, and nothing is said.
    """
    if TESTING not in bound:
        return
    for dim in (each.name for each in spec.dims if each.parted):
        fields = [each for each in spec.fields if [one for one in each.dims if ir.base(one) == dim] == [dim]]
        fields = [each for each in fields if each.name in bound[TESTING].arrays and each.kind != "time"]
        if any(table.shares for table in spec.tables if not set(fields).isdisjoint(table.fields)):
            continue
        if all(each.kind == "category" or KINDS[each.kind].integer for each in fields):
            continue
        known = {row.tobytes() for row in _rows(fields, dim, bound[TRAINING])}
        rows = _rows(fields, dim, bound[TESTING])
        same = [place for place, row in enumerate(rows) if row.tobytes() in known]
        if same:
            first = bound[TESTING].coords[dim][same[0]]
            count, are = counted(len(same), "row"), "is" if len(same) == 1 else "are"
            at = next((each.span for table in spec.tables if table.parted for each in (*table.parts, table)), None)
            hint = f"the first is `{dim} = {first}`; {SharedRows.advice}"
            yield SharedRows(at=at, count=f"{count} of {len(rows)}", are=are, hint=hint)


def _rows(fields: Sequence[ir.DataField], dim: str, data: Dataset) -> np.ndarray:
    """The values of fields, a row for each label of a dimension."""
    size = len(data.coords[dim])
    columns = [np.moveaxis(data.arrays[each.name], each.dims.index(dim), 0).reshape(size, -1) for each in fields]
    return np.ascontiguousarray(np.concatenate([each.astype(np.float64) for each in columns], axis=1))
