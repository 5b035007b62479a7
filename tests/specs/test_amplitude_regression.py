"""The amplitude spec with fewer draws than it asks for."""

from __future__ import annotations

import numpy as np

import uqdsl

from .conftest import SPECS


def test_the_network_says_where_it_should_not_be_trusted():
    program = uqdsl.load(SPECS / "amplitude_regression.uq").compile()
    fit = program.infer("nuts(chains = 2, warmup = 250, draws = 100, max_tree_depth = 7)", progress=False)
    found = fit.predict(draws=200, progress=False)
    truth = np.genfromtxt(SPECS / "data" / "amplitude_truth.csv", delimiter=",", names=True)["log_amplitude"]
    lower, upper = (found[f"log_amplitude_{end}"].sel(log_amplitude_interval=0.9).values for end in ("lower", "upper"))
    # Nine of ten recorded amplitudes are in them, and more of the true ones, which have no noise.
    assert np.sum((lower < truth) & (upper > truth)) >= 10
    epistemic, aleatoric = (found[f"log_amplitude_{part}"].values for part in ("epistemic", "aleatoric"))
    assert np.argmax(epistemic) == np.argmax(aleatoric) == 11
    assert (epistemic < aleatoric).all()
    assert np.sqrt(np.mean((found["log_amplitude_mean"].values - truth)[:11] ** 2)) < 0.1
