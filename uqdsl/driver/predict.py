"""What `predict` asks for: the stages that follow a posterior, compiled and bound to their parts of the data, and run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypedDict

import numpy as np

import uqdsl
from uqdsl import ir
from uqdsl.codegen import Program, generate
from uqdsl.data import Dataset
from uqdsl.diagnose.forecast import PREDICTION
from uqdsl.driver.program import Precision, make_target
from uqdsl.messages import Problem, RunError, Sources
from uqdsl.messages.catalogue.runtime import NotMixed, PredictionNotFinite
from uqdsl.messages.catalogue.sources import NoTesting
from uqdsl.results import Group, Variable
from uqdsl.results.groups import label_array, labels_of
from uqdsl.uncertainty.answers import Answer, answer
from uqdsl.uncertainty.predict import Predictor, Watch
from uqdsl.uncertainty.stages import Stage


class Staged(NamedTuple):
    """A spec's stages, each bound to its part of the data.

    - programs: their texts, by name.
    - dataset: the data of the spec, with its parts.
    """

    spec: ir.Spec
    dataset: Dataset
    stages: dict[str, Stage]
    programs: dict[str, Program]


def make_stages(
    spec: ir.Spec, sources: Sources, dataset: Dataset, *, precision: Precision = 64, allowed: Sequence[str] = ()
) -> Staged:
    """Compile the stages of a spec and bind them.

    Arguments:
        sources: the texts that spans point into.
        dataset: the data of the spec, with its parts.
        precision, allowed: as of `make_target`.

    Raises:
        RunError: UQ362 where a stage needs a part that the data do not have.
    """
    stages: dict[str, Stage] = {}
    programs: dict[str, Program] = {}
    for each in spec.stages if spec.predictions else ():
        program = generate(each.spec, sources, version=uqdsl.__version__, precision=precision)
        target = make_target(each.spec, program, _with_given(each, _part(spec, each, dataset)), allowed=allowed)
        stages[each.name], programs[each.name] = Stage(target, each.given, each.inputs, each.makes), program
    return Staged(spec, dataset, stages, programs)


def _part(spec: ir.Spec, stage: ir.Stage, dataset: Dataset) -> Dataset:
    """The rows of a stage; of a prediction the new ones, else those for testing, else those for training."""
    parts = {"training": dataset, **dataset.parts}
    if stage.part == "new":
        return parts.get("new") or parts.get("testing") or dataset
    if stage.part not in parts:
        source = next(each for each in spec.sources if each.name == "function")
        raise RunError([NoTesting(at=source.span, source=source.name, part=stage.part)])
    return parts[stage.part]


def _with_given(stage: ir.Stage, part: Dataset) -> Dataset:
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


def predict(
    staged: Staged, posterior: Group, seed: int, asked: Sequence[ir.Prediction], watch: Watch
) -> tuple[Group, tuple[Problem, ...]]:
    """Predict from draws of a posterior.

    Arguments:
        posterior: the group of that name.
        seed: of everything that is random.
        asked: what is to be told.
        watch: is told how far it is.

    Returns:
        The labelled arrays of all that is told, and what is to be said of them.
    """
    stage = next(each for each in staged.spec.stages if each.name == PREDICTION)
    sites = {each.name: predicted_site(stage.spec, each) for each in asked}
    predictor = Predictor(
        staged.stages,
        stage.spec,
        joint_draws(staged.spec, posterior, seed),
        sites,
        seed,
        watch=watch,
        **limits(staged.spec),
    )
    answers = answer(predictor, asked, predictor.along)
    spans = {each.name: each.span for each in staged.spec.sources}
    problems: tuple[Problem, ...] = tuple(
        NotMixed(at=spans.get(_SOURCE[name]), stage=_STAGE[name], trouble=mixing.trouble)
        for name, mixing in predictor.mixing.items()
        if not mixing.mixed
    )
    wrong = {
        each.asked.name: int(np.sum(~np.isfinite(each.arrays["entropy" if "class" in each.leading else "mean"])))
        for each in answers
    }
    problems += tuple(
        PredictionNotFinite(at=each.span, name=each.name, count=wrong[each.name]) for each in asked if wrong[each.name]
    )
    return _group(answers, staged.stages[PREDICTION].target.coords), problems


_SOURCE = {"refit": "weights", "residual": "function", "inputs": "new_input"}
_STAGE = {
    "refit": "the weights given true training data",
    "residual": "the law of the residual",
    "inputs": "the true new inputs",
}


def predicted_site(stage: ir.Spec, asked: ir.Prediction) -> str:
    """Where the draws of a prediction are: those of a record, where it has an error of its own, at the site of the data."""
    names = {each.name for each in stage.statements}
    true = f"{asked.target}.predicted"
    recorded = asked.options["observation"] and asked.target in names
    return asked.target if recorded or true not in names else true


class Limits(TypedDict):
    """How the weights are found, where that is not by the posterior alone; as `Predictor` takes it."""

    weights_exact: bool
    cut: bool


def limits(spec: ir.Spec) -> Limits:
    """What a spec says of its weights and of its training data."""
    exact = any(each.name == "weights" and each.stance == "exact" for each in spec.sources)
    return Limits(weights_exact=exact, cut=any(each.cut for each in spec.sources))


def joint_draws(spec: ir.Spec, posterior: Group, seed: int) -> dict[str, np.ndarray]:
    """The draws of all unknowns, chain after chain, in random order."""
    found = {each.name: posterior.variables[each.name].values for each in spec.unknowns}
    flat = {name: each.reshape(-1, *each.shape[2:]) for name, each in found.items()}
    order = np.random.default_rng(seed).permutation(len(next(iter(flat.values()))))
    return {name: each[order] for name, each in flat.items()}


def _group(answers: Sequence[Answer], coords: dict[str, list]) -> Group:
    """The answers as labelled arrays: `X_mean`, `X_lower` over `X_interval`, and so on; draws as `X` itself."""
    variables: dict[str, Variable] = {}
    labels: dict[str, np.ndarray] = {}
    for answered in answers:
        asked, arrays, leading = answered
        for name, array in arrays.items():
            before = answered.dims(name)
            dims = () if name.startswith("average_") else asked.dims
            shown = [each if each in ("source", "draw") else f"{asked.name}_{each}" for each in before]
            variables[asked.name if name == "draws" else f"{asked.name}_{name}"] = Variable((*shown, *dims), array)
            labels |= {dim: label_array(list(leading[each])) for dim, each in zip(shown, before, strict=True)}
            sizes = array.shape[len(before) :]
            labels |= {dim: labels_of(coords, dim, size) for dim, size in zip(dims, sizes, strict=True)}
    return Group(variables, labels)
