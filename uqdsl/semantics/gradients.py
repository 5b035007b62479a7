"""Functions without a gradient, where a method needs that of the log density."""

from __future__ import annotations

from uqdsl import ir
from uqdsl.messages import Label, Problem
from uqdsl.messages.catalogue.methods import GradientNeeded
from uqdsl.messages.catalogue.networks import WrongGradient
from uqdsl.vocabulary.methods import Assumption, method_named


def check_gradients(spec: ir.Spec) -> tuple[Problem, ...]:
    """UQ387 for gradients of such functions; UQ505 for each call of one in what the log density is made of.

    What follows from data alone is let be.
    """
    opaque = ir.nondifferentiable(spec)
    declared = {each.name: each.span for each in (*spec.functions, *spec.externs)}
    wrong = tuple(
        WrongGradient(
            at=call.span,
            reason=f"cannot be had of `{call.function}`, which JAX cannot follow",
            others=(Label(declared[call.function], "has no gradient"),),
        )
        for statement in spec.statements
        for call in ir.nodes(statement)
        if isinstance(call, ir.Invoke) and call.by is not None and call.function in opaque
    )
    methods = [method_named(run.method) for run in spec.runs]
    needed = [each.name for each in methods if each is not None and Assumption.DIFFERENTIABLE in each.assumptions]
    if wrong or not opaque or not needed:
        return wrong
    return tuple(
        GradientNeeded(
            at=call.span,
            method=needed[0],
            name=call.function,
            others=(Label(declared[call.function], "has no gradient"),),
            hint=_instead(call, spec),
        )
        for statement in _of_density(spec)
        for call in ir.nodes(statement)
        if isinstance(call, ir.Invoke) and call.function in opaque
    )


def _of_density(spec: ir.Spec) -> list[ir.Statement]:
    """The statements that the log density is made of, without quantities of data alone."""
    used: set[str] = set()
    found: list[ir.Statement] = []
    for each in reversed(spec.statements):
        if isinstance(each, ir.Quantity) and (each.fixed or not used & {each.name, *each.together}):
            continue
        used |= ir.names_used(each)
        found.append(each)
    return found[::-1]


def _instead(call: ir.Invoke, spec: ir.Spec) -> str:
    random = {each.name for each in (*spec.unknowns, *spec.quantities) if not getattr(each, "fixed", False)}
    if not ir.names_used(call) & random:
        return f"give it a `let` of its own, which is computed once: `let … = {call.function}(…)`"
    return "write it with `jax.numpy` and without `nondifferentiable`; a `let` that no law or factor uses may call it as it is"
