"""Even random numbers: of which law they are, how even, and that places have nothing to do with one another."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats
from scipy.stats import qmc

from uqdsl.runtime import Truncated
from uqdsl.uncertainty.even import DIMENSIONS, drawn, hashed, ranks_along, uniform

DRAWS = 1024


def numbers(dimension: int, place: int, draws: int = DRAWS) -> np.ndarray:
    return np.asarray(uniform(jnp.arange(draws), draws, jnp.full(draws, dimension), hashed(place)))


def test_each_number_lies_in_a_cell_of_its_own():
    """In each dimension one in each of as many equal cells, and so of two in each of 32 by 32, with the draws for one of them."""
    found = np.stack([numbers(each, place=5) for each in range(DIMENSIONS)])
    for each in found:
        assert len(set((each * DRAWS).astype(int))) == DRAWS
    by_draw = np.arange(DRAWS) // 32
    for first, second in ((by_draw, found[0] * 32), (by_draw, found[1] * 32), (found[0] * 32, found[1] * 32)):
        assert len(set(zip(first.astype(int), second.astype(int), strict=True))) == DRAWS


def test_all_dimensions_together_are_as_even_as_those_of_a_library():
    mine = np.stack([numbers(each, place=5) for each in range(DIMENSIONS)], axis=1)
    theirs = qmc.Sobol(DIMENSIONS, rng=0).random(DRAWS)
    random = np.random.default_rng(0).random((DRAWS, DIMENSIONS))
    assert qmc.discrepancy(mine, method="L2-star") < 2 * qmc.discrepancy(theirs, method="L2-star")
    assert qmc.discrepancy(mine, method="L2-star") < 0.3 * qmc.discrepancy(random, method="L2-star")


def test_a_number_is_uniform_over_places():
    places = jnp.arange(20_000)
    found = uniform(jnp.full(20_000, 7), DRAWS, jnp.full(20_000, 1), hashed(places))
    assert stats.kstest(np.asarray(found), "uniform").pvalue > 0.001


def test_places_are_independent():
    """Correlations over the draws of 100 places: 5.5 standard errors is the most to be expected of 5,000 with nests in common."""
    found = np.stack([numbers(0, place) for place in range(100)])
    for values in (found, (found - 0.5) ** 2):
        correlation = np.corrcoef(values)[np.triu_indices(100, 1)]
        assert abs(correlation).max() < 6.5 / math.sqrt(DRAWS)
        assert abs(correlation.mean()) < 4 / math.sqrt(DRAWS * len(correlation))


def test_a_mean_is_known_far_better():
    """Of (z + f)², whose mean of 1000 random draws is known to 2 √2 / √1000 = 9 per cent of one."""
    means = []
    for place in range(30):
        z, f = (stats.norm.ppf(numbers(each, place, 1000)) for each in (0, 1))
        means.append(np.mean((z + f) ** 2))
    assert np.std(means) < 0.1 * math.sqrt(8 / 1000)
    assert abs(np.mean(means) - 2) < 0.02


@pytest.mark.parametrize(
    ("law", "known"),
    [
        (dist.Normal(1.0, 2.0).expand([5]).to_event(1), stats.norm(1, 2)),
        (dist.StudentT(4.0, 1.0, 2.0).expand([5]), stats.t(4, 1, 2)),
        (dist.LogNormal(0.0, 0.5).expand([5]), stats.lognorm(0.5)),
        (dist.Gamma(2.0, 1.0).expand([5]), stats.gamma(2)),  # which has no formula
        (dist.TruncatedNormal(1.0, 2.0, low=0.0).expand([5]), stats.truncnorm(-0.5, np.inf, 1, 2)),
        (Truncated(dist.Normal(jnp.ones(5), 2.0), 0.0).to_event(1), stats.truncnorm(-0.5, np.inf, 1, 2)),
    ],
)
def test_draws_are_of_their_law(law, known):
    def one(draw, key):
        place = hashed(3, jnp.arange(5))
        return drawn(law, uniform(draw, DRAWS, jnp.zeros(5, int), place), key)

    keys = jax.random.split(jax.random.key(0), DRAWS)
    found = np.asarray(jax.vmap(one)(jnp.arange(DRAWS), keys))
    for each in found.T:
        assert stats.kstest(each, known.cdf).pvalue > 0.001


def test_numbers_are_even_along_what_is_known():
    """A mean of a product with something known that is random itself, in three dimensions."""
    rng = np.random.default_rng(1)
    known = [rng.normal(size=DRAWS) for _ in range(3)]
    ranks = ranks_along(known)
    assert sorted(ranks) == list(range(DRAWS))
    errors = {True: [], False: []}
    for place in range(30):
        u = stats.norm.ppf(numbers(0, place))
        for along in (True, False):
            errors[along].append(np.mean(sum(known) * (u[ranks] if along else u)))
    assert np.std(errors[True]) < 0.5 * np.std(errors[False])
