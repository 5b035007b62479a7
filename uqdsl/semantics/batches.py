"""Rows taken a batch at a time: whether the likelihoods of a spec are sums over rows that know nothing of each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Label, Problem, Span
from uqdsl.messages.catalogue.batches import AllRows, NotInBatches
from uqdsl.vocabulary.methods import method_named

_REACHING = ("dim", "along", "lag", "over", "names", "rows", "columns", "own", "event", "joint")
"""Attributes of nodes that name dimensions along which values of several places are put together."""


class _Obstacle(NamedTuple):
    """Why rows cannot be taken apart, and where that stands."""

    at: Span
    why: str


def check_batches(spec: ir.Spec) -> Iterator[Problem]:
    """UQ342 where rows that are to be taken in batches hang together; UQ343 for methods that look at all of them."""
    batched = [each for each in spec.observations if each.batch is not None]
    if not batched:
        return
    first = batched[0]
    row = row_dimension(first)
    obstacle = None
    if row is None:
        obstacle = _Obstacle(first.law.span, "its law is one over all that it has")
    else:
        obstacle = next(_obstacles(spec, row), None) or next(_otherwise(spec, first, row), None)
    if obstacle is not None:
        others = (Label(obstacle.at, "this stands against it"),) if obstacle.at != first.span else ()
        yield NotInBatches(at=first.span, name=first.name, why=obstacle.why, others=others)
        return
    for run in spec.runs:
        method = method_named(run.method)
        if method is not None and not method.batches:
            yield AllRows(at=first.span, method=run.method, others=(Label(run.span, "asked here"),))


def row_dimension(observation: ir.Observation) -> str | None:
    """The dimension of the rows of a likelihood: the first of those over which its law is independent."""
    return next((dim for dim in observation.dims if dim not in observation.law.event), None)


def rows_and_batch(spec: ir.Spec) -> tuple[str | None, int | None]:
    """The dimension of rows that know nothing of each other given the unknowns, and how many to look at at a time.

    Where no likelihood asks for batches, every one has to have these rows.
    """
    for each in spec.observations:
        if each.batch is not None:
            return row_dimension(each), each.batch
    found = {row_dimension(each) for each in spec.observations}
    (row,) = found if len(found) == 1 else (None,)
    return (None if row is None or next(_obstacles(spec, row), None) is not None else row), None


def _otherwise(spec: ir.Spec, first: ir.Observation, row: str) -> Iterator[_Obstacle]:
    """Likelihoods that are not in the same batches."""
    for each in spec.observations:
        if row in each.dims and (each.batch != first.batch or row_dimension(each) != row):
            yield _Obstacle(each.span, f"`{each.name}` goes over `{row}` too, and not in batches of {first.batch}")
        elif row not in each.dims and each.batch is not None:
            yield _Obstacle(each.span, f"`{each.name}` is in batches of other rows")


def _obstacles(spec: ir.Spec, row: str) -> Iterator[_Obstacle]:
    """What keeps the rows along a dimension together."""
    yield from (_Obstacle(each.span, f"discrete unknown `{each.name}` is summed out") for each in spec.sums)
    used = _needed(spec)
    for each in spec.statements:
        if each.name not in used:
            continue
        if isinstance(each, ir.Unknown) and row in map(ir.base, each.dims):
            yield _Obstacle(each.span, f"`{each.name}` has an unknown value for each `{row}`")
        elif isinstance(each, ir.Factor) and any(row in getattr(node, "dims", ()) for node in ir.nodes(each)):
            yield _Obstacle(each.span, f"a factor depends on `{row}`")
        elif isinstance(each, ir.Observation) and each.past is not None and each.past.along == row:
            yield _Obstacle(each.span, f"a `{row}` looks back at those before it")
        elif any(_reaches(node, row) for node in ir.nodes(each)):
            yield _Obstacle(each.span, f"`{each.name}` puts several `{row}` together")
    for each in spec.networks:
        if any(row in layer.over for layer in each.layers):
            yield _Obstacle(each.span, f"the network `{each.name}` goes along `{row}`")


def _needed(spec: ir.Spec) -> set[str]:
    """The statements that the log density depends on."""
    used = {each.name for each in spec.statements if not isinstance(each, ir.Quantity)}
    for each in reversed(spec.statements):
        if each.name in used:
            used |= ir.names_used(each)
    return used


def _reaches(node: ir.Node, row: str) -> bool:
    """Whether a node of an expression puts values at several places of a dimension together, or asks which place it is."""
    return any(row in map(ir.base, _names(getattr(node, each, ()))) for each in _REACHING)


def _names(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _names(each)
