"""What is legal and still probably not meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isinf

from uqdsl import ir
from uqdsl.messages import Problem, Span
from uqdsl.messages.catalogue.kinds import NothingObserved, NoUnknown
from uqdsl.messages.catalogue.lints import Conditioned, ImproperPosterior, UnusedField, UnusedUnknown
from uqdsl.semantics.declare import Declarations
from uqdsl.semantics.walk import names_in
from uqdsl.syntax import tree
from uqdsl.vocabulary.distributions import DISTRIBUTIONS

BUILT = (
    tree.Setting,
    tree.Dim,
    tree.Time,
    tree.Data,
    tree.Prior,
    tree.Let,
    tree.Likelihood,
    tree.Factor,
    tree.Function,
    tree.Extern,
    tree.Network,
    tree.State,
    tree.Population,
    tree.Infer,
    tree.Assimilate,
    tree.Uncertainty,
    tree.Predict,
    tree.Calibrate,
    tree.Include,
)
"""The statements that this version can run."""


def check_question(written: tree.Tree) -> tuple[Problem, ...]:
    """UQ325 where nothing is unknown, UQ321 where nothing is observed; only where every statement is one that is known.

    A `population` is both: the values that are missing are unknown, and the others are observed.
    """
    statements = written.statements
    if not all(isinstance(each, BUILT) for each in statements):
        return ()
    if not any(
        isinstance(each, tree.Prior | tree.Population | tree.Network) or _starts_unknown(each) for each in statements
    ):
        return (NoUnknown(),)
    if not any(isinstance(each, tree.Likelihood | tree.Factor | tree.Population) for each in statements):
        fields = {each.target.name for data in statements if isinstance(data, tree.Data) for each in _fields(data)}
        if any(isinstance(each, tree.Prior) and each.target.name in fields for each in statements):
            return ()  # this prior of data is a problem of its own, and meant to be the likelihood
        return (NothingObserved(),)
    return ()


def _starts_unknown(statement: tree.Statement) -> bool:
    """Whether a statement is of states with a law of their values at the first time."""
    clauses = statement.clauses if isinstance(statement, tree.State) else ()
    return any(each.equation is not None and each.equation.sign == "~" for each in clauses)


def _fields(data: tree.Data) -> list[tree.Field]:
    return [each for each in data.entries if isinstance(each, tree.Field)]


def check_informed(spec: ir.Spec, declarations: Declarations) -> tuple[Problem, ...]:
    """UQ320 for each unknown of a sound spec that no data depend on; UQ338 where its own density has no finite integral."""
    definitions = {each.name: each for each in spec.statements if isinstance(each, ir.Unknown | ir.Quantity)}
    reached: set[str] = set()
    waiting: list[str] = []
    for each in spec.statements:
        if isinstance(each, ir.Observation | ir.Factor) or (isinstance(each, ir.Unknown) and each.imputes):
            waiting += (each.name, *ir.names_used(each))
        elif isinstance(each, ir.Unknown) and not DISTRIBUTIONS[each.law.distribution].normalised:
            waiting += ir.names_used(each)  # the integral of such a law depends on its ends
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            if name in definitions:
                waiting += ir.names_used(definitions[name])
    # What a statement brings with it has no declaration of its own, but the span of what has.
    unused: dict[Span, list[ir.Unknown]] = {}
    for unknown in spec.unknowns:
        if unknown.name not in reached:
            unused.setdefault(unknown.span, []).append(unknown)
    shown = {definitions[name].span: each for name, each in declarations.values.items() if name in definitions}
    problems: list[Problem] = []
    for span, unknowns in unused.items():
        name, at = (shown[span].name, shown[span].whole) if span in shown else (unknowns[0].name, span)
        endless = next((each.law.distribution for each in unknowns if _is_endless(each)), None)
        if endless is None:
            problems.append(UnusedUnknown(at=at, name=name))
        else:
            reason = f"nothing in the data depends on `{name}`, and `{endless}` has no finite integral"
            problems.append(ImproperPosterior(at=at, reason=reason))
    return tuple(problems)


def _is_endless(unknown: ir.Unknown) -> bool:
    """Whether the law of an unknown is flat as far as an end that is infinite."""
    law = unknown.law
    if DISTRIBUTIONS[law.distribution].normalised:
        return False
    ends = (each.value for each in law.arguments)
    return any(isinstance(end, ir.Constant) and isinf(end.value) for end in ends)


def check_used(spec: ir.Spec, written: tree.Tree) -> tuple[Problem, ...]:
    """UQ333 for each field of a sound spec that no statement names, and that says no labels of a dimension in use."""
    named = {name.name for each in written.statements for name in names_in(each)}
    named |= {each.target.name for each in written.statements if isinstance(each, tree.Likelihood | tree.Population)}
    ranged = Counter(dim for each in spec.fields for dim in each.dims)
    ranged.update(ir.base(dim) for each in spec.statements if not isinstance(each, ir.Factor) for dim in set(each.dims))
    listed = {dim.name for dim in spec.dims if dim.labels is not None}
    problems: list[Problem] = []
    for field in spec.fields:
        dim = field.name if field.name in field.dims else field.of
        labels = dim is not None and (dim == field.name or dim not in listed)
        others = dim is not None and (dim in named or ranged[dim] > field.dims.count(dim))
        if field.name not in named and not (labels and others):
            problems.append(UnusedField(at=field.span, name=field.name))
    return tuple(problems)


def check_conditioned(spec: ir.Spec) -> tuple[Problem, ...]:
    """UQ341, a note, for each likelihood that looks back beyond the first places of its data."""
    return tuple(
        Conditioned(
            at=each.span,
            name=each.name,
            places="the first value" if each.past.steps == 1 else f"the first {each.past.steps} values",
            are="is" if each.past.steps == 1 else "are",
            dim=each.past.along,
        )
        for each in spec.observations
        if each.past is not None
    )


def without_halves(problems: Sequence[Problem]) -> list[Problem]:
    """The problems without UQ333 where there is UQ320 or UQ338: an unknown and a field that one forgotten term lacks."""
    forgotten = any(isinstance(each, UnusedUnknown | ImproperPosterior) for each in problems)
    return [each for each in problems if not (forgotten and isinstance(each, UnusedField))]
