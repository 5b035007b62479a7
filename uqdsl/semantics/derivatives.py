"""Derivatives: `gradient(H(q, p), p)`, of a function by one of its arguments, at these."""

from __future__ import annotations

from uqdsl import ir
from uqdsl.messages import listing
from uqdsl.messages.catalogue.networks import WrongGradient
from uqdsl.semantics.context import Context, Typed, poison
from uqdsl.semantics.functions import Lower, refused_arguments
from uqdsl.semantics.networks import meaning
from uqdsl.semantics.wording import over
from uqdsl.syntax import tree
from uqdsl.vocabulary.functions import GRADIENT


def lower_gradient(expression: tree.Call, context: Context, lower: Lower) -> Typed:
    """The derivative of a call, a number for each place, by one of its arguments; it is over what that argument is over too.

    A function is the same for each place of the dimensions that are not its own. So the derivative is taken place by place.
    """
    refused = refused_arguments(GRADIENT, expression, "call and the argument", 2, context)
    if refused is not None:
        return refused
    of, by = (each for each in expression.arguments if not isinstance(each, tree.Named))
    value, argument = lower(of, context.anywhere()), lower(by, context.anywhere())
    if not value.sound or not argument.sound:
        return poison(expression.span)
    call = value.node
    if not isinstance(call, ir.Invoke) or call.by is not None:
        hint = "give it a name first: `function g(x) = …`, and then `gradient(g(x), x)`"
        return context.report(WrongGradient(at=of.span, reason="is of a call of a network or a function", hint=hint))
    owner = context.networks.get(call.function) or context.functions[call.function]
    places = [place for place, each in enumerate(call.arguments) if meaning(each) == meaning(argument.node)]
    if len(places) != 1:
        shown = context.written(by.span)
        written = [context.written(each.span) for each in call.arguments]
        several = f"is by one argument, and `{shown}` is several of those of `{call.function}`"
        reason = several if places else f"is by an argument as it stands in the call, and `{shown}` is none"
        hint = "write a function of one argument for it" if places else f"write {listing(written)}"
        return context.report(WrongGradient(at=by.span, reason=reason, hint=hint))
    kept = tuple(dim for dim in call.dims if dim in call.own)
    if kept:
        hint = f"write a function that gives one of its values, or `sum(…, over = {kept[0]})`"
        reason = f"is of single numbers, and `{call.function}` gives values over {over(kept)}"
        return context.report(WrongGradient(at=of.span, reason=reason, hint=hint))
    axes = owner.parameters[places[0]][1]
    node = call.model_copy(update={"span": expression.span, "by": places[0], "dims": (*call.dims, *axes)})
    return Typed(node, random=value.random)
