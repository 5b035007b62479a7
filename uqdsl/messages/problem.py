"""What a problem is: a typed class with a code, from which every output (text, JSON, editor) is rendered."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar, NamedTuple, dataclass_transform

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
    """Makes each problem a frozen dataclass and enters it in the catalogue."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, object]) -> type:
        cls = dataclass(frozen=True, kw_only=True)(super().__new__(mcs, name, bases, namespace))
        code = namespace.get("code")
        if isinstance(code, str):
            if code in CATALOGUE:
                raise TypeError(f"{name} and {CATALOGUE[code].__name__} share the code {code}")
            CATALOGUE[code] = cls  # type: ignore[assignment]
        return cls


class Problem(metaclass=_Catalogued):
    """Something a user should know or mend.

    A subclass states its `code`, its `headline` (a template over its own fields: lower case, no full stop, makes sense
    alone) and, where they help, the `label` of the underlined span and the `advice`. An instance holds where it is:
    `at` in the spec, `place` in a data file, `others` for the other half of a conflict, and a `fix`.
    """

    code: ClassVar[str]
    severity: ClassVar[Severity] = Severity.ERROR
    headline: ClassVar[str]
    label: ClassVar[str] = ""
    advice: ClassVar[str] = ""

    at: Span | None = None
    place: Place | None = None
    others: tuple[Label, ...] = ()
    hint: str = ""
    fix: Fix | None = None

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


class Warn(Problem):
    """A problem that does not stop a run, unless `--strict` says so."""

    severity = Severity.WARNING
