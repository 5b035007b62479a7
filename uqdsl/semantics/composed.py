"""Priors that bring other unknowns with them: `prior beta[k] ~ Horseshoe(0.1)`."""

from __future__ import annotations

from uqdsl import ir
from uqdsl.messages import errors, listing
from uqdsl.messages.catalogue.priors import NotOfThisPrior
from uqdsl.semantics.allowed import ALLOW
from uqdsl.semantics.context import Context
from uqdsl.semantics.formulas import lower_formula
from uqdsl.semantics.laws import lower_event
from uqdsl.semantics.parameters import lower_arguments
from uqdsl.semantics.walk import ungrouped
from uqdsl.syntax import tree
from uqdsl.vocabulary.composed import Composed


def lower_composed(
    law: Composed, statement: tree.Prior, dims: tuple[str, ...], context: Context
) -> tuple[ir.Statement, ...] | None:
    """The unknowns of which a law is made, and the quantity that is made of them."""
    call = ungrouped(statement.law)
    if not isinstance(call, tree.Call):
        return None
    check_no_modifiers(law.name, statement, ("nuisance",), context)
    event, given = lower_event(law, call, dims, context)
    if event is None:
        return None
    arguments = lower_arguments(law, given, call, dims, event, None, context)
    if errors(context.problems) or not all(each.sound for each in arguments.values()):
        return None
    name, span = statement.target.name, statement.span
    batch = tuple(dim for dim in dims if dim not in event)
    hidden = any(each.name == "nuisance" for each in statement.modifiers)
    values = {each: value.node for each, value in arguments.items()}
    parts: list[ir.Statement] = []
    for part in law.parts:
        own = ir.Law(
            span=statement.law.span,
            distribution=part.law,
            arguments=tuple(
                ir.Argument(span=call.span, name=each, value=lower_formula(formula, values, call.span))
                for each, formula in part.arguments.items()
            ),
            event=event if part.joint else (),
        )
        over = batch if part.shared else own.arranged(dims)
        unknown = ir.Unknown(
            span=span, name=f"{name}_{part.suffix}", dims=over, law=own, nuisance=hidden or not part.shared
        )
        parts.append(unknown)
        values[part.symbol] = ir.Reference(span=span, name=unknown.name, dims=over)
    value = lower_formula(law.formula, values, call.span)
    return (*parts, ir.Quantity(span=span, name=name, dims=dims, value=value, fixed=False))


def check_no_modifiers(law: str, statement: tree.Prior, but: tuple[str, ...], context: Context) -> None:
    """UQ280 for modifiers that a prior with unknowns of its own cannot have."""
    for each in statement.modifiers:
        if each.name not in (*but, ALLOW):
            hint = f"take it out; it can be {listing(but)}"
            if each.name == "noncentered":
                hint = f"take it out: a `{law}` is drawn so as it is"
            context.report(NotOfThisPrior(at=each.span, modifier=each.name, law=law, hint=hint))
