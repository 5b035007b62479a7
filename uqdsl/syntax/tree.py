"""The tree of a spec: what was written, statement by statement, before anything is known of what it means."""

from __future__ import annotations

from dataclasses import dataclass

from uqdsl.messages import Span


@dataclass(frozen=True, slots=True)
class Node:
    """A part of the tree and the span of text that it was read from."""

    span: Span


# ------------------------------------------------------------------------------------------------------ expressions


@dataclass(frozen=True, slots=True)
class Number(Node):
    text: str

    @property
    def value(self) -> float:
        return float(self.text)

    @property
    def whole(self) -> bool:
        """Whether it was written as a whole number, without point or exponent."""
        return self.text.isdigit()


@dataclass(frozen=True, slots=True)
class Text(Node):
    value: str


@dataclass(frozen=True, slots=True)
class Boolean(Node):
    value: bool


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    value: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Primed(Node):
    value: Expression
    primes: int


@dataclass(frozen=True, slots=True)
class Group(Node):
    """An expression in parentheses, kept so that the formatter leaves the author's grouping alone."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Unary(Node):
    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Node):
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    test: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Listing(Node):
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Named(Node):
    """`name = value` among arguments or selectors."""

    name: str
    name_span: Span
    value: Expression


@dataclass(frozen=True, slots=True)
class Call(Node):
    function: Expression
    arguments: tuple[Expression | Named, ...]


@dataclass(frozen=True, slots=True)
class Select(Node):
    value: Expression
    selectors: tuple[Expression | Named, ...]


type Expression = (
    Number | Text | Boolean | Name | Attribute | Primed | Group | Unary | Binary | Conditional | Listing | Call | Select
)

# ------------------------------------------------------------------------------------- names, modifiers and clauses


@dataclass(frozen=True, slots=True)
class Axis(Node):
    """A dimension on the left of a statement, `site` or its primed copy `site'`."""

    name: str
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Target(Node):
    """What a statement declares or speaks of: a name, dotted or not, and the dimensions it ranges over."""

    name: str
    name_span: Span
    axes: tuple[Axis, ...] = ()


@dataclass(frozen=True, slots=True)
class Modifier(Node):
    """`noncentered`, `truncated(0, inf)`; `starting at x`, `where c` and `weight w` have their expression as argument.

    `arguments` is None where there are no parentheses at all.
    """

    name: str
    name_span: Span
    arguments: tuple[Expression | Named, ...] | None = None


@dataclass(frozen=True, slots=True)
class Clauses(Node):
    """What may follow a question: `with(…)`, `of RUN`, `as NAME`."""

    options: tuple[Expression | Named, ...] | None = None
    of: str | None = None
    alias: str | None = None


# ------------------------------------------------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Setting(Node):
    name: Target
    type: str
    type_span: Span
    value: Expression


@dataclass(frozen=True, slots=True)
class Dim(Node):
    name: Target
    value: Expression | None
    modifiers: tuple[Modifier, ...]
    at: Listing | None


@dataclass(frozen=True, slots=True)
class Time(Node):
    name: Target
    begin: Expression | None
    end: Expression | None
    step: Expression | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Kind(Node):
    name: str
    argument: str | None = None


@dataclass(frozen=True, slots=True)
class Field(Node):
    target: Target
    kind: Kind
    value: Expression | None
    modifiers: tuple[Modifier, ...]


@dataclass(frozen=True, slots=True)
class Part(Node):
    """`training = "file.csv"` in a data block."""

    name: str
    name_span: Span
    value: Expression


@dataclass(frozen=True, slots=True)
class Data(Node):
    source: Expression | None
    entries: tuple[Field | Part, ...]


@dataclass(frozen=True, slots=True)
class Prior(Node):
    target: Target
    law: Expression
    modifiers: tuple[Modifier, ...]


@dataclass(frozen=True, slots=True)
class Population(Node):
    target: Target
    new: bool
    law: Expression
    modifiers: tuple[Modifier, ...]


@dataclass(frozen=True, slots=True)
class Let(Node):
    target: Target
    value: Expression
    modifiers: tuple[Modifier, ...]


@dataclass(frozen=True, slots=True)
class Likelihood(Node):
    target: Target
    law: Expression
    modifiers: tuple[Modifier, ...]


@dataclass(frozen=True, slots=True)
class Factor(Node):
    value: Expression


@dataclass(frozen=True, slots=True)
class Layer(Node):
    name: str
    arguments: tuple[Expression | Named, ...]
    alias: str | None


@dataclass(frozen=True, slots=True)
class Network(Node):
    name: Target
    parameters: tuple[Target, ...]
    outputs: tuple[Target, ...]
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Function(Node):
    name: Target
    parameters: tuple[Target, ...]
    value: Expression


@dataclass(frozen=True, slots=True)
class Extern(Node):
    name: Target
    parameters: tuple[Target, ...]
    output: Target
    origin: str


@dataclass(frozen=True, slots=True)
class Include(Node):
    path: str
    alias: str | None


@dataclass(frozen=True, slots=True)
class StateName(Node):
    target: Target
    kind: str | None


@dataclass(frozen=True, slots=True)
class Equation(Node):
    left: Expression
    sign: str
    right: Expression


@dataclass(frozen=True, slots=True)
class Clause(Node):
    """A line of a state block; `keyword` is None where it goes on with the clause above it."""

    keyword: str | None
    equation: Equation | None
    modifiers: tuple[Modifier, ...]
    by: Expression | None


@dataclass(frozen=True, slots=True)
class State(Node):
    names: tuple[StateName, ...]
    axis: str
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class SourceEntry(Node):
    prior: bool
    left: Expression
    law: Expression
    modifiers: tuple[Modifier, ...]


@dataclass(frozen=True, slots=True)
class Source(Node):
    """One of the five sources: a stance (`exact`, `inferred`) or a block of laws."""

    name: str
    cut: bool
    stance: str | None
    entries: tuple[SourceEntry, ...]


@dataclass(frozen=True, slots=True)
class Uncertainty(Node):
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Infer(Node):
    names: tuple[Target, ...]
    method: Expression
    clauses: Clauses


@dataclass(frozen=True, slots=True)
class Assimilate(Node):
    names: tuple[Target, ...]
    method: Expression
    clauses: Clauses


@dataclass(frozen=True, slots=True)
class Predict(Node):
    target: Target
    clauses: Clauses


@dataclass(frozen=True, slots=True)
class Calibrate(Node):
    names: tuple[Target, ...]
    method: Expression
    clauses: Clauses


@dataclass(frozen=True, slots=True)
class Design(Node):
    target: Target
    values: Expression


@dataclass(frozen=True, slots=True)
class Choose(Node):
    names: tuple[Target, ...]
    goal: str
    value: Expression
    method: Expression
    clauses: Clauses


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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
