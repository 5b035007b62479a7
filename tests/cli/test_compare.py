"""Several runs of one spec, side by side."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import MODEL

TWO = MODEL + "infer by nuts(chains = 2, warmup = 300, draws = 500, metric = dense) as dense\n"


def test_runs_of_one_spec_are_compared(uqdsl, folder: Path):
    (folder / "two.uq").write_text(TWO)
    said = uqdsl("run", "two.uq", pictures=True)
    assert said.code == 0
    assert "side by side" in said.out
    assert "`nuts` and `dense` agree as far as" in said.out.replace("\n", " ")
    run = folder / "runs" / "two-0-1"
    comparison = json.loads((run / "summary.json").read_text())["comparison"]
    assert comparison["pairs"][0]["agree"] is True
    assert set(comparison["cost"]) == {"nuts", "dense"}
    assert comparison["cost"]["nuts"]["gradients"] > 1000
    assert "What the runs say, side by side" in (run / "pictures" / "comparison.svg").read_text()
