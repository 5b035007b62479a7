"""`uqdsl check` and `uqdsl fmt`."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from .conftest import MODEL


def test_a_sound_spec(uqdsl):
    assert uqdsl("check", "model.uq") == (0, "model.uq: no problems\n", "")


def test_a_faulty_spec(uqdsl, folder: Path):
    (folder / "model.uq").write_text(MODEL.replace("Normal(mu, 1)", "Nrmal(mu, 1)"))
    said = uqdsl("check", "model.uq")
    assert (said.code, said.out) == (1, "")
    assert "error[UQ301]" in said.err
    assert "did you mean `Normal`?" in said.err
    assert said.err.endswith("model.uq: 1 error\n")


def test_json(uqdsl, folder: Path):
    (folder / "wrong.uq").write_text("prior mu ~ Nrmal(0, 1)\nfactor -mu^2\n")
    said = uqdsl("check", "model.uq", "wrong.uq", "--json")
    assert (said.code, said.err) == (1, "")
    sound, wrong = said.json["specs"]
    assert sound == {"file": "model.uq", "problems": []}
    (problem,) = wrong["problems"]
    assert problem == {
        "code": "UQ301",
        "severity": "error",
        "headline": "there is no distribution `Nrmal`",
        "at": {
            "file": "wrong.uq",
            "start": {"line": 1, "column": 12, "offset": 11},
            "end": {"line": 1, "column": 17, "offset": 16},
            "label": "not a distribution",
        },
        "others": [],
        "place": None,
        "help": "did you mean `Normal`?",
        "fix": problem["fix"],
    }


def test_warnings_pass_unless_strict(uqdsl, folder: Path):
    (folder / "model.uq").write_text(MODEL + "let s = mu - 100\nlet l = log(s)\n")
    assert uqdsl("check", "model.uq").code == 0
    said = uqdsl("check", "model.uq", "--strict")
    assert said.code == 1
    assert "warning[UQ326]" in said.err


def test_data_are_checked_where_asked_for(uqdsl, folder: Path):
    (folder / "model.uq").write_text(
        MODEL.replace("y[i] : real = [0.8, 1.1, 1.4, 0.9]", "y[i] : real").replace("{", '"y.csv" {')
    )
    (folder / "y.csv").write_text("y\n1\nx\n")
    assert uqdsl("check", "model.uq").code == 0
    said = uqdsl("check", "--data", "model.uq")
    assert said.code == 1
    assert "y.csv, row 2, column `y`" in said.err


def test_faults_of_spec_and_data_come_together_in_order(uqdsl, folder: Path):
    (folder / "model.uq").write_text(
        'prior mu ~ Nrmal(0, 1)\ndata "no.csv" { y[i] : real }\nlikelihood y[i] ~ Normal(mu, s)\n'
    )
    said = uqdsl("check", "--data", "model.uq", "--json")
    (answer,) = said.json["specs"]
    assert [each["at"]["start"]["line"] for each in answer["problems"]] == [1, 2, 3]


def test_settings(uqdsl):
    assert uqdsl("check", "model.uq", "--set", "width=3").code == 0
    assert "UQ225" in uqdsl("check", "model.uq", "--set", "widht=3").err
    assert "did you mean `width`?" in uqdsl("check", "model.uq", "--set", "widht=3").err
    assert "UQ722" in uqdsl("check", "model.uq", "--set", "width").err
    assert "UQ31" in uqdsl("check", "model.uq", "--set", "width=wide").err


def test_standard_input(uqdsl, monkeypatch: pytest.MonkeyPatch):
    def feed(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    feed(MODEL)
    assert uqdsl("check", "-").code == 0
    feed("prior mu~Normal(0,1)\n")
    assert uqdsl("fmt", "-").out == "prior mu ~ Normal(0, 1)\n"


@pytest.mark.parametrize("command", ["check", "fmt", "compile", "run", "explain"])
@pytest.mark.parametrize(
    ("path", "code", "exit_code"),
    [
        ("nowhere.uq", "UQ721", 2),
        (".", "UQ721", 2),
        ("nul\0.uq", "UQ721", 2),
        ("binary.uq", "UQ109", 1),
        ("/dev/zero", "UQ721", 2),
        ("loop.uq", "UQ721", 2),
    ],
)
def test_paths_that_are_no_spec(uqdsl, folder: Path, command: str, path: str, code: str, exit_code: int):
    (folder / "binary.uq").write_bytes(b"\xff\xfe\x00prior")
    (folder / "loop.uq").symlink_to("loop.uq")
    said = uqdsl(command, path)
    assert (said.code, said.out) == (exit_code, "" if command != "check" else said.out)
    assert f"error[{code}]" in said.err


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_spec_that_may_not_be_read(uqdsl, folder: Path):
    (folder / "model.uq").chmod(0)
    assert "UQ721" in uqdsl("check", "model.uq").err


def test_an_empty_spec(uqdsl, folder: Path):
    (folder / "empty.uq").write_text("")
    assert uqdsl("check", "empty.uq").code == 1


def test_fmt(uqdsl, folder: Path):
    (folder / "a.uq").write_text("prior mu~Normal(0,1)\n")
    said = uqdsl("fmt", "--check", "a.uq", "model.uq")
    assert said.code == 1
    assert "UQ728" in said.err
    assert "a.uq" in said.err
    assert (folder / "a.uq").read_text() == "prior mu~Normal(0,1)\n"
    assert uqdsl("fmt", "a.uq").out == "a.uq: formatted\n"
    assert (folder / "a.uq").read_text() == "prior mu ~ Normal(0, 1)\n"
    assert uqdsl("fmt", "--check", "a.uq") == (0, "", "")


def test_fmt_follows_links_and_leaves_faulty_specs_alone(uqdsl, folder: Path):
    (folder / "a.uq").write_text("prior mu~Normal(0,1)\n")
    (folder / "link.uq").symlink_to("a.uq")
    assert uqdsl("fmt", "link.uq").code == 0
    assert (folder / "link.uq").is_symlink()
    assert (folder / "a.uq").read_text() == "prior mu ~ Normal(0, 1)\n"
    (folder / "b.uq").write_text("prior mu~Normal(0,1\n")
    assert uqdsl("fmt", "b.uq", "a.uq").code == 1
    assert (folder / "b.uq").read_text() == "prior mu~Normal(0,1\n"


def test_data_in_parts(uqdsl, folder: Path):
    """What is said of the parts beside the errors: a warning, which `--strict` minds, and a note, which it does not."""
    (folder / "model.uq").write_text(
        "data { y[i] : real, g[i] : category\n  training = 'a.csv'\n  testing = 'b.csv' }\n".replace("'", '"')
        + "prior m[g] ~ Normal(0, 1)\nlikelihood y[i] ~ Normal(m[g], 1)\n"
    )
    (folder / "a.csv").write_text("y,g\n1,u\n2,u\n")
    (folder / "b.csv").write_text("y,g\n3,v\n")
    said = uqdsl("check", "--data", "--strict", "model.uq")
    assert said.code == 0
    assert "note[UQ463]" in said.err
    (folder / "b.csv").write_text("y,g\n1,u\n")
    assert "warning[UQ462]" in uqdsl("check", "--data", "model.uq").err
    assert uqdsl("check", "--data", "--strict", "model.uq").code == 1
