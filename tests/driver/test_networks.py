"""What a run says of a network: its verdict is on what the network gives, not on its weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from uqdsl import ir
from uqdsl.cli.main import execute
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


FIVE = """\
dim input = ["a", "b"]
data {
  Z[case, input] : real
  X[case]        : real
  training = "train.csv"
  testing  = "test.csv"
  new      = "new.csv"
}
network f(z[input]) -> real { dense(4, tanh) as h  dense(1) }
prior f.weights ~ Normal(0, 1 / sqrt(fan_in))
prior sigma     ~ HalfNormal(0.5)
likelihood X[case] ~ Normal(f(Z), sigma)
uncertainty {
  new_input     { Z ~ Normal(truth(Z), 0.05) }
  testing_data  { Z ~ Normal(truth(Z), 0.05), X ~ Normal(truth(X), 0.10) }
  training_data { Z ~ Normal(truth(Z), 0.05), X ~ Normal(truth(X), 0.10) }
  weights       inferred
  function      { residual ~ StudentT(4, 0, spread), prior spread ~ HalfNormal(0.5) }
}
infer by nuts(chains = 2, warmup = 200, draws = 200)
predict X[case] with(draws = 200, budget = shapley)
"""


def test_from_three_files_to_the_budget(tmp_path: Path):
    """A bowl in one input and a step in the other, learned from thirty rows."""
    rng = np.random.default_rng(1)
    for name, rows in (("train", 30), ("test", 20), ("new", 4)):
        z = rng.normal(size=(rows, 2)) if name != "new" else np.array([[0.0, 0.0], [1.0, 0.5], [-1.0, 0.5], [0.0, 6.0]])
        x = np.tanh(z[:, 0]) - 0.5 * z[:, 1] ** 2 + 0.1 * rng.normal(size=rows)
        columns = np.c_[z, x] if name != "new" else z
        header = "a,b,X" if name != "new" else "a,b"
        np.savetxt(tmp_path / f"{name}.csv", columns, delimiter=",", header=header, comments="")
    (tmp_path / "five.uq").write_text(FIVE)
    assert execute(["run", str(tmp_path / "five.uq"), "--no-pictures", "--out", str(tmp_path / "runs")]) in (0, 3)
    found = json.loads((tmp_path / "runs" / "five-0-1" / "summary.json").read_text())
    rows = found["prediction"]["nuts"]["X"]["rows"]
    for row in rows:
        assert sum(row["budget"].values()) == pytest.approx(1)
        assert set(row["budget"]) == {"new_input", "testing_data", "training_data", "weights", "function"}
    near, far = rows[:3], rows[3]
    for row, truth in zip(near, (0.0, np.tanh(1) - 0.125, -np.tanh(1) - 0.125), strict=True):
        assert abs(row["mean"] - truth) < 0.35
    # Far from all training rows it is the network that nobody knows.
    unsure = [row["sd"] ** 2 * (row["budget"]["training_data"] + row["budget"]["weights"]) for row in (far, *near)]
    assert unsure[0] > 4 * max(unsure[1:])


@pytest.mark.parametrize(
    ("outcome", "law", "expected"),
    [
        ("kind[case] : category(k) = [1, 2, 2]", "Categorical(logits = f(z).a, over = k)", ["f(z)"]),
        (
            "kind[case] : real = [0.1, 0.2, 0.3]",
            "Mixture([0.5, 0.5], Normal(f(z).a, exp(f(z).b)), over = k)",
            ["f(z)", "f.values2"],
        ),
    ],
)
def test_values_over_classes_and_components_are_judged_too(outcome: str, law: str, expected: list[str]):
    text = f"""
dim k = 2
data {{ z[case] : real = [0.1, 0.5, 0.9], {outcome} }}
network f(z) -> a[k], b[k] {{ dense(2, tanh)  dense() }}
prior f.weights ~ Normal(0, 1)
likelihood kind[case] ~ {law}
"""
    found = analyse(parse(text, "spec.uq")).spec
    assert found is not None
    assert [(each.name, set(each.dims)) for each in found.quantities] == [(name, {"case", "k"}) for name in expected]
