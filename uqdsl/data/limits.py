"""Values of data that lie beyond the ends, stated as numbers, of a law, of a spline or of a dimension."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import NamedTuple

import numpy as np

from uqdsl import ir
from uqdsl.data.align import Dimension
from uqdsl.data.cells import shown
from uqdsl.data.form import Found
from uqdsl.data.spots import first_spot
from uqdsl.messages import Label, Problem, Span
from uqdsl.messages.catalogue.data import BeyondLimits


class _Limits(NamedTuple):
    """Ends between which the values of a field have to lie, of what is said so at a place of the spec."""

    name: str
    low: float
    high: float
    what: str
    at: Span | None


def verify_limits(
    spec: ir.Spec, values: Sequence[tuple[Found, np.ndarray]], dims: Mapping[str, Dimension]
) -> Iterator[Problem]:
    """UQ457 for fields with values of which a law has none, or that lie outside of a spline or of a dimension.

    Args:
        spec: the IR.
        values: the fields that hold numbers, as they were found, and these.
        dims: the dimensions with their labels.
    """
    fields = {found.field.name: (found, numbers) for found, numbers in values}
    for limits in (*_of_laws(spec), *_of_splines(spec), *_of_dims(spec, dims)):
        if limits.name not in fields:
            continue
        found, numbers = fields[limits.name]
        beyond = np.flatnonzero((numbers < limits.low) | (numbers > limits.high))
        if not len(beyond):
            continue
        spot = first_spot(found.place, beyond)
        yield BeyondLimits(
            at=found.field.span,
            place=spot.place,
            others=(Label(limits.at, f"{limits.what} {_interval(limits)}"),) if limits.at is not None else (),
            name=limits.name,
            found=shown(found.cells.values[spot.position]),
            interval=_interval(limits),
            what=limits.what,
            hint=f"{len(beyond)} values are outside, {spot.others}" if spot.others else "",
        )


def _of_laws(spec: ir.Spec) -> Iterator[_Limits]:
    for each in spec.statements:
        if isinstance(each, ir.Unknown) and not each.imputes:
            continue
        if isinstance(each, ir.Unknown) or (isinstance(each, ir.Observation) and each.where is None):
            low, high = _ends(each.law)
            yield _Limits(each.name, low, high, "its law goes", each.law.span)


def _ends(law: ir.Law) -> tuple[float, float]:
    """The interval of a law as far as numbers say it."""
    given = {each.name: each.value for each in law.arguments}
    low, high = -inf, inf
    if law.distribution in ("Uniform", "DiscreteUniform"):
        low, high = _number(given["lower"], low), _number(given["upper"], high)
    elif law.distribution in ("Binomial", "BetaBinomial"):
        high = _number(given["trials"], high)
    if not law.censored:
        low, high = max(low, _number(law.lower, low)), min(high, _number(law.upper, high))
    return low, high


def _of_splines(spec: ir.Spec) -> Iterator[_Limits]:
    for each in ir.nodes(spec.statements):
        match each:
            case ir.Apply(
                function="bspline" | "bspline_between", arguments=(ir.Reference(name=name), _, low, high, *_)
            ):
                yield _Limits(name, _number(low, -inf), _number(high, inf), "the spline goes", each.span)


def _of_dims(spec: ir.Spec, dims: Mapping[str, Dimension]) -> Iterator[_Limits]:
    """The dimensions between whose labels something is selected: those that are periodic have no ends."""
    for each in ir.nodes((spec.statements, tuple(stage.spec.statements for stage in spec.stages))):
        if not isinstance(each, ir.Gather) or not each.between or not isinstance(each.index, ir.Reference):
            continue
        dim = dims.get(ir.base(each.along))
        if dim is None or dim.ir.boundary == "periodic" or not dim.labels or dim.doubtful:
            continue
        if not any(isinstance(label, str) for label in dim.labels):
            low, high = sorted((float(dim.labels[0]), float(dim.labels[-1])))
            yield _Limits(each.index.name, low, high, f"`{dim.ir.name}` goes", each.span)


def _number(value: ir.Expression | None, otherwise: float) -> float:
    """An end that the spec states as a number."""
    return float(value.value) if isinstance(value, ir.Constant) else otherwise


def _interval(limits: _Limits) -> str:
    if limits.low == -inf:
        return f"up to {limits.high:g}"
    return f"from {limits.low:g} on" if limits.high == inf else f"from {limits.low:g} to {limits.high:g}"
