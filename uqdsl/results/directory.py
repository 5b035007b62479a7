"""The run directory: `runs/<spec>-<seed>-<n>/`, where a run leaves all that it was made from and all that it made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from uqdsl.messages.catalogue.files import NotARunDirectory, RunComplete, RunInUse
from uqdsl.messages.failure import RunError, UsageError
from uqdsl.messages.problem import Problem
from uqdsl.results.atomic import TEMPORARY, write_whole, writing
from uqdsl.results.record import RunRecord, Status, load_record, now, save_record, verify_same

SPEC, PROGRAM, RECORD, SUMMARY, _LOCK = "spec.uq", "program.py", "run.yaml", "summary.json", ".lock"
COMPLETE: tuple[Status, ...] = ("ok", "suspect")


@dataclass(frozen=True)
class RunDirectory:
    """A run directory and what its `run.yaml` says."""

    path: Path
    record: RunRecord

    def folder(self, run: str) -> Path:
        """Where the draws of one `infer` lie: the directory itself, or, where there are several, one of its name in it."""
        return self.path / run if len(self.record.runs) > 1 else self.path

    @property
    def summary(self) -> Path:
        """The summary for machines."""
        return self.path / SUMMARY

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory while a block writes to it; a process that is killed lets go of it.

        Raises: UQ710 if another process holds it; UQ701.
        """
        try:
            import fcntl
        except ImportError:  # Windows has no such locks; two runs in one directory are then the user's to avoid.
            yield
            return
        lock = self.path / _LOCK
        with writing(lock):
            file = lock.open("w")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as failure:
                raise RunError([RunInUse(path=str(self.path))]) from failure
            yield

    def write_summary(self, text: str) -> None:
        """Write `summary.json`; atomic.

        Raises: UQ701, UQ702, UQ709.
        """
        write_whole(self.summary, text)

    def end(self, status: Status) -> RunDirectory:
        """Note how and when the run ended, as the last thing that is written.

        Raises: UQ701, UQ702, UQ709.
        """
        record = self.record.model_copy(update={"status": status, "ended": now()})
        save_record(self.path / RECORD, record)
        return replace(self, record=record)

    def verify_resumable(self, after: RunRecord) -> tuple[Problem, ...]:
        """Refuse a run that is complete, or that was started from something else than `after` says.

        Returns a warning where only the versions of libraries differ.

        Raises: UQ704, UQ707.
        """
        if self.record.status in COMPLETE:
            raise UsageError([RunComplete(path=str(self.path))])
        return verify_same(self.path, self.record, after)

    def reopen(self) -> RunDirectory:
        """Note that the run goes on, and clear away files that a killed process left half written; hold the lock."""
        for rubbish in self.path.rglob(f".*{TEMPORARY}"):
            with suppress(OSError):
                rubbish.unlink()
        record = self.record.model_copy(update={"status": "running", "ended": None})
        save_record(self.path / RECORD, record)
        return replace(self, record=record)


def create_run(
    parent: Path, record: RunRecord, *, spec_text: str, program_text: str, included: Mapping[str, str] | None = None
) -> RunDirectory:
    """Make the next free `<spec>-<seed>-<n>` in `parent`, n from 1, and write the spec, the program and `run.yaml`.

    What the spec includes, texts by path, is written to where `spec.uq` finds it. Two processes that start at once get two
    directories.

    Raises: UQ701, UQ702, UQ709.
    """
    stem = f"{re.sub(r'[^\w.-]+', '_', record.spec)}-{record.seed}-"
    with writing(parent):
        parent.mkdir(parents=True, exist_ok=True)
        path = _make_next(parent, stem)
    for inside, text in (included or {}).items():
        with writing(path / inside):
            (path / inside).parent.mkdir(parents=True, exist_ok=True)
        write_whole(path / inside, text)
    write_whole(path / SPEC, spec_text)
    write_whole(path / PROGRAM, program_text)
    save_record(path / RECORD, record)
    run = RunDirectory(path, record)
    for name in record.runs:
        with writing(run.folder(name)):
            run.folder(name).mkdir(exist_ok=True)
    return run


def open_run(path: Path) -> RunDirectory:
    """The run directory at a path.

    Raises: UQ703 if it is none, UQ708 if its `run.yaml` cannot be read.
    """
    if not path.exists():
        reason = "there is nothing of that name"
    elif not path.is_dir():
        reason = "it is a file"
    elif not (path / RECORD).exists():
        reason = "it has no `run.yaml`"
    else:
        return RunDirectory(path, load_record(path / RECORD))
    raise UsageError([NotARunDirectory(path=str(path), reason=reason)])


def latest_run(parent: Path, spec: str, seed: int) -> Path | None:
    """The newest directory of a spec and seed in `parent`, which `--resume` goes on with; None if there is none."""
    stem = f"{re.sub(r'[^\w.-]+', '_', spec)}-{seed}-"
    numbers = _numbers(parent, stem) if parent.is_dir() else []
    return parent / f"{stem}{max(numbers)}" if numbers else None


def _make_next(parent: Path, stem: str) -> Path:
    number = max(_numbers(parent, stem), default=0) + 1
    while True:
        path = parent / f"{stem}{number}"
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def _numbers(parent: Path, stem: str) -> list[int]:
    endings = (each.name.removeprefix(stem) for each in parent.iterdir() if each.name.startswith(stem))
    return [int(ending) for ending in endings if ending.isascii() and ending.isdigit()]
