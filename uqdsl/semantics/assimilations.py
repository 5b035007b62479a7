"""From `assimilate` statements to assimilations: the method found by its name, its options checked, what it estimates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from uqdsl import ir
from uqdsl.messages import Label, Problem, SpecError, did_you_mean, errors, listing
from uqdsl.messages.catalogue.kinds import GivenTwice
from uqdsl.messages.catalogue.methods import RunDeclaredTwice, UnknownOption, WrongOption
from uqdsl.messages.catalogue.names import UndeclaredName
from uqdsl.messages.catalogue.states import MethodChosen, NeitherFixedNorSampled, NotAssimilated, NotTheTruth
from uqdsl.semantics.admissible import shape_of
from uqdsl.semantics.constants import Settings, evaluate, shown
from uqdsl.semantics.linear_gaussian import not_linear_gaussian
from uqdsl.semantics.localized import check_localized
from uqdsl.semantics.runs import resolve_method
from uqdsl.semantics.walk import ungrouped
from uqdsl.syntax import tree
from uqdsl.vocabulary.assimilation import filters
from uqdsl.vocabulary.methods import Method, Options

_WITH = ("fixed", "sampled", "truth", "keep", "failures")
_FAILURES = ("replace", "stop")
_MOST_KEPT = 1000


def lower_assimilations(
    written: tree.Tree,
    states: Sequence[str],
    unknowns: Mapping[str, tuple[str, ...]],
    fields: Mapping[str, tree.Field],
    streams: Sequence[ir.Stream],
    stages: Sequence[ir.Stage],
    settings: Settings,
    problems: list[Problem],
) -> tuple[ir.Assimilation, ...]:
    """The assimilations that a spec asks for.

    Arguments:
        states: names of what moves.
        unknowns: names of parameters, and of groups of them, each with the parameters that it stands for.
        fields: of the data, by name.
        streams: what is observed of the states.
        stages: where they begin, one step, and what is observed of them.
    """
    found: dict[str, ir.Assimilation] = {}
    for statement in written.statements:
        if not isinstance(statement, tree.Assimilate):
            continue
        made = _assimilation(statement, states, unknowns, fields, streams, stages, settings, problems)
        if made is not None and made.name in found:
            others = (Label(found[made.name].span, "the first"),)
            problems.append(RunDeclaredTwice(at=statement.span, name=made.name, others=others))
        elif made is not None:
            found[made.name] = made
    return tuple(found.values())


def _assimilation(
    statement: tree.Assimilate,
    states: Sequence[str],
    unknowns: Mapping[str, tuple[str, ...]],
    fields: Mapping[str, tree.Field],
    streams: Sequence[ir.Stream],
    stages: Sequence[ir.Stage],
    settings: Settings,
    problems: list[Problem],
) -> ir.Assimilation | None:
    count = len(problems)
    for target in statement.names:
        if target.name not in {*states, *unknowns}:
            known = [*states, *unknowns]
            hint = did_you_mean(target.name, known) or f"there are {listing(known, last='and')}"
            problems.append(UndeclaredName(at=target.name_span, name=target.name, hint=hint))
    names = _parts((each.name for each in statement.names), unknowns)
    for state in states:
        if state not in names:
            problems.append(NotAssimilated(at=statement.span, name=state))
    stated = _stated(statement, states, unknowns, fields, settings, problems)
    single = dict.fromkeys(_parts(unknowns, unknowns))
    open_ = [each for each in single if each not in {*names, *stated["fixed"], *stated["sampled"]}]
    if open_ and len(problems) == count:
        hint = f"write `with(fixed = [{', '.join(open_)}])`, or `sampled`, or name {listing(open_)} before `by`"
        problems.append(NeitherFixedNorSampled(at=statement.span, names=listing(open_, last="and"), hint=hint))
    if statement.method is None:
        unsure = _parts([each for each in unknowns if each in {*names, *stated["sampled"]}], unknowns)
        curved = not_linear_gaussian(stages, states, unsure)
        resolved = _chosen(
            statement, _best(stages, curved, estimates=bool(set(unknowns) & set(names))), curved, problems
        )
    else:
        resolved = resolve_method(statement.method, settings, problems, filters(), ())
    if resolved is None or errors(problems[count:]):
        return None
    method, options = resolved
    by_name = {each.name: each.spec for each in stages}
    if {"initial", "observation"} <= by_name.keys():
        problems += check_localized(statement, method, options, states, streams, by_name)
    return ir.Assimilation(
        span=statement.span,
        name=statement.clauses.alias or method.name,
        method=method.name,
        options=options.model_dump(),
        names=names,
        **stated,
    )


def _parts(names: Iterable[str], unknowns: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Names, of which those of groups stand for their parts."""
    return tuple(part for name in names for part in unknowns.get(name, (name,)))


def _best(stages: Sequence[ir.Stage], curved: str, *, estimates: bool) -> str:
    """The name of a method: an exact one, else an ensemble, else particles where observations are not Gaussian."""
    if not curved:
        return "extended_kalman" if estimates else "kalman"
    seen = (each for stage in stages if stage.name == "observation" for each in stage.spec.statements)
    return "bootstrap" if any(isinstance(each, ir.Observation) and shape_of(each.law) for each in seen) else "etkf"


def _chosen(statement: tree.Assimilate, name: str, curved: str, problems: list[Problem]) -> tuple[Method, Options]:
    """The method of an `assimilate` that names none, and a note that says so."""
    method = filters()[name]
    why = curved or "everything is linear and Gaussian, for which it is exact"
    problems.append(MethodChosen(at=statement.span, method=method.name, why=why))
    return method, method.options()


def _stated(
    statement: tree.Assimilate,
    states: Sequence[str],
    unknowns: Mapping[str, tuple[str, ...]],
    fields: Mapping[str, tree.Field],
    settings: Settings,
    problems: list[Problem],
) -> dict[str, Any]:
    """What stands in `with(…)`."""
    found: dict[str, Any] = {"fixed": (), "sampled": (), "truth": (), "kept": 0, "failures": _FAILURES[0]}
    seen: set[str] = set()
    for each in statement.clauses.options or ():
        if not isinstance(each, tree.Named) or each.name not in _WITH:
            name = each.name if isinstance(each, tree.Named) else "…"
            hint = did_you_mean(name, _WITH) or f"there are {listing(_WITH, last='and')}"
            problems.append(UnknownOption(at=each.span, method="assimilate", option=name, hint=hint))
            continue
        if each.name in seen:
            problems.append(GivenTwice(at=each.span, owner="assimilate", name=each.name))
        seen.add(each.name)
        if each.name == "keep":
            found["kept"] = _kept(each, settings, problems)
            continue
        if each.name == "failures":
            found["failures"] = _chosen_word(each, _FAILURES, problems)
            continue
        known = fields if each.name == "truth" else unknowns
        value = ungrouped(each.value)
        items = value.items if isinstance(value, tree.Listing) else (value,)
        names = [tree.dotted(item) if isinstance(item, tree.Name | tree.Attribute) else None for item in items]
        for item, name in zip(items, names, strict=True):
            if name not in known:
                what = "a field of the data" if each.name == "truth" else "unknowns that are no states"
                shown = f"`{name}`" if name else "something else"
                problems.append(
                    WrongOption(at=item.span, method="assimilate", option=each.name, expected=what, found=shown)
                )
        chosen = _parts((name for name in names if name is not None), unknowns)
        found[each.name] = chosen
        if each.name == "truth" and len(chosen) != len(states) and len(chosen) == len(names):
            what = f"a field for each of the states {listing(states, last='and')}, in this order"
            shown = f"{len(chosen)} of them"
            problems.append(
                WrongOption(at=each.value.span, method="assimilate", option="truth", expected=what, found=shown)
            )
    return found


def _chosen_word(option: tree.Named, words: Sequence[str], problems: list[Problem]) -> str:
    """One of several words; the first where it is none of them."""
    value = ungrouped(option.value)
    if isinstance(value, tree.Name) and value.name in words:
        return value.name
    expected = listing([f"`{each}`" for each in words])
    found = f"`{value.name}`" if isinstance(value, tree.Name) else "something else"
    problems.append(WrongOption(at=value.span, method="assimilate", option=option.name, expected=expected, found=found))
    return words[0]


def _kept(option: tree.Named, settings: Settings, problems: list[Problem]) -> int:
    """How many members are kept."""
    try:
        value = evaluate(option.value, settings)
    except SpecError as error:
        problems += error.problems
        return 0
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_KEPT:
        return value
    expected = f"a whole number of members, from 0 to {_MOST_KEPT}"
    problems.append(
        WrongOption(at=option.value.span, method="assimilate", option="keep", expected=expected, found=shown(value))
    )
    return 0


def check_truth(spec: ir.Spec) -> Iterator[Problem]:
    """What estimates are scored against has the dimensions of the states, and the axis along which they move (UQ288)."""
    if spec.motion is None:
        return
    first = next(each for each in spec.stages if each.name == "initial").spec
    states = {each.name: each for each in (*first.unknowns, *first.quantities)}
    fields = {each.name: each for each in spec.fields}
    for each in spec.motion.assimilations:
        for state, name in zip(spec.motion.states, each.truth, strict=False):
            dims = (spec.motion.axis, *states[state].dims)
            if set(fields[name].dims) != set(dims):
                found = f"`{name}[{', '.join(fields[name].dims)}]`" if fields[name].dims else f"the number `{name}`"
                expected = f"{name}[{', '.join(dims)}]"
                others = (Label(fields[name].span, "declared here"),)
                yield NotTheTruth(at=each.span, name=found, state=state, expected=expected, others=others)
