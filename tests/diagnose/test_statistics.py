"""The diagnostics agree with ArviZ's to rounding, for any length, number of chains and kind of draws."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from arviz_stats.base.array import array_stats

from uqdsl.diagnose import statistics

KINDS = {
    "independent": lambda x: x,
    "random walk": lambda x: x.cumsum(axis=1),
    "ties": np.round,
    "antithetic": lambda x: x * (-1.0) ** np.arange(x.shape[1])[:, None] + 0.3 * x,
    "binary": lambda x: (x > 1).astype(float),
    "chains apart": lambda x: x + 2 * np.arange(x.shape[0])[:, None, None],
    "heavy tails": lambda x: np.tan(x),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [4, 5, 6, 7, 8, 9, 17, 50, 101, 500])
def test_numbers_are_those_of_arviz(kind, length):
    rng = np.random.default_rng(length)
    for chains in (1, 2, 4):
        draws = KINDS[kind](rng.normal(size=(chains, length, 6)))
        # ArviZ has no R-hat for a quantity that does not vary, and a nominal effective size; we have neither.
        draws = draws[:, :, np.ptp(draws, axis=(0, 1)) > 0]
        pairs = [
            (statistics.ess_bulk, array_stats.ess(draws, chain_axis=0, draw_axis=1, method="bulk")),
            (statistics.ess_tail, array_stats.ess(draws, chain_axis=0, draw_axis=1, method="tail", prob=(0.05, 0.95))),
            (statistics.ess_mean, array_stats.ess(draws, chain_axis=0, draw_axis=1, method="mean")),
            (statistics.mcse_mean, array_stats.mcse(draws, chain_axis=0, draw_axis=1, method="mean")),
        ]
        if chains > 1:
            with np.errstate(divide="ignore", invalid="ignore"):
                pairs.append((statistics.r_hat, array_stats.rhat(draws, chain_axis=0, draw_axis=1, method="rank")))
        for function, expected in pairs:
            np.testing.assert_allclose(function(draws), expected, rtol=1e-9, err_msg=function.__name__)


def test_energy_fraction_is_that_of_arviz():
    energy = np.random.default_rng(0).normal(size=(4, 200)).cumsum(axis=1)
    np.testing.assert_allclose(statistics.e_bfmi(energy), array_stats.bfmi(energy), rtol=1e-12)


def test_r_hat_of_one_chain_compares_its_halves():
    rng = np.random.default_rng(0)
    drift = rng.normal(size=(1, 400, 1)) + np.linspace(0, 3, 400)[:, None]
    assert statistics.r_hat(drift)[0] > 1.2
    assert statistics.r_hat(rng.normal(size=(1, 400, 1)))[0] < 1.02


def test_a_stuck_chain_shows():
    draws = np.random.default_rng(0).normal(size=(4, 100, 1))
    draws[2] = 0.3
    assert statistics.r_hat(draws)[0] > 1.05


def test_summaries_need_no_slow_imports():
    import subprocess

    script = "import sys, uqdsl.diagnose, uqdsl.results; print({*sys.modules} & {'jax', 'xarray', 'pandas', 'h5py'})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
