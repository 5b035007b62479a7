"""The parse tables and their cache, and our reading by them against Lark's own."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import lark
import pytest

from uqdsl.syntax import lalr, parse, tables, tree
from uqdsl.syntax.build import TreeBuilder
from uqdsl.syntax.scan import scan
from uqdsl.syntax.split import split

HERE = Path(__file__).parent


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UQDSL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def load() -> tables.Tables:
    return tables.load_tables.__wrapped__()


def test_the_grammar_has_no_conflicts(caplog: pytest.LogCaptureFixture):
    """Lark settles a conflict by itself and only says so when debugging."""
    with caplog.at_level(logging.DEBUG, logger=lark.logger.name):
        lark.Lark(tables.grammar_text(), parser="lalr", lexer="basic", start="statement", debug=True)
    assert [record.message for record in caplog.records if "onflict" in record.message] == []


def test_every_rule_has_its_builder():
    methods = {rule.method for rule in tables.load_tables().rules} - {"", "="}
    assert methods == {name for name in vars(TreeBuilder) if not name.startswith("_")}


def test_words_of_the_grammar_are_those_of_the_tree():
    made = tables.load_tables()
    assert set(tree.KEYWORDS) <= set(made.spellings.values())
    (reserved,) = made.patterns["NAME"].split(")\\b)")[0].split("(?:")[1:]
    assert set(reserved.split("|")) == tree.RESERVED


def test_kept_tables_are_those_made(folder: Path):
    made = load()
    (kept,) = folder.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert load() == made


def test_another_grammar_is_not_read_from_the_cache(folder: Path):
    made = load()
    (kept,) = folder.iterdir()
    content = json.loads(kept.read_text())
    kept.write_text(json.dumps(content | {"grammar": "statement: NAME", "tables": None}))
    assert load() == made


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"format": 1}', b"\xff\xfe", b'{"format": 99, "grammar": ""}']
)
def test_a_damaged_cache_is_made_anew(folder: Path, content: bytes):
    made = load()
    (kept,) = folder.iterdir()
    kept.write_bytes(content)
    assert load() == made
    assert json.loads(kept.read_bytes())["format"]


def test_a_cache_that_others_can_write_to_is_not_used(folder: Path):
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    assert load().rules
    assert list(folder.iterdir()) == []


def test_a_cache_that_cannot_be_made_is_done_without(folder: Path):
    folder.write_text("a file")
    assert load().rules


def test_no_home_is_no_fault(monkeypatch: pytest.MonkeyPatch):
    for name in ("UQDSL_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert load().rules


def test_reading_a_spec_does_not_import_lark_once_the_tables_are_kept(tmp_path: Path):
    code = "import sys; from uqdsl.syntax import parse; assert not parse('let x = 1').problems; print('lark' in sys.modules)"
    environment = os.environ | {"UQDSL_CACHE": str(tmp_path / "cache")}
    found = [
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert found == ["True\n", "False\n"]


def spec_texts() -> list[str]:
    paths = [*sorted((HERE / "examples").glob("*.uq")), HERE / "forms.uq"]
    return [path.read_text(encoding="utf-8") for path in paths]


@pytest.mark.parametrize("text", spec_texts(), ids=range(len(spec_texts())))
def test_the_tree_is_the_one_that_lark_builds(text: str, monkeypatch: pytest.MonkeyPatch):
    """Lark's parser, given the terminals that ours found, makes the same tree, spans and all."""
    engine = lark.Lark(tables.grammar_text(), parser="lalr", lexer="basic", start="statement", propagate_positions=True)
    fed: list[lark.Token] = []
    feed = lalr._Stack.feed

    def listening(self, terminal, word, start, end):
        fed.append(lark.Token(terminal, word.text if word else "", start_pos=start, end_pos=end))
        return feed(self, terminal, word, start, end)

    monkeypatch.setattr(lalr._Stack, "feed", listening)
    builder = TreeBuilder()

    def build(node):
        if not isinstance(node, lark.Tree):
            return None if node is None else words[node.start_pos]
        span = (0, 0) if node.meta.empty else (node.meta.start_pos, node.meta.end_pos)
        return getattr(builder, node.data)(lalr.Span(*span), [build(child) for child in node.children])

    for piece in split(scan(text)[0]):
        fed.clear()
        ours = lalr.read(piece.words, text)
        words = {word.span.start: word for word in piece.words}
        theirs = engine.parse_interactive()
        for token in fed[:-1]:
            theirs.feed_token(token)
        assert build(theirs.feed_eof()) == ours


def test_accepted_terminals():
    words, _ = scan("prior x ~ Normal(0")
    assert {"PLUS", "COMMA", "RPAR", "_NEW_LINE"} <= lalr.accepted_after(words, "prior x ~ Normal(0")
    assert lalr.END not in lalr.accepted_after(words, "prior x ~ Normal(0")
    assert lalr.accepted_after(words[:1], "prior x") == {"NAME"}
    assert parse("prior x ~ Normal(0)").problems == ()
