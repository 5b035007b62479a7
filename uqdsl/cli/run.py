"""`uqdsl run`: from a spec to its posterior, in a run directory."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from uqdsl.cli.output import AllowedExtern, AllowedPaths, Json, Settings, Strict, say_problems
from uqdsl.messages import faults

if TYPE_CHECKING:
    from uqdsl.driver.assimilate import Assimilated
    from uqdsl.driver.infer import Result
    from uqdsl.driver.session import Job
    from uqdsl.infer import Progress
    from uqdsl.ir import Run
    from uqdsl.uncertainty.chained import Watch

SUSPECT, INTERRUPTED = 3, 130
"""Exit codes: of a run that is finished, but that its diagnostics do not let pass; of one that was stopped."""


def command(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="The spec; `-` is standard input.")],
    config: Annotated[
        str | None, typer.Option(metavar="FILE", help="A run file, such as the run.yaml of a run.")
    ] = None,
    set_: Settings = None,
    by: Annotated[
        str | None, typer.Option(metavar="METHOD", help='In place of the spec\'s: "nuts(chains = 2, draws = 500)".')
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**63 - 1, help="Of all that is random.", show_default="0")
    ] = None,
    device: Annotated[
        Literal["cpu", "gpu"] | None, typer.Option(help="What to compute on.", show_default="JAX's choice")
    ] = None,
    precision: Annotated[
        Literal["64", "32"] | None, typer.Option(help="Bits of a floating-point number.", show_default="64")
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="DIR", help="Where the run directory is made.", show_default="runs")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the newest run of this spec and seed.")] = False,
    all_: Annotated[bool, typer.Option("--all", help="Show every row of the summary.")] = False,
    no_pictures: Annotated[bool, typer.Option("--no-pictures", help="Draw no pictures of the result.")] = False,
    strict: Strict = False,
    allow_path: AllowedPaths = None,
    allow_extern: AllowedExtern = None,
    jobs: Annotated[
        int, typer.Option(min=1, max=1024, help="Processes that call functions of Python which JAX cannot follow.")
    ] = 1,
    json: Json = False,
) -> int:
    """Run a spec: draw from its posterior, judge the draws, and keep them in a run directory."""
    from uqdsl.driver.config import RunFile, read_run_file
    from uqdsl.driver.front import check_with_data, read_method, read_settings
    from uqdsl.driver.source import read_source

    wishes = read_run_file(config) if config else RunFile()
    source = read_source(spec)
    settings = {**wishes.settings, **read_settings(set_ or [], source)}
    runs = (read_method(by),) if by else wishes.methods()
    checked, dataset = check_with_data(source, settings, runs, [Path(each) for each in allow_path or []])
    say_problems(checked.problems, checked.sources)
    if strict and faults(checked.problems):
        return 1

    from uqdsl.driver.program import write_program
    from uqdsl.driver.session import Job, run_job

    bits = int(precision) if precision else wishes.precision or 64
    job = Job(
        checked,
        write_program(checked, 32 if bits == 32 else 64),
        dataset,
        seed if seed is not None else wishes.seed or 0,
        device or wishes.device,
        32 if bits == 32 else 64,
        tuple(allow_extern or ()),
        wishes.pictures and not no_pictures,
        jobs,
    )
    if allow_extern:
        # As for `python -m`; but behind all else, so that no file there stands for a module that is installed.
        sys.path.append(str(Path.cwd()))
    audience = Audience(job, quiet=json, whole=all_)
    try:
        report = run_job(job, Path(out or wishes.out or "runs"), resume=resume, audience=audience)
    except KeyboardInterrupt:
        print("stopped; what was drawn is kept, and `--resume` goes on from there", file=sys.stderr)
        return INTERRUPTED
    say_problems(report.problems, checked.sources)
    if json:
        print(report.summary, end="")
    else:
        if report.comparison is not None:
            from uqdsl.cli.comparison import print_comparison

            print_comparison(report.comparison)
        names = [*report.results, *report.assimilated]
        folders = [f"{name}/" if len(names) > 1 else "" for name in names]
        made = [f"{folder}{each}" for folder in folders for each in ("result.nc", "pictures/")]
        made = [each for each in made if (report.path / each).exists()]
        print(f"\n{report.path}: {', '.join(made)}, summary.json, program.py, spec.uq, run.yaml")
        if report.status == "interrupted":
            print("stopped before its end; `--resume` goes on from here")
    return 0 if report.status == "ok" else SUSPECT


class Audience:
    """A person at a terminal, or whoever reads the log."""

    def __init__(self, job: Job, *, quiet: bool, whole: bool) -> None:
        self._job, self._quiet, self._whole = job, quiet, whole

    def opened(self, path: Path, resumed: bool) -> None:
        if not self._quiet:
            print(f"{path}: {'going on' if resumed else 'seed ' + str(self._job.seed)}", file=sys.stderr)

    def begin(self, run: Run) -> Progress:
        from uqdsl.driver.progress import error_console, make_progress

        return make_progress(run, error_console())

    def sampled(self, result: Result) -> None:
        if not self._quiet:
            from uqdsl.cli.summary import print_summary

            print_summary(self._job.checked.spec, result, whole=self._whole)
            sys.stdout.flush()

    def busy(self, doing: str) -> AbstractContextManager[object]:
        from uqdsl.driver.progress import busy, error_console

        return busy(doing, error_console())

    def counting(self) -> AbstractContextManager[Watch]:
        from uqdsl.driver.progress import counting, error_console

        return counting(error_console())

    def assimilated(self, found: Assimilated) -> None:
        if not self._quiet:
            from uqdsl.cli.assimilated import print_assimilated
            from uqdsl.cli.predictions import print_predictions

            print_assimilated(self._job.checked.spec, found)
            print_predictions(self._job.checked.spec, found.groups, whole=self._whole)
            sys.stdout.flush()

    def predicted(self, result: Result) -> None:
        if not self._quiet:
            from uqdsl.cli.predictions import print_predictions

            print_predictions(self._job.checked.spec, result.groups, whole=self._whole)
            sys.stdout.flush()

    def calibrated(self, result: Result) -> None:
        from uqdsl.diagnose.simulations import simulated

        found = None if self._quiet else simulated(result.groups)
        if found is not None:
            print(f"\n{result.run.name}, tried on {found.simulations + found.failed} simulations: {found.said}")
            sys.stdout.flush()
