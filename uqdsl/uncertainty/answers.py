"""Answers to `predict`: what is told of each row, a block of rows at a time, as labelled arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from uqdsl import ir
from uqdsl.uncertainty.budget import SOURCES, Budget, attribute, closed_variances, corners, draws_within
from uqdsl.uncertainty.predict import Predictor, Seeds
from uqdsl.uncertainty.stages import Arrays
from uqdsl.uncertainty.statistics import equal_tailed, exceedance, highest_density
from uqdsl.vocabulary.predictions import PredictOptions

MOST_BYTES = 1 << 26
"""Draws are kept where all rows of them take no more."""
_LEAST_DRAWS = 100
"""Of a budget."""


class Answer(NamedTuple):
    """What is told of one prediction: arrays by name, with the dimensions that each has before those of the target.

    Names: `mean`, `sd`, `lower` and `upper` over `interval`, `quantile` over `probability`, `exceed` over `threshold`,
    `draws` over `draw`, and of the budget `share`, `first`, `total` over `source`, each with its `…_error`; with `average_`
    before them, those of the mean variance of all rows.

    - leading: the labels of these dimensions.
    """

    asked: ir.Prediction
    arrays: Arrays
    leading: Mapping[str, Sequence[float | int | str]]


class _Ask(NamedTuple):
    asked: ir.Prediction
    options: PredictOptions
    axis: int
    parts: dict[str, list[np.ndarray]]


def answer(predictor: Predictor, asked: Sequence[ir.Prediction], along: str) -> list[Answer]:
    """Predict, and tell what is asked of each row.

    Arguments:
        predictor: whose sites are called as the predictions.
        asked: what is to be told.
        along: the dimension along which the predictor goes in blocks; empty where it does not.
    """
    asks = [_Ask(each, PredictOptions(**each.options), _axis(each, along), {}) for each in asked]  # type: ignore[arg-type]
    draws = max(each.options.draws for each in asks)
    known = predictor.posterior(draws)
    seeds: Seeds = dict.fromkeys(SOURCES, np.arange(draws))  # pyright: ignore[reportAssignmentType] - names are text
    sizes = dict.fromkeys((each.asked.name for each in asks), 0)
    for rows in predictor.blocks(draws):
        predictor.watch("predicting", rows.start, predictor.rows)
        found = predictor.predict(known, seeds, rows)
        for each in asks:
            values = found[each.asked.name][: each.options.draws]
            sizes[each.asked.name] += values.nbytes
            _tell(each, values, keep=sizes[each.asked.name] <= MOST_BYTES)
    budgets = {each.asked.name: _budget(predictor, each, draws) for each in asks if each.options.budget != "none"}
    return [_joined(each, budgets.get(each.asked.name, {}), sizes[each.asked.name]) for each in asks]


def _axis(asked: ir.Prediction, along: str) -> int:
    return asked.dims.index(along) if along in asked.dims else -1


def _tell(ask: _Ask, draws: np.ndarray, *, keep: bool) -> None:
    """What is told of a block of rows."""
    options, values = ask.options, np.asarray(draws, float)
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is told of by its mean
        lower, upper = (highest_density if options.hdi else equal_tailed)(values, options.intervals)
        told = {"mean": values.mean(axis=0), "sd": values.std(axis=0, ddof=1), "lower": lower, "upper": upper}
        if options.quantiles:
            told["quantile"] = np.quantile(values, options.quantiles, axis=0)
    if options.exceed:
        told["exceed"] = exceedance(values, options.exceed)
    if keep:
        told["draws"] = draws
    for name, array in told.items():
        ask.parts.setdefault(name, []).append(array)


def _joined(ask: _Ask, budget: Arrays, size: int) -> Answer:
    """All rows together."""
    arrays = {
        name: np.concatenate(parts, axis=ask.axis + (name not in ("mean", "sd"))) if len(parts) > 1 else parts[0]
        for name, parts in ask.parts.items()
        if name != "draws" or size <= MOST_BYTES
    }
    options = ask.options
    leading = {
        "interval": options.intervals,
        "probability": options.quantiles,
        "threshold": options.exceed,
        "source": SOURCES if budget else (),
        "draw": range(options.draws) if "draws" in arrays else (),
    }
    return Answer(ask.asked, arrays | budget, {name: labels for name, labels in leading.items() if len(labels)})


# --------------------------------------------------------------------------------------------------------- the budget


def _budget(predictor: Predictor, ask: _Ask, draws: int) -> Arrays:
    """Shares of the variance of each row, and of the mean over all rows."""
    active, name = predictor.random, ask.asked.name
    count = max(_LEAST_DRAWS, draws_within(draws, predictor.evaluations))
    count = min(count, predictor.independent // 2)
    parts: dict[str, list[np.ndarray]] = {}
    sums: list[np.ndarray] = []
    for rows in predictor.blocks(count << len(active)):
        predictor.watch("the five sources", rows.start, predictor.rows)
        shape: tuple[int, ...] = ()

        def prediction(seeds: Mapping[str, np.ndarray], rows: slice = rows) -> np.ndarray:
            nonlocal shape
            found = predictor.predict(predictor.known(seeds), seeds, rows)[name]
            shape = found.shape[1:]
            return np.asarray(found, float).reshape(len(found), -1)

        closed = closed_variances(corners(prediction, count, active))
        sums.append(closed.sum(axis=2, keepdims=True))
        found = _shares(attribute(closed, active))
        for part, array in found.items():
            parts.setdefault(part, []).append(array.reshape(len(SOURCES), *shape))
    told = {part: np.concatenate(each, axis=ask.axis + 1) if len(each) > 1 else each[0] for part, each in parts.items()}
    whole = _shares(attribute(np.sum(sums, axis=0), active))
    return told | {f"average_{part}": each[:, 0] for part, each in whole.items()}


def _shares(budget: Budget) -> Arrays:
    """Shares with their errors, `(source, row)`."""
    parts = {"share": budget.shapley, "first": budget.first, "total": budget.all_orders}
    found: Arrays = {}
    for name, each in parts.items():
        found |= {name: each.share, f"{name}_error": each.share_error}
    return found
