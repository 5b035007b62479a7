"""Pictures of assimilations: which there are, and that they are drawn of what is there."""

from __future__ import annotations

import numpy as np
import pytest

from uqdsl.diagnose.cycles import ASSIMILATION, OBSERVATIONS
from uqdsl.report import picture_of_assimilations, pictures_of_assimilation
from uqdsl.report.assimilation import error_and_spread
from uqdsl.report.canvas import svg
from uqdsl.results import Group, Groups, Variable


def found(dims: tuple[str, ...], *, truth: bool, members: bool) -> Groups:
    """A state over dimensions, seen in part until half of the time."""
    rng = np.random.default_rng(0)
    shape = (12, *(5 + number for number in range(len(dims))))
    coords = {"t": np.linspace(0, 1.1, 12)} | {
        dim: np.arange(size) + 1 for dim, size in zip(dims, shape[1:], strict=True)
    }
    endings = ["mean", "sd", "forecast_mean", "forecast_sd", *(["truth"] if truth else [])]
    variables = {f"x_{ending}": Variable(("t", *dims), rng.random(shape)) for ending in endings}
    seen = np.where(np.arange(12) < 6, rng.random(12), np.nan)
    variables["innovation"] = Variable(("t",), seen)
    attrs: dict[str, str | int | float] = {"last_observed": 0.5, "last_time": 1.1}
    if members:
        variables["ranks_observed"] = Variable(("t", "rank"), rng.integers(0, 9, (12, 6)))
        coords["rank"] = np.arange(6)
        attrs["members"] = 5
    values = rng.random(shape) + np.expand_dims(0 * seen, tuple(range(1, len(shape))))
    if len(dims) > 1:
        values[:, ::2] = np.nan
    own = {f"y{ending}": Variable(("t", *dims), values) for ending in ("", "_forecast_mean", "_forecast_sd", "_gain")}
    observed = Group(own, {each: coords[each] for each in ("t", *dims)}, {"y_rows": "t", "y_times": "", "y_of": "x"})
    return {ASSIMILATION: Group(variables, coords, attrs), OBSERVATIONS: observed}


@pytest.mark.parametrize("truth", [True, False])
@pytest.mark.parametrize("members", [True, False])
@pytest.mark.parametrize("dims", [(), ("grid",), ("row", "column")])
def test_all_are_drawn(dims: tuple[str, ...], truth: bool, members: bool):
    pictures = {each.name: each for each in pictures_of_assimilation(found(dims, truth=truth, members=members))}
    of_field = {0: set(), 1: {"field_x"}, 2: {"map_x"}}[len(dims)]
    assert set(pictures) == {"trajectories", "spread"} | ({"ranks"} if members else set()) | of_field
    texts = {name: svg(each.draw()) for name, each in pictures.items()}
    assert ("truth" in texts["trajectories"]) == truth
    assert "observed" in texts["trajectories"] or len(dims) > 1
    assert ("error of the analysis" in texts["spread"]) == truth
    for name in of_field:
        assert all(f">{dim}<" in texts[name] for dim in dims)
        assert (">truth" in texts[name]) == truth
    if len(dims) > 1:
        assert "where it is observed" in texts["map_x"]
    assert "behind t = 0.5" in texts["trajectories"]


def test_a_large_field_makes_a_small_file():
    groups = found(("grid",), truth=True, members=False)
    big = np.random.default_rng(0).random((12, 20_000))
    group = groups[ASSIMILATION]
    for name in list(group.variables):
        if name.startswith("x_"):
            group.variables[name] = Variable(("t", "grid"), big)
    group.coords["grid"] = np.arange(20_000)
    (picture,) = (each for each in pictures_of_assimilation(groups) if each.kind == "field")
    assert len(svg(picture.draw())) < 1_000_000


@pytest.mark.parametrize("truth", [True, False])
def test_several_are_drawn_side_by_side(truth: bool):
    groups = {name: found(("grid",), truth=truth, members=False) for name in ("etkf", "free <run>")}
    picture = picture_of_assimilations(groups)
    assert picture.name == "assimilations"
    text = svg(picture.draw())
    assert ">etkf<" in text
    assert ">free &lt;run&gt;<" in text
    assert ("error of the analysis" in text) == truth
    group = groups["etkf"][ASSIMILATION]
    error, spread = error_and_spread(group)
    assert spread == pytest.approx(np.sqrt((group.variables["x_sd"].values ** 2).mean(axis=1)))
    if truth:
        apart = group.variables["x_mean"].values - group.variables["x_truth"].values
        assert error == pytest.approx(np.sqrt((apart**2).mean(axis=1)))


def test_of_many_there_are_as_many_as_there_are_colours():
    groups = {str(number): found((), truth=True, members=False) for number in range(8)}
    text = svg(picture_of_assimilations(groups).draw())
    assert ">6 of 8; behind t = 0.5, the last observation, are forecasts<" in text
