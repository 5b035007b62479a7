"""What a run says of a network: its verdict is on what the network gives, not on its weights."""

from __future__ import annotations

import numpy as np
import pytest

from uqdsl import ir
from uqdsl.driver.infer import Result, reread
from uqdsl.results.groups import Group, make_group
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

SPEC = """\
data { z[case] : real = [0.1, 0.5, 0.9], x[case] : real = [0.3, 0.1, 0.8] }
network f(z) -> real { dense(2, tanh) as h  dense(1) }
prior f.weights ~ Normal(0, 1)
prior sigma ~ HalfNormal(1)
likelihood x[case] ~ Normal(f(z), sigma)
infer by nuts(chains = 4, draws = 500)
"""


@pytest.fixture
def spec() -> ir.Spec:
    found = analyse(parse(SPEC, "spec.uq")).spec
    assert found is not None
    return found


def judged(spec: ir.Spec, apart: str) -> Result:
    """The result of a run in which one variable has another sign in half of the chains."""
    rng = np.random.default_rng(4)
    shapes = {"f.h.kernel": (2,), "f.h.bias": (2,), "f.dense2.kernel": (2,), "f.dense2.bias": (), "sigma": ()}
    arrays = {name: 1 + 0.1 * rng.normal(size=(4, 500, *shape)) for name, shape in (shapes | {"f(z)": (3,)}).items()}
    arrays[apart][::2] *= -1
    dims = {each.name: each.dims for each in (*spec.unknowns, *spec.quantities)}
    coords = {"case": [1, 2, 3], "f.h": [1, 2]}
    posterior = make_group(arrays, dims, coords, sample_coords={"chain": range(4), "draw": range(500)})
    return reread(spec, spec.runs[0], {"": Group(attrs={}), "posterior": posterior})


def test_chains_need_not_agree_on_weights(spec: ir.Spec):
    assert judged(spec, "f.h.kernel").verdict.status == "ok"


@pytest.mark.parametrize("name", ["f(z)", "sigma"])
def test_they_have_to_agree_on_the_rest(spec: ir.Spec, name: str):
    found = judged(spec, name)
    assert found.verdict.status == "suspect"
    assert name in found.verdict.reasons[0]


def test_weights_are_left_out_of_the_printed_summary(spec: ir.Spec):
    assert {each.name for each in spec.unknowns if not each.nuisance} == {"sigma"}
