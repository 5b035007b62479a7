"""Whether a filter follows what it observes, and how well it follows the truth where there is one.

References:
    Desroziers, Berre, Chapnik & Poli 2005, Diagnosis of observation, background and analysis-error statistics in
    observation space, Q. J. R. Meteorol. Soc. 131, 3385-3396, eq. 1 to 4.
    Fortin, Abaza, Anctil & Turcotte 2014, Why Should Ensemble Spread Match the RMSE of the Ensemble Mean?, J.
    Hydrometeorol. 15, 1708-1713, eq. 15.
    Cardinali, Pezzulli & Andersson 2004, Influence-matrix diagnostic of a data assimilation system, Q. J. R. Meteorol.
    Soc. 130, 2767-2786, eq. 3.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import chdtri, ndtr

from uqdsl.diagnose.summary import scalar_labels
from uqdsl.results.groups import Group, Variable

ASSIMILATION = "assimilation"
"""The group of a result that holds what a filter found."""

_BAND = 1e-4
"""Probability that the innovations of a filter that is right lie outside their band, half of it on each side."""
_WINDOW = 20
"""Cycles in which a filter is judged to have lost what it observes."""


OBSERVATIONS = "observations"
"""The group that holds what was observed beside what was expected of it."""


GAIN = "gain"
"""Among the numbers of an analysis, the gain of each observation, where a method tells it."""
FAILED = "failed"
"""Likewise how many members the model made what is no number, on the way to its time."""


REJECTED = "rejected"
"""Among the numbers of an analysis, which observations it left out, where that is asked for."""


MEMBER_WEIGHT = "member_weight"
"""The variable of the weights of members that are kept."""


class Alongside(NamedTuple):
    """Observations beside what was expected of them, `(event, p)` each; where `present` is not, nothing was observed.

    Where a law has no mean or no variance, and where a filter has come to an end in what is no number, nothing is expected.

    - values: observed.
    - error: variance of the observations' own errors.
    - forecast, forecast_sd: what was expected before they came in, without their error.
    - analysis, analysis_sd: what the states show once they are in.
    - told: the gain that a method told of itself; None of those whose gain is that of least variance.
    - rejected: 1 for each that the analysis left out; None where all are taken in.
    """

    values: np.ndarray
    error: np.ndarray
    present: np.ndarray
    forecast: np.ndarray
    forecast_sd: np.ndarray
    analysis: np.ndarray
    analysis_sd: np.ndarray
    told: np.ndarray | None = None
    rejected: np.ndarray | None = None

    @property
    def expected(self) -> np.ndarray:
        """Where something was observed and something was expected of it."""
        return self.present & np.isfinite(self.error) & np.isfinite(self.forecast)

    @property
    def compared(self) -> np.ndarray:
        """Where that was taken in."""
        return self.expected if self.rejected is None else self.expected & (self.rejected != 1)

    @property
    def gain(self) -> np.ndarray:
        """By how much what the states show follows each observation: the variance of that over that of the observation's error.

        It is the diagonal of HK, from 0, where the observation says nothing, to 1, where nothing else does. It is at most what
        it would be without the other observations, HBH / (HBH + R), beyond which inflation might bring an analysis. An estimate
        that stays as it was, as within a window of time that is not yet at its end, follows nothing.
        """
        if self.told is not None:
            return self.told
        follows = (self.analysis != self.forecast) | (self.analysis_sd != self.forecast_sd)
        alone = self.forecast_sd**2 / (self.forecast_sd**2 + self.error)
        return np.where(follows, np.minimum(self.analysis_sd**2 / self.error, alone), 0.0)

    def shown(self) -> dict[str, np.ndarray]:
        """What is told of each observation, by the ending of its name; NaN where nothing was observed."""
        found = {
            "": self.values,
            "_forecast_mean": self.forecast,
            "_forecast_sd": self.forecast_sd,
            "_analysis_mean": self.analysis,
            "_gain": self.gain,
        }
        if self.rejected is not None:
            found["_rejected"] = self.rejected
        return {ending: np.where(self.expected, each, np.nan) for ending, each in found.items()}


class Consistency(NamedTuple):
    """How innovations compare with what was expected of them.

    - ratio: mean of their squares over their expected variance, 1 where a filter is right.
    - low, high: the band of that, for as many as are independent.
    - by_event: the same at each event, NaN where nothing was observed.
    - observed_error, forecast_error: what Desroziers' statistics make of the variance of observation errors and of the
      forecast, over what the spec and the filter take them to be.
    - signal: at each event, the observations' degrees of freedom for signal, tr(HK); NaN where nothing was observed.
    - observations: how many.
    - observed: at which events something was observed.
    - rejected: how many were left out, beside those.
    - together: whether all of several events were taken in at one time, so that what is told of the others before they were
      smoothed is of a free run.
    """

    ratio: float
    low: float
    high: float
    by_event: np.ndarray
    observed_error: float
    forecast_error: float
    signal: np.ndarray
    observations: int
    observed: np.ndarray
    rejected: int = 0
    together: bool = False


def consistency(seen: Alongside) -> Consistency:
    """Compare innovations with what was expected of them."""
    there, observed = seen.compared, seen.present.any(axis=1)
    count, rejected = int(there.sum()), int((seen.expected & ~there).sum())
    before, after = seen.values - seen.forecast, seen.values - seen.analysis
    squares = np.where(there, before**2 / (seen.forecast_sd**2 + seen.error), 0.0)
    number = there.sum(axis=1)
    by_event = np.divide(squares.sum(axis=1), number, out=np.full(len(number), np.nan), where=number > 0)
    signal = np.where(number > 0, np.where(there, seen.gain, 0.0).sum(axis=1), np.nan)
    if not count:
        return Consistency(np.nan, np.nan, np.nan, by_event, np.nan, np.nan, signal, 0, observed, rejected)

    def share(product: np.ndarray, expected: np.ndarray) -> float:
        return float(product[there].sum() / expected[there].sum())

    free = int(number[_afresh(seen)].sum())
    return Consistency(
        float(squares.sum() / count),
        float(chdtri(free, 1 - _BAND / 2) / free),
        float(chdtri(free, _BAND / 2) / free),
        by_event,
        share(before * after, seen.error),
        share((seen.analysis - seen.forecast) * before, np.maximum(seen.forecast_sd**2, np.finfo(float).tiny)),
        signal,
        count,
        observed,
        rejected,
        bool(observed.sum() > 1 and _moved(seen).sum() == 1),
    )


def _moved(seen: Alongside) -> np.ndarray:
    """At which events observations moved what is estimated."""
    return np.where(seen.compared, seen.gain > 0, False).any(axis=1)


def _afresh(seen: Alongside) -> np.ndarray:
    """At which events the forecast is of other errors than at the last: the analysis before it took in what was observed.

    Innovations in between, in a window or of a free run, have errors in common.
    """
    found = np.zeros(len(seen.values), bool)
    (observed,) = np.nonzero(seen.compared.any(axis=1))
    moved = _moved(seen)[observed]
    found[observed] = np.concatenate([[True], moved[:-1]])
    return found


class Skill(NamedTuple):
    """How well an estimate follows the truth, over all its times.

    - rmse: mean over times of the root mean square over the elements of the state.
    - spread: likewise of the standard deviations.
    - crps: of a normal law with these.
    - ratio: of spread to error, √((N + 1)/N) √(mean of variances) / √(mean of squared errors), 1 where they agree.
    """

    rmse: float
    spread: float
    crps: float
    ratio: float


def skill(mean: np.ndarray, sd: np.ndarray, truth: np.ndarray, members: int | None = None) -> Skill:
    """Compare estimates with the truth, `(time, element)` each, which is known at some of the times.

    Arguments:
        members: of the ensemble that estimates are of; None where they are of none.
    """
    known = np.isfinite(truth).all(axis=1)
    apart, sd = (mean - truth)[known], sd[known]
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(sd > 0, apart / sd, 0.0)
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    crps = np.where(sd > 0, sd * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi)), np.abs(apart))
    many = 1.0 if members is None else (members + 1) / members
    error = float(np.mean(apart**2))
    return Skill(
        float(np.mean(np.sqrt(np.mean(apart**2, axis=1)))),
        float(np.mean(np.sqrt(np.mean(sd**2, axis=1)))),
        float(np.mean(crps)),
        float(np.sqrt(many * np.mean(sd**2) / error)) if error > 0 else np.nan,
    )


def scores(
    held: Consistency, found: Any, truth: np.ndarray | None, times: np.ndarray, of: np.ndarray
) -> dict[str, int | float]:
    """The numbers of a whole assimilation.

    Arguments:
        found: what the filter found.
        truth: `(event, d)`, where it is known.
        of: the elements that are states, `(d,)`.
    """

    def skill_of(part: Any, span: slice) -> Skill:
        assert truth is not None
        return skill(part.mean[span][:, of], part.sd[span][:, of], truth[span][:, of], found.size)

    observed = np.flatnonzero(held.observed)
    numbers: dict[str, int | float] = {
        "cycles": len(observed),
        "observations": held.observations,
        "first_time": float(times[0]),
        "last_observed": float(times[observed[-1]]) if len(observed) else np.nan,
        "last_time": float(times[-1]),
        "innovation_ratio": held.ratio,
        "observation_error_ratio": held.observed_error,
        "forecast_error_ratio": held.forecast_error,
    }
    parts = (
        {"smoothed": found.smoothed}
        if meant(held, found) == "smoothed"
        else {"forecast": found.forecast, "analysis": found.analysis}
    )
    for name, part in parts.items():
        numbers[f"spread_{name}"] = float(np.mean(np.sqrt(np.mean(part.sd[:, of] ** 2, axis=1))))
    if REJECTED in found.numbers:
        numbers[REJECTED] = held.rejected
    if held.observations:
        numbers["signal"] = float(np.nanmean(held.signal))
    if found.size is not None:
        numbers["members"] = found.size
    evidence = found.numbers.get("log_evidence", found.evidence)
    if evidence is not None:
        numbers["log_evidence"] = float(np.nansum(evidence))
    if truth is not None:
        # Behind the last observation there are forecasts alone, which are not held against what the filter can do.
        until = observed[-1] + 1 if len(observed) else len(times)
        smoothed = None if found.smoothed is None else skill_of(found.smoothed, slice(until))
        if smoothed is not None:
            numbers |= {"rmse_smoothed": smoothed.rmse, "spread_skill_smoothed": smoothed.ratio}
        if meant(held, found) == "smoothed" and smoothed is not None:
            numbers |= {"crps": smoothed.crps}
        else:
            before, after = (skill_of(each, slice(until)) for each in (found.forecast, found.analysis))
            numbers |= {"rmse_forecast": before.rmse, "rmse_analysis": after.rmse, "crps": after.crps}
            numbers |= {"spread_skill_forecast": before.ratio, "spread_skill_analysis": after.ratio}
            if "crps_analysis" in found.numbers:
                numbers["crps"] = float(np.nanmean(found.numbers["crps_analysis"][:until]))
        if until < len(times):
            beyond = skill_of(found.analysis, slice(until, None))
            numbers |= {"rmse_ahead": beyond.rmse, "spread_ahead": beyond.spread}
    elif "crps_observed" in found.numbers and held.observations:
        numbers["crps_observed"] = float(np.nanmean(found.numbers["crps_observed"]))
    return numbers


def meant(held: Consistency, found: Any) -> str:
    """Which estimates an assimilation is about: `smoothed` ones where all observations were taken in together."""
    return "smoothed" if held.together and found.smoothed is not None else "analysis"


def lost(found: Consistency, times: np.ndarray) -> float | None:
    """When a filter lost what it observes; None where it did not."""
    ratio = found.by_event[np.isfinite(found.by_event)]
    when = times[np.isfinite(found.by_event)]
    if len(ratio) < _WINDOW:
        return None
    along = np.convolve(ratio, np.ones(_WINDOW) / _WINDOW, mode="valid")
    if np.median(along[-max(1, len(along) // 4) :]) <= _FAR:
        return None
    last_good = np.flatnonzero(along <= _FAR)
    # The last event of the first window that is too far is the one that made it so.
    return float(when[min(int(last_good[-1]) + _WINDOW, len(when) - 1)] if len(last_good) else when[0])


_FAR = 3.0
"""Ratio of innovations to what was expected from which a filter counts as lost."""
_NARROW = 0.1
"""Share of the spread that forecasts should have, by Desroziers' statistics, below which one that is lost has collapsed."""


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


class Stream(NamedTuple):
    """What was observed by one likelihood, its rows first.

    - dims: of the others.
    - times: of the rows.
    - values, expected, sd, gain: observed, and what the forecast and the analysis say of that, `(row, …)`.
    """

    name: str
    dims: tuple[str, ...]
    times: np.ndarray
    values: np.ndarray
    expected: np.ndarray
    sd: np.ndarray
    gain: np.ndarray


_SLOW = 0.05
"""Share of analyses whose iterations may end early."""


def unconverged(converged: np.ndarray, times: np.ndarray, axis: str) -> str:
    """When iterations of analyses came to no end, in words; empty where few did not."""
    there = np.isfinite(converged)
    short = there & (converged == 0)
    if short.sum() <= _SLOW * there.sum():
        return ""
    first = f"{axis} = {times[int(np.argmax(short))]:g}"
    return f"{int(short.sum())} of {int(there.sum())} analyses did not converge, the first at {first}"


def streams(observations: Group) -> list[Stream]:
    """What was observed, likelihood by likelihood, of the group `observations`."""
    found = []
    for name in (each.removesuffix("_gain") for each in observations.variables if each.endswith("_gain")):
        rows, times = (str(observations.attrs[f"{name}_{each}"]) for each in ("rows", "times"))
        dims = observations.variables[name].dims
        when = observations.variables[times].values if times else observations.coords[rows]
        parts = (
            np.moveaxis(observations.variables[f"{name}{ending}"].values, dims.index(rows), 0)
            for ending in ("", "_forecast_mean", "_forecast_sd", "_gain")
        )
        rest = tuple(dim for dim in dims if dim != rows)
        found.append(Stream(name, rest, np.asarray(when, float), *parts))
    return found


def farthest(observations: Group, since: float) -> str:
    """The place whose innovations are the largest from a time on, in words; empty where there is one place only."""
    worst, where, places = -1.0, "", 0
    for each in streams(observations):
        squares = ((each.values - each.expected) ** 2)[each.times >= since]
        there = np.isfinite(squares)
        if not there.any():
            continue
        mean = np.where(there, squares, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        mean = mean / np.nanvar(each.values)
        places += mean.size
        if mean.max() > worst:
            spot = np.unravel_index(int(np.argmax(mean)), mean.shape)
            labels = [f"{dim} = {observations.coords[dim][place]}" for dim, place in zip(each.dims, spot, strict=True)]
            worst, where = float(mean.max()), f"`{each.name}`" + (f" at {', '.join(labels)}" if labels else "")
    return where if places > 1 else ""


def blown_up(estimates: Group, axis: str) -> str:
    """When states ceased to be finite numbers, which, and at which labels, in words; empty where all are.

    Arguments:
        estimates: the group of them, along the axis.
    """
    times, found = estimates.coords[axis], {}
    for name, each in estimates.variables.items():
        if name.endswith("_mean") and not name.endswith(("_forecast_mean", "_smoothed_mean")):
            bad = ~np.isfinite(np.moveaxis(each.values, each.dims.index(axis), 0).reshape(len(times), -1))
            if bad.any():
                found[name] = bad
    if not found:
        return ""
    first = min(int(np.argmax(bad.any(axis=1))) for bad in found.values())
    name, bad = next((name, bad) for name, bad in found.items() if bad[first].any())
    each = estimates.variables[name]
    dims = [dim for dim in each.dims if dim != axis]
    spot = np.unravel_index(int(np.argmax(bad[first])), [len(estimates.coords[dim]) for dim in dims]) if dims else ()
    labels = ", ".join(f"{dim} = {estimates.coords[dim][place]}" for dim, place in zip(dims, spot, strict=True))
    more = sum(int(bad[first].sum()) for bad in found.values()) - 1
    where = f"`{name.removesuffix('_mean')}`" + (f" at {labels}" if labels else "")
    others = f", with {more} other{'s' if more > 1 else ''}," if more else ""
    return f"{where}{others} is no finite number from {axis} = {times[first]:g} on"


def reasons(held: Consistency, found: Any, estimates: Group, axis: str, observations: Group) -> list[str]:
    """Why estimates should not be trusted, a sentence each.

    Arguments:
        found: what the filter found.
        estimates, observations: the groups of them.
    """
    times = np.asarray(estimates.coords[axis], float)
    if how := blown_up(estimates, axis):
        advice = (
            "where the model blows up, take shorter steps of its solver, a smaller `dt`; else more members, or a narrower law "
            "of the states at the first time; what was found before that is in the result"
        )
        return [f"{how}; {advice}"]
    converged = found.numbers.get("converged")
    if converged is not None and (how := unconverged(converged, times, axis)):
        return [f"{how}; take more `iterations`, or a shorter window"]
    ess = found.numbers.get("ess")
    if ess is not None and (how := collapsed(ess, times, axis)):
        advice = (
            "take more `members` or some `regularisation`, or a method that moves its members, such as `equal_weight`"
        )
        return [f"{how}; {advice}"]
    if (share := held.rejected / max(1, held.rejected + held.observations)) > _MOST_LEFT_OUT:
        advice = "the filter has lost what it observes, or expects too little spread; raise `reject`, or inflate"
        return [f"{share:.0%} of the observations were left out; {advice}"]
    when = lost(held, times)
    if when is not None:
        place = farthest(observations, when)
        trouble = (
            f"the filter lost what it observes at about {axis} = {when:g}: innovations are much larger than it expects"
            + (f", most of all of {place}" if place else "")
        )
        if held.forecast_error > 1 / _NARROW**2:
            trouble += "; its spread has collapsed"
        advice = "take more members, more `inflation` (of particles, `regularisation`), or give the states an error"
        return [f"{trouble}; {advice}"]
    return [off] if (off := out_of_band(held)) and not 1 / _MATTERS <= held.ratio <= _MATTERS else []


def out_of_band(held: Consistency) -> str:
    """By how much innovations differ from what is expected of them, in words; empty where that may be chance."""
    if not held.observations or held.low <= held.ratio <= held.high:
        return ""
    band = f"{held.ratio:.3g} times what it should be (1 within {held.low:.3g} to {held.high:.3g})"
    if held.ratio > held.high:
        advice = "inflate, or look for errors that the spec leaves out"
        return f"innovations are larger than expected: the mean of their squares is {band}; {advice}"
    advice = "the errors that the spec states, or the inflation, are too large"
    return f"innovations are smaller than expected: the mean of their squares is {band}; {advice}"


_MATTERS = 2.0
"""Factor by which squares of innovations may differ from what is expected before estimates should not be relied on."""


def notes(held: Consistency, found: Any, why: list[str], axis: str, observations: Group) -> list[str]:
    """What else is worth knowing of an assimilation.

    Arguments:
        found: what the filter found.
        why: it is suspect.
        observations: the group of them.
    """
    off = out_of_band(held)
    told = [left_out(observations, axis), off if off not in why else "", raised(found.numbers.get("power"))]
    return [each for each in told if each]


def raised(power: np.ndarray | None) -> str:
    """To which power likelihoods were raised, in words; empty where they were taken as they are.

    Arguments:
        power: at each event, NaN where nothing was observed; None of a method that takes them as they are.
    """
    if power is None or not np.any(power < 1):
        return ""
    return (
        f"likelihoods were raised to the power {np.nanmean(power):.2g} on average, for enough members to stay effective: "
        "less is learned than what is observed tells, and more members would learn more"
    )


def left_out(observations: Group, axis: str) -> str:
    """How many observations were rejected, and the first of them with where and when; empty where none was."""
    count, places = 0, []
    for each in streams(observations):
        if f"{each.name}{_LEFT_OUT}" not in observations.variables:
            return ""
        dims = observations.variables[each.name].dims
        flags = observations.variables[f"{each.name}{_LEFT_OUT}"].values
        rows = str(observations.attrs[f"{each.name}_rows"])
        out = np.argwhere(np.moveaxis(flags, dims.index(rows), 0) == 1)
        count += len(out)
        for row, *spot in out[: _SHOWN - len(places)]:
            where = [f"{dim} = {observations.coords[dim][place]}" for dim, place in zip(each.dims, spot, strict=True)]
            places.append(f"`{each.name}` at {', '.join([f'{axis} = {each.times[row]:g}', *where])}")
    if not count:
        return ""
    more = f", and {count - len(places)} more" if count > len(places) else ""
    return f"{count} {'observation was' if count == 1 else 'observations were'} left out: {'; '.join(places)}{more}"


_LEFT_OUT = f"_{REJECTED}"
_SHOWN = 3
"""Rejected observations that are told with where and when."""
_MOST_LEFT_OUT = 0.1
"""Share of observations beyond which it is sooner the filter that is wrong."""


class Lost(NamedTuple):
    """What is told of members that failed: a reason not to rely on the estimates, or what is worth knowing."""

    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def failed(
    count: np.ndarray | None, members: int | None, times: np.ndarray, axis: str, raised: Sequence[str] = ()
) -> Lost:
    """When and how many members failed, in words.

    Arguments:
        count: of them, on the way to each of the times; None where none did.
        raised: by functions of Python that they called.
    """
    if count is None or members is None:
        return Lost()
    at = np.flatnonzero(count)
    most = int(at[np.argmax(count[at])])
    first = f"{axis} = {times[at[0]]:g}"
    many = count.sum() > 1
    text = f"{count.sum():.0f} members failed, the first on the way to {first}, at most {count[most]:.0f} of {members} at once"
    text = text if many else f"a member failed on the way to {first}"
    text += f" ({raised[0]})" if raised else " (what the model made was no number)"
    if count[most] > _FEW * members:
        return Lost(reasons=(f"{text}; look into the model there, or take shorter steps of its solver",))
    return Lost(notes=(f"{text}; {'others took their' if many else 'another took its'} place",))


_FEW = 0.5
"""Share of the members that may fail at once."""


_MOST_AT_END = 200
"""A state or parameter of more elements is not told of element by element."""


class Estimate(NamedTuple):
    """Of one scalar that was estimated, what is known of it at the last of the times."""

    mean: float
    sd: float


class Cycled(NamedTuple):
    """What a filter found, in numbers for a summary; why it is suspect, and what else is worth knowing.

    - at_end: of each state and parameter that was asked for the last estimates, by their labels.
    """

    numbers: Mapping[str, float]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    at_end: Mapping[str, Mapping[str, Estimate]]


def cycled(group: Group, names: Sequence[str]) -> Cycled:
    """The numbers and the words that the group `assimilation` of a result holds of states and parameters."""
    why, worth = (tuple(filter(None, str(group.attrs.get(each, "")).split("\n"))) for each in ("reasons", "notes"))
    numbers = {name: float(each) for name, each in group.attrs.items() if isinstance(each, int | float)}
    at_end = {name: found for name in names if (found := _at_end(group, name))}
    return Cycled(numbers, why, worth, at_end)


def _at_end(group: Group, name: str) -> dict[str, Estimate]:
    """The last estimates of the elements of a state or parameter; none where there are many."""
    mean, sd = (group.variables[f"{name}_{each}"] for each in ("mean", "sd"))
    if mean.values[-1].size > _MOST_AT_END:
        return {}
    last = Group({name: Variable(mean.dims[1:], mean.values[-1])}, group.coords)
    pairs = zip(mean.values[-1].ravel().tolist(), sd.values[-1].ravel().tolist(), strict=True)
    return {label: Estimate(*each) for label, each in zip(scalar_labels(last, name), pairs, strict=True)}
