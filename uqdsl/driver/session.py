"""Every run of a spec, in a run directory: made, or gone on with, and brought to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import uqdsl
from uqdsl.codegen import Program
from uqdsl.codegen.factors import told
from uqdsl.data import Dataset
from uqdsl.diagnose import RunSummary, forecasts, rows_of_interest, shifted, summary_json, tested
from uqdsl.diagnose.compare import Comparison, Side, compare
from uqdsl.diagnose.simulations import simulated
from uqdsl.driver.ahead import Ahead
from uqdsl.driver.assimilate import (
    Assimilated,
    assimilate,
    reread_assimilated,
    system_of,
    target_of_run,
)
from uqdsl.driver.externs import hash_modules, side_by_side
from uqdsl.driver.front import Checked
from uqdsl.driver.infer import Result, Watcher, calibration_of, infer, reread
from uqdsl.driver.naive import naive_fits
from uqdsl.driver.predict import Staged, make_stages
from uqdsl.driver.program import Precision, make_target
from uqdsl.infer import Target
from uqdsl.infer.environment import Device, choose_device
from uqdsl.ir import Assimilation, Spec
from uqdsl.messages import Problem, RunError, Sources, UqdslError
from uqdsl.messages.catalogue.runtime import OutOfMemory
from uqdsl.report import (
    PICTURES,
    Picture,
    picture_of_assimilations,
    picture_of_comparison,
    pictures_of,
    pictures_of_assimilation,
    write_pictures,
)
from uqdsl.results import (
    RunDirectory,
    RunMethod,
    RunRecord,
    create_run,
    hash_arrays,
    latest_run,
    open_run,
    read_netcdf,
    start_record,
    write_netcdf,
)
from uqdsl.results.atomic import write_whole
from uqdsl.results.cycle_store import CycleStore
from uqdsl.results.directory import RECORD
from uqdsl.results.store import CHECKPOINT, RESULT

if TYPE_CHECKING:
    from uqdsl.assimilate.system import System


class Job(NamedTuple):
    """A spec with all that its runs need.

    - allow_extern: the modules of Python whose functions it may call.
    - pictures: whether any are drawn of the results.
    - jobs: processes in which functions of Python that JAX cannot follow are called; one is this.
    """

    checked: Checked
    program: Program
    dataset: Dataset
    seed: int = 0
    device: Device | None = None
    precision: Precision = 64
    allow_extern: tuple[str, ...] = ()
    pictures: bool = True
    jobs: int = 1


class Report(NamedTuple):
    """How the runs of a spec ended.

    - summary: the text of `summary.json`.
    - comparison: of the runs, where there are several.
    """

    path: Path
    status: Literal["ok", "suspect", "interrupted"]
    results: Mapping[str, Result]
    assimilated: Mapping[str, Assimilated]
    summary: str
    problems: tuple[Problem, ...]
    comparison: Comparison | None = None


class Audience(Watcher, Protocol):
    """Is also told where the files are, as soon as there are any."""

    def opened(self, path: Path, resumed: bool) -> None: ...

    def assimilated(self, found: Assimilated) -> None:
        """A filter has come to its end."""
        ...


def run_job(job: Job, out: Path, *, resume: bool, audience: Audience) -> Report:
    """Run every `infer` of a spec, one after the other, in a run directory.

    Args:
        job: what to run.
        out: where the run directory is made; with `resume`, this may be the run directory itself.
        resume: go on with the newest directory of this spec and seed.
        audience: is told how it goes.

    Raises:
        RunError: UQ511 to UQ513 where a function of Python does not fit, UQ601 to UQ608 and UQ611 where a method fails,
            UQ701 to UQ711 where files do.
        UsageError: UQ510 where a module of Python is not allowed; UQ703, UQ707 where there is nothing to go on with;
            UQ724 where there is no such device.
    """
    with located(job.checked.sources), memory_short():
        device = choose_device(job.device, job.precision)
        target = make_target(job.checked.spec, job.program, job.dataset, allowed=job.allow_extern)
        spec, sources = job.checked.spec, job.checked.sources
        staged = make_stages(spec, sources, job.dataset, precision=job.precision, allowed=job.allow_extern)
        record = _record(job, device)
        directory = _find(out, record) if resume else _create(job, out, record)
        audience.opened(directory.path, resume)
        with directory.locked():
            notes = directory.verify_resumable(record) if resume else ()
            directory = directory.reopen() if resume else directory
            for name, program in staged.programs.items():
                write_whole(directory.path / f"program_{name}.py", program.text)
            with side_by_side(spec, job.jobs):
                return _run_all(job, target, staged, directory, notes, resume=resume, audience=audience)


@contextmanager
def memory_short() -> Iterator[None]:
    """Say in words where memory does not suffice, wherever that shows.

    Raises:
        RunError: UQ606.
    """
    try:
        yield
    except MemoryError:
        raise RunError([OutOfMemory()]) from None


@contextmanager
def located(sources: Sources) -> Iterator[None]:
    """Let problems of the block find the text of the spec that they point into."""
    try:
        yield
    except UqdslError as error:
        raise type(error)(error.problems, sources) from error.__cause__


def _record(job: Job, device: str) -> RunRecord:
    spec = job.checked.spec
    return start_record(
        spec=spec.name,
        seed=job.seed,
        runs={run.name: RunMethod(method=run.method, options=run.options) for run in (*spec.runs, *asked_of(spec))},
        settings={each.name: each.value for each in spec.settings},
        spec_text=job.checked.source.text,
        included=job.checked.linked.texts,
        program_text=job.program.text,
        data=hashes_of_data(job.dataset),
        modules=hash_modules(spec),
        allow_extern=job.allow_extern,
        device=device,
        precision=job.precision,
    )


def hashes_of_data(dataset: Dataset) -> dict[str, str]:
    """SHA-256 of the rows of all parts, by name."""
    found = hash_arrays(dataset.arrays, dataset.coords)
    for part, rows in dataset.parts.items():
        found |= {f"{name} ({part})": each for name, each in hash_arrays(rows.arrays, rows.coords).items()}
    return found


def _create(job: Job, out: Path, record: RunRecord) -> RunDirectory:
    checked = job.checked
    return create_run(
        out, record, spec_text=checked.source.text, included=checked.linked.texts, program_text=job.program.text
    )


def _find(out: Path, record: RunRecord) -> RunDirectory:
    if (out / RECORD).exists():
        return open_run(out)
    return open_run(latest_run(out, record.spec, record.seed) or out)


def _run_all(
    job: Job,
    target: Target,
    staged: Staged,
    directory: RunDirectory,
    notes: tuple[Problem, ...],
    *,
    resume: bool,
    audience: Audience,
) -> Report:
    spec = job.checked.spec
    results: dict[str, Result] = {}
    problems = list(notes)
    moving = cache(
        partial(system_of, spec, job.checked.sources, job.dataset, precision=job.precision, allowed=job.allow_extern)
    )
    staged = staged._replace(ahead=Ahead(target, moving))
    naive = partial(naive_fits, job.checked, job.dataset, job.seed, precision=job.precision, allowed=job.allow_extern)
    for run in spec.runs:
        folder = directory.folder(run.name)
        with _ending(directory):
            done = reread(spec, run, read_netcdf(folder / RESULT)) if resume and _is_complete(folder) else None
            if done is None:
                done = infer(
                    spec,
                    target_of_run(target, run, moving),
                    run,
                    job.seed,
                    staged=staged,
                    naive=naive if job.pictures else None,
                    calibration=calibration_of(spec, run),
                    folder=folder,
                    resume=resume,
                    watcher=audience,
                )
            else:
                audience.sampled(done)
                audience.predicted(done)
                audience.calibrated(done)
        results[run.name] = done
        if done.interrupted:
            break
        if job.pictures:
            with audience.busy("drawing pictures"):
                problems += write_pictures(folder / PICTURES, pictures_of_result(spec, done))
    comparison = compare({name: Side(each.groups, each.rows, each.seconds) for name, each in results.items()})
    if comparison is not None and comparison.rows and job.pictures:
        problems += write_pictures(directory.path / PICTURES, [picture_of_comparison(comparison)])
    assimilated: dict[str, Assimilated] = {}
    if spec.motion is not None and not any(each.interrupted for each in results.values()):
        assimilated = _assimilate_all(job, moving, directory, resume=resume, audience=audience)
        for name, each in assimilated.items():
            if job.pictures:
                with audience.busy("drawing pictures"):
                    pictures = pictures_of_assimilation(each.groups, forecasts(each.groups, spec.predictions))
                    problems += write_pictures(directory.folder(name) / PICTURES, pictures)
        if job.pictures and len(assimilated) > 1 and not any(each.interrupted for each in assimilated.values()):
            beside = picture_of_assimilations({name: each.groups for name, each in assimilated.items()})
            problems += write_pictures(directory.path / PICTURES, [beside])
    summary = summary_json(
        spec=spec.name,
        version=uqdsl.__version__,
        seed=job.seed,
        runs={
            name: RunSummary(
                each.run.method,
                each.rows,
                each.verdict,
                each.seconds,
                [*each.verdict.notes, *(note.title for note in each.problems)],
            )
            for name, each in results.items()
        },
        predictions={
            name: found
            for name, each in (*results.items(), *assimilated.items())
            if (found := forecasts(each.groups, spec.predictions))
        },
        sources=[each._asdict() for each in told(spec)],
        comparison=comparison,
        simulations={name: found for name, each in results.items() if (found := simulated(each.groups))},
        calibration={name: found for name, each in results.items() if (found := tested(each.groups))},
        shift=next((found for each in results.values() if (found := shifted(each.groups))), ()),
        assimilation={name: (each.asked.method, each.found) for name, each in assimilated.items()},
    )
    directory.write_summary(summary)
    suspect = any(each.verdict.status == "suspect" for each in results.values())
    suspect = suspect or any(each.status == "suspect" for each in assimilated.values())
    interrupted = any(each.interrupted for each in (*results.values(), *assimilated.values()))
    status = "interrupted" if interrupted else "suspect" if suspect else "ok"
    directory.end(status)
    problems += [problem for each in results.values() for problem in each.problems]
    return Report(directory.path, status, results, assimilated, summary, tuple(problems), comparison)


@contextmanager
def _ending(directory: RunDirectory) -> Iterator[None]:
    """Note how the run ended where the block does not come to its end."""
    try:
        yield
    except KeyboardInterrupt:
        directory.end("interrupted")
        raise
    except (RunError, MemoryError):
        directory.end("failed")
        raise


def asked_of(spec: Spec) -> tuple[Assimilation, ...]:
    """The assimilations of a spec."""
    return spec.motion.assimilations if spec.motion is not None else ()


def _assimilate_all(
    job: Job,
    moving: Callable[[], tuple[System, Mapping[str, Program]]],
    directory: RunDirectory,
    *,
    resume: bool,
    audience: Audience,
) -> dict[str, Assimilated]:
    """Every `assimilate` of a spec, one after the other; those that came to their end before are read again."""
    spec = job.checked.spec
    system, programs = moving()
    for name, program in programs.items():
        write_whole(directory.path / f"program_{name}.py", program.text)
    found: dict[str, Assimilated] = {}
    for asked in asked_of(spec):
        folder = directory.folder(asked.name)
        with _ending(directory):
            if resume and _is_complete(folder):
                done = reread_assimilated(asked, read_netcdf(folder / RESULT))
            else:
                store = CycleStore(folder, resume=resume)
                with audience.counting() as watch:
                    watched = partial(watch, asked.name)
                    done = assimilate(spec, system, asked, job.dataset, job.seed, watched, store)
                write_netcdf(folder / RESULT, done.groups)
                if not done.interrupted:
                    store.clear()
        audience.assimilated(done)
        found[asked.name] = done
        if done.interrupted:
            break
    return found


def pictures_of_result(spec: Spec, result: Result) -> list[Picture]:
    """The pictures of what a run gave."""
    rows = rows_of_interest(spec, result.run.names, result.rows)
    return pictures_of(result.groups, rows, forecasts(result.groups, spec.predictions))


def _is_complete(folder: Path) -> bool:
    """Whether the run of a folder came to its end, though others of its directory did not."""
    if not (folder / RESULT).exists() or (folder / CHECKPOINT).exists():
        return False
    return read_netcdf(folder / RESULT)[""].attrs.get("status") == "complete"
