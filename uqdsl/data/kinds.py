"""Kinds: from cells to numbers that are what the spec says they are."""

from __future__ import annotations

import re
from math import nan

import numpy as np

from uqdsl.data.cells import Cells, is_missing, missing_cells, shown
from uqdsl.data.form import Found
from uqdsl.data.spots import first_spot
from uqdsl.messages import Problem, listing
from uqdsl.messages.catalogue.data import MissingValue, WrongValue
from uqdsl.vocabulary.supports import KINDS

EXPECTED = {
    "real": "a number",
    "positive": "a number above 0",
    "nonnegative": "a number from 0 on",
    "unit": "a number from 0 to 1",
    "count": "a whole number from 0 on",
    "int": "a whole number",
    "binary": "0 or 1",
}
_TRUTHS = {"true": 1, "false": 0}
_LARGEST = 2**63


def read_numbers(found: Found, problems: list[Problem]) -> np.ndarray | None:
    """The values of a field as float64, or int64 for its whole kinds, flat.

    Args:
        found: the field, not a category, as it was found.
        problems: receives one UQ421 for all missing values, and one UQ422 for all that are not of the kind.

    Returns:
        The numbers, or None where a problem was found.
    """
    kind = "real" if found.field.kind == "time" else found.field.kind
    numbers, missing, wrong = _convert(found.cells, kind)
    if len(missing) and not found.field.missing:
        problems.append(_missing_values(found, missing))
    if numbers is not None:
        support = KINDS[kind]
        bad = ~np.isfinite(numbers) | (numbers < support.lower) | (numbers > support.upper)
        if support.open_lower:
            bad |= numbers <= support.lower
        if support.integer and numbers.dtype.kind == "f":
            bad |= (numbers != np.floor(numbers)) | (np.abs(numbers) >= _LARGEST)
        bad[missing] = False
        wrong = np.union1d(wrong, np.flatnonzero(bad))
    if len(wrong):
        problems.append(_wrong_values(found, wrong))
    if numbers is None or len(wrong) or (len(missing) and not found.field.missing):
        return None
    if found.field.missing:
        gaps = numbers.astype(np.float64)
        gaps[missing] = np.nan
        return gaps
    return numbers.astype(np.int64 if KINDS[kind].integer else np.float64)


def _convert(cells: Cells, kind: str) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """Numbers, the positions of cells that hold nothing, and of those that hold something else than a number."""
    values, none = cells.values, np.zeros(0, np.intp)
    if values.dtype.kind in "if":
        return values, missing_cells(cells), none
    if values.dtype.kind == "b":
        return (values.astype(np.int64), none, none) if kind == "binary" else (None, none, np.arange(len(values)))
    listed, whole = values.tolist(), KINDS[kind].integer
    if cells.written:
        plain = _written_numbers(listed, whole=whole)
        if plain is not None:
            return plain, np.flatnonzero(np.isnan(plain)), none
    parsed = [_number(value, kind, written=cells.written) for value in listed]
    wrong = [position for position, value in enumerate(parsed) if value is None]
    kept = [0 if value is None else value for value in parsed]
    return np.array(kept, np.int64 if whole else np.float64), missing_cells(cells), np.asarray(wrong, np.intp)


def _written_numbers(texts: list[str], *, whole: bool) -> np.ndarray | None:
    """The numbers of a column of text, fast, where every one is a number; `1_000`, which Python takes for one, is not."""
    if any("_" in text for text in texts):
        return None
    if whole:
        try:
            return np.fromiter(map(int, texts), np.int64, len(texts))
        except (ValueError, OverflowError):
            pass
    try:
        numbers = np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        return None
    # Large whole numbers, of which a float holds but the first digits, are read one by one.
    return None if whole and bool((np.abs(numbers) >= 2.0**53).any()) else numbers


def _number(value: object, kind: str, *, written: bool) -> float | int | None:
    """The number of one cell; 0 where it is missing, which is reported apart, and None where it holds something else."""
    if is_missing(value):
        return 0
    if written and isinstance(value, str):
        value = _written_number(value.strip(), kind)
    elif isinstance(value, bool):
        value = int(value) if kind == "binary" else None
    if not isinstance(value, int | float):
        return None
    if not KINDS[kind].integer:
        return value if isinstance(value, float) or abs(value) < _BEYOND_FLOATS else None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else _LARGEST
    return value if -_LARGEST <= value < _LARGEST else None


_BEYOND_FLOATS = 2**1023


def _written_number(text: str, kind: str) -> float | int | None:
    if "_" in text:
        return None
    if kind == "binary" and text.lower() in _TRUTHS:
        return _TRUTHS[text.lower()]
    try:
        number = float(text)
        return int(text) if KINDS[kind].integer and text.lstrip("+-").isdigit() else number
    except ValueError:
        return None


# ---------------------------------------------------------------------------------------------------------- problems


def _missing_values(found: Found, missing: np.ndarray) -> MissingValue:
    spot = first_spot(found.place, missing)
    count = "a value" if len(missing) == 1 else f"{len(missing)} values"
    advice = "fill it in, or leave the row out" if found.axes else "fill it in"
    if spot.others:
        advice = f"{spot.others}: fill them in, or leave the rows out"
    return MissingValue(at=found.field.span, place=spot.place, name=found.field.name, count=count, hint=advice)


def _wrong_values(found: Found, wrong: np.ndarray) -> WrongValue:
    field, spot = found.field, first_spot(found.place, wrong)
    value = found.cells.values[spot.position]
    hint = _advice(value, found, wrong)
    if spot.others:
        hint = f"{len(wrong)} values are not, {spot.others}" + (f"; {hint}" if hint else "")
    return WrongValue(
        at=field.span, place=spot.place, name=field.name, found=_named(value), expected=EXPECTED[field.kind], hint=hint
    )


def _named(value: object) -> str:
    return f"the text {shown(value)}" if isinstance(value, str) and not _is_numeral(value) else shown(value)


def _is_numeral(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _advice(value: object, found: Found, wrong: np.ndarray) -> str:
    """What to do about the first of some wrong values; empty where that is not sure."""
    kind = found.field.kind
    if isinstance(value, bool | np.bool):
        return "a column of true and false is `binary`"
    if not isinstance(value, str) or _is_numeral(value):
        return _advice_on_number(_as_float(value), found, wrong)
    text = value.strip()
    if _is_numeral(text.replace(",", ".")):
        return "write numbers with a point, not a comma"
    amounts = [_AMOUNT.fullmatch(str(each).strip()) for each in found.cells.values[wrong[:_EXAMINED]].tolist()]
    if all(amounts) and len({amount[2] for amount in amounts if amount}) == 1:
        (number, unit), *_ = (amount.groups() for amount in amounts if amount)
        if unit == "%" and kind == "unit":
            return f"write `{float(number) / 100:g}` for `{number} %`"
        return f"numbers stand without their unit: `{number}`"
    if kind == "binary":
        names = _two_names(found, wrong)
        return f"write 1 and 0 for {names}" if names else ""
    return _advice_on_text(text, found, wrong)


def _advice_on_text(text: str, found: Found, wrong: np.ndarray) -> str:
    """What to do about a text where a number should be."""
    joined = re.sub(r"(?<=\d)[ \u00a0\u202f'](?=\d{3}\b)", "", text)
    if _is_numeral(joined):
        return f"write numbers without spaces: `{joined}`"
    if _MARKS.fullmatch(text):
        remedy = "leave its cell empty" if found.cells.written else "take it out"
        return f"if `{text}` stands for a missing value, {remedy}"
    if _DATE.fullmatch(text):
        return "write dates as numbers, such as the days since the first"
    if len(wrong) + len(missing_cells(found.cells)) == len(found.cells):
        return f"a column of labels is a `category`, not `{found.field.kind}`"
    return ""


_UNIT = r"[^\W\d_]{1,6}(?:\^?-?\d)?"
_AMOUNT = re.compile(rf"([+-]?(?:\d+\.?\d*|\.\d+)) ?(%|°[CF]?|{_UNIT}(?:[ /·*.]{_UNIT})*)")
"""A number and its unit."""
_MARKS = re.compile(
    r"[-–—.?*/x]{1,3}|\(?(?:missing|unknown|none|not (?:available|measured|recorded))\)?", re.IGNORECASE
)
"""Texts that often stand for a missing value."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ].*)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}")
_CODES = re.compile(r"-9|-?99+")
"""Numbers that often stand for a missing value."""
_YES = frozenset(("yes", "y", "true", "t", "positive", "pos", "present", "ja", "oui", "si", "sí", "+"))


def _advice_on_number(value: float, found: Found, wrong: np.ndarray) -> str:
    if found.field.kind == "unit":
        numbers = [_as_float(each) for each in found.cells.values[wrong[:_EXAMINED]].tolist()]
        if all(1 < each <= 100 for each in numbers) and any(each >= 2 for each in numbers):
            return "if they are per cent, divide them by 100"
    if _CODES.fullmatch(f"{value:.15g}") and found.axes:
        remedy = "leave its cell empty" if found.cells.written else "take it out"
        return f"if `{value:.15g}` stands for a missing value, {remedy}"
    return ""


_EXAMINED = 10_000
"""No more wrong values than this are looked at to say what to do about them."""


def _as_float(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return nan


def _two_names(found: Found, wrong: np.ndarray) -> str:
    """The two texts of a column that holds no others, the one that says yes first."""
    texts = list(dict.fromkeys(str(each).strip() for each in found.cells.values[wrong[:_EXAMINED]].tolist()))
    if len(texts) != 2:
        return ""
    texts.sort(key=lambda each: each.lower() not in _YES)
    return listing(texts, last="and")
