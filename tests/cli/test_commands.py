"""`compile`, `explain`, `methods`, `new`, and the command as a whole."""

from __future__ import annotations

import ast
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import uqdsl as package
from uqdsl.data import bind
from uqdsl.driver.predict import make_stages
from uqdsl.messages import Sources
from uqdsl.vocabulary.assimilation import filters
from uqdsl.vocabulary.methods import methods

from .conftest import MODEL

TOP = Path(package.__file__).parents[1]


def test_help_lists_the_commands(uqdsl):
    shown = uqdsl("--help").out
    for name in ("new", "check", "fmt", "compile", "run", "explain", "methods", "cite"):
        assert name in shown
    assert uqdsl().code == 0
    assert uqdsl("--version").out == f"{package.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chek"], "did you mean 'check'?"),
        (["check"], "missing argument"),
        (["check", "--jsno", "model.uq"], "--json"),
        (["run", "model.uq", "--seed", "x"], "the value of `--seed`"),
        (["run", "model.uq", "--seed", "-1"], "the value of `--seed`"),
        (["run", "model.uq", "--device", "tpu"], "the value of `--device`"),
        (["run", "model.uq", "--precision", "16"], "the value of `--precision`"),
        (["compile", "model.uq", "other.uq"], "other.uq"),
        (["run", "model.uq", "--by"], "--by"),
    ],
)
def test_misuse_is_a_problem_like_any_other(uqdsl, arguments, said):
    answer = uqdsl(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert "error[UQ720]" in answer.err
    assert said.lower() in answer.err.lower()
    assert uqdsl(arguments[0], "--json", *arguments[1:]).codes == ["UQ720"]


def test_compile_prints_python(uqdsl):
    said = uqdsl("compile", "model.uq")
    assert (said.code, said.err) == (0, "")
    names = [node.name for node in ast.parse(said.out).body if isinstance(node, ast.FunctionDef)]
    assert names == ["model", "log_parts", "log_density"]
    assert "enable_x64" in said.out
    assert "enable_x64" not in uqdsl("compile", "model.uq", "--precision", "32").out


def test_compile_into_a_file(uqdsl, folder: Path):
    assert uqdsl("compile", "model.uq", "-o", "program.py") == (0, "", "")
    assert (folder / "program.py").read_text() == uqdsl("compile", "model.uq").out
    said = uqdsl("compile", "model.uq", "-o", "no/such/folder.py")
    assert said.code == 1
    assert "UQ701" in said.err


def test_compile_a_stage(uqdsl, folder: Path):
    spec = """data { Z[i] : real = [0, 1, 2], X[i] : real = [2.1, 3.9, 6.2] }
prior slope ~ Normal(0, 10)
likelihood X[i] ~ Normal(slope * Z, 1)
uncertainty {
  new_input     exact
  testing_data  exact
  training_data { X ~ Normal(truth(X), 0.2) }
  weights       inferred
  function      inferred
}
predict X[i]
"""
    (folder / "weighed.uq").write_text(spec)
    model = package.load("weighed.uq")
    assert (
        uqdsl("compile", "weighed.uq", "--stage", "training") == uqdsl("compile", "weighed.uq") == (0, model.source, "")
    )
    staged = make_stages(model.spec, Sources.single("weighed.uq", spec), bind(model.spec, folder))
    assert set(staged.programs) == {"truths", "refit", "prediction"}
    for name, program in staged.programs.items():
        assert uqdsl("compile", "weighed.uq", "--stage", name) == (0, program.text, "")
        assert model.program(name) == program.text
    assert uqdsl("compile", "weighed.uq", "--stage", "refit", "--emit", "equation").out.startswith(
        "p(slope | X.truth, Z)\n"
    )


def test_a_stage_that_is_not_there(uqdsl, folder: Path):
    said = uqdsl("compile", "model.uq", "--stage", "residual", "-o", "program.py")
    assert (said.code, said.out) == (2, "")
    assert "error[UQ731]: the spec has no stage `residual`\n  = help: it has `training`" in said.err
    assert not (folder / "program.py").exists()
    with pytest.raises(package.UsageError, match="UQ731"):
        package.load("model.uq").program("prediction")


def test_compile_to_the_ir(uqdsl):
    written = json.loads(uqdsl("compile", "model.uq", "--emit", "ir", "--set", "width=3").out)
    jsonschema.validate(written, json.loads((TOP / "docs" / "ir-schema.json").read_text()))
    assert written["settings"][0]["value"] == 3.0


def test_compile_to_the_tree(uqdsl, folder: Path):
    assert uqdsl("compile", "model.uq", "--emit", "tree").out.startswith("Setting 10:35")
    (folder / "model.uq").write_text("prior x ~ \nlet y = 1\n")
    said = uqdsl("compile", "model.uq", "--emit", "tree")
    assert said.code == 1
    assert "Broken" in said.out
    assert "Let" in said.out


def test_compile_to_a_graph(uqdsl):
    dot = uqdsl("compile", "model.uq", "--emit", "graph").out
    assert dot == (
        'digraph "model" {\n'
        '  n0 [label="mu\\nNormal", shape=ellipse];\n'
        '  n1 [label="y[i]\\nNormal", shape=ellipse, style=filled, fillcolor=lightgrey];\n'
        "  n0 -> n1;\n"
        "}\n"
    )
    assert uqdsl("compile", "model.uq", "--emit", "graph", "--format", "mermaid").out.startswith("flowchart TD\n")


def test_explain_a_problem(uqdsl):
    for code in ("UQ214", "uq214", "214"):
        assert uqdsl("explain", code).out.startswith("# UQ214: ")
    said = uqdsl("explain", "UQ999")
    assert said.code == 2
    assert "UQ790" in said.err


def test_explain_a_spec(uqdsl, folder: Path):
    (folder / "model.uq").write_text(MODEL + "let twice = 2 * mu\nfactor -twice^2\n")
    assert uqdsl("explain", "model.uq").out.splitlines()[:4] == [
        "p(mu | y)",
        "",
        "  ∝ p(y | mu)          line 5: likelihood y[i] ~ Normal(mu, 1)",
        "  × p(mu)              line 4: prior mu ~ Normal(0, width)",
    ]


def test_the_equation_in_every_form(uqdsl):
    text, latex = uqdsl("explain", "model.uq").out, uqdsl("explain", "model.uq", "--latex").out
    assert latex.startswith(r"\begin{align*}")
    assert uqdsl("compile", "model.uq", "--emit", "equation").out == text
    assert uqdsl("compile", "model.uq", "--emit", "latex").out == latex


def test_methods(uqdsl):
    listed = uqdsl("methods").out
    assert listed.startswith("infer: Markov chains\n  nuts ")
    assert "\nassimilate: weighted particles\n  bootstrap " in listed
    assert all(f"  {name} " in listed for name in (*methods(), *filters()))
    described = uqdsl("methods", "nuts").out
    assert (
        "target_accept = 0.8  mean acceptance statistic that the step size aims at (a number, above 0, below 1)"
        in described
    )
    assert "assumes\n  every unknown is continuous\n" in described
    assert "references\n  Hoffman & Gelman 2014" in described
    (described,) = uqdsl("methods", "nuts", "--json").json
    assert described["options"]["chains"] == {
        "type": "a whole number",
        "default": 4,
        "at least": 1,
        "at most": 1024,
        "means": "independent chains",
    }
    assert [each["name"] for each in uqdsl("methods", "--json").json] == [*methods(), *filters()]
    said = uqdsl("methods", "nutz")
    assert said.code == 2
    assert "did you mean `nuts`?" in said.err
    assert uqdsl("methods", "prior x").code == 2


def test_methods_of_assimilation(uqdsl):
    described = uqdsl("methods", "letkf").out
    assert described.startswith("assimilate by letkf: the local ensemble transform Kalman filter")
    assert (
        "inflation = none     how spread that sampling lost is restored (one of none, multiplicative(factor = 1.02),"
        in described
    )
    assert "(one of gaspari_cohn(radius, along), adaptive(cutoff = 2.0))" in described
    both = uqdsl("methods", "es_mda", "--json").json
    assert [each["statement"] for each in both] == ["infer", "assimilate"]
    assert "did you mean `letkf`?" in uqdsl("methods", "letk").err


def test_what_is_wrong_with_methods_of_other_packages(uqdsl, install):
    install("walks", "import not_there", walk="walks:METHOD")
    said = uqdsl("methods")
    assert said.code == 0
    assert "warning[UQ508]: the method `walk` of the package `walks` cannot be used: to import" in said.err
    named = uqdsl("methods", "walk")
    assert named.code == 2
    assert "the package `walks` has one, which cannot be used: to import" in named.err


def test_cite(uqdsl):
    said = uqdsl("cite", "model.uq")
    assert said.code == 0
    assert said.out.startswith("@article{hoffman2014,\n")
    assert "\n\n@misc{phan2019," in said.out
    assert list(uqdsl("cite", "model.uq", "--json").json) == re.findall(r"^@\w+{(\w+),$", said.out, re.MULTILINE)


def test_new_makes_a_spec_that_runs(uqdsl, folder: Path):
    said = uqdsl("new", "first")
    assert said.code == 0
    assert uqdsl("check", "--data", "--strict", "first/first.uq").code == 0
    assert uqdsl("fmt", "--check", "first/first.uq").code == 0
    ran = uqdsl("run", "first/first.uq")
    assert ran.code == 0, ran.err
    assert {"intercept", "slope", "sigma"} <= set(ran.out.split())
    again = uqdsl("new", "first")
    assert again.code == 2
    assert "UQ725" in again.err
    assert uqdsl("new", "a b/..").code == 2
    assert uqdsl("new", "../\x1b[31m").code == 2


def test_a_fault_of_ours_is_owned_up_to(uqdsl, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("uqdsl.driver.source.read_source", fail)
    monkeypatch.delenv("UQDSL_DEBUG", raising=False)
    said = uqdsl("check", "model.uq")
    assert (said.code, said.out) == (1, "")
    assert "error[UQ729]: uqdsl failed unexpectedly (ZeroDivisionError)" in said.err
    monkeypatch.setenv("UQDSL_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        uqdsl("check", "model.uq")


def test_as_a_module():
    ran = subprocess.run([sys.executable, "-m", "uqdsl", "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout == f"{package.__version__}\n"


def test_a_reader_that_goes_away_is_no_fault(folder: Path):
    command = f"{sys.executable} -m uqdsl compile model.uq | head -1; exit ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("setting", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_on_a_terminal_only(folder: Path, setting: dict[str, str]):
    (folder / "model.uq").write_text("prior mu ~ Nrmal(0, 1)\n")
    command = [sys.executable, "-m", "uqdsl", "check", "model.uq"]
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"}
    ours, theirs = pty.openpty()
    child = subprocess.Popen(command, cwd=folder, env=environment | setting, stderr=theirs, stdout=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # Linux says so at the end
        pass
    assert child.wait() == 1
    assert (b"\x1b[" in shown) == (not setting)
    piped = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    assert b"\x1b[" not in piped.stderr
