"""The typed IR: what a spec means, with every name resolved, every dimension known and nothing left to look up.

Everything is a frozen pydantic model, so that a spec can be written as JSON, checked against a published schema and read
back. `span` is where in the text a node comes from; it points into the `Sources` of the tree.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from uqdsl.messages import Span

SCHEMA_VERSION = 1
"""Raised by one whenever a reader of the old schema would misread the new one."""


class Node(BaseModel):
    """A part of the IR."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    span: Span = Span(0, 0)


# ------------------------------------------------------------------------------------------------------ expressions
# Every expression knows its dimensions, as a set in a fixed order; arrays are laid out in that order only when code is
# generated. A dimension's primed copy is written `site'`.


class Constant(Node):
    """A number, the same everywhere over its dimensions."""

    node: Literal["constant"] = "constant"
    value: float | int | bool
    dims: tuple[str, ...] = ()


class Reference(Node):
    """A field, unknown, quantity or setting, by name, over its declared dimensions."""

    node: Literal["reference"] = "reference"
    name: str
    dims: tuple[str, ...] = ()


class Coordinate(Node):
    """The coordinate of a dimension: its numeric labels, or 1…n; or the `positions` of its labels, from 0."""

    node: Literal["coordinate"] = "coordinate"
    dim: str
    positions: bool = False
    dims: tuple[str, ...]


class Size(Node):
    """The number of labels of a dimension."""

    node: Literal["size"] = "size"
    dim: str
    dims: tuple[str, ...] = ()


class LabelPosition(Node):
    """The position of a label along its dimension, from 0: what a category field holds for it."""

    node: Literal["label_position"] = "label_position"
    dim: str
    label: str | int | float
    dims: tuple[str, ...] = ()


class Gather(Node):
    """`value` at positions of its dimension `along` that a category field or an integer expression gives.

    `between` labels, the index is a coordinate along the dimension, and values are interpolated linearly.
    """

    node: Literal["gather"] = "gather"
    value: Expression
    along: str
    index: Expression
    between: bool = False
    dims: tuple[str, ...] = ()


class Pick(Node):
    """`value` at one label, or one position (from 0; negative from the end), of its dimension `along`."""

    node: Literal["pick"] = "pick"
    value: Expression
    along: str
    label: str | int | float | None = None
    position: int | None = None
    dims: tuple[str, ...] = ()


class Operation(Node):
    """An operator between expressions: `+ - * / % ^ == != < <= > >= and or not negative`."""

    node: Literal["operation"] = "operation"
    operator: str
    operands: tuple[Expression, ...]
    dims: tuple[str, ...] = ()


class Apply(Node):
    """An elementwise function of `uqdsl.vocabulary.functions`, or one that kernels or splines are made of."""

    node: Literal["apply"] = "apply"
    function: str
    arguments: tuple[Expression, ...]
    dims: tuple[str, ...] = ()


class Reduce(Node):
    """A reduction of `uqdsl.vocabulary.functions` that consumes the dimensions `over`, or goes along one of them."""

    node: Literal["reduce"] = "reduce"
    function: str
    operand: Expression
    over: tuple[str, ...]
    dims: tuple[str, ...] = ()


class Choice(Node):
    """`if test then … else …`, elementwise."""

    node: Literal["choice"] = "choice"
    test: Expression
    then: Expression
    otherwise: Expression
    dims: tuple[str, ...] = ()


class Rename(Node):
    """`value` with other names for some of its dimensions, such as `site'` for `site`: pairs of the old and the new."""

    node: Literal["rename"] = "rename"
    value: Expression
    names: tuple[tuple[str, str], ...]
    dims: tuple[str, ...] = ()


class Shift(Node):
    """`value` at another place along a dimension, as in `x[grid + 1]` and `y[t - lag]`.

    It is `steps` places on (back, where negative), or back by each of the labels of the dimension `lag`, which then is one
    of the value's. The boundary of the dimension `along` says what lies beyond its ends.
    """

    node: Literal["shift"] = "shift"
    value: Expression
    along: str
    steps: int = 0
    lag: str | None = None
    dims: tuple[str, ...] = ()


class Matrix(Node):
    """A function of linear algebra, of matrices whose rows lie along one dimension and columns along its copy.

    `function` is one of `uqdsl.vocabulary.functions.MATRIX`; `rows` and `columns` are the two dimensions of the first
    operand that are its matrix, and the rest of its dimensions is a batch.
    """

    node: Literal["matrix"] = "matrix"
    function: str
    operands: tuple[Expression, ...]
    rows: str
    columns: str
    dims: tuple[str, ...] = ()


class Invoke(Node):
    """A function of the author's, or an external one, by name, with its arguments in order.

    It takes and gives arrays over the dimensions `own`, all of each at once, and is the same for each place of the others.
    A network, or a function that calls one, is given its `weights` too; `output` is the one of several that is meant. With
    `by` it is the derivative of that value, a single number for each place, by the argument
    which stands there.
    """

    node: Literal["invoke"] = "invoke"
    function: str
    arguments: tuple[Expression, ...]
    weights: tuple[Reference, ...] = ()
    own: tuple[str, ...] = ()
    output: str | None = None
    by: int | None = None
    dims: tuple[str, ...] = ()


class Derivative(Node):
    """The derivative of `value`, place by place, by an unknown that is a single number."""

    node: Literal["derivative"] = "derivative"
    value: Expression
    by: Reference
    dims: tuple[str, ...] = ()


class AtTimes(Node):
    """A state at the times that a field holds, which need not be times of its axis."""

    node: Literal["at times"] = "at times"
    state: Reference
    times: Reference
    dims: tuple[str, ...] = ()


class Array(Node):
    """A list in place, laid out along one dimension."""

    node: Literal["array"] = "array"
    items: tuple[Expression, ...]
    along: str
    dims: tuple[str, ...] = ()


type Expression = Annotated[
    Constant
    | Reference
    | Coordinate
    | Size
    | LabelPosition
    | Gather
    | Pick
    | Operation
    | Apply
    | Reduce
    | Choice
    | Rename
    | Shift
    | Matrix
    | Invoke
    | Derivative
    | AtTimes
    | Array,
    Field(discriminator="node"),
]


PLACES = "#"
"""In the place of a dimension: what the weights of a mixture of several laws lie along."""


def own(name: str) -> str:
    """A name as the file writes it that declares it, without those under which files are included: `mu` of `p.mu`."""
    return name.rpartition(".")[2]


def base(dim: str) -> str:
    """The dimension of which one is a copy: `site` for `site'`, and for `site` itself."""
    return dim.rstrip("'")


class Argument(Node):
    """A parameter of a law, under its standard name."""

    name: str
    value: Expression


class Law(Node):
    """A distribution of `uqdsl.vocabulary.distributions` with its parameters in their standard form.

    `event` holds the dimensions over which one draw is joint; the law is independent over every other dimension.
    `over` is the dimension that it consumes: whose labels are drawn, or over which its `components` range. `lower` and
    `upper` are the bounds of `truncated(a, b)`, or of `censored(a, b)`.
    """

    distribution: str
    arguments: tuple[Argument, ...]
    event: tuple[str, ...] = ()
    over: str | None = None
    components: tuple[Law, ...] = ()
    lower: Expression | None = None
    upper: Expression | None = None
    censored: bool = False

    def arranged(self, dims: tuple[str, ...]) -> tuple[str, ...]:
        """The dimensions of a statement in the order in which its array lies: those of the event last."""
        return (*(dim for dim in dims if dim not in self.event), *self.event)


# ------------------------------------------------------------------------------------------------------- statements


class Function(Node):
    """A function of the author's: its parameters, each with the dimensions that it is over, and its value.

    A parameter may have further dimensions when it is called; they stand in the value as the one dimension `…`. It takes
    the `weights` of the networks that it calls too, itself or through others.
    """

    name: str
    parameters: tuple[tuple[str, tuple[str, ...]], ...]
    value: Expression
    weights: tuple[Weights, ...] = ()

    @property
    def result(self) -> tuple[str, ...]:
        """The dimensions that its value has whatever it is given."""
        return tuple(dim for dim in self.value.dims if dim != "…")


class Extern(Node):
    """A function of Python, `function` of `module`: its parameters, each with the dimensions that it is over, and its result.

    The result is over the dimensions `over`, its values of the kind `kind`: `real positive nonnegative unit`. JAX can
    follow it unless it is `nondifferentiable`.
    """

    name: str
    parameters: tuple[tuple[str, tuple[str, ...]], ...]
    kind: str
    over: tuple[str, ...]
    module: str
    function: str
    nondifferentiable: bool = False

    @property
    def result(self) -> tuple[str, ...]:
        """The dimensions that its result has whatever it is given."""
        return self.over


class Weights(Node):
    """An array that a network is handed, an unknown or a field of the same `name`, and its dimensions in order."""

    name: str
    dims: tuple[str, ...]


class Layer(Node):
    """A layer of a network: what it makes of a value over the dimensions `given`, in order, is one over `dims`.

    `kind` is one of `uqdsl.vocabulary.layers`, with its `options`, of which `over` are the dimensions that it takes in or
    goes along. The `edges` of a graph are two fields: where each starts, and where it stops.
    """

    name: str
    kind: str
    options: dict[str, float | int | bool | str | None]
    over: tuple[str, ...]
    given: tuple[str, ...]
    dims: tuple[str, ...]
    weights: tuple[Weights, ...] = ()
    edges: tuple[Weights, ...] = ()


class Network(Node):
    """A network: its inputs and outputs, each with the dimensions that it is over, and its layers, one after the other.

    An input may have further dimensions when it is called, which the outputs then have too. Several inputs lie one
    after the other along the dimension `joined`. Several outputs are what the last layer has along its first dimension.
    """

    name: str
    parameters: tuple[tuple[str, tuple[str, ...]], ...]
    outputs: tuple[tuple[str, tuple[str, ...]], ...]
    layers: tuple[Layer, ...]
    joined: str | None = None

    @property
    def result(self) -> tuple[str, ...]:
        """The dimensions that each of its outputs has whatever it is given."""
        return self.outputs[0][1]

    @property
    def weights(self) -> tuple[Weights, ...]:
        """The weights of all layers, in order."""
        return tuple(each for layer in self.layers for each in layer.weights)

    @property
    def handed(self) -> tuple[Weights, ...]:
        """What a call hands over beside the inputs: the weights of all layers, and the fields that their edges are in."""
        return (*self.weights, *{each.name: each for layer in self.layers for each in layer.edges}.values())


class Dim(Node):
    """A dimension.

    Its labels are given (`labels`), or 1…size (`size`), or come from data: the levels of the category columns `levels`,
    or the rows of the tables in which it is a row dimension; where these come in parts, it is `parted`, and has other labels
    in each. `boundary` says what lies beyond its ends, where that is said,
    and `beyond` is the value of a `fixed` one. The labels of a `time` axis are times, in order; it goes on for so many steps
    `ahead` of them, of which nothing is recorded.
    """

    name: str
    labels: tuple[str | int | float, ...] | None = None
    size: int | None = None
    levels: tuple[str, ...] = ()
    boundary: Literal["periodic", "clamped", "fixed"] | None = None
    beyond: float = 0.0
    time: bool = False
    ahead: int = 0
    parted: bool = False


type Values = float | int | bool | str | tuple[Values, ...]
"""A value in place, or a list of such."""


class DataField(Node):
    """A variable of the data.

    `kind` is one of `real positive nonnegative unit count int binary category time`; a category's values are labels of
    the dimension `of`, and times are those of the axis `of`. `columns` are the columns to read: one, or one for each label
    of the last dimension (a spread field). `values` are given in place, nested by dimension. Some values may be `missing`.

    In a spec the name of a `standardized` field stands for (field - centre) / width, with the mean and the standard deviation
    of the training rows, for each label of the dimensions `columns_over`; see `constants_of`. Of new rows a field that is
    nothing but an `outcome`, the left side of a likelihood, is not asked.
    """

    name: str
    dims: tuple[str, ...]
    kind: str
    of: str | None = None
    columns: tuple[str, ...] = ()
    spread: bool = False
    values: Values | None = None
    missing: bool = False
    standardized: bool = False
    columns_over: tuple[str, ...] = ()
    outcome: bool = False


class Part(Node):
    """Further rows of a table, for testing or new: a file, or None where they are given from Python."""

    role: Literal["testing", "new"]
    path: str | None


class Split(Node):
    """How one table is divided into parts: by a column that names them, or at random.

    At random `testing` is the share of the rows that are for testing, or they are the fold number `fold` of `folds`.
    """

    column: str | None = None
    testing: float | None = None
    fold: int | None = None
    folds: int | None = None
    seed: int = 0


class Table(Node):
    """A `data` statement: a file, or None for values in place and in-memory data, and the fields that it fills.

    Its rows are those for training; `parts` are other ones of the same fields. With a `split`, they are those of all parts.
    One that `shares` is meant to have rows for testing that are also among those for training.
    """

    path: str | None
    fields: tuple[DataField, ...]
    parts: tuple[Part, ...] = ()
    split: Split | None = None
    shares: bool = False

    @property
    def parted(self) -> bool:
        """Whether there is more than rows for training."""
        return bool(self.parts) or self.split is not None


def centre(name: str) -> str:
    """What the data call the mean of a standardised field."""
    return f"{name}.centre"


def width(name: str) -> str:
    """What they call its standard deviation."""
    return f"{name}.width"


def constants_of(field: DataField) -> tuple[DataField, ...]:
    """What a standardised field brings with it: its mean and standard deviation on training rows, in its own units."""
    if not field.standardized:
        return ()
    at, dims = field.span, field.columns_over
    return (
        DataField(span=at, name=centre(field.name), dims=dims, kind="real"),
        DataField(span=at, name=width(field.name), dims=dims, kind="positive"),
    )


class Past(Node):
    """How a statement looks back along the dimension `along`, and how it starts: at its first `steps` places.

    They are given by one value, or by one for each, oldest first; of an unknown by laws; of data they are as observed.
    """

    along: str
    steps: int
    values: tuple[Expression, ...] = ()
    laws: tuple[Law, ...] = ()


class Flow(Node):
    """How a state moves along a time axis: from its initial value at the first time, by a differential equation.

    The value of the quantity is its rate of change, in which the name of each state is its value at one time, and that of
    the axis that time. `reads` names the fields of times at which states are wanted beside those of the axis. Where there is
    a `begin`, the state goes on from that time for a `length`, and the quantity is the state then: one step, without the axis.
    With a `diffusion` it moves at random too, driven by independent `noise` of variance 1: a draw for each part of the step.
    """

    along: str
    initial: Expression
    solver: str
    options: dict[str, float | int | None]
    reads: tuple[str, ...] = ()
    begin: Expression | None = None
    length: Expression | None = None
    diffusion: Expression | None = None
    noise: Reference | None = None


class Unknown(Node):
    """A `prior`: an unknown over `dims`, those of the event last, and its law.

    With a `past`, the law is that of one place along a dimension given those before it. Its values may be `ordered` along the
    dimensions `along`, or sum to zero along them; these stand last. One that `imputes` is a field of the data, of
    which only the values that are missing are unknown. One that is `confined` is meant to end where its law says.
    """

    node: Literal["unknown"] = "unknown"
    name: str
    dims: tuple[str, ...]
    law: Law
    noncentered: bool = False
    nuisance: bool = False
    past: Past | None = None
    restriction: Literal["", "ordered", "sum_to_zero"] = ""
    along: tuple[str, ...] = ()
    imputes: bool = False
    confined: bool = False

    @property
    def joint(self) -> tuple[str, ...]:
        """The dimensions over which one draw is joint."""
        return self.dims if self.past is not None or self.imputes else (*self.law.event, *self.along)


class Quantity(Node):
    """A `let`; `fixed` where it depends on data and settings alone.

    With a `past`, the value is that of the places after the first; `together` names the quantities of a recurrence, each of
    which needs what some of them were before, and which stand one after the other.
    """

    node: Literal["quantity"] = "quantity"
    name: str
    dims: tuple[str, ...]
    value: Expression
    fixed: bool
    past: Past | None = None
    flow: Flow | None = None
    together: tuple[str, ...] = ()


class Observation(Node):
    """A `likelihood`: the data `name`, or a quantity made of data alone, and its law; the dimensions of the event last.

    With a `past`, the first places are conditioned on. The places `where` it holds have a law at all, and each term counts by
    its `weight`. Rows, along its first dimension, may be looked at a `batch` of so many at a time.
    """

    node: Literal["observation"] = "observation"
    name: str
    dims: tuple[str, ...]
    law: Law
    past: Past | None = None
    where: Expression | None = None
    weight: Expression | None = None
    batch: int | None = None


class Factor(Node):
    """A scalar term of the log density; `name` is unique among the sites."""

    node: Literal["factor"] = "factor"
    name: str
    value: Expression


class Term(Node):
    """A statement whose density depends on discrete unknowns, with the dimension of their values in the place of each.

    Its density ranges over `dims`, and over the values of the unknowns `of`. `links` gives, for an unknown that is selected
    there, by a category, the dimension of the unknown and that category.
    """

    statement: str
    law: Law | None = None
    value: Expression | None = None
    dims: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    links: tuple[tuple[str, str, Expression], ...] = ()


def observed(name: str) -> str:
    """What the data call the places at which a field is observed."""
    return f"{name}.observed"


def missing(name: str) -> str:
    """What the coordinates call the places at which it is not, as positions in the flattened array."""
    return f"{name}.missing"


class Sum(Node):
    """A discrete unknown that is summed out: of its prior and of the terms that stand before those of other sums.

    Its values are the labels of the dimension `over`, or `count` whole numbers from `first` on. Their dimension is called
    `values_of(name)`. `terms` are those of other statements that depend on it, `sums` the unknowns summed out before it whose
    sums do. `prior` is its own, with `transition` and `start` where it looks back.
    """

    name: str
    dims: tuple[str, ...]
    over: str | None = None
    count: int = 0
    first: int = 0
    prior: Term
    terms: tuple[Term, ...] = ()
    sums: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    links: tuple[tuple[str, str, Expression], ...] = ()
    along: str | None = None
    start: Term | None = None


def values_of(name: str) -> str:
    """The dimension of the values of a discrete unknown."""
    return f"{name} ="


def value_before(name: str) -> str:
    """The dimension of its values one step before."""
    return f"{name} =="


type Statement = Annotated[Unknown | Quantity | Observation | Factor, Field(discriminator="node")]


class Setting(Node):
    """A setting and its resolved value."""

    name: str
    type: str
    value: float | int | bool | str


type Option = float | int | bool | str | tuple[Option, ...] | dict[str, Option] | None
"""What an option of a filter may be: itself a value, a few of them, or a scheme by name with options of its own."""


class ByFilter(Node):
    """How an `infer` accounts for states that move at random: a filter with its options as resolved."""

    method: str
    options: dict[str, Option]


class Run(Node):
    """An `infer`: a method with its options as resolved, and the quantities of interest (all where empty).

    Where there are states that move at random, `states` says how they are accounted for.
    """

    name: str
    method: str
    options: dict[str, float | int | bool | str | None]
    names: tuple[str, ...] = ()
    states: ByFilter | None = None


type SourceName = Literal["new_input", "testing_data", "training_data", "weights", "function"]
SOURCES: tuple[SourceName, ...] = get_args(SourceName.__value__)
"""The five sources of uncertainty, in the order in which van Leeuwen's equation has them."""


class RecordingError(Node):
    """A normal error of a field, about its true values, whose standard deviation is known: it depends on data alone."""

    name: str
    sd: Expression


class Source(Node):
    """One of the five sources of uncertainty: `exact`, `inferred`, `declared` or `left out`.

    `recorded` are the fields that have errors of their own, `errors` those of which it is known how large they are.
    """

    name: SourceName
    stance: Literal["exact", "inferred", "declared", "left out"]
    cut: bool = False
    recorded: tuple[str, ...] = ()
    errors: tuple[RecordingError, ...] = ()


class Stage(Node):
    """What is computed after a posterior has been sampled, as a spec of its own.

    It is bound to one `part` of the data, together with a draw of what earlier stages found, the fields `given`. Of its
    unknowns, `inputs` are true inputs or belong to their errors; of its quantities, `makes` are given to later stages.
    """

    name: Literal[
        "truths",
        "statistics",
        "refit",
        "residual",
        "residual_statistics",
        "inputs",
        "prediction",
        "calibration_inputs",
        "calibration",
        "initial",
        "step",
        "observation",
    ]
    part: Literal["training", "testing", "new"]
    given: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    spec: Spec


class Stream(Node):
    """What is observed of states at times: a likelihood, the dimension of its rows, and the field of their times.

    Without a field, the rows are the times of the axis themselves. `places` are the dimensions of the states along which
    fields say where it is observed, each with its field.
    """

    name: str
    rows: str
    times: str | None = None
    places: tuple[tuple[str, str], ...] = ()


class Assimilation(Node):
    """An `assimilate`: states, and parameters beside them, estimated from observations in time.

    Parameters that are not among the `names` are `fixed` at the mean of their prior, or `sampled` from it. `truth` has a
    field for each state, against which the estimates are scored, or none. So many members of each analysis are `kept`.
    Members of which the model makes what is no number are replaced by others, or stop it all: `failures`.
    """

    name: str
    method: str
    options: dict[str, Option]
    names: tuple[str, ...]
    fixed: tuple[str, ...] = ()
    sampled: tuple[str, ...] = ()
    truth: tuple[str, ...] = ()
    kept: int = 0
    failures: Literal["replace", "stop"] = "replace"


class Motion(Node):
    """How states move along a time axis; the stages `initial`, `step` and `observation` have the laws.

    Each state is of a kind: `real positive nonnegative unit`. Their `errors` that are correlated in time are carried along
    behind them.
    """

    axis: str
    states: tuple[str, ...]
    kinds: tuple[str, ...]
    errors: tuple[str, ...] = ()
    streams: tuple[Stream, ...]
    assimilations: tuple[Assimilation, ...] = ()


class Prediction(Node):
    """A `predict`: the `target`, its name among the results, the posterior `of` a run (all where None), and its options."""

    name: str
    target: str
    dims: tuple[str, ...]
    options: dict[str, float | int | bool | str | tuple[float, ...] | None]
    of: str | None = None

    @property
    def ahead(self) -> int:
        """Steps behind the end of its axis, which is the first of its dimensions then; 0 where it is of rows that there are."""
        steps = self.options["ahead"]
        return steps if isinstance(steps, int) else 0

    @property
    def draws(self) -> int:
        """How many draws of it are made."""
        count = self.options["draws"]
        return count if isinstance(count, int) else 0

    @property
    def axis(self) -> str:
        """Of a prediction ahead the time axis: its first dimension, less its own name before that."""
        return self.dims[0].removeprefix(f"{self.name}_")


class Calibration(Node):
    """A `calibrate by sbc(…)`: its options, the quantities of interest (all where empty), and the run `of` (all where None)."""

    options: dict[str, float | int | bool | str | None]
    names: tuple[str, ...] = ()
    of: str | None = None


class Spec(Node):
    """A whole spec. `statements` stand in an order in which each uses only what stands above it."""

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str
    title: str = ""
    settings: tuple[Setting, ...] = ()
    dims: tuple[Dim, ...] = ()
    tables: tuple[Table, ...] = ()
    functions: tuple[Function, ...] = ()
    externs: tuple[Extern, ...] = ()
    networks: tuple[Network, ...] = ()
    statements: tuple[Statement, ...] = ()
    sums: tuple[Sum, ...] = ()
    runs: tuple[Run, ...] = ()
    sources: tuple[Source, ...] = ()
    stages: tuple[Stage, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    calibrations: tuple[Calibration, ...] = ()
    motion: Motion | None = None

    @property
    def fields(self) -> tuple[DataField, ...]:
        """Every field of every table."""
        return tuple(field for table in self.tables for field in table.fields)

    @property
    def constants(self) -> tuple[DataField, ...]:
        """What the training rows say of standardised fields, and the data hold beside them."""
        return tuple(each for field in self.fields for each in constants_of(field))

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        return tuple(each for each in self.statements if isinstance(each, Unknown))

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        return tuple(each for each in self.statements if isinstance(each, Quantity))

    @property
    def observations(self) -> tuple[Observation, ...]:
        return tuple(each for each in self.statements if isinstance(each, Observation))


def json_schema() -> dict[str, object]:
    """The JSON schema of a `Spec`, as published in `docs/ir-schema.json`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Spec.model_json_schema()}
