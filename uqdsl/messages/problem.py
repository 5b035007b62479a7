"""What a problem is: a typed class with a code, from which every output (text, JSON, editor) is rendered."""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, NamedTuple, dataclass_transform

from uqdsl.messages.source import Place, Span


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Label(NamedTuple):
    """A span and what is said about it."""

    span: Span
    text: str = ""


@dataclass(frozen=True)
class Fix:
    """A replacement of the text at `span` that mends the problem."""

    span: Span
    replacement: str


CATALOGUE: dict[str, type[Problem]] = {}
"""Every problem by its code; filled as the modules of `uqdsl.messages.catalogue` define them."""


@dataclass_transform(kw_only_default=True, frozen_default=True)
class _Catalogued(type):
    """Makes each problem a dataclass and enters it in the catalogue.

    The methods of a dataclass are written once, in `Problem`: to have them generated for each of a hundred classes would
    take longer than to check a spec.
    """

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, object]) -> type:
        namespace.setdefault("__doc__", f"{name}: {namespace.get('headline', '')}")
        made = dataclass(init=False, repr=False, eq=False, kw_only=True)
        cls = made(super().__new__(mcs, name, bases, namespace))
        code = namespace.get("code")
        if isinstance(code, str):
            if code in CATALOGUE:
                raise TypeError(f"{name} and {CATALOGUE[code].__name__} share the code {code}")
            CATALOGUE[code] = cls  # type: ignore[assignment]
        return cls


class Problem(metaclass=_Catalogued):
    """Something a user should know or mend.

    A subclass states its `code`, its `headline` (a template over its own fields: lower case, no full stop, makes sense
    alone) and, where they help, the `label` of the underlined span and the `advice`; a `lint` has a name of its own, by which
    `allow(…)` silences it. An instance holds where it is:
    `at` in the spec, `place` in a data file, `others` for the other half of a conflict, and a `fix`.
    """

    code: ClassVar[str]
    severity: ClassVar[Severity] = Severity.ERROR
    headline: ClassVar[str]
    label: ClassVar[str] = ""
    advice: ClassVar[str] = ""
    lint: ClassVar[str] = ""

    at: Span | None = None
    place: Place | None = None
    others: tuple[Label, ...] = ()
    hint: str = ""
    fix: Fix | None = None

    if not TYPE_CHECKING:  # of a dataclass, as above

        def __init__(self, **values: object) -> None:
            for each in fields(self):
                if each.name in values:
                    object.__setattr__(self, each.name, values.pop(each.name))
                elif each.default is MISSING:
                    raise TypeError(f"{type(self).__name__} lacks {each.name}")
            if values:
                raise TypeError(f"{type(self).__name__} has no {', '.join(values)}")

        def __setattr__(self, name: str, value: object) -> None:
            raise FrozenInstanceError(f"cannot assign to {name}")

        def __repr__(self) -> str:
            shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self))
            return f"{type(self).__name__}({', '.join(shown)})"

        def __eq__(self, other: object) -> bool:
            return type(self) is type(other) and _values(self) == _values(other)

        def __hash__(self) -> int:
            return hash((type(self), _values(self)))

    def _fill(self, template: str) -> str:
        return template.format(**{each.name: getattr(self, each.name) for each in fields(self)}) if template else ""

    @property
    def title(self) -> str:
        """The headline with this problem's own names in it."""
        return self._fill(self.headline)

    @property
    def underline(self) -> str:
        """What is said beside the underlined span."""
        return self._fill(self.label)

    @property
    def help(self) -> str:
        """What to do: the hint of this occurrence, else the advice for all of its kind."""
        return self.hint or self._fill(self.advice)


def _values(problem: Problem) -> tuple[object, ...]:
    return tuple(getattr(problem, each.name) for each in fields(problem))


class Warn(Problem):
    """A problem that does not stop a run, unless `--strict` says so."""

    severity = Severity.WARNING


class Note(Problem):
    """Something to know, that nobody has to mend: `--strict` does not mind it."""

    severity = Severity.NOTE
