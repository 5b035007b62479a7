"""Whether states that move in time are linear and Gaussian, as their spec has it: then the Kalman filter is exact."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from uqdsl import ir
from uqdsl.semantics.admissible import is_affine, scatter, shape_of
from uqdsl.semantics.dynamics import before


def not_linear_gaussian(stages: Sequence[ir.Stage], states: Collection[str], parameters: Collection[str]) -> str:
    """What of a spec is not linear or not Gaussian, in words; empty where all is.

    Arguments:
        stages: of the motion.
        states: their names.
        parameters: those that are not known.
    """
    for stage in stages:
        unsure = {*parameters, *states, *map(before, states)}
        reason = _reason(stage.spec, unsure)
        if reason:
            return reason
    return ""


def _reason(spec: ir.Spec, unsure: set[str]) -> str:
    """What of a stage is not, given the names of what is not known."""
    moving = {each.name for each in spec.quantities if each.flow is not None}
    drawn = {each.name for each in spec.unknowns} if spec.fields else unsure
    random, bent = {*unsure, *drawn, *moving}, set[str]()
    bent |= {each.name for each in spec.quantities if each.flow is not None and not is_affine(each.value, random, bent)}
    for each in spec.statements:
        if isinstance(each, ir.Quantity):
            if not ir.names_used(each.value) & random:
                continue
            random.add(each.name)
            if (bent and each.flow is not None) or not is_affine(each.value, random, bent):
                bent.add(each.name)
        elif isinstance(each, ir.Unknown | ir.Observation) and each.name in {*random, *_observed(spec)}:
            if shape_of(each.law):
                return f"the law of `{each.name}` is {shape_of(each.law)}"
            if scatter(each.law) & random:
                return f"the scatter of `{each.name}` depends on what is not known"
            if any(not is_affine(argument.value, random, bent) for argument in each.law.arguments):
                return f"the mean of `{each.name}` is not linear in what is not known"
            if isinstance(each, ir.Unknown) and (each.past is not None or each.restriction or each.imputes):
                return f"`{each.name}` is restricted"
    ends = {name for name in random & bent if "." not in name or name.endswith(".forecast")}
    end = next(iter(sorted(ends)), "")
    return f"`{end.removesuffix('.forecast')}` is not linear in what is not known" if end else ""


def _observed(spec: ir.Spec) -> set[str]:
    return {each.name for each in spec.statements if isinstance(each, ir.Observation)}
