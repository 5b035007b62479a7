"""Whether a filter follows what it observes, and how well it follows the truth where there is one.

References:
    Desroziers, Berre, Chapnik & Poli 2005, Diagnosis of observation, background and analysis-error statistics in
    observation space, Q. J. R. Meteorol. Soc. 131, 3385-3396, eq. 1 to 4.
    Fortin, Abaza, Anctil & Turcotte 2014, Why Should Ensemble Spread Match the RMSE of the Ensemble Mean?, J.
    Hydrometeorol. 15, 1708-1713.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.special import chdtri, ndtr

from uqdsl.results.groups import Group

ASSIMILATION = "assimilation"
"""The group of a result that holds what a filter found."""

_BAND = 1e-4
"""Probability that the innovations of a filter that is right lie outside their band, half of it on each side."""
_WINDOW = 20
"""Cycles in which a filter is judged to have lost what it observes."""


class Seen(NamedTuple):
    """Observations beside what was expected of them, `(event, p)` each; where `present` is not, nothing was observed.

    - values: observed.
    - error: variance of the observations' own errors.
    - forecast, forecast_sd: what was expected before they came in, without their error.
    - analysis: what the states show once they are in.
    """

    values: np.ndarray
    error: np.ndarray
    present: np.ndarray
    forecast: np.ndarray
    forecast_sd: np.ndarray
    analysis: np.ndarray


class Consistency(NamedTuple):
    """How innovations compare with what was expected of them.

    - ratio: mean of their squares over their expected variance, 1 where a filter is right.
    - low, high: the band of that.
    - by_event: the same at each event, NaN where nothing was observed.
    - observed_error, forecast_error: what Desroziers' statistics make of the variance of observation errors and of the
      forecast, over what the spec and the filter take them to be.
    - observations: how many.
    """

    ratio: float
    low: float
    high: float
    by_event: np.ndarray
    observed_error: float
    forecast_error: float
    observations: int


def consistency(seen: Seen) -> Consistency:
    """Compare innovations with what was expected of them."""
    there = seen.present
    count = int(there.sum())
    before, after = seen.values - seen.forecast, seen.values - seen.analysis
    squares = np.where(there, before**2 / (seen.forecast_sd**2 + seen.error), 0.0)
    number = there.sum(axis=1)
    by_event = np.divide(squares.sum(axis=1), number, out=np.full(len(number), np.nan), where=number > 0)
    if not count:
        return Consistency(np.nan, np.nan, np.nan, by_event, np.nan, np.nan, 0)

    def share(product: np.ndarray, expected: np.ndarray) -> float:
        return float(product[there].sum() / expected[there].sum())

    return Consistency(
        float(squares.sum() / count),
        float(chdtri(count, 1 - _BAND / 2) / count),
        float(chdtri(count, _BAND / 2) / count),
        by_event,
        share(before * after, seen.error),
        share((seen.analysis - seen.forecast) * before, np.maximum(seen.forecast_sd**2, np.finfo(float).tiny)),
        count,
    )


class Skill(NamedTuple):
    """How well an estimate follows the truth, over all its times.

    - rmse: mean over times of the root mean square over the elements of the state.
    - spread: likewise of the standard deviations.
    - crps: of a normal law with these.
    """

    rmse: float
    spread: float
    crps: float


def skill(mean: np.ndarray, sd: np.ndarray, truth: np.ndarray) -> Skill:
    """Compare estimates with the truth, `(time, element)` each."""
    apart = mean - truth
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(sd > 0, apart / sd, 0.0)
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    crps = np.where(sd > 0, sd * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi)), np.abs(apart))
    return Skill(
        float(np.mean(np.sqrt(np.mean(apart**2, axis=1)))),
        float(np.mean(np.sqrt(np.mean(sd**2, axis=1)))),
        float(np.mean(crps)),
    )


def lost(found: Consistency, times: np.ndarray) -> str:
    """When a filter lost what it observes, in words; empty where it did not."""
    ratio = found.by_event[np.isfinite(found.by_event)]
    when = times[np.isfinite(found.by_event)]
    if len(ratio) < _WINDOW:
        return ""
    along = np.convolve(ratio, np.ones(_WINDOW) / _WINDOW, mode="valid")
    if np.median(along[-max(1, len(along) // 4) :]) <= _FAR:
        return ""
    last_good = np.flatnonzero(along <= _FAR)
    begin = when[min(int(last_good[-1]) + 1, len(when) - 1)] if len(last_good) else when[0]
    return f"{begin:g}"


def collapsed(ess: np.ndarray, times: np.ndarray, axis: str) -> str:
    """When and how often the weights of a filter were those of one particle, in words; empty where they were not."""
    seen = np.isfinite(ess)
    alone = seen & (ess < _ALONE)
    if alone.sum() <= _OFTEN * seen.sum():
        return ""
    when = f"{axis} = {times[int(np.argmax(alone))]:g}"
    if np.any(ess[alone] == 0):
        when = f"{axis} = {times[int(np.argmax(ess == 0))]:g} no particle can have made what was observed"
        return f"the weights collapsed: at {when}"
    share = f"{alone.sum() / seen.sum():.0%} of the analyses"
    return f"the weights collapsed: at {share} fewer than {_ALONE:g} particles are effective, first at {when}"


_ALONE = 2.0
_OFTEN = 0.1
"""Share of analyses at which as few as `_ALONE` effective particles are no chance."""

_FAR = 3.0
"""Ratio of innovations to what was expected from which a filter counts as lost."""


def reasons(
    found: Consistency, finite: np.ndarray, times: np.ndarray, axis: str, ess: np.ndarray | None = None
) -> list[str]:
    """Why estimates should not be trusted, a sentence each.

    Arguments:
        finite: whether the estimates of an event are.
        ess: effective particles at each analysis, NaN where there was none; None of filters without weights.
    """
    if not finite.all():
        when = f"{axis} = {times[int(np.argmin(finite))]:g}"
        advice = "take shorter steps of the solver, more members, or a narrower law of the states at the first time"
        return [f"the states are not finite numbers from {when} on; {advice}"]
    if ess is not None and (when := collapsed(ess, times, axis)):
        advice = (
            "take more `members` or some `regularisation`, or a method that moves its members, such as `equal_weight`"
        )
        return [f"{when}; {advice}"]
    when = lost(found, times)
    if when:
        trouble = (
            f"the filter lost what it observes at about {axis} = {when}: innovations are much larger than it expects"
        )
        return [f"{trouble}; take more members or inflation, or give the states an error"]
    band = f"{found.ratio:.3g} times what it should be (1 within {found.low:.3g} to {found.high:.3g})"
    if found.observations and found.ratio > found.high:
        advice = "inflate, or look for errors that the spec leaves out"
        return [f"innovations are larger than expected: the mean of their squares is {band}; {advice}"]
    if found.observations and found.ratio < found.low:
        advice = "the errors that the spec states, or the inflation, are too large"
        return [f"innovations are smaller than expected: the mean of their squares is {band}; {advice}"]
    return []


class Cycled(NamedTuple):
    """What a filter found, in numbers for a summary."""

    numbers: Mapping[str, float]
    reasons: tuple[str, ...]


def cycled(group: Group) -> Cycled:
    """The numbers and the words that the group `assimilation` of a result holds."""
    texts = tuple(text for text in str(group.attrs.get("reasons", "")).split("\n") if text)
    numbers = {name: float(each) for name, each in group.attrs.items() if isinstance(each, int | float)}
    return Cycled(numbers, texts)
