"""From a path to a checked spec: whatever it holds, what comes out are problems."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import uqdsl
from uqdsl.cli.main import execute
from uqdsl.driver.front import read_method, read_settings
from uqdsl.driver.source import read_source
from uqdsl.messages import UqdslError

TOP = Path(uqdsl.__file__).parents[1]
CORPUS = [path.read_text(encoding="utf-8") for path in sorted((TOP / "specs").glob("*.uq"))]
CORPUS += [path.read_text(encoding="utf-8") for path in sorted((TOP / "tests/semantics/sound").glob("*.uq"))]
COMMANDS = (
    ["check", "--data"],
    ["check", "--json"],
    ["fmt", "--check"],
    ["compile"],
    ["compile", "--emit", "tree"],
    ["explain"],
)
QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def run_all(content: bytes, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command that computes nothing: it ends with a known exit code, and without a traceback."""
    path = folder / "model.uq"
    path.write_bytes(content)
    for command in COMMANDS:
        code = execute([*command, str(path)])
        shown = capsys.readouterr()
        assert code in (0, 1, 2)
        assert "Traceback" not in shown.err
        assert code == 0 or "[UQ" in shown.err or '"UQ' in shown.out


@QUICK
@given(content=st.binary(max_size=200))
def test_random_bytes(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run_all(content, tmp_path, capsys)


@QUICK
@given(seed=st.integers(0, 2**32), count=st.integers(1, 6))
def test_random_edits_of_sound_specs(seed: int, count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Pieces cut out, doubled, swapped for pieces of other specs, and characters changed."""
    dice = random.Random(seed)
    text = dice.choice(CORPUS)
    for _ in range(count):
        start = dice.randrange(len(text) + 1)
        end = min(len(text), start + dice.randrange(1, 30))
        other = dice.choice(CORPUS)
        piece = other[(at := dice.randrange(len(other))) : at + dice.randrange(20)]
        put = dice.choice(["", text[start:end] * 2, piece, dice.choice("()[]{}~=,.:\"'\n#'0aé\x00")])
        text = text[:start] + put + text[end:]
    run_all(text.encode(), tmp_path, capsys)


@QUICK
@given(text=st.text(max_size=40))
def test_random_methods(text: str):
    try:
        read_method(text)
    except UqdslError as error:
        assert error.exit_code == 2
        assert error.problems


@QUICK
@given(text=st.text(max_size=20))
def test_random_settings(text: str, tmp_path: Path):
    (tmp_path / "model.uq").write_text('setting a : real = 1\nsetting t : text = "x"\n')
    try:
        read_settings([text], read_source(tmp_path / "model.uq"))
    except UqdslError as error:
        assert error.problems[0].code == "UQ722"


def test_settings_are_read_by_what_they_are(tmp_path: Path):
    (tmp_path / "model.uq").write_text('setting t : text = "x"\nsetting a : real = 1\n')
    given = ["t=3", "a=1e-3", "b=4", "c=true", "d = left"]
    found = read_settings(given, read_source(tmp_path / "model.uq"))
    assert found == {"t": "3", "a": 0.001, "b": 4, "c": True, "d": "left"}


def test_a_method_with_a_name_of_its_own():
    run = read_method("nuts(draws = 10) as quick")
    assert (run.name, run.method, run.options["draws"]) == ("quick", "nuts", 10)


@pytest.mark.parametrize(
    "text", ["", "nuts()\nprior x ~ Normal(0, 1)", "3", "nuts(", "nuts) by (", "by nuts", "nuts of x"]
)
def test_texts_that_are_no_method(text: str):
    with pytest.raises(UqdslError) as caught:
        read_method(text)
    assert caught.value.exit_code == 2


def test_a_spec_reads_no_file_outside_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (outside / "y.csv").write_text("y\n1\n2\n")
    (inside / "link.csv").symlink_to(outside / "y.csv")
    for path in ("../out/y.csv", str(outside / "y.csv"), "link.csv", "https://example.org/y.csv"):
        spec = f'data "{path}" {{ y[i] : real }}\nprior m ~ Normal(0, 1)\nlikelihood y[i] ~ Normal(m, 1)\n'
        (inside / "model.uq").write_text(spec)
        assert execute(["check", "--data", str(inside / "model.uq")]) == 1
        assert "UQ4" in capsys.readouterr().err
        allowed = execute(["check", "--data", "--allow-path", str(outside), str(inside / "model.uq")])
        assert allowed == (1 if path.startswith("https") else 0)
        capsys.readouterr()
