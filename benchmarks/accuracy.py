"""Every method on every proof problem: how far from the exact posterior, at what cost, and what the verdict says.

`python -m benchmarks.accuracy [--problems NAME …] [--methods NAME …] [--write]`. Errors are in exact posterior standard
deviations; `floor` is what as many independent exact draws give. A method whose assumptions a problem violates refuses, and the
table says which. With `--write` the tables become `docs/methods/accuracy.md`; what was measured before stays as it was,
unless `--methods` names it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import uqdsl
from tests.infer.problems import PROBLEMS, Errors, Problem, errors
from uqdsl.messages import UqdslError
from uqdsl.vocabulary.methods import methods

PAGE = Path(__file__).parents[1] / "docs" / "methods" / "accuracy.md"
KEPT = Path(__file__).parent / "accuracy.json"
"""What was measured, so that a part can be measured anew."""

OPTIONS = {"ensemble": "members = 50", "sgld": "chains = 4"}
"""Beside defaults."""
MOST = 4000
"""Draws of which errors are taken: the energy distance compares every pair."""


_HEAD = """# Accuracy of the methods

Every method with its default options on the proof problems of `tests/infer/problems.py`, whose posteriors are known:
in closed form, by quadrature, or of the logistic regression by 400,000 weighted draws. One seed each, so that a number
may be off by its chance. Made by `python -m benchmarks.accuracy --write`.

`mean`: root mean square error of the means, in exact standard deviations. `cov`: error of the covariance, relative, in
the Frobenius norm. `spread`: root of the ratio of the total variances. `modes`: largest error of the weight of a mode.
`energy`: energy distance to exact draws. `evidence`: log evidence less the exact one. `floor` is what 1000 independent
exact draws give. Seconds are of one run, compiling included, on four x86-64 cores with little beside. A method
that cannot be right on a problem refuses or is suspect, and the last column says why. Measured on 22 November 2026; `banana`,
and `flow` on `gaussian100`, on that day and the one before, on a machine that did much else at a time.
"""


class Measured(NamedTuple):
    """One method on one problem.

    - errors: None where it refused.
    - said: `ok` with what is noted, the first reason why it is suspect, or the assumption that is violated.
    """

    errors: tuple[float, ...] | None
    evidence: float | None
    seconds: float
    said: str


def measure(problem: Problem, method: str, seed: int = 0) -> Measured:
    """Run a method on a problem."""
    asked = f"{method}({OPTIONS[method]})" if method in OPTIONS else method
    began = time.perf_counter()
    try:
        fit = (
            uqdsl.loads(problem.spec, name=problem.name).compile(**problem.data).infer(asked, seed=seed, progress=False)
        )
    except UqdslError as error:
        return Measured(None, None, time.perf_counter() - began, f"refuses: {error.problems[0].title}")
    seconds = time.perf_counter() - began
    verdict = fit._result.verdict  # noqa: SLF001 - a benchmark of ours
    found = errors(problem, _thinned(_positions(problem, fit)))
    evidence = verdict.diagnostics.get("log_evidence")
    said = "; ".join(["ok", *verdict.notes[:1]]) if verdict.status == "ok" else verdict.reasons[0]
    apart = None if evidence is None else float(evidence) - problem.exact.log_evidence
    return Measured(tuple(found), apart, seconds, said)


def _positions(problem: Problem, fit: Any) -> np.ndarray:
    """The draws on the unconstrained scale, `(draw, d)`."""
    group = fit.posterior.posterior
    if problem.name == "eight_schools":
        mean, scatter, gain = (group[name].values for name in ("mean", "scatter", "gain"))
        apart = (gain - mean[..., None]) / scatter[..., None]
        parts = [mean[..., None], np.log(scatter)[..., None], apart]
    else:
        names = problem.posterior().layout.names
        parts = [group[name].values.reshape(*group[name].shape[:2], -1) for name in names]
    joined = np.concatenate(parts, axis=-1)
    return joined.reshape(-1, joined.shape[-1])


def _thinned(draws: np.ndarray) -> np.ndarray:
    return draws[np.linspace(0, len(draws) - 1, min(MOST, len(draws))).astype(int)]


def floor(problem: Problem, draws: int = 1000) -> Errors:
    """The errors of independent exact draws."""
    return errors(problem, problem.exact.draw(np.random.default_rng(11), draws))


def page(kept: dict[str, dict[str, Any]]) -> str:
    """The page of all that was measured."""
    lines = _HEAD.split("\n")
    for name in (each for each in PROBLEMS if each in kept):
        rows = {each: kept[name][each] for each in ("floor", *methods()) if each in kept[name]}
        lines += [f"## {name}", ""]
        lines += [
            "| method | mean | cov | spread | modes | energy | evidence | seconds | verdict |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        for method, row in rows.items():
            numbers = ["–"] * 5 if row["errors"] is None else [f"{each:.3f}" for each in row["errors"]]
            evidence = "" if row["evidence"] is None else f"{row['evidence']:+.3f}"
            seconds = f"{row['seconds']:.1f}" if row["seconds"] else ""
            lines.append(
                f"| `{method}` | {' | '.join(numbers)} | {evidence} | {seconds} | {row['said'].replace('|', '/')} |"
            )
        lines.append("")
    return "\n".join(lines)


def _kept() -> dict[str, dict[str, Any]]:
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and perhaps write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", nargs="*", default=list(PROBLEMS))
    parser.add_argument("--methods", nargs="*", default=[])
    parser.add_argument("--write", action="store_true")
    wished = parser.parse_args(arguments)
    for name in wished.problems:
        problem = PROBLEMS[name]()
        for method in wished.methods or ["floor", *methods()]:
            if not wished.methods and method in _kept().get(name, {}):
                continue
            exact = method == "floor"
            found = Measured(tuple(floor(problem)), None, 0.0, "") if exact else measure(problem, method)
            shown = "" if found.errors is None else " ".join(f"{each:.3f}" for each in found.errors)
            print(f"{name:14} {method:20} {shown:32} {found.seconds:6.1f} s  {found.said[:90]}", flush=True)
            if wished.write:
                kept = _kept()
                kept.setdefault(name, {})[method] = found._asdict()
                KEPT.write_text(json.dumps(kept, indent=1) + "\n")
                PAGE.write_text(page(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
