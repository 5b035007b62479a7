"""What a spec says of the five sources of uncertainty: an `uncertainty` block, read and checked.

The five are those of van Leeuwen's equation (lecture *Leveraging Data-Assimilation ideas and tools in Machine Learning*).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from uqdsl.ir import SOURCES
from uqdsl.messages import Label, Problem, Span, did_you_mean, listing
from uqdsl.messages.catalogue.parts import NoUnits
from uqdsl.messages.catalogue.sources import (
    ErrorTwice,
    NotAnError,
    NotRecorded,
    SourceTwice,
    UnknownSource,
    WrongEntry,
    WrongStance,
)
from uqdsl.semantics.located import Change, normal, rescaled
from uqdsl.semantics.walk import law_name, names_in, ungrouped
from uqdsl.syntax import tree
from uqdsl.syntax.templates import expression, rebuilt
from uqdsl.vocabulary.distributions import DISTRIBUTIONS

type Stance = Literal["exact", "inferred", "declared", "left out"]
PARTS = {"training_data": "training", "testing_data": "testing", "new_input": "new"}
"""The part of the data of which a source is the error."""
_OUTCOME = "an outcome"
_STANCES = {"weights": ("inferred", "exact"), "function": ("inferred", "exact")}


class Normal(NamedTuple):
    """A normal law around a value: what is added to that, if anything is, and the standard deviation."""

    offset: tree.Expression | None
    sd: tree.Expression


class Error(NamedTuple):
    """How recorded values scatter about the true ones, or, with `berkson`, the true ones about those recorded.

    It may be joint for several fields. Names in `law`, `modifiers` and `normal` mean what they mean in the spec; `entry` has
    them in the units in which the field was recorded, which are others where it is standardised.

    - normal: of Normal(truth(Z) + offset, sd), and of a Berkson error Normal(Z + offset, sd); None for any other law.
    """

    names: tuple[str, ...]
    entry: tree.SourceEntry
    law: tree.Call
    berkson: bool
    modifiers: tuple[tree.Modifier, ...]
    normal: Normal | None


def _normal_of(name: str, entry: tree.SourceEntry, *, berkson: bool) -> Normal | None:
    found = normal(entry.law)
    if found is None or entry.modifiers or any(each.name == "truth" for each in names_in(found[1])):
        return None

    def is_centre(node: tree.Expression) -> bool:
        return isinstance(node, tree.Name) and node.name == name if berkson else truth_of(node) == name

    location = ungrouped(found[0])
    if is_centre(location):
        return Normal(None, found[1])
    if isinstance(location, tree.Binary) and location.operator in ("+", "-"):
        left, right = ungrouped(location.left), ungrouped(location.right)
        if is_centre(left) and not _speaks_of(right, name):
            sign = "" if location.operator == "+" else "-"
            return Normal(expression(f"{sign}R_", right.span, R_=right), found[1])
        if is_centre(right) and location.operator == "+" and not _speaks_of(left, name):
            return Normal(left, found[1])
    return None


def truth_of(node: object) -> str | None:
    """The name of the field in `truth(Z)`; None for anything else."""
    if not isinstance(node, tree.Call) or law_name(node) != "truth" or len(node.arguments) != 1:
        return None
    of = node.arguments[0]
    return of.name if isinstance(of, tree.Name) else None


def _speaks_of(node: object, name: str) -> bool:
    return any(each.name in (name, "truth") for each in names_in(node))


@dataclass
class Sources:
    """What is said of each source: its `stance` is `exact`, `inferred`, `declared` or `left out`.

    `errors` are those of recorded fields in each part of the data, `priors` what else is unknown in each source, and `cut` says
    whether training data keep their declared law, whatever the fit says of them.
    """

    stance: dict[str, Stance] = field(default_factory=lambda: dict.fromkeys(SOURCES, "left out"))
    at: dict[str, Span] = field(default_factory=dict)
    errors: dict[str, list[Error]] = field(default_factory=lambda: {part: [] for part in PARTS.values()})
    priors: dict[str, list[tree.Prior]] = field(default_factory=lambda: {name: [] for name in SOURCES})
    residual: tree.SourceEntry | None = None
    cut: bool = False

    def recorded(self, source: str) -> tuple[str, ...]:
        """The fields that have errors in the part of the data that a source is of."""
        return tuple(name for each in self.errors.get(PARTS.get(source, ""), ()) for name in each.names)

    def error_of(self, name: str, part: str) -> Error | None:
        """The recording error of a field in a part of the data."""
        return next((each for each in self.errors.get(part, ()) if name in each.names), None)


def read_sources(written: tree.Tree, fields: Mapping[str, tree.Field], problems: list[Problem]) -> Sources | None:
    """What the `uncertainty` blocks of a spec say; None where there is none.

    Arguments:
        fields: those of the data, by name.
    """
    blocks = [each for each in written.statements if isinstance(each, tree.Uncertainty)]
    if not blocks:
        return None
    found = Sources()
    kinds = ((tree.Prior, "an unknown"), (tree.Likelihood, _OUTCOME), (tree.Let, "a `let`"))
    declared = {
        each.target.name: Label(each.target.span, what)
        for kind, what in kinds
        for each in written.statements
        if isinstance(each, kind)
    }
    for source in (each for block in blocks for each in block.sources):
        if source.name not in SOURCES:
            problems.append(UnknownSource(at=source.span, name=source.name, hint=did_you_mean(source.name, SOURCES)))
        elif source.name in found.at:
            others = (Label(found.at[source.name], "the first"),)
            problems.append(SourceTwice(at=source.span, name=source.name, others=others))
        else:
            found.at[source.name] = source.span
            _read_source(source, found, fields, declared, problems)
    return found


def _read_source(
    source: tree.Source,
    found: Sources,
    fields: Mapping[str, tree.Field],
    declared: Mapping[str, Label],
    problems: list[Problem],
) -> None:
    possible = _STANCES.get(source.name, ("exact",))
    stance = "cut" if source.cut and source.name != "training_data" else source.stance
    if stance is not None and stance not in possible:
        braces = "laws in braces" if source.name in PARTS else "a law of its `residual` in braces"
        what = f"{listing(possible)}{'' if source.name == 'weights' else f', or have {braces}'}"
        problems.append(WrongStance(at=source.span, name=source.name, stance=stance, possible=what))
        return
    found.stance[source.name] = stance or "declared"  # type: ignore[assignment]
    found.cut = found.cut or source.cut
    for entry in source.entries:
        if entry.prior:
            target = _target(entry.left)
            if target is None:
                problems.append(WrongEntry(at=entry.span, source=source.name, expected="`prior name ~ law`"))
            else:
                found.priors[source.name].append(tree.Prior(entry.span, target, entry.law, entry.modifiers))
        elif source.name in PARTS:
            _read_error(entry, source, found, fields, declared, problems)
        elif source.name == "function" and isinstance(entry.left, tree.Name) and entry.left.name == "residual":
            if found.residual is not None:
                problems.append(ErrorTwice(at=entry.span, name="residual", source=source.name))
            found.residual = entry
        else:
            expected = "`residual ~ law` and priors" if source.name == "function" else "priors"
            problems.append(WrongEntry(at=entry.span, source=source.name, expected=expected))
    if source.name == "function" and source.stance is None and found.residual is None:
        problems.append(WrongEntry(at=source.span, source=source.name, expected="`residual ~ law`"))


def _target(left: tree.Expression) -> tree.Target | None:
    """`offset` or `offset[input]` as what a prior declares."""
    axes: tuple[tree.Axis, ...] = ()
    at = left.span
    if isinstance(left, tree.Select):
        if not all(isinstance(each, tree.Name) for each in left.selectors):
            return None
        axes = tuple(tree.Axis(each.span, each.name) for each in left.selectors if isinstance(each, tree.Name))
        left = left.value
    return tree.Target(at, left.name, left.span, axes) if isinstance(left, tree.Name) else None


def _read_error(
    entry: tree.SourceEntry,
    source: tree.Source,
    found: Sources,
    fields: Mapping[str, tree.Field],
    declared: Mapping[str, Label],
    problems: list[Problem],
) -> None:
    left = ungrouped(entry.left)
    items = left.items if isinstance(left, tree.Listing) else (left,)
    truths = [truth_of(each) for each in items]
    berkson = None not in truths
    names = truths if berkson else [each.name if isinstance(each, tree.Name) else None for each in items]
    law = ungrouped(entry.law)
    expected = "laws such as `Z ~ Normal(truth(Z), sd)`"
    if None in names or not isinstance(law, tree.Call) or law_name(law) not in DISTRIBUTIONS:
        problems.append(WrongEntry(at=entry.span, source=source.name, expected=expected))
        return
    known = [each for each in names if each is not None]
    outcomes = [each for each in known if each in declared and declared[each].text == _OUTCOME]
    if outcomes and (berkson or (source.name == "new_input" and len(known) > 1)):
        name = outcomes[0]
        expected = f"how the recorded `{name}` scatters about the true one, `{name} ~ Normal(truth({name}), sd)`"
        problems.append(WrongEntry(at=entry.span, source=source.name, expected=expected))
        return
    errors = found.errors[PARTS[source.name]]
    for name, item in zip(known, items, strict=True):
        if name not in fields:
            own = declared.get(name)
            what, others = (own.text, (own,)) if own else ("not declared", ())
            hint = did_you_mean(name, fields)
            problems.append(NotRecorded(at=item.span, name=name, what=what, others=others, hint=hint))
            return
        if found.error_of(name, PARTS[source.name]) is not None:
            problems.append(ErrorTwice(at=entry.span, name=name, source=source.name))
            return
        spoken = {each.name for each in names_in(law)} if berkson else set(_truths_in(law))
        if name not in spoken:
            problems.append(NotAnError(at=law.span, name=name))
            return
    made = _in_units_of_spec(tuple(known), entry, law, fields, berkson=berkson)
    if made is None:
        problems.append(NoUnits(at=law.span, law=law_name(law), name=known[0]))
    else:
        errors.append(made)


def standardised(fields: Mapping[str, tree.Field]) -> frozenset[str]:
    """The fields whose names stand for (field - centre) / width in what a spec states."""
    return frozenset(
        name for name, each in fields.items() if any(modifier.name == "standardized" for modifier in each.modifiers)
    )


def as_recorded[T: tree.Node](node: T, names: Collection[str]) -> T:
    """An expression in which the names of some standardised fields, and `truth(Z)`, are in the units of what was recorded."""

    def change(value: object) -> object:
        if isinstance(value, tree.Attribute) and tree.dotted(value):
            return value
        of = value.name if isinstance(value, tree.Name) else truth_of(value)
        if of in names and isinstance(value, tree.Name | tree.Call):
            return tree.Group(value.span, expression(f"{of}.centre + {of}.width * V_", value.span, V_=value))
        return rebuilt(value, change) if isinstance(value, tree.Node) else value

    return change(node)  # type: ignore[return-value]


def _in_units_of_spec(
    names: tuple[str, ...], entry: tree.SourceEntry, law: tree.Call, fields: Mapping[str, tree.Field], *, berkson: bool
) -> Error | None:
    """An error as the spec speaks of its fields; None where its law cannot be put so."""
    scaled, name = standardised(fields), names[0]
    found = _normal_of(name, entry, berkson=berkson) if len(names) == 1 else None
    modifiers = tuple(as_recorded(each, scaled) for each in entry.modifiers)
    own = as_recorded(law, scaled)
    if len(names) > 1 or name not in scaled:
        moved = found and Normal(found.offset and as_recorded(found.offset, scaled), as_recorded(found.sd, scaled))
        return Error(names, entry, own, berkson, modifiers, moved)
    at = law.span
    centre, width = expression(f"{name}.centre", at), expression(f"{name}.width", at)

    def narrower(value: tree.Expression) -> tree.Expression:
        return expression("V_ / W_", value.span, V_=as_recorded(value, scaled), W_=width)

    if found is not None:
        found = Normal(found.offset and narrower(found.offset), narrower(found.sd))

    def place(value: tree.Expression) -> tree.Expression:
        return expression("(V_ - C_) / W_", value.span, V_=value, C_=centre, W_=width)

    own = rescaled(own, place, lambda scale: expression("S_ / W_", scale.span, S_=scale, W_=width))

    modifiers = tuple(_with_arguments(each, place) for each in modifiers)
    return own and Error(names, entry, own, berkson, modifiers, found)


def _with_arguments(modifier: tree.Modifier, change: Change) -> tree.Modifier:
    made = (
        replace(each, value=change(each.value)) if isinstance(each, tree.Named) else change(each)
        for each in modifier.arguments or ()
    )
    return replace(modifier, arguments=modifier.arguments and tuple(made))


def _truths_in(node: tree.Expression) -> list[str]:
    """The fields of whose true values an expression speaks."""
    found: list[str] = []

    def visit(value: object) -> object:
        name = truth_of(value)
        if name is not None:
            found.append(name)
        elif isinstance(value, tree.Node):
            rebuilt(value, visit)
        return value

    visit(node)
    return found
