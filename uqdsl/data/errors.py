"""Recording errors beside the spread of what was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from uqdsl import ir
from uqdsl.data.dataset import Dataset
from uqdsl.data.form import Found
from uqdsl.data.values import value_over
from uqdsl.messages import Label, Problem
from uqdsl.messages.catalogue.parts import ErrorBeyondSpread
from uqdsl.vocabulary.parts import TESTING, TRAINING

_ROWS = {"training_data": TRAINING, "testing_data": TESTING, "new_input": TRAINING}
"""The rows to whose spread the error of a source is compared: new inputs may well be few, and alike."""


def errors_beyond_spread(
    spec: ir.Spec, bound: Mapping[str, Dataset], places: Mapping[str, Sequence[Found]]
) -> Iterator[Problem]:
    """UQ465, a warning, for errors whose standard deviation is larger than that of the column that was recorded.

    Columns of one number have none, and errors that change from row to row count by the root of their mean square.

    Arguments:
        bound: the data of each part.
        places: where the values of each part were found.
    """
    for source in spec.sources:
        part = _ROWS.get(source.name, "")
        for each in source.errors if part in bound else ():
            data, field = bound[part], next(field for field in spec.fields if field.name == each.name)
            sd = value_over(each.sd, field.dims, spec, data.arrays)
            if sd is None:
                continue
            known = data.arrays.get(ir.observed(field.name), np.ones(data.arrays[field.name].shape, bool))
            values = np.where(known, data.arrays[field.name].astype(float), np.nan)
            error = np.where(known, np.broadcast_to(sd, values.shape), np.nan)
            columns = values.shape[-1] if field.spread else 1
            error, values = error.reshape(-1, columns), values.reshape(-1, columns)
            for column in range(columns):
                found = values[:, column][~np.isnan(values[:, column])]
                size = float(np.sqrt(np.nanmean(error[:, column] ** 2))) if len(found) else 0.0
                if len(found) > 1 and size > found.std():
                    at = next((one.place(column) for one in places[part] if one.field.name == field.name), None)
                    yield ErrorBeyondSpread(
                        at=each.span,
                        place=at and at._replace(row=None),
                        others=(Label(field.span, f"{found.std():.3g} in the rows for {part}"),),
                        name=each.name,
                        source=source.name,
                        error=f"{size:.3g}",
                    )
