"""Specs whose states particles account for: the same answer by filtering, by a random walk over estimates, and by NUTS."""

from __future__ import annotations

import arviz
import numpy as np
import pytest

import uqdsl

from .assimilating import assimilated
from .conftest import SPECS


def error(draws: np.ndarray) -> float:
    """The Monte Carlo standard error of the mean of chains."""
    return draws.std() / np.sqrt(float(arviz.ess(draws)))


@pytest.fixture(scope="module")
def filtered() -> dict[str, np.ndarray]:
    """What `assimilate` finds of hares and lynxes."""
    found = assimilated("lynx_hare")
    assert found.status == "ok"
    return {name: each.values for name, each in found.groups["assimilation"].variables.items()}


def test_hares_and_lynxes_follow_their_pelts(filtered: dict[str, np.ndarray]) -> None:
    pelts = np.genfromtxt(SPECS / "data" / "lynx_hare.csv", delimiter=",", names=True)
    for state, seen in (("hare", "hares"), ("lynx", "lynxes")):
        apart = (np.log(filtered[f"{state}_mean"]) - np.log(pelts[seen]))[1:]
        assert np.sqrt((apart**2).mean()) < 0.2
        assert (filtered[f"{state}_sd"] < 0.3 * filtered[f"{state}_mean"]).all()


def test_hares_and_lynxes_are_the_same_by_filtering_and_by_a_random_walk(filtered: dict[str, np.ndarray]) -> None:
    program = uqdsl.load(SPECS / "lynx_hare.uq").compile()
    fit = program.infer(seed=1)
    assert fit.status == "ok"
    assert fit.diagnostics["log_likelihood_variance"] < 3
    posterior = fit.posterior.posterior
    # Of the filter: the same with other particles.
    again = assimilated("lynx_hare", seed=1).groups["assimilation"].variables
    for name in ("hare", "lynx", "shocks", "scatter"):
        draws = posterior[name].values
        draws = draws[..., -1] if draws.ndim == 3 else draws
        both = np.array([filtered[f"{name}_mean"][-1], again[f"{name}_mean"].values[-1]])
        # Half their difference is the standard error of two; it has one degree of freedom, so no less than that of the draws.
        own = max(abs(both[0] - both[1]) / 2, error(draws))
        assert abs(draws.mean() - both.mean()) < 4 * np.hypot(own, error(draws)), name


def test_volatility_is_the_same_by_particles_and_by_a_chain_over_every_day() -> None:
    by_particles = uqdsl.load(SPECS / "stochastic_volatility.uq").compile().infer(seed=1)
    by_nuts = uqdsl.load(SPECS / "stochastic_volatility_recurrence.uq").compile().infer(seed=1)
    assert by_particles.diagnostics["log_likelihood_variance"] < 3
    ours, theirs = (fit.posterior.posterior for fit in (by_particles, by_nuts))
    for name in ("mean", "persistence", "restless"):
        both = ours[name].values, theirs[name].values
        assert abs(both[0].mean() - both[1].mean()) < 4 * np.hypot(*map(error, both)), name
    for day in range(150):
        both = ours["volatility"].values[..., day], theirs["volatility"].values[..., day]
        assert abs(both[0].mean() - both[1].mean()) < 4 * np.hypot(*map(error, both)), day
