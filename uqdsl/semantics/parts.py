"""Data in parts: where the rows for training, testing and new come from, and which dimensions these rows are."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Sequence
from typing import NamedTuple

from uqdsl.ir import DataField, Part, Split, Table, base, own
from uqdsl.messages import Label, Problem, Span, SpecError, did_you_mean, listing
from uqdsl.messages.catalogue.kinds import WrongArgumentCount, WrongData
from uqdsl.messages.catalogue.names import UnknownPart
from uqdsl.messages.catalogue.parts import NoRows, NoTraining, PartsDiffer, PartTwice, WrongSplit
from uqdsl.semantics.constants import Settings, evaluate
from uqdsl.semantics.options import resolve_options
from uqdsl.semantics.walk import ungrouped, values_in
from uqdsl.syntax import tree
from uqdsl.vocabulary.parts import GIVEN, PARTS, TESTING, TRAINING, SplitOptions


class Rows(NamedTuple):
    """Where the rows of a table come from."""

    path: str | None = None
    parts: tuple[Part, ...] = ()
    split: Split | None = None


def lower_rows(statement: tree.Data, settings: Settings, problems: list[Problem]) -> Rows:
    """The file of a `data` statement, or those of its parts; UQ228, UQ319, UQ370, UQ371, UQ372."""
    path: str | None = None
    split: Split | None = None
    found: dict[str, Span] = {}
    if statement.source is not None:
        source = ungrouped(statement.source)
        if isinstance(source, tree.Call):
            path, split = _split(source, statement.folder, settings, problems)
            taken = (TRAINING, TESTING) if split is None or split.column is None else PARTS
            found = dict.fromkeys(taken, source.span)
        else:
            path = _path(source, statement.folder, settings, problems)
            found[TRAINING] = source.span
    parts: list[Part] = []
    for entry in statement.entries:
        if not isinstance(entry, tree.Part):
            continue
        if entry.name not in PARTS:
            hint = did_you_mean(entry.name, PARTS, otherwise=_meant_by_part(entry, statement))
            problems.append(UnknownPart(at=entry.name_span, name=entry.name, hint=hint))
            continue
        if entry.name in found:
            others = (Label(found[entry.name], "first here"),)
            problems.append(PartTwice(at=entry.span, part=entry.name, others=others))
            continue
        found[entry.name] = entry.span
        file = _path(ungrouped(entry.value), statement.folder, settings, problems)
        if entry.name == TRAINING:
            path = file
        else:
            parts.append(Part(span=entry.span, role=entry.name, path=file))  # type: ignore[arg-type]
    if parts and TRAINING not in found:
        problems.append(NoTraining(at=parts[0].span, part=parts[0].role))
    parts.sort(key=lambda each: PARTS.index(each.role))
    return Rows(path, tuple(parts), split)


def _path(source: tree.Expression, folder: str | None, settings: Settings, problems: list[Problem]) -> str | None:
    """The path of a file, from the folder of the spec; None for rows that are given from Python."""
    if _is_given(source, settings):
        return None
    try:
        path = evaluate(source, settings)
    except SpecError as error:
        problems += error.problems
        return None
    if not isinstance(path, str) or not path:
        problems.append(WrongData(at=source.span, what="the file of a `data` statement is a path in quotes"))
        return None
    return path if folder is None else posixpath.join(folder, path)


def _is_given(source: tree.Expression, settings: Settings) -> bool:
    return isinstance(source, tree.Name) and own(source.name) == GIVEN and source.name not in settings


_FILES = frozenset(("file", "path", "source", "filename", "from", "url", "csv"))
_SEPARATORS = frozenset(("sep", "separator", "delim", "delimiter"))


def _meant_by_part(entry: tree.Part, statement: tree.Data) -> str:
    """What is meant by `name = value` in a `data` statement where that is no part; empty where it is not sure."""
    value, name = ungrouped(entry.value), entry.name.lower()
    if isinstance(value, tree.Text) and statement.source is None and (name in _FILES or "." in value.value):
        return f'a file stands before the braces: `data "{value.value}" {{ … }}`'
    if name in _SEPARATORS:
        return "take it out: separators are found by themselves"
    if isinstance(value, tree.Text):
        return ""
    return f"a field has a kind: `{entry.name} : real = …`"


# --------------------------------------------------------------------------------------------------------- splitting


def _split(
    source: tree.Call, folder: str | None, settings: Settings, problems: list[Problem]
) -> tuple[str | None, Split | None]:
    """The file that `split("all.csv", testing = 0.2, seed = 1)` divides, and how."""
    function = source.function.name if isinstance(source.function, tree.Name) else "…"
    if function != "split":
        hint = did_you_mean(function, ["split"], otherwise='write the path: `data "file.csv" { … }`')
        problems.append(WrongData(at=source.span, what="the file of a `data` statement is a path in quotes", hint=hint))
        return None, None
    count = len(problems)
    files = [each for each in source.arguments if not isinstance(each, tree.Named)]
    named = [each for each in source.arguments if isinstance(each, tree.Named)]
    path: str | None = None
    if len(files) != 1:
        expected, found = "the path of one table", f"{len(files)} are" if files else "none is"
        problems.append(WrongArgumentCount(at=source.span, function="split", expected=expected, found=found))
    else:
        path = _path(ungrouped(files[0]), folder, settings, problems)
    options = resolve_options("split", SplitOptions, tuple(named), settings, problems)
    if options is None or len(problems) > count:
        return path, None
    fold, folds = options.fold, options.folds
    ways = [options.column is not None, options.testing is not None, fold is not None or folds is not None]
    if sum(ways) != 1:
        what = "`split` is told in two ways which rows are for testing" if any(ways) else _UNTOLD
        hint = 'one of `testing = 0.2`, `fold = 1, folds = 10` and `column = "part"`'
        problems.append(WrongSplit(at=source.span, what=what, hint=hint))
    elif fold is None or folds is None:
        if fold is not folds:
            what = "a fold is one of several, so `fold` and `folds` stand together"
            problems.append(WrongSplit(at=source.span, what=what, hint="write `fold = 1, folds = 10`"))
    elif fold > folds:
        what = f"there is no fold {fold} of {folds}"
        problems.append(WrongSplit(at=source.span, what=what, hint=f"folds are counted from 1 to {folds}"))
    return path, Split(span=source.span, **options.model_dump())


_UNTOLD = "`split` is not told which rows are for testing"


# -------------------------------------------------------------------------------------------------------- dimensions


def parted_dims(
    tables: Sequence[Table], stated: Collection[str], levels: Collection[str], problems: list[Problem]
) -> frozenset[str]:
    """The dimensions that are rows of tables in parts, and so have other labels in each part.

    Args:
        tables: of the spec.
        stated: the dimensions whose labels or size the spec states.
        levels: those whose labels are the values of categories; neither of them is rows.
        problems: receives UQ372, UQ373, UQ374.
    """
    parted: dict[str, Table] = {}
    for table in tables:
        if not table.parted:
            continue
        rows: dict[str, None] = {}
        fixed: list[Problem] = []
        for field in table.fields:
            if field.values is not None:
                continue
            dims = [base(dim) for dim in (field.dims[:-1] if field.spread else field.dims)]
            own_rows = [dim for dim in dims if dim not in stated and dim not in levels]
            rows |= dict.fromkeys(own_rows)
            if not own_rows:
                said = next((dim for dim in dims if dim in stated), None)
                hint = f"leave out what is said of its labels: `dim {said}`" if said else _OF_ITS_OWN
                fixed.append(NoRows(at=field.span, name=field.name, hint=hint))
        problems += fixed[:1]
        if table.split is not None and len(rows) > 1:
            what = f"the rows of this table are {listing(rows, last='and')}, and only one dimension can be split"
            problems.append(WrongSplit(at=table.split.span, what=what))
        for dim in rows:
            parted.setdefault(dim, table)
    faulty = any(isinstance(each, PartTwice | NoTraining | WrongSplit) for each in problems)
    first = next(iter(parted.values()), None) if not faulty else None
    for table in tables:
        for field in table.fields:
            dim = next((base(dim) for dim in field.dims if base(dim) in parted), None)
            if dim is not None and (differs := _differs(field, table, first)):
                problems.append(PartsDiffer(at=field.span, dim=dim, name=field.name, differs=differs, hint=_ALIKE))
    return frozenset(parted)


_ALIKE = "make it a column of the same table, or name a file for each part: `training = …`"
_OF_ITS_OWN = "give it a `data` statement of its own"


def _differs(field: DataField, table: Table, first: Table | None) -> str:
    """How the data of a field differ from those that are in parts first; empty where they do not."""
    if field.values is not None:
        return "is given in place"
    if not table.parted:
        return "does not" if table.path is not None else ""  # what Python gives of it is of the training rows
    if first is None or first is table:
        return ""
    if first.split is not None or table.split is not None:
        return "is in another table, and only one can be split"
    mine, theirs = ([TRAINING, *(each.role for each in one.parts)] for one in (table, first))
    if mine != theirs:
        return f"has {listing(mine, last='and')}, where others have {listing(theirs, last='and')}"
    return ""


def outcomes(spec: tree.Tree) -> set[str]:
    """The fields that are nothing but the left side of a likelihood: what is to be told of new rows."""
    left = {each.target.name for each in spec.statements if isinstance(each, tree.Likelihood)}
    used = {name.name for each in spec.statements if isinstance(each, _MODEL) for name in values_in(each)}
    return left - used


_MODEL = (tree.Prior, tree.Population, tree.Let, tree.Likelihood, tree.Factor, tree.State)
"""Statements that need the values of what they name."""
