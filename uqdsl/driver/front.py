"""From a path to a checked spec, without JAX."""

from __future__ import annotations

import codecs
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from uqdsl.ir import Run, Spec
from uqdsl.messages import DataError, Problem, Sources, SpecError, UsageError, errors
from uqdsl.messages.catalogue.syntax import NotText
from uqdsl.messages.catalogue.usage import NotAMethodCall, NotASetting, SpecUnreadable
from uqdsl.semantics import analyse
from uqdsl.semantics.constants import Value
from uqdsl.semantics.runs import resolve_method
from uqdsl.syntax import parse, tree

if TYPE_CHECKING:
    from uqdsl.data import Dataset

MOST_BYTES = 1 << 24
"""A spec that is larger is a file of another kind."""


class Source(NamedTuple):
    """The text of a spec.

    - name: what problems call it: the path as it was given.
    - folder: relative to which it names its data.
    """

    name: str
    text: str
    folder: Path


class Checked(NamedTuple):
    """A spec without errors; `problems` holds its warnings."""

    source: Source
    sources: Sources
    spec: Spec
    problems: tuple[Problem, ...]


def read_source(path: str | Path) -> Source:
    """The spec at a path; `-` is standard input, whose data are found from the working directory.

    Raises:
        UsageError: UQ721 where there is none.
        SpecError: UQ109 where it is not text.
    """
    name = str(path)
    try:
        if name == "-":
            content, folder = sys.stdin.buffer.read(MOST_BYTES + 1), Path()
        else:
            folder = Path(path).parent
            mode = Path(path).stat().st_mode
            if stat.S_ISDIR(mode):
                raise _unreadable(name, "it is a directory")
            with Path(path).open("rb") as file:
                content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(name, (error.strerror or "the reason is not known").lower()) from None
    except ValueError:  # a path with a NUL in it
        raise _unreadable(name, "this cannot be a path") from None
    if len(content) > MOST_BYTES:
        raise _unreadable(name, f"it is larger than {MOST_BYTES >> 20} MB")
    try:
        text = content.decode("utf-8-sig")
        if "\0" in text[:2]:
            raise SpecError([NotText(file=name, reason="it is UTF-16")])
    except UnicodeDecodeError as error:
        raise SpecError([NotText(file=name, reason=_not_utf_8(content, error.start))]) from None
    return Source("stdin.uq" if name == "-" else name, text, folder)


def _not_utf_8(content: bytes, wrong: int) -> str:
    """Why some bytes are no text in UTF-8; `wrong` is the first of them that is not."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "it is UTF-16"
    line = content[:wrong].count(b"\n") + 1
    return f"the byte 0x{content[wrong]:02X} in line {line} belongs to no character"


def _unreadable(path: str, reason: str) -> UsageError:
    return UsageError([SpecUnreadable(path=path, reason=reason)])


def check(
    source: Source, settings: Mapping[str, Value | str] | None = None, runs: Sequence[Run] | None = None
) -> Checked:
    """Check a spec.

    Args:
        source: its text.
        settings: go before those of its `setting` statements.
        runs: go before those of its `infer` statements.

    Raises:
        SpecError: with every problem in it, where one of them is an error.
    """
    parsed = parse(source.text, source.name)
    spec, problems, _ = analyse(parsed, settings, runs)
    if spec is None:
        raise SpecError(problems, parsed.sources)
    return Checked(source, parsed.sources, spec, problems)


def check_with_data(
    source: Source,
    settings: Mapping[str, Value | str] | None = None,
    runs: Sequence[Run] | None = None,
    allowed: Sequence[Path] = (),
) -> tuple[Checked, Dataset]:
    """Check a spec and its data together; what is wrong with the one does not hide what is wrong with the other.

    Args:
        source, settings, runs: as of `check`.
        allowed: directories beside the spec's own in which it may name data.

    Raises:
        SpecError, DataError: with every problem of both in it.
    """
    from uqdsl.data import bind

    parsed = parse(source.text, source.name)
    spec, problems, schema = analyse(parsed, settings, runs)
    readable = spec or schema
    try:
        dataset = bind(readable, source.folder, allowed=allowed) if readable else None
    except DataError as error:
        kind = DataError if spec else SpecError
        both = sorted([*problems, *error.problems], key=lambda problem: problem.at or (-1, -1))
        raise kind(both, parsed.sources) from None
    if spec is None or dataset is None:
        raise SpecError(problems, parsed.sources)
    return Checked(source, parsed.sources, spec, problems), dataset


def read_settings(given: Sequence[str], source: Source) -> dict[str, Value]:
    """The values that `name=value` texts give; a number or `true` is one unless the setting is declared a text.

    Raises:
        UsageError: UQ722.
    """
    if not given:
        return {}
    statements = parse(source.text, source.name).tree.statements
    texts = {each.name.name for each in statements if isinstance(each, tree.Setting) and each.type == "text"}
    values: dict[str, Value] = {}
    for each in given:
        name, equals, value = (part.strip() for part in each.partition("="))
        if not equals or not name.isidentifier() or not value:
            raise UsageError([NotASetting(given=each)])
        values[name] = value if name in texts else _plain(value)
    return values


def _plain(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def read_method(text: str, name: str | None = None) -> Run:
    """The run that a method with its options asks for, as written after `by`: `nuts(chains = 2)`.

    Args:
        text: the method.
        name: of the run; that of the method where it is None.

    Raises:
        UsageError: UQ726 where it is not the text of a method, UQ501 to UQ507 where there is no such method or option.
    """
    parsed = parse(f"infer by {text}", "by")
    statements = parsed.tree.statements
    if errors(parsed.problems) or len(statements) != 1 or not isinstance(statements[0], tree.Infer):
        raise UsageError([NotAMethodCall(given=text)])
    clauses = statements[0].clauses
    if statements[0].names or clauses.options is not None or clauses.of is not None:
        raise UsageError([NotAMethodCall(given=text)])
    problems: list[Problem] = []
    resolved = resolve_method(statements[0].method, {}, problems)
    if resolved is None:
        raise UsageError(problems, parsed.sources)
    method, options = resolved
    return Run(name=name or clauses.alias or method.name, method=method.name, options=options.model_dump())
