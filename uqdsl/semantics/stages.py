"""The five sources of uncertainty as ordinary specs: one for each stage of what has to be computed.

Van Leeuwen's equation for a learned function is an integral over the true values of new, testing and training data, over
the weights, and over what the function leaves out. Each of its factors is a law. So each stage of the integral is a spec that
has no sources at all: a recording error becomes a prior of true values, called `Z.truth`, and a likelihood of those recorded;
what one stage has found is data of the next.

    training    p(w, θtrᵗ | θtr)  the spec itself
    truths      p(xᵗ | w, θtr)    true outputs of the training rows, run forward; all true data where these are cut off
    refit       p(w | θtrᵗ)       the weights again, given true training data
    residual    p(φ | w, θte)     what the function leaves out, from testing rows with errors of their own
    inputs      p(zᵗ | z)         true new inputs, where no formula has them
    prediction  p(x | w, φ, z)    run forward
    calibration                   the same for testing rows, as they would be recorded: to be held against their records

Where recorded and true values are both normal, the integral over them is done here, on paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from uqdsl.ir import SOURCES
from uqdsl.messages import Problem, Span, errors, listing
from uqdsl.messages.catalogue.parts import NoUnits
from uqdsl.messages.catalogue.sources import CutIsBiased, LeftOut, NoLocation, NoTesting, ScatterDropped, WrongEntry
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.located import located, location_of, normal, rescaled
from uqdsl.semantics.predictions import looks_ahead
from uqdsl.semantics.sources import (
    PARTS,
    Error,
    Normal,
    Sources,
    as_recorded,
    read_sources,
    standardised,
    truth_of,
)
from uqdsl.semantics.walk import law_name, names_in, ungrouped
from uqdsl.syntax import tree
from uqdsl.syntax.templates import expression, rebuilt, statements
from uqdsl.vocabulary.distributions import DISTRIBUTIONS

_BETWEEN = "Normal((Z_ * T_^2 + M_ * S_^2) / (T_^2 + S_^2), T_ * S_ / sqrt(T_^2 + S_^2))"
"""True values of which M and T are the mean and standard deviation, and Z was recorded with an error of S."""


class StageTree(NamedTuple):
    """One stage: the part of the data to which it is bound, its statements, and the fields given to it beside unknowns.

    - inputs: of its unknowns, those that are true inputs or belong to their errors.
    """

    name: Literal[
        "truths",
        "refit",
        "residual",
        "inputs",
        "prediction",
        "calibration_inputs",
        "calibration",
        "initial",
        "step",
        "observation",
    ]
    part: Literal["training", "testing", "new"]
    statements: tuple[tree.Statement, ...]
    given: tuple[tree.Field, ...] = ()
    inputs: tuple[str, ...] = ()


class Staged(NamedTuple):
    """A spec without sources, the stages that follow it, and the dimensions along which parts of the data differ."""

    training: tree.Tree
    stages: tuple[StageTree, ...] = ()
    sources: Sources | None = None
    rows: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()


def stage(written: tree.Tree) -> Staged:
    """Take the sources of uncertainty and the predictions out of a spec, and write down the stages that they ask for."""
    problems: list[Problem] = []
    fields = {
        each.target.name: each
        for table in written.statements
        if isinstance(table, tree.Data)
        for each in table.entries
        if isinstance(each, tree.Field)
    }
    sources = read_sources(written, fields, problems)
    asked = [each for each in written.statements if isinstance(each, tree.Predict) and not looks_ahead(each)]
    if sources is None and not asked:
        return Staged(written, problems=tuple(problems))
    maker = _Maker(written, fields, sources or Sources(), problems)
    training = tree.Tree(maker.training(), written.comments)
    if errors(problems):  # what is wrong with an error is said once, and not of what was made of it
        return Staged(maker.plain(), problems=tuple(dict.fromkeys(problems)))
    stages = [*maker.truths(), *maker.refit(), *maker.residual(), *maker.inputs("new"), *maker.prediction(asked)]
    stages += maker.calibration(asked)
    if sources is not None:
        maker.warn()
    rows = maker.rows if maker.parted else frozenset()
    return Staged(training, tuple(stages), maker.sources, rows, tuple(dict.fromkeys(problems)))


def true(name: str) -> str:
    """What the true values of a recorded field are called."""
    return f"{name}.truth"


def with_truth[T: tree.Node](node: T, names: Iterable[str]) -> T:
    """A part of a spec with the true values of fields where it speaks of the recorded ones, or says `truth(Z)`."""
    renamed = frozenset(names)

    def change(value: object) -> object:
        of = truth_of(value)
        if of is not None and isinstance(value, tree.Node):
            return tree.Name(value.span, true(of))
        if isinstance(value, tree.Name) and value.name in renamed:
            return tree.Name(value.span, true(value.name))
        if isinstance(value, tree.Attribute) and tree.dotted(value):  # `Z.width`
            return value
        return rebuilt(value, change) if isinstance(value, tree.Node) else value

    return change(node)  # type: ignore[return-value]


_NONCENTERED = tree.Modifier(Span(0, 0), "noncentered", Span(0, 0))
_NO_PART = ""
"""In the place of a part of the data: that of data which have no errors."""
_SOURCE_OF = {part: name for name, part in PARTS.items()}
_KEPT = (tree.Setting, tree.Dim, tree.Time, tree.Data, tree.Function, tree.Extern, tree.Network)
"""Statements that every stage has."""


@dataclass
class _Maker:
    """Makes the statements of each stage."""

    written: tree.Tree
    fields: dict[str, tree.Field]
    sources: Sources
    problems: list[Problem]

    def __post_init__(self) -> None:
        self.outcomes = {each.target.name: each for each in self._all(tree.Likelihood)}
        self.rows = self._rows()
        self.populations = {(each.target.name, each.new): each for each in self._all(tree.Population)}

    def _all[T: tree.Statement](self, kind: type[T]) -> list[T]:
        return [each for each in self.written.statements if isinstance(each, kind)]

    def _rows(self) -> frozenset[str]:
        """The dimensions along which the parts of the data differ: those of the rows of tables."""
        tables = self._all(tree.Data)
        parted = [each for each in tables if any(isinstance(entry, tree.Part) for entry in each.entries)]
        parted += [each for each in tables if _is_split(each)]
        # Without either, what is predicted are the rows that there are, with all that has been found of them.
        self.parted = bool(parted or self._all(tree.Uncertainty))
        named = {each.name.name for each in [*self._all(tree.Dim), *self._all(tree.Time)]}
        named |= {name for name, each in self.fields.items() if each.kind.name == "category"}
        wanted = {
            *self.outcomes,
            *(name for part in self.sources.errors.values() for each in part for name in each.names),
        }
        found = parted or [each for each in tables if wanted & {_field_name(entry) for entry in each.entries}]
        axes = {
            axis.name
            for each in found
            for entry in each.entries
            if isinstance(entry, tree.Field)
            for axis in entry.target.axes
        }
        return frozenset(axes - named)

    def _parts(self) -> set[str]:
        """The parts that the data have."""
        tables = self._all(tree.Data)
        if any(map(_is_split, tables)):
            return {"training", "testing"}
        return {entry.name for each in tables for entry in each.entries if isinstance(entry, tree.Part)}

    def _of_rows(self, target: tree.Target) -> bool:
        return any(axis.name in self.rows for axis in target.axes)

    # -------------------------------------------------------------------------------------------------- true values

    def _inputs(self, part: str) -> list[Error]:
        """The errors of what is recorded beside the outcomes, or together with them."""
        return [each for each in self.sources.errors.get(part, ()) if set(each.names) - set(self.outcomes)]

    def _renamed(self, part: str) -> frozenset[str]:
        return frozenset(name for each in self._inputs(part) for name in each.names if name not in self.outcomes)

    def _population(self, name: str, part: str) -> tree.Population | None:
        of_new = self.populations.get((name, True)) if part == "new" else None
        return of_new or self.populations.get((name, False))

    def _normal_population(self, name: str, part: str) -> tuple[tree.Expression, tree.Expression] | None:
        """Mean and standard deviation of the true values of a field, where they are normal."""
        declared = self._population(name, part)
        if declared is not None:
            return normal(declared.law) if not declared.modifiers else None
        at = self.fields[name].span
        return tree.Name(at, f"{name}.mean"), tree.Name(at, f"{name}.sd")

    def _truths_of(self, error: Error, part: str, *, likelihood: bool) -> list[tree.Statement]:
        """The true values of inputs of a part: their prior and, where it is asked for, the likelihood of those recorded."""
        at, found, (name, *others) = error.entry.span, error.normal, error.names
        if others:
            return self._joint(error, part)
        axes = _axes(self.fields[name].target)
        if error.berkson:
            law = error.law
            moved = " noncentered" if DISTRIBUTIONS[law_name(law)].location_scale else ""
            return [*statements(f"prior {true(name)}{axes} ~ LAW_{moved}", at, LAW_=law)]
        population = self._normal_population(name, part)
        if found is not None and population is not None:
            made = f"prior {true(name)}{axes} ~ {_BETWEEN} noncentered\n"
            if likelihood:
                shift = "" if found.offset is None else " + O_"
                made += f"likelihood {name}{axes} ~ Normal(M_{shift}, sqrt(T_^2 + S_^2))\n"
            offset = {} if found.offset is None else {"O_": found.offset}
            return [
                *statements(
                    made, at, Z_=_unshifted(name, found, at), M_=population[0], T_=population[1], S_=found.sd, **offset
                )
            ]
        recorded = tree.Likelihood(at, self.fields[name].target, with_truth(error.law, ()), error.modifiers)
        return [self._of_population(name, part, at), recorded]

    def _of_population(self, name: str, part: str, at: Span) -> tree.Prior:
        """The true values of a field as the law of their population has them."""
        declared = self._population(name, part)
        law = declared.law if declared is not None else expression(f"Normal({name}.mean, {name}.sd)", at)
        target = _renamed(self.fields[name].target, true(name))
        return tree.Prior(at, target, law, declared.modifiers if declared else ())

    def _joint(self, error: Error, part: str) -> list[tree.Statement]:
        """An error that several fields share, outcomes maybe among them: their true values are all unknowns."""
        at, together = error.entry.span, "_and_".join(error.names)
        along = self._along(error)
        targets = {_axes(self.fields[name].target) for name in error.names}
        if along is None or len(targets) > 1:
            expected = (
                "laws of fields of the same dimensions, with a matrix over one dimension that has a label for each"
            )
            self.problems.append(WrongEntry(at=at, source=_SOURCE_OF[part], expected=expected))
            return []
        rows = ", ".join(axis.name for axis in self.fields[error.names[0]].target.axes)
        event = tree.Named(at, "event", at, tree.Name(at, along))
        law = with_truth(replace(error.law, arguments=(*error.law.arguments, event)), ())
        if error.berkson:
            made = [*statements(f"prior {together}.truth[{rows}, {along}] ~ LAW_", at, LAW_=law)]
            for place, name in enumerate(error.names):
                made += statements(f"let {true(name)}[{rows}] = {together}.truth[{along} = at({place})]", at)
            return made
        recorded = tree.Listing(at, tuple(tree.Name(at, name) for name in error.names))
        text = f"let {together}.recorded[{rows}, {along}] = V_\nlikelihood {together}.recorded[{rows}, {along}] ~ LAW_"
        truths = [self._of_population(name, part, at) for name in error.names if name not in self.outcomes]
        value = as_recorded(recorded, standardised(self.fields))
        return [*truths, *statements(text, at, V_=value, LAW_=law)]

    def _along(self, error: Error) -> str | None:
        """The dimension of the fields of a joint error, which is that of its matrix."""
        declared = [each.target for each in self._all(tree.Let) + self._all(tree.Prior)] + [
            each.target for each in self.fields.values()
        ]
        spoken = {each.name for each in names_in(error.law)} - set(error.names)
        found = {axis.name for each in declared if each.name in spoken for axis in each.axes} - self.rows
        return found.pop() if len(found) == 1 else None

    def _by_formula(self, error: Error, part: str) -> bool:
        """Whether true inputs follow from recorded ones by a formula, so that they can be drawn at once."""
        if error.berkson:
            return True
        return (
            error.normal is not None
            and self._normal_population(error.names[0], part) is not None
            and not self._open(part)
        )

    def _open(self, part: str) -> list[tree.Prior]:
        """What the errors of new or testing inputs leave unknown, and nothing has found: the residual's law has both."""
        if part == "new":
            return self.sources.priors["new_input"]
        learned = part == "training" or self.sources.residual is not None
        return [] if learned else self.sources.priors["testing_data"]

    def _learned_populations(self) -> list[tree.Statement]:
        """The laws of true inputs that nobody declared, learned on the training rows: normal, column by column."""
        made: list[tree.Statement] = []
        named = {
            name: each
            for part in ("training", "testing", "new")
            for each in self._inputs(part)
            if not each.berkson
            for name in each.names
            if name not in self.outcomes
        }
        for name, error in named.items():
            if all(self._population(name, part) is not None for part in ("training", "testing", "new")):
                continue
            target, at = self.fields[name].target, error.entry.span
            rest = _axes(replace(target, axes=tuple(each for each in target.axes if each.name not in self.rows)))
            along = ", ".join(each.name for each in target.axes if each.name in self.rows)
            made += statements(
                f"let {name}.average{rest} = mean({name}, over = [{along}])\n"
                f"let {name}.scatter{rest} = sd({name}, over = [{along}])\n"
                f"prior {name}.mean{rest} ~ Normal({name}.average, 10 * {name}.scatter)\n"
                f"prior {name}.sd{rest} ~ HalfNormal(2 * {name}.scatter)\n",
                at,
            )
            if self.sources.error_of(name, "training") is None:
                made += statements(f"likelihood {name}{_axes(target)} ~ Normal({name}.mean, {name}.sd)", at)
        return made

    def _true_fields(self, names: Iterable[str]) -> tuple[tree.Field, ...]:
        """The true values of fields, where they are given to a stage as data."""
        fields = (self.fields[name] for name in names)
        return tuple(
            tree.Field(each.span, _renamed(each.target, true(each.target.name)), tree.Kind(each.span, "real"), None, ())
            for each in fields
        )

    # ------------------------------------------------------------------------------------------------------ outcomes

    def _observed(self, statement: tree.Likelihood, part: str) -> list[tree.Statement]:
        """The likelihood of an outcome whose recorded values have an error of their own."""
        name = statement.target.name
        error = self.sources.error_of(name, part)
        statement = with_truth(statement, self._renamed(part))
        if error is None:
            return [statement]
        at, law = error.entry.span, statement.law
        if (both := _both_normal(statement, error)) is not None:
            scatter, found = both
            return [replace(statement, law=_widened(scatter[0], scatter[1], found.offset, found.sd, at))]
        cut_off = [each for each in statement.modifiers if each.name == "truncated"]
        modifiers = tuple(cut_off) if cut_off or located(law, lambda old: old) is None else (_NONCENTERED,)
        latent = tree.Prior(statement.span, _renamed(statement.target, true(name)), law, modifiers)
        if len(error.names) > 1:
            return [latent]
        others = tuple(each for each in statement.modifiers if each not in cut_off)
        record = self._record(statement, error)
        return [latent, replace(record, modifiers=(*record.modifiers, *others))]

    def _location(self, statement: tree.Likelihood, law: tree.Expression) -> tree.Expression | None:
        """The location of the law of an outcome (UQ355 where it has none)."""
        found = location_of(law)
        if found is None:
            at, name = statement.law.span, statement.target.name
            self.problems.append(NoLocation(at=at, law=law_name(law) or "this", name=name))
        return found

    # -------------------------------------------------------------------------------------------------------- stages

    def _shared(self, part: str, *, priors: bool) -> list[tree.Statement]:
        """The statements that a stage has of the spec: with its priors, or with those of single rows alone."""
        kept: list[tree.Statement] = []
        for each in self.written.statements:
            if isinstance(each, tree.Let | tree.Factor):
                kept.append(with_truth(each, self._renamed(part)))
            elif isinstance(each, tree.Prior):
                if priors or self._of_rows(each.target):
                    kept.append(with_truth(each, self._renamed(part)))
            elif isinstance(each, _KEPT):
                kept.append(_of_one_part(each) if isinstance(each, tree.Data) else each)
        return kept if priors else [each for each in kept if not isinstance(each, tree.Factor)]

    def plain(self) -> tree.Tree:
        """The spec as if it said nothing of sources."""
        populations = [each for each in self._all(tree.Population) if each.target.name in self._errors_anywhere()]
        kept = [
            each
            for each in self.written.statements
            if not isinstance(each, tree.Uncertainty | tree.Predict) and each not in populations
        ]
        return tree.Tree(tuple(kept), self.written.comments)

    def training(self) -> tuple[tree.Statement, ...]:
        """The spec with true training data as unknowns, of which its likelihoods know nothing where these are cut off."""
        part = "training" if not self.sources.cut else _NO_PART
        made: list[tree.Statement] = []
        for each in self.written.statements:
            match each:
                case tree.Uncertainty() | tree.Predict():
                    continue
                case tree.Population() if each.target.name in self._errors_anywhere():
                    continue
                case tree.Likelihood():
                    made += self._observed(each, part)
                case tree.Let() | tree.Factor() | tree.Prior():
                    made.append(with_truth(each, self._renamed(part)))
                case _:
                    made.append(each)
        made += self._learned_populations()
        made += self.sources.priors["training_data"]
        for error in self._inputs("training"):
            truths = self._truths_of(error, "training", likelihood=True)
            if self.sources.cut and self._by_formula(error, "training"):
                truths = [each for each in truths if not isinstance(each, tree.Prior)]
            made += truths
        return tuple(made)

    def _errors_anywhere(self) -> set[str]:
        return {name for errors in self.sources.errors.values() for each in errors for name in each.names}

    def truths(self) -> list[StageTree]:
        """True data of training rows that the training stage has integrated out or cut off."""
        made: list[tree.Statement] = self._cut_off() if self.sources.cut else []
        for name, statement in self.outcomes.items():
            error = self.sources.error_of(name, "training")
            both = error and _both_normal(with_truth(statement, self._renamed("training")), error)
            if self.sources.cut or error is None or both is None:
                continue
            at, (scatter, found) = error.entry.span, both
            made += statements(
                f"prior {true(name)}{_axes(statement.target)} ~ {_BETWEEN}",
                at,
                Z_=_unshifted(name, found, at),
                M_=scatter[0],
                T_=scatter[1],
                S_=found.sd,
            )
        if not made:
            return []
        return [StageTree("truths", "training", (*self._shared("training", priors=False), *made))]

    def _cut_off(self) -> list[tree.Statement]:
        """True data as their recording errors alone have them, whatever the likelihood of the outcomes says."""
        made: list[tree.Statement] = []
        for error in self._inputs("training"):
            if self._by_formula(error, "training"):
                made += self._truths_of(error, "training", likelihood=False)
        for name, statement in self.outcomes.items():
            error = self.sources.error_of(name, "training")
            if error is None:
                continue
            at, axes = error.entry.span, _axes(statement.target)
            if error.normal is not None:
                recorded = _unshifted(name, error.normal, at)
                made += statements(f"prior {true(name)}{axes} ~ Normal(Z_, S_)", at, Z_=recorded, S_=error.normal.sd)
            else:
                self.problems.append(FeatureNotBuilt(at=at, feature="`cut` errors of outcomes that are not normal"))
        return made

    def refit(self) -> list[StageTree]:
        """The weights once more, given true training data: what is then left is the uncertainty of the weights alone.

        Weights that are exact are its mode.
        """
        errors = self.sources.errors["training"]
        if not errors and self.sources.stance["weights"] != "exact":
            return []
        names = {name for each in errors for name in each.names}
        made = self._shared("training", priors=True)
        for name, statement in self.outcomes.items():
            law = with_truth(statement.law, self._renamed("training"))
            target = _renamed(statement.target, true(name)) if name in names else statement.target
            made.append(replace(statement, target=target, law=law))
        if not errors:
            made += self._learned_populations()
        return [StageTree("refit", "training", tuple(made), self._true_fields(sorted(names)))]

    def residual(self) -> list[StageTree]:
        """What the function leaves out: its law from testing rows, given the weights."""
        entry = self.sources.residual
        if entry is None:
            return []
        made = self._shared("testing", priors=False)
        made += [with_truth(each, self._renamed("testing")) for each in self.sources.priors["function"]]
        made += self.sources.priors["testing_data"]
        for error in self._inputs("testing"):
            made += self._truths_of(error, "testing", likelihood=False)
        for statement in self.outcomes.values():
            made += self._left_out(statement, entry)
        return [StageTree("residual", "testing", tuple(made))]

    def _left_out(self, statement: tree.Likelihood, entry: tree.SourceEntry) -> list[tree.Statement]:
        """The likelihood of testing outcomes: location, residual and recording error."""
        name, at = statement.target.name, entry.span
        location = self._location(statement, with_truth(statement.law, self._renamed("testing")))
        if location is None:
            return []
        law = ungrouped(with_truth(entry.law, self._renamed("testing")))
        error, found = self.sources.error_of(name, "testing"), normal(law)
        if error is None:
            moved = located(law, lambda old: expression("F_ + R_", at, F_=location, R_=old))
            if moved is None:
                self.problems.append(NoLocation(at=law.span, law=law_name(law) or "this", name="residual"))
                return []
            return [replace(statement, law=moved)]
        kind = error.normal
        if found is not None and kind is not None:
            centre = expression("F_ + R_", at, F_=location, R_=found[0])
            return [replace(statement, law=_widened(centre, found[1], kind.offset, kind.sd, at))]
        axes = _axes(statement.target)
        made = [
            *statements(
                f"prior {name}.residual{axes} ~ LAW_\nlet {true(name)}{axes} = F_ + {name}.residual",
                at,
                LAW_=law,
                F_=location,
            )
        ]
        return made if len(error.names) > 1 else [*made, self._record(statement, error)]

    def inputs(self, part: Literal["new", "testing"]) -> list[StageTree]:
        """True inputs that no formula has: sampled, given what training says of their population."""
        errors = [each for each in self._inputs(part) if not self._by_formula(each, part)]
        if not errors:
            return []
        made = [each for each in self._shared(part, priors=False) if isinstance(each, _KEPT)]
        made += self._open(part)
        for error in errors:
            made += self._truths_of(error, part, likelihood=True)
        return [StageTree("inputs" if part == "new" else "calibration_inputs", part, tuple(made))]

    def _run_forward(
        self, part: Literal["new", "testing"], made: list[tree.Statement]
    ) -> tuple[tuple[tree.Field, ...], tuple[str, ...]]:
        """Add the true inputs of a part that a formula has.

        Returns:
            The fields of those that a stage of their own has found, and the names of the others with what their errors hold.
        """
        common = len(made)
        sampled = [each for each in self._inputs(part) if not self._by_formula(each, part)]
        if not sampled:
            made += self._open(part)
        given = self._true_fields(name for each in sampled for name in each.names)
        for error in self._inputs(part):
            if error not in sampled:
                made += self._truths_of(error, part, likelihood=False)
        inputs = tuple(each.target.name for each in made[common:] if isinstance(each, tree.Prior))
        of_rows = [each for each in self.sources.priors["function"] if self._of_rows(each.target)]
        made += [with_truth(each, self._renamed(part)) for each in of_rows]
        return given, inputs

    def prediction(self, asked: Sequence[tree.Predict]) -> list[StageTree]:
        """The outcomes of new rows, run forward; or, where there are none, of the rows that there are once more."""
        made = self._shared("new", priors=False)
        if not self.parted:
            made = [each for each in made if not isinstance(each, tree.Prior)]
        # What an outcome is made of is not recorded of new rows.
        made = [each for each in made if not (isinstance(each, tree.Let) and each.target.name in self.outcomes)]
        given, inputs = self._run_forward("new", made)
        recorded = {each.target.name for each in asked if _asks_for_record(each)}
        for name, statement in self.outcomes.items():
            error = self._recording(name) if name in recorded else None
            made += self._predicted(statement) if error is None else self._recorded(statement, error)
        part = "new" if self.parted else "training"
        return [StageTree("prediction", part, tuple(made), given, inputs)] if self.outcomes else []

    def calibration(self, asked: Sequence[tree.Predict]) -> list[StageTree]:
        """What would be recorded of testing rows, given all but these records themselves."""
        if "testing" not in self._parts() or not {each.target.name for each in asked} & set(self.outcomes):
            return []
        if any(len(each.names) > 1 for each in self.sources.errors["testing"]):
            return []  # an error that inputs share with an outcome tells of the record that is to be predicted
        made = self._shared("testing", priors=False)
        given, inputs = self._run_forward("testing", made)
        for statement in self.outcomes.values():
            if self.sources.residual is not None:
                made += self._left_out(statement, self.sources.residual)
            elif self.sources.stance["function"] == "exact":
                made += self._exactly(statement)
            else:
                made += self._observed(statement, "testing")
        return [*self.inputs("testing"), StageTree("calibration", "testing", tuple(made), given, inputs)]

    def _exactly(self, statement: tree.Likelihood) -> list[tree.Statement]:
        """Testing outcomes of a function that leaves nothing out: its location, with the error of recording if there is one."""
        error = self.sources.error_of(statement.target.name, "testing")
        made = self._true_outcome(statement, "testing")
        made += self._in_own_units(statement)
        return made if error is None else [*made, self._record(statement, error)]

    def _true_outcome(self, statement: tree.Likelihood, part: str) -> list[tree.Statement]:
        """The true outcome: the location of its law with the residual, or what the law itself gives."""
        name, axes, entry = statement.target.name, _axes(statement.target), self.sources.residual
        law = with_truth(statement.law, self._renamed(part))
        if entry is None and self.sources.stance["function"] != "exact":
            return [tree.Prior(statement.span, _renamed(statement.target, true(name)), law, statement.modifiers)]
        location = self._location(statement, law)
        if location is None:
            return []
        at = self.sources.at["function"]
        if entry is None:
            return [*statements(f"let {true(name)}{axes} = F_", at, F_=location)]
        residual = ungrouped(with_truth(entry.law, self._renamed(part)))
        text = f"prior {name}.residual{axes} ~ LAW_\nlet {true(name)}{axes} = F_ + {name}.residual"
        return [*statements(text, at, LAW_=residual, F_=location)]

    def _in_own_units(self, statement: tree.Likelihood) -> list[tree.Statement]:
        """The true outcome as what is predicted: in the units in which it was recorded, if it is standardised."""
        name, at = statement.target.name, statement.span
        value: tree.Expression = tree.Name(at, true(name))
        if name in standardised(self.fields):
            value = expression(f"{name}.centre + {name}.width * V_", at, V_=value)
        return [*statements(f"let {name}.predicted{_axes(statement.target)} = V_", at, V_=value)]

    def _record(self, statement: tree.Likelihood, error: Error) -> tree.Likelihood:
        """What is recorded of a true outcome."""
        return tree.Likelihood(error.entry.span, statement.target, with_truth(error.law, ()), error.modifiers)

    def _recording(self, name: str) -> Error | None:
        """How a new outcome would be recorded: as the new data say, else as those for testing, else as those for training."""
        found = (self.sources.error_of(name, part) for part in ("new", "testing", "training"))
        return next((each for each in found if each is not None), None)

    def _recorded(self, statement: tree.Likelihood, error: Error) -> list[tree.Statement]:
        """New outcomes and their records (UQ902 where their error does not say by itself what these would be)."""
        at = error.entry.span
        known = DISTRIBUTIONS.get(law_name(statement.law))
        whole = known is not None and known.discrete
        if whole or len(error.names) > 1:
            kind = "of whole numbers" if whole else "that are joint"
            self.problems.append(FeatureNotBuilt(at=at, feature=f"predictions of records with errors {kind}"))
            return []
        made = list(self._open("testing")) if error in self.sources.errors["testing"] else []
        made += self._true_outcome(statement, "new")
        made += self._in_own_units(statement)
        return [*made, self._record(statement, error)]

    def _predicted(self, statement: tree.Likelihood) -> list[tree.Statement]:
        name, axes = statement.target.name, _axes(statement.target)
        law = with_truth(statement.law, self._renamed("new"))
        stance, entry = self.sources.stance["function"], self.sources.residual
        if stance == "exact" or entry is not None:
            location = self._location(statement, law)
            if location is None:
                return []
            at, own = self.sources.at["function"], name in standardised(self.fields)

            def wide(value: tree.Expression) -> tree.Expression:
                return expression(f"{name}.width * V_", at, V_=value) if own else value

            location = wide(location)
            if own:
                location = expression(f"{name}.centre + F_", at, F_=location)
            if entry is None:
                return [*statements(f"let {name}.predicted{axes} = F_", at, F_=location)]
            residual = ungrouped(with_truth(entry.law, self._renamed("new")))
            residual = rescaled(residual, wide, wide) if own else residual
            if residual is None:
                self.problems.append(NoUnits(at=entry.law.span, law=law_name(entry.law), name=name))
                return []
            text = f"prior {name}.residual{axes} ~ LAW_\nlet {name}.predicted{axes} = F_ + {name}.residual"
            return [*statements(text, at, LAW_=residual, F_=location)]
        # Records of an outcome with an error may lie where its law has no true values.
        truncated = any(each.name == "truncated" for each in statement.modifiers)
        if name in self.fields and not (truncated and self._recording(name)):
            return [replace(statement, law=law)]
        return [tree.Prior(statement.span, _renamed(statement.target, f"{name}.predicted"), law, statement.modifiers)]

    # ------------------------------------------------------------------------------------------------------ warnings

    def warn(self) -> None:
        """What is left out, cut or dropped (UQ357 to UQ359)."""
        block = self._all(tree.Uncertainty)[0]
        parts = self._parts()
        if self.sources.residual is not None and "testing" not in parts:
            at = self.sources.at["function"]
            self.problems.append(NoTesting(at=at, source="function", part="testing"))
        if parts & {"testing", "new"}:
            silent = [name for name in SOURCES if self.sources.stance[name] == "left out"]
            if silent:
                self.problems.append(LeftOut(at=block.span, names=listing(silent, last="and")))
        for error in self._inputs("training") if self.sources.cut else ():
            if not error.berkson:
                self.problems.append(CutIsBiased(at=error.entry.span, name=error.names[0]))
        if self.sources.stance["function"] == "exact":
            for name in self.outcomes:
                self.problems.append(ScatterDropped(at=self.sources.at["function"], name=name))


def _both_normal(
    statement: tree.Likelihood, error: Error
) -> tuple[tuple[tree.Expression, tree.Expression], Normal] | None:
    """Mean and standard deviation of an outcome, and its recording error, where the integral over its true values is normal."""
    scatter, found = normal(statement.law), error.normal
    truncated = any(each.name == "truncated" for each in statement.modifiers)
    return (scatter, found) if scatter is not None and found is not None and not truncated else None


def _asks_for_record(asked: tree.Predict) -> bool:
    """Whether a prediction may be of what would be recorded."""
    return any(isinstance(each, tree.Named) and each.name == "observation" for each in asked.clauses.options or ())


def _of_one_part(table: tree.Data) -> tree.Data:
    """A table as one part of it is given to a stage."""
    fields = tuple(each for each in table.entries if isinstance(each, tree.Field))
    return replace(table, source=None, entries=fields)


def _is_split(table: tree.Data) -> bool:
    """Whether the rows of one file are split into parts."""
    return isinstance(table.source, tree.Call) and law_name(table.source) == "split"


def _unshifted(name: str, error: Normal, at: Span) -> tree.Expression:
    """The recorded values of a field without the offset of their error."""
    recorded = tree.Name(at, name)
    return recorded if error.offset is None else expression("Z_ - O_", at, Z_=recorded, O_=error.offset)


def _field_name(entry: tree.Field | tree.Part) -> str:
    return entry.target.name if isinstance(entry, tree.Field) else ""


def _renamed(target: tree.Target, name: str) -> tree.Target:
    return replace(target, name=name)


def _axes(target: tree.Target) -> str:
    """The dimensions of a target as they are written."""
    return f"[{', '.join(each.name + chr(39) * each.primes for each in target.axes)}]" if target.axes else ""


def _widened(
    mean: tree.Expression, sd: tree.Expression, offset: tree.Expression | None, wider: tree.Expression, at: Span
) -> tree.Expression:
    """Normal(mean + offset, sqrt(sd² + wider²)): a normal error on top of a normal law."""
    if offset is None:
        return expression("Normal(M_, sqrt(T_^2 + S_^2))", at, M_=mean, T_=sd, S_=wider)
    return expression("Normal(M_ + O_, sqrt(T_^2 + S_^2))", at, M_=mean, O_=offset, T_=sd, S_=wider)
