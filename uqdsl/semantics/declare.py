"""Which names a spec declares, before anything is known of what they are worth."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from uqdsl.messages import Label, Problem, Span
from uqdsl.messages.catalogue.names import DeclaredTwice, SharedName
from uqdsl.syntax import tree


class What(StrEnum):
    """What a name stands for, in the words of messages."""

    DIMENSION = "a dimension"
    FIELD = "data"
    UNKNOWN = "an unknown"
    QUANTITY = "a `let`"
    SETTING = "a setting"
    FUNCTION = "a function"
    STATE = "a state"
    UNREADABLE = "declared by a statement with a fault"


class Declared(NamedTuple):
    """A name and where it is declared."""

    name: str
    what: What
    span: Span
    axes: tuple[str, ...] = ()


class Declarations(NamedTuple):
    """The names of a spec. Dimensions are apart from values, since a category column may share its dimension's name."""

    values: dict[str, Declared]
    dims: dict[str, Declared]
    categories: dict[str, str]
    """The dimension whose labels are the values of each category field."""

    @property
    def complete(self) -> bool:
        """Whether every statement could be read, so that a missing name is surely missing."""
        return all(each.what is not What.UNREADABLE for each in self.values.values())


def collect_declarations(spec: tree.Tree) -> tuple[Declarations, tuple[Problem, ...]]:
    """The names that the statements of a spec declare, and UQ202, UQ227 for those declared twice."""
    values: dict[str, Declared] = {}
    dims: dict[str, Declared] = {}
    categories: dict[str, str] = {}
    problems: list[Problem] = []
    for statement in spec.statements:
        for found in _declared_by(statement):
            if found.what is What.DIMENSION:
                _enter(found, dims, problems)
            else:
                _enter(found, values, problems)
        if isinstance(statement, tree.Data):
            for entry in statement.entries:
                if isinstance(entry, tree.Field) and entry.kind.name == "category":
                    categories[entry.target.name] = entry.kind.argument or entry.target.name
    for statement in spec.statements:  # what the data imply comes after what is declared
        if isinstance(statement, tree.Data):
            for entry in statement.entries:
                if isinstance(entry, tree.Field):
                    for axis in entry.target.axes:
                        dims.setdefault(axis.name, Declared(axis.name, What.DIMENSION, axis.span))
    for name, dim in categories.items():
        dims.setdefault(dim, Declared(dim, What.DIMENSION, values[name].span))
    for name in values.keys() & dims.keys():
        found = values[name]
        if found.what is not What.UNREADABLE and categories.get(name) != name and found.axes != (name,):
            problems.append(
                SharedName(at=found.span, name=name, what=str(found.what), others=(Label(dims[name].span, "a dimension"),))
            )
    return Declarations(values, dims, categories), tuple(problems)


def _enter(found: Declared, among: dict[str, Declared], problems: list[Problem]) -> None:
    first = among.setdefault(found.name, found)
    if first is not found and first.what is not What.UNREADABLE:
        problems.append(DeclaredTwice(at=found.span, name=found.name, others=(Label(first.span, "first declared here"),)))


def _declared_by(statement: tree.Statement) -> Iterator[Declared]:
    def declared(target: tree.Target, what: What) -> Declared:
        return Declared(target.name, what, target.name_span, tuple(axis.name for axis in target.axes))

    match statement:
        case tree.Setting(name=name):
            yield declared(name, What.SETTING)
        case tree.Dim(name=name) | tree.Time(name=name):
            yield declared(name, What.DIMENSION)
        case tree.Data(entries=entries):
            for entry in entries:
                if isinstance(entry, tree.Field):
                    yield declared(entry.target, What.FIELD)
        case tree.Prior(target=target) if "." not in target.name:
            yield declared(target, What.UNKNOWN)
        case tree.Let(target=target):
            yield declared(target, What.QUANTITY)
        case tree.Network(name=name) | tree.Function(name=name) | tree.Extern(name=name):
            yield declared(name, What.FUNCTION)
        case tree.State(names=names):
            for each in names:
                yield declared(each.target, What.STATE)
        case tree.Design(target=target):
            yield declared(target, What.SETTING)
        case tree.Include(alias=alias) if alias:
            yield Declared(alias, What.UNREADABLE, statement.span)
        case tree.Uncertainty(sources=sources):
            for source in sources:
                for entry in source.entries:
                    if entry.prior and isinstance(entry.left, tree.Name):
                        yield Declared(entry.left.name, What.UNKNOWN, entry.left.span)
        case tree.Broken(keyword=keyword, names=names):
            for name in names:
                what = What.DIMENSION if keyword in ("dim", "time") else What.UNREADABLE
                yield Declared(name, what, statement.span)
        case _:
            pass
