"""Answers to `predict`: what is told of each row, a block of rows at a time, as labelled arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from uqdsl import ir
from uqdsl.ir import SOURCES
from uqdsl.uncertainty.budget import (
    Budget,
    Seeds,
    attribute,
    closed_entropies,
    closed_variances,
    corners,
    draws_within,
    scattered_variances,
)
from uqdsl.uncertainty.classes import entropy, indicator_variances
from uqdsl.uncertainty.predict import Predictor, last
from uqdsl.uncertainty.stages import Arrays
from uqdsl.uncertainty.statistics import equal_tailed, exceedance, highest_density, total_variance
from uqdsl.vocabulary.predictions import PredictOptions

MOST_BYTES = 1 << 26
"""Draws are kept where all rows of them take no more."""
_LEAST_DRAWS = 64
"""Of a budget."""
_INNER = 8
"""Draws of what is not known for each draw of what is, in a budget of information."""


class Answer(NamedTuple):
    """What is told of one prediction: arrays by name, with the dimensions that each has before those of the target.

    Names: `mean`, `sd` and its parts `epistemic` and `aleatoric`, `lower` and `upper` over `interval`, `quantile` over `level`,
    `exceed` over `threshold`, `draws` over `draw`, and of the budget `share`, `first`, `total` over `source`, each with its
    `…_error`; with `average_` before them, those of the mean variance of all rows. Of classes there are, in the place of
    `mean` and `sd`, `probability` and all that is told of it over `class`, its `probability_draws`, and `entropy`,
    `expected_entropy` and `mutual_information`.

    - leading: the labels of these dimensions.
    """

    asked: ir.Prediction
    arrays: Arrays
    leading: Mapping[str, Sequence[float | int | str]]

    def dims(self, name: str) -> tuple[str, ...]:
        """The dimensions that an array has before those of the target."""
        return _leading(name, classes="class" in self.leading)


_OVER = {
    "lower": "interval",
    "upper": "interval",
    "quantile": "level",
    "exceed": "threshold",
    "draws": "draw",
    "probability_draws": "draw",
    "share": "source",
    "first": "source",
    "total": "source",
}
_OF_EACH_CLASS = frozenset(
    {"probability", "epistemic", "aleatoric", "lower", "upper", "quantile", "exceed", "probability_draws"}
)


def _leading(name: str, *, classes: bool) -> tuple[str, ...]:
    own = name.removeprefix("average_").removesuffix("_error")
    over = (_OVER[own],) if own in _OVER else ()
    return (*over, "class") if classes and own in _OF_EACH_CLASS else over


class _Ask(NamedTuple):
    asked: ir.Prediction
    options: PredictOptions
    axis: int
    classes: tuple[float | int | str, ...]
    parts: dict[str, list[np.ndarray]]
    mend: Mend | None


type Mend = Callable[[np.ndarray], np.ndarray]
"""From draws of a number, `(draw, *shape)`, to others in their places."""


def answer(
    predictor: Predictor, asked: Sequence[ir.Prediction], along: str, mend: Mapping[str, Mend] | None = None
) -> list[Answer]:
    """Predict, and tell what is asked of each row.

    Arguments:
        predictor: whose sites are called as the predictions.
        asked: what is to be told.
        along: the dimension along which the predictor goes in blocks; empty where it does not.
        mend: of numbers, what is done to their draws before anything but the budget and the parts of the variance is told.
    """
    asks = [
        _Ask(
            each,
            PredictOptions(**each.options),  # type: ignore[arg-type]
            _axis(each, along),
            predictor.outcomes[each.name].classes,
            {},
            (mend or {}).get(each.name),
        )
        for each in asked
    ]
    draws, states = max(each.options.draws for each in asks), predictor.states
    known = predictor.posterior_by_states(draws)
    seeds = predictor.along_known(known, states)
    other_seeds = {**seeds, "function": seeds["function"] + draws * states}
    sizes = dict.fromkeys((each.asked.name for each in asks), 0)
    for rows in predictor.blocks(draws * states):
        predictor.watch("predicting", rows.start, predictor.rows)
        here = known | predictor.inputs_given(last(known, states), np.arange(draws), rows)
        found = predictor.predict(here, seeds, rows)
        again = found if predictor.scatters_once(found) else predictor.predict(here, other_seeds, rows)
        for each in asks:
            told = (_of_classes if each.classes else _of_numbers)(each, found, again, states)
            sizes[each.asked.name] += sum(array.nbytes for name, array in told.items() if name in _DRAWS)
            for name, array in told.items():
                if name not in _DRAWS or sizes[each.asked.name] <= MOST_BYTES:
                    each.parts.setdefault(name, []).append(array)
    budgets = {each.asked.name: _budget(predictor, each, draws) for each in asks if each.options.budget != "none"}
    return [_joined(each, budgets.get(each.asked.name, {}), sizes[each.asked.name]) for each in asks]


def summarised(
    asked: ir.Prediction, classes: Sequence[float | int | str], blocks: Iterable[tuple[Arrays, Arrays]]
) -> Answer:
    """What is told of draws that come in blocks along the first dimension of a prediction.

    Arguments:
        classes: of an outcome that is one of them.
        blocks: what was found, as of `Predictor.predict`, and again with other draws of what is not known of each.
    """
    ask = _Ask(asked, PredictOptions(**asked.options), 0, tuple(classes), {}, None)  # type: ignore[arg-type]
    size = 0
    for found, again in blocks:
        told = (_of_classes if classes else _of_numbers)(ask, found, again, 1)
        size += sum(array.nbytes for name, array in told.items() if name in _DRAWS)
        for name, array in told.items():
            if name not in _DRAWS or size <= MOST_BYTES:
                ask.parts.setdefault(name, []).append(array)
    return _joined(ask, {}, size)


def _axis(asked: ir.Prediction, along: str) -> int:
    return asked.dims.index(along) if along in asked.dims else -1


_DRAWS = ("draws", "probability_draws")


def _of_numbers(ask: _Ask, found: Arrays, again: Arrays, states: int) -> Arrays:
    """What is told of a block of rows: of all states of chains, but for the draws themselves, which are those of the last.

    Arguments:
        found, again: as of `Predictor.predict`, with other seeds of the function in the second.
        states: that go with each draw.
    """
    name, draws = ask.asked.name, slice(ask.options.draws * states)
    kept = found[name][draws] if ask.mend is None else ask.mend(np.asarray(found[name][draws], float))
    values = np.asarray(kept, float)
    mean, other = (each.get(f"{name} mean", each[name])[draws] for each in (found, again))
    variance = found.get(f"{name} variance", np.zeros_like(values))[draws]
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is told of by its mean
        parts = total_variance(np.asarray(mean, float), np.asarray(other, float), variance)
        epistemic, aleatoric = (np.sqrt(np.maximum(each, 0.0)) for each in parts)
        sd = np.hypot(epistemic, aleatoric) if ask.mend is None else values.std(axis=0, ddof=1)
        told = {"mean": values.mean(axis=0), "sd": sd}
        told |= {"epistemic": epistemic, "aleatoric": aleatoric, **_spread(ask.options, values)}
    return told | last({"draws": kept}, states)


def _of_classes(ask: _Ask, found: Arrays, _: Arrays, states: int) -> Arrays:
    """What is told of a block of rows whose outcome is a class."""
    name, draws = ask.asked.name, slice(ask.options.draws * states)
    probabilities = found[f"{name} probability"][draws]
    values = np.moveaxis(probabilities, -1, 1)
    epistemic, aleatoric = values.std(axis=0, ddof=1), np.sqrt((values * (1 - values)).mean(axis=0))
    told = {"probability": values.mean(axis=0), "epistemic": epistemic, "aleatoric": aleatoric}
    told |= _spread(ask.options, values)
    parts = zip(("entropy", "expected_entropy", "mutual_information"), entropy(probabilities), strict=True)
    return told | dict(parts) | last({"draws": found[name][draws], "probability_draws": values}, states)


def _spread(options: PredictOptions, values: np.ndarray) -> Arrays:
    """Intervals, quantiles and probabilities to exceed."""
    lower, upper = (highest_density if options.hdi else equal_tailed)(values, options.intervals)
    told = {"lower": lower, "upper": upper}
    if options.quantiles:
        told["quantile"] = np.quantile(values, options.quantiles, axis=0)
    if options.exceed:
        told["exceed"] = exceedance(values, options.exceed)
    return told


def _joined(ask: _Ask, budget: Arrays, size: int) -> Answer:
    """All rows together."""
    arrays = {
        name: _concatenated(ask, name, parts)
        for name, parts in ask.parts.items()
        if name not in _DRAWS or size <= MOST_BYTES
    }
    options = ask.options
    leading = {
        "interval": options.intervals,
        "level": options.quantiles,
        "threshold": options.exceed,
        "class": ask.classes,
        "source": SOURCES if budget else (),
        "draw": range(options.draws) if "draws" in arrays else (),
    }
    return Answer(ask.asked, arrays | budget, {name: labels for name, labels in leading.items() if len(labels)})


def _concatenated(ask: _Ask, name: str, parts: list[np.ndarray]) -> np.ndarray:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts, axis=ask.axis + len(_leading(name, classes=bool(ask.classes))))


# --------------------------------------------------------------------------------------------------------- the budget


def _budget(predictor: Predictor, ask: _Ask, draws: int) -> Arrays:
    """Shares of the variance of each row, or of the entropy of its class, and of the mean over all rows."""
    told = (_entropies if ask.options.budget == "information" else _variances)(predictor, ask, draws)
    parts: dict[str, list[np.ndarray]] = {}
    sums: list[np.ndarray] = []
    for rows in predictor.blocks(told.draws):
        predictor.watch("the five sources", rows.start, predictor.rows)
        closed, shape = told.by(rows)
        sums.append(closed.sum(axis=2, keepdims=True))
        for part, array in _shares(attribute(closed, told.active)).items():
            parts.setdefault(part, []).append(array.reshape(len(SOURCES), *shape))
    whole = _shares(attribute(np.sum(sums, axis=0), told.active))
    return {part: _concatenated(ask, part, each) for part, each in parts.items()} | {
        f"average_{part}": each[:, 0] for part, each in whole.items()
    }


class _Closed(NamedTuple):
    """What all sets of sources tell.

    - active: the sources, in the order of the bits of a set.
    - draws: that it takes of each row.
    - by: from a block of rows to V(S), `(draw, set, row)`, and the shape of the rows.
    """

    active: Sequence[str]
    draws: int
    by: Callable[[slice], tuple[np.ndarray, tuple[int, ...]]]


def _count(predictor: Predictor, draws: int, active: Sequence[str]) -> int:
    """Draws of the budget."""
    # Chains of the weights are not run by the prediction alone, and may be costlier than those that are: these are fewer.
    count = max(_LEAST_DRAWS, draws_within(draws, 1 << (len(SOURCES) if predictor.chained else len(active))))
    return min(count, predictor.independent // 2)


def _variances(predictor: Predictor, ask: _Ask, draws: int) -> _Closed:
    """Variances of what is predicted; of a class those of its indicators."""
    active, name = predictor.random, ask.asked.name
    chained, times = predictor.chained, predictor.states
    count = _count(predictor, draws, active)
    first = {source: np.arange(count) for source in SOURCES}
    ranks = predictor.along_known(predictor.known_by_states(first), times)
    # Even over what the first copies of all seeds give.
    even = {source: np.concatenate([rank, rank + count * times]) for source, rank in ranks.items()}

    def by(rows: slice) -> tuple[np.ndarray, tuple[int, ...]]:
        inputs = predictor.inputs_of(rows)

        def prediction(seeds: Seeds, *, halves: bool = False) -> Arrays:
            again = {
                source: np.repeat(seeds[source], times) * times if source in chained else _apart(seeds[source], times)
                for source in even
            }
            forward = {source: even[source][each] for source, each in again.items()}
            known = predictor.known_by_states(seeds, halves=halves) | inputs(seeds)
            return predictor.predict(known, forward, rows)

        found = prediction(first)
        scattered = predictor.scatters_once(found) and predictor.outcomes[name].one_shape
        closed = _closed(ask, prediction, count, active, scattered=scattered)
        if "testing_data" in active and not {"training_data", "weights"}.isdisjoint(active):
            # Ranks in a chain are known as well as it has independent states. Their errors pass for effects of the weights, and
            # are twice as large in its halves: the jackknife takes them away.
            halves = partial(prediction, halves=True)
            closed = 2 * closed - _closed(ask, halves, count, active, scattered=scattered)
        # What was drawn for the same chains is no draw of its own; their mean is.
        return closed.reshape(count, times, *closed.shape[1:]).mean(axis=1), found[name].shape[1:]

    return _Closed(active, count * times << len(active), by)


def _entropies(predictor: Predictor, ask: _Ask, draws: int) -> _Closed:
    """What knowing each set of sources takes from the entropy of a class.

    The source `function` has what is left when all others are known, as in `indicator_variances`.
    """
    active, name = [each for each in predictor.random if each != "function"], ask.asked.name
    count = _count(predictor, draws, active)
    times = count * _INNER
    # The numbers of neighbouring draws would be even, and their mean better than the jackknife takes it to be.
    mixed = np.random.default_rng(0).permutation(count + (times << len(active)))
    before = sorted({"testing_data", "training_data", "weights"} | predictor.chained)

    def by(rows: slice) -> tuple[np.ndarray, tuple[int, ...]]:
        shape: tuple[int, ...] = ()
        inputs = predictor.inputs_of(rows)

        def probabilities(seeds: Seeds) -> np.ndarray:
            nonlocal shape
            together = np.stack([seeds[each] for each in before])
            _, first, again = np.unique(together, axis=1, return_index=True, return_inverse=True)
            apart = {source: each[first] for source, each in seeds.items()}
            known = predictor.known(apart) | last(inputs(apart), predictor.states)
            forward = {"new_input": mixed[seeds["new_input"]], "function": mixed[:times]}
            found = predictor.predict({each: array[again.ravel()] for each, array in known.items()}, forward, rows)
            shape = found[name].shape[1:]
            return found[f"{name} probability"].reshape(times, -1, len(ask.classes))

        left = closed_entropies(probabilities, count, _INNER, active)
        told = left[:, :1] - left
        return np.concatenate([told, told + left[:, -1:]], axis=1), shape

    return _Closed([*active, "function"], times << len(active), by)


def _closed(
    ask: _Ask, prediction: Callable[[Seeds], Arrays], count: int, active: Sequence[str], *, scattered: bool
) -> np.ndarray:
    """V(S) of all sets of sources, `(draw, set, row)`.

    Arguments:
        prediction: of seeds.
        count: of these.
        scattered: whether `function` is no more than a scatter of one shape, so that its law says all of it.
    """
    name, classes = ask.asked.name, len(ask.classes)

    def flat(array: np.ndarray, *last: int) -> np.ndarray:
        return np.asarray(array, float).reshape(len(array), -1, *last)

    def law(seeds: Seeds) -> np.ndarray:
        found = prediction(seeds)
        return np.stack([flat(found[f"{name} mean"]), np.sqrt(flat(found[f"{name} variance"]))], axis=-1)

    if classes:
        every = corners(lambda seeds: flat(prediction(seeds)[f"{name} probability"], classes), count, active)
        return indicator_variances(every, active)
    if scattered and active[-1] == "function":
        every = corners(law, count, active[:-1])
        return scattered_variances(every[..., 0], every[..., 1])
    return closed_variances(corners(lambda seeds: flat(prediction(seeds)[name]), count, active))


def _apart(seeds: np.ndarray, times: int) -> np.ndarray:
    """So many seeds in the place of each, all different where they were."""
    return (seeds[:, None] * times + np.arange(times)).ravel()


def _shares(budget: Budget) -> Arrays:
    """Shares with their errors, `(source, row)`."""
    parts = {"share": budget.shapley, "first": budget.first, "total": budget.all_orders}
    found: Arrays = {}
    for name, each in parts.items():
        found |= {name: each.share, f"{name}_error": each.share_error}
    return found
