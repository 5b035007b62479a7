"""Derivatives of functions that have none."""

from __future__ import annotations

from uqdsl import ir
from uqdsl.messages import Label, Problem
from uqdsl.messages.catalogue.networks import WrongGradient


def check_gradients(spec: ir.Spec) -> tuple[Problem, ...]:
    """UQ387 for each derivative of a function that JAX cannot follow."""
    opaque = ir.nondifferentiable(spec)
    declared = {each.name: each.span for each in (*spec.functions, *spec.externs)}
    return tuple(
        WrongGradient(
            at=call.span,
            reason=f"cannot be had of `{call.function}`, which JAX cannot follow",
            others=(Label(declared[call.function], "has no gradient"),),
        )
        for statement in spec.statements
        for call in ir.nodes(statement)
        if isinstance(call, ir.Invoke) and call.by is not None and call.function in opaque
    )
