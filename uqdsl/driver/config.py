"""The run file: settings, seed and method of a run, kept beside a spec; what `run.yaml` of a run directory is too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from uqdsl.driver.front import read_method
from uqdsl.ir import Run
from uqdsl.messages import UsageError, did_you_mean
from uqdsl.messages.catalogue.usage import WrongRunFile
from uqdsl.results.record import RunMethod, RunRecord

MOST_BYTES = 1 << 20


class RunFile(BaseModel):
    """What a run file may say; each is optional.

    - settings: go before those of the spec.
    - seed: a whole number from 0.
    - by: a method with its options, such as `nuts(chains = 2)`, in the place of the spec's `infer` statements.
    - runs: the same for several runs by name, each with `method` and `options`.
    - device, precision: as the options of `uqdsl run`.
    - pictures: whether any are drawn of the result.
    - out: the directory in which the run directory is made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    settings: dict[str, bool | int | float | str] = Field(default={})
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    by: str | None = None
    runs: dict[Annotated[str, Field(pattern=r"^[^\W\d]\w*$")], RunMethod] | None = None
    device: Literal["cpu", "gpu"] | None = None
    precision: Literal[32, 64] | None = None
    pictures: bool = True
    out: str | None = None

    def methods(self) -> tuple[Run, ...] | None:
        """The runs that it asks for; None leaves them to the spec.

        Raises:
            UsageError: UQ501 to UQ507, UQ726 where there is no such method or option.
        """
        if self.by is not None:
            return (read_method(self.by),)
        if self.runs is None:
            return None
        return tuple(read_method(_call(each), name) for name, each in self.runs.items())


def read_run_file(path: str | Path) -> RunFile:
    """A run file, or the `run.yaml` of a run directory.

    Raises:
        UsageError: UQ723.
    """
    import yaml

    def refuse(reason: str) -> UsageError:
        return UsageError([WrongRunFile(path=str(path), reason=reason)])

    try:
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise refuse(f"it is larger than {MOST_BYTES >> 20} MB")
        said = yaml.safe_load(content.decode("utf-8")) or {}
    except OSError as error:
        raise refuse((error.strerror or "the reason is not known").lower()) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise refuse("it is not YAML") from None
    if not isinstance(said, dict) or not all(isinstance(name, str) for name in said):
        raise refuse("it does not give names values")
    if RunRecord.model_fields.keys() >= said.keys() >= {"hashes", "versions"}:
        # What a run directory notes of the machine that it ran on is no wish for the next run.
        said = {name: said[name] for name in ("settings", "seed", "runs", "precision") if name in said}
    for name in said.keys() - RunFile.model_fields.keys():
        hint = did_you_mean(name, RunFile.model_fields)
        raise refuse(f"there is no `{name}` in a run file" + (f"; {hint}" if hint else ""))
    try:
        return RunFile.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        raise refuse(f"`{'.'.join(map(str, first['loc']))}` is not what it should be") from None


def _call(run: RunMethod) -> str:
    """A method with its options as it would be written in a spec."""
    options = (f"{name} = {json.dumps(value)}" for name, value in _given(run.options).items())
    return f"{run.method}({', '.join(options)})"


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
