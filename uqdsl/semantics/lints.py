"""What is legal and still probably not meant."""

from __future__ import annotations

from uqdsl import ir
from uqdsl.messages import Problem
from uqdsl.messages.catalogue.kinds import NothingObserved, NoUnknown, UnusedUnknown


def check_informed(spec: ir.Spec) -> tuple[Problem, ...]:
    """UQ320 for each unknown that no data depend on, UQ321 and UQ325 where there are no data or no unknowns at all."""
    if not spec.unknowns:
        return (NoUnknown(),)
    informing = [each for each in spec.statements if isinstance(each, ir.Observation | ir.Factor)]
    if not informing:
        return (NothingObserved(),)
    definitions = {each.name: each for each in spec.statements if isinstance(each, ir.Unknown | ir.Quantity)}
    reached: set[str] = set()
    waiting = [*set().union(*(ir.names_used(each) for each in informing))]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            if name in definitions:
                waiting += ir.names_used(definitions[name])
    return tuple(
        UnusedUnknown(at=unknown.span, name=unknown.name) for unknown in spec.unknowns if unknown.name not in reached
    )
