"""Example B and the banana, run by the command: right by diffusion, and flagged by the flow that cannot be."""

from __future__ import annotations

import json

import pytest

from uqdsl.cli.main import execute

from .conftest import SPECS


@pytest.mark.parametrize(
    ("name", "means", "sds"),
    [
        ("bimodal", {"x[x1]": 3.5, "x[x2]": 3.0}, {"x[x1]": 0.0707, "x[x2]": 0.1}),
        ("banana", {"x1": 0.0, "x2": 1.435}, {"x1": 1.540, "x2": 0.301}),
    ],
)
def test_the_posterior_is_the_exact_one(name, means, sds, tmp_path):
    execute(["run", str(SPECS / f"{name}.uq"), "--no-pictures", "--out", str(tmp_path)])
    (path,) = tmp_path.glob(f"{name}-*/summary.json")
    runs = json.loads(path.read_text())["runs"]
    found = runs["diffusion"]["variables"]
    for variable, mean in means.items():
        # Five standard errors of 500 independent draws.
        assert abs(found[variable]["mean"] - mean) < 5 * sds[variable] / 500**0.5
        assert abs(found[variable]["sd"] / sds[variable] - 1) < 0.15
