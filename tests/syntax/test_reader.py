"""The grammar and Lark's reading by it."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import lark
import pytest

from uqdsl.syntax import grammar, parse, reader, tree
from uqdsl.syntax.build import TreeBuilder
from uqdsl.syntax.scan import scan


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UQDSL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "grammar"


def load() -> lark.Lark:
    return grammar.load_lark.__wrapped__()


def test_the_grammar_has_no_conflicts(caplog: pytest.LogCaptureFixture):
    """Lark settles a conflict by itself and only says so when debugging."""
    with caplog.at_level(logging.DEBUG, logger=lark.logger.name):
        lark.Lark(grammar.grammar_text(), parser="lalr", lexer="basic", start="statement", debug=True)
    assert [record.message for record in caplog.records if "onflict" in record.message] == []


def test_every_rule_has_its_builder():
    shown = {rule.alias or rule.options.template_source or rule.origin.name for rule in load().rules}
    rules = {name for name in shown if not name.startswith("_")}
    inlined = set(re.findall(r"^\?(\w+):", grammar.grammar_text(), re.MULTILINE))
    built = {name for name in vars(TreeBuilder) if not name.startswith("_")}
    assert built == rules - inlined


def test_words_of_the_grammar_are_those_of_the_tree():
    spellings, patterns = grammar.terminals()
    assert set(tree.KEYWORDS) <= set(spellings.values())
    (reserved,) = patterns["NAME"].split(")\\b)")[0].split("(?:")[1:]
    assert set(reserved.split("|")) == tree.RESERVED


def test_the_tables_are_kept_for_the_user_alone(folder: Path):
    load()
    (kept,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    before = kept.stat().st_mtime_ns
    load()
    assert kept.stat().st_mtime_ns == before


@pytest.mark.parametrize("content", [b"", b"{", b"\x80", b"0" * 64 + b"\n\x80\x04"])
def test_a_damaged_cache_is_made_anew(folder: Path, content: bytes, capfd: pytest.CaptureFixture[str]):
    load()
    (kept,) = folder.iterdir()
    kept.write_bytes(content)
    assert load().parse_interactive("").choices()
    assert kept.stat().st_size > len(content)
    assert capfd.readouterr().err == ""


def test_a_cache_that_others_can_look_into_is_not_used(folder: Path):
    folder.parent.mkdir()
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    assert load().rules
    assert list(folder.iterdir()) == []


def test_a_cache_that_cannot_be_made_is_done_without(folder: Path):
    folder.parent.write_text("a file")
    assert load().rules


def test_no_home_is_no_fault(monkeypatch: pytest.MonkeyPatch):
    for name in ("UQDSL_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert load().rules


def test_two_processes_that_start_at_once_both_read(tmp_path: Path):
    code = "from uqdsl.syntax import parse; assert not parse('let x = 1').problems"
    environment = os.environ | {"UQDSL_CACHE": str(tmp_path / "cache")}
    started = [subprocess.Popen([sys.executable, "-c", code], env=environment) for _ in range(4)]
    assert [each.wait(timeout=60) for each in started] == [0] * 4


def test_accepted_terminals():
    words, _ = scan("prior x ~ Normal(0")
    assert {"PLUS", "COMMA", "RPAR", "_NEW_LINE"} <= reader.accepted_after(words, "prior x ~ Normal(0")
    assert reader.END not in reader.accepted_after(words, "prior x ~ Normal(0")
    assert reader.accepted_after(words[:1], "prior x") == {"NAME"}
    assert parse("prior x ~ Normal(0)").problems == ()


def test_values_of_a_failed_trial_are_not_kept():
    """A word that could be a keyword or a name is tried as both; only one of them leaves a trace."""
    text = "likelihood y[t] ~ Normal(weight, new) where weight > 0"
    (statement,) = parse(text).tree.statements
    assert isinstance(statement, tree.Likelihood)
    assert isinstance(statement.law, tree.Call)
    assert [each.name for each in statement.law.arguments if isinstance(each, tree.Name)] == ["weight", "new"]
    assert [each.name for each in statement.modifiers] == ["where"]
