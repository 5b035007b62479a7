"""Simulation-based calibration: NUTS passes where it knows the model that draws, and fails where it does not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import kstest

import uqdsl
from tests.docs.reading import blocks
from uqdsl.cli.main import execute
from uqdsl.diagnose.simulations import SIMULATIONS, group_of_ranks, rank, simulated

SHORT = "nuts(chains = 1, warmup = 300, draws = 300)"
LINE = """
data { y[i] : real = [1.2, 0.4, -0.3, 2.2], x[i] : real = [0, 1, 2, 3], n[i] : positive = [1, 1, 1, 1] } allow(unused)
prior a ~ Normal(0, 1)
prior b ~ Normal(0, 1)
let at_ten = a + 10 * b
likelihood y[i] ~ Normal(a + b * x, 0.5 * n)
"""
SCHOOLS = """
data { effect[school] : real = [28, 8, -3, 7], error[school] : positive = [15, 10, 16, 11] }
prior mean    ~ Normal(0, 5)
prior scatter ~ HalfNormal(5)
prior gain[school] ~ Normal(mean, scatter) noncentered
likelihood effect[school] ~ Normal(gain, error)
"""
COUNTS = """
data { n[day] : count = [0, 3, 1, 7, 2, 0] }
prior low   ~ Gamma(2, 1)
prior more  ~ Gamma(2, 0.5)
prior share ~ Beta(2, 2)
prior busy[day] ~ Bernoulli(share)
likelihood n[day] ~ Poisson(low + more * busy)
"""


@pytest.mark.parametrize("text", [LINE, SCHOOLS, COUNTS])
def test_nuts_passes(text: str):
    found = uqdsl.loads(text).compile().calibrate(SHORT, simulations=80, seed=3, progress=False)
    assert found.passed, found.said
    assert "calibrated as far as 80 simulations tell" in found.said
    assert {"log likelihood", "log density"} <= set(found.quantities)


@pytest.mark.parametrize(
    ("wrong", "off"),
    [
        # Each datum is taken for four, or for a quarter of one: the posterior is too narrow, or knows less of the data.
        ("likelihood y[i] ~ Normal(a + b * x, 0.5 * n) weight 4 * n", "that of `b` is too narrow"),
        ("likelihood y[i] ~ Normal(a + b * x, 0.5 * n) weight 0.25 * n", "that of `log likelihood` is too low"),
    ],
)
def test_a_posterior_of_another_model_fails(wrong: str, off: str):
    text = LINE.replace("likelihood y[i] ~ Normal(a + b * x, 0.5 * n)", wrong)
    found = uqdsl.loads(text).compile().calibrate(SHORT, simulations=80, seed=3, progress=False)
    assert not found.passed
    assert found.p_value < 1e-4
    assert off in found.said


def test_a_run_has_the_ranks_and_is_suspect_where_they_are_wrong(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    wrong = LINE.replace("0.5 * n)", "0.5 * n) weight 6 * n")
    text = f"{wrong}infer by nuts(chains = 2, warmup = 300, draws = 500)\ncalibrate at_ten by sbc(simulations = 60)\n"
    (tmp_path / "line.uq").write_text(text)
    assert execute(["run", "line.uq"]) == 3
    said = capsys.readouterr().out
    assert "nuts, tried on 60 simulations: posteriors are not those that the model implies" in said
    summary = json.loads((tmp_path / "runs/line-0-1/summary.json").read_text())
    assert summary["status"] == "suspect"
    assert set(summary["simulations"]["nuts"]["quantities"]) == {"at_ten", "log likelihood", "log density"}
    assert (tmp_path / "runs/line-0-1/pictures/simulations.svg").read_text().count("p &lt; 1e-06")


@pytest.mark.parametrize(("section", "fails"), [("Fails", True), ("Mended", False)])
def test_the_page_of_data_that_are_none(section: str, fails: bool):
    (text,) = (each.text for each in blocks("UQ614", section) if each.language == "uq")
    program = uqdsl.loads(text).compile()
    if not fails:
        assert program.calibrate(SHORT, simulations=20, progress=False).passed
        return
    with pytest.raises(uqdsl.RunError) as caught:
        program.calibrate(SHORT, simulations=20, progress=False)
    assert [each.code for each in caught.value.problems] == ["UQ614"]
    assert "the data are not finite numbers" in str(caught.value)


def test_what_cannot_be_drawn_is_refused_from_python_too():
    program = uqdsl.loads(LINE.replace("prior a ~ Normal(0, 1)", "prior a ~ Flat(-9, 9)")).compile()
    with pytest.raises(uqdsl.UsageError) as caught:
        program.calibrate(SHORT, simulations=20, progress=False)
    assert [each.code for each in caught.value.problems] == ["UQ505"]
    with pytest.raises(uqdsl.UsageError, match="UQ502"):
        program.calibrate(SHORT, simulation=20)


def test_ranks_of_dependent_draws_are_uniform_once_they_are_thinned():
    rng = np.random.default_rng(0)
    ranks = []
    for number in range(400):
        truth = rng.normal(size=1)
        # An autoregressive chain whose law is that of the truth.
        steps = rng.normal(size=400) * np.sqrt(1 - 0.9**2)
        chain = np.empty(400)
        chain[0] = rng.normal()
        for at in range(1, 400):
            chain[at] = 0.9 * chain[at - 1] + steps[at]
        place, kept = rank(chain[None, :, None], truth, np.inf, 100, number)
        assert kept < 100
        ranks.append(place[0])
    assert kstest(ranks, "uniform").pvalue > 0.01


def test_what_failed_is_said_and_counts():
    pit = np.random.default_rng(1).uniform(size=(80, 2))
    found = simulated({SIMULATIONS: group_of_ranks(["a", "b"], pit, failed=20, why="no chain can start", poor=1)})
    assert found is not None
    assert not found.passed
    assert "20 of 100 simulations have no posterior: no chain can start" in found.said
    assert "in 1 of 100 simulations there are fewer than 10 independent draws" in found.said
