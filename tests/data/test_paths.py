"""Which files a spec may read: below its folder, real ones, and nothing that they lead to."""

from __future__ import annotations

import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr

from uqdsl.data import bind

from .reading import bound, codes_of, problem_of, said, spec_of

GOOD = "y\n1\n"


def table(path: str) -> str:
    return f'data "{path}" {{ y[i] : real }}'


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """A spec's folder, beside which there is a secret."""
    folder = tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    (folder / "t.csv").write_text(GOOD)
    (folder / "data" / "t.csv").write_text(GOOD)
    (tmp_path / "secret.csv").write_text(GOOD)
    (tmp_path / "project-2").mkdir()
    (tmp_path / "project-2" / "t.csv").write_text(GOOD)
    return folder


@pytest.mark.parametrize("path", ["t.csv", "./t.csv", "data/t.csv", "data/../t.csv", "../project/t.csv"])
def test_below_the_folder(path, folder):
    assert bound(table(path), folder).arrays["y"].tolist() == [1.0]


@pytest.mark.parametrize(
    "path", ["../secret.csv", "data/../../secret.csv", "../project-2/t.csv", "/etc/hosts.csv", "../none.csv"]
)
def test_elsewhere(path, folder):
    assert codes_of(table(path), folder) == ["UQ402"]


def test_an_absolute_path_below_the_folder(folder):
    assert bound(table(str(folder / "t.csv")), folder).arrays["y"].tolist() == [1.0]


def test_links_are_followed_before_the_path_is_judged(folder):
    (folder / "link.csv").symlink_to("../secret.csv")
    (folder / "out").symlink_to("..")
    (folder / "inner.csv").symlink_to("data/t.csv")
    assert codes_of(table("link.csv"), folder) == ["UQ402"]
    assert codes_of(table("out/secret.csv"), folder) == ["UQ402"]
    assert bound(table("inner.csv"), folder).arrays["y"].tolist() == [1.0]


def test_what_is_allowed(folder):
    spec = spec_of(table("../secret.csv"))
    assert bind(spec, folder, allowed=[folder.parent]).arrays["y"].tolist() == [1.0]
    hint = said(table("../secret.csv"), folder)[3]
    assert hint == (
        f"allow it: `--allow-path {folder.parent}` on the command line, "
        f'`uqdsl.load(…, allow=["{folder.parent}"])` from Python'
    )


def test_a_folder_that_is_itself_a_link(folder, tmp_path):
    (tmp_path / "short").symlink_to(folder)
    assert bound(table("t.csv"), tmp_path / "short").arrays["y"].tolist() == [1.0]


def test_no_network(folder):
    code, _, _, hint = said(table("https://example.org/t.csv"), folder)
    assert code == "UQ403"
    assert hint == "uqdsl does not reach the network; download the file and name the copy"


@pytest.mark.parametrize("path", ["nul\0.csv".replace("\0", "\\u0000"), "x" * 5000 + ".csv"])
def test_what_cannot_be_a_path(path, folder):
    assert codes_of(table(path), folder)[0] in ("UQ401", "UQ404")


def test_a_pipe_does_not_hang(folder):
    os.mkfifo(folder / "pipe.csv")
    code, title, *_ = said(table("pipe.csv"), folder)
    assert (code, title) == ("UQ403", "`pipe.csv` is a pipe or a device, but a file was expected")


def test_files_and_directories(folder):
    (folder / "d.csv").mkdir()
    (folder / "f.zarr").write_text("")
    assert said(table("d.csv"), folder)[:2] == ("UQ403", "`d.csv` is a directory, but a file was expected")
    assert codes_of(table("f.zarr"), folder) == ["UQ403"]


def test_hints_for_a_file_that_is_not_there(folder):
    assert said(table("tt.csv"), folder)[3] == "did you mean `t.csv`?"
    assert said(table("data/tt.csv"), folder)[3] == "did you mean `data/t.csv`?"
    assert said(table("dat/t.csv"), folder)[3] == "there is no folder `dat` in it"
    assert said(table("heights.csv"), folder)[3] == "that folder has `data` and `t.csv`"
    assert said(table("t.csv/u.csv"), folder)[0] in ("UQ401", "UQ404")
    assert said(table("t.csv"), folder / "none")[3] == "that folder is not there"


def test_endings(folder):
    assert said(table("t.cvs"), folder)[3] == "did you mean `.csv`?"
    (folder / "T.CSV").write_text(GOOD)
    assert bound(table("T.CSV"), folder).arrays["y"].tolist() == [1.0]


def test_a_file_is_hashed(folder):
    first = bound(table("t.csv"), folder).files["t.csv"]
    (folder / "t.csv").write_text("y\n2\n")
    assert bound(table("t.csv"), folder).files["t.csv"] != first


# ---------------------------------------------------------------------------------------- what files themselves lead to


def _group(folder: Path) -> Path:
    group = zarr.open_group(folder / "g.zarr", mode="w")
    group.create_array("y", data=np.array([1.0, 2.0]), dimension_names=["i"])
    return folder / "g.zarr"


def test_a_link_in_zarr(folder):
    group = _group(folder)
    assert bound(table("g.zarr"), folder).arrays["y"].tolist() == [1.0, 2.0]
    chunk = next(path for path in group.rglob("c/*") if path.is_file())
    chunk.rename(folder.parent / "chunk")
    chunk.symlink_to(folder.parent / "chunk")
    assert said(table("g.zarr"), folder)[:2] == (
        "UQ410",
        "`g.zarr` is not read, because a link in it leads out of the spec's folder",
    )


def test_a_pipe_in_zarr(folder):
    os.mkfifo(_group(folder) / "pipe")
    assert codes_of(table("g.zarr"), folder) == ["UQ410"]


def test_codecs_that_run_code(folder):
    path = _group(folder) / "y" / "zarr.json"
    content = json.loads(path.read_text())
    content["codecs"].insert(0, {"name": "numcodecs.pickle", "configuration": {}})
    path.write_text(json.dumps(content))
    assert said(table("g.zarr"), folder)[:2] == (
        "UQ410",
        "`g.zarr` is not read, because what is in it is encoded by `numcodecs.pickle`, which may run code",
    )


def test_codecs_in_the_filters_of_format_2(folder):
    group = folder / "p.zarr"
    (group / "y").mkdir(parents=True)
    (group / ".zgroup").write_text('{"zarr_format": 2}')
    array = {"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "fill_value": None, "order": "C"}
    for codecs in (
        {"filters": [{"id": "pickle"}], "compressor": None},
        {"filters": [], "compressor": {"id": "pickle"}},
    ):
        (group / "y" / ".zarray").write_text(json.dumps({**array, **codecs}))
        assert codes_of(table("p.zarr"), folder) == ["UQ410"]


def test_a_gigantic_array(folder):
    path = _group(folder) / "y" / "zarr.json"
    content = json.loads(path.read_text())
    content["shape"] = [10**12]
    path.write_text(json.dumps(content))
    problem = problem_of(table("g.zarr"), folder)
    assert problem.code == "UQ408"
    assert problem.title == "`y` has 1000000000000 values, more than the 1073741824 that are read into memory"


def test_hdf5_that_leads_elsewhere(folder):
    for path in (folder.parent / "other.nc", folder / "own.nc"):
        with h5py.File(path, "w") as file:
            file["y"] = [1.0, 2.0]
    np.array([1.0, 2.0]).tofile(folder.parent / "raw")
    for kind in range(4):
        with h5py.File(folder / "link.nc", "w") as file:
            if kind == 0:
                file["y"] = h5py.ExternalLink("../other.nc", "y")
            elif kind == 3:
                file.create_group("g")["e"] = h5py.ExternalLink("../other.nc", "/")
                file["y"] = h5py.SoftLink("/g/e/y")
            elif kind == 1:
                file.create_dataset("y", (2,), "f8", external=[("../raw", 0, 16)])
            else:
                layout = h5py.VirtualLayout((2,), "f8")
                layout[:] = h5py.VirtualSource("../other.nc", "y", (2,))
                file.create_virtual_dataset("y", layout)
        code, title, place, _ = said(table("link.nc"), folder)
        assert (code, title) == ("UQ410", "`link.nc` is not read, because its `y` lies in another file")
        assert place == "link.nc, variable `y`"


def test_objects_of_python_in_an_array_are_not_unpickled(folder):
    class Trap:
        def __reduce__(self):
            return os._exit, (3,)

    np.save(folder / "t.npy", np.array([Trap()], object), allow_pickle=True)
    assert codes_of(table("t.npy"), folder) == ["UQ405"]
