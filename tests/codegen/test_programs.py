"""The text of generated modules: kept programs, the formatter's and the linter's judgement, and the map back to the spec."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from uqdsl import ir
from uqdsl.codegen import generate
from uqdsl.codegen.externs import computed_before
from uqdsl.messages import Sources
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

from .compiled import written
from .specs import SPECS
from .update_programs import PROGRAMS, program

KEPT = sorted(PROGRAMS.glob("*.uq"))


@pytest.mark.parametrize("spec", KEPT, ids=lambda spec: spec.stem)
def test_kept_programs(spec):
    """After a change that is meant: `python -m tests.codegen.update_programs`."""
    assert program(spec) == spec.with_suffix(".py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every program of these tests."""
    folder = tmp_path_factory.mktemp("corpus")
    for index, text in enumerate(SPECS.values()):
        (folder / f"spec_{index}.py").write_text(written(text)[1].text, encoding="utf-8")
    for spec in KEPT:
        (folder / f"{spec.stem}.py").write_text(program(spec), encoding="utf-8")
    return folder


def ruff(*arguments: str, given: str | None = None) -> str:
    """What ruff says, whatever its configuration here."""
    beside = Path(sys.executable).with_name("ruff")
    command = str(beside) if beside.exists() else shutil.which("ruff")
    assert command is not None, "programs are formatted by it"
    done = subprocess.run([command, *arguments], input=given, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def test_programs_are_formatted(corpus):
    assert ruff("format", "--isolated", "--line-length", "100", "--diff", str(corpus)) == ""


def test_programs_are_free_of_lint(corpus):
    # E501 is left to the quoted statements of the spec, E741 to the author's names.
    rules = ["--select", "I,F,E", "--ignore", "E501,E741", "--config", 'lint.isort.known-first-party=["uqdsl"]']
    assert ruff("check", "--isolated", "--quiet", "--line-length", "100", *rules, str(corpus)) == ""


def test_lines_of_code_are_not_long(corpus):
    for file in corpus.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        quoted = {
            line
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Module | ast.FunctionDef) and isinstance(node.body[0], ast.Expr)
            for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
        }
        for number, line in enumerate(text.splitlines(), start=1):
            assert len(line) <= 100 or number in quoted, f"{file.name}:{number}"


@pytest.mark.parametrize("name", SPECS)
def test_every_line_knows_its_statement(name):
    text = SPECS[name]
    spec, found = written(text)
    lines = found.text.removesuffix("\n").split("\n")
    assert len(lines) == len(found.lines)
    assert found.sites == {each.name: each.span for each in spec.statements}
    functions = [node for node in ast.parse(found.text).body if isinstance(node, ast.FunctionDef)]
    computed = ["with_computed"] if computed_before(spec) else []
    expected = [*(each.name for each in spec.functions), *computed, "model", "log_parts", "log_density"]
    assert [node.name for node in functions] == expected
    fields = {each.span: each.name for each in spec.fields}
    for function in functions:
        for statement in function.body[1:]:
            spans = {found.lines[line - 1] for line in range(statement.lineno, (statement.end_lineno or 0) + 1)}
            if function.name == "log_density" or (isinstance(statement, ast.Return) and function.name == "log_parts"):
                assert spans == {None}
                continue
            if isinstance(statement, ast.FunctionDef) or function.name not in ("model", "log_parts"):
                assert None not in spans
                continue
            if isinstance(statement, ast.With):
                parts = [(found.lines[each.lineno - 1], each) for each in statement.body]
                assert spans == {span for span, _ in parts}
            else:
                (span,) = spans
                parts = [(span, statement)]
            for span, part in parts:
                assert span is not None
                quoted = [each.name for each in spec.statements if each.span == span] or [fields[span]]
                names = {node.value for node in ast.walk(part) if isinstance(node, ast.Constant)}
                names |= {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}
                assert any(
                    name.replace(".", "_") in str(each).replace(".", "_") for name in quoted for each in names
                ), quoted


def test_statements_that_share_plates_share_a_block():
    text = (
        "data { y[i] : real }\nprior a[i] ~ Normal(0, 1)\nprior b[i] ~ Normal(a, 1)\nlikelihood y[i] ~ Normal(b, 1)\n"
    )
    model = written(text)[1].text.split("def log_parts")[0]
    assert model.count("with numpyro.plate") == 1


def test_what_is_not_used_is_not_written():
    text = """
        setting unused : real = 2
        data { y[i] : real, x[i] : real, z[i] : real }
        let w[i] = z + 1
        prior a ~ Normal(0, 1)
        prior b ~ Normal(0, 1)
        let c = a + b
        let d[i] = c * x
        likelihood y[i] ~ Normal(a, 1)
    """
    body = written(text)[1].text.split("@")[-1].split("import numpyro\n")[1]
    model, density = body.split("def log_parts")
    assert 'data["z"]' not in body
    assert "unused = " not in body
    assert "w = " not in body
    assert 'numpyro.deterministic("d", c * x)' in model
    assert 'data["x"]' not in density
    assert "c = " not in density
    assert "_, log_p_b = place(" in density


def test_nothing_to_sum():
    found = generate(ir.Spec(name="empty"), Sources.single("empty.uq", ""), version="1")
    assert "    return 0.0, 0.0\n" in found.text


def test_precision():
    parsed = parse("data { y : real }\nprior a ~ Normal(0, 1)\nlikelihood y ~ Normal(a, 1)\n")
    spec = analyse(parsed).spec
    assert spec is not None
    assert "enable_x64" in generate(spec, parsed.sources, version="1").text
    assert "enable_x64" not in generate(spec, parsed.sources, version="1", precision=32).text
