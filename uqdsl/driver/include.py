"""From a spec and the files that it includes to one tree and one text, in which every name has its full form."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path, PurePath
from typing import NamedTuple

from uqdsl.driver.source import Source, read_source
from uqdsl.messages import DataError, Label, Problem, Sources, Span, SpecError, UqdslError, UsageError
from uqdsl.messages.catalogue.data import OutsideFolder
from uqdsl.messages.catalogue.names import AsksInIncluded, IncludeCycle
from uqdsl.messages.catalogue.usage import SpecUnreadable
from uqdsl.semantics.declare import collect_declarations
from uqdsl.semantics.include import ASKS, joined, qualified, shifted
from uqdsl.syntax import Parsed, parse, tree

MOST_FILES = 500
"""That a spec may include, counted as often as they are: files that include others twice each would be millions."""


class Included(NamedTuple):
    """A file as it is included in one place.

    - path: from the folder of the spec.
    - alias: under which the spec knows its names, `p` or `p.q`.
    - names: those that are written in it without that alias.
    """

    path: str
    text: str
    alias: str
    names: frozenset[str]


class Linked(NamedTuple):
    """A spec with all that it includes, read as one; `included` are in the order in which their texts stand."""

    parsed: Parsed
    included: tuple[Included, ...] = ()

    @property
    def texts(self) -> Mapping[str, str]:
        """The text of each included file, by its path from the folder of the spec."""
        return {each.path: each.text for each in self.included}

    def said(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Problems in the words of the file in which each stands, and once for a file that is included twice."""
        found: list[Problem] = []
        first: dict[tuple[object, ...], int] = {}
        for problem in problems:
            if problem.at is None:
                found.append(problem)
                continue
            where = self.parsed.sources.position(problem.at.start)
            if first.setdefault((problem.code, where), problem.at.start) == problem.at.start:
                file = self.parsed.sources.file(problem.at.start)
                found.append(_in_its_words(problem, self.included[file - 1]) if file else problem)
        return tuple(found)


def link(source: Source) -> Linked:
    """Read a spec and the files that it includes.

    An included file is found from the one that includes it, within the folder of the spec. It sees only its own names; the
    including file, and what includes that in turn, have the alias before them.

    Returns:
        The spec as one tree, whose spans point into all texts laid end to end. Its problems are those of the form of every
        file; UQ263, UQ264, and UQ109, UQ401 to UQ404, UQ721 for files that cannot be read.
    """
    parsed = parse(source.text, source.name)
    if not any(isinstance(each, tree.Include) for each in parsed.tree.statements):
        return Linked(parsed)
    linker = _Linker(source, parsed)
    statements = linker.opened(parsed.tree.statements, _File((source.folder / PurePath(source.name).name).resolve()))
    sources = Sources(linker.text, tuple(linker.names), tuple(linker.starts), tuple(linker.origins))
    problems = tuple(sorted([*parsed.problems, *linker.problems], key=lambda each: each.at or Span(0, 0)))
    return Linked(Parsed(tree.Tree(statements, parsed.tree.comments), sources, problems), tuple(linker.included))


class _File(NamedTuple):
    """A file that is being read.

    - folder: in which it lies, from that of the spec; empty where they are the same.
    - via: the files that include it, outermost first, each with its `include`.
    """

    path: Path
    folder: str = ""
    alias: str = ""
    via: tuple[tuple[Path, Span], ...] = ()


class _Linker:
    """The texts that have been read, laid end to end, and what is wrong with them."""

    def __init__(self, source: Source, parsed: Parsed) -> None:
        self._folder = source.folder
        self._shown = PurePath(source.name).parent
        self.text = parsed.sources.text
        self.names, self.starts = list(parsed.sources.names), [0]
        self.origins: list[Span | None] = [None]
        self.included: list[Included] = []
        self.problems: list[Problem] = []

    def opened(self, statements: Sequence[tree.Statement], file: _File) -> tuple[tree.Statement, ...]:
        """The statements of a file, with those of the files that it includes behind each `include`."""
        taken = self._declared(statements)
        found: list[tuple[tree.Statement, tuple[tree.Statement, ...]]] = []
        aliases: set[str] = set()
        for each in statements:
            inner: tuple[tree.Statement, ...] | None = ()
            if isinstance(each, tree.Include) and each.alias.name not in aliases:
                aliases.add(each.alias.name)
                inner = self._read(each, file, taken)
            if inner is None:
                found.append((tree.Broken(each.span, "include", tuple(self._declared([each]))), ()))
            else:
                found.append((each, inner))
        given = frozenset[str]().union(*(self._declared(inner) for _, inner in found))
        return tuple(part for each, inner in found for part in (joined(each, given), *inner))

    def _declared(self, statements: Sequence[tree.Statement]) -> frozenset[str]:
        declarations, _ = collect_declarations(tree.Tree(tuple(statements), ()), self.text)
        return frozenset((*declarations.values, *declarations.dims))

    def _read(self, include: tree.Include, file: _File, taken: frozenset[str]) -> tuple[tree.Statement, ...] | None:
        """The statements of an included file, as the including one sees them; None where it cannot be read."""
        via = (*file.via, (file.path, include.span))
        try:
            path = self._path(include, file, via)
            source = read_source(path)
        except UqdslError as error:
            self.problems += [replace(each, at=each.at or include.path_span) for each in error.problems]
            return None
        inside = path.relative_to(self._folder.resolve())
        parsed, start = self._enter(source, inside, include.span)
        alias = include.alias.name
        folder = inside.parent.as_posix() if inside.parent != Path() else ""
        inner = _File(path, folder, f"{file.alias}.{alias}" if file.alias else alias, via)
        place = len(self.included)
        self.included.append(Included(inside.as_posix(), parsed.sources.text, inner.alias, frozenset()))
        statements = self.opened(self._placed([shifted(each, start) for each in parsed.tree.statements], inner), inner)
        names = self._declared(statements) | taken
        self.included[place] = self.included[place]._replace(names=names)
        return tuple(qualified(each, alias, names) for each in statements)

    def _path(self, include: tree.Include, file: _File, via: Sequence[tuple[Path, Span]]) -> Path:
        """Where an included file lies (UQ263, UQ401 to UQ404, UQ721)."""
        from uqdsl.data.paths import find_file

        if len(self.included) == MOST_FILES:
            raise UsageError(
                [SpecUnreadable(path=include.path, reason=f"the spec includes more than {MOST_FILES} files")]
            )
        try:
            path = find_file(posixpath.join(file.folder, include.path), self._folder, (), include.path_span)
        except DataError as error:
            hint = "what a spec includes lies in its folder or below: copy it there"
            raise DataError(
                [replace(each, hint=hint) if isinstance(each, OutsideFolder) else each for each in error.problems]
            ) from None
        files = [before for before, _ in via]
        if path in files:
            ring = via[files.index(path) :]
            shown = " → ".join(f"`{each.name}`" for each in (*(before for before, _ in ring), path))
            others = tuple(Label(span, "by way of this") for _, span in ring[:-1])
            raise SpecError([IncludeCycle(at=include.span, file=path.name, path=shown, others=others)])
        return path

    def _enter(self, source: Source, inside: Path, origin: Span) -> tuple[Parsed, int]:
        """Lay a text behind the others; what it says, and where it begins."""
        parsed = parse(source.text, source.name)
        self.text += "" if self.text.endswith("\n") or not self.text else "\n"
        start = len(self.text)
        self.text += parsed.sources.text
        self.names.append(str(self._shown / inside))
        self.starts.append(start)
        self.origins.append(origin)
        self.problems += [_moved(each, start) for each in parsed.problems]
        return parsed, start

    def _placed(self, statements: Iterable[tree.Statement], file: _File) -> list[tree.Statement]:
        """The statements that an included file may have (UQ264), their data found from where it lies."""
        found: list[tree.Statement] = []
        for each in statements:
            if isinstance(each, ASKS):
                keyword = next(word for word, kind in tree.KEYWORDS.items() if kind is type(each))
                self.problems.append(AsksInIncluded(at=each.span, statement=keyword))
            elif isinstance(each, tree.Data) and file.folder:
                found.append(replace(each, folder=file.folder))
            else:
                found.append(each)
        return found


def _moved(problem: Problem, by: int) -> Problem:
    """The problem of a text that stands `by` characters further on."""

    def moved(span: Span) -> Span:
        return Span(span.start + by, span.end + by)

    fix = problem.fix and replace(problem.fix, span=moved(problem.fix.span))
    others = tuple(Label(moved(each.span), each.text) for each in problem.others)
    return replace(problem, at=problem.at and moved(problem.at), others=others, fix=fix)


def _in_its_words(problem: Problem, file: Included) -> Problem:
    """A problem that stands in an included file, with the names as they are written there."""
    known = re.compile(rf"(?<![\w.]){re.escape(file.alias)}\.([^\W\d]\w*)")

    def plain(text: str) -> str:
        return known.sub(lambda found: found[1] if found[1] in file.names else found[0], text)

    values = {each.name: getattr(problem, each.name) for each in fields(problem)}
    said = {name: plain(value) for name, value in values.items() if isinstance(value, str)}
    others = tuple(Label(each.span, plain(each.text)) for each in problem.others)
    fix = problem.fix and replace(problem.fix, replacement=plain(problem.fix.replacement))
    return replace(problem, **said, others=others, fix=fix)
