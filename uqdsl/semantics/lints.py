"""What is legal and still probably not meant."""

from __future__ import annotations

from uqdsl import ir
from uqdsl.messages import Problem
from uqdsl.messages.catalogue.kinds import NothingObserved, NoUnknown, UnusedUnknown
from uqdsl.semantics.declare import Declarations
from uqdsl.syntax import tree

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
    tree.State,
    tree.Population,
    tree.Infer,
)
"""The statements that this version can run."""


def check_question(written: tree.Tree) -> tuple[Problem, ...]:
    """UQ325 where nothing is unknown, UQ321 where nothing is observed; only where every statement is one that is known."""
    statements = written.statements
    if not all(isinstance(each, BUILT) for each in statements):
        return ()
    if not any(isinstance(each, tree.Prior) for each in statements):
        return (NoUnknown(),)
    if not any(isinstance(each, tree.Likelihood | tree.Factor) for each in statements):
        fields = {each.target.name for data in statements if isinstance(data, tree.Data) for each in _fields(data)}
        if any(isinstance(each, tree.Prior) and each.target.name in fields for each in statements):
            return ()  # this prior of data is a problem of its own, and meant to be the likelihood
        return (NothingObserved(),)
    return ()


def _fields(data: tree.Data) -> list[tree.Field]:
    return [each for each in data.entries if isinstance(each, tree.Field)]


def check_informed(spec: ir.Spec, declarations: Declarations) -> tuple[Problem, ...]:
    """UQ320 for each unknown of a sound spec that no data depend on."""
    definitions = {each.name: each for each in spec.statements if isinstance(each, ir.Unknown | ir.Quantity)}
    reached: set[str] = set()
    waiting: list[str] = []
    for each in spec.statements:
        if isinstance(each, ir.Observation | ir.Factor):
            waiting += (each.name, *ir.names_used(each))
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            if name in definitions:
                waiting += ir.names_used(definitions[name])
    # What a prior brings with it has no declaration of its own, but the span of what has.
    unused = {unknown.span for unknown in spec.unknowns if unknown.name not in reached}
    declared = {name: declarations.values[name] for name in definitions if name in declarations.values}
    return tuple(
        UnusedUnknown(at=each.whole, name=name) for name, each in declared.items() if definitions[name].span in unused
    )
