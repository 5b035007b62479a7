"""`simulate`: a truth and data from a spec's own laws, written where the spec reads them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from uqdsl.cli.main import execute
from uqdsl.driver import twin
from uqdsl.driver.front import check, check_with_data
from uqdsl.driver.source import Source, read_source
from uqdsl.driver.twin import Wishes, simulate
from uqdsl.messages.pages import page
from uqdsl.results import read_netcdf

LORENZ = """\
dim grid = 40 periodic
time t from 0 to 2 step 0.05
data "lorenz96.nc" { y[t, grid] : real missing, x_true[t, grid] : real }
state x[grid] over t {
  initial x ~ Normal(3, 3)
  evolve  der(x) = (x[grid + 1] - x[grid - 2]) * x[grid - 1] - x + 8  by rk4(dt = 0.05)
  error   exact
}
likelihood y[t, grid] ~ Normal(x, 1)
assimilate x by etkf(members = 60, inflation = multiplicative(1.05)) with(truth = x_true)
"""
DECAY = """\
time t from 0 to 5 step 0.01
data "when.csv" { when[reading] : time(t) }
data "decay.csv" { y[reading] : real }
prior rate ~ Normal(1, 0.1) truncated(0, inf)
state x over t {
  initial x = 5
  evolve  der(x) = -rate * x  by rk4(dt = 0.01)
  error   exact
}
likelihood y[reading] ~ Normal(x[t = when], 0.01)
assimilate x, rate by etkf
"""
WORDS = """\
dim day = 60
dim size = ["s", "m", "l"]
data "shop.csv" {
  sold[day, size]   : count
  weather[day]      : category(kind)
  width[day, side]  : real = columns("left", "right")
}
dim kind = ["fair", "foul"]
dim side = ["left", "right"]
prior rate[size] ~ Gamma(20, 1)
prior p[kind] ~ Dirichlet([2, 3])
prior wide ~ Normal(0, 1)
likelihood sold[day, size] ~ Poisson(rate)
likelihood weather[day] ~ Categorical(p, over = kind)
likelihood width[day, side] ~ Normal(wide, 0.01)
infer by nuts
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_twin_experiment_from_end_to_end(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "lorenz.uq").write_text(LORENZ)
    assert execute(["simulate", "lorenz.uq", "--seed", "1", "--spin-up", "5", "--until", "1.5"]) == 0
    assert capsys.readouterr().out == "lorenz96.nc\n"
    assert execute(["run", "lorenz.uq", "--no-pictures", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    (found,) = summary["assimilation"].values()
    assert found["cycles"] == 31
    group = read_netcdf(next(Path("runs").iterdir()) / "result.nc")["assimilation"].variables
    error = np.sqrt(np.mean((group["x_mean"].values - group["x_truth"].values) ** 2, axis=1))
    assert error[20:31].mean() < 0.6, "it follows the truth"
    assert 0.2 < error[40] < 4, "which forecasts move away from"


def test_the_last_estimates_are_told(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "when.csv").write_text("reading,when\n1,0.5\n2,1.5\n3,3\n")
    (folder / "decay.uq").write_text(DECAY.replace("step 0.01", "step 0.5").replace("dt = 0.01", "dt = 0.1"))
    assert execute(["simulate", "decay.uq"]) == 0
    assert execute(["run", "decay.uq", "--no-pictures"]) == 0
    assert re.search(
        r"at t = 5, mean ± standard deviation\n  x     0\.\d+ ± 0\.\d+\n  rate  \d\.\d+ ± 0\.\d+\n",
        capsys.readouterr().out,
    )
    run = next(Path("runs").iterdir())
    (found,) = json.loads((run / "summary.json").read_text())["assimilation"].values()
    group = read_netcdf(run / "result.nc")["assimilation"].variables
    for name in ("x", "rate"):
        assert found["at_end"][name] == {each: group[f"{name}_{each}"].values[-1] for each in ("mean", "sd")}


def test_the_truth_obeys_the_equations_and_observations_scatter_about_it(folder: Path):
    (folder / "when.csv").write_text("when\n" + "\n".join(map(str, np.round(np.linspace(0, 5, 2001), 6))))
    checked = check(Source("decay.uq", DECAY, folder))
    twin = simulate(checked, 3, Wishes())
    rate = float(twin.unknowns["rate"])
    apart = (twin.arrays["y"] - 5 * np.exp(-rate * twin.arrays["when"])) / 0.01
    assert abs(np.mean(apart)) < 4 / np.sqrt(2001)
    assert abs(np.std(apart) - 1) < 4 / np.sqrt(2 * 2001)


def test_a_spin_up_forgets_the_beginning():
    text = LORENZ.replace("from 0 to 2", "from 0 to 0.05").replace("Normal(3, 3)", "Normal(8, 0.001)")
    checked = check(Source("lorenz.uq", text, Path()))
    assert np.std(simulate(checked, 0, Wishes()).arrays["x_true"][0]) < 0.01
    assert np.std(simulate(checked, 0, Wishes(spin_up=20)).arrays["x_true"][0]) > 2


def test_a_spec_without_states_reads_back_what_was_drawn(folder: Path):
    (folder / "shop.uq").write_text(WORDS)
    twin = simulate(check(read_source("shop.uq")), 0, Wishes())
    other = simulate(check(read_source("shop.uq")), 1, Wishes())
    assert not np.array_equal(twin.arrays["sold"], other.arrays["sold"])
    assert execute(["simulate", "shop.uq"]) == 0
    assert (folder / "shop.csv").read_text().startswith("day,size,sold,weather,left,right\n1,s,")
    _, dataset = check_with_data(read_source("shop.uq"))
    for name in ("sold", "weather", "width"):
        assert np.array_equal(dataset.arrays[name], twin.arrays[name])
    expected = twin.unknowns["rate"]
    assert np.all(np.abs(dataset.arrays["sold"].mean(axis=0) - expected) < 4 * np.sqrt(expected / 60))


def test_a_share_is_missing(folder: Path):
    (folder / "lorenz.uq").write_text(LORENZ)
    assert execute(["simulate", "lorenz.uq", "--missing", "0.3"]) == 0
    _, dataset = check_with_data(read_source("lorenz.uq"))
    there = dataset.arrays["y.observed"]
    assert abs(1 - there.mean() - 0.3) < 4 * np.sqrt(0.21 / there.size)


@pytest.mark.parametrize(
    ("before", "after", "arguments", "code", "words"),
    [
        ("t from 0 to 2 step 0.05", "t", [], "UQ735", "how many `t` there are"),
        (" missing", "", ["--missing", "0.1"], "UQ735", "not declared `missing`"),
        ("rk4(dt", "euler(dt", ["--spin-up", "50"], "UQ735", "not finite numbers from t = 0 on"),
        ('"lorenz96.nc"', "", [], "UQ736", "names no file"),
        ("lorenz96.nc", "lorenz96.json", [], "UQ736", "`.nc`"),
        ("lorenz96.nc", "../lorenz96.nc", [], "UQ736", "outside the folder"),
    ],
)
def test_what_cannot_be(
    before: str, after: str, arguments: list[str], code: str, words: str, folder: Path, capsys: pytest.CaptureFixture
):
    assert before in LORENZ
    (folder / "bad.uq").write_text(LORENZ.replace(before, after))
    assert execute(["simulate", "bad.uq", *arguments]) in (1, 2)
    said = capsys.readouterr().err
    assert f"[{code}]" in said
    assert words in said


def test_nothing_is_written_over(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    (folder / "lorenz.uq").write_text(LORENZ)
    assert execute(["simulate", "lorenz.uq"]) == 0
    kept = (folder / "lorenz96.nc").read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(twin, "simulate", None)  # nor is anything computed
        assert execute(["simulate", "lorenz.uq", "--seed", "1"]) == 2
    assert "UQ725" in capsys.readouterr().err
    assert (folder / "lorenz96.nc").read_bytes() == kept
    assert execute(["simulate", "lorenz.uq", "--seed", "1", "--out", "second"]) == 0
    assert (folder / "second" / "lorenz96.nc").read_bytes() != kept


@pytest.mark.parametrize("section", ["Fails", "Mended"])
@pytest.mark.parametrize("code", ["UQ735", "UQ736"])
def test_pages(code: str, section: str, folder: Path, capsys: pytest.CaptureFixture[str]):
    shown = page(code).split("## Mended")[0 if section == "Fails" else 1]
    if section == "Mended" and "> twin.uq" not in shown.replace(">> twin.uq", ""):
        shown = page(code)
    lines = re.findall(r"^echo '(.*)' >>? twin\.uq$", shown, re.MULTILINE)
    (folder / "twin.uq").write_text("\n".join(lines))
    assert execute(["simulate", "twin.uq"]) == (2 if section == "Fails" else 0)
    assert (f"[{code}]" in capsys.readouterr().err) == (section == "Fails")
