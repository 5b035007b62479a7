"""What statements of the model have in common: the dimensions on their left and the modifiers at their end."""

from __future__ import annotations

from uqdsl.messages import Label, Span, did_you_mean, listing
from uqdsl.messages.catalogue.kinds import GivenTwice, WrongModifier
from uqdsl.messages.catalogue.names import UnknownDimension, UnknownModifier
from uqdsl.semantics.allowed import ALLOW
from uqdsl.semantics.context import Context
from uqdsl.semantics.declare import What, not_in_file
from uqdsl.semantics.tables import axis_names
from uqdsl.syntax import tree

PRIOR_MODIFIERS = ("noncentered", "truncated", "nuisance", "ordered", "sum_to_zero", "starting")
LIKELIHOOD_MODIFIERS = ("where", "weight", "truncated", "censored", "batch")
EXTERN_MODIFIERS = ("nondifferentiable",)
_PLAIN = ("noncentered", "nuisance", "nondifferentiable")
"""Modifiers that are a word alone."""


def lower_axes(target: tree.Target, context: Context) -> tuple[str, ...] | None:
    """The dimensions on the left, which have to exist (UQ203)."""
    dims = axis_names(target, context.problems)
    for axis in target.axes:
        if axis.name not in context.dims:
            if not context.declarations.may_declare(axis.name):
                hint = _which_dimension(axis.name, context)
                problem = not_in_file(axis.span, axis.name, context.declarations)
                context.report(problem or UnknownDimension(at=axis.span, dim=axis.name, hint=hint))
            return None
    return None if context.problems else dims


def _which_dimension(name: str, context: Context) -> str:
    declared = context.declarations.values.get(name)
    if name in context.declarations.categories:
        return f"did you mean `{context.declarations.categories[name]}`, whose labels it holds?"
    if declared is not None and declared.what is What.FIELD:
        axes = f"[{', '.join(declared.axes)}]" if declared.axes else ""
        return f"if `{name}` says to which group a row belongs, declare it so: `{name}{axes} : category`"
    return did_you_mean(name, context.dims)


def _place_of(name: str, what: str) -> str:
    """Where a modifier belongs that a statement cannot have."""
    if what == "a `let`" and name in (*PRIOR_MODIFIERS, *LIKELIHOOD_MODIFIERS):
        return f"take it out: `{name}` is said of a law, and a `let` has none"
    if name in PRIOR_MODIFIERS:
        return f"take it out: `{name}` is said of a prior"
    return f"take it out: `{name}` is said of a likelihood" if name in LIKELIHOOD_MODIFIERS else ""


def check_modifiers(modifiers: tuple[tree.Modifier, ...], known: tuple[str, ...], what: str, context: Context) -> None:
    """UQ223, UQ322 and UQ327 for modifiers that a statement cannot have."""
    seen: dict[str, Span] = {}
    for modifier in modifiers:
        if modifier.name == ALLOW:
            continue
        if modifier.name in seen:
            others = (Label(seen[modifier.name], "first here"),)
            context.report(GivenTwice(at=modifier.span, owner=context.owner, name=modifier.name, others=others))
            continue
        seen[modifier.name] = modifier.span
        if modifier.name not in known:
            otherwise = _place_of(modifier.name, what) or f"it can be {listing((*known, ALLOW))}"
            hint = did_you_mean(modifier.name, (*known, ALLOW), otherwise=otherwise)
            context.report(UnknownModifier(at=modifier.name_span, name=modifier.name, what=what, hint=hint))
        elif modifier.name in _PLAIN and modifier.arguments is not None:
            context.report(WrongModifier(at=modifier.span, name=modifier.name, how="takes nothing in parentheses"))
