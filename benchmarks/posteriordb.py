"""The 28 posteriors of posteriordb, run from their specs and compared with the reference's draws.

`python -m benchmarks.posteriordb [NAME ...] [--seed N] [--all]`. Every quantity of the reference is compared by the
rules of `benchmarks/published/compare.py`; the table has the worst of each posterior, `--all` every quantity. The exit
code is 1 where one fails, or cannot be run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

import uqdsl
from benchmarks.published.compare import Compared, compare
from benchmarks.published.library import NAMES, RENAMED, reference_of, spec_of

HEAD = f"{'posterior':44} {'|z|':>5} {'sd ratio':>8} {'ESS':>6} {'R-hat':>6} {'div.':>4} {'seconds':>7} {'lines':>5}"


MOST_SHOWN = 10
"""Failing quantities of a posterior that are listed without `--all`."""


class Outcome(NamedTuple):
    """A posterior that was run: what was compared, and what it took."""

    compared: list[Compared]
    divergences: int
    seconds: float
    status: str

    @property
    def ok(self) -> bool:
        return all(each.ok for each in self.compared)


def run(name: str, seed: int = 0) -> Outcome:
    """Run a spec as it stands, and compare.

    Raises:
        uqdsl.UqdslError: where it cannot be checked or run.
    """
    began = time.perf_counter()
    fit = uqdsl.load(spec_of(name)).compile().infer(seed=seed, progress=False)
    seconds = time.perf_counter() - began
    posterior = fit.posterior["posterior"].data_vars
    draws = {str(key): np.asarray(each.transpose("chain", "draw", ...)) for key, each in posterior.items()}
    compared = compare(reference_of(name), draws, RENAMED.get(name, {}))
    return Outcome(compared, int(fit.diagnostics["divergences"]), seconds, fit.status)


def lines_of(name: str) -> int:
    """Lines of a spec that are neither empty nor comments."""
    text = spec_of(name).read_text(encoding="utf-8")
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in text.splitlines())


def worst(outcome: Outcome) -> tuple[float, float, float, float]:
    """Largest |z|, the ratio of sds that is farthest from 1, least ESS, largest R-hat."""
    ratios = [each.spread for each in outcome.compared]
    return (
        float(np.nanmax([abs(each.z) for each in outcome.compared])),
        max(ratios, key=lambda ratio: abs(ratio - 1)),
        min(each.ess for each in outcome.compared),
        max(each.r_hat for each in outcome.compared),
    )


def row(name: str, outcome: Outcome) -> str:
    """A line of the table."""
    z, ratio, ess, r_hat = worst(outcome)
    verdict = "pass" if outcome.ok else "FAIL"
    return (
        f"{name:44} {z:5.2f} {ratio:8.3f} {ess:6.0f} {r_hat:6.3f} {outcome.divergences:4} {outcome.seconds:7.1f} "
        f"{lines_of(name):5}  {verdict}{'' if outcome.status == 'ok' else f' ({outcome.status})'}"
    )


def shown(compared: Sequence[Compared]) -> str:
    """Every quantity, one a line."""
    return "\n".join(
        f"    {each.name:20} {each.ours:12.5g} {each.reference:12.5g}  z {each.z:6.2f}  sd ratio {each.spread:6.3f}  "
        f"ESS {each.ess:6.0f}  R-hat {each.r_hat:.3f}  {'; '.join(each.fails) or 'pass'}"
        for each in compared
    )


def main() -> None:
    """Run, compare, and print the table as it grows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*NAMES, []], help="posteriors; all without")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--all", action="store_true", help="print every quantity")
    arguments = parser.parse_args()
    names = arguments.names or NAMES
    print(HEAD, flush=True)
    passed = 0
    for name in names:
        try:
            outcome = run(name, arguments.seed)
        except uqdsl.UqdslError as error:
            print(f"{name:44} does not run: {str(error).splitlines()[0]}", flush=True)
            continue
        except Exception as error:  # noqa: BLE001 - a fault of uqdsl is told, and the table goes on
            print(f"{name:44} FAIL: {type(error).__name__}: {error}", flush=True)
            continue
        print(row(name, outcome), flush=True)
        failing = [each for each in outcome.compared if not each.ok]
        listed = outcome.compared if arguments.all else failing[:MOST_SHOWN]
        if listed:
            print(shown(listed), flush=True)
        if len(failing) > len(listed):
            print(f"    and {len(failing) - len(listed)} more")
        passed += outcome.ok
    print(f"{passed} of {len(names)} pass")
    raise SystemExit(passed < len(names))


if __name__ == "__main__":
    main()
