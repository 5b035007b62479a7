"""Unknowns that are joint by a modifier: `ordered`, `sum_to_zero`, and `noncentered` ones of a MultiNormal."""

from __future__ import annotations

from math import inf
from typing import Literal

from uqdsl import ir
from uqdsl.messages import Label, listing
from uqdsl.messages.catalogue.kinds import CannotNoncenter, CannotOrder, WrongModifier
from uqdsl.semantics.context import Context
from uqdsl.semantics.expressions import dimension
from uqdsl.semantics.laws import LoweredLaw
from uqdsl.syntax import tree
from uqdsl.vocabulary.distributions import DISTRIBUTIONS

type Restriction = Literal["", "ordered", "sum_to_zero"]


def lower_restriction(
    statement: tree.Prior, dims: tuple[str, ...], lowered: LoweredLaw, context: Context
) -> tuple[Restriction, tuple[str, ...]]:
    """`ordered` or `sum_to_zero`, and the dimensions along which it holds: the only one, or those in parentheses."""
    found = [each for each in statement.modifiers if each.name in ("ordered", "sum_to_zero")]
    if not found:
        return "", ()
    modifier = found[0]
    restriction: Restriction = "ordered" if modifier.name == "ordered" else "sum_to_zero"
    along = [None if isinstance(each, tree.Named) else dimension(each, context) for each in modifier.arguments or ()]
    if None in along:
        return "", ()
    named = tuple(each for each in along if each is not None)
    if not named and len(dims) == 1:
        named = dims
    reason, hint = _why_not(restriction, named, statement, dims, lowered, len(found) > 1)
    if reason:
        name = statement.target.name
        context.report(CannotOrder(at=modifier.span, name=name, restriction=modifier.name, reason=reason, hint=hint))
        return "", ()
    if modifier.arguments == ():
        context.report(WrongModifier(at=modifier.span, name=modifier.name, how="takes nothing in parentheses"))
    return restriction, named


def _why_not(
    restriction: Restriction,
    along: tuple[str, ...],
    statement: tree.Prior,
    dims: tuple[str, ...],
    lowered: LoweredLaw,
    both: bool,
) -> tuple[str, str]:
    """Why the values cannot be so, and what to write instead; nothing where they can."""
    name = statement.target.name
    law = lowered.law
    if both:
        return "what is ordered and sums to zero has no sampler here", "keep one of the two"
    if not dims:
        return "it is a single number", f"declare it over a dimension: `{name}[k]`"
    if not along:
        return "it is over several dimensions", f"say along which: {listing(f'{restriction}({dim})' for dim in dims)}"
    missing = [dim for dim in along if dim not in dims]
    if missing:
        return f"it is not over `{missing[0]}`", ""
    if law.event or any(each.name in ("noncentered", "starting") for each in statement.modifiers):
        other = f"`{law.distribution}`" if law.event else "`noncentered` or `starting at`"
        return f"it does not go together with {other}", ""
    if lowered.support.integer:
        return "it takes whole numbers only", ""
    if restriction == "ordered":
        return ("values are ordered along one dimension", "") if len(along) > 1 else ("", "")
    values = {each.name: each.value for each in law.arguments}
    ends = [value.value for value in values.values() if isinstance(value, ir.Constant)]
    if law.distribution == "Flat" and ends == [-inf, inf]:
        return "", ""
    centred = isinstance(values.get("mean"), ir.Constant) and values["mean"].value == 0  # type: ignore[union-attr]
    if law.distribution != "Normal" or not centred or law.lower is not None or law.upper is not None:
        return (
            "that holds for a Normal around 0 and for `Flat()` only",
            f"write `prior {name}[…] ~ Normal(0, s) sum_to_zero`, and add the rest",
        )
    if set(values["sd"].dims) & set(along):
        return f"its sd differs along `{along[0]}`", ""
    return "", ""


def is_noncentered(modifiers: tuple[tree.Modifier, ...], lowered: LoweredLaw, context: Context) -> bool:
    """Whether an unknown is `noncentered`; UQ310 where its law cannot be."""
    modifier = next((each for each in modifiers if each.name == "noncentered"), None)
    if modifier is None:
        return False
    truncated = next((each for each in modifiers if each.name == "truncated"), None)
    if lowered.distribution.name == "MultiNormal":
        return True
    if lowered.distribution.location_scale is None:
        possible = [f"`{each.name}`" for each in DISTRIBUTIONS.values() if each.location_scale]
        what = f"`{lowered.distribution.name}` has no location and scale"
        hint = f"take `noncentered` out; it is for {', '.join(possible)}"
        context.report(CannotNoncenter(at=modifier.span, what=what, hint=hint))
    elif truncated is not None:
        others = (Label(truncated.span, "truncated here"),)
        hint = "take `noncentered` or `truncated` out"
        what = f"a truncated `{lowered.distribution.name}` cannot be shifted and scaled"
        context.report(CannotNoncenter(at=modifier.span, what=what, others=others, hint=hint))
    return True


def decorrelated(unknown: ir.Unknown) -> tuple[ir.Statement, ...]:
    """An unknown as it is; of a noncentered MultiNormal the mean + L z, with z standard normal and L L' the covariance."""
    if not unknown.noncentered or unknown.law.distribution != "MultiNormal":
        return (unknown,)
    (dim,) = unknown.law.event
    copy = dim + "'"
    values = {each.name: each.value for each in unknown.law.arguments}
    span = unknown.law.span
    factor = values.get("cholesky")
    if factor is None:
        matrix = values.get("covariance")
        if matrix is None:
            precision = values["precision"]
            matrix = ir.Matrix(
                span=span, function="inverse", operands=(precision,), rows=dim, columns=copy, dims=precision.dims
            )
        factor = ir.Matrix(span=span, function="cholesky", operands=(matrix,), rows=dim, columns=copy, dims=matrix.dims)
    batch = tuple(each for each in unknown.dims if each != dim)
    name = f"{unknown.name}_decentered"
    zero, one = ir.Constant(span=span, value=0.0), ir.Constant(span=span, value=1.0)
    arguments = (ir.Argument(name="mean", value=zero), ir.Argument(name="sd", value=one))
    law = ir.Law(span=span, distribution="Normal", arguments=arguments)
    steps = ir.Unknown(span=unknown.span, name=name, dims=unknown.dims, law=law, nuisance=True)
    own = ir.Reference(span=span, name=name, dims=unknown.dims)
    renamed = ir.Rename(span=span, value=own, names=((dim, copy),), dims=(*batch, copy))
    over = tuple(dict.fromkeys((*factor.dims, *batch, copy)))
    product = ir.Operation(span=span, operator="*", operands=(factor, renamed), dims=over)
    kept = tuple(each for each in over if each != copy)
    spread = ir.Reduce(span=span, function="sum", operand=product, over=(copy,), dims=kept)
    mean = values["mean"]
    value: ir.Expression = spread
    if not (isinstance(mean, ir.Constant) and mean.value == 0):
        dims = tuple(dict.fromkeys((*mean.dims, *kept)))
        value = ir.Operation(span=span, operator="+", operands=(mean, spread), dims=dims)
    made = ir.Quantity(span=unknown.span, name=unknown.name, dims=unknown.dims, value=value, fixed=False)
    return steps, made
