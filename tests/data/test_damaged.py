"""Files that are cut off or overwritten are problems, never a traceback, and never wrong data without a word."""

from __future__ import annotations

import gzip
import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uqdsl.data import bind
from uqdsl.messages import DataError

from .reading import codes_of, said, spec_of, verify_sound

VALUES = [1.5, 2.5, 3.5]
LABELS = ["a", "b", "c"]
COLUMNS = "{ y[i] : real, c[i] : category }"


def _dataset() -> xr.Dataset:
    return xr.Dataset({"y": ("i", VALUES), "c": ("i", np.array(LABELS, "U1"))}, {"i": [3, 2, 1]})


def _write(path: Path) -> None:
    match path.suffix:
        case ".parquet":
            pq.write_table(pa.table({"i": [3, 2, 1], "y": VALUES, "c": LABELS}), path)
        case ".json":
            path.write_text(json.dumps({"i": [3, 2, 1], "y": VALUES, "c": LABELS}))
        case ".nc":
            _dataset().to_netcdf(path, engine="h5netcdf" if path.stem == "four" else "scipy")
        case ".zarr":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                _dataset().to_zarr(path, zarr_format=2 if path.stem == "two" else 3)


NAMES = ["t.parquet", "t.json", "four.nc", "three.nc"]


@pytest.fixture(scope="module", name="sound")
def _sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("sound")
    for name in NAMES:
        _write(folder / name)
    return {name: (folder / name).read_bytes() for name in NAMES}


def test_packed_files(tmp_path, monkeypatch):
    content = gzip.compress(b"y,c\n" + b"1,a\n" * 1000)
    text = f'data "t.csv.gz" {COLUMNS}'
    for damaged in (content[:-1], content[:20], b"y,c\n1,a\n", content[:30] + b"?" + content[31:], content + b"y"):
        (tmp_path / "t.csv.gz").write_bytes(damaged)
        assert codes_of(text, tmp_path) == ["UQ406"]
    (tmp_path / "t.csv.gz").write_bytes(b"")
    assert codes_of(text, tmp_path) == ["UQ411"]
    (tmp_path / "t.csv.gz").write_bytes(content)
    monkeypatch.setattr("uqdsl.data.content.MOST_BYTES", 1000)
    assert codes_of(text, tmp_path) == ["UQ408"]
    assert codes_of('data "t.parquet.gz" { y[i] : real }', tmp_path) == ["UQ405"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"y": [1, 2', "it ends before its list is closed"),
        ('{"y": [1, 2]', "it ends before its object is closed"),
        ('{"y": [1], "n', "it ends before its text is closed"),
        ('{"]": [1, ', "it ends before its list is closed"),
        ("", "it is empty"),
        ("{'y': [1]}", "the text at line 1, column 2 stands in single quotes, not in double ones"),
        ('{"y": [1]}\n{"y": [2]}', "there is more behind its first value, at line 2, column 1"),
        ('{"y": [1,, 2]}', "something is wrong at line 1, column 10"),
    ],
)
def test_json_that_is_cut_off(text, reason, tmp_path):
    (tmp_path / "t.json").write_text(text)
    title = said('data "t.json" { y[i] : real }', tmp_path)[1]
    assert title == f"`t.json` is not a sound JSON file: {reason}"


@pytest.mark.parametrize(
    ("text", "values", "hint"),
    [
        ("x[a, b]", [[1, 2], [3]], "list 1 has 2 values, but list 2 has 1 value"),
        ("x[a, b]", [[1, 2], 3], "list 1 has 2 values, but value 2 is no list"),
        ("x[a, b, c]", [[[1], [1]], [[2], [2, 3]]], "list 2.1 has 1 value, but list 2.2 has 2 values"),
        ("x", [1, 2], "give it a dimension: `x[row] : real`"),
        ("x", [[1, 2]], "give it 2 dimensions: `x[row, column] : real`"),
        ("x[a]", [[1, 2]], "give it one more dimension: `x[a, …] : real`"),
    ],
)
def test_lists_without_the_shape(text, values, hint):
    assert said(f"data {{ {text} : real = {json.dumps(values)} }}")[3] == hint
    assert said(f"data {{ {text} : real }}", x=values)[3] == hint


@pytest.mark.parametrize("name", NAMES)
def test_files_that_are_cut_off(name, sound, tmp_path):
    whole = sound[name]
    spec = spec_of(f'data "{name}" {COLUMNS}')
    (tmp_path / name).write_bytes(whole)
    assert bind(spec, tmp_path).arrays["y"].tolist() == VALUES
    for part in range(12):
        (tmp_path / name).write_bytes(whole[: len(whole) * part // 12])
        try:
            found = bind(spec, tmp_path)
        except DataError as caught:
            verify_sound(caught)
        else:  # what is lost at the end of a file may be padding
            assert found.arrays["y"].tolist() == VALUES


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(NAMES), st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6))
def test_files_with_other_bytes_in_them(sound, tmp_path, name, changes):
    content = bytearray(sound[name])
    for place, byte in changes:
        content[int(place * len(content))] = byte
    (tmp_path / name).write_bytes(bytes(content))
    try:
        bind(spec_of(f'data "{name}" {COLUMNS}'), tmp_path)
    except DataError as caught:
        verify_sound(caught)


@pytest.mark.parametrize("name", ["t.parquet", "t.json", "t.nc", "t.csv"])
@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"CDF\x01", b"\x89HDF\r\n\x1a\n", b"\xff\xfe\x00", b"[[[", b"null", b"[1]"]
)
def test_files_that_never_were_any(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    assert codes_of(f'data "{name}" {{ y[i] : real }}', tmp_path)[0] in ("UQ406", "UQ407", "UQ411", "UQ414")


@pytest.mark.parametrize("name", ["two.zarr", "three.zarr"])
def test_groups_that_lack_a_file(name, tmp_path):
    _write(tmp_path / name)
    spec = spec_of(f'data "{name}" {COLUMNS}')
    shutil.copytree(tmp_path / name, tmp_path / "kept")
    assert bind(spec, tmp_path).arrays["y"].tolist() == VALUES
    for lost in [path.relative_to(tmp_path / "kept") for path in (tmp_path / "kept").rglob("*") if path.is_file()]:
        for content in (None, b"", b"{", b"\x00" * 30):
            shutil.rmtree(tmp_path / name)
            shutil.copytree(tmp_path / "kept", tmp_path / name)
            (tmp_path / name / lost).unlink()
            if content is not None:
                (tmp_path / name / lost).write_bytes(content)
            try:
                bind(spec, tmp_path)
            except DataError as caught:
                verify_sound(caught)


def test_json_that_is_too_deep(tmp_path):
    (tmp_path / "t.json").write_text("[" * 100_000)
    assert codes_of('data "t.json" { y[i] : real }', tmp_path) == ["UQ406"]
    (tmp_path / "t.json").write_text('{"y": ' + "[" * 900 + "1" + "]" * 900 + "}")
    assert codes_of('data "t.json" { y[i] : real }', tmp_path)[0] in ("UQ431", "UQ434")
    (tmp_path / "t.json").write_text('{"y": [' + "9" * 10_000 + "]}")
    assert codes_of('data "t.json" { y[i] : real }', tmp_path) == ["UQ406"]


def test_a_gigantic_dimension():
    assert codes_of("dim k = 2000000000") == ["UQ408"]


@pytest.mark.parametrize("values", ["site,year,y\n" + "".join(f"{row},{row},1\n" for row in range(20_000))])
def test_a_long_table_of_few_combinations_takes_no_more_room_than_itself(values, tmp_path):
    (tmp_path / "t.csv").write_text(values)
    assert codes_of('data "t.csv" { y[site, year] : real }', tmp_path) == ["UQ445"]
