"""From a path to a checked spec, without JAX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from uqdsl.driver.include import Linked, link
from uqdsl.driver.source import Source
from uqdsl.ir import Run, Spec
from uqdsl.messages import DataError, Problem, Sources, SpecError, UsageError, errors, listing
from uqdsl.messages.catalogue.usage import NoSuchStage, NotAMethodCall, NotASetting
from uqdsl.semantics import analyse
from uqdsl.semantics.constants import Value
from uqdsl.semantics.runs import run_of
from uqdsl.syntax import parse, tree

if TYPE_CHECKING:
    from uqdsl.data import Dataset


class Checked(NamedTuple):
    """A spec without errors; `problems` holds its warnings."""

    source: Source
    linked: Linked
    spec: Spec
    problems: tuple[Problem, ...]

    @property
    def sources(self) -> Sources:
        """The texts that spans point into."""
        return self.linked.parsed.sources


def check(
    source: Source, settings: Mapping[str, Value | str] | None = None, runs: Sequence[Run] | None = None
) -> Checked:
    """Check a spec, with what it includes.

    Args:
        source: its text.
        settings: go before those of its `setting` statements.
        runs: go before those of its `infer` statements.

    Raises:
        SpecError: with every problem in it, where one of them is an error.
    """
    return check_linked(source, link(source), settings, runs)


def check_linked(
    source: Source,
    linked: Linked,
    settings: Mapping[str, Value | str] | None = None,
    runs: Sequence[Run] | None = None,
) -> Checked:
    """Check a spec whose included files have been read; as `check`."""
    spec, problems, _ = analyse(linked.parsed, settings, runs)
    problems = linked.said(problems)
    if spec is None:
        raise SpecError(problems, linked.parsed.sources)
    return Checked(source, linked, spec, problems)


def at_stage(checked: Checked, name: str) -> Checked:
    """A checked spec with that of one of its stages in its place; `training` is the spec itself.

    Raises:
        UsageError: UQ731 where it has no such stage.
    """
    stages = {"training": checked.spec} | {each.name: each.spec for each in checked.spec.stages}
    if name not in stages:
        raise UsageError([NoSuchStage(name=name, names=listing(stages, last="and"))])
    return checked._replace(spec=stages[name])


def check_with_data(
    source: Source,
    settings: Mapping[str, Value | str] | None = None,
    runs: Sequence[Run] | None = None,
    allowed: Sequence[Path] = (),
) -> tuple[Checked, Dataset]:
    """Check a spec and its data together; what is wrong with the one does not hide what is wrong with the other.

    Args:
        source, settings, runs: as of `check`.
        allowed: directories beside the spec's own in which it may name data.

    Raises:
        SpecError, DataError: with every problem of both in it.
    """
    from uqdsl.data import bind

    linked = link(source)
    parsed = linked.parsed
    spec, problems, schema = analyse(parsed, settings, runs)
    readable = spec or schema
    try:
        dataset = bind(readable, source.folder, allowed=allowed) if readable else None
    except DataError as error:
        kind = DataError if spec else SpecError
        both = sorted([*problems, *error.problems], key=lambda problem: problem.at or (-1, -1))
        raise kind(linked.said(both), parsed.sources) from None
    found = dataset.problems if dataset is not None else ()
    problems = linked.said(sorted([*problems, *found], key=lambda problem: problem.at or (-1, -1)))
    if spec is None or dataset is None:
        raise SpecError(problems, parsed.sources)
    return Checked(source, linked, spec, problems), dataset


def read_settings(given: Sequence[str], source: Source) -> dict[str, Value]:
    """The values that `name=value` texts give; a number or `true` is one unless the setting is declared a text.

    Raises:
        UsageError: UQ722.
    """
    if not given:
        return {}
    statements = link(source).parsed.tree.statements
    texts = {each.name.name for each in statements if isinstance(each, tree.Setting) and each.type == "text"}
    values: dict[str, Value] = {}
    for each in given:
        name, equals, value = (part.strip() for part in each.partition("="))
        if not equals or not value or not all(part.isidentifier() for part in name.split(".")):
            raise UsageError([NotASetting(given=each)])
        values[name] = value if name in texts else _plain(value)
    return values


def _plain(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def read_method(text: str, name: str | None = None) -> Run:
    """The run that a method with its options asks for, as written after `by`: `nuts(chains = 2)`.

    Args:
        text: the method.
        name: of the run; that of the method where it is None.

    Raises:
        UsageError: UQ726 where it is not the text of a method, UQ501 to UQ507 where there is no such method or option.
    """
    parsed = parse(f"infer by {text}", "by")
    statements = parsed.tree.statements
    if errors(parsed.problems) or len(statements) != 1 or not isinstance(statements[0], tree.Infer):
        raise UsageError([NotAMethodCall(given=text)])
    clauses = statements[0].clauses
    if statements[0].names or clauses.options is not None or clauses.of is not None:
        raise UsageError([NotAMethodCall(given=text)])
    problems: list[Problem] = []
    run = run_of(statements[0], {}, problems)
    if run is None or problems:
        raise UsageError(problems, parsed.sources)
    return run if name is None else run.model_copy(update={"name": name})
