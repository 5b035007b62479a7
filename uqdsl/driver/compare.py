"""Runs side by side: of one spec or of several, from their directories or as they came."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from uqdsl.diagnose import Tested, summarize, tested
from uqdsl.diagnose.compare import Comparison, Side, compare, comparison_json
from uqdsl.diagnose.loo import Behind, Ranking, leave_one_out, other_outcomes, rank
from uqdsl.diagnose.report import strict, tested_json
from uqdsl.diagnose.simulations import Simulated, simulated
from uqdsl.messages import Problem, RunError, UsageError, listing
from uqdsl.messages.catalogue.files import DamagedResult
from uqdsl.messages.catalogue.usage import NoLogLikelihood, NothingToCompare, OtherData
from uqdsl.results import RunDirectory, open_run, read_netcdf
from uqdsl.results.store import RESULT


class Entry(NamedTuple):
    """A run that is compared.

    - status: `ok` or `suspect`.
    - hashes: of its data, by name.
    """

    side: Side
    status: str
    hashes: Mapping[str, str]


class Compared(NamedTuple):
    """Runs side by side, each by its name.

    - posteriors: what each says of the scalars that it shares with another, what it has cost, and how far every two are apart.
    - loo: how each predicts the rows of its data that it leaves out, the best first; None where that cannot be compared.
    - calibration: what testing data say of its predictions, of those that have any.
    - simulations: what simulations say of its method, likewise.
    - status: `ok`, or `suspect` where its diagnostics say that it should not be relied on.
    - problems: what cannot be compared, and why.
    """

    posteriors: Comparison
    loo: Ranking | None
    calibration: Mapping[str, Sequence[Tested]]
    simulations: Mapping[str, Simulated]
    status: Mapping[str, str]
    problems: tuple[Problem, ...]

    @property
    def said(self) -> list[str]:
        """What is found, in sentences."""
        suspect = [f"`{name}` is suspect, do not rely on it" for name, status in self.status.items() if status != "ok"]
        return [*suspect, *(each.said for each in self.posteriors.pairs), *(self.loo.said if self.loo else ())]

    def __repr__(self) -> str:
        return "\n".join(self.said)


def read_entries(paths: Sequence[Path]) -> dict[str, Entry]:
    """The runs in run directories, each by its path below what all have in common.

    Args:
        paths: of run directories.

    Raises:
        UsageError: UQ703 where there is no run directory, UQ732 where its run has not come to an end.
        RunError: UQ705, UQ708 where its files cannot be read.
    """
    folders = {folder: each for path in paths for folder, each in _read(path)}
    top = os.path.commonpath([folder.parent for folder in folders])
    return {str(folder.relative_to(top)): each for folder, each in folders.items()}


def compare_entries(entries: Mapping[str, Entry]) -> Compared:
    """Compare runs, of which there are two or more."""
    groups = {name: each.side.groups for name, each in entries.items()}
    posteriors = compare({name: each.side for name, each in entries.items()})
    assert posteriors is not None, "there are two at least"
    with_loo = {name: loo for name, each in groups.items() if (loo := leave_one_out(each)) is not None}
    anchor = next(iter(with_loo or entries))
    unlike = {name: why for name in with_loo if (why := other_outcomes(groups[anchor], groups[name]))}
    problems = [NoLogLikelihood(name=name) for name in entries if name not in with_loo]
    return Compared(
        posteriors,
        rank(with_loo) if len(with_loo) > 1 and not unlike else None,
        {name: found for name, each in groups.items() if (found := tested(each))},
        {name: found for name, each in groups.items() if (found := simulated(each))},
        {name: each.status for name, each in entries.items()},
        (*problems, *_of_other_data(entries, anchor, unlike)),
    )


def compared_json(found: Compared) -> dict[str, Any]:
    """For machines: strict JSON, in which a number that is not finite is null."""
    content: dict[str, Any] = {
        "variables": {
            label: {name: {"mean": row.mean, "sd": row.sd} for name, row in of.items()}
            for label, of in found.posteriors.rows.items()
        },
        **comparison_json(found.posteriors),
        "status": found.status,
    }
    if found.loo is not None:
        content["loo"] = {"said": found.loo.said, "runs": {name: _of_loo(found.loo, name) for name in found.loo.of}}
    if found.calibration:
        content["calibration"] = {
            name: {each.name: tested_json(each) for each in of} for name, of in found.calibration.items()
        }
    if found.simulations:
        content["simulations"] = {
            name: {"said": each.said, "passed": each.passed, "p_value": each.p_value}
            for name, each in found.simulations.items()
        }
    return strict(content)


def _of_loo(ranking: Ranking, name: str) -> dict[str, Any]:
    loo, behind = ranking.of[name], ranking.behind.get(name, Behind(0.0, 0.0))
    return {
        "elpd": loo.elpd,
        "error": loo.error,
        "difference": behind.elpd,
        "difference_error": behind.error,
        "p": loo.p,
        "rows": len(loo.rows),
        "above_threshold": loo.far,
        "threshold": loo.threshold,
    }


def _of_other_data(entries: Mapping[str, Entry], anchor: str, unlike: Mapping[str, str]) -> Iterator[Problem]:
    """What is to be said of runs whose data are not those of one of them.

    Args:
        entries: all of them.
        anchor: the name of that one.
        unlike: in what the rows that others leave out differ from those of that one.
    """
    own = entries[anchor].hashes
    for name, each in entries.items():
        changed = [key for key in own if each.hashes.get(key, own[key]) != own[key]]
        if name in unlike:
            hint = "leave-one-out is not compared: it has to leave out the same rows of the same data"
            yield OtherData(first=anchor, second=name, what=unlike[name], hint=hint)
        elif changed:
            yield OtherData(first=anchor, second=name, what=listing(changed, last="and", most=4))


def _read(path: Path) -> Iterator[tuple[Path, Entry]]:
    """The runs of a directory, each with the folder that it is in."""
    directory = open_run(path)
    if directory.record.status in ("running", "failed"):
        reason = "it has not come to its end" if directory.record.status == "running" else "it has failed"
        raise UsageError([NothingToCompare(path=str(path), reason=reason)])
    for name, of in _summaries(directory).items():
        groups = read_netcdf(directory.folder(name) / RESULT)
        side = Side(groups, summarize(groups), of["seconds"])
        yield directory.folder(name).resolve(), Entry(side, of["status"], directory.record.hashes.data)


def _summaries(directory: RunDirectory) -> Mapping[str, Any]:
    """What `summary.json` says of each run.

    Raises: UQ705.
    """
    try:
        return json.loads(directory.summary.read_text(encoding="utf-8"))["runs"]
    except (OSError, ValueError, KeyError) as failure:
        reason = "it is not what `uqdsl run` wrote"
        raise RunError([DamagedResult(path=str(directory.summary), reason=reason)]) from failure
