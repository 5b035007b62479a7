"""From a checked spec to a target."""

from __future__ import annotations

import traceback
from pathlib import Path

import numpy as np
import pytest

from uqdsl.data import Dataset, bind
from uqdsl.driver.front import check
from uqdsl.driver.infer import centered_unknowns, infer
from uqdsl.driver.program import load_program, make_target, write_program
from uqdsl.driver.source import Source
from uqdsl.messages import RunError

SPEC = """data { y[i] : real, place[i] : category }
prior mu       ~ Normal(0, 1)
prior s        ~ HalfNormal(1)
prior a[place] ~ Normal(mu, s)
prior b[place] ~ Normal(mu, s) noncentered
likelihood y[i] ~ Normal(a[place] + b[place], 1)
"""


def test_a_failure_within_the_program_is_reported_at_its_statement():
    """Data that never went through `bind`: the shapes do not fit, which JAX says while it traces."""
    checked = check(Source("model.uq", SPEC, Path()))
    dataset = Dataset({"y": np.zeros(3), "place": np.zeros(4, int)}, {"i": [1, 2, 3], "place": ["u", "v"]}, {})
    target = make_target(checked.spec, write_program(checked), dataset)
    with pytest.raises(RunError) as caught:
        infer(checked.spec, target, checked.spec.runs[0], 0)
    (problem,) = caught.value.problems
    assert problem.code == "UQ608"
    assert problem.at is not None
    assert SPEC[problem.at.start : problem.at.end].startswith("likelihood y[i]")


def test_lines_of_a_program_show_in_tracebacks():
    module = load_program("def model():\n    return 1 / 0  # here\n", "broken")
    try:
        module.model()
    except ZeroDivisionError:
        assert "return 1 / 0  # here" in traceback.format_exc()


def test_unknowns_that_could_be_noncentered():
    assert centered_unknowns(check(Source("model.uq", SPEC, Path())).spec) == ("a",)


def test_the_places_that_are_observed_lie_along_the_dimensions_of_their_field():
    text = "data { y[i] : real missing }\nprior mu ~ Normal(0, 1)\nlikelihood y[i] ~ Normal(mu, 1)\n"
    checked = check(Source("model.uq", text, Path()))
    dataset = bind(checked.spec, None, {"y": [1.0, np.nan, 3.0]})
    target = make_target(checked.spec, write_program(checked), dataset)
    assert target.dims["y.observed"] == target.dims["y"] == ("i",)
    assert target.data["y.observed"].shape == (3,)
