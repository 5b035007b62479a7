"""Whether what is localised knows its distances: along dimensions of numbers, which states and observations have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from uqdsl import ir
from uqdsl.messages import Label, Problem, Span, did_you_mean, listing
from uqdsl.messages.catalogue.localization import CorrelatedErrors, NoDistances, NotToldHowNear, NowhereAlong
from uqdsl.messages.catalogue.names import UnknownDimension
from uqdsl.syntax import tree
from uqdsl.vocabulary.assimilation.ensembles import LocalOptions, SerialOptions
from uqdsl.vocabulary.assimilation.schemes import ByDistance, GaspariCohn
from uqdsl.vocabulary.methods import Method, Options


def places_of(name: str, observation: ir.Spec) -> tuple[tuple[str, str], ...]:
    """The dimensions along which fields say where something is observed, each with its field: categories, or coordinates."""
    written = {each.name: each for each in observation.statements}
    categories = {each.name for each in observation.fields if each.kind == "category"}
    found: dict[str, str] = {}
    waiting, done = [name], set()
    while waiting:
        statement = written.get(waiting.pop())
        if statement is None or statement.name in done:
            continue
        done.add(statement.name)
        waiting += sorted(ir.names_used(statement))
        for each in ir.nodes(statement):
            if not isinstance(each, ir.Gather) or not isinstance(each.index, ir.Reference):
                continue
            if each.between or each.index.name in categories:
                found.setdefault(each.along, each.index.name)
    return tuple(found.items())


def check_localized(
    statement: tree.Assimilate,
    method: Method,
    options: Options,
    states: Sequence[str],
    streams: Sequence[ir.Stream],
    stages: Mapping[str, ir.Spec],
) -> list[Problem]:
    """UQ291 to UQ294.

    Arguments:
        states: names of what moves.
        streams: what is observed of them.
        stages: the specs `initial` and `observation`.
    """
    covariance = getattr(options, "covariance", None)
    if isinstance(covariance, ByDistance):
        return _not_along(covariance.along, _where(statement, "covariance"), states, stages["initial"])
    asked, at = getattr(options, "localization", None), _where(statement, "localization")
    if isinstance(options, LocalOptions) and asked is None:
        dim = next((dim for name in states for dim in _dims_of(stages["initial"], name)), "grid")
        hint = f"write `{method.name}(localization = gaspari_cohn(4, along = {dim}))`, or take `etkf`"
        return [NotToldHowNear(at=at, method=method.name, hint=hint)]
    if not isinstance(asked, GaspariCohn):
        return []
    laws = {each.name: each for each in stages["observation"].statements if isinstance(each, ir.Observation)}
    if isinstance(options, SerialOptions) and (name := next((each for each in laws if laws[each].law.event), None)):
        others = (Label(laws[name].span, "their errors"),)
        return [CorrelatedErrors(at=at, method=method.name, name=name, others=others)]
    problems = _not_along(asked.along, at, states, stages["initial"])
    for dim in asked.along if not problems else ():
        for stream in streams:
            owned = _dims_of(stages["observation"], stream.name)
            if dim not in owned and dim not in dict(stream.places):
                hint = (
                    f"observe over `{dim}`, or where a field says, as in `[{dim} = site]`; or do not localise along it"
                )
                problems.append(NowhereAlong(at=at, dim=dim, name=stream.name, what="observed", hint=hint))
    return problems


def _not_along(along: Sequence[str], at: Span, states: Sequence[str], initial: ir.Spec) -> list[Problem]:
    """Why states have no distances along dimensions."""
    dims = {each.name: each for each in initial.dims}
    problems: list[Problem] = []
    for dim in along:
        if dim not in dims:
            problems.append(UnknownDimension(at=at, dim=dim, hint=did_you_mean(dim, dims)))
            continue
        word = next((each for each in dims[dim].labels or () if isinstance(each, str)), None)
        if word is not None:
            problems.append(NoDistances(at=at, dim=dim, word=word))
            continue
        nowhere = next((name for name in states if dim not in _dims_of(initial, name)), None)
        if nowhere is not None:
            owned = _dims_of(initial, nowhere)
            hint = f"its dimensions are {listing(owned, last='and')}" if owned else "it is a single number, of no place"
            problems.append(NowhereAlong(at=at, dim=dim, name=nowhere, what="a state", hint=hint))
    return problems


def _dims_of(spec: ir.Spec, name: str) -> tuple[str, ...]:
    return next((each.dims for each in spec.statements if each.name == name and not isinstance(each, ir.Factor)), ())


def _where(statement: tree.Assimilate, option: str) -> Span:
    """Where an option of a statement stands, or its method."""
    method = statement.method
    if isinstance(method, tree.Call):
        for each in method.arguments:
            if isinstance(each, tree.Named) and each.name == option:
                return each.value.span
    return statement.span if method is None else method.span
