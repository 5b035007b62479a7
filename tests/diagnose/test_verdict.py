"""What makes a run suspect, and in which words."""

from __future__ import annotations

import numpy as np
import pytest

from uqdsl.diagnose import verdict
from uqdsl.results.groups import make_group

SAMPLE = {"chain": range(4), "draw": range(500)}
RNG = np.random.default_rng(4)


def groups_of(stats=None, **arrays: np.ndarray):
    arrays = arrays or {"mu": RNG.normal(size=(4, 500))}
    sample = {dim: range(size) for dim, size in zip(SAMPLE, next(iter(arrays.values())).shape, strict=False)}
    posterior = make_group(arrays, {"a": ("k",)}, {"k": ["u", "v"]}, sample_coords=sample)
    return {"posterior": posterior, "sample_stats": make_group(stats or {}, {}, {}, sample_coords=sample)}


def good_stats() -> dict[str, np.ndarray]:
    return {
        "diverging": np.zeros((4, 500), bool),
        "tree_depth": np.full((4, 500), 3),
        "energy": RNG.normal(size=(4, 500)),
        "acceptance_rate": np.full((4, 500), 0.8),
    }


def test_a_good_run_is_ok():
    found = verdict(groups_of(good_stats()), max_tree_depth=10, requested=500)
    assert found.status == "ok"
    assert found.reasons == ()
    numbers = {"chains": 4, "draws": 500, "divergences": 0, "divergence_fraction": 0, "max_tree_depth": 3}
    assert numbers.items() <= found.diagnostics.items()
    assert found.diagnostics["max_r_hat"] < 1.01
    assert found.diagnostics["min_ess_bulk"] > 400
    assert found.diagnostics["min_e_bfmi"] > 1


def test_chains_that_disagree_are_named_worst_first():
    a = RNG.normal(size=(4, 500, 2)) + np.arange(4)[:, None, None] * [1, 5]
    found = verdict(groups_of(a=a, mu=RNG.normal(size=(4, 500))))
    assert found.status == "suspect"
    assert found.reasons[0].startswith("the chains do not agree on a[v] (r-hat ")
    assert " and a[u] (r-hat " in found.reasons[0]
    assert "mu" not in found.reasons[0]


def test_a_single_chain_that_drifts_is_told_as_one():
    found = verdict(groups_of(mu=RNG.normal(size=(1, 500)) + np.linspace(0, 5, 500)))
    assert found.reasons[0].startswith("the two halves of the chain do not agree on mu")


def test_many_names_are_counted():
    found = verdict(groups_of(**{f"x{i}": RNG.normal(size=(4, 500)).cumsum(axis=1) for i in range(9)}))
    assert found.reasons[0].count("r-hat ") == 4
    assert " and 6 more, where r-hat should be at most 1.01" in found.reasons[0]


def test_slow_mixing_is_told_by_its_effective_size():
    noise = RNG.normal(size=(4, 3000))
    walk = np.zeros_like(noise)
    for i in range(1, 3000):
        walk[:, i] = 0.98 * walk[:, i - 1] + noise[:, i]
    found = verdict(groups_of(mu=walk))
    assert any("bulk effective sample size should be at least 400" in reason for reason in found.reasons)


def test_divergences_are_counted_and_placed():
    tau = np.exp(RNG.normal(size=(4, 500)))
    diverging = (tau < np.quantile(tau, 0.05)) & (RNG.random((4, 500)) < 0.5)
    stats = {**good_stats(), "diverging": diverging}
    number = int(diverging.sum())
    (reason,) = verdict(groups_of(stats, mu=RNG.normal(size=(4, 500)), tau=tau), target_accept=0.8).reasons
    assert reason == (
        f"{number} of 2000 draws ({number / 20:.2g} %) diverged after the warm-up, mostly where `tau` is small, so that "
        "part of the posterior may be missing; write `noncentered` after a prior whose scale is itself unknown, "
        "or raise `target_accept` from 0.8 to 0.9"
    )


def test_advice_names_the_unknowns_that_the_caller_knows_of():
    stats = {**good_stats(), "diverging": np.eye(4, 500, dtype=bool)}
    (reason,) = verdict(groups_of(stats), centered=["theta", "phi"]).reasons
    assert "write `noncentered` after the prior of `theta` and `phi`" in reason
    assert "mostly where" not in reason


@pytest.mark.parametrize(("before", "after"), [(0.5, "0.9"), (0.9, "0.95"), (0.95, "0.99"), (0.99, "0.999")])
def test_the_advised_acceptance_goes_up(before, after):
    stats = {**good_stats(), "diverging": np.eye(4, 500, dtype=bool)}
    assert verdict(groups_of(stats), target_accept=before).reasons[0].endswith(f"from {before} to {after}")


def test_saturated_trees_count_only_in_numbers():
    depth = np.full((4, 500), 3)
    depth[0, :10] = 10
    stats = {**good_stats(), "tree_depth": depth}
    assert verdict(groups_of(stats), max_tree_depth=10).status == "ok"
    depth[1, :100] = 10
    found = verdict(groups_of(stats), max_tree_depth=10)
    assert found.diagnostics["tree_depth_saturated"] == 110
    assert found.reasons[0].startswith("110 of 2000 draws (5.5 %) reached the greatest tree depth, 10")


def test_slow_energy_is_told():
    energy = RNG.normal(size=(4, 500))
    energy[1:3] = energy[1:3].cumsum(axis=1)
    (reason,) = verdict(groups_of({**good_stats(), "energy": energy})).reasons
    assert reason.startswith("the energy of 2 chains changes too little from draw to draw (E-BFMI 0.0")


def test_an_interrupted_run_is_suspect():
    assert verdict(groups_of(), requested=501).reasons[0].startswith("the run was interrupted after 500 of 501 draws")


def test_too_few_draws_to_tell():
    found = verdict(groups_of(mu=RNG.normal(size=(4, 1))))
    assert found.reasons == ("1 draw per chain cannot show whether the chains agree; take more draws",)


def test_constants_are_no_fault_and_infinities_are():
    a = RNG.normal(size=(4, 500, 2))
    a[2, 3, 0] = np.nan
    found = verdict(groups_of(k=np.ones((4, 500)), a=a))
    assert [reason[:50] for reason in found.reasons] == ["a[u] has draws that are not finite numbers; look f"]
    assert verdict(groups_of(k=np.ones((4, 500)))).status == "ok"
