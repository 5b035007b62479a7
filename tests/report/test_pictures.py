"""Pictures: what is drawn are the numbers of the result, under its names; files are whole, small and always the same."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from uqdsl.diagnose import summarize
from uqdsl.diagnose.classification import reliability
from uqdsl.diagnose.coverage import coverage_of_pit
from uqdsl.diagnose.pit import check_pit
from uqdsl.ir import SOURCES
from uqdsl.report import Picture, pictures_of, write_pictures
from uqdsl.report.budget import COLOURS, draw_budget
from uqdsl.report.calibration import LEVELS, draw_coverage, draw_pit, draw_reliability
from uqdsl.report.canvas import Drawing, svg
from uqdsl.report.density import density
from uqdsl.report.posterior import draw_posterior
from uqdsl.report.predictive import draw_predictive
from uqdsl.report.ranks import BINS, draw_ranks, rank_shares
from uqdsl.report.rows import short, spread_rows
from uqdsl.results import Group, Variable

from .results import COUNTIES, forecast, posterior, prediction, result

ROWS = summarize({"posterior": posterior()})
PIT = np.random.default_rng(3).beta(0.8, 0.8, size=240)
SVG = "{http://www.w3.org/2000/svg}"


def words(text: str) -> set[str]:
    """What an SVG file says."""
    return {"".join(each.itertext()) for each in ET.fromstring(text).iter(f"{SVG}text")}


def panels(figure: Figure) -> dict[str, Axes]:
    """The panels of a figure, by their titles."""
    return {each.get_title("left"): each for each in figure.axes}


def bars(axes: Axes) -> dict[str, np.ndarray]:
    """Widths of horizontal bars, by what they are called."""
    return {each.get_label(): np.array([bar.get_width() for bar in each]) for each in axes.containers}


# ----------------------------------------------------------------------------------------------------------- the budget


def test_bars_of_a_budget_are_the_shares_and_variances_of_the_result():
    found = forecast()
    amounts, parts = draw_budget(found).axes
    share = np.column_stack([found.array("share"), found.array("average_share")])
    variance = np.append(found.array("sd") ** 2, np.mean(found.array("sd") ** 2))
    for place, source in enumerate(SOURCES):
        assert np.allclose(bars(parts)[source], share[place])
        assert np.allclose(bars(amounts)[source], share[place] * variance)
    assert [each.get_text() for each in amounts.get_yticklabels()] == [
        *(f"X[{i}]" for i in range(1, 6)),
        "mean of all 5",
    ]


def test_bars_lie_behind_one_another_and_those_below_zero_on_the_other_side():
    _, parts = draw_budget(forecast()).axes
    ends = {
        each.get_label(): [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in each] for each in parts.containers
    }
    assert ends["training_data"][0] == pytest.approx((0, -0.01))
    assert ends["weights"][0][0] == pytest.approx(ends["testing_data"][0][1])
    low, high = parts.get_xlim()
    assert low <= -0.01
    assert high >= max(end for each in ends.values() for _, end in each)


def test_a_source_has_one_colour_everywhere():
    colours = {each.get_label(): each[0].get_facecolor() for each in draw_budget(forecast()).axes[0].containers}
    assert len(set(colours.values())) == len(set(COLOURS.values())) == len(SOURCES)


# ------------------------------------------------------------------------------------------------------ the predictions


def test_a_predictive_density_is_that_of_the_draws():
    found = forecast()
    drawn = panels(draw_predictive(found))
    assert list(drawn) == [f"X[{i}]" for i in range(1, 6)]
    for place, axes in enumerate(drawn.values()):
        (line,) = axes.lines
        x, y = line.get_xydata().T
        draws = found.array("draws")[:, place]
        assert np.allclose(y, np.interp(x, *density(draws)), atol=0.02 * y.max())
        assert draws.min() <= x[0] < x[-1] <= draws.max()


def test_a_draw_far_out_leaves_room_for_the_others():
    found = forecast()
    found.array("draws")[0, 0] = -1000
    axes = next(iter(panels(draw_predictive(found)).values()))
    assert axes.get_xlim()[0] > -100


def test_a_density_is_one_in_all_and_near_the_true_one():
    draws = np.random.default_rng(4).normal(2, 3, 100_000)
    x, y = density(draws)
    assert np.trapezoid(y, x) == pytest.approx(1, abs=1e-3)
    true = np.exp(-0.5 * ((x - 2) / 3) ** 2) / (3 * np.sqrt(2 * np.pi))
    assert np.abs(y - true).max() < 0.03 * true.max()


def test_a_density_does_not_fall_where_values_end():
    """Of an exponential law, at zero, where a kernel that is not reflected gives half of it."""
    x, y = density(np.random.default_rng(5).exponential(size=100_000))
    assert x[0] >= 0
    assert y[0] == pytest.approx(1, abs=0.1)


def test_draws_that_are_not_finite_are_said_so():
    group = prediction()
    group.variables["X"].values[:, 1] = np.nan
    figure = draw_predictive(forecast()._replace(group=group))
    assert "not finite" in words(svg(figure))


def test_many_inputs_are_thinned_over_their_range_and_that_is_said():
    mean = forecast(100).array("mean")
    places = spread_rows(mean)
    assert len(places) == 12
    assert {mean.argmin(), mean.argmax()} <= set(places)
    assert np.all(np.diff(np.sort(mean[places])) > 4)
    assert spread_rows(mean[:12]).tolist() == list(range(12))
    for draw in (draw_budget, draw_predictive):
        said = words(svg(draw(forecast(100))))
        assert any("12 of 100 inputs" in each for each in said)


# -------------------------------------------------------------------------------------------------------- the posterior


def test_the_posterior_has_a_density_for_scalars_and_intervals_for_vectors():
    group = posterior()
    drawn = panels(draw_posterior(group, ROWS))
    assert list(drawn) == ["mu", "count", "a[county]"]
    *chains, wide, narrow, median = drawn["mu"].lines
    mu = group.variables["mu"].values
    for line, chain in zip(chains, mu, strict=True):
        assert np.allclose(line.get_xydata().T, density(chain))
    assert np.allclose(narrow.get_xdata(), np.quantile(mu, [0.05, 0.95]))
    assert np.allclose(wide.get_xdata(), np.quantile(mu, [0.25, 0.75]))
    assert median.get_xdata() == [np.median(mu)]
    found = [line.get_xdata()[0] for line in drawn["a[county]"].lines if line.get_marker() == "o"]
    assert np.allclose(found, np.median(group.variables["a"].values, axis=(0, 1)))
    assert [each.get_text() for each in drawn["a[county]"].get_yticklabels()] == list(COUNTIES)


def test_of_a_long_vector_some_elements_are_drawn():
    group = posterior(elements=85)
    drawn = panels(draw_posterior(group, summarize({"posterior": group})))
    assert len(drawn["a[county], 12 of 85"].get_yticks()) == 12


def test_ranks_of_chains():
    """Of four draws in two chains and two bins: the first chain has the two lowest, then one of each."""
    assert rank_shares(np.array([[1.0, 2.0], [3.0, 4.0]]), 2).tolist() == [[1, 0], [0, 1]]
    assert rank_shares(np.array([[1.0, 4.0], [3.0, 2.0]]), 2).tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_ranks_are_drawn_of_those_on_which_chains_agree_least():
    group = posterior(elements=85)
    group.variables["a"].values[0, :, 40] += 3
    rows = summarize({"posterior": group})
    figure = draw_ranks(group, rows)
    drawn = panels(figure)
    worst = max((row for row in rows if not row.constant), key=lambda row: row.r_hat)
    assert worst.label == "a[40]"
    assert len(drawn) == 12
    first, axes = next(iter(drawn.items()))
    assert first == f"a[40]   r-hat {worst.r_hat:.3f}"
    shares = [each.get_data().values for each in axes.patches if hasattr(each, "get_data")]
    assert np.allclose(shares, rank_shares(group.variables["a"].values[:, :, 40], BINS))
    assert any("12 of 87" in each for each in words(svg(figure)))


# ------------------------------------------------------------------------------------------------------ the calibration


def test_pit_values_with_their_band():
    histogram, difference = draw_pit("X", PIT).axes
    counts = histogram.patches[-1].get_data().values
    assert counts.tolist() == np.histogram(PIT, 20, (0, 1))[0].tolist()
    check = check_pit(PIT)
    assert np.allclose(difference.lines[-1].get_xydata().T, [check.points, check.observed - check.points])


def test_coverage_with_its_band():
    (axes,) = draw_coverage("X", PIT).axes
    found = coverage_of_pit(PIT, LEVELS)
    assert np.allclose(axes.lines[-1].get_xydata(), [(each.level, each.observed) for each in found])
    low, high = (axes.collections[0].get_paths()[0].vertices[:, 1][1:20] for _ in range(2))
    assert np.allclose(low, [each.low for each in found]) or np.allclose(high, [each.high for each in found])


def test_reliability_of_classes():
    forecast_, uniform = np.random.default_rng(6).uniform(size=(2, 600))
    found = reliability(forecast_, uniform < forecast_)
    (axes,) = draw_reliability("jet", found).axes
    points, *_ = axes.containers[0]
    assert np.allclose(points.get_xydata(), np.column_stack([found.forecast, found.frequency]))


def test_what_testing_data_say_is_drawn():
    numbers = Group({"X_pit": Variable(("case",), PIT)}, {}, {"X_said": "calibrated"})
    assert [each.name for each in pictures_of({"calibration": numbers}, [])] == ["pit_X", "coverage_X"]
    curve = {f"k_{part}": Variable(("k_bin",), np.full(3, 0.5)) for part in ("forecast", "frequency", "cases_of")}
    curve |= {f"k_frequency_{end}": Variable(("k_bin",), np.full(3, 0.5)) for end in ("low", "high")}
    (found,) = pictures_of({"calibration": Group(curve, {}, {"k_said": "calibrated"})}, [])
    assert found.name == "reliability_k"
    assert found.draw().axes


# ------------------------------------------------------------------------------------------------------------ the files


def drawn_pictures() -> list[Picture]:
    return pictures_of(result(), ROWS, [forecast()])


def test_files_are_xml_that_holds_the_labels_and_no_program(tmp_path: Path):
    assert write_pictures(tmp_path / "pictures", drawn_pictures()) == []
    files = {each.name: each.read_text() for each in (tmp_path / "pictures").iterdir()}
    assert set(files) == {"posterior.svg", "ranks.svg", "predictive_X.svg", "budget_X.svg"}
    assert {"mu", "a[county]", *COUNTIES} <= words(files["posterior.svg"])
    assert {"X[1]", "X[5]", "new input", "function", "mean of all 5"} <= words(files["budget_X.svg"])
    for text in files.values():
        assert len(text) < 200_000
        assert "<script" not in text


def test_the_same_result_gives_the_same_bytes():
    for one, other in zip(drawn_pictures(), drawn_pictures(), strict=True):
        assert svg(one.draw()) == svg(other.draw())


def test_threads_draw_side_by_side():
    alone = [svg(each.draw()) for each in drawn_pictures()]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda each: svg(each.draw()), drawn_pictures() * 3))
    assert together == alone * 3


def test_labels_that_files_cannot_hold_are_mended():
    assert short("a\x00\nb") == "a��b"
    assert short("x" * 40) == "x" * 27 + "…"


def test_what_cannot_be_drawn_is_said_and_costs_nothing_else(tmp_path: Path):
    def broken() -> Drawing:
        raise ZeroDivisionError

    (problem,) = write_pictures(tmp_path, [Picture("odd", "X", broken), *drawn_pictures()])
    assert (problem.code, problem.name) == ("UQ630", "odd_X")
    assert "ZeroDivisionError" in problem.title
    assert len(list(tmp_path.glob("*.svg"))) == 4


def test_a_folder_that_cannot_be_written_is_said_and_costs_nothing_else(tmp_path: Path):
    (tmp_path / "pictures").write_text("a file")
    found = write_pictures(tmp_path / "pictures", drawn_pictures())
    assert [each.code for each in found] == ["UQ630"] * 4
    assert "FileExistsError" in found[0].title


def test_a_result_of_nothing_that_varies_has_no_pictures():
    group = Group({"mu": Variable(("chain", "draw"), np.ones((2, 10)))}, {"chain": np.arange(2), "draw": np.arange(10)})
    assert pictures_of({"posterior": group}, summarize({"posterior": group})) == []


def test_which_pictures_there_are_is_known_without_matplotlib():
    code = "import sys, uqdsl, uqdsl.report; print('matplotlib' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_matplotlib_is_left_as_it_was():
    code = (
        "import matplotlib, sys; before = matplotlib.rcParams.copy()\n"
        "from tests.report.test_pictures import drawn_pictures\n"
        "from uqdsl.report.canvas import svg\n"
        "[svg(each.draw()) for each in drawn_pictures()]\n"
        "print(matplotlib.rcParams.copy() == before, 'matplotlib.pyplot' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "True False", ran.stderr
