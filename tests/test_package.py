"""The package as others get it: what is in the wheel, and that it is found there."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

import uqdsl

TOP = Path(uqdsl.__file__).parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout and unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    (wheel,) = WheelBuilder(str(TOP)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_what_is_read_at_run_time(unpacked: Path):
    package = unpacked / "uqdsl"
    assert (package / "grammar" / "uq.lark").read_bytes() == (TOP / "grammar" / "uq.lark").read_bytes()
    pages = {path.name for path in (TOP / "docs" / "problems").glob("*.md")}
    assert {path.name for path in (package / "docs" / "problems").glob("*.md")} == pages
    assert {path.name for path in (package / "cli" / "template").iterdir()} == {"spec.uq", "data.csv"}
    assert {path.name for path in unpacked.iterdir()} == {"uqdsl", f"uqdsl-{uqdsl.__version__}.dist-info"}


def test_the_wheel_works_by_itself(unpacked: Path, tmp_path: Path):
    (tmp_path / "model.uq").write_text("prior mu ~ Nrmal(0, 1)\n")
    for arguments, said in ((["check", "model.uq"], "UQ301"), (["explain", "UQ301"], "# UQ301")):
        ran = subprocess.run(
            [sys.executable, "-m", "uqdsl", *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": str(unpacked), "UQDSL_CACHE": str(tmp_path / "cache"), "PATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert said in ran.stdout + ran.stderr
        assert "Traceback" not in ran.stderr


def test_the_source_distribution_makes_the_same_wheel(unpacked: Path, tmp_path: Path):
    (packed,) = SdistBuilder(str(TOP)).build(directory=str(tmp_path), versions=["standard"])
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    source = tmp_path / f"uqdsl-{uqdsl.__version__}"
    for name in ("LICENSE", "NOTICE", "README.md", "specs/eight_schools.uq", "specs/data/eight_schools.csv", "tests"):
        assert (source / name).exists(), name
    assert not (source / "uv.lock").exists()
    (wheel,) = WheelBuilder(str(source)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        made = {name for name in archive.namelist() if not name.endswith("/")}
    kept = (path for path in unpacked.rglob("*") if path.is_file() and path.parent.name != "__pycache__")  # it has run
    assert made == {str(path.relative_to(unpacked)) for path in kept}


def test_every_dependency_has_a_reason():
    text = (TOP / "pyproject.toml").read_text()
    project = tomllib.loads(text)["project"]
    for dependency in project["dependencies"]:
        (line,) = (each for each in text.splitlines() if each.strip().startswith(f'"{dependency}"'))
        assert "  # " in line, dependency


def test_the_lock_file_is_not_committed():
    ran = subprocess.run(["git", "ls-files", "uv.lock"], cwd=TOP, capture_output=True, text=True, check=False)
    assert ran.stdout == ""
