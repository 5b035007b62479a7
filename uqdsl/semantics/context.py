"""What lowering an expression needs to know, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Problem, Span
from uqdsl.semantics.constants import Settings
from uqdsl.semantics.declare import Declarations
from uqdsl.vocabulary.supports import REAL, Support


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
    """What is known of a declared name once its statement has been lowered."""

    dims: tuple[str, ...]
    support: Support = REAL
    category: str | None = None
    random: bool = False
    spread: frozenset[str] | None = None


@dataclass(frozen=True)
class Context:
    """Where an expression stands.

    `ranges` are the dimensions over which it is computed, and the only ones that it may have unless it is `free`;
    `list_dim` is the one along which a list lies. Problems are gathered in `problems`, which all contexts of a statement
    share. `owner` is the name that the statement speaks of, empty for a factor.
    """

    declarations: Declarations
    known: Mapping[str, Known]
    settings: Settings
    dims: Mapping[str, ir.Dim]
    owner: str
    ranges: tuple[str, ...] = ()
    free: bool = False
    list_dim: str | None = None
    problems: list[Problem] = field(default_factory=list)

    def anywhere(self) -> Context:
        """The same place for a part of an expression whose dimensions are checked later, as a whole."""
        return replace(self, free=True)

    def over(self, dims: tuple[str, ...]) -> Context:
        """The same place inside a reduction over `dims`; what is left of the operand's dimensions is checked later."""
        list_dim = dims[0] if len(dims) == 1 else None
        return replace(self, ranges=union(self.ranges, dims), free=True, list_dim=list_dim)

    def report(self, problem: Problem) -> Typed:
        """Note a problem and give the value from which nothing more follows."""
        self.problems.append(problem)
        return poison(problem.at)


def poison(span: Span | None) -> Typed:
    """The value of an expression with a problem that has been reported."""
    return Typed(ir.Constant(span=span or Span(0, 0), value=0), sound=False)


def union(*dims: tuple[str, ...]) -> tuple[str, ...]:
    """The union of sets of dimensions, in order of first appearance."""
    return tuple(dict.fromkeys(dim for each in dims for dim in each))
