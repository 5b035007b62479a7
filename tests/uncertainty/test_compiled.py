"""Functions of stages that are compiled once."""

from __future__ import annotations

import jax
import numpy as np

from uqdsl.uncertainty.compiled import compiled
from uqdsl.uncertainty.stages import Stage

from .staged import bound

LINE = """
data { Z[case] : real, X[case] : real, training = "train.csv", testing = "test.csv", new = "new.csv" }
prior slope ~ Normal(0, 10)
likelihood X[case] ~ Normal(slope * Z, 0.3)
uncertainty { function { residual ~ Normal(bias, 1), prior bias ~ Normal(0, 1) } }
predict X[case]
"""


def stage(*z: float) -> Stage:
    rows = {"Z": np.array(z), "X": np.zeros(len(z))}
    return bound(LINE, training=rows, testing=rows).stages["residual"]


def test_stages_of_one_program_and_other_values_share_a_function():
    traced = 0

    def total(stage: Stage, slope: jax.Array) -> jax.Array:
        nonlocal traced
        traced += 1
        return slope * stage.target.data["Z"].sum()

    def of(stage: Stage) -> list[float]:
        return compiled(stage, total, (0,), "total")(np.array([1.0, 2.0])).tolist()

    assert of(stage(1, 2)) == [3, 6]
    assert of(stage(3, 4)) == [7, 14]
    assert traced == 1
    assert of(stage(1, 2, 3)) == [6, 12]
    assert traced == 2
