"""What the statements of a spec ask of the labels of dimensions, which only the data can tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from uqdsl import ir
from uqdsl.data.align import Dimension
from uqdsl.messages import Problem, closest, listing
from uqdsl.messages.catalogue.data import CoordinateNotNumeric, LabelNotInData, LabelsNotInOrder


def verify_selections(spec: ir.Spec, dims: Mapping[str, Dimension]) -> Iterator[Problem]:
    """The labels and positions that expressions select are there (UQ448), and coordinates are numbers (UQ449)."""
    said = set()
    for node in _nodes((spec.statements, tuple(stage.spec.statements for stage in spec.stages))):
        if isinstance(node, ir.Pick):
            problem = _verify_pick(node, dims.get(node.along))
        elif isinstance(node, ir.LabelPosition):
            problem = _verify_label(node.label, node, dims.get(node.dim))
        elif isinstance(node, ir.Coordinate) and not node.positions:
            problem = _verify_coordinate(node, dims.get(ir.base(node.dim)))
        elif isinstance(node, ir.Gather) and node.between:
            problem = _verify_coordinate(node, dims.get(ir.base(node.along))) or _verify_order(
                node, dims.get(ir.base(node.along))
            )
        else:
            continue
        if problem is not None and (problem.at, problem.code) not in said:
            said.add((problem.at, problem.code))
            yield problem


def _nodes(part: object) -> Iterator[ir.Node]:
    waiting = [part]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ir.Node):
            yield each
            waiting += [getattr(each, name) for name in reversed(type(each).model_fields)]
        elif isinstance(each, tuple):
            waiting += reversed(each)


def _verify_pick(node: ir.Pick, dim: Dimension | None) -> Problem | None:
    if node.label is not None:
        return _verify_label(node.label, node, dim)
    if dim is None or dim.labels is None or dim.doubtful:
        return None
    labels = dim.labels
    if node.position is not None:
        if -len(labels) <= node.position < len(labels):
            return None
        hint = f"it has {len(labels)} labels, at positions 0 to {len(labels) - 1}"
        return LabelNotInData(at=node.span, dim=dim.ir.name, shown=f"at position {node.position}", hint=hint)
    return None


def _verify_label(label: object, node: ir.Node, dim: Dimension | None) -> Problem | None:
    if dim is None or dim.labels is None or dim.doubtful or label in dim.labels:
        return None
    labels = dim.labels
    near = closest(str(label), map(str, labels))
    same = next((each for each in labels if str(each) == near), None)
    hint = f"did you mean {_written(same)}?" if same is not None else f"it has {listing(map(str, labels), last='and')}"
    return LabelNotInData(at=node.span, dim=dim.ir.name, shown=_written(label), hint=hint)


def _written(label: object) -> str:
    return f'`"{label}"`' if isinstance(label, str) else f"`{label}`"


def _verify_coordinate(node: ir.Coordinate | ir.Gather, dim: Dimension | None) -> Problem | None:
    if dim is None or dim.labels is None or dim.doubtful:
        return None
    text = next((each for each in dim.labels if isinstance(each, str)), None)
    if text is None:
        return None
    return CoordinateNotNumeric(at=node.span, dim=dim.ir.name, shown=_written(text))


def _verify_order(node: ir.Gather, dim: Dimension | None) -> Problem | None:
    """Labels between which something is selected grow, or fall."""
    if dim is None or dim.labels is None or dim.doubtful:
        return None
    steps = np.diff(np.asarray(dim.labels, float))
    return None if (steps > 0).all() or (steps < 0).all() else LabelsNotInOrder(at=node.span, dim=dim.ir.name)
