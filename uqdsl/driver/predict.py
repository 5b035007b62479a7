"""What `predict` asks for: the stages that follow a posterior, compiled and bound to their parts of the data, and run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypedDict

import numpy as np

import uqdsl
from uqdsl import ir
from uqdsl.codegen import Program, generate
from uqdsl.data import Dataset
from uqdsl.diagnose.forecast import PREDICTION, forecasts
from uqdsl.driver.ahead import Ahead, coords_ahead, draws_of, from_posterior
from uqdsl.driver.program import Precision, make_target
from uqdsl.driver.recalibrate import learn_maps, said_of_maps, verify_testing_rows
from uqdsl.messages import Problem, RunError, Sources
from uqdsl.messages.catalogue.runtime import NotMixed, PredictionNotFinite
from uqdsl.messages.catalogue.sources import NoEntropy, NoTesting
from uqdsl.results import Group, Groups, Variable
from uqdsl.results.groups import label_array, labels_of
from uqdsl.results.method import mode_of
from uqdsl.uncertainty.answers import Answer, answer
from uqdsl.uncertainty.chained import Watch
from uqdsl.uncertainty.known import Known
from uqdsl.uncertainty.predict import Predictor
from uqdsl.uncertainty.short_chains import Mixing
from uqdsl.uncertainty.stages import Stage, bound_stage


class Staged(NamedTuple):
    """A spec's stages, each bound to its part of the data.

    - programs: their texts, by name.
    - dataset: the data of the spec, with its parts.
    - ahead: what predictions ahead are made by, where there are any.
    """

    spec: ir.Spec
    dataset: Dataset
    stages: dict[str, Stage]
    programs: dict[str, Program]
    ahead: Ahead | None = None


def make_stages(
    spec: ir.Spec, sources: Sources, dataset: Dataset, *, precision: Precision = 64, allowed: Sequence[str] = ()
) -> Staged:
    """Compile the stages of a spec and bind them.

    Arguments:
        sources: the texts that spans point into.
        dataset: the data of the spec, with its parts.
        precision, allowed: as of `make_target`.

    Raises:
        RunError: UQ362 where a stage needs a part that the data do not have, UQ643 where too few rows are for testing.
    """
    verify_testing_rows(spec, dataset)
    stages: dict[str, Stage] = {}
    programs: dict[str, Program] = {}
    for each in spec.stages if any(not asked.ahead for asked in spec.predictions) else ():
        program = generate(each.spec, sources, version=uqdsl.__version__, precision=precision)
        target = make_target(each.spec, program, with_given(each, _part(spec, each, dataset)), allowed=allowed)
        stages[each.name], programs[each.name] = bound_stage(each, target), program
    return Staged(spec, dataset, stages, programs)


def about_mode(staged: Staged, groups: Groups) -> Staged:
    """Stages whose networks are linear in their weights, where those of the result are."""
    mode = mode_of(groups)
    stages = {name: each._replace(target=each.target.linearised(mode)) for name, each in staged.stages.items()}
    return staged._replace(stages=stages)


def _part(spec: ir.Spec, stage: ir.Stage, dataset: Dataset) -> Dataset:
    """The rows of a stage; of a prediction the new ones, else those for testing, else those for training."""
    parts = {"training": dataset, **dataset.parts}
    if stage.part == "new":
        return parts.get("new") or parts.get("testing") or dataset
    if stage.part not in parts:
        source = next(each for each in spec.sources if each.name == "function")
        raise RunError([NoTesting(at=source.span, source=source.name, part=stage.part)])
    return parts[stage.part]


def with_given(stage: ir.Stage, part: Dataset) -> Dataset:
    """The data of a part with something in the place of what is given, and with the dimensions that only the stage has."""
    fields = {each.name: each for each in stage.spec.fields}
    own = {
        each.name: list(each.labels or range(1, (each.size or 0) + 1))
        for each in stage.spec.dims
        if each.name not in part.coords
    }
    part = part._replace(coords={**part.coords, **own})
    filler = {
        name: np.ones([len(part.coords[ir.base(dim)]) for dim in fields[name].dims])
        for name in stage.given
        if name not in part.arrays
    }
    return part._replace(arrays={**part.arrays, **filler})


def known_before(staged: Staged, groups: Groups, seed: int) -> Known:
    """What predictions from draws of a posterior are given, whatever the new rows; nothing is computed yet."""
    return Known(
        about_mode(staged, groups).stages,
        joint_draws(staged.spec, groups["posterior"], seed),
        seed,
        **limits(staged.spec),
    )


def predict(
    staged: Staged,
    groups: Groups,
    known: Known,
    asked: Sequence[ir.Prediction],
    watch: Watch,
    calibration: Group | None = None,
) -> tuple[Group, tuple[Problem, ...]]:
    """Predict from draws of a posterior.

    Arguments:
        groups: of the result, of which the posterior is one.
        known: from `known_before`, of the same spec and posterior.
        asked: what is to be told.
        watch: is told how far it is.
        calibration: what testing rows said of the predictions, by which those are mended that are to be recalibrated.

    Returns:
        The labelled arrays of all that is told, and what is to be said of them.

    Raises:
        RunError: UQ369 where information is asked of a number, UQ643 where testing rows do not tell how to mend.
    """
    ahead = [each for each in asked if each.ahead]
    found, problems = _of_rows(staged, groups, known, [each for each in asked if not each.ahead], watch, calibration)
    if ahead:
        watch("predicting ahead", 0, len(ahead))
        found = _joined(found, _ahead(staged, groups, known.seed, ahead, len(found.coords.get("draw", ()))))
        problems = said_of_prediction(staged.spec, found)
    return found, problems


def _ahead(staged: Staged, groups: Groups, seed: int, asked: Sequence[ir.Prediction], draws: int) -> Group:
    """What is told of what comes behind the end of an axis."""
    assert staged.ahead is not None, "whoever has such predictions says what makes them"
    ahead = staged.ahead._replace(target=staged.ahead.target.linearised(mode_of(groups)))
    answers = [*from_posterior(staged.spec, ahead, groups["posterior"], seed, asked)]
    return labelled(answers, coords_ahead(staged.spec, ahead.target.coords), draws=draws)


def _joined(first: Group, second: Group) -> Group:
    return Group(first.variables | second.variables, first.coords | second.coords, first.attrs | second.attrs)


def _of_rows(
    staged: Staged,
    groups: Groups,
    known: Known,
    asked: Sequence[ir.Prediction],
    watch: Watch,
    calibration: Group | None,
) -> tuple[Group, tuple[Problem, ...]]:
    """What is told of rows that there are."""
    if not asked:
        return Group(), ()
    staged, calibration = about_mode(staged, groups), calibration or Group()
    maps = learn_maps(asked, calibration)
    stage = next(each for each in staged.spec.stages if each.name == PREDICTION)
    sites = {each.name: predicted_site(stage.spec, each) for each in asked}
    predictor = Predictor(known, staged.stages, stage.spec, sites, watch)
    problems = [
        NoEntropy(at=each.span, name=each.name)
        for each in asked
        if each.options["budget"] == "information" and not predictor.outcomes[each.name].classes
    ]
    if problems:
        raise RunError(problems)
    answers = answer(predictor, asked, predictor.along, {name: each.in_place for name, each in maps.items()})
    attrs = {**troubles(predictor.mixing), **said_of_maps(maps, asked, calibration)}
    group = labelled(answers, staged.stages[PREDICTION].target.coords, attrs)
    group.variables.update(_recorded(asked, _part(staged.spec, stage, staged.dataset)))
    group = _of_what_is_recorded(staged.spec, group)
    return group, said_of_prediction(staged.spec, group)


def _of_what_is_recorded(spec: ir.Spec, group: Group) -> Group:
    """The same without the times that are there for predictions ahead."""
    found = group
    for dim in (each for each in spec.dims if each.ahead and each.name in group.coords):
        before = slice(None, -dim.ahead)
        variables = {
            name: Variable(dims, np.moveaxis(np.moveaxis(values, at := dims.index(dim.name), 0)[before], 0, at))
            if dim.name in dims
            else Variable(dims, values)
            for name, (dims, values) in found.variables.items()
        }
        found = Group(variables, found.coords | {dim.name: found.coords[dim.name][before]}, found.attrs)
    return found


def _recorded(asked: Sequence[ir.Prediction], rows: Dataset) -> dict[str, Variable]:
    """What was recorded of the rows that are predicted, `X_recorded`, where anything was."""
    found: dict[str, Variable] = {}
    for each in asked:
        if each.target in rows.arrays:
            known = rows.arrays.get(ir.observed(each.target), True)
            found[f"{each.name}_recorded"] = Variable(each.dims, np.where(known, rows.arrays[each.target], np.nan))
    return found


_TROUBLE = "_trouble"


def troubles(mixing: Mapping[str, Mixing]) -> dict[str, str | int | float]:
    """What is wrong with the short chains of each stage, as attributes of what was found with them."""
    return {f"{name}{_TROUBLE}": each.trouble for name, each in mixing.items() if not each.mixed}


def said_of_chains(spec: ir.Spec, group: Group, stages: Mapping[str, tuple[str, str]]) -> list[Problem]:
    """UQ617 for each stage with trouble, by the source that it is of and what it is called."""
    spans = {each.name: each.span for each in spec.sources}
    return [
        NotMixed(at=spans.get(source), stage=words, trouble=str(group.attrs[f"{name}{_TROUBLE}"]))
        for name, (source, words) in stages.items()
        if f"{name}{_TROUBLE}" in group.attrs
    ]


def said_of_prediction(spec: ir.Spec, group: Group) -> tuple[Problem, ...]:
    """UQ617 for chains that did not mix, and UQ619 for predictions that are not finite."""
    problems = said_of_chains(spec, group, _STAGES)
    for each in forecasts({PREDICTION: group}, spec.predictions):
        wrong = int(np.sum(~np.isfinite(each.array("entropy" if each.classes else "mean"))))
        if wrong:
            at = next(asked.span for asked in spec.predictions if asked.name == each.name)
            problems.append(PredictionNotFinite(at=at, name=each.name, count=wrong))
    return tuple(problems)


_STAGES: dict[str, tuple[str, str]] = {
    "refit": ("weights", "the weights given true training data"),
    "residual": ("function", "the law of the residual"),
    "inputs": ("new_input", "the true new inputs"),
}


def predicted_site(stage: ir.Spec, asked: ir.Prediction) -> str:
    """Where the draws of a prediction are: those of a record, where it has an error of its own, at the site of the data."""
    names = {each.name for each in stage.statements}
    true = f"{asked.target}.predicted"
    recorded = asked.options["observation"] and asked.target in names
    return asked.target if recorded or true not in names else true


class Limits(TypedDict):
    """How the weights are found, where that is not by the posterior alone; as `Known` takes it."""

    weights_exact: bool
    cut: bool


def limits(spec: ir.Spec) -> Limits:
    """What a spec says of its weights and of its training data."""
    exact = any(each.name == "weights" and each.stance == "exact" for each in spec.sources)
    return Limits(weights_exact=exact, cut=any(each.cut for each in spec.sources))


def joint_draws(spec: ir.Spec, posterior: Group, seed: int) -> dict[str, np.ndarray]:
    """The draws of all unknowns, and of what else is given to stages, chain after chain, in random order."""
    wanted = {name for stage in spec.stages for name in stage.given}
    made = (each.name for each in spec.quantities if each.name in wanted)
    return draws_of(posterior, (*(each.name for each in spec.unknowns), *made), seed)


def labelled(
    answers: Sequence[Answer],
    coords: Mapping[str, list],
    attrs: Mapping[str, str | int | float] = {},
    draws: int = 0,
) -> Group:
    """The answers as labelled arrays: `X_mean`, `X_lower` over `X_interval`, and so on; draws as `X` itself.

    Arguments:
        draws: of those whose dimension is `draw`; the most that there are where it is not given. Others have one of their own.
    """
    draws = draws or max((len(each.leading.get("draw", ())) for each in answers), default=0)
    variables: dict[str, Variable] = {}
    labels: dict[str, np.ndarray] = {}
    for answered in answers:
        asked, arrays, leading = answered
        for name, array in arrays.items():
            before = answered.dims(name)
            dims = () if name.startswith("average_") else asked.dims
            shared = ("source", *(["draw"] if len(leading.get("draw", ())) == draws else []))
            shown = [each if each in shared else f"{asked.name}_{each}" for each in before]
            variables[asked.name if name == "draws" else f"{asked.name}_{name}"] = Variable((*shown, *dims), array)
            labels |= {dim: label_array(list(leading[each])) for dim, each in zip(shown, before, strict=True)}
            sizes = array.shape[len(before) :]
            labels |= {dim: labels_of(coords, dim, size) for dim, size in zip(dims, sizes, strict=True)}
    return Group(variables, labels, dict(attrs))
