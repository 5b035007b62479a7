"""The IR: written as JSON, checked against its schema, read back the same; frozen; and its schema is the published one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from uqdsl import ir

from .faults import BASE
from .reading import sound

SPECS = {path.stem: path for path in sorted((Path(__file__).parent / "sound").glob("*.uq"))}
PUBLISHED = Path(__file__).parents[2] / "docs" / "ir-schema.json"


@pytest.fixture(params=[*SPECS, "base"], name="spec")
def _spec(request) -> ir.Spec:
    return sound(BASE if request.param == "base" else SPECS[request.param].read_text(encoding="utf-8"))


def _typed(value: object) -> object:
    """A value in which 1, 1.0 and true are three different things."""
    if isinstance(value, BaseModel):
        return type(value).__name__, {name: _typed(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {name: _typed(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return type(value).__name__, [_typed(each) for each in value]
    return type(value).__name__, value


def test_round_trip(spec: ir.Spec):
    again = ir.Spec.model_validate_json(spec.model_dump_json())
    assert again == spec
    assert _typed(again) == _typed(spec)


def test_frozen_and_hashable(spec: ir.Spec):
    with pytest.raises(ValidationError):
        spec.statements[0].name = "other"  # type: ignore[misc]
    assert len({hash(statement) for statement in spec.statements}) == len(spec.statements)


def test_no_infinity_or_nan_in_the_json(spec: ir.Spec):
    json.loads(spec.model_dump_json(), parse_constant=pytest.fail)


def _fits(value: object, schema: dict, root: dict) -> bool:
    """Whether a JSON value fits a JSON schema, as far as the schema of the IR uses the standard."""
    if "$ref" in schema:
        return _fits(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return any(_fits(value, each, root) for each in schema[choice])
    if "const" in schema:
        return value == schema["const"]
    kinds = {
        "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int, "number": (int, float),
    }  # fmt: skip
    kind = schema.get("type")
    if kind is None:
        return True
    if not isinstance(value, kinds[kind]) or (isinstance(value, bool) and kind in ("integer", "number")):
        return False
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        extra = schema.get("additionalProperties", True)
        known = all(_fits(value[name], properties[name], root) for name in value.keys() & properties.keys())
        others = [value[name] for name in value.keys() - properties.keys()]
        fitting = extra if isinstance(extra, bool) else all(_fits(each, extra, root) for each in others)
        return known and set(schema.get("required", [])) <= value.keys() and (not others or fitting)
    if isinstance(value, list):
        first = schema.get("prefixItems", [])
        rest = schema.get("items")
        return all(_fits(each, one, root) for each, one in zip(value, first, strict=False)) and (
            rest is None or all(_fits(each, rest, root) for each in value[len(first) :])
        )
    return True


def test_the_json_fits_the_schema(spec: ir.Spec):
    schema = ir.json_schema()
    written = json.loads(spec.model_dump_json())
    assert _fits(written, schema, schema)  # type: ignore[arg-type]
    assert not _fits({**written, "unheard_of": 1}, schema, schema)  # type: ignore[arg-type]
    del written["name"]
    assert not _fits(written, schema, schema)  # type: ignore[arg-type]


def test_the_published_schema_is_current():
    """To publish a changed one: `UQDSL_UPDATE_SNAPSHOTS=1 pytest tests/semantics/test_ir.py`; see `SCHEMA_VERSION`."""
    text = json.dumps(ir.json_schema(), indent=2, sort_keys=True) + "\n"
    if os.environ.get("UQDSL_UPDATE_SNAPSHOTS"):
        PUBLISHED.write_text(text, encoding="utf-8")
    assert PUBLISHED.read_text(encoding="utf-8") == text


def test_the_deepest_expressions_can_be_written_and_read():
    deep = "-(" * 60 + "m" + ")" * 60
    spec = sound(f"prior m ~ Normal(0, 1)\nlet q = {deep}\nfactor -q^2\n")
    assert ir.Spec.model_validate_json(spec.model_dump_json()) == spec


def test_spans_point_into_the_text():
    text = SPECS["radon"].read_text(encoding="utf-8")
    for statement in sound(text).statements:
        written = text[statement.span.start : statement.span.end]
        assert written.startswith(("prior", "let", "likelihood", "factor"))
        assert statement.name in written


def test_names_used():
    spec = sound(SPECS["logistic"].read_text(encoding="utf-8"))
    assert ir.names_used(spec.observations[0]) == {"a", "b", "r", "region", "state", "x"}
    assert ir.names_used(spec.fields) == set()
