"""From `calibrate` statements to checks of runs: the method and its options resolved, and whether data can be simulated."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from uqdsl import ir
from uqdsl.messages import Label, Problem, did_you_mean, listing
from uqdsl.messages.catalogue.methods import CalibratedTwice, Inadmissible, NotAMethod, UnknownMethod
from uqdsl.messages.catalogue.sources import UnknownRun
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.admissible import Violation, cannot_be_drawn
from uqdsl.semantics.constants import Settings
from uqdsl.semantics.context import Known
from uqdsl.semantics.declare import Declarations
from uqdsl.semantics.options import resolve_options
from uqdsl.semantics.runs import check_interest
from uqdsl.semantics.walk import ungrouped
from uqdsl.syntax import tree
from uqdsl.vocabulary.calibrations import CALIBRATIONS, PLANNED
from uqdsl.vocabulary.methods import Assumption


def lower_calibrations(
    written: tree.Tree,
    declarations: Declarations,
    known: Mapping[str, Known],
    settings: Settings,
    runs: Collection[ir.Run],
    problems: list[Problem],
) -> tuple[ir.Calibration, ...]:
    """The checks that a spec asks for; UQ365, UQ501 to UQ504, UQ507 and UQ509 for what is wrong with them."""
    found: list[ir.Calibration] = []
    for statement in written.statements:
        if not isinstance(statement, tree.Calibrate):
            continue
        for target in statement.names:
            check_interest(target, declarations, known, problems)
        clauses, names = statement.clauses, [each.name for each in runs]
        if clauses.options is not None or clauses.alias is not None:
            problems.append(FeatureNotBuilt(at=clauses.span, feature="`with(…)` and `as` after `calibrate`"))
        if clauses.of is not None and clauses.of not in names:
            hint = did_you_mean(clauses.of, names, otherwise=f"its runs are {listing(names, last='and')}")
            problems.append(UnknownRun(at=clauses.span, name=clauses.of, hint=hint))
        options = _options(statement, settings, problems)
        if options is None:
            continue
        interest = tuple(each.name for each in statement.names)
        made = ir.Calibration(span=statement.span, options=options, names=interest, of=clauses.of)
        for other in found:
            twice = next((name for name in names if made.of in (None, name) and other.of in (None, name)), None)
            if twice is not None:
                others = (Label(other.span, "the first"),)
                problems.append(CalibratedTwice(at=statement.span, name=twice, others=others))
        found.append(made)
    return tuple(found)


def _options(
    statement: tree.Calibrate, settings: Settings, problems: list[Problem]
) -> dict[str, float | int | bool | str | None] | None:
    call = ungrouped(statement.method)
    arguments: tuple[tree.Expression | tree.Named, ...] = ()
    if isinstance(call, tree.Call):
        arguments, call = call.arguments, ungrouped(call.function)
    if not isinstance(call, tree.Name):
        problems.append(NotAMethod(at=call.span, hint="after `calibrate`, that is `sbc(simulations = 500)`"))
        return None
    if call.name in PLANNED:
        problems.append(FeatureNotBuilt(at=call.span, feature=f"`calibrate` by `{call.name}`"))
        return None
    if call.name not in CALIBRATIONS:
        otherwise = f"`calibrate` has {listing(CALIBRATIONS, last='and')}"
        hint = did_you_mean(call.name, CALIBRATIONS, otherwise=otherwise)
        problems.append(UnknownMethod(at=call.span, name=call.name, hint=hint))
        return None
    options = resolve_options(call.name, CALIBRATIONS[call.name], arguments, settings, problems)
    return None if options is None else options.model_dump()


def check_simulated(spec: ir.Spec) -> tuple[Problem, ...]:
    """UQ505 for each `calibrate` of a sound spec whose unknowns or data cannot be drawn."""
    violations = {
        str(Assumption.PRIOR_SAMPLER): cannot_be_drawn(spec),
        "the data can be simulated": cannot_be_simulated(spec),
    }
    return tuple(
        Inadmissible(
            at=each.span,
            method="sbc",
            assumption=assumption,
            reason=first.reason,
            said="not admissible here",
            others=(Label(first.at, first.label), *first.others),
            hint=first.mend,
        )
        for each in spec.calibrations
        for assumption, found in violations.items()
        for first in found[:1]
    )


def cannot_be_simulated(spec: ir.Spec) -> list[Violation]:
    """Likelihoods whose data cannot be replaced by draws of them."""
    fields = {each.name for each in spec.fields}
    # What shows states that a filter accounts for stands in a spec of its own.
    filtered = any(run.states is not None for run in spec.runs)
    parts = (spec, *(each.spec for each in spec.stages if filtered and each.name == "observation"))
    used = {name: each for part in parts for each in part.statements for name in ir.names_used(each)}
    found: list[Violation] = []
    for each in (one for part in parts for one in part.observations):
        if each.name not in fields:
            found.append(Violation(each.span, f"`{each.name}` is computed from data", "not data themselves"))
        elif each.past is not None:
            found.append(Violation(each.span, f"`{each.name}` looks back at its own past", "conditioned on data"))
        elif each.name in used:
            reason = f"`{each.name}` stands on the right of a statement too"
            found.append(Violation(used[each.name].span, reason, f"depends on the data `{each.name}`"))
    return found
