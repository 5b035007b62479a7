"""The conventions of climate and forecast data (CF 1.11, sections 2.5.1, 4.4, 8.1) for what an array's numbers mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from uqdsl.data.cells import emptied

ATTRIBUTES = ("_FillValue", "missing_value", "scale_factor", "add_offset", "units", "calendar")
"""The attributes of an array that say what its numbers mean."""


def decode(values: np.ndarray, attributes: Mapping[str, Any]) -> np.ndarray:
    """The values that stored numbers stand for: missing ones as NaN or None, packed ones unpacked, times as dates."""
    missing = _missing(values, attributes)
    scale, offset = attributes.get("scale_factor"), attributes.get("add_offset")
    if values.dtype.kind in "iuf" and (scale is not None or offset is not None):
        values = values * _number(scale, 1.0) + _number(offset, 0.0)
    values = _times(values, _text(attributes.get("units", "")), _text(attributes.get("calendar", "standard")))
    if not missing.any():
        return values
    if values.dtype.kind == "f":
        return np.where(missing, np.nan, values)
    if values.dtype.kind == "M":
        return np.where(missing, np.datetime64("NaT"), values)
    return emptied(values, missing)


def _missing(values: np.ndarray, attributes: Mapping[str, Any]) -> np.ndarray:
    missing = np.zeros(values.shape, bool)
    if values.dtype.kind in "iuf":
        for name in ("_FillValue", "missing_value"):
            mark = attributes.get(name)
            if mark is not None and np.asarray(mark).dtype.kind in "iuf":
                missing |= np.isin(values, np.asarray(mark))
    return missing


def _number(attribute: Any, otherwise: float) -> float:
    return otherwise if attribute is None else float(np.asarray(attribute).ravel()[0])


def _text(attribute: Any) -> str:
    return attribute.decode("utf-8", "replace") if isinstance(attribute, bytes) else str(attribute)


_SINCE = re.compile(r"\s*(day|hour|minute|second|millisecond|microsecond|nanosecond)s? since (\S+)(?:[ T](\S+))?\s*")
_NANOSECONDS = {
    "day": 86_400_000_000_000,
    "hour": 3_600_000_000_000,
    "minute": 60_000_000_000,
    "second": 1_000_000_000,
    "millisecond": 1_000_000,
    "microsecond": 1_000,
    "nanosecond": 1,
}


def _times(values: np.ndarray, units: str, calendar: str) -> np.ndarray:
    """Dates, of times since a date in the calendar of our days; other times stay numbers."""
    match = _SINCE.fullmatch(units)
    if (
        match is None
        or values.dtype.kind not in "iuf"
        or calendar not in ("standard", "gregorian", "proleptic_gregorian")
    ):
        return values
    unit, day, clock = match.groups()
    try:
        start = np.datetime64(f"{day}T{(clock or '00:00:00').removesuffix('Z')}", "ns")
    except ValueError:
        return values
    whole = values.dtype.kind in "iu"
    steps = values.astype(np.int64) if whole else values
    elapsed = steps * _NANOSECONDS[unit]
    if whole and np.any(elapsed // _NANOSECONDS[unit] != steps):  # past the year 2262
        return values
    if not whole and not np.all(np.isnan(elapsed) | (np.abs(elapsed) < 2.0**62)):
        return values
    lacking = np.zeros(values.shape, bool) if whole else np.isnan(values)
    dates = start + np.where(lacking, 0, elapsed).astype("timedelta64[ns]")
    return np.where(lacking, np.datetime64("NaT", "ns"), dates)
