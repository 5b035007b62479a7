"""Whether values lie in the support that their place requires, and what to write where they do not."""

from __future__ import annotations

from enum import Enum, auto

from uqdsl import ir
from uqdsl.semantics.context import Context, Typed
from uqdsl.semantics.declare import What
from uqdsl.vocabulary.supports import BINARY, KINDS, NONNEGATIVE, UNIT, Support, kind_that_holds


class Fit(Enum):
    """How values and a required support go together."""

    FITS = auto()
    MAY_LEAVE = auto()
    """An expression that leaves it for some values of the unknowns, each of which the prior allows."""
    LEAVES = auto()
    """Values that, by plain declaration or whatever happens, do not lie in it."""


def fit(found: Typed, required: Support, context: Context) -> Fit:
    """How the values of an expression and a required support go together.

    A compound expression is given the benefit of the doubt: interval arithmetic does not see that `p * (1 - p)` stays
    below one, and data may well be such that `x - shift` is positive. Only what is sure is said.
    """
    if not found.sound or found.support.within(required):
        return Fit.FITS
    if not found.support.meets(required):
        return Fit.LEAVES
    if required.integer and not found.support.integer:
        return Fit.LEAVES
    node = _root(found.node)
    if isinstance(node, ir.Constant):
        return Fit.LEAVES
    if isinstance(node, ir.Reference):
        declared = context.declarations.values.get(node.name)
        what = declared.what if declared is not None else None
        if node.name in context.parameters:
            what = What.QUANTITY
        if what is What.FIELD:
            # No kind says "strictly between 0 and 1" or "whole and above 0": what no declaration could promise is not
            # asked for. Of 0 and 1, though, some will be 0.
            expressible = KINDS[kind_that_holds(found.support.common(required))]
            promised = found.support.within(expressible) and found.support != BINARY
            return Fit.FITS if promised else Fit.LEAVES
        if what is not What.QUANTITY:
            return Fit.LEAVES
    # An end itself, as the zero of `m^2`, has no probability.
    leaves = not found.support.within(required._replace(open_lower=False, open_upper=False))
    return Fit.MAY_LEAVE if leaves and found.random and found.spread is not None else Fit.FITS


def _root(node: ir.Expression) -> ir.Expression:
    """The array from which selections take."""
    while isinstance(node, ir.Gather | ir.Pick):
        node = node.value
    return node


def how_to_narrow(found: Typed, required: Support, context: Context) -> str:
    """What to write so that a value lies in a support."""
    node = _root(found.node)
    if not isinstance(node, ir.Reference):
        if required.integer and not found.support.integer:
            return "write `floor(…)` for the whole part of it"
        return _by_function("…", required) if found.random else ""
    declared = context.declarations.values.get(node.name)
    what = declared.what if declared is not None else None
    if what is What.FIELD:
        kind = kind_that_holds(found.support.common(required))
        if found.support.integer and KINDS[kind] == BINARY and not BINARY.within(required):
            return f"{required} are needed, such as the share `{node.name} / …`"
        return f"declare the field as `{node.name} : {kind}`"
    if what is What.UNKNOWN and required.lower == 0:
        law = "a prior on numbers between 0 and 1, such as `Beta(1, 1)`"
        if required.upper > 1:
            law = "a prior on positive numbers, such as `HalfNormal(1)`"
        function = _by_function(node.name, required)
        return f"give `{node.name}` {law}{', or ' + function if function else ''}"
    return _by_function(node.name, required) if found.random else ""


def _by_function(shown: str, required: Support) -> str:
    """The usual way from the real line to a support."""
    if required.integer:
        return ""
    if required.within(UNIT):
        return f"write `sigmoid({shown})`"
    return f"write `exp({shown})`" if required.within(NONNEGATIVE) and required.upper == float("inf") else ""
