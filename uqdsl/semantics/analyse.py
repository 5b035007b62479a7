"""The whole of semantics, top to bottom: from the tree of a spec to its IR."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import PurePath
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Problem, Span, errors
from uqdsl.messages.catalogue.states import NoStates, NothingToAccountFor, StatesUnaccounted
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt, StatementNotBuilt
from uqdsl.semantics.admissible import check_admissible, check_linearised, check_moments
from uqdsl.semantics.ahead import look_ahead
from uqdsl.semantics.allowed import heed_allowed, not_allowed
from uqdsl.semantics.assimilations import check_truth, lower_assimilations
from uqdsl.semantics.batches import check_batches
from uqdsl.semantics.calibrations import check_simulated, lower_calibrations
from uqdsl.semantics.constants import Settings, Value, resolve_settings
from uqdsl.semantics.context import Context, Known
from uqdsl.semantics.declare import collect_declarations
from uqdsl.semantics.dynamics import Moved, move, without, without_axis
from uqdsl.semantics.gradients import check_gradients
from uqdsl.semantics.lints import BUILT, check_conditioned, check_informed, check_question, check_used, without_halves
from uqdsl.semantics.localized import places_of
from uqdsl.semantics.networks import lower_networks
from uqdsl.semantics.parts import outcomes
from uqdsl.semantics.predictions import lower_predictions
from uqdsl.semantics.recording import known_errors
from uqdsl.semantics.rows import Statistics, of_own_rows
from uqdsl.semantics.runs import lower_runs, states_clause
from uqdsl.semantics.stages import Staged, stage
from uqdsl.semantics.statements import Lowered, lower_statements
from uqdsl.semantics.states import initial, leaves_its_kind
from uqdsl.semantics.sums import plan_sums
from uqdsl.semantics.tables import lower_tables
from uqdsl.semantics.walk import names_in
from uqdsl.syntax import tree
from uqdsl.syntax.parser import Parsed
from uqdsl.vocabulary.supports import KINDS, kind_that_holds, point


class Analysed(NamedTuple):
    """What a spec means.

    - spec: the IR; None where it has errors.
    - problems: all of them, in the order of the text.
    - schema: its settings, dimensions and tables alone, which data can be checked against whatever is wrong elsewhere;
      None where something is wrong with these.
    """

    spec: ir.Spec | None
    problems: tuple[Problem, ...]
    schema: ir.Spec | None = None


def analyse(
    parsed: Parsed, settings: Mapping[str, Value] | None = None, runs: Sequence[ir.Run] | None = None
) -> Analysed:
    """Give a parsed spec its meaning.

    Args:
        parsed: what `uqdsl.syntax.parse` read.
        settings: values that go before those of the `setting` statements.
        runs: go before those of the `infer` statements.

    Returns:
        The IR, and all problems of the spec (those of its form too) at once.
    """
    return _analyse(parsed, settings, runs, asks=True)[0]


def _analyse(
    parsed: Parsed, settings: Mapping[str, Value] | None, runs: Sequence[ir.Run] | None, *, asks: bool
) -> tuple[Analysed, Mapping[str, Known]]:
    """The same for a spec, or for a stage that asks nothing by itself, with what is known of every name."""
    found = [*parsed.problems, *refuse_unbuilt(parsed.tree)]
    whole = parsed.tree
    asked = [each for each in whole.statements if isinstance(each, tree.Assimilate)]
    filtered = [each for each in whole.statements if isinstance(each, tree.Infer) and states_clause(each) is not None]
    moved = move(whole) if asked or filtered else None
    if asked and moved is None:
        found.append(NoStates(at=asked[0].span))
    if filtered and moved is None:
        found.append(NothingToAccountFor(at=filtered[0].span))
    if moved is not None:
        found += moved.problems
        inferred = any(isinstance(each, tree.Infer) for each in whole.statements)
        parsed = parsed._replace(tree=without(whole, tree.Assimilate) if inferred and not filtered else moved.static)
        asks = asks and inferred and not filtered
        found += _unaccounted(whole) if filtered else ()
    staged = stage(parsed.tree)
    written = staged.training
    found += staged.problems
    read = len(found)
    declarations, problems = collect_declarations(written, parsed.sources.text)
    found += problems
    resolved, problems = resolve_settings(written, settings or {})
    found += problems
    values = _all_settings(written, resolved)
    dims, tables, problems = lower_tables(written, declarations, values, outcomes(parsed.tree))
    found += problems
    sound = not errors(found[read:]) and not any(_is_of_data(each) for each in written.statements)
    fields = tuple(field for table in tables for field in table.fields)
    networks = lower_networks(written, declarations, {dim.name: dim for dim in dims}, fields, values)
    found += networks.problems
    written, declarations = networks.spec, networks.declarations
    own = {dim.name for dim in networks.dims}
    dims = (*(dim for dim in dims if dim.name not in own), *networks.dims)
    lowered = lower_statements(written, declarations, {dim.name: dim for dim in dims}, fields, values, networks)
    found += lowered.problems
    written_runs, problems = lower_runs(
        written, declarations, lowered.known, values, moved.states if moved is not None and filtered else ()
    )
    found += problems
    constants = {
        name.name
        for each in written.statements
        if isinstance(each, tree.Setting | tree.Dim | tree.Infer)
        for name in names_in(each)
    }
    sums, problems = plan_sums(lowered.statements, constants)
    found += problems
    spec = ir.Spec(
        name=PurePath(parsed.sources.names[0]).stem,
        title=title_of(written),
        settings=resolved,
        dims=(*dims, *lowered.dims),
        tables=tables,
        functions=lowered.functions,
        externs=lowered.externs,
        networks=tuple(networks.found.values()),
        statements=lowered.statements,
        sums=sums,
        runs=(written_runs if asks or filtered or moved is None else ()) if runs is None else _like(written_runs, runs),
    )
    found += check_question(written) if asks else ()
    predictions = lower_predictions(parsed.tree, lowered.statements, tables, values, spec.runs, staged.sources, found)
    calibrations = lower_calibrations(parsed.tree, declarations, lowered.known, values, spec.runs, found)
    spec = spec.model_copy(update={"calibrations": calibrations})
    if staged.sources is not None and not errors(found):
        stages, problems = _stages(staged, spec, lowered, parsed, settings)
        found += problems
        said = staged.sources
        place = Context(declarations, lowered.known, values, {dim.name: dim for dim in dims}, owner="", free=True)
        sources = tuple(
            ir.Source(
                span=said.at.get(name, Span(0, 0)),
                name=name,
                stance=said.stance[name],
                cut=said.cut and name == "training_data",
                recorded=said.recorded(name),
                errors=known_errors(parsed.tree, said, name, place),
            )
            for name in ir.SOURCES
        )
        spec = spec.model_copy(update={"stages": stages, "sources": sources, "predictions": predictions})
    if moved is not None and not errors(found):
        stages, problems = _moving_stages(moved, spec, lowered, parsed, settings)
        found += problems
        streams = tuple(_stream(stages, name, rows, times) for name, (rows, times) in moved.times.items())
        parameters = {each.name: (each.name,) for each in spec.unknowns if each.name not in map(initial, moved.states)}
        parameters |= networks.groups
        assimilations = lower_assimilations(
            whole, moved.states, parameters, moved.fields, streams, stages, values, found
        )
        motion = ir.Motion(
            axis=moved.axis,
            states=moved.states,
            kinds=tuple(each.kind or "real" for each in moved.names),
            errors=moved.errors,
            streams=streams,
            assimilations=assimilations,
        )
        spec = spec.model_copy(update={"stages": stages, "motion": motion})
    if not errors(found):
        spec = look_ahead(parsed.tree, spec, values, found)
    if not errors(found):
        found += ir.wrong_ranks(spec, _sizes(spec))
        found += check_informed(spec, declarations) if asks or moved is None else ()
        found += (*check_used(spec, written if moved is None else whole), *check_conditioned(spec))
        found += check_truth(spec)
        found += not_allowed(whole, check_moments(spec))
        found += check_gradients(spec) or (*check_admissible(spec), *check_linearised(spec), *check_simulated(spec))
        found += (*check_batches(spec),) if asks else ()
    found = without_halves(heed_allowed(written, found))
    found.sort(key=lambda problem: problem.at or (-1, -1))
    schema = spec.model_copy(update={"statements": (), "runs": (), "calibrations": ()}) if sound else None
    return Analysed(None if errors(found) else spec, tuple(found), schema), lowered.known


def _like(written: Sequence[ir.Run], runs: Sequence[ir.Run]) -> tuple[ir.Run, ...]:
    """Runs in the place of those that are written, with states accounted for as there."""
    states = next((each.states for each in written if each.states is not None), None)
    return tuple(each if each.states else each.model_copy(update={"states": states}) for each in runs)


def _unaccounted(written: tree.Tree) -> list[Problem]:
    """UQ286 for each `infer` that does not say how states are accounted for, where another does."""
    return [
        StatesUnaccounted(at=each.span)
        for each in written.statements
        if isinstance(each, tree.Infer) and states_clause(each) is None
    ]


def _sizes(spec: ir.Spec) -> dict[str, int]:
    """The sizes of dimensions that the spec itself states."""
    sizes = {each.name: each.size if each.labels is None else len(each.labels) for each in spec.dims}
    return {name: size for name, size in sizes.items() if size is not None}


def _stages(
    staged: Staged, spec: ir.Spec, lowered: Lowered, parsed: Parsed, settings: Mapping[str, Value] | None
) -> tuple[tuple[ir.Stage, ...], list[Problem]]:
    """Each stage as a spec, to which what was found before it is given as data."""
    known = {each.name: lowered.known.get(each.name) or Known(each.dims) for each in spec.unknowns}
    priors = {each.target.name for each in staged.training.statements if isinstance(each, tree.Prior)}
    # What is made of others, as noncentered walks are of their steps, is found with these, and cannot be found anew.
    known |= {each.name: Known(each.dims) for each in spec.quantities if each.name in priors}
    posterior, composed = dict(known), _composed(spec, staged.training.statements)
    earlier = [Statistics("statistics", "training", spec, {})]
    stages: list[ir.Stage] = []
    problems: list[Problem] = []
    if any(each.name == "refit" for each in staged.stages):
        feature = "`noncentered` unknowns that are joint, with errors of training data or exact weights"
        stated = {each.target.name for each in parsed.tree.statements if isinstance(each, tree.Prior)}
        alike = [each for each in spec.quantities if each.name in stated and not set(each.dims) & staged.rows]
        problems += [FeatureNotBuilt(at=each.span, feature=feature) for each in alike]
    of_inputs: dict[str, dict[str, Known]] = {}
    for each in staged.stages:
        # A prior of rows brings what it brings, such as the weights of basis functions, once more.
        places = {statement.span for statement in each.statements if isinstance(statement, tree.Prior)}
        made = {name for name, span in composed.items() if span in places}
        made |= {statement.target.name for statement in each.statements if isinstance(statement, tree.Prior)}
        given = {
            name: what
            for name, what in (known | of_inputs.get(each.part, {})).items()
            if each.name != "refit"
            and name not in made
            and (each.part == "training" or not set(what.dims) & staged.rows)
        }
        true = (_given(name, known[name]) if (name := field.target.name) in known else field for field in each.given)
        fields = (*(_given(name, what) for name, what in given.items()), *true)
        table = tree.Data(span=Span(0, 0), source=None, entries=fields, modifiers=())
        whole = tree.Tree((*each.statements, table), ())
        (found, said, _), found_known = _analyse(Parsed(whole, parsed.sources, ()), settings, (), asks=False)
        problems += errors(said)
        if found is None:
            continue
        names = tuple(field.target.name for field in fields)
        if each.name in ("inputs", "calibration_inputs"):
            # Of what is known, that alone which has to do with inputs: the law of a residual is for another seed.
            found = _without_fields(found, given.keys() - ir.names_used((found.statements, found.sums)))
            names = tuple(name for name in names if name in {field.name for field in found.fields})
        if each.part != "training":
            found, more, said = of_own_rows(found, earlier, staged.rows, known | of_inputs.get(each.part, {}))
            names, problems = (*names, *more), [*problems, *said]
        found = _recording(found) if each.name in ("prediction", "calibration") else found
        stages.append(ir.Stage(name=each.name, part=each.part, given=names, inputs=each.inputs, spec=found))
        made_known = {made.name: found_known.get(made.name) or Known(made.dims) for made in found.unknowns}
        if each.name in ("inputs", "calibration_inputs"):
            of_inputs[each.part] = made_known
            composed |= _composed(found, each.statements)
        if each.name == "residual":
            known |= made_known
            composed |= _composed(found, each.statements)
            earlier.append(Statistics("residual_statistics", "testing", found, {}))
    after = next((place for place, each in enumerate(stages, 1) if each.name == "residual"), 0)
    of_residual = [made for of in earlier[1:] for made in of.stages(known)]
    made = (*earlier[0].stages(posterior), *stages[:after], *of_residual, *stages[after:])
    return made, list(dict.fromkeys(problems))


def _without_fields(spec: ir.Spec, names: AbstractSet[str]) -> ir.Spec:
    tables = [
        table.model_copy(update={"fields": tuple(each for each in table.fields if each.name not in names)})
        for table in spec.tables
    ]
    return spec.model_copy(update={"tables": tuple(tables)})


def _moving_stages(
    moved: Moved, spec: ir.Spec, lowered: Lowered, parsed: Parsed, settings: Mapping[str, Value] | None
) -> tuple[tuple[ir.Stage, ...], list[Problem]]:
    """Where states begin, one step of theirs, and what is observed of them: each as a spec."""
    stages: list[ir.Stage] = []
    problems: list[Problem] = []
    starts = set(map(initial, moved.states))
    parameters = [
        _given(each.name, lowered.known.get(each.name) or Known(each.dims))
        for each in spec.unknowns
        if each.name not in starts
    ]
    held = [replace(each, target=without_axis(each.target, moved.axis)) for each in parameters]
    for each in moved.stages:
        fields = (*{"initial": [], "step": held}.get(each.name, parameters), *each.given)
        table = tree.Data(span=Span(0, 0), source=None, entries=fields, modifiers=())
        whole = tree.Tree((*each.statements, *([table] if fields else [])), ())
        (found, said, _), known = _analyse(Parsed(whole, parsed.sources, ()), settings, (), asks=False)
        problems += errors(said)
        if found is not None:
            problems += _beyond_kinds(moved, found, known)
            names = tuple(field.target.name for field in fields)
            stages.append(ir.Stage(name=each.name, part=each.part, given=names, spec=_recording(found)))
    return tuple(stages), list(dict.fromkeys(problems))


def _stream(stages: Sequence[ir.Stage], name: str, rows: str, times: str | None) -> ir.Stream:
    """What is observed of states by a likelihood, and where."""
    places = next((places_of(name, each.spec) for each in stages if each.name == "observation"), ())
    return ir.Stream(name=name, rows=rows, times=times, places=places)


def _beyond_kinds(moved: Moved, stage: ir.Spec, known: Mapping[str, Known]) -> Iterator[Problem]:
    """UQ277 for laws that take a state beyond its kind: its own, and those of what is added to it or multiplies it."""
    laws = {each.name: each.law for each in stage.unknowns}
    for declared in moved.names:
        name, kind = declared.target.name, declared.kind or "real"
        support = KINDS[kind]._replace(open_lower=False, open_upper=False)
        added = point(0.0) if kind == "unit" else support
        for made, wanted in ((name, support), (f"{name}.error", added), (f"{name}.multiplier", support)):
            if made in laws and not known[made].support.within(wanted):
                yield leaves_its_kind(name, moved.names, laws[made].span)


def _composed(spec: ir.Spec, statements: Sequence[tree.Statement]) -> dict[str, Span]:
    """The unknowns that no statement declares by their own name, and where what brings them stands."""
    named = {each.target.name for each in statements if isinstance(each, tree.Prior)}
    return {each.name: each.span for each in spec.unknowns if each.name not in named}


def _recording(spec: ir.Spec) -> ir.Spec:
    """A spec whose quantities are all recorded, though nothing in it is unknown but what is given."""
    statements = tuple(
        each.model_copy(update={"fixed": False}) if isinstance(each, ir.Quantity) else each for each in spec.statements
    )
    return spec.model_copy(update={"statements": statements})


def _given(name: str, known: Known) -> tree.Field:
    """A field that holds a draw of an unknown."""
    nowhere = Span(0, 0)
    axes = tuple(tree.Axis(nowhere, ir.base(dim), len(dim) - len(ir.base(dim))) for dim in known.dims)
    return tree.Field(
        nowhere, tree.Target(nowhere, name, nowhere, axes), tree.Kind(nowhere, kind_that_holds(known.support)), None, ()
    )


def _is_of_data(statement: tree.Statement) -> bool:
    """Whether a statement could not be read, or cannot be used yet, and the data may depend on it."""
    if isinstance(statement, tree.Broken):
        return statement.keyword in ("", "setting", "dim", "data", "include")
    return isinstance(statement, tree.Time)


def _all_settings(written: tree.Tree, resolved: tuple[ir.Setting, ...]) -> Settings:
    """The value of every setting; None for those that have none because of a problem."""
    names = [each.name.name for each in written.statements if isinstance(each, tree.Setting)]
    names += [name for each in written.statements if isinstance(each, tree.Broken) for name in each.names]
    return dict.fromkeys(names) | {setting.name: setting.value for setting in resolved}


def refuse_unbuilt(written: tree.Tree) -> tuple[Problem, ...]:
    """UQ901 for every statement that this version reads but cannot run."""
    keywords = {kind: keyword for keyword, kind in tree.KEYWORDS.items()}
    return tuple(
        StatementNotBuilt(at=statement.span, statement=keywords[type(statement)])
        for statement in written.statements
        if not isinstance(statement, (*BUILT, tree.Broken))
    )


def title_of(written: tree.Tree) -> str:
    """What the author says of the spec: the comments that stand alone above the first statement."""
    first = written.statements[0].span.start if written.statements else float("inf")
    lines = [comment.text[1:].strip() for comment in written.comments if comment.alone and comment.span.end <= first]
    return "\n".join(lines).strip()
