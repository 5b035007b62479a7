"""Which names a spec declares, before anything is known of what they are worth."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from uqdsl.ir import own
from uqdsl.messages import Label, Problem, Span, closest, listing
from uqdsl.messages.catalogue.names import DeclaredTwice, DottedName, NoSuchPart, NotInFile, SharedName
from uqdsl.syntax import tree
from uqdsl.vocabulary.supports import KINDS


class What(StrEnum):
    """What a name stands for, in the words of messages."""

    DIMENSION = "a dimension"
    FIELD = "data"
    UNKNOWN = "an unknown"
    QUANTITY = "a `let`"
    SETTING = "a setting"
    FUNCTION = "a function"
    NETWORK = "a network"
    STATE = "a state"
    INCLUDED = "an included file"
    UNREADABLE = "declared by a statement with a fault"


class Declared(NamedTuple):
    """A name and where it is declared: `span` is that of the name, `whole` that of the name with its dimensions."""

    name: str
    what: What
    span: Span
    whole: Span
    axes: tuple[str, ...] = ()


class Declarations(NamedTuple):
    """The names of a spec. Dimensions are apart from values, since a category column may share its dimension's name."""

    values: dict[str, Declared]
    dims: dict[str, Declared]
    categories: dict[str, str]
    """The dimension whose labels are the values of each category field."""
    doubtful: frozenset[str]
    """Words of statements with a fault: any of them may be a name that was meant to be declared."""

    nameless: bool
    """Whether a declaration with a fault has lost its name, so that it may be any."""
    text: str = ""
    """Of the whole spec."""

    def may_declare(self, name: str) -> bool:
        """Whether a name that seems to be missing may be declared by a statement with a fault."""
        of = self.owner(name)
        lost = of is not None and of.what is What.UNREADABLE
        return self.nameless or lost or not self.doubtful.isdisjoint((name, own(name)))

    def owner(self, name: str) -> Declared | None:
        """What a name with dots is a part of: the longest that is declared of what stands before its dots."""
        while "." in name:
            name = name.rpartition(".")[0]
            if name in self.values:
                return self.values[name]
        return None

    def word(self, name: str) -> str:
        """The word of the language that a name is where nothing declares it; empty for what is declared.

        A word that the including file uses for something of its own reaches the included one as `p.mean`.
        """
        return "" if name in self.values else own(name)

    def within(self, place: str) -> list[str]:
        """The names that the file which declares a name can see, as they are written there."""
        file = place.rpartition(".")[0]
        return self.parts_of(file) if file else [*self.values, *self.dims]

    def parts_of(self, alias: str) -> list[str]:
        """The names that an included file declares, as they are there."""
        names = (*self.values, *self.dims)
        return list(dict.fromkeys(each.removeprefix(f"{alias}.") for each in names if each.startswith(f"{alias}.")))

    def written(self, at: Span, otherwise: str = "…") -> str:
        """What the author wrote there, where it is short enough to be repeated in a sentence."""
        found = " ".join(self.text[at.start : at.end].split())
        return found if found and "#" not in found and len(found) <= _LONGEST else otherwise


def collect_declarations(spec: tree.Tree, text: str = "") -> tuple[Declarations, tuple[Problem, ...]]:
    """The names that the statements of a spec declare.

    Args:
        spec: the tree.
        text: what it was read from, to know the words of statements that could not be read.

    Returns:
        The names; UQ202, UQ227, UQ232 for those that cannot be declared.
    """
    values: dict[str, Declared] = {}
    dims: dict[str, Declared] = {}
    categories: dict[str, str] = {}
    doubtful: set[str] = set()
    nameless = False
    problems: list[Problem] = []
    for statement in spec.statements:
        if isinstance(statement, tree.Broken):
            written = text[statement.span.start : statement.span.end]
            doubtful.update(statement.names if statement.keyword == "include" else _WORD.findall(written))
            nameless = nameless or (statement.keyword in _DECLARE_ONE and not _NAMED.match(written))
        for found in _declared_by(statement, text):
            if _has_dots(found.span, text) and found.what in (What.QUANTITY, What.FIELD):
                problems.append(DottedName(at=found.span, name=found.name, hint=_without_dots(found, statement, text)))
                doubtful.update(found.name.split("."))
            elif found.what is What.DIMENSION:
                _enter(found, dims, problems)
            else:
                _enter(found, values, problems)
        if isinstance(statement, tree.Data):
            for entry in statement.entries:
                if isinstance(entry, tree.Field) and entry.kind.name not in _KINDS:
                    doubtful.add(entry.target.name)  # which may be a category, whose dimension it declares
                if isinstance(entry, tree.Field) and entry.kind.name == "category":
                    categories.setdefault(entry.target.name, entry.kind.argument or entry.target.name)
    for statement in spec.statements:  # what the data imply comes after what is declared
        if isinstance(statement, tree.Data):
            for entry in statement.entries:
                if isinstance(entry, tree.Field):
                    for axis in entry.target.axes:
                        dims.setdefault(axis.name, Declared(axis.name, What.DIMENSION, axis.span, axis.span))
    for name, dim in categories.items():
        if name in values:
            dims.setdefault(dim, Declared(dim, What.DIMENSION, values[name].span, values[name].span))
    for name, found in values.items():
        if name in dims and not _may_share(found, categories):
            others = (Label(dims[name].span, "a dimension"),)
            problems.append(SharedName(at=found.span, name=name, what=str(found.what), others=others))
    return Declarations(values, dims, categories, frozenset(doubtful), nameless, text), tuple(problems)


def not_in_file(at: Span, name: str, declarations: Declarations) -> Problem | None:
    """UQ265 for a name with dots that an included file would declare; None where it is of no such file."""
    of = declarations.owner(name)
    if of is None or of.what is not What.INCLUDED:
        return None
    return no_such_part(at, of, name.removeprefix(f"{of.name}."), declarations)


def no_such_part(at: Span, of: Declared, part: str, declarations: Declarations) -> Problem:
    """UQ231, UQ265: what is declared has not that part; with what is meant by it."""
    if of.what is not What.INCLUDED:
        return NoSuchPart(at=at, name=of.name, what=str(of.what), part=part)
    parts = declarations.parts_of(of.name)
    otherwise = f"it declares {listing(parts, last='and')}" if parts else "it declares nothing"
    nearest = closest(part, parts)
    hint = f"did you mean `{of.name}.{nearest}`?" if nearest else otherwise
    return NotInFile(at=at, alias=of.name, name=part, hint=hint)


def _without_dots(found: Declared, statement: tree.Statement, text: str) -> str:
    name = found.name.replace(".", "_")
    entries = statement.entries if isinstance(statement, tree.Data) else ()
    field = next((each for each in entries if isinstance(each, tree.Field) and each.target.name == found.name), None)
    if field is None or field.value is not None:
        return f"did you mean `{name}`?"
    axes = text[field.target.name_span.end : field.target.span.end]
    return f'call it `{name}`, and name its column: `{name}{axes} : {field.kind.name} = column("{found.name}")`'


def _has_dots(span: Span, text: str) -> bool:
    """Whether a name is written with dots; those of an included file get them only later."""
    return bool(_DOTTED.fullmatch(text, span.start, span.end))


_KINDS = frozenset((*KINDS, "category", "time"))
_LONGEST = 60
"""That is repeated in a sentence."""
_DOTTED = re.compile(r"\w+(?:\s*\.\s*\w+)+")
_WORD = re.compile(r"[^\W\d]\w*")
_NAMED = re.compile(r"\w+\s+(?:function\s+)?[^\W\d]")
_DECLARE_ONE = frozenset({"setting", "dim", "time", "prior", "let", "network", "function", "extern", "design"})
"""Statements that declare the name which follows their keyword."""


def _may_share(found: Declared, categories: Mapping[str, str]) -> bool:
    """Whether a value may have the name of a dimension: as its category column or its coordinate."""
    if found.what is What.UNREADABLE:
        return True
    return found.what is What.FIELD and (categories.get(found.name) == found.name or found.axes == (found.name,))


def _enter(found: Declared, among: dict[str, Declared], problems: list[Problem]) -> None:
    first = among.setdefault(found.name, found)
    if first is found or What.UNREADABLE in (first.what, found.what):
        return
    hint = ""
    if {first.what, found.what} == {What.FIELD, What.UNKNOWN}:
        (axes,) = (each.axes for each in (first, found) if each.what is What.FIELD)
        left = f"{found.name}[{', '.join(axes)}]" if axes else found.name
        hint = f"data have a likelihood instead of a prior: `likelihood {left} ~ …`"
    others = (Label(first.span, "first declared here"),)
    problems.append(DeclaredTwice(at=found.span, name=found.name, others=others, hint=hint))


def _declared_by(statement: tree.Statement, text: str) -> Iterator[Declared]:
    def declared(target: tree.Target, what: What) -> Declared:
        axes = tuple(axis.name for axis in target.axes)
        return Declared(target.name, what, target.name_span, target.span, axes)

    match statement:
        case tree.Setting(name=name):
            yield declared(name, What.SETTING)
        case tree.Dim(name=name) | tree.Time(name=name):
            yield declared(name, What.DIMENSION)
        case tree.Data(entries=entries):
            for entry in entries:
                if isinstance(entry, tree.Field):
                    yield declared(entry.target, What.FIELD)
        case tree.Prior(target=target) if not _has_dots(target.name_span, text):
            yield declared(target, What.UNKNOWN)
        case tree.Let(target=target):
            yield declared(target, What.QUANTITY)
        case tree.Network(name=name):
            yield declared(name, What.NETWORK)
        case tree.Function(name=name) | tree.Extern(name=name):
            yield declared(name, What.FUNCTION)
        case tree.State(names=names):
            for each in names:
                yield declared(each.target, What.STATE)
        case tree.Design(target=target):
            yield declared(target, What.SETTING)
        case tree.Include(alias=alias):
            yield declared(alias, What.INCLUDED)
        case tree.Uncertainty(sources=sources):
            for source in sources:
                for entry in source.entries:
                    if entry.prior and isinstance(entry.left, tree.Name):
                        yield Declared(entry.left.name, What.UNKNOWN, entry.left.span, entry.left.span)
        case tree.Broken(keyword=keyword, names=names):
            for name in names:
                what = What.DIMENSION if keyword in ("dim", "time") else What.UNREADABLE
                yield Declared(name, what, statement.span, statement.span)
        case _:
            pass
