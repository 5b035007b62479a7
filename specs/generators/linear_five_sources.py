"""A straight line through the origin with all five sources of uncertainty, for `linear_five_sources.uq`.

True inputs z are standard normal, true outputs 1.5 z and a scatter of 0.3; both are recorded with errors. The outputs of the
testing data lie 0.2 higher: this is what the function that was learned from the training data gets wrong.

`python -m specs.generators.linear_five_sources` writes 60 rows to train on, 40 to test on, and five new inputs.
"""

from __future__ import annotations

import numpy as np

from specs.generators.tables import Table, write

SLOPE = 1.5
SCATTER = 0.3
"""Of true outputs about the line: sd."""
INPUT_NOISE = 0.5
"""Error of recorded inputs: sd."""
TRAINING_NOISE = 0.2
TESTING_NOISE = 0.3
"""Error of recorded outputs: sd."""
BIAS = 0.2
NEW = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])


def line(rng: np.random.Generator, count: int, output_noise: float, bias: float = 0.0) -> Table:
    """Recorded inputs and outputs."""
    z = rng.normal(0, 1, count)
    recorded = z + rng.normal(0, INPUT_NOISE, count)
    x = SLOPE * z + bias + rng.normal(0, SCATTER, count)
    return {"Z": recorded, "X": x + rng.normal(0, output_noise, count)}


def tables() -> dict[str, Table]:
    rng = np.random.default_rng(20240)
    return {
        "linear_train": line(rng, 60, TRAINING_NOISE),
        "linear_test": line(rng, 40, TESTING_NOISE, BIAS),
        "linear_new": {"Z": NEW},
    }


if __name__ == "__main__":
    write(tables())
