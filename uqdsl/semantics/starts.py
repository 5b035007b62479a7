"""How statements that look back start: `starting at` a value, a law, or a list of one for each step back."""

from __future__ import annotations

from dataclasses import replace

from uqdsl import ir
from uqdsl.messages import Label
from uqdsl.messages.catalogue.kinds import NotALaw
from uqdsl.messages.catalogue.names import CannotRecur, ListLength, NoStart, NothingStarts
from uqdsl.semantics.context import Context
from uqdsl.semantics.expressions import number
from uqdsl.semantics.laws import LoweredLaw, lower_law
from uqdsl.semantics.walk import law_name, ungrouped
from uqdsl.semantics.wording import plural
from uqdsl.syntax import tree
from uqdsl.vocabulary.distributions import DISTRIBUTIONS


def looking_back(context: Context, dims: tuple[str, ...]) -> Context:
    """The place of a statement over these dimensions: it may look back along those without a boundary."""
    back = {dim: 0 for dim in dims if dim in context.dims and context.dims[dim].boundary is None}
    return replace(context, back=back, starts=[])


def looked_back(context: Context, statement: tree.Node) -> tuple[str, int] | None:
    """Along which dimension a statement looks back, and how far; UQ239 where it is several."""
    found = [(dim, steps) for dim, steps in context.back.items() if steps > 0]
    if len(found) > 1:
        names = " and ".join(f"`{dim}`" for dim, _ in found)
        hint = "look back along one of them"
        context.report(CannotRecur(at=statement.span, reason=f"it goes along {names} at once", hint=hint))
    return found[0] if found else None


def lower_start(
    statement: tree.Prior | tree.Let, dims: tuple[str, ...], lowered: LoweredLaw | None, context: Context
) -> ir.Past | None:
    """The start of a prior, whose law is given, or of a `let`."""
    modifier = next((each for each in statement.modifiers if each.name == "starting"), None)
    found = looked_back(context, statement)
    if found is None:
        if modifier is not None and not context.problems:
            name = statement.target.name
            hint = f"take it out, or look back, as in `{name}[{dims[0]} - 1]`" if dims else "take it out"
            context.report(NothingStarts(at=modifier.span, name=name, hint=hint))
        return None
    along, steps = found
    if modifier is None or not modifier.arguments:
        context.report(NoStart(at=statement.target.span, name=statement.target.name, dim=along))
        return None
    if lowered is not None and along in lowered.law.event:
        context.report(CannotRecur(at=statement.span, reason=f"`{along}` is the event of its law"))
        return None
    written = modifier.arguments[0]
    value = ungrouped(written.value if isinstance(written, tree.Named) else written)
    items = value.items if isinstance(value, tree.Listing) else (value,)
    if isinstance(value, tree.Listing) and len(items) < steps:
        expected, given = plural(steps, "step"), plural(len(items), "item")
        context.report(ListLength(at=value.span, dim=along, expected=f"{expected} back", found=given))
        return None
    place = replace(context, ranges=tuple(dim for dim in dims if dim != along), list_dim=None, back={})
    steps = max(steps, len(items))
    if any(_is_law(each) for each in items):
        if lowered is None:
            context.report(NotALaw(at=value.span, hint="a `let` starts at values; an unknown, a `prior`, at laws"))
            return None
        laws = [lower_law(each, _truncations(statement), place.ranges, place) for each in items]
        if None in laws:
            return None
        return ir.Past(
            span=modifier.span, along=along, steps=steps, laws=tuple(each.law for each in laws if each is not None)
        )
    values = [number(each, place) for each in items]
    context.starts.extend(values)
    return ir.Past(span=modifier.span, along=along, steps=steps, values=tuple(each.node for each in values))


def _truncations(statement: tree.Prior | tree.Let) -> tuple[tree.Modifier, ...]:
    return tuple(each for each in statement.modifiers if each.name == "truncated")


def _is_law(expression: tree.Expression) -> bool:
    return law_name(expression) in DISTRIBUTIONS


def standardised(unknown: ir.Unknown) -> tuple[ir.Unknown, ir.Quantity]:
    """A noncentered unknown that looks back: standard steps, and the recurrence that makes it of them."""
    past = unknown.past
    location, scale = DISTRIBUTIONS[unknown.law.distribution].location_scale or ("", "")
    name = f"{unknown.name}_decentered"
    own = ir.Reference(span=unknown.span, name=name, dims=unknown.dims)
    fixed = {location: 0.0, scale: 1.0}
    arguments = tuple(
        each.model_copy(update={"value": ir.Constant(span=each.span, value=fixed[each.name])})
        if each.name in fixed
        else each
        for each in unknown.law.arguments
    )
    steps = ir.Unknown(
        span=unknown.span,
        name=name,
        dims=unknown.dims,
        law=unknown.law.model_copy(update={"arguments": arguments}),
        nuisance=True,
    )
    starts = list(past.values) if past is not None else []
    for place in range(past.steps if past is not None and past.laws else 0):
        law = past.laws[place if len(past.laws) > 1 else 0]  # type: ignore[union-attr]
        step = ir.at_place(own, past.along, place)  # type: ignore[union-attr]
        starts.append(_placed(law, step, location, scale))
    made = ir.Quantity(
        span=unknown.span,
        name=unknown.name,
        dims=unknown.dims,
        value=_placed(unknown.law, own, location, scale),
        fixed=False,
        past=past.model_copy(update={"values": tuple(starts), "laws": ()}) if past is not None else None,
    )
    return steps, made


def _placed(law: ir.Law, step: ir.Expression, location: str, scale: str) -> ir.Expression:
    """location + scale * step."""
    values = {each.name: each.value for each in law.arguments}
    dims = tuple(dict.fromkeys((*values[scale].dims, *step.dims)))
    scaled = ir.Operation(span=law.span, operator="*", operands=(values[scale], step), dims=dims)
    dims = tuple(dict.fromkeys((*values[location].dims, *dims)))
    return ir.Operation(span=law.span, operator="+", operands=(values[location], scaled), dims=dims)


def start_differs(unknown: ir.Unknown, modifier: tree.Modifier, context: Context) -> bool:
    """UQ239 where a noncentered unknown starts by a law of another family than its own."""
    past = unknown.past
    for law in past.laws if past is not None else ():
        if law.distribution != unknown.law.distribution:
            reason = f"a noncentered `{unknown.law.distribution}` cannot start as a `{law.distribution}`"
            others = (Label(modifier.span, "noncentered"),)
            context.report(CannotRecur(at=law.span, reason=reason, others=others))
            return True
    return False
