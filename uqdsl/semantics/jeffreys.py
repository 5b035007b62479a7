"""Jeffreys' prior of an unknown, p(θ) ∝ sqrt(I(θ)), from what the likelihoods say of it.

With g_i(θ) a parameter of the law of place i, and I_law Fisher's information of the law about it, in closed form,

    I(θ) = Σ_i I_law(g_i(θ)) g_i'(θ)^2      (Jeffreys 1946).

The unknown itself is flat between its ends, and a factor of the density is half of the logarithm of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Label, Problem, Span, listing
from uqdsl.messages.catalogue.priors import NoInformation
from uqdsl.semantics.context import union
from uqdsl.semantics.declare import Declarations
from uqdsl.semantics.formulas import lower_formula
from uqdsl.vocabulary.information import INFORMATION

PRIOR = "Jeffreys"


class _Refused(Exception):
    """Why there is no such prior, and where the other half of the conflict stands."""

    def __init__(self, reason: str, other: Span | None = None, hint: str = "") -> None:
        super().__init__(reason)
        self.reason, self.other, self.hint = reason, other, hint


class WithInformation(NamedTuple):
    """The statements with the factors of Jeffreys' priors, and problems."""

    statements: tuple[ir.Statement, ...]
    problems: tuple[Problem, ...]


def with_information(
    statements: Sequence[ir.Statement], fields: Sequence[ir.DataField], declarations: Declarations
) -> WithInformation:
    """Add a factor for each of Jeffreys' priors; UQ282 where there is none."""
    factors: list[ir.Statement] = []
    problems: list[Problem] = []
    for each in statements:
        laws = _laws(each)
        if not any(law.distribution == PRIOR for law in laws):
            continue
        try:
            value = _log_root(each, statements, fields)
        except _Refused as refused:
            others = (Label(refused.other, "here"),) if refused.other is not None else ()
            at = next(law.span for law in laws if law.distribution == PRIOR)
            problems.append(
                NoInformation(at=at, name=each.name, reason=refused.reason, others=others, hint=refused.hint)
            )
            continue
        name = f"{each.name}_information"
        while name in declarations.values:
            name += "_"
        factors.append(ir.Factor(span=each.span, name=name, value=value))
    return WithInformation((*statements, *factors), tuple(problems))


def _laws(statement: ir.Statement) -> list[ir.Law]:
    """The law of a statement, and those of which it is made."""
    if not isinstance(statement, ir.Unknown | ir.Observation):
        return []
    found = [statement.law, *(statement.past.laws if statement.past is not None else ())]
    for law in found:
        found += law.components
    return found


def _log_root(
    unknown: ir.Statement, statements: Sequence[ir.Statement], fields: Sequence[ir.DataField]
) -> ir.Expression:
    """Half of the logarithm of the information about an unknown."""
    if not isinstance(unknown, ir.Unknown) or unknown.imputes or len(_laws(unknown)) > 1:
        raise _Refused("it is no unknown of which a likelihood could speak")
    if unknown.dims:
        raise _Refused(f"it is over `{unknown.dims[0]}`, and not a single number")
    written: dict[str, ir.Expression] = {}
    others = {each.name for each in statements if isinstance(each, ir.Unknown)} - {unknown.name}
    total: ir.Expression | None = None
    for each in statements:
        match each:
            case ir.Quantity(name=name, value=value):
                value = _substituted(value, written)
                if unknown.name in ir.names_used((value, each.past, each.flow)):
                    if each.past is not None or each.flow is not None:
                        raise _Refused(f"`{name}`, which is followed from place to place, depends on it", each.span)
                    written[name] = value
            case ir.Unknown(name=name) if name != unknown.name:
                if unknown.name in ir.names_used(_substituted((each.law, each.past), written)):
                    hint = "write the prior that you mean, such as a `HalfCauchy` of a scale"
                    raise _Refused(f"the law of another unknown, `{name}`, depends on it", each.span, hint)
            case ir.Factor():
                if unknown.name in ir.names_used(_substituted(each.value, written)):
                    raise _Refused("a factor depends on it, which is no likelihood", each.span)
            case ir.Observation():
                found = _information(unknown, each, written, others, fields)
                if found is not None:
                    parts = {"a": total, "b": found}
                    total = found if total is None else lower_formula("a + b", parts, unknown.span)  # type: ignore[arg-type]
    if total is None:
        raise _Refused("no likelihood depends on it")
    return lower_formula("0.5 * log(total)", {"total": total}, unknown.span)


def _substituted[T](part: T, written: dict[str, ir.Expression]) -> T:
    """A part of the IR with the quantities that depend on the unknown written out."""
    return ir.rewrite(part, lambda node: written.get(node.name) if isinstance(node, ir.Reference) else None)


def _information(
    unknown: ir.Unknown,
    observation: ir.Observation,
    written: dict[str, ir.Expression],
    others: set[str],
    fields: Sequence[ir.DataField],
) -> ir.Expression | None:
    """What one likelihood says of the unknown; nothing where it does not depend on it."""
    law, name, span = observation.law, observation.name, observation.span
    if unknown.name not in ir.names_used(_substituted((law, observation.past), written)):
        return None
    if observation.past is not None:
        raise _Refused(f"the law of `{name}` looks back", span)
    if law.lower is not None or law.upper is not None:
        raise _Refused(f"the law of `{name}` is {'censored' if law.censored else 'truncated'}", span)
    if any(field.name == name and field.missing for field in fields):
        raise _Refused(f"some of `{name}` is missing", span)
    known = INFORMATION.get(law.distribution, {})
    values = {each.name: each.value for each in law.arguments}
    seen = ir.Reference(span=unknown.span, name=unknown.name)
    terms: list[ir.Expression] = []
    for parameter, value in values.items():
        whole = _substituted(value, written)
        used = ir.names_used(whole)
        if unknown.name not in used:
            continue
        if parameter not in known:
            raise _Refused(f"what a `{law.distribution}` says of its {parameter} has no closed form here", law.span)
        formula, parts = known[parameter], dict(values)
        if not isinstance(whole, ir.Reference):  # which is the unknown itself
            formula = f"({formula}) * slope**2"
            parts["slope"] = ir.Derivative(span=span, value=whole, by=seen, dims=whole.dims)
        terms.append(lower_formula(formula, parts, span))
    if not terms:
        raise _Refused(f"the law of `{name}` is made of others", span)
    found = terms[0]
    for each in terms[1:]:
        found = lower_formula("a + b", {"a": found, "b": each}, span)
    mixed = ir.names_used(_substituted(found, written)) & others
    if mixed:
        reason = f"what `{name}` says of it depends on {listing(sorted(mixed), last='and')} too"
        hint = "write the priors that you mean: `Flat()` for a location, `factor -log(sigma)` with `Flat(0, inf)` for a scale"
        raise _Refused(reason, span, hint)
    if name in ir.names_used(found):
        raise _Refused(f"the law of `{name}` depends on `{name}` itself", span)
    return _added_up(found, observation)


def _added_up(value: ir.Expression, observation: ir.Observation) -> ir.Expression:
    """The sum over all places of the data, each as often as it counts."""
    span = observation.span
    if observation.weight is not None:
        value = lower_formula("w * x", {"w": observation.weight, "x": value}, span)
    if observation.where is not None:
        nothing = ir.Constant(span=span, value=0.0)
        dims = union(observation.where.dims, value.dims)
        value = ir.Choice(span=span, test=observation.where, then=value, otherwise=nothing, dims=dims)
    alike = tuple(dim for dim in observation.dims if dim not in value.dims)
    if alike:
        ones = ir.Constant(span=span, value=1.0, dims=alike)
        value = lower_formula("one * x", {"one": ones, "x": value}, span)
    if not observation.dims:
        return value
    return ir.Reduce(span=span, function="sum", operand=value, over=observation.dims, dims=())
