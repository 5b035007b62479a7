"""`uqdsl run`: what it leaves, what it says, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from uqdsl.results import read_netcdf

from .conftest import MODEL


def draws(path: Path) -> np.ndarray:
    return read_netcdf(path / "result.nc")["posterior"].variables["mu"].values


def test_a_run_leaves_all_that_it_was_made_from_and_made(uqdsl, folder: Path):
    said = uqdsl("run", "model.uq", "--seed", "3")
    assert said.code == 0, said.err
    path = folder / "runs" / "model-3-1"
    assert {each.name for each in path.iterdir()} == {
        ".lock",
        "spec.uq",
        "program.py",
        "run.yaml",
        "result.nc",
        "summary.json",
    }
    assert (path / "spec.uq").read_text() == MODEL
    assert (path / "program.py").read_text() == uqdsl("compile", "model.uq").out, "what is read is what runs"
    record = yaml.safe_load((path / "run.yaml").read_text())
    assert (record["seed"], record["status"], record["settings"]) == (3, "ok", {"width": 10.0})
    assert record["runs"]["nuts"]["options"]["draws"] == 500
    summary = json.loads((path / "summary.json").read_text())
    assert (summary["spec"], summary["seed"], summary["status"]) == ("model", 3, "ok")
    assert set(summary["runs"]["nuts"]["variables"]["mu"]) == {
        "mean", "sd", "q05", "q50", "q95", "mcse_mean", "ess_bulk", "r_hat",
    }  # fmt: skip
    assert draws(path).shape == (2, 500)
    assert "mu" in said.out
    assert "ok: no divergences" in said.out
    assert "runs/model-3-1: result.nc" in said.out


def test_pictures_are_drawn_unless_they_are_not_wanted(uqdsl, folder: Path):
    said = uqdsl("run", "model.uq", pictures=True)
    assert said.code == 0, said.err
    pictures = folder / "runs/model-0-1/pictures"
    assert {each.name for each in pictures.iterdir()} == {"posterior.svg", "ranks.svg"}
    assert ">mu<" in (pictures / "posterior.svg").read_text()
    assert "runs/model-0-1: result.nc, pictures/, summary.json" in said.out
    (folder / "plain.yaml").write_text("pictures: false\n")
    assert uqdsl("run", "model.uq", "--config", "plain.yaml", pictures=True).code == 0
    assert not (folder / "runs/model-0-2/pictures").exists()


def test_numbers_of_a_conjugate_posterior(uqdsl, folder: Path):
    """Precision 4 / 1 + 1 / 100, mean sum(y) / precision."""
    assert uqdsl("run", "model.uq").code == 0
    (run,) = json.loads((folder / "runs/model-0-1/summary.json").read_text())["runs"].values()
    found = run["variables"]["mu"]
    assert abs(found["mean"] - 4.2 / 4.01) < 4 * found["mcse_mean"]
    assert found["sd"] == pytest.approx(4.01**-0.5, rel=0.1)


def test_json_is_the_summary(uqdsl, folder: Path):
    said = uqdsl("run", "model.uq", "--json")
    assert said.code == 0
    assert said.out == (folder / "runs/model-0-1/summary.json").read_text()


def test_what_goes_before_what(uqdsl, folder: Path):
    """The command line before the run file, and that before the spec."""
    (folder / "run.yaml").write_text(
        "settings: {width: 3.0}\nseed: 5\nby: nuts(chains = 1, warmup = 100, draws = 120)\nout: there\n"
    )
    uqdsl("run", "model.uq", "--config", "run.yaml")
    record = yaml.safe_load((folder / "there/model-5-1/run.yaml").read_text())
    assert record["settings"] == {"width": 3.0}
    assert record["runs"]["nuts"]["options"]["draws"] == 120
    uqdsl(
        "run",
        "model.uq",
        "--config",
        "run.yaml",
        "--set",
        "width=4",
        "--seed",
        "6",
        "--by",
        "nuts(chains=1,draws=130)",
        "--out",
        "o",
    )
    record = yaml.safe_load((folder / "o/model-6-1/run.yaml").read_text())
    assert (record["settings"], record["runs"]["nuts"]["options"]["draws"]) == ({"width": 4.0}, 130)


def test_the_record_of_a_run_repeats_it(uqdsl, folder: Path):
    uqdsl(
        "run",
        "model.uq",
        "--seed",
        "9",
        "--set",
        "width=2",
        "--by",
        "nuts(chains=1, warmup=100, draws=100, metric=dense)",
    )
    uqdsl("run", "model.uq", "--config", "runs/model-9-1/run.yaml")
    assert np.array_equal(draws(folder / "runs/model-9-1"), draws(folder / "runs/model-9-2"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sede: 3", "did you mean `seed`?"),
        ("seed: x", "`seed`"),
        ("seed: -1", "`seed`"),
        ("- a list", "does not give names values"),
        ("a: [", "not YAML"),
        ("!!python/object/apply:os.system ['echo']", "not YAML"),
        ("settings: {width: [1]}", "`settings.width"),
        ("by: 3", "`by`"),
        ("device: tpu", "`device`"),
        ("runs: {nuts: {method: nuts}}", "`runs.nuts.options`"),
        ("by: nuts(draws = 0)", "UQ503"),
        ("by: nothing here", "UQ726"),
        ("runs: {'a/b': {method: nuts, options: {}}}", "`runs.a/b"),
        ("settings: {absent: 1}", "UQ225"),
    ],
)
def test_run_files_that_will_not_do(uqdsl, folder: Path, text: str, said: str):
    (folder / "run.yaml").write_text(text)
    answer = uqdsl("run", "model.uq", "--config", "run.yaml")
    assert answer.code in (1, 2)
    assert said in answer.err
    assert not (folder / "runs").exists()


def test_a_run_file_that_is_not_there(uqdsl):
    assert "UQ723" in uqdsl("run", "model.uq", "--config", "no.yaml").err
    assert "UQ723" in uqdsl("run", "model.uq", "--config", ".").err


def test_a_yaml_bomb_is_refused(uqdsl, folder: Path):
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join(['*' + a] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    (folder / "run.yaml").write_text("\n".join(lines))
    assert "UQ723" in uqdsl("run", "model.uq", "--config", "run.yaml").err


def test_a_suspect_run_says_so(uqdsl, folder: Path):
    said = uqdsl("run", "model.uq", "--by", "nuts(chains = 2, warmup = 20, draws = 20)")
    assert said.code == 3
    assert "suspect" in said.out
    assert json.loads((folder / "runs/model-0-1/summary.json").read_text())["reasons"]
    assert yaml.safe_load((folder / "runs/model-0-1/run.yaml").read_text())["status"] == "suspect"


def test_a_run_that_fails_is_reported_at_its_line(uqdsl, folder: Path):
    text = "data { y[i] : positive = [3, 5000] }\nprior top ~ HalfNormal(10)\nlikelihood y[i] ~ Uniform(0, top)\n"
    (folder / "model.uq").write_text(text)
    said = uqdsl("run", "model.uq", "--json")
    assert said.code == 1
    (problem,) = [each for each in said.json["problems"] if each["severity"] == "error"]
    assert problem["code"] == "UQ601"
    assert problem["at"]["start"]["line"] == 3
    assert "`y`" in problem["headline"]
    assert yaml.safe_load((folder / "runs/model-0-1/run.yaml").read_text())["status"] == "failed"


def test_memory_that_does_not_suffice(uqdsl, folder: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("uqdsl.results.store.Store.__call__", full)
    assert uqdsl("run", "model.uq", "--json").codes == ["UQ606"]
    assert yaml.safe_load((folder / "runs/model-0-1/run.yaml").read_text())["status"] == "failed"


def test_strict_stops_at_a_warning(uqdsl, folder: Path):
    (folder / "model.uq").write_text(MODEL + "let l = log(mu - 100)\n")
    assert uqdsl("run", "model.uq", "--strict").code == 1
    assert not (folder / "runs").exists()


def test_several_runs_have_a_folder_each(uqdsl, folder: Path):
    (folder / "model.uq").write_text(MODEL + "infer by nuts(chains = 2, warmup = 300, draws = 800) as other\n")
    said = uqdsl("run", "model.uq")
    assert said.code == 0, said.out
    assert draws(folder / "runs/model-0-1/nuts").shape == (2, 500)
    assert draws(folder / "runs/model-0-1/other").shape == (2, 800)
    assert "nuts/result.nc, other/result.nc" in said.out
    assert set(json.loads((folder / "runs/model-0-1/summary.json").read_text())["runs"]) == {"nuts", "other"}


def test_long_variables_are_folded_unless_all_is_asked_for(uqdsl, folder: Path):
    (folder / "model.uq").write_text("dim k = 30\nprior a[k] ~ Normal(0, 1)\nfactor -sum(a^2, over = k)\n")
    by = ("--by", "nuts(chains = 1, draws = 100)")
    folded, whole = uqdsl("run", "model.uq", *by).out, uqdsl("run", "model.uq", *by, "--all").out
    assert "… 26 more of a" in folded
    assert "a[30]" not in folded
    assert "a[30]" in whole


def test_labels_are_shown_as_they_are(uqdsl, folder: Path):
    (folder / "model.uq").write_text(
        'dim k = ["red", "/b", "[x]"]\nprior a[k] ~ Normal(0, 1)\nfactor -sum(a^2, over = k)\n'
    )
    shown = uqdsl("run", "model.uq", "--by", "nuts(chains = 1, draws = 100)").out
    for label in ("a[red]", "a[/b]", "a[[x]]"):
        assert label in shown


def test_quantities_of_interest_and_nuisances(uqdsl, folder: Path):
    (folder / "model.uq").write_text(
        MODEL.replace("infer by", "prior extra ~ Normal(0, 1) nuisance\nfactor -extra^2\ninfer by")
    )
    assert "extra" not in uqdsl("run", "model.uq").out
    assert "extra" in json.loads((folder / "runs/model-0-1/summary.json").read_text())["runs"]["nuts"]["variables"]
    (folder / "model.uq").write_text(MODEL.replace("infer by", "let twice = 2 * mu\ninfer twice by"))
    shown = uqdsl("run", "model.uq").out
    assert "twice" in shown
    assert "\n mu " not in shown


def test_places_that_cannot_be_written(uqdsl, folder: Path):
    (folder / "file").write_text("")
    assert "UQ701" in uqdsl("run", "model.uq", "--out", "file").err
    assert "UQ701" in uqdsl("run", "model.uq", "--out", "/proc/nothing").err


def test_there_has_to_be_a_gpu(uqdsl):
    said = uqdsl("run", "model.uq", "--device", "gpu")
    assert said.code == 2
    assert "UQ724" in said.err


def test_nothing_to_resume(uqdsl):
    assert "UQ703" in uqdsl("run", "model.uq", "--resume").err
    uqdsl("run", "model.uq")
    assert "UQ707" in uqdsl("run", "model.uq", "--resume").err


# ------------------------------------------------------------------------------------------- in a process of its own

LONG = MODEL.replace("draws = 500", "draws = 40000, thin = 10").replace(
    "mu ~ Normal(0, width)", "mu ~ Normal(0, width)\nprior a[i] ~ Normal(0, 1)"
)
LONG = LONG.replace("Normal(mu, 1)", "Normal(mu + a, 1)")


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "uqdsl", "run", "model.uq", *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(path: Path, child: subprocess.Popen[str]) -> None:
    """Until there is a file, which on a busy machine takes long; a child that has not made it is ended here."""
    deadline = time.monotonic() + 300
    while not path.exists():
        if child.poll() is not None or time.monotonic() > deadline:
            child.kill()
            raise TimeoutError(path, child.communicate())
        time.sleep(0.02)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "model.uq").write_text(LONG)
    child = started(folder)
    said = child.communicate()
    assert child.returncode == 0, said
    return draws(folder / "runs/model-0-1")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_run_goes_on_draw_for_draw(folder: Path, undisturbed: np.ndarray, how: signal.Signals):
    (folder / "model.uq").write_text(LONG)
    child = started(folder)
    path = folder / "runs/model-0-1"
    wait_for(path / "checkpoint.npz", child)
    child.send_signal(how)
    out, err = child.communicate()
    if how is signal.SIGINT:
        assert child.returncode in (3, 130), (out, err)
        assert "--resume" in out + err
    child = started(folder, "--resume")
    out, err = child.communicate()
    assert child.returncode == 0, (out, err)
    assert np.array_equal(draws(path), undisturbed)
    assert not (path / "checkpoint.npz").exists()


def test_of_several_runs_only_those_that_are_not_complete_go_on(folder: Path):
    (folder / "model.uq").write_text(
        LONG.replace("infer by", "infer by nuts(chains = 2, warmup = 300, draws = 500)\ninfer by", 1).strip()
        + " as long\n"
    )
    child = started(folder, "--set", "width=3")
    path = folder / "runs/model-0-1"
    wait_for(path / "long/checkpoint.npz", child)
    child.kill()
    child.communicate()
    complete = (path / "nuts/result.nc").stat().st_mtime_ns
    child = started(folder, "--set", "width=3", "--resume")
    out, err = child.communicate()
    assert child.returncode == 0, (out, err)
    assert (path / "nuts/result.nc").stat().st_mtime_ns == complete
    assert set(json.loads((path / "summary.json").read_text())["runs"]) == {"nuts", "long"}
    assert draws(path / "long").shape == (2, 40000)


def test_a_changed_run_does_not_go_on(folder: Path):
    (folder / "model.uq").write_text(LONG)
    child = started(folder)
    wait_for(folder / "runs/model-0-1/checkpoint.npz", child)
    child.kill()
    child.communicate()
    (folder / "model.uq").write_text(LONG.replace("0.9]", "0.8]"))
    child = started(folder, "--resume")
    _, err = child.communicate()
    assert child.returncode in (1, 2)
    assert "UQ704" in err


def test_single_precision_is_single_throughout(folder: Path):
    child = started(folder, "--precision", "32")
    said = child.communicate()
    assert child.returncode in (0, 3), said
    groups = read_netcdf(folder / "runs/model-0-1/result.nc")
    assert groups["posterior"].variables["mu"].values.dtype == np.float32
    assert yaml.safe_load((folder / "runs/model-0-1/run.yaml").read_text())["precision"] == 32


def test_stopped_before_anything_is_drawn(folder: Path):
    child = started(folder)
    wait_for(folder / "runs/model-0-1/run.yaml", child)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate()
    assert "Traceback" not in err, err
    assert child.returncode in (0, 1, 3, 130), (out, err)


def test_a_second_start_runs_the_kept_programs(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """With a dense metric the programs call LAPACK, whose functions a process that compiles nothing has to look up too."""
    monkeypatch.setenv("UQDSL_CACHE", str(folder / "cache"))
    for _ in range(2):
        child = started(folder, "--by", "nuts(chains = 2, warmup = 300, draws = 500, metric = dense)")
        said = child.communicate()
        assert child.returncode == 0, said
    assert list((folder / "cache" / "programs").iterdir())
    assert np.array_equal(draws(folder / "runs/model-0-1"), draws(folder / "runs/model-0-2"))


def test_two_interrupts_end_it_at_once(folder: Path):
    """Chains that are still at work do not bring the process down on its way out."""
    slow = "dim k = 20000\nprior a[k] ~ Normal(0, 1)\nfactor -sum(a^2, over = k)\ninfer by nuts(chains = 2, draws = 500, thin = 5000)\n"
    (folder / "model.uq").write_text(slow)
    child = started(folder)
    wait_for(folder / "runs/model-0-1/checkpoint.npz", child)
    for _ in range(2):
        child.send_signal(signal.SIGINT)
        time.sleep(0.2)
    out, err = child.communicate(timeout=60)
    # Where the second came when all was said, the system ends the process, which a shell calls 130 as well.
    assert child.returncode in (1, 3, 130, -signal.SIGINT), (child.returncode, out, err)
    assert "Traceback" not in err
    assert "FATAL" not in err
