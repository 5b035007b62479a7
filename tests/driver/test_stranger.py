"""A method of another package, in one file with one entry point, runs like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import uqdsl
from tests.conftest import Install
from uqdsl.cli.main import execute

SPEC = """
data { y[i] : real = [0.8, 1.1, 1.4, 0.9] }
prior mu ~ Normal(0, 1)
likelihood y[i] ~ Normal(mu, 1)
"""


def page_file() -> str:
    """The one file, as `docs/methods/README.md` shows it."""
    text = (Path(uqdsl.__file__).parents[1] / "docs" / "methods" / "README.md").read_text(encoding="utf-8")
    return text.partition("```python tiny.py\n")[2].partition("```")[0]


def test_it_runs_from_python(install: Install):
    install("tiny", page_file(), tiny="tiny:METHOD")
    program = uqdsl.loads(SPEC).compile()
    fit = program.infer("tiny(draws = 20000)", seed=1, progress=False)
    draws = fit.posterior["posterior"]["mu"].values
    # The exact posterior: precision 1 + 4, mean 4.2 / 5.
    error = np.sqrt(1 / 5 / fit.diagnostics["ess"])
    assert abs(draws.mean() - 4.2 / 5) < 4 * error
    assert abs(draws.var() / (1 / 5) - 1) < 4 * np.sqrt(2 / fit.diagnostics["ess"])
    assert fit.status == "ok"


def test_it_runs_in_a_spec_and_is_compared(install: Install, tmp_path, monkeypatch, capsys):
    install("tiny", page_file(), tiny="tiny:METHOD")
    monkeypatch.chdir(tmp_path)
    text = f"{SPEC}infer by tiny(draws = 4000)\ninfer by nuts(chains = 2, warmup = 300, draws = 500)\n"
    (tmp_path / "mean.uq").write_text(text)
    assert execute(["run", "mean.uq", "--no-pictures"]) == 0
    assert "`tiny` and `nuts` agree as far as" in capsys.readouterr().out
    assert execute(["cite", "mean.uq"]) == 0
    assert "@misc{doe2026," in capsys.readouterr().out
    assert execute(["methods"]) == 0
    assert "of other packages\n  tiny" in capsys.readouterr().out


def test_what_it_assumes_is_checked(install: Install, tmp_path, monkeypatch, capsys):
    install("tiny", page_file(), tiny="tiny:METHOD")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flat.uq").write_text(SPEC.replace("Normal(0, 1)\nl", "Flat(-9, 9)\nl") + "infer by tiny\n")
    assert execute(["check", "flat.uq"]) == 1
    said = capsys.readouterr().err
    assert "error[UQ505]: the method `tiny` assumes that the prior can be sampled, but `Flat`" in said
    assert "admissible here" in said
    (tmp_path / "flat.uq").write_text(SPEC.replace("Normal(0, 1)\nl", "Flat(-9, 9)\nl"))
    assert execute(["run", "flat.uq", "--by", "tiny"]) == 1
    assert "error[UQ505]" in capsys.readouterr().err
    assert execute(["run", "flat.uq", "--by", "tiny(draws = 5)"]) == 2
    assert "error[UQ503]" in capsys.readouterr().err
