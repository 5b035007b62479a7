"""Predictions of testing rows, none of which has been learned from: draws, and log densities of what was recorded.

The law of the residual is learned from testing rows. To score predictions on these would be to score them on what they have
seen. So the rows are divided into two halves, drawn at random, and those of each are predicted with the law that the
other gave (Stone 1974, Cross-Validatory Choice and Assessment of Statistical Predictions, J. R. Stat. Soc. B 36). That
law rests on half of the rows, so that the predictions which are scored are a little wider than those which are made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from uqdsl import ir
from uqdsl.uncertainty.chained import Watch
from uqdsl.uncertainty.known import Known
from uqdsl.uncertainty.predict import Predictor, last
from uqdsl.uncertainty.rows import row_dim
from uqdsl.uncertainty.short_chains import Mixing
from uqdsl.uncertainty.stages import Arrays, Stage, of_given_rows, row_names, rows_of

MOST_ROWS = 2000
"""Of more, so many are drawn at random."""
LEAST_ROWS = 10
_OF_ROWS = ("prediction", "inputs")
"""Stages of the rows that are scored."""
_OF_RESIDUAL = ("residual", "residual_statistics")
"""Stages of the rows that the law of the residual is learned from."""


class HeldOut(NamedTuple):
    """Predictions of testing rows.

    - rows: which rows, `(row,)`; those in which something is missing are left out.
    - along: their dimension.
    - draws: what would be recorded, by target, `(draw, *shape)`.
    - densities: log density of what was recorded, in each draw; of targets whose law has one.
    - probabilities: of targets that are classes, of each class, by all draws together, `(*shape, class)`.
    - classes: their labels.
    - mixing: how well the short chains of each stage did.
    """

    rows: np.ndarray
    along: str
    draws: Arrays
    densities: Arrays
    probabilities: Arrays
    classes: dict[str, tuple[float | int | str, ...]]
    mixing: dict[str, Mixing]


def predict_held_out(
    stages: Mapping[str, Stage],
    spec: ir.Spec,
    joint: Arrays,
    sites: Mapping[str, str],
    seed: int,
    draws: int,
    *,
    weights_exact: bool = False,
    cut: bool = False,
    watch: Watch,
) -> HeldOut | str:
    """Predict testing rows; or say why that cannot be done.

    Arguments:
        stages: `prediction` of testing rows as they would be recorded, with those before it: `residual` and `inputs`, if there
            are such, and what the weights need where these do not follow from the posterior alone.
        spec: the IR of the prediction.
        joint, seed, weights_exact, cut: as of `Known`.
        sites, watch: as of `Predictor`.
        draws: of each row.
    """
    along = row_dim(spec, stages["prediction"].target.dims, sites.values())
    if not along:
        return "testing rows depend on one another, so that none can be left out"
    whole = _whole_rows(stages["prediction"], along)
    if len(whole) < LEAST_ROWS:
        return f"of so few testing rows ({len(whole)}) they say nothing"
    shuffled = np.random.default_rng(seed).permutation(whole)[:MOST_ROWS]
    rows, half = np.sort(shuffled), len(shuffled) // 2
    taken = np.arange(draws) % len(next(iter(joint.values())))
    joint = {name: each[taken] for name, each in joint.items()}
    own = {name: rows_of(each, along, rows) if name in _OF_ROWS else each for name, each in stages.items()}
    first = np.isin(rows, shuffled[:half])
    folds = [(np.ones(len(rows), bool), slice(0, draws))]
    if "residual" in stages:
        learned = [np.sort(shuffled[:half]), np.sort(shuffled[len(shuffled) - half :])]
        joint = _with_rows(stages["residual"], along, learned, joint)
        own |= {name: of_given_rows(stages[name], along, learned[0]) for name in _OF_RESIDUAL if name in stages}
        folds = [(~first, slice(0, draws)), (first, slice(draws, 2 * draws))]
    before = Known(own, joint, seed, weights_exact=weights_exact, cut=cut)
    predictor = Predictor(before, own, spec, sites, watch)
    known = predictor.posterior(draws * len(folds))
    target = own["prediction"].target
    classes = {name: each.classes for name, each in predictor.outcomes.items() if each.classes}
    found = HeldOut(rows, along, {}, {}, {}, classes, predictor.mixing)
    for scored, at in folds:
        predicted = _predicted(
            predictor, {name: each[at] for name, each in known.items()}, np.arange(at.start, at.stop)
        )
        for into, arrays in zip((found.draws, found.densities, found.probabilities), predicted, strict=True):
            for name, array in arrays.items():
                axis = target.dims[sites[name]].index(along) + (into is not found.probabilities)
                mask = scored.reshape([-1 if each == axis else 1 for each in range(array.ndim)])
                into[name] = np.where(mask, array, into.get(name, array))
    return found


def _whole_rows(stage: Stage, dim: str) -> np.ndarray:
    """The rows in which nothing is missing."""
    target = stage.target
    known = np.ones(len(target.coords[dim]), bool)
    for name, each in target.data.items():
        field = name.removesuffix(ir.observed(""))
        dims = target.dims.get(field, ())
        if field != name and dim in dims:
            known &= np.moveaxis(np.asarray(each), dims.index(dim), 0).reshape(len(known), -1).all(axis=1)
    return np.flatnonzero(known)


def _with_rows(stage: Stage, dim: str, halves: Sequence[np.ndarray], joint: Arrays) -> Arrays:
    """The draws, once with the rows of a stage that are in each half."""
    parts = [rows_of(stage, dim, rows).target.data for rows in halves]
    draws = len(next(iter(joint.values())))
    twice = {name: np.concatenate([each] * len(halves)) for name, each in joint.items()}
    for name in row_names(stage, dim):
        arrays = [np.asarray(part[name]) for part in parts]
        twice[name] = np.concatenate([np.broadcast_to(each, (draws, *each.shape)) for each in arrays])
    return twice


def _predicted(predictor: Predictor, known: Arrays, index: np.ndarray) -> tuple[Arrays, Arrays, Arrays]:
    """Draws, densities of what was recorded, and probabilities of classes, of all rows of a predictor."""
    seeds = predictor.along_known(known)
    dims, along = predictor.stages["prediction"].target.dims, predictor.along
    blocks: tuple[list[Arrays], ...] = ([], [], [])
    for rows in predictor.blocks(len(index)):
        predictor.watch("testing rows", rows.start, predictor.rows)
        here = known | last(predictor.inputs_given(known, index, rows), predictor.states)
        found = predictor.predict(here, seeds, rows)
        of_classes = [name for name in predictor.sites if f"{name} probability" in found]
        blocks[0].append({name: found[name] for name in predictor.sites})
        blocks[1].append(predictor.densities(here, seeds, rows))
        blocks[2].append({name: found[f"{name} probability"].mean(axis=0) for name in of_classes})

    def whole(parts: list[Arrays], before: int) -> Arrays:
        axes = {name: dims[predictor.sites[name]].index(along) + before for name in parts[0]}
        return {name: np.concatenate([each[name] for each in parts], axes[name]) for name in axes}

    return whole(blocks[0], 1), whole(blocks[1], 1), whole(blocks[2], 0)
