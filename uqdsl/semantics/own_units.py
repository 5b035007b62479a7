"""Standardised fields, in the units of their author.

In what a spec states the name of such a field stands for z = (field - centre) / width; in the data it is what was recorded.
A law of z with location m and scale s is the law of the field with location centre + width m and scale width s. So a
likelihood of a standardised field becomes one of what was recorded, and predictions have its units.
"""

from __future__ import annotations

from collections.abc import Mapping

from uqdsl import ir
from uqdsl.messages import Problem
from uqdsl.messages.catalogue.parts import NoUnits
from uqdsl.semantics.context import union
from uqdsl.vocabulary.distributions import DISTRIBUTIONS


def in_own_units(
    statements: tuple[ir.Statement, ...], fields: tuple[ir.DataField, ...]
) -> tuple[tuple[ir.Statement, ...], list[Problem]]:
    """The statements in terms of the fields as they were recorded; UQ376 for laws that cannot be put so."""
    standardised = {each.name: each for each in fields if each.standardized}
    problems: list[Problem] = []
    if not standardised:
        return statements, problems

    def change(node: ir.Node) -> ir.Node | None:
        match node:
            case ir.Operation(
                operator="+",
                operands=(
                    ir.Reference(name=shift),
                    ir.Operation(operator="*", operands=(ir.Reference(), ir.Reference(name=name) as recorded)),
                ),
            ) if name in standardised and shift == ir.centre(name):
                return recorded  # centre + width * z, which is what was recorded
            case ir.Shift(value=ir.Reference(name=name), along=along) if name in standardised:
                field = standardised[name]
                return None if along in field.columns_over else _standardised(node, field)
            case ir.Reference(name=name) if name in standardised:
                return _standardised(node, standardised[name])
        return None

    found: list[ir.Statement] = []
    for each in statements:
        made = ir.rewrite(each, change)
        if isinstance(made, ir.Observation | ir.Unknown) and made.name in standardised:
            law = _recorded(made.law, standardised[made.name], problems)
            made = made.model_copy(update={"law": law})
        found.append(made)
    return tuple(found), problems


def _constants(field: ir.DataField, node: ir.Node) -> tuple[ir.Reference, ir.Reference]:
    centre, width = ir.constants_of(field)
    return tuple(ir.Reference(span=node.span, name=each.name, dims=each.dims) for each in (centre, width))  # type: ignore[return-value]


def _standardised(value: ir.Reference | ir.Shift, field: ir.DataField) -> ir.Expression:
    """A value of the field as the spec speaks of it."""
    centre, width = _constants(field, value)
    return _operation("/", _operation("-", value, centre), width)


def _recorded(law: ir.Law, field: ir.DataField, problems: list[Problem]) -> ir.Law:
    """The law of a field, where `law` is that of what the spec calls by its name."""
    distribution = DISTRIBUTIONS[law.distribution]
    centre, width = _constants(field, law)

    def scaled(value: ir.Expression) -> ir.Expression:
        return _operation("*", width, value)

    def moved(value: ir.Expression) -> ir.Expression:
        return _operation("+", centre, scaled(value))

    changed: Mapping[str, object] = {name: moved(end) for name in ("lower", "upper") if (end := getattr(law, name))}
    if distribution.laws == "several":
        return law.model_copy(
            update={**changed, "components": tuple(_recorded(each, field, problems) for each in law.components)}
        )
    if distribution.location_scale is None:
        problems.append(NoUnits(at=law.span, law=distribution.name, name=field.name))
        return law
    location, scale = distribution.location_scale
    ways = {location: moved, scale: scaled}
    arguments = tuple(
        each.model_copy(update={"value": ways[each.name](each.value)}) if each.name in ways else each
        for each in law.arguments
    )
    return law.model_copy(update={**changed, "arguments": arguments})


def _operation(operator: str, left: ir.Expression, right: ir.Expression) -> ir.Operation:
    dims = union(left.dims, right.dims)
    return ir.Operation(span=left.span, operator=operator, operands=(left, right), dims=dims)
