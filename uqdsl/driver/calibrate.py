"""Predictions held against testing data, and new inputs against those of training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from uqdsl import ir
from uqdsl.diagnose.calibration import calibrate, calibrate_classes
from uqdsl.diagnose.shift import compare_inputs
from uqdsl.diagnose.tested import (
    CALIBRATION,
    FIRM,
    SHIFT,
    STRICT,
    group_of_classes,
    group_of_inputs,
    group_of_outcome,
    shifted,
    tested,
    together,
)
from uqdsl.driver.predict import Staged, about_mode, joint_draws, limits, said_of_chains, troubles
from uqdsl.infer.predictive import observed_values
from uqdsl.messages import Problem
from uqdsl.messages.catalogue.calibration import Miscalibrated, NotScored, ShiftedInputs
from uqdsl.results import Group, Groups
from uqdsl.results.groups import label_array
from uqdsl.uncertainty.chained import Watch
from uqdsl.uncertainty.held_out import HeldOut, predict_held_out

_MOST_DRAWS = 500
"""Of each testing row."""
_LEAST_INPUTS = 10
"""Of training, for anything to be said of new ones."""
_LARGEST_BIAS = 0.05
"""Of the log score, by the finite number of draws."""


def examine(
    staged: Staged, groups: Groups, seed: int, asked: Sequence[ir.Prediction], watch: Watch
) -> tuple[Groups, tuple[Problem, ...]]:
    """Hold predictions of testing rows against what was recorded of them, and new inputs against those of training.

    Arguments:
        groups: of the result, of which the posterior is one.
        seed: of everything that is random.
        asked: predictions; their targets are scored, if they are outcomes.
        watch: is told how far it is.

    Returns:
        The groups `calibration` and `shift`, where there is anything in them, and what is to be said of them (UQ617, UQ640 to
        UQ642).
    """
    calibration = _against_testing(about_mode(staged, groups), groups["posterior"], seed, asked, watch)
    both = {CALIBRATION: calibration, SHIFT: _new_inputs(staged, seed)}
    found = {name: each for name, each in both.items() if each.variables or each.attrs}
    return found, said_of_calibration(staged.spec, found)


def _against_testing(
    staged: Staged, posterior: Group, seed: int, asked: Sequence[ir.Prediction], watch: Watch
) -> Group:
    stage = next((each for each in staged.spec.stages if each.name == CALIBRATION), None)
    scored = {
        each.target: each
        for each in asked
        if any(each.target == one.name and one.where is None for one in staged.spec.observations)
    }
    if stage is None:
        reason = "inputs of testing rows share an error with it"
        return _unscored(scored if "testing" in staged.dataset.parts else (), reason)
    names = {each.name for each in stage.spec.statements}
    sites = {name: f"{name}.predicted" if _exactly(stage.spec, name) else name for name in scored}
    sites = {name: site for name, site in sites.items() if site in names}
    if not sites:
        return Group()
    roles = {"calibration": "prediction", "calibration_inputs": "inputs"}
    roles |= {name: name for name in ("statistics", "residual", "residual_statistics")}
    found_by = limits(staged.spec)
    if any(found_by.values()):
        roles |= {"refit": "refit", "truths": "truths"}
    stages = {roles[name]: each for name, each in staged.stages.items() if name in roles}
    target = stages["prediction"].target
    joint = joint_draws(staged.spec, posterior, seed)
    draws = min(_MOST_DRAWS, max(int(each.options["draws"]) for each in scored.values()))  # type: ignore[arg-type]
    held = predict_held_out(stages, stage.spec, joint, sites, seed, draws, watch=watch, **found_by)
    if isinstance(held, str):
        return _unscored(sites, held)
    recorded = {**target.data, **observed_values(target, {})}
    outcomes = {name: np.take(recorded[name], held.rows, target.dims[name].index(held.along)) for name in sites}
    groups = [
        _of_classes(name, outcomes[name], held, staged, seed)
        if name in held.classes
        else _of_outcome(name, outcomes[name], held, staged, seed)
        for name in sites
    ]
    return together([*groups, Group(attrs=troubles(held.mixing))])


_UNSCORED = "_unscored"


def _unscored(names: Iterable[str], reason: str) -> Group:
    """Nothing, and why."""
    return Group(attrs={f"{name}{_UNSCORED}": reason for name in names})


_STAGES: dict[str, tuple[str, str]] = {
    "residual": ("function", "the law of the residual by half of the testing rows"),
    "inputs": ("testing_data", "the true testing inputs"),
    "refit": ("weights", "the weights for testing rows given true training data"),
}


def _exactly(stage: ir.Spec, name: str) -> bool:
    """Whether nothing scatters about the true outcome of a testing row."""
    return not any(each.name == name for each in stage.observations)


def _coords(held: HeldOut, staged: Staged, dims: tuple[str, ...]) -> dict[str, np.ndarray]:
    coords = staged.stages[CALIBRATION].target.coords
    labels = {dim: label_array(coords[dim]) for dim in dims}
    return {dim: each[held.rows] if dim == held.along else each for dim, each in labels.items()}


def _of_outcome(name: str, outcomes: np.ndarray, held: HeldOut, staged: Staged, seed: int) -> Group:
    dims = staged.stages[CALIBRATION].target.dims[name]
    draws = np.asarray(held.draws[name], float)
    draws = draws.reshape(len(draws), -1)
    densities = held.densities.get(name)
    if densities is not None:
        densities = densities.reshape(len(densities), -1)
        densities = densities if _bias(densities) <= _LARGEST_BIAS else None
    found = calibrate(draws, outcomes.ravel(), densities, seed=seed)
    residuals = outcomes - draws.mean(axis=0).reshape(outcomes.shape)
    return group_of_outcome(name, dims, _coords(held, staged, dims), found, residuals)


def _bias(densities: np.ndarray) -> float:
    """How much too small the log of a mean of densities is on average, by the scatter of the draws `(draw, case)`."""
    relative = np.exp(densities - densities.max(axis=0))
    return float(np.mean(np.sum(relative**2, axis=0) / np.sum(relative, axis=0) ** 2) / 2)


def _of_classes(name: str, outcomes: np.ndarray, held: HeldOut, staged: Staged, seed: int) -> Group:
    dims = staged.stages[CALIBRATION].target.dims[name]
    probabilities, labels = held.probabilities[name], held.classes[name]
    found = calibrate_classes(probabilities.reshape(-1, len(labels)), outcomes.ravel().astype(int), seed)
    return group_of_classes(name, dims, _coords(held, staged, dims), found, probabilities, labels)


# ---------------------------------------------------------------------------------------------------------- new inputs


def _new_inputs(staged: Staged, seed: int) -> Group:
    """Whether new inputs come from where the training inputs came from, and how far out each of them is."""
    new = staged.dataset.parts.get("new")
    if new is None:
        return Group()
    used = ir.names_used(staged.spec.statements) | {each.name for each in staged.spec.observations}
    groups: list[Group] = []
    for dim in (each.name for each in staged.spec.dims if each.parted):
        columns = [
            each
            for field in staged.spec.fields
            if field.name in used and field.name in new.arrays and dim in field.dims and not field.missing
            for each in _columns(field, dim, staged)
        ]
        if not columns or min(len(columns[0][0]) - _LEAST_INPUTS + 1, len(columns[0][1])) < 1:
            continue
        training, others = (np.concatenate(each, axis=1) for each in zip(*columns, strict=True))
        groups.append(group_of_inputs(dim, label_array(new.coords[dim]), compare_inputs(training, others, seed)))
    return together(groups)


def _columns(field: ir.DataField, dim: str, staged: Staged) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """A field of training and of new rows as features, `(row, feature)`; of categories one for each label."""
    if field.kind == "time":
        return
    parts = (staged.dataset, staged.dataset.parts["new"])
    arrays = [np.moveaxis(each.arrays[field.name], field.dims.index(dim), 0) for each in parts]
    if field.kind == "category":
        labels = np.arange(len(parts[0].coords[field.of or ""]))
        arrays = [each[..., None] == labels for each in arrays]
    yield tuple(each.reshape(len(each), -1).astype(float) for each in arrays)  # type: ignore[misc]


# ------------------------------------------------------------------------------------------------------- what is said


def said_of_calibration(spec: ir.Spec, groups: Groups) -> tuple[Problem, ...]:
    """UQ640 and UQ641 where testing data do not bear predictions out, or new inputs come from elsewhere.

    UQ642 where predictions were not scored, and UQ617 where the chains for that did not mix.
    """
    predicted = {each.target: each for each in spec.predictions}
    calibration = groups.get(CALIBRATION, Group())
    off: list[Problem] = [
        NotScored(at=each.span, name=name, reason=str(calibration.attrs[f"{name}{_UNSCORED}"]))
        for name, each in predicted.items()
        if f"{name}{_UNSCORED}" in calibration.attrs
    ]
    off += said_of_chains(spec, calibration, _STAGES)
    off += [
        Miscalibrated(at=predicted[each.name].span, name=each.name, said=each.said)
        for each in tested(groups)
        if each.p_value <= STRICT
    ]
    rows = next((part.span for table in spec.tables for part in table.parts if part.role == "new"), None)
    off += [ShiftedInputs(at=rows, said=each.said) for each in shifted(groups) if each.p_value <= FIRM]
    return tuple(off)
