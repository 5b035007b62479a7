"""Included files: what a spec with them means, what they see, and what is said of them."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import uqdsl
from uqdsl.cli.main import execute
from uqdsl.driver.front import check, check_with_data
from uqdsl.driver.include import MOST_FILES
from uqdsl.driver.source import Source
from uqdsl.messages import UqdslError, render_json, render_text
from uqdsl.results import open_run

HOMES = "log_radon,floor,county\n1.0,0,A\n1.5,1,B\n0.3,0,A\n0.2,0,C\n"
FUNCTIONS = "function twice(x) = 2 * x\nfunction hill(x, k) = x / (k + x)\n"
RADON = """\
setting spread : real = 1
include "../functions.uq" as f
data "homes.csv" { log_radon[home] : real, floor[home] : binary, county[home] : category }
data "counties.csv" { uranium[county] : real }
prior mu ~ Normal(0, 10)
prior tau ~ HalfNormal(spread)
prior a[county] ~ Normal(mu + 0.1 * uranium, tau) noncentered
prior sigma ~ HalfNormal(1)
likelihood log_radon[home] ~ Normal(f.twice(a[county]) + mean(a, over = county) * floor, sigma)
"""
WHOLE = """\
include "lib/radon.uq" as r
include "functions.uq" as f
data { y[i] : real = [1, 2, 3], c[i] : category(r.county) = ["A", "B", "C"] }
data "grass.csv" { grass[r.county] : real }
prior mean ~ Normal(0, 1)
prior d[r.county] ~ Normal(r.mu, 1)
let total = sum(r.a * d * grass, over = r.county)
likelihood y[i] ~ Normal(f.hill(r.tau, 2) + r.a[c] + d["A"] + r.a[r.county = "B"] + mean + total, 1)
infer r.mu, total by nuts(chains = 1, warmup = 20, draws = 20)
"""
WRITTEN_OUT = """\
setting r_spread : real = 1
function twice(x) = 2 * x
function hill(x, k) = x / (k + x)
data "lib/homes.csv" {
  log_radon[home] : real
  floor[home]     : binary
  county[home]    : category
}
data "lib/counties.csv" { uranium[county] : real }
prior r_mu ~ Normal(0, 10)
prior r_tau ~ HalfNormal(r_spread)
prior r_a[county] ~ Normal(r_mu + 0.1 * uranium, r_tau) noncentered
prior r_sigma ~ HalfNormal(1)
let middle = mean(r_a, over = county)
likelihood log_radon[home] ~ Normal(twice(r_a[county]) + middle * floor, r_sigma)
data { y[i] : real = [1, 2, 3], c[i] : category(county) = ["A", "B", "C"] }
data "grass.csv" { grass[county] : real }
prior average ~ Normal(0, 1)
prior d[county] ~ Normal(r_mu, 1)
let total = sum(r_a * d * grass, over = county)
likelihood y[i] ~ Normal(hill(r_tau, 2) + r_a[c] + d["A"] + r_a["B"] + average + total, 1)
"""
FILES = {
    "functions.uq": FUNCTIONS,
    "lib/radon.uq": RADON,
    "lib/homes.csv": HOMES,
    "lib/counties.csv": "county,uranium\nB,0.5\nA,-1\nC,2\n",
    "grass.csv": "county,grass\nC,1\nA,2\nB,-1\n",
    "whole.uq": WHOLE,
    "written_out.uq": WRITTEN_OUT,
}


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(text: str, folder: Path) -> list[str]:
    """What is said of a spec in a folder, each with the file and the line where it stands."""
    try:
        check(Source("model.uq", text, folder))
    except UqdslError as error:
        assert error.sources is not None
        places = (error.sources.position(each.at.start) for each in error.problems if each.at)
        return [
            f"{each.code} {at.file}:{at.line} {each.title}" for each, at in zip(error.problems, places, strict=True)
        ]
    return []


def density(path: Path, values: Mapping[str, Any], settings: Mapping[str, float]) -> float:
    program = uqdsl.load(path, settings=settings).compile()
    return float(program.log_density(values))


# -------------------------------------------------------------------------------------------------------- what it means


def test_the_density_is_that_of_the_spec_written_out(folder: Path):
    rng = np.random.default_rng(1)
    for _ in range(3):
        shared = {"d": rng.normal(size=3)}
        own = {"mu": rng.normal(), "tau": rng.normal(), "sigma": rng.normal(), "a_decentered": rng.normal(size=3)}
        mean = rng.normal()
        included = density(
            folder / "whole.uq",
            {**shared, **{f"r.{name}": each for name, each in own.items()}, "mean": mean},
            {"r.spread": 2.5},
        )
        written = density(
            folder / "written_out.uq",
            {**shared, **{f"r_{name}": each for name, each in own.items()}, "average": mean},
            {"r_spread": 2.5},
        )
        assert included == pytest.approx(written, rel=1e-12)


def test_results_have_the_full_names(folder: Path):
    program = uqdsl.load("whole.uq").compile()
    posterior = program.infer(seed=1, progress=False).posterior.posterior
    assert set(posterior.data_vars) == {"r.mu", "r.tau", "r.a", "r.sigma", "mean", "d", "total"}
    assert posterior["r.a"].dims == ("chain", "draw", "r.county")
    assert posterior["r.county"].values.tolist() == ["B", "A", "C"]
    given = uqdsl.load("whole.uq").compile(**{"r.uranium": {"county": ["C", "B", "A"], "uranium": [3.0, 2.0, 1.0]}})
    found = dict(zip(given.coords["r.county"], given.data["r.uranium"].tolist(), strict=True))
    assert found == {"A": 1.0, "B": 2.0, "C": 3.0}


def test_a_file_included_twice_is_two(folder: Path):
    write(folder, {"mean.uq": "setting width : real = 1\nprior mu ~ Normal(0, width)\n"})
    text = """\
include "mean.uq" as p
include "mean.uq" as q
data { y : real = 1.5 }
likelihood y ~ Normal(p.mu + q.mu, 1)
"""
    model = uqdsl.loads(text, folder=folder, settings={"q.width": 3.0})
    assert [each.name for each in model.spec.unknowns] == ["p.mu", "q.mu"]
    assert {each.name: each.value for each in model.spec.settings} == {"p.width": 1.0, "q.width": 3.0}


def test_names_of_names(folder: Path):
    write(
        folder,
        {
            "deep/c.uq": "prior mu ~ Normal(0, 1)\nlet half = mu / 2\n",
            "deep/b.uq": 'include "c.uq" as c\nlet twice = 2 * c.half\n',
            "a.uq": 'include "deep/b.uq" as b\nlet all = b.twice + b.c.mu\n',
        },
    )
    text = 'include "a.uq" as a\ndata { y : real = 1 }\nlikelihood y ~ Normal(a.all + a.b.c.half, 1)\n'
    spec = uqdsl.loads(text, folder=folder).spec
    assert [each.name for each in spec.quantities] == ["a.b.c.half", "a.b.twice", "a.all"]
    assert said(text.replace("c.half", "c.hlaf"), folder) == [
        "UQ265 model.uq:3 the file that is included as `a.b.c` declares no `hlaf`"
    ]


def test_words_that_the_outer_file_uses_for_its_own_mean_in_the_included_one_what_they_always_do(folder: Path):
    inner = "let low = a[first] + a[at(1)] + max(a, over = k) + pi\n"
    inner += "prior s ~ Normal(low, 1) truncated(-inf, 9)\ndata { a[k] : real = [1, 2] }\n"
    write(folder, {"inner.uq": inner})
    outer = """\
include "inner.uq" as p
data { y[i] : real = [1, 2] }
prior max ~ Normal(0, 1)
prior first ~ Normal(p.s, 1)
let pi = max + first
function at(x) = 2 * x
function Normal(x) = x
prior inf ~ Normal(0, 1)
likelihood y[i] ~ Normal(at(pi) + inf, 1)
"""
    program = uqdsl.loads(outer, folder=folder).compile()
    low = 1 + 2 + 2 + np.pi
    values = {"p.s": low - 10.0, "max": 0.0, "first": 0.0, "inf": 0.0}
    assert "p_low = " in program.source
    moved = {**values, "max": 1.0}  # which changes nothing in the included file
    assert np.isfinite(program.log_density(values))
    assert program.log_density(values) != program.log_density(moved)


def test_identifiers_of_the_program_do_not_clash(folder: Path):
    write(folder, {"p.uq": "prior mu ~ Normal(0, 1)\n"})
    text = (
        'include "p.uq" as p\nprior p_mu ~ Normal(5, 1)\ndata { y : real = 1 }\nlikelihood y ~ Normal(p.mu - p_mu, 1)\n'
    )
    program = uqdsl.loads(text, folder=folder).compile()
    here, there = (float(program.log_density({"p.mu": a, "p_mu": b})) for a, b in ((0.0, 5.0), (5.0, 0.0)))
    assert here - there == pytest.approx(25 + ((1 - 5) ** 2 - (1 + 5) ** 2) / 2)


def test_standard_input_includes_from_the_working_directory(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(WHOLE.encode())))
    assert execute(["check", "--data", "-"]) == 0
    assert capsys.readouterr().out == "-: no problems\n"


def test_settings_of_included_files_are_set_by_the_command(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert execute(["compile", "--set", "r.spread=7", "whole.uq"]) == 0
    assert "r_spread = 7.0" in capsys.readouterr().out
    assert execute(["check", "--set", "r.spraed=7", "whole.uq"]) == 1
    assert "did you mean `r.spread`?" in capsys.readouterr().err
    assert execute(["check", "--set", "r..spread=7", "whole.uq"]) == 2


def test_what_is_printed_has_dotted_names(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert execute(["explain", "whole.uq"]) == 0
    assert "p(r.tau)" in (shown := capsys.readouterr().out)
    assert "radon.uq, line 6: prior tau ~ HalfNormal(spread)" in shown
    assert execute(["compile", "--emit", "graph", "whole.uq"]) == 0
    assert 'label="r.a[r.county]\\nNormal"' in capsys.readouterr().out


def test_a_run_keeps_what_it_was_made_from(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert execute(["run", "whole.uq", "--out", "runs"]) in (0, 3)
    capsys.readouterr()
    run = open_run(folder / "runs" / "whole-0-1")
    assert (run.path / "lib" / "radon.uq").read_text() == RADON
    assert set(run.record.hashes.included) == {"lib/radon.uq", "functions.uq"}
    assert execute(["check", str(run.path / "spec.uq")]) == 0
    (folder / "runs" / "whole-0-1" / "run.yaml").write_text(
        (run.path / "run.yaml").read_text().replace(f"status: {run.record.status}", "status: interrupted")
    )
    write(folder, {"functions.uq": "# Another one.\n" + FUNCTIONS})
    capsys.readouterr()
    assert execute(["run", "whole.uq", "--out", "runs", "--resume"]) == 1
    assert "UQ704" in (shown := capsys.readouterr().err)
    assert "the included `functions.uq`" in shown


# ------------------------------------------------------------------------------------------------------- what it reads


def test_nothing_outside_its_folder_is_read(folder: Path, tmp_path_factory: pytest.TempPathFactory):
    outside = tmp_path_factory.mktemp("outside")
    write(outside, {"secret.uq": "prior mu ~ Normal(0, 1)\n", "y.csv": "y\n1\n"})
    (folder / "link.uq").symlink_to(outside / "secret.uq")
    write(folder, {"lib/up.uq": f'include "../../{outside.name}/secret.uq" as s\n'})
    for path in (f"../{outside.name}/secret.uq", str(outside / "secret.uq"), "link.uq", "lib/up.uq"):
        (found,) = said(f'include "{path}" as p\nprior a ~ Normal(p.s.mu, 1)\nfactor -a^2\n', folder)
        assert found.startswith("UQ402")
    write(folder, {"lib/reads.uq": f'data "../../{outside.name}/y.csv" {{ y[i] : real }}\n'})
    text = 'include "lib/reads.uq" as p\nprior a ~ Normal(0, 1)\nlikelihood p.y[p.i] ~ Normal(a, 1)\n'
    with pytest.raises(UqdslError) as caught:
        check_with_data(Source("model.uq", text, folder))
    assert [each.code for each in caught.value.problems] == ["UQ402"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("lib", "UQ403"),
        ("https://example.org/p.uq", "UQ403"),
        ("gone.uq", "UQ401"),
        ("bytes.uq", "UQ109"),
        ("", "UQ403"),
    ],
)
def test_what_is_no_spec(path: str, code: str, folder: Path):
    (folder / "bytes.uq").write_bytes(b"prior \xff ~ 1")
    (found,) = said(f'include "{path}" as p\nprior a ~ Normal(p.mu, p.f(2))\nfactor -a^2\n', folder)
    assert found.startswith(f"{code} model.uq:1")


def test_includes_without_end_are_stopped(folder: Path):
    for depth in range(12):
        inner = f'include "{depth + 1}.uq" as a\ninclude "{depth + 1}.uq" as b\n' if depth < 11 else ""
        write(folder, {f"{depth}.uq": inner})
    found = said('include "0.uq" as p\nprior a ~ Normal(0, 1)\nfactor -a^2\n', folder)
    assert found
    assert all(f"includes more than {MOST_FILES} files" in each for each in found)


# --------------------------------------------------------------------------------------------------- what is said of it


def test_every_fault_of_every_file_is_told_once_in_its_own_words(folder: Path):
    write(
        folder,
        {
            "p.uq": 'include "q.uq" as q\nprior mu ~ Normal(0, sigma)\nprior tau ~ HalfNrmal(1)\nlet z = = 3\n',
            "q.uq": "prior ma ~ Normal(0, 1)\nprior b ~ Normal(0, ma)\n",
        },
    )
    text = """\
include "p.uq" as p
include "p.uq" as again
include "gone.uq" as g
prior sigma ~ HalfNormal(1)
prior c[g.county] ~ Normal(g.x, g.f(3))
prior d ~ Normal(p, p.nope)
likelihood p.y[p.i] ~ Normal(d, 1)
infer p.mu, p.bla, g.x by nuts
"""
    assert said(text, folder) == [
        "UQ401 model.uq:3 there is no file `gone.uq` in the working directory",
        "UQ205 model.uq:6 `p` is an included file, not a value",
        "UQ265 model.uq:6 the file that is included as `p` declares no `nope`",
        "UQ265 model.uq:7 the file that is included as `p` declares no `y`",
        "UQ265 model.uq:8 the file that is included as `p` declares no `bla`",
        "UQ201 p.uq:2 `sigma` is not declared",
        "UQ301 p.uq:3 there is no distribution `HalfNrmal`",
        "UQ101 p.uq:4 expected an expression, found `=`",
        "UQ304 q.uq:2 `Normal` takes positive numbers as its sd, but is given real numbers",
    ]


def test_the_way_to_an_included_file_is_shown(folder: Path):
    write(folder, {"lib/p.uq": "prior mu ~ Normal(0, tua)\n\nprior tau ~ HalfNormal(1)\n"})
    text = '# A spec.\ninclude "lib/p.uq" as p\ndata { y : real = 1 }\nlikelihood y ~ Normal(p.mu, p.tau)\n'
    with pytest.raises(UqdslError) as caught:
        check(Source("there/model.uq", text, folder))
    (problem,), sources = caught.value.problems, caught.value.sources
    assert sources is not None
    assert (
        render_text(problem, sources)
        == """\
error[UQ201]: `tua` is not declared
 --> there/lib/p.uq:1:22
  |
1 | prior mu ~ Normal(0, tua)
  |                      ^^^ nothing declares it
 ::: there/model.uq:2:1
  |
2 | include "lib/p.uq" as p
  | ----------------------- included here
  = help: did you mean `tau`?
  = more: uqdsl explain UQ201"""
    )
    (other,) = render_json(problem, sources)["others"]
    assert (other["file"], other["start"]["line"], other["label"]) == ("there/model.uq", 2, "included here")


def test_data_of_an_included_file_are_found_from_there(folder: Path):
    (folder / "lib" / "homes.csv").write_text(HOMES.replace("0.2,0,C", "0.2,7,C"))
    with pytest.raises(UqdslError) as caught:
        check_with_data(Source("whole.uq", WHOLE, folder))
    (problem,) = caught.value.problems
    assert str(problem.place).startswith("lib/homes.csv, row 4")
    assert "`floor`" in problem.title
