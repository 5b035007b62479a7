"""JSON: a list of records, or named values: columns, nested arrays, or xarray's own form with dims."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from uqdsl.data.cells import Cells, cells_of, objects
from uqdsl.data.content import read_text
from uqdsl.data.form import Arrays, Frame, Variable
from uqdsl.data.nested import variable_of
from uqdsl.messages import DataError, Place, Span
from uqdsl.messages.catalogue.data import DamagedFile, EmptyTable


def read_json(path: Path, name: str, at: Span) -> Frame | Arrays:
    """A table or named arrays.

    - A list of objects is a table with one row for each; a key that a row lacks is a missing value.
    - In an object each key names a value: a number, a list, lists in lists for several dimensions, or an object with
      `dims` and `data`. `data_vars` and `coords`, as xarray writes them, are taken apart.

    Raises:
        DataError: UQ406, UQ407, UQ408, UQ411.
    """
    content = _parse(read_text(path, name, at), name, at)
    if isinstance(content, list) and all(isinstance(each, dict) for each in content):
        if not content:
            raise DataError([EmptyTable(at=at, place=Place(name), name=name, what="rows")])
        return _records(content, name)
    if not isinstance(content, dict):
        reason = "it holds neither a list of records nor named values"
        hint = 'give its values a name: `{"name": […]}`' if isinstance(content, list) else ""
        raise DataError([DamagedFile(at=at, place=Place(name), path=name, form="JSON", reason=reason, hint=hint)])
    if isinstance(content.get("data_vars"), dict):
        content = {**_members(content, "coords"), **_members(content, "data_vars")}
    return Arrays(name, {key: _variable(value) for key, value in content.items()}, "entry")


def _parse(text: str, name: str, at: Span) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        where = f"line {error.lineno}, column {error.colno}"
        reason = f"something is wrong at {where}"
        if error.msg == "Extra data":
            reason = f"there is more behind its first value, at {where}"
        elif text[error.pos : error.pos + 1] == "'":
            reason = f"the text at {where} stands in single quotes, not in double ones"
        elif cut:
            reason = f"it ends before its {_still_open(text)} is closed" if text.strip() else "it is empty"
    except (RecursionError, ValueError):
        reason = "its lists are too deep, or a number in it too long"
    raise DataError([DamagedFile(at=at, place=Place(name), path=name, form="JSON", reason=reason)])


_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?')
_OPENS = {"{": "object", "[": "list"}


def _still_open(text: str) -> str:
    """What a JSON text that is cut off was in the midst of."""
    for each in _QUOTED.finditer(text):
        if each.end() == len(text) and (len(each.group()) == 1 or not each.group().endswith('"')):
            return "text"
    opened: list[str] = []
    for sign in _QUOTED.sub("", text):
        if sign in _OPENS:
            opened.append(sign)
        elif sign in "]}" and opened:
            opened.pop()
    return _OPENS[opened[-1]] if opened else "value"


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
