"""What a filter found, along the times: fields, trajectories, spread beside error, and ranks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from uqdsl.diagnose.cycles import streams
from uqdsl.report import canvas
from uqdsl.report.rows import MOST, short
from uqdsl.results.groups import Group

_BAND = 1.645
"""Standard deviations on each side of what holds 90 % of a normal law."""
_PIXELS = 400
"""Most pixels of a field along one axis: a file should stay small."""


def states_of(group: Group) -> list[str]:
    """What was estimated: states, and parameters beside them."""
    endings = ("_forecast_mean", "_smoothed_mean")
    names = [name for name in group.variables if name.endswith("_mean") and not name.endswith(endings)]
    return [name.removesuffix("_mean") for name in names]


def meant(group: Group) -> tuple[str, str]:
    """The ending of the estimates that an assimilation is about, and what they are called."""
    return ("_smoothed", "smoothed") if "spread_smoothed" in group.attrs else ("", "analysis")


def axis_of(group: Group) -> str:
    """Along which the states move: the dimension that all have."""
    return group.variables["innovation"].dims[0]


def draw_field(name: str, group: Group) -> canvas.Drawing:
    """A state along one dimension, over time: truth, analysis, error and spread (Hovmöller 1949)."""
    ending, title = meant(group)
    dims, mean = group.variables[f"{name}{ending}_mean"]
    rows = [(title, mean, "viridis"), ("standard deviation", group.variables[f"{name}{ending}_sd"].values, "magma")]
    if f"{name}_truth" in group.variables:
        truth = group.variables[f"{name}_truth"].values
        rows = [("truth", truth, "viridis"), rows[0], (f"{title} − truth", mean - truth, "RdBu_r"), rows[1]]
    note = _forecast_note(group)
    with canvas.drawn(0.3 + 1.35 * len(rows), f"{name}, along {dims[0]} and {dims[1]}", note) as figure:
        fields = _limits(np.concatenate([each for _, each, colours in rows if colours == "viridis"]), even=False)
        panels = canvas.grid(figure, len(rows), 1)
        for (title, values, colours), axes in zip(rows, panels, strict=True):
            limits = fields if colours == "viridis" else _limits(values, even=colours == "RdBu_r")
            _mesh(figure, axes, (group.coords[dims[0]][0], group.coords[dims[0]][-1]), values.T, colours, limits)
            axes.set_title(title)
            axes.set_ylabel(dims[1])
            _mark_last(axes, group)
        panels[-1].set_xlabel(dims[0])
    return figure


def draw_maps(name: str, group: Group, observations: Group) -> canvas.Drawing:
    """A state over two dimensions at some times, with the places at which it is observed."""
    ending, title = meant(group)
    dims, mean = group.variables[f"{name}{ending}_mean"]
    times = group.coords[dims[0]]
    places = np.unique(np.linspace(0, len(times) - 1, 4).round().astype(int))
    rows = [(title, mean, "viridis"), ("standard deviation", group.variables[f"{name}{ending}_sd"].values, "magma")]
    if f"{name}_truth" in group.variables:
        rows.insert(0, ("truth", group.variables[f"{name}_truth"].values, "viridis"))
    sites = _sites(dims[1:], observations)
    note = "points: where it is observed" if sites is not None else ""
    with canvas.drawn(0.3 + 1.8 * len(rows), f"{name}, over {dims[1]} and {dims[2]}", note) as figure:
        fields = _limits(
            np.concatenate([each[places] for _, each, colours in rows if colours == "viridis"]), even=False
        )
        panels = iter(canvas.grid(figure, len(rows) * len(places), len(places)))
        for title, values, colours in rows:
            limits = fields if colours == "viridis" else _limits(values[places], even=False)
            for place in places:
                axes = next(panels)
                _mesh(figure, axes, (0.5, values.shape[2] + 0.5), values[place], colours, limits)
                axes.set_title(f"{title}, {dims[0]} = {times[place]:g}")
                if sites is not None:
                    axes.plot(sites[1], sites[0], ".", color="white", markeredgecolor=canvas.INK, markersize=4)
                axes.set_xlabel(dims[2])
                axes.set_ylabel(dims[1])
    return figure


def draw_trajectories(group: Group, observations: Group) -> canvas.Drawing:
    """States and parameters that are numbers, and some elements of the others, with bands, truth and observations."""
    axis = axis_of(group)
    shown = _series(group)
    note = "; ".join(filter(None, [_forecast_note(group), f"{MOST} of {len(shown)}" if len(shown) > MOST else ""]))
    shown = shown[:MOST]
    seen = _observed(observations)
    with canvas.drawn(0.4 + 1.35 * len(shown), f"Along {axis}: what is estimated", note) as figure:
        panels = canvas.grid(figure, len(shown), 1)
        for (label, at), axes in zip(shown, panels, strict=True):
            name = label.partition("[")[0]
            ending = "_smoothed" if f"{name}_smoothed_mean" in group.variables else ""
            if meant(group)[0] != "_smoothed":
                _band(axes, group, name, "", at, canvas.BLUE)
            if ending:
                _band(axes, group, name, ending, at, canvas.GREEN)
            if f"{name}_truth" in group.variables:
                truth = group.variables[f"{name}_truth"].values[at]
                axes.plot(group.coords[axis], truth, color=canvas.INK, linewidth=0.8)
            if label in seen:
                axes.plot(*seen[label], ".", color=canvas.ORANGE, markersize=3)
            axes.set_title(short(label))
            _mark_last(axes, group)
        panels[-1].set_xlabel(axis)
        canvas.legend(figure, _handles(group, any(label in seen for label, _ in shown)))
    return figure


def draw_spread(group: Group) -> canvas.Drawing:
    """Spread beside error along the times, where there is a truth; else innovations beside what is expected of them."""
    axis = axis_of(group)
    times = group.coords[axis]
    states = [name for name in states_of(group) if f"{name}_truth" in group.variables]
    with canvas.drawn(2.2, "Does the filter know how far off it is?", _forecast_note(group)) as figure:
        axes = figure.add_subplot()
        if states:
            error, spread = error_and_spread(group)
            whose = {"": "of the analysis", "_smoothed": "once smoothed"}[meant(group)[0]]
            axes.plot(times, error, color=canvas.RED, linewidth=0.9, label=f"error {whose}")
            axes.plot(times, spread, color=canvas.BLUE, linewidth=0.9, label="its spread")
            axes.set_ylabel("root mean square")
        else:
            ratio = group.variables["innovation"].values
            axes.plot(
                times, ratio, ".", color=canvas.BLUE, markersize=3, label="squared innovation over what is expected"
            )
            axes.axhline(1.0, color=canvas.QUIET, linewidth=0.7)
            axes.set_yscale("log")
            axes.set_ylabel("ratio")
        axes.set_ylim(bottom=0 if states else None)
        axes.set_xlabel(axis)
        _mark_last(axes, group)
        handles, _ = axes.get_legend_handles_labels()
        canvas.legend(figure, handles)
    return figure


def error_and_spread(group: Group) -> tuple[np.ndarray, np.ndarray]:
    """Root mean squares, over all elements of the states, of error and standard deviation along the times.

    The error is NaN where no truth is known.
    """
    squares: list[list[np.ndarray]] = [[], []]
    for name in (each.removesuffix("_forecast_mean") for each in group.variables if each.endswith("_forecast_mean")):
        mean, sd = (group.variables[f"{name}{meant(group)[0]}_{part}"].values for part in ("mean", "sd"))
        truth = group.variables.get(f"{name}_truth")
        apart = np.full_like(mean, np.nan) if truth is None else mean - truth.values
        # Of parameters nothing but the prior is known.
        if truth is not None or not _has_truth(group):
            for kept, each in zip(squares, (apart, sd), strict=True):
                kept.append(each.reshape(len(mean), -1) ** 2)
    error, spread = (np.sqrt(np.concatenate(each, axis=1).mean(axis=1)) for each in squares)
    return error, spread


def draw_beside(groups: Mapping[str, Group]) -> canvas.Drawing:
    """Error and spread of several assimilations along the times; where there is no truth, innovations and spread."""
    first = next(iter(groups.values()))
    axis, names = axis_of(first), list(groups)[: len(canvas.SEVERAL)]
    width = max(1, len(first.coords[axis]) // _POINTS)
    notes = [f"{len(names)} of {len(groups)}"] if len(names) < len(groups) else []
    notes += [f"means over {width} times"] if width > 1 else []
    with canvas.drawn(
        3.6, "Several assimilations side by side", "; ".join(filter(None, [*notes, _forecast_note(first)]))
    ) as figure:
        above, below = canvas.grid(figure, 2, 1)
        for name, colour in zip(names, canvas.SEVERAL, strict=False):
            group = groups[name]
            error, spread = error_and_spread(group)
            shown = error if _has_truth(group) else group.variables["innovation"].values
            for axes, values in ((above, shown), (below, spread)):
                axes.plot(*_in_blocks(group.coords[axis], values, width), color=colour, linewidth=1.0, label=name)
        kinds = {meant(groups[name])[1] for name in names}
        of = " of the analysis" if kinds == {"analysis"} else ", smoothed where all observations were taken in together"
        above.set_ylabel("error" if _has_truth(first) else "innovations")
        above.set_title(
            f"root mean square error{of}" if _has_truth(first) else "mean square of innovations over what is expected"
        )
        below.set_title(f"root mean square spread{of}")
        below.set_ylabel("spread")
        for axes in (above, below):
            axes.set_ylim(bottom=0)
            _mark_last(axes, first)
        below.set_xlabel(axis)
        canvas.legend(figure, above.get_legend_handles_labels()[0])
    return figure


_POINTS = 120
"""Most points of a line where there are several."""


def _in_blocks(times: np.ndarray, values: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Means over blocks of so many times, of what is known there."""
    times = np.asarray(times, float)
    starts = np.arange(0, len(times), width)
    there = np.isfinite(values)
    known = np.add.reduceat(there.astype(float), starts)
    sums = np.add.reduceat(np.where(there, values, 0.0), starts)
    middle = np.add.reduceat(times, starts) / np.diff(np.append(starts, len(times)))
    return middle[known > 0], sums[known > 0] / known[known > 0]


def _has_truth(group: Group) -> bool:
    return any(name.endswith("_truth") for name in group.variables)


def draw_rank_histogram(group: Group) -> canvas.Drawing:
    """Ranks of the observations among forecasts of them, and of the truth among the members."""
    shown = [
        (name, group.variables[f"ranks_{name}"].values.sum(axis=0))
        for name in ("observed", "truth")
        if f"ranks_{name}" in group.variables
    ]
    titles = {"observed": "observations, among forecasts of them", "truth": "truth, among the analysed members"}
    note = "level where the members are drawn from the right law; ∪ where they are too close, ∩ where too far apart"
    with canvas.drawn(2.0, "Ranks", note) as figure:
        for (name, counts), axes in zip(shown, canvas.grid(figure, len(shown), len(shown)), strict=True):
            axes.bar(np.arange(len(counts)), counts / max(1, counts.sum()) * len(counts), width=0.9, color=canvas.SKY)
            axes.axhline(1.0, color=canvas.QUIET, linewidth=0.8)
            axes.set_title(titles[name])
            axes.set_xlabel("rank" if len(counts) == int(group.attrs["members"]) + 1 else "rank, in bins")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_ylabel("relative frequency")
    return figure


# ------------------------------------------------------------------------------------------------------------ how it is done


def _series(group: Group) -> list[tuple[str, tuple[Any, ...]]]:
    """What is drawn as a line: its label and its place; of arrays a few elements, evenly chosen."""
    found: list[tuple[str, tuple[Any, ...]]] = []
    for name in states_of(group):
        dims, values = group.variables[f"{name}_mean"]
        shape = values.shape[1:]
        count = int(np.prod(shape))
        for flat in np.unique(np.linspace(0, count - 1, min(count, 4)).round().astype(int)):
            spot = np.unravel_index(int(flat), shape) if shape else ()
            labels = [str(group.coords[dim][place]) for dim, place in zip(dims[1:], spot, strict=True)]
            found.append((f"{name}[{', '.join(labels)}]" if labels else name, (slice(None), *spot)))
    return found


def _observed(observations: Group) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What is observed of a state just as it is, by the label of that: times and values."""
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for each in streams(observations):
        of = str(observations.attrs.get(f"{each.name}_of", ""))
        if not of:
            continue
        for spot in np.ndindex(each.values.shape[1:]):
            labels = [str(observations.coords[dim][place]) for dim, place in zip(each.dims, spot, strict=True)]
            label = f"{of}[{', '.join(labels)}]" if labels else of
            found[label] = each.times, each.values[(slice(None), *spot)]
    return found


def _sites(dims: tuple[str, ...], observations: Group) -> tuple[np.ndarray, np.ndarray] | None:
    """The places of a field, counted from 1, at which it is observed at some time; None where it is everywhere or nowhere."""
    for each in streams(observations):
        if each.dims == dims:
            seen = np.isfinite(each.values).any(axis=0)
            if seen.any() and not seen.all():
                rows, columns = np.nonzero(seen)
                return rows + 1, columns + 1
    return None


def _band(axes: Axes, group: Group, name: str, ending: str, at: tuple[Any, ...], colour: str) -> None:
    mean, sd = (group.variables[f"{name}{ending}_{part}"].values[at] for part in ("mean", "sd"))
    times = group.coords[axis_of(group)]
    axes.fill_between(times, mean - _BAND * sd, mean + _BAND * sd, color=colour, alpha=0.25, linewidth=0)
    axes.plot(times, mean, color=colour, linewidth=0.9)


def _handles(group: Group, observed: bool) -> list[object]:
    found: list[object] = []
    if meant(group)[0] != "_smoothed":
        found.append(Patch(color=canvas.BLUE, alpha=0.5, label="analysis, with 90 % of it"))
    if any(name.endswith("_smoothed_mean") for name in group.variables):
        found.append(Patch(color=canvas.GREEN, alpha=0.5, label="smoothed" if found else "smoothed, with 90 % of it"))
    if any(name.endswith("_truth") for name in group.variables):
        found.append(Line2D([], [], color=canvas.INK, linewidth=0.8, label="truth"))
    if observed:
        found.append(Line2D([], [], color=canvas.ORANGE, marker=".", linestyle="", label="observed"))
    return found


def _forecast_note(group: Group) -> str:
    last = float(group.attrs.get("last_observed", np.nan))
    return (
        f"behind {axis_of(group)} = {last:g}, the last observation, are forecasts"
        if last < float(group.attrs["last_time"])
        else ""
    )


def _mark_last(axes: Axes, group: Group) -> None:
    last = float(group.attrs.get("last_observed", np.nan))
    if last < float(group.attrs["last_time"]):
        axes.axvline(last, color=canvas.INK, linewidth=0.7, linestyle=":")


def _limits(values: np.ndarray, *, even: bool) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    if even:
        most = float(np.quantile(np.abs(finite), 0.995)) or 1.0
        return -most, most
    low, high = np.quantile(finite, (0.005, 0.995))
    return float(low), float(high) if high > low else float(low) + 1


def _mesh(
    figure: Figure,
    axes: Axes,
    across: tuple[float, float],
    values: np.ndarray,
    colours: str,
    limits: tuple[float, float],
) -> None:
    """A field as an image; of a large one every so many places."""
    steps = [max(1, -(-size // _PIXELS)) for size in values.shape]
    some = values[:: steps[0], :: steps[1]]
    left, right = across
    extent = (left, right if right > left else left + 1, 0.5, values.shape[0] + 0.5)
    image = axes.imshow(
        some,
        aspect="auto",
        origin="lower",
        extent=extent,
        cmap=colours,
        interpolation="nearest",
        vmin=limits[0],
        vmax=limits[1],
    )
    figure.colorbar(image, ax=axes, pad=0.01)
