"""Run directories: made, recorded, locked, and refused where they cannot go on."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import yaml

from uqdsl.messages.failure import RunError, UqdslError, UsageError
from uqdsl.results import RunMethod, create_run, hash_arrays, latest_run, open_run, start_record
from uqdsl.results.record import RunRecord

DATA = {"y": np.array([1.0, 2.0]), "n": np.array([1, 2])}


def record(**changes) -> RunRecord:
    given = {
        "spec": "radon",
        "seed": 0,
        "runs": {"nuts": RunMethod(method="nuts", options={"chains": 4, "draws": 1000})},
        "settings": {"hidden": 32},
        "spec_text": "prior mu ~ Normal(0, 1)\n",
        "program_text": "def model(): ...\n",
        "data": hash_arrays(DATA, {"k": ["a", "b"]}),
    }
    return start_record(**{**given, **changes})


def make(parent: Path, **changes):
    return create_run(
        parent, record(**changes), spec_text="prior mu ~ Normal(0, 1)\n", program_text="def model(): ...\n"
    )


def codes(caught) -> list[str]:
    return [each.code for each in caught.value.problems]


def test_a_run_directory_holds_what_the_run_was_made_from(tmp_path):
    run = make(tmp_path / "runs")
    assert run.path.name == "radon-0-1"
    assert (run.path / "spec.uq").read_text() == "prior mu ~ Normal(0, 1)\n"
    assert (run.path / "program.py").read_text() == "def model(): ...\n"
    held = yaml.safe_load((run.path / "run.yaml").read_text())
    assert held["runs"]["nuts"]["options"] == {"chains": 4, "draws": 1000}
    assert set(held["versions"]) >= {"python", "uqdsl", "jax", "numpyro", "arviz"}
    assert set(held["hashes"]["data"]) == {"y", "n", "dim k"}
    assert held["status"] == "running"
    assert open_run(run.path) == run


def test_numbers_go_on_and_are_never_given_twice(tmp_path):
    (tmp_path / "radon-0-7").mkdir()
    (tmp_path / "radon-0-x").mkdir()
    assert make(tmp_path).path.name == "radon-0-8"
    assert make(tmp_path, seed=1).path.name == "radon-1-1"
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: make(tmp_path).path.name, range(8)))
    assert sorted(names) == sorted(f"radon-0-{i}" for i in range(9, 17))
    assert latest_run(tmp_path, "radon", 0) == tmp_path / "radon-0-16"
    assert latest_run(tmp_path, "other", 0) is None
    assert latest_run(tmp_path / "none", "radon", 0) is None


def test_the_end_of_a_run_is_recorded_last(tmp_path):
    run = make(tmp_path)
    assert run.end("interrupted").record.status == "interrupted"
    (run.path / ".result.nc.1.part").write_bytes(b"x")
    again = open_run(run.path).reopen()
    assert again.record.status == "running"
    assert not list(run.path.glob(".*"))
    ended = again.end("suspect")
    assert ended.record.ended is not None
    with pytest.raises(UsageError) as caught:
        open_run(run.path).verify_resumable(record())
    assert codes(caught) == ["UQ707"]


def test_the_same_run_may_go_on(tmp_path):
    assert make(tmp_path).verify_resumable(record()) == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"spec_text": "other"}, "the spec"),
        ({"program_text": "other"}, "the program compiled from the spec"),
        ({"data": hash_arrays({**DATA, "y": np.array([1.0, 2.5])}, {"k": ["a", "b"]})}, "the data `y`"),
        ({"data": hash_arrays(DATA, {"k": ["a", "c"]})}, "the data `dim k`"),
        ({"settings": {"hidden": 64}}, "the setting `hidden` was 32, now 64"),
        ({"settings": {}}, "the setting `hidden` was 32, now not there"),
        ({"seed": 3}, "the `seed` was 0, now 3"),
        ({"precision": 32}, "the `precision` was 64, now 32"),
        (
            {"runs": {"nuts": RunMethod(method="nuts", options={"chains": 2, "draws": 1000})}},
            "the option `chains` was 4, now 2",
        ),
        (
            {"runs": {"nuts": RunMethod(method="smc", options={"chains": 4, "draws": 1000})}},
            "the method of the run `nuts` was nuts, now smc",
        ),
        ({"runs": {}}, "the method of the run `nuts` was nuts, now not there"),
    ],
)
def test_a_run_that_was_changed_may_not_go_on(tmp_path, changes, said):
    with pytest.raises(RunError) as caught:
        make(tmp_path).verify_resumable(record(**changes))
    assert codes(caught) == ["UQ704"]
    assert caught.value.problems[0].title.endswith(f"started differently: {said}")


def test_other_versions_are_a_warning(tmp_path):
    run = make(tmp_path)
    now = record()
    other = now.model_copy(update={"versions": {**now.versions, "jax": "0.0.1"}})
    (warning,) = run.verify_resumable(other)
    assert warning.code == "UQ712"
    assert "now 0.0.1" in warning.title


def test_hashes_tell_kinds_and_shapes_apart():
    arrays = [np.zeros(4), np.zeros(4, int), np.zeros((2, 2)), np.zeros((4, 1))]
    assert len({hash_arrays({"x": array}, {})["x"] for array in arrays}) == 4


@pytest.mark.parametrize("kind", ["nothing", "file", "directory"])
def test_what_is_no_run_directory_is_refused(tmp_path, kind):
    path = tmp_path / "x"
    if kind == "file":
        path.write_text("")
    elif kind == "directory":
        path.mkdir()
    with pytest.raises(UsageError) as caught:
        open_run(path)
    assert codes(caught) == ["UQ703"]


@pytest.mark.parametrize("text", ["", "a: [", "spec: radon", "- 1", "\0", "spec: !!python/object:os.system {}"])
def test_a_record_that_cannot_be_read_is_refused(tmp_path, text):
    run = make(tmp_path)
    (run.path / "run.yaml").write_text(text)
    with pytest.raises(RunError) as caught:
        open_run(run.path)
    assert codes(caught) == ["UQ708"]


def test_a_parent_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "runs").write_text("a file")
    for parent in (tmp_path / "runs", tmp_path / "runs" / "below", tmp_path / ("x" * 300)):
        with pytest.raises(RunError) as caught:
            make(parent)
        assert codes(caught) == ["UQ701"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_parent_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(RunError) as caught:
        make(tmp_path)
    assert codes(caught) == ["UQ701"]


def test_two_processes_do_not_write_to_one_directory(tmp_path):
    run = make(tmp_path)
    script = (
        "import sys; from pathlib import Path; from uqdsl.results import open_run\n"
        "with open_run(Path(sys.argv[1])).locked(): print('held', flush=True); input()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", script, str(run.path)], stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(RunError) as caught, run.locked():
            pass
        assert codes(caught) == ["UQ710"]
        process.kill()
    with run.locked():
        pass


def test_every_problem_has_a_help_and_is_lower_case(tmp_path):
    from uqdsl.messages import problem
    from uqdsl.messages.catalogue import files

    ours = {code: each for code, each in problem.CATALOGUE.items() if each.__module__ == files.__name__}
    assert sorted(ours) == [f"UQ7{i:02}" for i in range(1, 13)]
    for each in ours.values():
        assert each.advice
        assert each.headline[0] == "`" or each.headline[0].islower()
        assert not each.headline.endswith(".")
    assert issubclass(UsageError, UqdslError)
