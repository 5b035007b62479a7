"""One table in every format, and from every library, is one data set."""

from __future__ import annotations

import datetime
import gzip
import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr
from scipy.io import netcdf_file

from .reading import bound, problem_of, same

ROWS = {
    "home": ["h1", "h2", "h3", "h4"],
    "y": [0.5, -1.25, 1e-3, 3.0],
    "floor": [0, 1, 1, 0],
    "state": ["MN", "WI", "MN", "IA"],
    "born": [1990, 1985, 1990, 1971],
}
COLUMNS = "{ y[home] : real, floor[home] : binary, state[home] : category, born[home] : category }"


def _csv(folder: Path) -> str:
    pd.DataFrame(ROWS).to_csv(folder / "t.csv", index=False)
    return "t.csv"


def _tsv(folder: Path) -> str:
    pl.DataFrame(ROWS).write_csv(folder / "t.tsv", separator="\t")
    return "t.tsv"


def _parquet(folder: Path) -> str:
    pl.DataFrame(ROWS).write_parquet(folder / "t.parquet")
    return "t.parquet"


def _parquet_of_pandas(folder: Path) -> str:
    pd.DataFrame(ROWS).astype({"state": "category", "floor": "bool"}).set_index("home").to_parquet(folder / "t.parquet")
    return "t.parquet"


def _records(folder: Path) -> str:
    (folder / "t.json").write_text(pd.DataFrame(ROWS).to_json(orient="records"))
    return "t.json"


def _columns(folder: Path) -> str:
    (folder / "t.json").write_text(json.dumps(ROWS))
    return "t.json"


def dataset() -> xr.Dataset:
    return pd.DataFrame(ROWS).set_index("home").to_xarray().assign(state=("home", np.array(ROWS["state"], "U2")))


def _json_of_xarray(folder: Path) -> str:
    (folder / "t.json").write_text(json.dumps(dataset().to_dict()))
    return "t.json"


def _netcdf4(folder: Path) -> str:
    dataset().to_netcdf(folder / "t.nc", engine="h5netcdf")
    return "t.nc"


def _netcdf3(folder: Path) -> str:
    dataset().to_netcdf(folder / "t.nc", engine="scipy")
    return "t.nc"


def _zarr(folder: Path, version: int) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset().to_zarr(folder / "t.zarr", zarr_format=version)  # type: ignore[call-overload]
    return "t.zarr"


def _packed(folder: Path, kind: Callable[[Path], str], *, parts: int = 1) -> str:
    name = kind(folder)
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    step = -(-len(content) // parts)
    packed = b"".join(gzip.compress(content[start : start + step]) for start in range(0, len(content), step))
    (folder / f"{name}.gz").write_bytes(packed)
    return f"{name}.gz"


FILES: dict[str, Callable[[Path], str]] = {
    "csv": _csv,
    "tsv": _tsv,
    "parquet": _parquet,
    "parquet of pandas": _parquet_of_pandas,
    "json records": _records,
    "json columns": _columns,
    "json of xarray": _json_of_xarray,
    "csv packed": lambda folder: _packed(folder, _csv),
    "csv packed in parts": lambda folder: _packed(folder, _csv, parts=3),
    "tsv packed": lambda folder: _packed(folder, _tsv),
    "json packed": lambda folder: _packed(folder, _records),
    "netcdf 4": _netcdf4,
    "netcdf 3": _netcdf3,
    "zarr 2": lambda folder: _zarr(folder, 2),
    "zarr 3": lambda folder: _zarr(folder, 3),
}
EXPECTED = bound(f"data {COLUMNS}", y=ROWS)


def test_the_expected():
    assert EXPECTED.arrays["y"].tolist() == ROWS["y"]
    assert EXPECTED.arrays["state"].tolist() == [1, 2, 1, 0]
    assert EXPECTED.coords == {"home": ROWS["home"], "state": ["IA", "MN", "WI"], "born": [1971, 1985, 1990]}
    assert {name: array.dtype.name for name, array in EXPECTED.arrays.items()} == {
        "y": "float64",
        "floor": "int64",
        "state": "int64",
        "born": "int64",
    }


@pytest.mark.parametrize("kind", FILES)
def test_files(kind, tmp_path: Path):
    path = FILES[kind](tmp_path)
    found = bound(f'data "{path}" {COLUMNS}', tmp_path)
    assert same(found, EXPECTED)
    assert list(found.files) == [path]
    assert len(found.files[path]) == 64


TABLES: dict[str, Callable[[], Any]] = {
    "pandas": lambda: pd.DataFrame(ROWS),
    "pandas with an index": lambda: pd.DataFrame(ROWS).set_index("home"),
    "pandas with an index of text": lambda: pd.DataFrame(ROWS).set_index("home").rename_axis(None),
    "pandas nullable": lambda: pd.DataFrame(ROWS).convert_dtypes(),
    "pandas of arrow": lambda: pd.DataFrame(ROWS).convert_dtypes(dtype_backend="pyarrow"),
    "polars": lambda: pl.DataFrame(ROWS),
    "polars with categories": lambda: pl.DataFrame(ROWS).cast({"state": pl.Categorical}),
    "arrow": lambda: pa.table(ROWS),
    "xarray": dataset,
    "dict of arrays": lambda: {name: np.array(column) for name, column in ROWS.items()},
    "dict of series": lambda: {name: pd.Series(column) for name, column in ROWS.items()},
    "dict of polars series": lambda: {name: pl.Series(column) for name, column in ROWS.items()},
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_from_python(kind):
    assert same(bound(f"data {COLUMNS}", floor=TABLES[kind]()), EXPECTED)
    assert same(bound(f'data "never read.csv" {COLUMNS}', y=TABLES[kind]()), EXPECTED)


GRID = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
TWO = "{ x[site, year] : real, u[site] : real }"


def grid() -> xr.Dataset:
    return xr.Dataset(
        {"x": (("year", "site"), np.array(GRID).T), "u": ("site", [0.1, 0.2])},
        coords={"site": ["b", "a"], "year": [2001, 2000, 1999]},
    )


def long() -> dict[str, list[Any]]:
    return {
        "site": ["b", "b", "b", "a", "a", "a"],
        "year": [2001, 2000, 1999, 2001, 2000, 1999],
        "x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "u": [0.1, 0.1, 0.1, 0.2, 0.2, 0.2],
    }


GRIDS: dict[str, Callable[[Path], Any]] = {
    "netcdf": lambda path: grid().to_netcdf(path / "g.nc", engine="h5netcdf"),
    "netcdf 3": lambda path: grid().to_netcdf(path / "g.nc", engine="scipy"),
    "zarr": lambda path: grid().to_zarr(path / "g.zarr", consolidated=False),
    "json of xarray": lambda path: (path / "g.json").write_text(json.dumps(grid().to_dict())),
    "json with dims": lambda path: (path / "g.json").write_text(
        json.dumps({
            "x": {"dims": ["year", "site"], "data": np.array(GRID).T.tolist()},
            "u": [0.1, 0.2], "site": ["b", "a"], "year": [2001, 2000, 1999],
        })
    ),
    "json nested": lambda path: (path / "g.json").write_text(
        json.dumps({"x": GRID, "u": [0.1, 0.2], "site": ["b", "a"], "year": [2001, 2000, 1999]})
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", GRIDS)
def test_arrays_in_files(kind, tmp_path: Path):
    GRIDS[kind](tmp_path)
    (path,) = tmp_path.iterdir()
    found = bound(f'data "{path.name}" {TWO}', tmp_path)
    assert found.arrays["x"].tolist() == GRID
    assert found.arrays["u"].tolist() == [0.1, 0.2]
    assert found.coords == {"site": ["b", "a"], "year": [2001, 2000, 1999]}


LONG: dict[str, Callable[[Path], Any]] = {
    "csv": lambda path: pd.DataFrame(long()).to_csv(path / "g.csv", index=False),
    "parquet": lambda path: pd.DataFrame(long()).set_index(["site", "year"]).to_parquet(path / "g.parquet"),
    "records": lambda path: (path / "g.json").write_text(pd.DataFrame(long()).to_json(orient="records")),
}


@pytest.mark.parametrize("kind", LONG)
def test_long_tables_in_files(kind, tmp_path: Path):
    LONG[kind](tmp_path)
    (path,) = tmp_path.iterdir()
    found = bound(f'data "{path.name}" {TWO}', tmp_path)
    assert found.arrays["x"].tolist() == [[6.0, 5.0, 4.0], [3.0, 2.0, 1.0]]
    assert found.arrays["u"].tolist() == [0.2, 0.1]
    assert found.coords == {"site": ["a", "b"], "year": [1999, 2000, 2001]}


@pytest.mark.parametrize(
    "given",
    [pd.DataFrame(long()), pd.DataFrame(long()).set_index(["site", "year"]), pl.DataFrame(long()), pa.table(long())],
    ids=["pandas", "pandas with two indices", "polars", "arrow"],
)
def test_long_tables_from_python(given):
    found = bound(f"data {TWO}", x=given)
    assert found.arrays["x"].tolist() == [[6.0, 5.0, 4.0], [3.0, 2.0, 1.0]]
    assert found.arrays["u"].tolist() == [0.2, 0.1]


def test_long_columns_of_json(write):
    columns = {name: column for name, column in long().items() if name != "u"}
    folder = write("g.json", json.dumps(columns))
    found = bound('data "g.json" { x[site, year] : real }', folder)
    assert found.arrays["x"].tolist() == [[6.0, 5.0, 4.0], [3.0, 2.0, 1.0]]
    assert found.coords == {"site": ["a", "b"], "year": [1999, 2000, 2001]}


def test_columns_of_different_lengths_in_json(write):
    text = '{"y": [1, 2, 3], "county": [2, 1, 2], "u": [0.5, 0.25]}'
    found = bound('data "r.json" { y[home] : real, county[home] : category, u[county] : real }', write("r.json", text))
    assert found.arrays["county"].tolist() == [1, 0, 1]
    assert found.coords == {"home": [1, 2, 3], "county": [1, 2]}


SINGLE: dict[str, tuple[Any, list[Any]]] = {
    "array": (np.array([1, 2]), [1, 2]),
    "floats of 32 bits": (np.array([1, 2], "f4"), [1, 2]),
    "unsigned": (np.array([1, 2], "u1"), [1, 2]),
    "big-endian": (np.array([1, 2], ">f8"), [1, 2]),
    "list": ([1.0, 2], [1, 2]),
    "tuple": ((1, 2), [1, 2]),
    "list of numpy numbers": ([np.float64(1), np.int8(2)], [1, 2]),
    "objects": (np.array([1, 2.0], object), [1, 2]),
    "range": (range(1, 3), [1, 2]),
    "series": (pd.Series([1, 2], index=[5, 6]), [1, 2]),
    "labelled series": (pd.Series([1, 2], pd.Index(["b", "a"], name="i")), ["b", "a"]),
    "series with an index of text": (pd.Series({"b": 1, "a": 2}), ["b", "a"]),
    "series with another index": (pd.Series([1, 2], pd.Index(["b", "a"], name="j")), [1, 2]),
    "nullable series": (pd.Series([1, 2], dtype="Int64"), [1, 2]),
    "decimals": (pa.array([Decimal(1), Decimal(2)]), [1, 2]),
    "polars": (pl.Series([1, 2]), [1, 2]),
    "arrow": (pa.array([1, 2]), [1, 2]),
    "arrow in chunks": (pa.chunked_array([[1], [2]]), [1, 2]),
    "xarray": (xr.DataArray([1, 2], dims="i", coords={"i": ["b", "a"]}), ["b", "a"]),
    "xarray without labels": (xr.DataArray([1, 2], dims="i"), [1, 2]),
    "masked": (np.ma.masked_array([1.0, 2.0]), [1, 2]),
    "dates for labels": (
        pd.Series([1, 2], pd.DatetimeIndex(["2020-01-01", "2020-01-02"])),
        ["2020-01-01", "2020-01-02"],
    ),
    "python dates for labels": (
        pd.Series([1, 2], pd.Index([datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)], name="i")),
        ["2020-01-01", "2020-01-02"],
    ),
    "long series": (pd.Series([1, 2], pd.MultiIndex.from_tuples([("b", 0), ("a", 0)], names=["i", "j"])), ["b", "a"]),
}


@pytest.mark.parametrize("kind", SINGLE)
def test_arrays_from_python(kind):
    value, labels = SINGLE[kind]
    found = bound("data { y[i] : real }", y=value)
    assert found.arrays["y"].tolist() == [1.0, 2.0]
    assert found.arrays["y"].dtype == np.float64
    assert found.coords == {"i": labels}
    assert [type(each) for each in found.coords["i"]] == [type(each) for each in labels]


@pytest.mark.parametrize(
    "value",
    [np.array(GRID), GRID, [np.array(GRID[0]), GRID[1]], xr.DataArray(np.array(GRID).T, dims=("year", "site")),
     pl.Series(GRID), [tuple(GRID[0]), GRID[1]]],
    ids=["array", "lists", "list of arrays", "xarray", "polars", "tuples"],
)  # fmt: skip
def test_matrices_from_python(value):
    assert bound("data { x[site, year] : real }", x=value).arrays["x"].tolist() == GRID


def test_scalars():
    for value in (3, 3.0, np.float32(3), np.array(3), xr.DataArray(3)):
        assert bound("data { n : count }", n=value).arrays["n"].tolist() == 3
    assert bound("data { n : count = 3 }").arrays["n"].shape == ()
    assert bound("data { n : count = 3 }", n=4).arrays["n"] == 4


def test_a_field_may_be_given_beside_its_file(write):
    folder = write("t.csv", "i,y,x\nb,1,2\na,3,4\n")
    found = bound('data "t.csv" { y[i] : real, x[i] : real }', folder, y=pd.Series({"a": 10, "b": 20}))
    assert found.arrays["y"].tolist() == [10.0, 20.0]
    assert found.arrays["x"].tolist() == [4.0, 2.0]
    assert found.coords == {"i": ["a", "b"]}


def test_conventions_of_netcdf(tmp_path: Path):
    with h5netcdf.File(tmp_path / "p.nc", "w") as file:
        file.dimensions = {"t": 3}
        file.create_variable("t", ("t",), data=np.array([0, 1, 2])).attrs["units"] = "days since 2020-02-28"
        packed = file.create_variable("y", ("t",), data=np.array([10, 20, 30], "i2"), fillvalue=np.int16(-99))
        packed.attrs["scale_factor"], packed.attrs["add_offset"] = 0.5, 1.0
    found = bound('data "p.nc" { y[t] : real }', tmp_path)
    assert found.arrays["y"].tolist() == [6.0, 11.0, 16.0]
    assert found.coords == {"t": ["2020-02-28", "2020-02-29", "2020-03-01"]}


def test_what_is_filled_in_netcdf_is_missing(tmp_path: Path):
    with netcdf_file(tmp_path / "m.nc", "w") as file:
        file.createDimension("t", 3)
        variable = file.createVariable("n", "i4", ("t",))
        variable[:] = [1, -99, 3]
        variable.missing_value = -99
    problem = problem_of('data "m.nc" { n[t] : count }', tmp_path)
    assert (problem.code, problem.place) == ("UQ421", ("m.nc", 2, "n", "variable"))


def test_what_is_filled_in_zarr_is_missing(tmp_path: Path):
    data = xr.Dataset({"y": ("t", [1.0, np.nan, 3.0])})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.to_zarr(tmp_path / "m.zarr", zarr_format=2, encoding={"y": {"dtype": "i4", "_FillValue": -1}})
    problem = problem_of('data "m.zarr" { y[t] : real }', tmp_path)
    assert (problem.code, problem.place) == ("UQ421", ("m.zarr", 2, "y", "variable"))


def test_only_what_is_met_is_imported(write):
    folder = write("t.csv", "y\n1\n")
    heavy = "('pyarrow', 'pandas', 'polars', 'xarray', 'zarr', 'h5netcdf', 'scipy', 'jax')"
    code = (
        "import sys; from pathlib import Path; from uqdsl.data import bind; from uqdsl import ir;"
        "field = ir.DataField(name='y', dims=('i',), kind='real', columns=('y',));"
        "spec = ir.Spec(name='s', dims=(ir.Dim(name='i'),), tables=(ir.Table(path='t.csv', fields=(field,)),));"
        f"assert bind(spec, Path({str(folder)!r})).coords == {{'i': [1]}};"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_table_of_the_design(write, tmp_path: Path):
    write("homes.csv", "home,county,floor,log_radon\n5081,AITKIN,1,0.78\n5082,ANOKA,0,0.5\n5083,AITKIN,0,1\n")
    write("counties.csv", "county,log_uranium\nANOKA,-0.8\nAITKIN,-0.6\n")
    found = bound(
        'data "homes.csv" { log_radon[home] : real, floor[home] : binary, county[home] : category }\n'
        'data "counties.csv" { log_uranium[county] : real }',
        tmp_path,
    )
    assert found.coords == {"home": [5081, 5082, 5083], "county": ["ANOKA", "AITKIN"]}
    assert found.arrays["county"].tolist() == [1, 0, 1]
    assert found.arrays["log_uranium"].tolist() == [-0.8, -0.6]


def test_parquet_with_a_dot_in_a_name(tmp_path: Path):
    pq.write_table(pa.table({"a.b": [1, 2], "a": [3, 4]}), tmp_path / "t.parquet")
    found = bound('data "t.parquet" { x[i] : real = column("a.b") }', tmp_path)
    assert found.arrays["x"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "value", [None, object(), len, float, iter([1]), {1.0}, pl.DataFrame({"y": [1]}).lazy(), {"y": len}]
)
def test_what_holds_no_data(value):
    assert problem_of("data { y[i] : real }", y=value).code == "UQ453"


def test_arrays_of_jax():
    jnp = pytest.importorskip("jax.numpy")
    assert bound("data { y[i] : real }", y=jnp.array([1.0, 2.0])).arrays["y"].dtype == np.float64
