"""Predictions ahead: from `predict … with(ahead = n)` to a time axis that goes on for n steps behind its end.

Nothing is recorded there: every outcome along the axis is missing, and inputs of the equations of states hold. Unknowns along
the axis reach as far as it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from uqdsl import ir
from uqdsl.ir.walk import nodes
from uqdsl.messages import Label, Problem, Span, did_you_mean
from uqdsl.messages.catalogue.sources import AheadOfData, CannotLookAhead, NothingToPredict
from uqdsl.semantics.constants import Settings
from uqdsl.semantics.options import resolve_options
from uqdsl.semantics.predictions import called_apart, check_dims, check_run, looks_ahead
from uqdsl.syntax import tree
from uqdsl.vocabulary.predictions import PredictOptions


class _Target(NamedTuple):
    """What may be predicted: its dimensions, and where it is declared."""

    dims: tuple[str, ...]
    span: Span


def look_ahead(written: tree.Tree, spec: ir.Spec, settings: Settings, problems: list[Problem]) -> ir.Spec:
    """A spec with the predictions ahead that it asks for, its axes as long as these need (UQ361 to UQ365, UQ377, UQ378)."""
    asked = [each for each in written.statements if isinstance(each, tree.Predict) and looks_ahead(each)]
    if not asked:
        return spec
    targets = _targets(spec)
    found = (_prediction(each, written, spec, targets, settings, problems) for each in asked)
    predictions = called_apart((*spec.predictions, *found), problems)
    ahead: dict[str, int] = {}
    for each in predictions:
        if each.ahead:
            ahead[each.axis] = max(ahead.get(each.axis, 0), each.ahead)
    return _reaching(spec.model_copy(update={"predictions": predictions}), ahead)


def outcomes_of(spec: ir.Spec) -> dict[str, ir.Observation]:
    """What is observed by likelihoods, those of states too."""
    stages = (stage.spec for stage in spec.stages if stage.name == "observation")
    return {each.name: each for of in (spec, *stages) for each in of.observations}


def _targets(spec: ir.Spec) -> dict[str, _Target]:
    """Everything that has values along dimensions: unknowns, quantities, outcomes, states."""
    of = [each for each in spec.statements if isinstance(each, ir.Observation | ir.Quantity | ir.Unknown)]
    found = {each.name: _Target(each.dims, each.span) for each in of}
    if spec.motion is None:
        return found
    stages = {each.name: each.spec for each in spec.stages}
    for each in (*stages["initial"].unknowns, *stages["initial"].quantities):
        if each.name in spec.motion.states:
            found[each.name] = _Target((spec.motion.axis, *each.dims), each.span)
    return found | {each.name: _Target(each.dims, each.span) for each in stages["observation"].observations}


def _prediction(
    statement: tree.Predict,
    written: tree.Tree,
    spec: ir.Spec,
    targets: Mapping[str, _Target],
    settings: Settings,
    problems: list[Problem],
) -> ir.Prediction | None:
    target, clauses = statement.target, statement.clauses
    options = resolve_options("predict", PredictOptions, clauses.options or (), settings, problems)
    assimilations = spec.motion.assimilations if spec.motion is not None else ()
    check_run(statement, [each.name for each in (*spec.runs, *assimilations)], problems)
    known = targets.get(target.name)
    if known is None:
        hint = did_you_mean(target.name, targets)
        problems.append(NothingToPredict(at=target.span, name=target.name, what="not among them", hint=hint))
        return None
    if options is None or not check_dims(statement, known.dims, known.span, problems):
        return None
    axes = [each.name for each in spec.dims if each.time and each.name in known.dims]
    count = len(problems)
    problems += _refused(statement, written, spec, options, known, axes[0] if len(axes) == 1 else "")
    if len(problems) > count:
        return None
    name = clauses.alias or target.name
    return ir.Prediction(
        span=statement.span,
        name=name,
        target=target.name,
        dims=(f"{name}_{axes[0]}", *(each for each in known.dims if each != axes[0])),
        options=options.model_dump(),
        of=clauses.of,
    )


def _refused(
    statement: tree.Predict, written: tree.Tree, spec: ir.Spec, options: PredictOptions, known: _Target, axis: str
) -> Iterator[Problem]:
    """Why something cannot be predicted ahead."""
    at, name = statement.target.span, statement.target.name

    def refused(reason: str, hint: str = "", *others: Label) -> Problem:
        return CannotLookAhead(at=at, name=name, reason=reason, hint=hint, others=others)

    if not axis:
        hint = "`ahead` goes on along one axis that is declared by `time`"
        motion = spec.motion
        if motion is not None and any(each.name == name and each.times is not None for each in motion.streams):
            hint = f"predict the states: `predict {motion.states[0]} with(ahead = {options.ahead})`"
        yield refused("it is not over a time axis", hint, Label(known.span, "its dimensions"))
        return
    stated = next((each for each in written.statements if isinstance(each, tree.Uncertainty)), None)
    parted = next((each for each in spec.tables if each.parts or each.split is not None), None)
    of_parts = stated or parted
    if of_parts is not None:
        yield refused("errors and parts of data are of rows that there are", "", Label(of_parts.span, "these"))
    of_rows = {
        "budget": options.budget != "none",
        "recalibrated": options.recalibrated,
        "observation": options.observation,
    }
    for option in (each for each, is_asked in of_rows.items() if is_asked):
        yield refused(f"`{option}` is of rows that there are", f"leave `{option}` out")
    if name in {each.name for each in spec.sums}:
        yield refused("its values are labels", "predict what is observed of it")
    if any(isinstance(each, ir.Quantity) and each.fixed and each.name == name for each in spec.statements):
        yield refused("it is made of data alone", "predict the outcome of a likelihood")
    outcomes = {each: one for each, one in outcomes_of(spec).items() if axis in one.dims}
    fields = {each.name: each for each in spec.fields}
    for each, one in outcomes.items():
        whole = one.law.event and (axis in one.law.event or one.law.distribution != "MultiNormal")
        for reason, holds in {
            f"the law of `{each}` is one of all of {' and '.join(f'`{dim}`' for dim in one.law.event)} together": whole,
            f"`{each}` is looked at a batch at a time": one.batch is not None,
            f"`{each}` is standardized": each in fields and fields[each].standardized,
        }.items():
            if holds:
                yield refused(reason, "", Label(one.span, "this likelihood"))
    yield from (
        AheadOfData(at=at, field=each, name=name, others=(Label(fields[each].span, "declared here"),))
        for each in sorted(_needed(spec, axis, set(outcomes)))
    )
    together = next(_taken_together(spec, axis, set(outcomes)), None)
    if together is not None:
        reason = f"all of `{axis}` is taken together with what is observed along it"
        yield refused(reason, "look back with `[t - 1]`", Label(together, "here"))


def _needed(spec: ir.Spec, axis: str, outcomes: set[str]) -> set[str]:
    """The data along an axis that are no outcomes, and of which more than equations of states speak: inputs of these hold."""
    along = {each.name for each in spec.fields if axis in each.dims} - outcomes
    truths = {name for each in (spec.motion.assimilations if spec.motion else ()) for name in each.truth}
    seen = [stage.spec.statements for stage in spec.stages if stage.name == "observation"]
    plain = [each for each in spec.statements if not (isinstance(each, ir.Quantity) and each.flow is not None)]
    return (along - truths) & ir.names_used((tuple(plain), *seen))


def _taken_together(spec: ir.Spec, axis: str, outcomes: set[str]) -> Iterator[Span]:
    """Where places of an axis are taken together, or looked at out of order, with what is observed along it."""
    of, externs = set(outcomes), {each.name for each in spec.externs}
    for statement in spec.statements:
        if isinstance(statement, ir.Quantity) and ir.names_used(statement) & of:
            of.add(statement.name)
        for node in nodes(statement):
            match node:
                case ir.Reduce(over=over) if axis in over:
                    found = True
                case ir.Gather(along=along):
                    found = along == axis
                case ir.Shift(along=along, steps=steps, lag=None):
                    found = along == axis and steps > 0
                case ir.Invoke(function=function, own=own):
                    found = axis in own or function in externs
                case _:
                    continue
            if found and ir.names_used(node) & of:
                yield node.span


def _reaching(spec: ir.Spec, ahead: Mapping[str, int]) -> ir.Spec:
    """A spec whose axes go on for so many steps, along which everything that is observed is missing there."""
    truths = {name for each in (spec.motion.assimilations if spec.motion else ()) for name in each.truth}
    outcomes = {*outcomes_of(spec), *truths}

    def reaching(part: ir.Spec) -> ir.Spec:
        tables = tuple(
            table.model_copy(update={"fields": tuple(_with_gaps(each, outcomes, ahead) for each in table.fields)})
            for table in part.tables
        )
        dims = tuple(each.model_copy(update={"ahead": ahead.get(each.name, 0)}) for each in part.dims)
        return part.model_copy(update={"tables": tables, "dims": dims})

    stages = tuple(
        each.model_copy(update={"spec": reaching(each.spec)}) if each.name in _MOVING else each for each in spec.stages
    )
    return reaching(spec).model_copy(update={"stages": stages})


_MOVING = ("initial", "step", "observation")


def _with_gaps(field: ir.DataField, outcomes: set[str], ahead: Mapping[str, int]) -> ir.DataField:
    open_ended = field.name in outcomes and not ahead.keys().isdisjoint(field.dims)
    return field.model_copy(update={"missing": True}) if open_ended else field
