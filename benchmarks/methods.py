"""Methods beside the peers that offer them, on a logistic regression; and how some of them go with dimension and particles.

`python -m benchmarks.methods [--python PEERS] [--methods NAME …] [--scaling]`. PEERS is an environment of the peers' own:
`python3.12 -m venv ~/peers && ~/peers/bin/pip install blackjax numpyro pymc nutpie`. Every run is a process of its own with
an empty cache, the candidates taking turns; imports are left out. Seconds are of processor time, which other programs disturb
less than those of a clock. Seconds to the answer are of all that is done: peers compile and sample; uqdsl also checks and
compiles the spec, draws from the prior, predicts, evaluates the terms of the likelihood, summarises and judges. Effective
draws, the least bulk ESS of the four coefficients by the same code for all, are therefore over the seconds of compiling and
sampling alone; of approximations, how far their means are off, in exact standard deviations, stands in their place.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import PIPE, STDOUT
from subprocess import run as start
from typing import Any

import numpy as np

from benchmarks.method_peers import OFFERED
from benchmarks.timing import TOP, machine

ORDER = list(dict.fromkeys(method for offered in OFFERED.values() for method in offered))
OPTIONS = {"mclmc": "mclmc(draws = 1000)", "smc": "smc(moves = hmc)"}
SAMPLED = {"nuts", "hmc", "mclmc", "elliptical_slice", "chees"}
"""Markov chains; of the others effective draws say nothing."""


def ours(method: str, draws: str) -> None:
    """A run of uqdsl, in a process of its own."""
    import uqdsl
    from tests.infer.problems import logistic
    from uqdsl.driver import infer, predict, program  # noqa: F401 - so that the clock does not see them imported

    sampled: list[float] = []

    def clocked(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            began = time.process_time()
            found = function(*arguments, **named)
            sampled.append(time.process_time() - began)
            return found

        return called

    infer._chains, infer._whole = clocked(infer._chains), clocked(infer._whole)  # noqa: SLF001 - a benchmark of ours
    problem = logistic()
    began = time.process_time()
    fit = uqdsl.loads(problem.spec).compile(**problem.data).infer(OPTIONS.get(method, method), progress=False)
    group = fit.posterior.posterior
    seconds = time.process_time() - began
    found = np.concatenate([group["a"].values[..., None], group["b"].values], -1)
    print("answered", seconds)
    print("sampled", sum(sampled))
    np.savez(draws, draws=found)


def answered(command: Sequence[str], draws: Path) -> tuple[float, float, np.ndarray] | None:
    """Seconds to the answer, seconds of sampling, and draws of a child; None where it fails, which is printed."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPATH": str(TOP), "UQDSL_CACHE": cache, "JAX_PLATFORMS": "cpu"}
        child = start(
            [*command, str(draws)], cwd=TOP, env=environment, stdout=PIPE, stderr=STDOUT, text=True, check=False
        )
    if child.returncode:
        print(" ".join(command), "failed:", child.stdout[-400:])
        return None
    (seconds,) = re.findall(r"^answered (\S+)", child.stdout, re.MULTILINE)
    (sampled,) = re.findall(r"^sampled (\S+)", child.stdout, re.MULTILINE) or [seconds]
    with np.load(draws) as known:
        return float(seconds), float(sampled), known["draws"]


def compare(methods: Sequence[str], python: str) -> None:
    """Print the table."""
    from tests.infer.problems import logistic
    from uqdsl.diagnose.statistics import ess_bulk

    exact = logistic().exact
    print("| method | peer | seconds to the answer | peer | ratio | ESS/s, or error of the mean | peer | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "data.npz"
        np.savez(data, **logistic().data)
        for method in methods:
            rows = {"uqdsl": answered([sys.executable, "-m", "benchmarks.methods", "--ours", method], folder / "o.npz")}
            for peer, offered in OFFERED.items():
                if method in offered:
                    command = [python, "-m", "benchmarks.method_peers", peer, method, str(data)]
                    rows[peer] = answered(command, folder / "p.npz")
            said = {}
            for who, row in rows.items():
                if row is None:
                    continue
                seconds, sampled, draws = row
                off = float(np.sqrt(np.mean(((draws.mean((0, 1)) - exact.mean) / exact.sd) ** 2)))
                said[who] = (seconds, float(np.min(ess_bulk(draws))) / sampled if method in SAMPLED else off)
            if "uqdsl" not in said:
                continue
            mine = said.pop("uqdsl")
            for peer, theirs in said.items():
                cells = [f"{a:.3g} | {b:.3g} | {a / b:.2g}" for a, b in zip(mine, theirs, strict=True)]
                print(f"| `{method}` | {peer} | {' | '.join(cells)} |", flush=True)


def scale() -> None:
    """Print how seconds of processor time and errors go with dimension, and with the number of particles."""
    import uqdsl
    from tests.infer.problems import errors, gaussian

    print("| method | dimension | seconds, second start | error of the mean | error of the covariance |")
    print("|---|---|---|---|---|")
    cases = [(by, size) for by in ("nuts", "chees", "smc", "particle_flow", "es_mda") for size in (5, 20, 80)]
    cases += [(f"smc(particles = {number})", 20) for number in (100, 1000, 10_000)]
    for by, size in cases:
        problem = gaussian(size)
        program = uqdsl.loads(problem.spec).compile(**problem.data)
        program.infer(by, progress=False)
        began = time.process_time()
        fit = program.infer(by, seed=1, progress=False)
        seconds = time.process_time() - began
        draws = fit.posterior.posterior["x"].values.reshape(-1, size)
        found = errors(problem, draws[:: max(1, len(draws) // 4000)])
        print(f"| `{by}` | {size} | {seconds:.2f} | {found.mean:.3f} | {found.covariance:.3f} |", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=os.environ.get("UQDSL_PEERS_PYTHON", sys.executable))
    parser.add_argument("--methods", nargs="*", default=ORDER)
    parser.add_argument("--scaling", action="store_true")
    parser.add_argument("--ours", nargs=2, help=argparse.SUPPRESS)
    wished = parser.parse_args(arguments)
    if wished.ours:
        ours(*wished.ours)
        return
    print(machine())
    if wished.scaling:
        scale()
    else:
        compare(wished.methods, wished.python)


if __name__ == "__main__":
    main()
