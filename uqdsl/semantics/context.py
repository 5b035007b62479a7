"""What lowering an expression needs to know, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from uqdsl import ir
from uqdsl.messages import Problem, Span
from uqdsl.semantics.constants import Settings
from uqdsl.semantics.declare import Declarations
from uqdsl.vocabulary.supports import BINARY, REAL, Support, point

if TYPE_CHECKING:
    from uqdsl.semantics.functions import Signature


class Typed(NamedTuple):
    """An expression of the IR with what is known of its values.

    `category` is the dimension whose labels the values are, for a category. `sound` is False where a problem has been
    reported already, so that nothing follows from it. `random` says that it depends on an unknown.

    `spread` names the data and unknowns on which the value depends where, as they vary, it takes every value of its
    support; None where that is not sure: `p * (1 - p)` is never 2, whatever interval arithmetic says of it.
    """

    node: ir.Expression
    support: Support = REAL
    category: str | None = None
    sound: bool = True
    random: bool = False
    spread: frozenset[str] | None = None

    @property
    def dims(self) -> tuple[str, ...]:
        return self.node.dims


class Known(NamedTuple):
    """What is known of a declared name once its statement has been lowered; `axis` is that of a field of times.

    With `missing` values, it is a field that can only be observed, until its `population` says what they may be. Of a
    statement with a problem, which is not `sound`, its dimensions at least are known.
    """

    dims: tuple[str, ...]
    support: Support = REAL
    category: str | None = None
    random: bool = False
    spread: frozenset[str] | None = None
    axis: str | None = None
    missing: bool = False
    sound: bool = True


@dataclass(frozen=True)
class Context:
    """Where an expression stands.

    `ranges` are the dimensions over which it is computed, and the only ones that it may have unless it is `free`, or part of
    a `whole`, whose span this is, that is checked when all of it is known; `list_dim` is the one along which a list lies,
    or, with `places`, the places of a list itself. Problems are gathered in `problems`, which all contexts of a statement
    share. `owner` is the name that the statement speaks of, empty for a factor.

    `back` says how far the statement looks back along each dimension that it may look back along, and is shared like the
    problems; within a reduction over a dimension, which is then one of `reduced`, there is no looking back along it.
    `starts` gathers the values with which it starts, and `new_dims` the dimensions that statements bring with them.

    `functions` are those that the author declared; within one of them `parameters` are its own, and `calls` names it and
    those through which it is being called. `networks` are the sound ones, and `sizes` is what `fan_in` and `fan_out` stand
    for in the prior of weights.
    """

    declarations: Declarations
    known: Mapping[str, Known]
    settings: Settings
    dims: Mapping[str, ir.Dim]
    owner: str
    ranges: tuple[str, ...] = ()
    free: bool = False
    whole: Span | None = None
    list_dim: str | None = None
    places: bool = False
    problems: list[Problem] = field(default_factory=list)
    back: dict[str, int] = field(default_factory=dict)
    reduced: tuple[str, ...] = ()
    starts: list[Typed] = field(default_factory=list)
    new_dims: list[ir.Dim] = field(default_factory=list)
    functions: Mapping[str, Signature] = field(default_factory=dict)
    parameters: frozenset[str] = frozenset()
    calls: tuple[str, ...] = ()
    networks: Mapping[str, ir.Network] = field(default_factory=dict)
    sizes: Mapping[str, Typed] = field(default_factory=dict)

    @property
    def settings_known(self) -> Mapping[str, Known]:
        """What is known of the settings that are numbers."""
        return known_settings(self.settings)

    def written(self, at: Span, otherwise: str = "…") -> str:
        """What the author wrote there, where it is short enough to be repeated in a sentence."""
        return self.declarations.written(at, otherwise)

    def anywhere(self) -> Context:
        """The same place for a part of an expression whose dimensions are checked later, as a whole."""
        return replace(self, free=True)

    def over(self, dims: tuple[str, ...]) -> Context:
        """The same place inside a reduction over `dims`; what is left of the operand's dimensions is checked later."""
        list_dim = dims[0] if len(dims) == 1 else None
        reduced = union(self.reduced, dims)
        return replace(self, ranges=union(self.ranges, dims), free=True, list_dim=list_dim, reduced=reduced)

    def looks_back(self, dim: str, steps: int) -> bool:
        """Note that the statement looks back along a dimension, where it may."""
        if dim not in self.back or dim in self.reduced or steps < 0:
            return False
        self.back[dim] = max(self.back[dim], steps)
        return True

    def report(self, problem: Problem) -> Typed:
        """Note a problem and give the value from which nothing more follows."""
        self.problems.append(problem)
        return poison(problem.at)


def known_settings(settings: Settings) -> dict[str, Known]:
    """What is known of the settings that are numbers."""
    known: dict[str, Known] = {}
    for name, value in settings.items():
        if value is not None and not isinstance(value, str):
            known[name] = Known((), BINARY if isinstance(value, bool) else point(float(value)), spread=frozenset())
    return known


def poison(span: Span | None) -> Typed:
    """The value of an expression with a problem that has been reported."""
    return Typed(ir.Constant(span=span or Span(0, 0), value=0), sound=False)


def union(*dims: tuple[str, ...]) -> tuple[str, ...]:
    """The union of sets of dimensions, in order of first appearance."""
    return tuple(dict.fromkeys(dim for each in dims for dim in each))
