"""JSON: a list of records, or named values: columns, nested arrays, or xarray's own form with dims."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from uqdsl.data.cells import Cells, cells_of, objects
from uqdsl.data.form import Arrays, Frame, Variable
from uqdsl.data.nested import variable_of
from uqdsl.data.sizes import verify_bytes
from uqdsl.messages import DataError, Place, Span
from uqdsl.messages.catalogue.data import DamagedFile, EmptyTable, WrongEncoding


def read_json(path: Path, name: str, at: Span) -> Frame | Arrays:
    """A table or named arrays.

    - A list of objects is a table with one row for each; a key that a row lacks is a missing value.
    - In an object each key names a value: a number, a list, lists in lists for several dimensions, or an object with
      `dims` and `data`. `data_vars` and `coords`, as xarray writes them, are taken apart.

    Raises:
        DataError: UQ406, UQ407, UQ408, UQ411.
    """
    verify_bytes(path, name, at)
    content = _parse(path.read_bytes(), name, at)
    if isinstance(content, list) and all(isinstance(each, dict) for each in content):
        if not content:
            raise DataError([EmptyTable(at=at, place=Place(name), name=name, what="rows")])
        return _records(content, name)
    if not isinstance(content, dict):
        reason = "it holds neither a list of records nor named values"
        raise DataError([DamagedFile(at=at, place=Place(name), path=name, form="JSON", reason=reason)])
    if isinstance(content.get("data_vars"), dict):
        content = {**_members(content, "coords"), **_members(content, "data_vars")}
    return Arrays(name, {key: _variable(value) for key, value in content.items()}, "entry")


def _parse(raw: bytes, name: str, at: Span) -> Any:
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        reason = f"the byte 0x{raw[error.start]:02X} belongs to no character"
        raise DataError([WrongEncoding(at=at, place=Place(name), path=name, reason=reason)]) from None
    except json.JSONDecodeError as error:
        reason = f"something is wrong at line {error.lineno}, column {error.colno}"
    except (RecursionError, ValueError):
        reason = "its lists are too deep, or a number in it too long"
    raise DataError([DamagedFile(at=at, place=Place(name), path=name, form="JSON", reason=reason)])


def _members(content: dict[str, Any], key: str) -> dict[str, Any]:
    found = content.get(key)
    return found if isinstance(found, dict) else {}


def _records(content: list[dict[str, Any]], name: str) -> Frame:
    def read(column: str) -> Cells:
        return cells_of(objects([each.get(column) for each in content]))

    columns = dict.fromkeys(key for each in content for key in each)
    return Frame(name, tuple(columns), len(content), read)


def _variable(value: Any) -> Variable:
    if isinstance(value, dict) and isinstance(value.get("dims"), list) and "data" in value:
        found = variable_of(value["data"])
        dims = tuple(map(str, value["dims"]))
        return found._replace(dims=dims) if len(dims) == len(found.shape or ()) else found
    return variable_of(value)
