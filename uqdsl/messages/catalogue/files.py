"""UQ7xx: run directories and the files in them."""

from __future__ import annotations

from uqdsl.messages.problem import Problem, Warn


class NotWritable(Problem):
    code = "UQ701"
    headline = "`{path}` cannot be written: {reason}"
    advice = "give a directory that you may write to with `--out`"
    path: str
    reason: str


class DiskFull(Problem):
    code = "UQ702"
    headline = "the disk is full: `{path}` could not be written"
    advice = "make room and go on with `--resume`; what the last checkpoint holds is safe"
    path: str


class NotARunDirectory(Problem):
    code = "UQ703"
    headline = "`{path}` is not a run directory: {reason}"
    advice = "give a directory that `uqdsl run` made, such as `runs/radon-0-1`"
    path: str
    reason: str


class RunChanged(Problem):
    code = "UQ704"
    headline = "the run in `{path}` cannot go on, because it was started differently: {changes}"
    advice = "put back what was changed, or start a new run without `--resume`"
    path: str
    changes: str


class DamagedResult(Problem):
    code = "UQ705"
    headline = "the result file `{path}` is damaged: {reason}"
    advice = "its draws cannot be trusted; start a new run without `--resume`"
    path: str
    reason: str


class DamagedCheckpoint(Problem):
    code = "UQ706"
    headline = "the checkpoint `{path}` is damaged: {reason}"
    advice = "the run cannot go on from it; start a new run without `--resume`"
    path: str
    reason: str


class RunComplete(Problem):
    code = "UQ707"
    headline = "the run in `{path}` is complete, so there is nothing to resume"
    advice = "start a new run without `--resume`, with more draws or another seed"
    path: str


class DamagedRecord(Problem):
    code = "UQ708"
    headline = "the record of the run `{path}` cannot be read: {reason}"
    advice = "`run.yaml` is written by `uqdsl run`; put back what it said, or start a new run"
    path: str
    reason: str


class WriteFailed(Problem):
    code = "UQ709"
    headline = "writing `{path}` failed: {reason}"
    advice = "see that the disk is well, then go on with `--resume`"
    path: str
    reason: str


class RunInUse(Problem):
    code = "UQ710"
    headline = "another process is writing to `{path}`"
    advice = "wait until it ends, or stop it"
    path: str


class NothingDrawn(Problem):
    code = "UQ711"
    headline = "the run ended before every chain had made a draw, so there is no result"
    advice = "go on with `--resume`"


class OtherVersions(Warn):
    code = "UQ712"
    headline = "the run in `{path}` was started with other versions: {changes}"
    advice = "the draws to come may differ in their last digits from those of one undisturbed run"
    path: str
    changes: str
