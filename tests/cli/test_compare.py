"""Several runs of one spec, side by side."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from uqdsl.diagnose.calibration import calibrate
from uqdsl.diagnose.simulations import SIMULATIONS, group_of_ranks
from uqdsl.diagnose.tested import CALIBRATION, group_of_outcome
from uqdsl.results import Group, Groups, Variable, read_netcdf, write_netcdf

from .conftest import MODEL

TWO = MODEL + "infer by nuts(chains = 2, warmup = 300, draws = 500, metric = dense) as dense\n"


def test_runs_of_one_spec_are_compared(uqdsl, folder: Path):
    (folder / "two.uq").write_text(TWO)
    said = uqdsl("run", "two.uq", pictures=True)
    assert said.code == 0
    assert "side by side" in said.out
    assert "`nuts` and `dense` agree as far as" in said.out.replace("\n", " ")
    run = folder / "runs" / "two-0-1"
    comparison = json.loads((run / "summary.json").read_text())["comparison"]
    assert comparison["pairs"][0]["agree"] is True
    assert set(comparison["cost"]) == {"nuts", "dense"}
    assert comparison["cost"]["nuts"]["gradients"] > 1000
    assert "What the runs say, side by side" in (run / "pictures" / "comparison.svg").read_text()
    again = uqdsl("compare", str(run), "--json")
    assert again.code == 0
    assert again.json["pairs"] == comparison["pairs"]
    assert again.json["cost"] == comparison["cost"]
    assert again.json["loo"]["runs"]["nuts"]["rows"] == 4
    assert again.json["problems"] == []


def copied(run: Path, name: str, change: Callable[[Groups], Groups]) -> str:
    """A copy of a run directory whose result is changed."""
    copy = run.parent / name
    shutil.copytree(run, copy)
    write_netcdf(copy / "result.nc", change(read_netcdf(copy / "result.nc")))
    return f"runs/{name}"


def test_runs_of_other_models_and_of_other_data(uqdsl, folder: Path):
    (folder / "narrow.uq").write_text(MODEL.replace("Normal(mu, 1)", "Normal(mu, 0.2)"))
    for each in ("model", "narrow"):
        assert uqdsl("run", f"{each}.uq").code == 0
    model, narrow = (f"runs/{each}-0-1" for each in ("model", "narrow"))
    said = uqdsl("compare", model, narrow)
    assert said.code == 0
    assert not said.err
    rows = {line.strip().split("  ")[0]: line.split() for line in said.out.splitlines() if line.strip()}
    assert rows["mean ± sd"][-2:] == ["model-0-1", "narrow-0-1"]
    assert rows["rows of too large a k"][-6:] == ["0", "of", "4", "0", "of", "4"]
    assert "`model-0-1` and `narrow-0-1` differ" in said.out
    assert "leave-one-out: `narrow-0-1` predicts best, elpd" in said.out

    def of_other_data(groups: Groups) -> Groups:
        observed = groups["observed_data"]
        (outcomes,) = observed.variables.values()
        other = Variable(outcomes.dims, outcomes.values + 0.1)
        return {**groups, "observed_data": Group({"y": other}, observed.coords)}

    apart = ("compare", model, copied(folder / model, "other", of_other_data))
    said = uqdsl(*apart)
    assert said.code == 0
    assert "warning[UQ734]: `model-0-1` and `other` are of other data: the outcomes `y` differ" in said.err
    assert "leave-one-out:" not in said.out
    assert uqdsl(*apart, "--json").codes == ["UQ734"]

    def bare(groups: Groups) -> Groups:
        return {name: each for name, each in groups.items() if name != "log_likelihood"}

    without = ("compare", copied(folder / model, "bare", bare), model, narrow)
    said = uqdsl(*without)
    assert said.code == 0
    assert "warning[UQ733]: `bare` has no log likelihood" in said.err
    assert "predicts best" in said.out
    assert uqdsl(*without, "--json").codes == ["UQ733"]


def test_data_that_are_no_outcomes_may_differ(uqdsl, folder: Path):
    assert uqdsl("run", "model.uq").code == 0
    copied(folder / "runs" / "model-0-1", "other", lambda groups: groups)
    for name, number in {"model-0-1": "1", "other": "2"}.items():
        record = folder / "runs" / name / "run.yaml"
        record.write_text(record.read_text().replace("  data:\n", f"  data:\n    x: '{number}'\n"))
    said = uqdsl("compare", "runs/model-0-1", "runs/other")
    assert "warning[UQ734]: `model-0-1` and `other` are of other data: `x`" in said.err
    assert "leave-one-out:" in said.out


def test_what_testing_data_and_simulations_say_stands_beside(uqdsl, folder: Path):
    rng = np.random.default_rng(0)
    outcomes = rng.normal(size=50)
    tested = calibrate(rng.normal(size=(400, 50)), outcomes)
    found = {
        CALIBRATION: group_of_outcome("y", ("row",), {"row": np.arange(50)}, tested, outcomes),
        SIMULATIONS: group_of_ranks(["mu"], rng.random((100, 1)), failed=0, why="", poor=0),
    }
    assert uqdsl("run", "model.uq").code == 0
    copied(folder / "runs" / "model-0-1", "tested", lambda groups: {**groups, **found})
    summary = folder / "runs" / "tested" / "summary.json"
    summary.write_text(summary.read_text().replace('"status": "ok"', '"status": "suspect"'))
    arguments = ("compare", "runs/model-0-1", "runs/tested")
    answer = uqdsl(*arguments, "--json").json
    assert answer["calibration"]["tested"]["y"]["cases"] == 50
    assert answer["simulations"]["tested"]["passed"] is True
    assert set(answer["calibration"]) == set(answer["simulations"]) == {"tested"}
    lines = [line.split() for line in uqdsl(*arguments).out.splitlines()]
    assert ["status", "ok", "suspect"] in lines
    (crps,) = (line for line in lines if line[:2] == ["y:", "CRPS"])
    assert float(crps[2]) == pytest.approx(answer["calibration"]["tested"]["y"]["crps"], rel=0.01)
    assert any(line[:4] == ["y:", "within", "90%", "intervals"] for line in lines)
    assert any(line[:4] == ["ranks", "of", "simulations,", "p"] for line in lines)


def test_what_cannot_be_compared(uqdsl, folder: Path):
    assert "UQ703" in uqdsl("compare", "runs/none", "model.uq").err
    assert uqdsl("run", "model.uq").code == 0
    alone = uqdsl("compare", "runs/model-0-1", "runs/model-0-1")
    assert alone.code == 2
    assert "error[UQ720]: one run alone cannot be compared" in alone.err
    record = folder / "runs" / "model-0-1" / "run.yaml"
    text = record.read_text()
    for status, said in {"running": "it has not come to its end", "failed": "it has failed"}.items():
        record.write_text(text.replace("status: ok", f"status: {status}"))
        stopped = uqdsl("compare", "runs/model-0-1", "runs/model-0-1")
        assert stopped.code == 2
        assert f"error[UQ732]: the run in `runs/model-0-1` has nothing to compare: {said}" in stopped.err
    record.write_text(text)
    (folder / "runs" / "model-0-1" / "summary.json").write_text("{}")
    assert "UQ705" in uqdsl("compare", "runs/model-0-1", "runs/model-0-1").err
