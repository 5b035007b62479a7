"""`run.yaml`: every setting and option of a run as resolved, what it ran on, and the hashes of what went into it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from uqdsl.messages.catalogue.files import DamagedRecord, OtherVersions, RunChanged
from uqdsl.messages.failure import RunError
from uqdsl.messages.problem import Problem
from uqdsl.results.atomic import write_whole

type Status = Literal["running", "interrupted", "failed", "ok", "suspect"]

_PACKAGES = ("uqdsl", "jax", "numpyro", "arviz")


class RunMethod(BaseModel):
    """A method and its options, all of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    options: dict[str, Any]


class Hashes(BaseModel):
    """SHA-256 of what a run was made from.

    - included: by path of the file.
    - data: by name of the file or array.
    - modules: of Python, by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    spec: str
    included: dict[str, str] = {}
    program: str
    data: dict[str, str]
    modules: dict[str, str] = {}


class RunRecord(BaseModel):
    """What `run.yaml` holds.

    - spec: the name of the spec.
    - runs: the method and options of each `infer`, by the run's name.
    - settings: as resolved.
    - device: as JAX calls it, such as `cpu`.
    - precision: bits of a floating-point number.
    - allow_extern: the modules of Python whose functions it could call.
    - started, ended: times in UTC, ISO 8601.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    spec: str
    seed: int
    runs: dict[str, RunMethod]
    settings: dict[str, Any]
    device: str
    precision: Literal[32, 64]
    allow_extern: tuple[str, ...] = ()
    versions: dict[str, str]
    hashes: Hashes
    started: str
    ended: str | None = None
    status: Status = "running"


def start_record(
    *,
    spec: str,
    seed: int,
    runs: Mapping[str, RunMethod],
    settings: Mapping[str, Any],
    spec_text: str,
    program_text: str,
    data: Mapping[str, str],
    included: Mapping[str, str] | None = None,
    modules: Mapping[str, str] | None = None,
    allow_extern: Sequence[str] = (),
    device: str = "cpu",
    precision: Literal[32, 64] = 64,
) -> RunRecord:
    """The record of a run that starts now; `included` are texts by path, `data` as from `hash_arrays`."""
    hashes = Hashes(
        spec=hash_text(spec_text),
        included={path: hash_text(text) for path, text in (included or {}).items()},
        program=hash_text(program_text),
        data=dict(data),
        modules=dict(modules or {}),
    )
    return RunRecord(
        spec=spec,
        seed=seed,
        runs=dict(runs),
        settings=dict(settings),
        device=device,
        precision=precision,
        allow_extern=tuple(allow_extern),
        versions=_versions(),
        hashes=hashes,
        started=now(),
    )


def save_record(path: Path, record: RunRecord) -> None:
    """Write `run.yaml`; atomic.

    Raises: UQ701, UQ702, UQ709.
    """
    import yaml

    write_whole(path, yaml.safe_dump(record.model_dump(mode="json"), sort_keys=False, allow_unicode=True))


def load_record(path: Path) -> RunRecord:
    """Read `run.yaml`.

    Raises: UQ708 if it is not what `save_record` writes.
    """
    import yaml

    try:
        return RunRecord.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as failure:
        first = failure.errors()[0]
        reason = f"`{'.'.join(map(str, first['loc'])) or 'the whole'}` is missing or not what it should be"
    except (yaml.YAMLError, UnicodeDecodeError):
        reason = "it is not YAML"
    except OSError as failure:
        reason = (failure.strerror or "the reason is not known").lower()
    raise RunError([DamagedRecord(path=str(path), reason=reason)])


def verify_same(path: Path, before: RunRecord, after: RunRecord) -> tuple[Problem, ...]:
    """Refuse to go on with a run whose result would be another one; returns a warning where only versions differ.

    Raises: UQ704, naming all that changed.
    """
    changes = _changes(before, after)
    if changes:
        raise RunError([RunChanged(path=str(path), changes="; ".join(changes))])
    others = [
        f"{name} {before.versions[name]}, now {found}"
        for name, found in after.versions.items()
        if before.versions.get(name, found) != found
    ]
    return (OtherVersions(path=str(path), changes="; ".join(others)),) if others else ()


def hash_text(text: str) -> str:
    """SHA-256 of text as UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def hash_arrays(data: Mapping[str, np.ndarray], coords: Mapping[str, Sequence[object]]) -> dict[str, str]:
    """SHA-256 of bound data, by name: numbers, kinds and shapes of the arrays; labels of each dimension, as `dim x`."""
    hashes = {}
    for name, array in data.items():
        content = np.ascontiguousarray(array)
        header = f"{content.dtype.str} {content.shape} ".encode()
        hashes[name] = hashlib.sha256(header + content.tobytes()).hexdigest()
    for dim, labels in coords.items():
        hashes[f"dim {dim}"] = hash_text(repr([str(label) for label in labels]))
    return hashes


def now() -> str:
    """The time, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _versions() -> dict[str, str]:
    found = {"python": python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _changes(before: RunRecord, after: RunRecord) -> list[str]:
    changes = [f"the included `{path}`" for path in _differing(before.hashes.included, after.hashes.included)]
    if before.hashes.spec != after.hashes.spec:
        changes.append("the spec")
    elif not changes and before.hashes.program != after.hashes.program:
        # One spec gives another program when another version of the compiler wrote it.
        changes.append("the program compiled from the spec")
    data = sorted(set(_differing(before.hashes.data, after.hashes.data)))
    if data:
        changes.append("the data " + ", ".join(f"`{name}`" for name in data))
    changes += [f"the module `{name}`" for name in _differing(before.hashes.modules, after.hashes.modules)]
    for kind, was, now_ in _values(before, after):
        for name in _differing(was, now_):
            changes.append(f"{kind} `{name}` was {_show(was, name)}, now {_show(now_, name)}")
    return changes


def _values(before: RunRecord, after: RunRecord) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    def run_values(record: RunRecord) -> list[dict[str, Any]]:
        return [{name: each.method for name, each in record.runs.items()}] + [
            dict(record.runs[name].options) for name in names
        ]

    names = [name for name in before.runs if name in after.runs]
    kinds = ["the method of the run", *("the option" for _ in names)]
    rows = list(zip(kinds, run_values(before), run_values(after), strict=True))
    rows.append(("the setting", before.settings, after.settings))
    general = [{"seed": each.seed, "precision": each.precision} for each in (before, after)]
    return [*rows, ("the", general[0], general[1])]


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    missing = object()
    names = [*before, *(name for name in after if name not in before)]
    return [name for name in names if before.get(name, missing) != after.get(name, missing)]


def _show(values: Mapping[str, Any], name: str) -> str:
    return str(values[name]) if name in values else "not there"
