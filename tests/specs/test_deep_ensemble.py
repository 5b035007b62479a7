"""The degeneracy of a deep ensemble on the strength of concrete, and its repair, at a small size."""

from __future__ import annotations

import uqdsl

from .test_specs import SPECS


def test_weights_are_degenerate_and_moving_the_members_helps() -> None:
    program = uqdsl.load(SPECS / "deep_ensemble.uq").compile()
    weighted = program.infer("ensemble(members = 4, steps = 300, weighting = importance)", seed=1, progress=False)
    said = weighted._result.verdict  # pyright: ignore[reportPrivateUsage]
    assert said.diagnostics["weights_ess"] < 2
    assert any("degenerate" in each for each in said.reasons)
    assert "ess" not in said.diagnostics
    options = "members = 4, steps = 300, weighting = equal_weight, draws = 3"
    moved = program.infer(f"ensemble({options})", seed=1, progress=False)._result.verdict  # pyright: ignore[reportPrivateUsage]
    assert not any("degenerate" in each for each in moved.reasons)
    assert moved.diagnostics["log_evidence"] > -3926  # of one mean and one scatter for all, at their best
