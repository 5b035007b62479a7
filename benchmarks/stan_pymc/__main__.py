"""uqdsl beside hand-written NumPyro, Stan and PyMC: time to the first answer, and effective draws per second.

`python -m benchmarks.stan_pymc [MODEL ...] [--peers numpyro,stan,pymc] [--python PATH]`. PATH is the Python of an
environment that has PyStan, PyMC and nutpie (else that in UQDSL_PEERS_PYTHON); `benchmarks/README.md` says how to make
one. Every peer is a process of its own, and they take turns: chains of 1000 draws after 1000 of warm-up, in double
precision, with the data of `problems.py`.

- The answer is there when the first posterior mean is printed, counted from the start of the process. A first start has
  an empty cache; a second finds what the first kept. Compilers of C++ and Numba are slow, so that first starts of Stan
  and PyMC are made once, all else at every repetition.
- Effective draws are the least bulk ESS of all scalars of the compared unknowns (arviz-stats), per second of warm-up and
  drawing in second starts; compiling is left out. Stan's seconds are those of its own clock in the slowest chain.
- Means agree where none differs by more than 4 combined Monte Carlo standard errors; else the row says so.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from arviz_stats.base import array_stats

from benchmarks.published.compare import flatten
from benchmarks.stan_pymc.problems import PROBLEMS, Problem, named
from benchmarks.timing import TOP, machine
from uqdsl.results import read_netcdf

PEERS = ("numpyro", "stan", "pymc")
TITLES = {"numpyro": "NumPyro", "stan": "Stan", "pymc": "PyMC"}
MEASURED = Path(__file__).parent / "measured.json"
Z_MAX = 4.0
SINGLE = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Chains run on threads or processes, one a core: a threaded BLAS under them would only get in their way."""

type Draws = Mapping[str, np.ndarray]


@dataclass
class Started:
    """One start of a program.

    - answer: seconds from the start of the process to the first posterior mean.
    - sample: seconds of warm-up and drawing.
    - ess: the least bulk ESS.
    - steps: leapfrogs of a draw.
    """

    start: str
    answer: float
    compile: float
    sample: float
    ess: float
    steps: float
    divergences: float

    @property
    def rate(self) -> float:
        return self.ess / self.sample


@dataclass
class Measured:
    """All starts of a program, and where its means stand."""

    starts: list[Started] = field(default_factory=list)
    means: dict[str, tuple[float, float]] = field(default_factory=dict)

    def answer(self, start: str) -> float:
        """Median seconds to the answer; a program without a cache has only one kind of start."""
        return median(each.answer for each in self.of_kind(start))

    def middle(self, name: str) -> float:
        """The median of an attribute over second starts: what a first one has yet to load shows in its answer."""
        return median(getattr(each, name) for each in self.of_kind("second"))

    def of_kind(self, start: str) -> list[Started]:
        """Starts of a kind; all where there are none."""
        return [each for each in self.starts if each.start == start] or self.starts


def run(command: Sequence[str], marks: tuple[str, ...], cwd: Path, **environment: str) -> tuple[float, str]:
    """Seconds until a process prints a line that begins with one of `marks`, and its output.

    Raises:
        RuntimeError: where it fails, or prints no such line.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    child = subprocess.Popen(
        command,
        cwd=cwd,
        env=inherited | SINGLE | {"PYTHONPATH": str(TOP), "COLUMNS": "200"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert child.stdout is not None
    lines, marked = [], None
    for line in child.stdout:
        lines.append(line)
        if marked is None and line.startswith(marks):
            marked = time.perf_counter() - began
    if child.wait() or marked is None:
        raise RuntimeError("".join(lines[-12:]))
    return marked, "".join(lines)


def start_ours(problem: Problem, start: str, seed: int, chains: int, folder: Path) -> tuple[Started, Draws]:
    """`uqdsl run`; the summary is what is waited for, not the predictions and the file that come after it."""
    spec = problem.spec
    if problem.model == "logistic":
        spec = shutil.copy(spec, folder / spec.name)
        if not (folder / "logistic.nc").exists():
            write_logistic(problem, folder / "logistic.nc")
    method = [f"chains = {chains}"] if chains != 4 else []
    by = ["--by", f"nuts({', '.join(method)})"] if method else []
    command = ["-u", "-m", "uqdsl", "run", str(spec), "--seed", str(seed), "--out", str(folder / "runs"), *by]
    seconds, output = run([sys.executable, *command], ("ok", "suspect"), folder, UQDSL_CACHE=str(folder / "ours"))
    (path,) = re.findall(r"^(\S+): result.nc", output, re.MULTILINE)
    (summary,) = json.loads((folder / path / "summary.json").read_text())["runs"].values()
    groups = read_netcdf(folder / path / "result.nc")
    stats = groups["sample_stats"].variables
    draws = named(problem, {name: each.values for name, each in groups["posterior"].variables.items()})
    shutil.rmtree(folder / path)
    return Started(
        start,
        seconds,
        summary["seconds"]["compile"],
        summary["seconds"]["sample"],
        least_ess(draws),
        float(stats["n_steps"].values.mean()),
        float(stats["diverging"].values.sum()),
    ), draws


def start_peer(
    peer: str, name: str, python: str, start: str, seed: int, chains: int, folder: Path
) -> tuple[Started, Draws]:
    """One of the scripts beside this one."""
    file, cache = folder / f"{peer}.npz", folder / peer
    seconds, output = run(
        [python, "-u", "-m", f"benchmarks.stan_pymc.with_{peer}", name, str(seed), str(chains), str(file)],
        ("answered",),
        TOP,
        XDG_CACHE_HOME=str(cache),
        PYTENSOR_FLAGS=f"base_compiledir={cache / 'pytensor'}",
        NUMBA_CACHE_DIR=str(cache / "numba"),
    )
    (told,) = re.findall(r"^measured (.+)", output, re.MULTILINE)
    told = json.loads(told)
    with np.load(file) as kept:
        draws = dict(kept)
    return Started(
        start, seconds, told["compile"], told["sample"], least_ess(draws), told["steps"], told["divergences"]
    ), draws


def write_logistic(problem: Problem, file: Path) -> None:
    """The simulated data, where the spec of logistic regression looks for them."""
    import xarray

    data = problem.data()
    xarray.Dataset({"X": (("row", "feature"), data["X"]), "y": ("row", data["y"])}).to_netcdf(file, engine="h5netcdf")


def least_ess(draws: Draws) -> float:
    """The least bulk effective sample size of all scalars."""
    return min(float(array_stats.ess(each, method="bulk")) for each in flatten(draws).values())


def means_of(draws: Draws) -> dict[str, tuple[float, float]]:
    """Mean of every scalar, with its Monte Carlo standard error."""
    return {
        name: (float(each.mean()), float(array_stats.mcse(each, method="mean")))
        for name, each in flatten(draws).items()
    }


def worst_z(one: Measured, other: Measured) -> float:
    """The largest difference of means in combined Monte Carlo standard errors."""
    pairs = [(one.means[name], other.means[name]) for name in one.means]
    return max(abs(a - b) / np.hypot(error_a, error_b) for (a, error_a), (b, error_b) in pairs)


def measure(name: str, arguments: argparse.Namespace) -> dict[str, Measured | str]:
    """Every program on one model, taking turns; a text in the place of one that cannot be run."""
    problem = PROBLEMS[name]
    found: dict[str, Measured | str] = {}
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        for repetition in range(arguments.repetitions):
            if repetition and time.perf_counter() - began > arguments.patience:
                break
            shutil.rmtree(folder / "ours", ignore_errors=True)
            starts = [("uqdsl", "first"), ("uqdsl", "second")]
            for peer in arguments.peers:
                starts += [(peer, "first")] if not repetition or peer == "numpyro" else []
                starts += [(peer, "second")] if peer != "numpyro" else []
            for position, (program, start) in enumerate(starts):
                seed = 100 * repetition + position
                known = found.setdefault(program, Measured())
                if isinstance(known, str) or any(each.sample > arguments.patience / 2 for each in known.starts):
                    continue
                try:
                    if program == "uqdsl":
                        started, draws = start_ours(problem, start, seed, arguments.chains, folder)
                    else:
                        python = sys.executable if program == "numpyro" else arguments.python
                        started, draws = start_peer(program, name, python, start, seed, arguments.chains, folder)
                except RuntimeError as error:
                    print(f"  {program} cannot: {error}", file=sys.stderr, flush=True)
                    if not known.starts:
                        found[program] = "fails"
                    continue
                known.starts.append(started)
                known.means = means_of(draws)
                print(
                    f"  {name} {program} {start}: answer {started.answer:.2f} s, compile {started.compile:.2f} s, "
                    f"sample {started.sample:.3f} s, ESS {started.ess:.0f}, {started.rate:.0f}/s, "
                    f"{started.steps:.1f} leapfrogs, {started.divergences:.0f} divergences",
                    flush=True,
                )
    return found


def notes_of(found: Mapping[str, Measured | str]) -> list[str]:
    """What is wrong with a row: means that differ, divergences."""
    ran = {name: each for name, each in found.items() if isinstance(each, Measured)}
    if not ran:
        return []
    base, *others = ran
    apart = {name: worst_z(ran[base], ran[name]) for name in others}
    notes = [f"means of {name} differ from those of {base}: z {z:.1f}" for name, z in apart.items() if not z < Z_MAX]
    for name, each in ran.items():
        count = each.middle("divergences")
        if count:
            notes.append(f"{name}: {count:.0f} divergences")
    return notes


def recorded(found: Mapping[str, Measured | str]) -> dict[str, Any]:
    """As JSON keeps it."""
    programs = {
        name: {"fails": each} if isinstance(each, str) else {"starts": [asdict(start) for start in each.starts]}
        for name, each in found.items()
    }
    return {"load": os.getloadavg()[0], "notes": notes_of(found), "programs": programs}


def reread(program: Mapping[str, Any]) -> Measured | None:
    """What JSON kept of a program; None where it did not run."""
    starts = [Started(**start) for start in program.get("starts", ())]
    return Measured(starts) if starts else None


def tables(measured: Mapping[str, Any], peers: Sequence[str]) -> str:
    """Effective draws per second, and seconds to the answer, with ratios uqdsl / peer, in Markdown."""
    names = " | ".join(f"{TITLES[each]} | ratio" for each in peers)
    rates = [f"| least bulk ESS per second of sampling | uqdsl | {names} |", f"|---|---|{'---|---|' * len(peers)}"]
    work = [f"| leapfrogs of a draw; least ESS of 4000 draws | uqdsl | {' | '.join(TITLES[each] for each in peers)} |"]
    work.append(f"|---|---|{'---|' * len(peers)}")
    answers = [f"| seconds to the answer, first / second start | uqdsl | {names} |", rates[1]]
    for model, row in measured.items():
        programs = {name: reread(each) for name, each in row["programs"].items()}
        ours = programs["uqdsl"]
        rate_cells, answer_cells, work_cells = [_rate(ours)], [_answers(ours)], [_work(ours)]
        for each in (programs.get(peer) for peer in peers):
            rate_cells += [_rate(each), _ratio(ours, each, lambda one: one.middle("rate"))]
            pair = [_ratio(ours, each, lambda one, kind=kind: one.answer(kind)) for kind in ("first", "second")]
            answer_cells += [_answers(each), " / ".join(pair)]
            work_cells.append(_work(each))
        rates.append(f"| {model} | {' | '.join(rate_cells)} |")
        answers.append(f"| {model} | {' | '.join(answer_cells)} |")
        work.append(f"| {model} | {' | '.join(work_cells)} |")
    notes = [f"- {model}: {note}" for model, row in measured.items() for note in row["notes"]]
    return "\n".join([*rates, "", *answers, "", *work, "", *notes])


def _rate(one: Measured | None) -> str:
    return f"{one.middle('rate'):.0f}" if one else "–"


def _work(one: Measured | None) -> str:
    return f"{one.middle('steps'):.1f}; {one.middle('ess'):.0f}" if one else "–"


def _answers(one: Measured | None) -> str:
    if one is None:
        return "–"
    kinds = sorted({each.start for each in one.starts})
    return " / ".join(f"{one.answer(kind):.1f}" for kind in kinds)


def _ratio(ours: Measured | None, theirs: Measured | None, value: Callable[[Measured], float]) -> str:
    return f"{value(ours) / value(theirs):.2g}" if ours and theirs else "–"


def kept_in(file: Path) -> dict[str, Any]:
    """What was measured before, by model."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def main() -> None:
    """Measure, print the tables, and keep the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", choices=[*PROBLEMS, []], help=f"of {', '.join(PROBLEMS)}")
    parser.add_argument("--peers", default=",".join(PEERS), help="of numpyro, stan and pymc, with commas")
    parser.add_argument("--python", default=os.environ.get("UQDSL_PEERS_PYTHON", ""), help="that has Stan and PyMC")
    parser.add_argument("--chains", type=int, default=4)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument(
        "--patience",
        type=float,
        default=120,
        help="seconds after which a model is not repeated, nor a program that takes half as long",
    )
    parser.add_argument("--out", type=Path, default=MEASURED, help="where the numbers go; models there are kept")
    parser.add_argument("--show", action="store_true", help="measure nothing, print what is there")
    arguments = parser.parse_args()
    arguments.peers = [each for each in PEERS if each in arguments.peers.split(",")]
    if not arguments.show and not arguments.python and set(arguments.peers) - {"numpyro"}:
        parser.error(
            "--python or UQDSL_PEERS_PYTHON has to say which Python has Stan and PyMC; see benchmarks/README.md"
        )
    if not arguments.show:
        print(machine(), flush=True)
        for name in arguments.models or PROBLEMS:
            row = recorded(measure(name, arguments))
            kept = {**kept_in(arguments.out), name: row}
            kept = {each: kept[each] for each in PROBLEMS if each in kept}
            arguments.out.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    kept = kept_in(arguments.out)
    shown = {name: kept[name] for name in (arguments.models or kept) if name in kept}
    print(tables(shown, arguments.peers))


if __name__ == "__main__":
    main()
