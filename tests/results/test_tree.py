"""The labelled result in memory and on disk are one thing, and ArviZ works on it."""

from __future__ import annotations

import arviz
import jax
import numpy as np
import pytest
import xarray

from uqdsl.infer.predictive import draw_prior, predict_posterior
from uqdsl.messages.failure import RunError
from uqdsl.results import Drawn, build_groups, read_netcdf, to_datatree, to_groups, write_netcdf
from uqdsl.results.groups import make_group

from .targets import COUNTIES, make_posterior, make_target

KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def groups():
    target, posterior = make_target(), make_posterior()
    stats = {"diverging": np.zeros((4, 30), bool), "energy": posterior["mu"], "n_steps": np.ones((4, 30), int)}
    drawn = Drawn(posterior, stats, (30,) * 4, 30)
    found = predict_posterior(target, posterior, KEY)
    return build_groups(target, drawn, prior=draw_prior(target, KEY, 20), predictive=found, attrs={"seed": 7})


def test_the_file_is_the_tree(groups, tmp_path):
    write_netcdf(tmp_path / "result.nc", groups)
    with xarray.open_datatree(tmp_path / "result.nc", engine="h5netcdf") as tree:
        xarray.testing.assert_identical(tree.load(), to_datatree(groups))
    for found in (read_netcdf(tmp_path / "result.nc"), to_groups(to_datatree(groups))):
        assert list(found) == list(groups)
        xarray.testing.assert_identical(to_datatree(found), to_datatree(groups))


def test_all_groups_are_there_with_the_labels_of_the_spec(groups):
    tree = to_datatree(groups)
    names = "posterior sample_stats prior prior_predictive posterior_predictive log_likelihood log_prior"
    assert list(tree.children) == [*names.split(), "observed_data", "constant_data"]
    posterior = tree["posterior"]
    assert list(posterior.data_vars) == ["mu", "tau", "a", "double"]
    assert posterior["a"].dims == ("chain", "draw", "county")
    assert posterior["a"].coords["county"].values.tolist() == COUNTIES
    assert posterior["a"].sel(county="BECKER").shape == (4, 30)
    for group in ("posterior_predictive", "log_likelihood", "observed_data", "prior_predictive"):
        assert tree[group]["y"].coords["home"].values.tolist() == [1, 2, 3, 4, 5]
    assert tree["prior"]["a"].shape == (1, 20, 3)
    assert tree["sample_stats"]["diverging"].dtype == bool
    assert tree.attrs["spec"] == "homes"
    assert tree.attrs["seed"] == 7
    assert tree.attrs["status"] == "complete"


def test_a_category_column_does_not_clash_with_its_dimension(groups):
    constant = to_datatree(groups)["constant_data"]
    assert constant["county_index"].dims == ("home",)
    assert set(constant.data_vars) == {"floor", "county_index"}


@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto")  # five homes are too few for it
def test_arviz_reads_the_tree(groups):
    tree = to_datatree(groups)
    loo = arviz.loo(tree)
    assert isinstance(loo, arviz.ELPDData)
    assert loo.n_data_points == 5
    ess = arviz.ess(tree)
    assert ess["a"].dims == ("county",)


def test_thinned_predictions_keep_the_numbers_of_their_draws(target, posterior):
    found = predict_posterior(target, posterior, KEY, max_bytes=4 * 30 * 8 * 5 * 3 // 2)
    tree = to_datatree(build_groups(target, Drawn(posterior, {}, (30,) * 4, 30), predictive=found))
    assert tree["log_likelihood"].coords["draw"].values.tolist() == list(range(0, 30, 2))


def test_without_a_prior_sampler_there_are_no_prior_groups(target, posterior):
    groups = build_groups(target, Drawn(posterior, {}, (30, 30, 30, 40), 40))
    assert "prior" not in groups
    assert groups[""].attrs["status"] == "interrupted"


@pytest.mark.parametrize(
    ("labels", "expected"),
    [([1990, 2000], np.array([1990, 2000])), ([0.5, 2], np.array([0.5, 2.0])), (["a", 1], np.array(["a", "1"]))],
)
def test_labels_of_any_kind(tmp_path, labels, expected):
    group = make_group({"x": np.eye(2)}, {"x": ("k", "k'")}, {"k": labels})
    write_netcdf(tmp_path / "x.nc", {"g": group})
    with xarray.open_datatree(tmp_path / "x.nc", engine="h5netcdf") as tree:
        for dim in ("k", "k'"):
            np.testing.assert_array_equal(tree["g"]["x"].coords[dim].values, expected)
        np.testing.assert_array_equal(tree["g"]["x"].values, np.eye(2))


def test_scalars_text_and_broadcast_arrays_survive(tmp_path):
    arrays = {"s": np.float64(2.5) * np.ones(()), "t": np.array(["ä", "b"]), "z": np.broadcast_to(3, (4, 2))}
    write_netcdf(tmp_path / "x.nc", {"g": make_group(arrays, {}, {})})
    found = read_netcdf(tmp_path / "x.nc")["g"].variables
    assert found["s"].values == 2.5
    assert found["t"].values.tolist() == ["ä", "b"]
    assert found["z"].values.tolist() == [[3, 3]] * 4


def test_a_file_that_is_no_netcdf_is_reported(tmp_path):
    (tmp_path / "x.nc").write_bytes(b"not at all")
    with pytest.raises(RunError) as caught:
        read_netcdf(tmp_path / "x.nc")
    assert [each.code for each in caught.value.problems] == ["UQ705"]
