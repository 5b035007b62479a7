"""From `dim` and `data` statements to the dimensions and tables of the IR."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from math import isfinite

from uqdsl.ir import DataField, Dim, Table, Values, own
from uqdsl.messages import Label, Problem, Span, SpecError, did_you_mean, listing
from uqdsl.messages.catalogue.kinds import (
    GivenTwice,
    NotANumber,
    NotConstant,
    RepeatedLabel,
    WrongArgumentCount,
    WrongData,
    WrongModifier,
    WrongSize,
)
from uqdsl.messages.catalogue.names import NoLabels, RepeatedDimension, UnknownKind, UnknownModifier
from uqdsl.messages.catalogue.parts import CannotStandardise, SharedRows
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.allowed import ALLOW, allows
from uqdsl.semantics.constants import Settings, evaluate, shown
from uqdsl.semantics.declare import Declarations, What
from uqdsl.semantics.parts import lower_rows, parted_dims
from uqdsl.semantics.walk import ungrouped
from uqdsl.syntax import tree
from uqdsl.vocabulary import synonyms
from uqdsl.vocabulary.supports import KINDS

_FIELD_MODIFIERS = ("missing", "standardized", ALLOW)
_DIM_MODIFIERS = ("periodic", "clamped", "fixed")


def lower_tables(
    spec: tree.Tree, declarations: Declarations, settings: Settings, outcome: Collection[str]
) -> tuple[tuple[Dim, ...], tuple[Table, ...], tuple[Problem, ...]]:
    """The dimensions and the tables of a spec.

    Arguments:
        outcome: the fields that new rows do not have.
    """
    problems: list[Problem] = []
    data = [each for each in spec.statements if isinstance(each, tree.Data)]
    tables = [_table(each, declarations, settings, outcome, problems) for each in data]
    stated = {
        each.name.name
        for each in spec.statements
        if (isinstance(each, tree.Dim) and each.value is not None) or (isinstance(each, tree.Time) and each.begin)
    }
    parted = parted_dims(tables, stated, set(declarations.categories.values()), problems)
    tables = [
        table.model_copy(update={"fields": tuple(_with_columns(each, parted, problems) for each in table.fields)})
        for table in tables
    ]
    written: dict[str, tree.Dim | tree.Time] = {}
    for each in spec.statements:
        if isinstance(each, tree.Dim | tree.Time):
            written.setdefault(each.name.name, each)
    measured = _measured_by_data(spec, declarations)
    dims = []
    for name, declared in declarations.dims.items():
        levels = tuple(field for field, dim in declarations.categories.items() if dim == name)
        statement = written.get(name)
        if statement is None:
            dims.append(Dim(span=declared.span, name=name, levels=levels, parted=name in parted))
            continue
        if isinstance(statement, tree.Time):
            before = len(problems)
            times = _times(statement, settings, problems)
            refused = len(problems) > before
            if times is None and not refused and name not in measured and not declarations.may_declare(name):
                problems.append(NoLabels(at=statement.name.span, dim=name))
            dims.append(
                Dim(span=statement.span, name=name, labels=times, levels=levels, time=True, parted=name in parted)
            )
            continue
        labels, size = _labels(statement, settings, problems)
        boundary, beyond = _boundary(statement, settings, problems)
        if statement.value is None and name not in measured and not declarations.may_declare(name):
            problems.append(NoLabels(at=statement.name.span, dim=name))
        found = Dim(span=statement.span, name=name, labels=labels, size=size, levels=levels, parted=name in parted)
        dims.append(found.model_copy(update={"boundary": boundary, "beyond": beyond}))
    return tuple(dims), tuple(tables), tuple(problems)


def _with_columns(field: DataField, parted: frozenset[str], problems: list[Problem]) -> DataField:
    """A standardised field with the dimensions for each of whose labels it has a mean of its own: all but its rows (UQ375)."""
    if not field.standardized:
        return field
    if field.kind in _NO_NUMBERS or not field.dims:
        reason = _NO_NUMBERS.get(field.kind, "it is a single value")
        problems.append(CannotStandardise(at=field.span, name=field.name, reason=reason))
        return field.model_copy(update={"standardized": False})
    rows = [dim for dim in field.dims if dim in parted] or field.dims[:1]
    return field.model_copy(update={"columns_over": tuple(dim for dim in field.dims if dim not in rows)})


_NO_NUMBERS = {"category": "its values are labels", "time": "its values are places on a time axis"}


def _measured_by_data(spec: tree.Tree, declarations: Declarations) -> set[str]:
    """The dimensions whose length the data tell: those that fields range over, and those of categories."""
    fields = (entry for each in spec.statements if isinstance(each, tree.Data) for entry in each.entries)
    ranged = {axis.name for each in fields if isinstance(each, tree.Field) for axis in each.target.axes}
    return ranged | set(declarations.categories.values())


def _labels(
    statement: tree.Dim, settings: Settings, problems: list[Problem]
) -> tuple[tuple[str | int | float, ...] | None, int | None]:
    """The labels that a `dim` statement lists, or its size."""
    name = statement.name.name
    if statement.at is not None:
        problems.append(FeatureNotBuilt(at=statement.at.span, feature="coordinates of a dimension"))
    if statement.value is None:
        return None, None
    value = ungrouped(statement.value)
    try:
        if isinstance(value, tree.Listing):
            return _listed_labels(name, value, settings, problems), None
        size = evaluate(value, settings)
    except SpecError as error:
        problems += [_as_setting(each) for each in error.problems]
        return None, None
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        digits = isinstance(size, str) and size.isascii() and size.isdigit() and int(size[:19]) > 0
        hint = f"without quotes: `dim {name} = {size}`" if digits else ""
        problems.append(WrongSize(at=value.span, name=name, found=shown(size), hint=hint))
        return None, None
    if size > LARGEST_SIZE:
        problems.append(WrongSize(at=value.span, name=name, found=f"{shown(size)}, more than memory can hold"))
        return None, None
    return None, size


def _times(statement: tree.Time, settings: Settings, problems: list[Problem]) -> tuple[int | float, ...] | None:
    """The times of a regular axis; None where the data say them."""
    if statement.unit is not None or (statement.step is not None and statement.begin is None):
        problems.append(
            FeatureNotBuilt(at=statement.span, feature="time axes in calendar units, and steps without a range")
        )
        return None
    if statement.begin is None or statement.end is None:
        return None
    name = statement.name.name
    values: list[float] = []
    for written in (statement.begin, statement.end, statement.step):
        try:
            value = evaluate(written, settings) if written is not None else 1
        except SpecError as error:
            problems += error.problems
            return None
        if isinstance(value, str | bool):
            problems.append(NotANumber(at=written.span if written is not None else None, what=f"{shown(value)}"))
            return None
        values.append(value)
    begin, end, step = values
    if step <= 0 or end < begin:
        found = f"a step of {shown(step)}" if step <= 0 else f"an axis from {shown(begin)} to {shown(end)}"
        problems.append(WrongSize(at=statement.span, name=name, found=found))
        return None
    count = int((end - begin) / step * (1 + 1e-12) + 1e-9) + 1
    if count > LARGEST_SIZE:
        problems.append(WrongSize(at=statement.span, name=name, found=f"{count} times, more than memory can hold"))
        return None
    if all(isinstance(each, int) for each in values):
        return tuple(range(int(begin), int(end) + 1, int(step)))
    return tuple(round(begin + place * step, 12) for place in range(count))


def _boundary(statement: tree.Dim, settings: Settings, problems: list[Problem]) -> tuple[str | None, float]:
    """What lies beyond the ends of a dimension: `periodic`, `clamped` or `fixed(value)`."""
    boundary: str | None = None
    beyond = 0.0
    for modifier in statement.modifiers:
        if modifier.name not in _DIM_MODIFIERS:
            problems.append(_unknown_modifier(modifier, "a dimension", _DIM_MODIFIERS))
            continue
        if boundary is not None:
            problems.append(GivenTwice(at=modifier.span, owner=statement.name.name, name="its boundary"))
        boundary = modifier.name
        match modifier.arguments:
            case None if boundary != "fixed":
                pass
            case (value,) if boundary == "fixed" and not isinstance(value, tree.Named):
                try:
                    found = evaluate(value, settings)
                except SpecError as error:
                    problems += error.problems
                    continue
                if isinstance(found, str | bool):
                    problems.append(NotANumber(at=value.span, what="the value beyond the ends"))
                else:
                    beyond = float(found)
            case _:
                how = "is written `fixed(value)`" if boundary == "fixed" else "takes nothing in parentheses"
                problems.append(WrongModifier(at=modifier.span, name=boundary, how=how))
    return boundary, beyond


LARGEST_SIZE = 2**31 - 1
"""Of a dimension: what an index of 32 bits can count."""


def _listed_labels(
    dim: str, written: tree.Listing, settings: Settings, problems: list[Problem]
) -> tuple[str | int | float, ...] | None:
    labels: dict[str | int | float, Span] = {}
    sound = True
    for item in written.items:
        try:
            label = evaluate(item, settings)
        except SpecError as error:
            problems += error.problems
            sound = False
            continue
        if isinstance(label, bool):
            problems.append(WrongSize(at=item.span, name=dim, found=f"the label {shown(label)}"))
            return None
        if label in labels:
            others = (Label(labels[label], "first here"),)
            problems.append(RepeatedLabel(at=item.span, dim=dim, shown=_shown(label), others=others))
            sound = False
        else:
            labels[label] = item.span
    if sound and len({isinstance(label, str) for label in labels}) != 1:
        problems.append(_mixed(dim, labels, written.span))
        sound = False
    return tuple(labels) if sound else None


def _as_setting(problem: Problem) -> Problem:
    """The problem of a size that is not constant, with what to write where it is a name."""
    if not isinstance(problem, NotConstant) or problem.hint or not problem.what.startswith("`"):
        return problem
    return replace(problem, hint=f"make it a setting: `setting {problem.what.strip('`')} : int = …`")


def _mixed(dim: str, labels: Mapping[str | int | float, Span], whole: Span) -> Problem:
    """UQ318 for no labels, or texts among numbers: the one that is odd is marked."""
    if not labels:
        return WrongSize(at=whole, name=dim, found="an empty list")
    texts = [each for each in labels if isinstance(each, str)]
    numbers = [each for each in labels if not isinstance(each, str)]
    first = next(iter(labels))
    few, many = (texts, numbers) if len(texts) < len(numbers) else (numbers, texts)
    odd = next(each for each in labels if isinstance(each, str) != isinstance(first, str))
    odd = odd if len(few) == len(many) else few[0]
    said, hint = "a number among texts", f'in quotes: `"{odd}"`'
    if isinstance(odd, str):
        said, hint = "a text among numbers", f"without quotes: `{odd}`" if odd.isascii() and odd.isdigit() else ""
    found = "texts and numbers in one list"
    return WrongSize(at=labels[odd], name=dim, found=found, said=said, hint=hint)


def _shown(label: object) -> str:
    return f'"{label}"' if isinstance(label, str) else f"`{label}`"


def _unknown_modifier(modifier: tree.Modifier, what: str, known: tuple[str, ...]) -> Problem:
    hint = did_you_mean(modifier.name, known, otherwise=f"it can be {listing(known)}")
    return UnknownModifier(at=modifier.name_span, name=modifier.name, what=what, hint=hint)


def _table(
    statement: tree.Data,
    declarations: Declarations,
    settings: Settings,
    outcome: Collection[str],
    problems: list[Problem],
) -> Table:
    rows = lower_rows(statement, settings, problems)
    written = (each for each in statement.entries if isinstance(each, tree.Field))
    found = (_field(each, declarations, settings, problems) for each in written)
    fields = tuple(
        each.model_copy(update={"outcome": each.name in outcome and each.values is None}) for each in found if each
    )
    problems += [_unknown_modifier(each, "a table", (ALLOW,)) for each in statement.modifiers if each.name != ALLOW]
    return Table(
        span=statement.span,
        path=rows.path,
        fields=fields,
        parts=rows.parts,
        split=rows.split,
        shares=allows(statement.modifiers, SharedRows),
    )


def _field(
    entry: tree.Field, declarations: Declarations, settings: Settings, problems: list[Problem]
) -> DataField | None:
    name, kind = entry.target.name, entry.kind.name
    count = len(problems)
    dims = axis_names(entry.target, problems)
    axes = {each for each, found in declarations.dims.items() if found.what is What.DIMENSION}
    of = declarations.categories.get(name)
    if kind == "time":
        of = entry.kind.argument
        if of is None or of not in axes:
            problems.append(WrongData(at=entry.kind.span, what="the kind of a time names its axis: `time(t)`"))
    elif kind != "category" and kind not in KINDS:
        kinds = [*KINDS, "category", "time"]
        hint = synonyms.meant(kind, kinds, synonyms.KINDS, otherwise=f"it can be {listing(kinds)}")
        problems.append(UnknownKind(at=entry.kind.span, name=kind, hint=hint))
    elif kind != "category" and entry.kind.argument is not None:
        hint = "take it out; a unit of measurement goes in a comment"
        problems.append(
            WrongData(at=entry.kind.span, what=f"the kind `{kind}` takes nothing in parentheses", hint=hint)
        )
    for modifier in entry.modifiers:
        if modifier.name == ALLOW:
            continue
        if modifier.name not in _FIELD_MODIFIERS:
            problems.append(_unknown_modifier(modifier, "a field", _FIELD_MODIFIERS))
        elif modifier.arguments is not None:
            problems.append(WrongModifier(at=modifier.span, name=modifier.name, how="takes nothing in parentheses"))
        elif modifier.name == "missing" and kind == "time":
            problems.append(FeatureNotBuilt(at=modifier.span, feature="times that are missing"))
    columns, spread, values = (own(name),), False, None
    if entry.value is not None:
        value = ungrouped(entry.value)
        if isinstance(value, tree.Call):
            columns, spread = _columns(value, dims, problems) or ((own(name),), False)
        else:
            values = _in_place(value, settings, problems)
    if len(problems) > count:
        return None
    return DataField(
        span=entry.span,
        name=name,
        dims=dims,
        kind=kind,
        of=of,
        columns=columns,
        spread=spread,
        values=values,
        missing=any(modifier.name == "missing" for modifier in entry.modifiers),
        standardized=any(modifier.name == "standardized" for modifier in entry.modifiers),
    )


def axis_names(target: tree.Target, problems: list[Problem]) -> tuple[str, ...]:
    """The dimensions on the left of a statement, each once (UQ220)."""
    seen: dict[str, Span] = {}
    for axis in target.axes:
        name = axis.name + "'" * axis.primes
        if name in seen:
            others = (Label(seen[name], "first here"),)
            problems.append(RepeatedDimension(at=axis.span, dim=name, others=others))
        seen.setdefault(name, axis.span)
    return tuple(seen)


def _columns(call: tree.Call, dims: tuple[str, ...], problems: list[Problem]) -> tuple[tuple[str, ...], bool] | None:
    """The columns that `column("x")` or `columns("x", "y")` names, and whether they spread over a dimension."""
    function = call.function.name if isinstance(call.function, tree.Name) else ""
    if function not in ("column", "columns"):
        hint = did_you_mean(function, ("column", "columns"))
        what = "a field takes its values from `column(…)`, from `columns(…)` or in place"
        problems.append(WrongData(at=call.span, what=what, hint=hint))
        return None
    names: list[str] = []
    for argument in call.arguments:
        value = None if isinstance(argument, tree.Named) else ungrouped(argument)
        if not isinstance(value, tree.Text):
            hint = ""
            if isinstance(value, tree.Name):
                meant = f'"{value.name}"'
                hint = f"did you mean `{f'{function}({meant})' if len(call.arguments) == 1 else meant}`?"
            what = f"`{function}` takes names of columns in quotes"
            problems.append(WrongData(at=argument.span, what=what, hint=hint))
            return None
        names.append(value.value)
    if function == "column" and len(names) != 1:
        found = f"{len(names)} are"
        problems.append(WrongArgumentCount(at=call.span, function="column", expected="one name", found=found))
        return None
    if function == "columns" and (not names or not dims):
        what = "`columns(…)` spreads named columns over the last dimension of a field" + (
            "" if dims else ", but this field has none"
        )
        problems.append(WrongData(at=call.span, what=what))
        return None
    return tuple(names), function == "columns"


def _no_gap(problem: Problem) -> Problem:
    """The problem of a value in place that is not constant, with where one can stand that is not known."""
    if not isinstance(problem, NotConstant) or problem.what.strip("`").lower() not in ("na", "nan", "null", "none"):
        return problem
    return replace(problem, hint="values in place have no gaps: a file may have them, in a field that is `missing`")


def _in_place(value: tree.Expression, settings: Settings, problems: list[Problem]) -> Values:
    """The nested lists of values written in place."""
    if isinstance(value, tree.Listing):
        return tuple(_in_place(ungrouped(item), settings, problems) for item in value.items)
    try:
        found = evaluate(value, settings)
    except SpecError as error:
        problems += [_no_gap(each) for each in error.problems]
        return 0
    if isinstance(found, float) and not isfinite(found):
        problems.append(NotANumber(at=value.span, what="`inf`"))
    return found
