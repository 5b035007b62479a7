"""The comparison tells right draws from wrong ones."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.published.compare import Compared, compare, compare_one, flatten, our_name

KNOWN = {"mean": 2.0, "sd": 0.5, "q05": 1.1776, "q50": 2.0, "q95": 2.8224, "mcse_mean": 0.005, "mcse_sd": 0.0035}
KNOWN |= {"mcse_q05": 0.01, "mcse_q50": 0.006, "mcse_q95": 0.01}


def draws(mean: float = 2.0, sd: float = 0.5, count: int = 1000) -> np.ndarray:
    return mean + sd * np.random.default_rng(1).normal(size=(4, count))


def compared(array: np.ndarray | None, **changed: float) -> Compared:
    return compare_one("x", array, KNOWN | changed)


def test_draws_of_the_same_law_pass():
    assert compared(draws()).ok


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (None, "missing"),
        (draws(mean=2.12), "mean off by"),
        (draws(mean=2.06), "z = "),
        (draws(sd=0.6), "sd ratio"),
        (draws(sd=0.42), "sd ratio"),
        (draws(count=60), "ESS"),
        (draws() + np.linspace(0, 0.5, 4)[:, None], "R-hat"),
        (np.full((4, 100), 2.0), "constant"),
        (draws(count=5), "too few draws"),
        (np.where(np.arange(1000) == 5, np.nan, draws()), "not finite"),
    ],
)
def test_what_is_wrong_is_said(array: np.ndarray | None, why: str):
    assert any(why in each for each in compared(array).fails)


def test_a_tiny_shift_passes_however_precise_the_draws_are():
    assert compared(draws(mean=2.005, count=100_000), mcse_mean=1e-6).ok


def test_heavy_tails_are_compared_by_median_and_width():
    heavy = 2.0 + 0.5 * np.random.default_rng(2).standard_cauchy((4, 4000))
    low, high = 2.0 - 0.5 * 6.3138, 2.0 + 0.5 * 6.3138
    known = {"sd": 40.0, "mcse_sd": 10.0, "q05": low, "q50": 2.0, "q95": high, "mcse_q05": 0.05, "mcse_q95": 0.05}
    found = compared(heavy, **known)
    assert found.robust
    assert found.ok
    assert not compared(heavy * 1.5, **known).ok


def test_names_have_positions_from_1():
    flat = flatten({"a": np.zeros((2, 3)), "b": np.zeros((2, 3, 2)), "c": np.ones((2, 3, 2, 2))})
    assert list(flat) == ["a", "b[1]", "b[2]", "c[1,1]", "c[1,2]", "c[2,1]", "c[2,2]"]
    assert all(each.shape == (2, 3) for each in flat.values())


def test_names_of_the_reference_may_be_others_in_the_spec():
    renamed = {"theta1": "P[1,*]", "beta": "b", "mu[2]": "high"}
    names = ("theta1[2]", "beta[3]", "mu[2]", "mu[1]", "sigma")
    assert [our_name(name, renamed) for name in names] == ["P[1,2]", "b[3]", "high", "mu[1]", "sigma"]
    P = np.random.default_rng(3).normal(size=(4, 1000, 2, 2)) * 0.5 + 2
    (found,) = compare({"theta1[2]": KNOWN}, {"P": P}, renamed)
    assert found.ok
