"""The straight line with all five sources, run by the command, against its closed form."""

from __future__ import annotations

import math

import pytest

from uqdsl.cli.main import execute
from uqdsl.results import read_netcdf

from .conftest import SPECS


def test_a_line_is_predicted_with_the_shares_of_its_sources(tmp_path):
    """At the third new input, by quadrature: sd 0.893, and shares of the five of 57, 5, 1, 0 and 38 per cent."""
    assert execute(["run", str(SPECS / "linear_five_sources.uq"), "--no-pictures", "--out", str(tmp_path)]) == 0
    (path,) = tmp_path.glob("linear_five_sources-*/result.nc")
    found = read_netcdf(path)["prediction"].variables
    assert abs(found["X_mean"].values[2] - 0.241) < 4 * 0.893 / math.sqrt(1000)
    assert found["X_sd"].values[2] == pytest.approx(0.893, rel=0.03)  # 1,000 draws: 0.7 per cent is one standard error
    shares, errors = (found[name].values[:, 2] for name in ("X_share", "X_share_error"))
    assert (abs(shares - [0.566, 0.051, 0.006, 0.001, 0.376]) < 0.02 + 4 * errors).all()
    assert errors.max() < 0.1
