"""From `predict` statements to predictions: the target found, its options checked and resolved."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from uqdsl import ir
from uqdsl.messages import Label, Problem, Span, did_you_mean, listing
from uqdsl.messages.catalogue.sources import (
    CannotRecalibrate,
    NoEntropy,
    NothingToPredict,
    OtherDimensions,
    PredictedTwice,
    UnknownRun,
)
from uqdsl.semantics.constants import Settings
from uqdsl.semantics.options import resolve_options
from uqdsl.semantics.sources import Sources
from uqdsl.syntax import tree
from uqdsl.vocabulary.distributions import DISTRIBUTIONS
from uqdsl.vocabulary.predictions import PredictOptions

type Outcome = ir.Observation | ir.Quantity | ir.DataField


def lower_predictions(
    written: tree.Tree,
    statements: Sequence[ir.Statement],
    tables: Sequence[ir.Table],
    settings: Settings,
    runs: Collection[ir.Run],
    sources: Sources | None,
    problems: list[Problem],
) -> tuple[ir.Prediction, ...]:
    """The predictions that a spec asks for; UQ361, UQ363 to UQ365, UQ368, UQ369, UQ502, UQ503 for what is wrong with them."""
    outcomes: dict[str, Outcome] = {
        each.name: each for each in statements if isinstance(each, ir.Observation | ir.Quantity)
    }
    # With errors that an outcome shares with inputs, it is its true values that the statements speak of.
    likely = {each.target.name for each in written.statements if isinstance(each, tree.Likelihood)} - set(outcomes)
    outcomes |= {each.name: each for table in tables for each in table.fields if each.name in likely}
    return called_apart(
        (
            _prediction(statement, outcomes, statements, tables, settings, runs, sources, problems)
            for statement in written.statements
            if isinstance(statement, tree.Predict) and not looks_ahead(statement)
        ),
        problems,
    )


def looks_ahead(statement: tree.Predict) -> bool:
    """Whether a `predict` asks for what comes behind the end of an axis."""
    return any(isinstance(each, tree.Named) and each.name == "ahead" for each in statement.clauses.options or ())


def called_apart(found: Iterable[ir.Prediction | None], problems: list[Problem]) -> tuple[ir.Prediction, ...]:
    """Predictions, of which no two have one name (UQ365)."""
    named: dict[str, ir.Prediction] = {}
    for each in found:
        if each is not None and each.name in named:
            others = (Label(named[each.name].span, "the first"),)
            problems.append(PredictedTwice(at=each.span, name=each.name, others=others))
        elif each is not None:
            named[each.name] = each
    return tuple(named.values())


def check_run(statement: tree.Predict, names: Sequence[str], problems: list[Problem]) -> None:
    """That there is a run of the name that a `predict` is of (UQ364)."""
    of = statement.clauses.of
    if of is not None and of not in names:
        hint = did_you_mean(of, names, otherwise=f"its runs are {listing(names, last='and')}")
        problems.append(UnknownRun(at=statement.clauses.span, name=of, hint=hint))


def check_dims(statement: tree.Predict, dims: Sequence[str], at: Span, problems: list[Problem]) -> bool:
    """Whether a `predict` names the dimensions that its target has, or none (UQ363 where not)."""
    own = tuple(each.name + "'" * each.primes for each in statement.target.axes)
    if not own or set(own) == set(dims):
        return True
    declared = f"[{', '.join(dims)}]" if dims else "a single number"
    others = (Label(at, "as it is declared"),)
    problems.append(
        OtherDimensions(at=statement.target.span, name=statement.target.name, declared=declared, others=others)
    )
    return False


def _prediction(
    statement: tree.Predict,
    outcomes: dict[str, Outcome],
    statements: Sequence[ir.Statement],
    tables: Sequence[ir.Table],
    settings: Settings,
    runs: Collection[ir.Run],
    sources: Sources | None,
    problems: list[Problem],
) -> ir.Prediction | None:
    target, clauses = statement.target, statement.clauses
    options = resolve_options("predict", PredictOptions, clauses.options or (), settings, problems)
    check_run(statement, [each.name for each in runs], problems)
    predicted = outcomes.get(target.name)
    if predicted is None:
        what = "an unknown" if any(each.name == target.name for each in statements) else "not among them"
        hint = did_you_mean(target.name, outcomes)
        problems.append(NothingToPredict(at=target.span, name=target.name, what=what, hint=hint))
        return None
    if not check_dims(statement, predicted.dims, predicted.span, problems):
        return None
    if options is None:
        return None
    if options.budget == "information" and not _is_class(predicted):
        others = (Label(predicted.span, "as it is declared"),)
        problems.append(NoEntropy(at=statement.span, name=target.name, others=others))
    if options.recalibrated:
        if not options.observation and sources is not None and (error := sources.error_of(target.name, "testing")):
            reason = "testing rows have it with a recording error, and say nothing of the true one"
            hint = "write `observation = true` as well, to predict what would be recorded"
            others = (Label(error.entry.span, "their error"),)
            problems.append(
                CannotRecalibrate(at=statement.span, name=target.name, reason=reason, hint=hint, others=others)
            )
        elif (why := _not_recalibrated(predicted, tables)) is not None:
            problems.append(CannotRecalibrate(at=statement.span, name=target.name, reason=why[0], others=(why[1],)))
    return ir.Prediction(
        span=statement.span,
        name=clauses.alias or target.name,
        target=target.name,
        dims=predicted.dims,
        options=options.model_dump(),
        of=clauses.of,
    )


def _is_class(predicted: Outcome) -> bool:
    """Whether an outcome is one of some classes."""
    if not isinstance(predicted, ir.Observation):
        return False
    return predicted.law.distribution == "Bernoulli" or bool(DISTRIBUTIONS[predicted.law.distribution].values)


def _not_recalibrated(predicted: Outcome, tables: Sequence[ir.Table]) -> tuple[str, Label] | None:
    """Why testing rows cannot say how to mend the quantiles of a prediction, and where that stands."""
    if not isinstance(predicted, ir.Observation):
        return "it is not the outcome of a likelihood", Label(predicted.span, "declared here")
    if DISTRIBUTIONS[predicted.law.distribution].discrete:
        return "its values are classes or whole numbers", Label(predicted.law.span, "the law of these")
    if not any(table.split or any(part.role == "testing" for part in table.parts) for table in tables):
        of = next((table for table in tables if predicted.name in {each.name for each in table.fields}), None)
        return "there are no rows for testing", Label(of.span if of else predicted.span, "the data")
    return None
