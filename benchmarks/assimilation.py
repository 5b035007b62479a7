"""Twin experiments whose errors are published: time-mean analysis error beside ours, and seconds a cycle.

`python -m benchmarks.assimilation [--setups NAME …] [--methods WORD …] [--missing] [--dapper PYTHON] [--write]`. A row is the
median of four seeds or more, each with a truth and observations of its own. With `--dapper`, an interpreter that has DAPPER
runs the same set-up in the same sitting. What was measured is kept in `assimilation.json`, so that rows can be redone;
`--write` makes `docs/assimilation/accuracy.md` of it. Seconds and memory beside the size of the state are of
`benchmarks.assimilation_size`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.timing import followed

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "assimilation" / "accuracy.md"
KEPT = HERE / "assimilation.json"
PUBLISHED = HERE / "published" / "assimilation.json"
FEW = 4
"""Seeds of a row whose runs are all alike."""
LOST = 1.5
"""How many times the published error a run has that lost the truth."""
BATCH = 50
"""Cycles whose mean error counts as independent of that of the next."""


class Setup(NamedTuple):
    """A twin experiment.

    - text: of the spec, whose method is METHOD.
    - cycles, burn_in: analyses in all, and those that are not scored.
    - every: steps of the axis from one analysis to the next.
    - points: observed at each, of which every `stride`th is there.
    """

    text: str
    cycles: int
    burn_in: int
    every: int
    points: int
    stride: int = 1


SETUPS = {
    "Lorenz63.sakov2012": Setup(
        """
time t from 0 to END step 0.25
data { yx[t] : real missing, yy[t] : real missing, yz[t] : real missing }
state x, y, z over t {
  initial x ~ Normal(1.509, sqrt(2)), y ~ Normal(-1.531, sqrt(2)), z ~ Normal(25.46, sqrt(2))
  evolve  der(x) = 10 * (y - x), der(y) = x * (28 - z) - y, der(z) = x * y - 8 / 3 * z  by rk4(dt = 0.01)
  error   exact
}
likelihood yx[t] ~ Normal(x, sqrt(2))
likelihood yy[t] ~ Normal(y, sqrt(2))
likelihood yz[t] ~ Normal(z, sqrt(2))
assimilate x, y, z by METHOD
""",
        5000,
        64,
        1,
        3,
    ),
    "Lorenz63.ramgraber2022": Setup(
        """
time t from 0 to END step 0.1
data { yx[t] : real missing, yy[t] : real missing, yz[t] : real missing }
state x, y, z over t {
  initial x ~ Normal(0, 1), y ~ Normal(0, 1), z ~ Normal(0, 1)
  evolve  der(x) = 10 * (y - x), der(y) = x * (28 - z) - y, der(z) = x * y - 8 / 3 * z  by rk4(dt = 0.05)
  error   exact
}
likelihood yx[t] ~ Normal(x, 2)
likelihood yy[t] ~ Normal(y, 2)
likelihood yz[t] ~ Normal(z, 2)
assimilate x, y, z by METHOD
""",
        5000,
        160,
        1,
        3,
    ),
    "Lorenz96.sakov2008": Setup(
        """
dim grid = 40 periodic
time t from 0 to END step 0.05
data { y[t, grid] : real missing }
let bump[grid] = if grid == 1 then 1 else 0
state x[grid] over t {
  initial x ~ Normal(bump, sqrt(0.001))
  evolve  der(x) = (x[grid + 1] - x[grid - 2]) * x[grid - 1] - x + 8  by rk4(dt = 0.05)
  error   exact
}
likelihood y[t, grid] ~ Normal(x, 1)
assimilate x by METHOD
""",
        3000,
        400,
        1,
        40,
    ),
    "LA.raanes2015": Setup(
        """
dim grid = 1000 periodic
dim wave = 25
time t from 0 to END step 1
data { y[t, grid] : real missing }
let waves[grid, grid'] = sum(cos(2 * pi * wave * (grid - grid') / 1000), over = wave)
let Q[grid, grid'] = 0.01 / 25 * waves + (if grid == grid' then 1e-9 else 0)
state x[grid] over t {
  initial x ~ MultiNormal(0, covariance = 5 * Q, event = grid)
  evolve  x = 0.98 * x[t - 1, grid - 1]
  error   x += MultiNormal(0, covariance = Q, event = grid)
}
likelihood y[t, grid] ~ Normal(x, 0.1)
assimilate x by METHOD
""",
        100,
        12,
        5,
        1000,
        25,
    ),
    "LorenzUV.wilks05": Setup(
        """
dim slow = 8 periodic
dim fast = 256 periodic
time t from 0 to END step 0.05
data { y[t, slow] : real missing }
let first[slow] = if slow == 1 then 1 else 0
let above[fast, slow] = if fast > 32 * (slow - 1) and fast <= 32 * slow then 1 else 0
state u[slow], v[fast] over t {
  initial u ~ Normal(first, 0.1), v ~ Normal(0, 0.1)
  evolve  der(u) = (u[slow + 1] - u[slow - 2]) * u[slow - 1] - u + 20 - sum(above * v, over = fast),
          der(v) = 100 * (v[fast - 1] - v[fast + 2]) * v[fast + 1] - 10 * v + sum(above * u, over = slow)
          by rk4(dt = 0.005)
  error   exact
}
likelihood y[t, slow] ~ Normal(u, sqrt(0.1))
assimilate u, v by METHOD
""",
        1280,
        120,
        1,
        8,
    ),
}

SETUPS |= {
    f"Lorenz96.sakov2008, every {every} steps": SETUPS["Lorenz96.sakov2008"]._replace(
        cycles=cycles, burn_in=100, every=every
    )
    for every, cycles in ((4, 2000), (12, 1000))
}


class Row(NamedTuple):
    """A method on a set-up, and the same as DAPPER has it; with more seeds where a share of the runs loses the truth."""

    setup: str
    method: str
    theirs: str
    arguments: tuple[str, ...]
    options: dict[str, Any]
    seeds: int = FEW


NOTES = {
    (
        "Lorenz96.sakov2008",
        "extended_kalman",
    ): "Ours takes the tangents of the whole step of Runge and Kutta. DAPPER takes an "
    "approximation of them: with the exponential of the step times the Jacobian at its beginning, for one, the same filter "
    "comes to 0.23 in a few lines of NumPy, with exact tangents to 0.22.",
    ("Lorenz96.sakov2008, every 4 steps", "ienks"): "A run of DAPPER 1.8.1 itself came to 0.290.",
    (
        "Lorenz96.sakov2008, every 4 steps",
        "strong_4dvar",
    ): "Runs of DAPPER 1.8.1 itself with these options came to 0.659, 0.585 "
    "and 0.488, beside ours. What is published seems to be of another covariance of the climate: with a tenth of the scale, "
    "one seed of ours over 600 cycles came to 0.47 in the first row and 0.42 in the second.",
    (
        "Lorenz63.ramgraber2022",
        "three_dvar, enkf_n, ienks",
    ): "DAPPER 1.8.1 itself comes to what ours does, or above; what is published seems to be of fewer cycles, or of another "
    "version of it.",
    ("LorenzUV.wilks05", "enkf_n"): "DAPPER 1.8.1 itself comes to what ours does.",
    (
        "Lorenz63.ramgraber2022",
        "bootstrap",
    ): "What is published is of 1,000 cycles; over our 5,000 DAPPER 1.8.1 itself is above it.",
}
"""Why rows of a set-up and a method differ from what is published."""
ROWS = (
    Row("Lorenz63.sakov2012", "climatology", "Climatology", (), {}),
    Row("Lorenz63.sakov2012", "optimal_interpolation", "OptInterp", (), {}),
    Row("Lorenz63.sakov2012", "three_dvar(scale = 0.1)", "Var3D", (), {"xB": 0.1}),
    Row("Lorenz63.sakov2012", "extended_kalman(inflation = 180)", "ExtKF", (), {"infl": 180}),
    Row(
        "Lorenz63.sakov2012",
        "ienks(members = 10, inflation = multiplicative(1.02), rotate = true)",
        "iEnKS",
        ("Sqrt",),
        {"N": 10, "infl": 1.02, "rot": True},
    ),
    Row(
        "Lorenz63.sakov2012",
        "etkf(members = 3, inflation = multiplicative(1.3))",
        "EnKF",
        ("Sqrt",),
        {"N": 3, "infl": 1.3},
    ),
    Row(
        "Lorenz63.sakov2012",
        "etkf(members = 10, inflation = multiplicative(1.02), rotate = true)",
        "EnKF",
        ("Sqrt",),
        {"N": 10, "infl": 1.02, "rot": True},
    ),
    Row(
        "Lorenz63.sakov2012",
        "enkf(members = 10, inflation = multiplicative(1.04))",
        "EnKF",
        ("PertObs",),
        {"N": 10, "infl": 1.04},
    ),
    Row(
        "Lorenz63.sakov2012",
        "enkf(members = 100, inflation = multiplicative(1.01))",
        "EnKF",
        ("PertObs",),
        {"N": 100, "infl": 1.01},
    ),
    Row("Lorenz63.sakov2012", "enkf_n(members = 3)", "EnKF_N", (), {"N": 3}),
    Row("Lorenz63.sakov2012", "enkf_n(members = 10, rotate = true)", "EnKF_N", (), {"N": 10, "rot": True}),
    Row("Lorenz96.sakov2008", "climatology", "Climatology", (), {}),
    Row("Lorenz96.sakov2008", "optimal_interpolation", "OptInterp", (), {}),
    Row("Lorenz96.sakov2008", "three_dvar(scale = 0.02)", "Var3D", (), {"xB": 0.02}),
    Row("Lorenz96.sakov2008", "extended_kalman(inflation = 10)", "ExtKF", (), {"infl": 10}),
    Row(
        "Lorenz63.sakov2012",
        "bootstrap(members = 100, regularisation = 2.4, threshold = 0.3)",
        "PartFilt",
        (),
        {"N": 100, "reg": 2.4, "NER": 0.3},
    ),
    Row(
        "Lorenz63.sakov2012",
        "bootstrap(members = 800, regularisation = 0.9, threshold = 0.2)",
        "PartFilt",
        (),
        {"N": 800, "reg": 0.9, "NER": 0.2},
        seeds=100,
    ),
    Row(
        "Lorenz63.sakov2012",
        "bootstrap(members = 4000, regularisation = 0.7, threshold = 0.05)",
        "PartFilt",
        (),
        {"N": 4000, "reg": 0.7, "NER": 0.05},
        seeds=30,
    ),
    Row(
        "Lorenz96.sakov2008",
        "enkf(members = 40, inflation = multiplicative(1.06))",
        "EnKF",
        ("PertObs",),
        {"N": 40, "infl": 1.06},
    ),
    Row(
        "Lorenz96.sakov2008",
        "enkf(members = 28, inflation = multiplicative(1.08))",
        "EnKF",
        ("PertObs",),
        {"N": 28, "infl": 1.08},
    ),
    Row(
        "Lorenz96.sakov2008",
        "denkf(members = 40, inflation = multiplicative(1.01))",
        "EnKF",
        ("DEnKF",),
        {"N": 40, "infl": 1.01},
    ),
    Row(
        "Lorenz96.sakov2008",
        "etkf(members = 24, inflation = multiplicative(1.013), rotate = true)",
        "EnKF",
        ("Sqrt",),
        {"N": 24, "infl": 1.013, "rot": True},
    ),
    Row(
        "Lorenz96.sakov2008",
        "etkf(members = 20, inflation = multiplicative(1.04), rotate = true)",
        "EnKF",
        ("Sqrt",),
        {"N": 20, "rot": True, "infl": 1.04},
    ),
    Row(
        "Lorenz96.sakov2008",
        "eakf(members = 28, inflation = multiplicative(1.02), rotate = true)",
        "EnKF",
        ("Serial",),
        {"N": 28, "infl": 1.02, "rot": True},
    ),
    Row("Lorenz96.sakov2008", "enkf_n(members = 24, rotate = true)", "EnKF_N", (), {"N": 24, "rot": True}),
    Row(
        "Lorenz96.sakov2008",
        "enkf_n(members = 24, rotate = true, certainty = 2)",
        "EnKF_N",
        (),
        {"N": 24, "rot": True, "xN": 2.0},
    ),
    Row("Lorenz96.sakov2008", "enkf_n(members = 20)", "EnKF_N", (), {"N": 20}),
    Row("Lorenz96.sakov2008", "enkf_n(members = 20, certainty = 2)", "EnKF_N", (), {"N": 20, "xN": 2}),
    Row(
        "Lorenz96.sakov2008",
        "letkf(members = 7, inflation = multiplicative(1.04), rotate = true, localization = gaspari_cohn(4, along = grid))",
        "LETKF",
        (),
        {"N": 7, "rot": True, "infl": 1.04, "loc_rad": 4},
    ),
    Row(
        "Lorenz96.sakov2008",
        "letkf(members = 10, inflation = multiplicative(1.04), rotate = true, localization = gaspari_cohn(6, along = grid))",
        "LETKF",
        (),
        {"N": 10, "rot": True, "infl": 1.04, "loc_rad": 6},
    ),
    Row(
        "Lorenz96.sakov2008",
        "eakf(members = 7, inflation = multiplicative(1.07), rotate = true, localization = gaspari_cohn(6, along = grid))",
        "SL_EAKF",
        (),
        {"N": 7, "rot": True, "infl": 1.07, "loc_rad": 6},
    ),
    Row(
        "Lorenz96.sakov2008, every 12 steps",
        "ienks(members = 25, window = 12, shift = 12, inflation = multiplicative(1.2), rotate = true)",
        "iEnKS",
        ("Sqrt",),
        {"N": 25, "Lag": 1, "nIter": 10, "infl": 1.2, "rot": 1},
    ),
    Row(
        "Lorenz96.sakov2008, every 12 steps",
        "ienks(members = 25, window = 12, shift = 12, certainty = 2, rotate = true)",
        "iEnKS",
        ("Sqrt",),
        {"N": 25, "Lag": 1, "nIter": 10, "xN": 2.0, "rot": 1},
    ),
    Row(
        "Lorenz96.sakov2008, every 4 steps",
        "ienks(members = 20, window = 16, shift = 4, certainty = 2)",
        "iEnKS",
        ("Sqrt",),
        {"N": 20, "Lag": 4, "xN": 2},
    ),
    *(
        Row(
            "Lorenz96.sakov2008, every 4 steps",
            f"strong_4dvar(window = {4 * lag}, shift = 4, covariance = climatology, scale = {scale})",
            "Var4D",
            (),
            {"Lag": lag, "xB": scale},
        )
        for lag, scale in ((1, 0.2), (2, 0.1), (4, 0.02), (6, 0.015))
    ),
    Row("Lorenz63.ramgraber2022", "climatology", "Climatology", (), {}),
    Row("Lorenz63.ramgraber2022", "optimal_interpolation", "OptInterp", (), {}),
    Row("Lorenz63.ramgraber2022", "three_dvar", "Var3D", (), {}),
    Row("Lorenz63.ramgraber2022", "enkf_n(members = 3, certainty = 1)", "EnKF_N", (), {"N": 3, "xN": 1}),
    Row("Lorenz63.ramgraber2022", "enkf_n(members = 10, certainty = 1.5)", "EnKF_N", (), {"N": 10, "xN": 1.5}),
    Row("Lorenz63.ramgraber2022", "ienks(members = 10, certainty = 1.3)", "iEnKS", ("Sqrt",), {"N": 10, "xN": 1.3}),
    *(
        Row(
            "Lorenz63.ramgraber2022",
            f"bootstrap(members = {members}, regularisation = {width}, threshold = {few})",
            "PartFilt",
            (),
            {"N": members, "reg": width, "NER": few},
        )
        for members, width, few in ((100, 2.4, 0.3), (800, 0.9, 0.2), (4000, 0.7, 0.05))
    ),
    *(
        Row(
            "Lorenz96.sakov2008",
            f"bootstrap(members = 3000, regularisation = {width}, threshold = {few})",
            "PartFilt",
            (),
            {"N": 3000, "NER": few, "reg": width},
        )
        for width, few in ((0.7, 0.5), (0.9, 0.5), (1.2, 0.5), (1.2, 0.05), (1.6, 0.05))
    ),
    Row(
        "LA.raanes2015",
        "enkf(members = 30, inflation = multiplicative(3.2))",
        "EnKF",
        ("PertObs",),
        {"N": 30, "infl": 3.2},
    ),
    Row("LorenzUV.wilks05", "climatology", "Climatology", (), {}),
    Row("LorenzUV.wilks05", "three_dvar(scale = 2)", "Var3D", (), {"xB": 2.0}),
    Row("LorenzUV.wilks05", "enkf_n(members = 20)", "EnKF_N", (), {"N": 20}),
)


class Measured(NamedTuple):
    """The scores of the seeds, the standard error of their median, and seconds a cycle, compiled: with all that is told of it,
    and without scores and ranks of the members, which DAPPER is run without.
    """

    scores: tuple[float, ...]
    error: float
    seconds: float
    unscored: float


def measure(setup: Setup, method: str, seeds: Sequence[int]) -> Measured:
    """Run a method on truths of its own."""
    import jax
    import jax.numpy as jnp

    from tests.assimilate.systems import checked
    from uqdsl.assimilate.cycle import Plan
    from uqdsl.assimilate.simulate import simulate
    from uqdsl.data import bind
    from uqdsl.driver.assimilate import system_of
    from uqdsl.ir import observed
    from uqdsl.vocabulary.assimilation import filters

    last = setup.cycles * setup.every
    step = float(setup.text.split(" step ")[1].split("\n", 1)[0])
    spec = checked(setup.text.replace("END", f"{last * step:.10g}").replace("METHOD", method))
    fields = [each for each in spec.spec.fields if each.missing]
    blank = {each.name: np.zeros((last + 1, setup.points // len(fields))).squeeze() for each in fields}
    system, _ = system_of(spec.spec, spec.sources, bind(spec.spec, spec.source.folder, blank))
    assert spec.spec.motion is not None
    asked = spec.spec.motion.assimilations[0]
    known = filters()[asked.method]
    size = system.parameters
    plan = Plan(np.zeros(size, bool), np.zeros(size, bool))
    there = (np.arange(last + 1) % setup.every == 0) & (np.arange(last + 1) > 0)
    places = np.arange(setup.points // len(fields)) % setup.stride == 0
    scores, errors, seconds, unscored = [], [], [], []
    method_of = known.load()(known.options(**asked.options), plan)
    for seed in seeds:
        drawn = simulate(system, jax.random.key(seed))
        rows = system.by_row(np.asarray(drawn.observed))
        masks = {observed(name): (there[:, None] & places).reshape(each.shape) for name, each in rows.items()}
        data = {name: jnp.asarray(each) for name, each in {**rows, **masks}.items()}
        twin = replace(system, data={**system.data, **data})
        found, whole, without = followed(twin, method_of, 100 + seed)
        seconds.append(whole * setup.every)
        unscored.append(without * setup.every)
        apart = np.sqrt(np.mean((found.analysis.mean - np.asarray(drawn.states)) ** 2, axis=1))[there][setup.burn_in :]
        scores.append(float(apart.mean()))
        batch = min(BATCH, len(apart) // 8)
        batches = apart[: len(apart) // batch * batch].reshape(-1, batch).mean(1)
        errors.append(batches.std(ddof=1) / np.sqrt(len(batches)))
    # The median of a few normal numbers scatters about 1.1 to 1.25 times as much as their mean. Runs that lose the truth say
    # nothing of how much those that do not scatter.
    return Measured(tuple(scores), float(1.25 * np.median(errors) / np.sqrt(len(seeds))), min(seconds), min(unscored))


def peers(python: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The same by DAPPER."""
    asked = [
        {
            "setup": each.setup,
            "method": each.theirs,
            "arguments": each.arguments,
            "options": each.options,
            "seeds": list(range(each.seeds)),
            "cycles": SETUPS[each.setup].cycles,
        }
        for each in rows
    ]
    ran = subprocess.run(
        [python, str(HERE / "dapper_rows.py")], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return json.loads(ran.stdout[ran.stdout.index("[{") :])


def published(row: Row) -> float:
    """What the row's set-up and method are published to give."""
    for each in json.loads(PUBLISHED.read_text())["rows"]:
        if (each["setup"], each["method"], tuple(each["arguments"])) == (
            row.setup.split(",")[0],
            row.theirs,
            row.arguments,
        ) and each["options"] == row.options:
            return each["published"]
    raise KeyError(row)


_HEAD = """# Accuracy of assimilation

Time-mean analysis error, the root mean square over the state of estimate less truth, of twin experiments that others
published. Ours are medians of four seeds, each with a truth of its own, with the standard error of that median; `DAPPER`
is the median of as many seeds of that program (1.8.1), run in the same sitting. Where some runs lose the truth there are
more seeds, and below the table is told how many. Published are the numbers in its set-ups,
of which most are rounded to two digits. A row is `as published` within the larger of 5 % and three standard errors.

Seconds are of one cycle, forecast and analysis, compiled, on a machine that did other things too; the smallest of the runs.
They are with all that is told of a cycle, and without scores and ranks of the members: DAPPER is run so (`error_only`), and
how much faster ours is says what it is without these, where that was measured. Made by
`python -m benchmarks.assimilation --write`.
"""


def page(kept: dict[str, Any]) -> str:
    """The page of all that was measured."""
    lines = _HEAD.split("\n")
    for name in SETUPS:
        lines += [
            f"## {name}",
            "",
            "| method | published | ours | standard error | DAPPER | | seconds | without scores | DAPPER | faster |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        lost: list[str] = []
        for row in (each for each in ROWS if each.setup == name):
            found = kept.get(f"{row.setup} {row.method}")
            if found is None:
                continue
            ours, error, known = np.median(found["scores"]), found["error"], published(row)
            said = "as published" if abs(ours - known) <= max(0.05 * known, 3 * error) else "differs"
            theirs = found.get("dapper")
            cells = [f"`{row.method}`", f"{known:.3g}", f"{ours:.3f}", f"{error:.3f}"]
            cells += [f"{np.median(theirs['scores']):.3f}" if theirs else "", said, f"{found['seconds']:.2g}"]
            alike = found.get("unscored")
            cells += [f"{alike:.2g}" if alike else "", f"{theirs['seconds']:.2g}" if theirs else ""]
            cells += [f"{theirs['seconds'] / (alike or found['seconds']):.2g} ×" if theirs else ""]
            lines.append(f"| {' | '.join(cells)} |")
            if row.seeds > FEW:
                lost += _lost(row, found)
        lines += ["", *lost]
        for (setup, method), note in NOTES.items():
            if setup == name:
                lines += [f"`{method}`: {note}", ""]
    return "\n".join(lines)


def _lost(row: Row, found: dict[str, Any]) -> list[str]:
    """Lines that say how many runs of a row lose the truth, ours and those of DAPPER, and what the error of the others is."""
    known = published(row)

    def counted(scores: Sequence[float]) -> str:
        held = np.asarray([each for each in scores if each < LOST * known])
        return f"{len(scores) - len(held)} of {len(scores)}, error of the others {held.mean():.3f} ± {held.std(ddof=1):.3f}"

    theirs = f"; by DAPPER {counted(found['dapper']['scores'])}" if "dapper" in found else ""
    return [f"`{row.method}`: runs that lose the truth at some time: {counted(found['scores'])}{theirs}.", ""]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and perhaps write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--setups", nargs="*", default=list(SETUPS))
    parser.add_argument("--methods", nargs="*", default=[], help="beginnings of the methods that are measured anew")
    parser.add_argument("--dapper", help="an interpreter that has DAPPER")
    parser.add_argument("--missing", action="store_true", help="only rows that were never measured")
    parser.add_argument("--write", action="store_true")
    wished = parser.parse_args(arguments)
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for row in ROWS:
        name = f"{row.setup} {row.method}"
        chosen = not wished.methods or row.method.startswith(tuple(wished.methods))
        if row.setup not in wished.setups or not chosen or (wished.missing and name in kept):
            continue
        found: dict[str, Any] = measure(SETUPS[row.setup], row.method, range(row.seeds))._asdict()
        if wished.dapper:
            (found["dapper"],) = peers(wished.dapper, [row])
        kept[name] = found
        sys.stdout.write(f"{name}: {published(row)} {np.median(found['scores']):.4f} {json.dumps(found)}\n")
        sys.stdout.flush()
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
        if wished.write:
            PAGE.write_text(page(kept))
    if wished.write:
        PAGE.write_text(page(kept))


if __name__ == "__main__":
    main()
