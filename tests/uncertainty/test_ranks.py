"""Ranks as causes: of normal laws, whose closest coupling is known."""

from __future__ import annotations

import numpy as np

from uqdsl.uncertainty.ranks import of_single_numbers, ranked_like

from .staged import bound

CHAINS, STATES = 400, 64
RNG = np.random.default_rng(0)


def chains(mean: float = 0.0, sd: float = 1.0) -> dict[str, np.ndarray]:
    """Two numbers, of which the second hangs on the first."""
    first = RNG.normal(mean, sd, (CHAINS, STATES))
    return {"a": first, "b": np.stack([first + RNG.normal(0, sd, first.shape), -first], axis=-1)}


def unshared(one: np.ndarray, other: np.ndarray) -> float:
    """The share of the variance that two couplings of the same law do not have in common."""
    return float(((one - other) ** 2).mean() / (one.var() + other.var()))


def test_a_rank_is_one_cause_for_laws_that_are_shifted_and_scaled():
    reference, one, other = chains(), chains(), chains(5.0, 3.0)
    found = [ranked_like(each, reference) for each in (one, other)]
    for name in ("a", "b"):
        assert unshared(one[name], (other[name] - 5 * (name == "a")) / 3) > 0.8
        moved = found[1][name] - 5 * np.array(1.0 if name == "a" else (1.0, -1.0))
        assert unshared(found[0][name], moved / 3) < 0.06


def test_what_each_chain_has_sampled_stays_with_the_ranks_of_the_reference():
    reference, states = chains(), chains(2.0)
    for parts in (1, 2, 4):
        found = ranked_like(states, reference, parts)
        for name, each in found.items():
            pieces = zip(*(np.split(of, parts, axis=1) for of in (each, states[name], reference[name])), strict=True)
            for mine, before, theirs in pieces:
                np.testing.assert_array_equal(np.sort(mine, axis=1), np.sort(before, axis=1))
                np.testing.assert_array_equal(np.argsort(mine, axis=1), np.argsort(theirs, axis=1))


def test_the_jackknife_takes_what_chains_do_not_know_of_ranks():
    """Given the same law two chains should be alike: what they are not falls with the number of states."""
    reference, one, other = chains(), chains(), chains()
    whole, halves = (unshared(*(ranked_like(each, reference, parts)["a"] for each in (one, other))) for parts in (1, 2))
    assert whole > 0.02
    assert abs(2 * whole - halves) < 0.3 * whole


SHARES = """
data { Z[case] : real, X[case] : real, training = "train.csv", testing = "test.csv", new = "new.csv" }
dim part = ["low", "high"]
prior slope ~ Normal(0, 10)
likelihood X[case] ~ Normal(slope * Z, 0.3)
uncertainty {
  function {
    residual ~ Normal(bias + share["low"], spread)
    prior bias ~ Normal(0, 1)
    prior spread ~ HalfNormal(1)
    prior share[part] ~ Dirichlet(1)
  }
}
predict X[case]
"""


def test_numbers_that_have_to_fit_together_stay_as_they_were_drawn():
    rows = {"Z": np.linspace(-1, 1, 5), "X": np.linspace(-1, 2, 5)}
    stage = bound(SHARES, training=rows, testing=rows, new={"Z": np.zeros(1)}).stages["residual"]
    assert of_single_numbers(stage) == {"bias", "spread"}
