"""The tree of a spec: what was written, statement by statement, before anything is known of what it means."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, dataclass_transform

from uqdsl.messages import Span


@dataclass_transform(frozen_default=True)
def _node[T](cls: type[T]) -> type[T]:
    """Makes a class a frozen dataclass with slots.

    What `Node` can do for all of them is not generated for each: that would take longer than to read a whole spec. That
    nothing changes a node is left to the type checker.
    """
    return dataclass(slots=True, eq=False, repr=False)(cls)


@_node
class Node:
    """A part of the tree and the span of text that it was read from."""

    __slots__: ClassVar[tuple[str, ...]]
    """The names of its own parts, made by `_node`."""

    span: Span

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, each.name) for each in fields(self))

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, Node) and type(other) is type(self) else False

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __repr__(self) -> str:
        values = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields(self))
        return f"{type(self).__name__}({values})"


# ------------------------------------------------------------------------------------------------------ expressions


@_node
class Number(Node):
    text: str

    @property
    def value(self) -> float:
        return float(self.text)

    @property
    def whole(self) -> bool:
        """Whether it was written as a whole number, without point or exponent."""
        return self.text.isdigit()


@_node
class Text(Node):
    value: str


@_node
class Boolean(Node):
    value: bool


@_node
class Name(Node):
    name: str


@_node
class Attribute(Node):
    value: Expression
    name: str


@_node
class Primed(Node):
    value: Expression
    primes: int


@_node
class Group(Node):
    """An expression in parentheses, kept so that the formatter leaves the author's grouping alone."""

    value: Expression


@_node
class Unary(Node):
    operator: str
    operand: Expression


@_node
class Binary(Node):
    operator: str
    left: Expression
    right: Expression


@_node
class Conditional(Node):
    test: Expression
    then: Expression
    otherwise: Expression


@_node
class Listing(Node):
    items: tuple[Expression, ...]


@_node
class Named(Node):
    """`name = value` among arguments or selectors."""

    name: str
    name_span: Span
    value: Expression


@_node
class Call(Node):
    function: Expression
    arguments: tuple[Expression | Named, ...]


@_node
class Select(Node):
    value: Expression
    selectors: tuple[Expression | Named, ...]


type Expression = (
    Number | Text | Boolean | Name | Attribute | Primed | Group | Unary | Binary | Conditional | Listing | Call | Select
)


def dotted(expression: Expression) -> str | None:
    """`p.mu` as one name, where an expression is nothing but names and dots."""
    parts: list[str] = []
    while isinstance(expression, Attribute):
        parts.append(expression.name)
        expression = expression.value
    return ".".join([expression.name, *reversed(parts)]) if isinstance(expression, Name) else None


# ------------------------------------------------------------------------------------- names, modifiers and clauses


@_node
class Axis(Node):
    """A dimension on the left of a statement, `site` or its primed copy `site'`."""

    name: str
    primes: int = 0


@_node
class Target(Node):
    """What a statement declares or speaks of: a name, dotted or not, and the dimensions it ranges over."""

    name: str
    name_span: Span
    axes: tuple[Axis, ...] = ()


@_node
class Modifier(Node):
    """`noncentered`, `truncated(0, inf)`; `starting at x`, `where c` and `weight w` have their expression as argument.

    `arguments` is None where there are no parentheses at all.
    """

    name: str
    name_span: Span
    arguments: tuple[Expression | Named, ...] | None = None


@_node
class Clauses(Node):
    """What may follow a question: `with(…)`, `of RUN`, `as NAME`."""

    options: tuple[Expression | Named, ...] | None = None
    of: str | None = None
    alias: str | None = None


# ------------------------------------------------------------------------------------------------------- statements


@_node
class Setting(Node):
    name: Target
    type: str
    type_span: Span
    value: Expression


@_node
class Dim(Node):
    name: Target
    value: Expression | None
    modifiers: tuple[Modifier, ...]
    at: Listing | None


@_node
class Time(Node):
    name: Target
    begin: Expression | None
    end: Expression | None
    step: Expression | None
    unit: str | None


@_node
class Kind(Node):
    name: str
    argument: str | None = None


@_node
class Field(Node):
    target: Target
    kind: Kind
    value: Expression | None
    modifiers: tuple[Modifier, ...]


@_node
class Part(Node):
    """`training = "file.csv"` in a data block."""

    name: str
    name_span: Span
    value: Expression


@_node
class Data(Node):
    """`folder` is that of the file which holds the statement, from the folder of the spec; None where they are the same."""

    source: Expression | None
    entries: tuple[Field | Part, ...]
    modifiers: tuple[Modifier, ...]
    folder: str | None = None


@_node
class Prior(Node):
    target: Target
    law: Expression
    modifiers: tuple[Modifier, ...]


@_node
class Population(Node):
    target: Target
    new: bool
    law: Expression
    modifiers: tuple[Modifier, ...]


@_node
class Let(Node):
    target: Target
    value: Expression
    modifiers: tuple[Modifier, ...]


@_node
class Likelihood(Node):
    target: Target
    law: Expression
    modifiers: tuple[Modifier, ...]


@_node
class Factor(Node):
    value: Expression
    modifiers: tuple[Modifier, ...]


@_node
class Layer(Node):
    name: str
    arguments: tuple[Expression | Named, ...]
    alias: str | None


@_node
class Network(Node):
    name: Target
    parameters: tuple[Target, ...]
    outputs: tuple[Target, ...]
    layers: tuple[Layer, ...]


@_node
class Function(Node):
    name: Target
    parameters: tuple[Target, ...]
    value: Expression


@_node
class Extern(Node):
    name: Target
    parameters: tuple[Target, ...]
    output: Target
    origin: Text
    modifiers: tuple[Modifier, ...]


@_node
class Include(Node):
    path: str
    path_span: Span
    alias: Target


@_node
class StateName(Node):
    target: Target
    kind: str | None


@_node
class Equation(Node):
    left: Expression
    sign: str
    right: Expression


@_node
class Clause(Node):
    """A line of a state block; `keyword` is None where it goes on with the clause above it."""

    keyword: str | None
    equation: Equation | None
    modifiers: tuple[Modifier, ...]
    by: Expression | None


@_node
class State(Node):
    """States that move along a time axis; `one_step` where they do so from what is given, for a time that is given."""

    names: tuple[StateName, ...]
    axis: str
    clauses: tuple[Clause, ...]
    one_step: bool = False


@_node
class SourceEntry(Node):
    prior: bool
    left: Expression
    law: Expression
    modifiers: tuple[Modifier, ...]


@_node
class Source(Node):
    """One of the five sources: a stance (`exact`, `inferred`) or a block of laws."""

    name: str
    cut: bool
    stance: str | None
    entries: tuple[SourceEntry, ...]


@_node
class Uncertainty(Node):
    sources: tuple[Source, ...]


@_node
class Infer(Node):
    names: tuple[Target, ...]
    method: Expression
    clauses: Clauses


@_node
class Assimilate(Node):
    names: tuple[Target, ...]
    method: Expression | None
    clauses: Clauses


@_node
class Predict(Node):
    target: Target
    clauses: Clauses


@_node
class Calibrate(Node):
    names: tuple[Target, ...]
    method: Expression
    clauses: Clauses


@_node
class Design(Node):
    target: Target
    values: Expression


@_node
class Choose(Node):
    names: tuple[Target, ...]
    goal: str
    value: Expression
    method: Expression
    clauses: Clauses


@_node
class Broken(Node):
    """A statement that could not be read, and the names that it would have declared."""

    keyword: str
    names: tuple[str, ...]


type Statement = (
    Setting
    | Dim
    | Time
    | Data
    | Prior
    | Population
    | Let
    | Likelihood
    | Factor
    | Network
    | Function
    | Extern
    | Include
    | State
    | Uncertainty
    | Infer
    | Assimilate
    | Predict
    | Calibrate
    | Design
    | Choose
    | Broken
)


@_node
class Comment(Node):
    """`# …`, without the line break; `alone` where nothing else stands on its line before it."""

    text: str
    alone: bool


@dataclass(frozen=True, slots=True)
class Tree:
    """A spec as written: its statements in order, and its comments."""

    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...]


KEYWORDS = {
    "setting": Setting,
    "dim": Dim,
    "time": Time,
    "data": Data,
    "prior": Prior,
    "population": Population,
    "let": Let,
    "likelihood": Likelihood,
    "factor": Factor,
    "network": Network,
    "function": Function,
    "extern": Extern,
    "include": Include,
    "state": State,
    "uncertainty": Uncertainty,
    "infer": Infer,
    "assimilate": Assimilate,
    "predict": Predict,
    "calibrate": Calibrate,
    "design": Design,
    "choose": Choose,
}
"""The class of each statement, by its keyword."""

SOFT_KEYWORDS = frozenset({"time", "data", "design", "state", "function"})
"""Statement keywords that are also usable as names."""

RESERVED = frozenset(KEYWORDS) - SOFT_KEYWORDS | {"by", "if", "then", "else", "and", "or", "not", "true", "false"}
"""Words that are never a name."""
