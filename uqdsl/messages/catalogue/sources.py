"""UQ35x: the five sources of uncertainty, and what is predicted."""

from __future__ import annotations

from uqdsl.messages.problem import Problem, Warn


class UnknownSource(Problem):
    code = "UQ350"
    headline = "there is no source of uncertainty `{name}`"
    label = "not one of the five"
    advice = "the five are `new_input`, `testing_data`, `training_data`, `weights` and `function`"
    name: str


class SourceTwice(Problem):
    code = "UQ351"
    headline = "the source `{name}` is stated twice"
    label = "stated again"
    name: str


class WrongStance(Problem):
    code = "UQ352"
    headline = "the source `{name}` cannot be `{stance}`"
    label = "not for this source"
    advice = "it can be {possible}"
    name: str
    stance: str
    possible: str


class NotRecorded(Problem):
    code = "UQ353"
    headline = "a recording error needs a field of the data, but `{name}` is {what}"
    label = "not a field"
    name: str
    what: str


class NotAnError(Problem):
    code = "UQ354"
    headline = "`{name}` and its true value are not related here"
    label = "where is the true value?"
    advice = (
        "write `{name} ~ Normal(truth({name}), sd)` where what was recorded scatters about the truth, "
        "`truth({name}) ~ Normal({name}, sd)` where the truth scatters about what was recorded"
    )
    name: str


class NoLocation(Problem):
    code = "UQ355"
    headline = "a `residual` is added to the location of a law, and `{law}` has none"
    label = "the law of `{name}`"
    advice = "write `function inferred` to predict with this law as it is learned"
    law: str
    name: str


class WrongEntry(Problem):
    code = "UQ356"
    headline = "`{source}` holds {expected}, but this is not one"
    label = "not of this form"
    source: str
    expected: str


class LeftOut(Warn):
    code = "UQ357"
    headline = "nothing is said of {names}"
    label = "not among these"
    advice = "declare each, or write that it is `exact`"
    names: str


class CutIsBiased(Warn):
    code = "UQ358"
    headline = "training data that are cut take the error of `{name}` twice, so that slopes come out too small"
    label = "recorded values scatter about the truth"
    advice = "take `cut` out: the true values are then found together with the weights"
    name: str


class ScatterDropped(Warn):
    code = "UQ359"
    headline = "predictions of `{name}` leave out the scatter of its law"
    label = "the function is said to be exact"
    advice = "write `function inferred` to predict with that scatter"
    name: str


class ErrorTwice(Problem):
    code = "UQ360"
    headline = "the error of `{name}` is stated twice in `{source}`"
    label = "stated again"
    name: str
    source: str


class NothingToPredict(Problem):
    code = "UQ361"
    headline = "`{name}` has no rows to be predicted"
    label = "{what}"
    advice = "what is predicted is the outcome of a likelihood, or a `let`, over the rows of a table"
    name: str
    what: str


class NoTesting(Problem):
    code = "UQ362"
    headline = "`{source}` is declared, but the data have no part `{part}`"
    label = "of which data?"
    advice = 'name its file in the `data` statement: `{part} = "file.csv"`'
    source: str
    part: str


class OtherDimensions(Problem):
    code = "UQ363"
    headline = "`{name}` is predicted over other dimensions than it has"
    label = "it is {declared}"
    name: str
    declared: str


class UnknownRun(Problem):
    code = "UQ364"
    headline = "there is no run `{name}` to predict from"
    label = "not a run of this spec"
    name: str


class PredictedTwice(Problem):
    code = "UQ365"
    headline = "two predictions are called `{name}`"
    label = "predicted again"
    advice = "give one of them another name: `predict … as name`"
    name: str


class NoneAsked(Problem):
    code = "UQ366"
    headline = "the spec has no `predict` of this name"
    advice = "write `predict X` in the spec, for the outcome of a likelihood or a `let`"


class CannotRecalibrate(Problem):
    code = "UQ368"
    headline = "predictions of `{name}` cannot be recalibrated, because {reason}"
    label = "recalibrated by what?"
    name: str
    reason: str


class NoEntropy(Problem):
    code = "UQ369"
    headline = "`{name}` is no class, and has no budget of information"
    label = "information on what?"
    advice = "`budget = shapley` shares out the variance of a number"
    name: str


class JointRows(Problem):
    code = "UQ367"
    headline = "`{name}` cannot be had for other rows of `{dim}` than those that it was learned from"
    label = "all rows of `{dim}` have it jointly"
    advice = "a Gaussian process with `basis = …` is the same function for all rows"
    name: str
    dim: str


class CannotLookAhead(Problem):
    code = "UQ377"
    headline = "`{name}` cannot be predicted ahead, because {reason}"
    label = "what comes behind the end?"
    name: str
    reason: str


class AheadOfData(Problem):
    code = "UQ378"
    headline = "`{field}` is needed ahead, and its values end with the data"
    label = "predicted ahead"
    advice = (
        "give rows for these times that have all but `{name}`, which is `missing` there, and leave `ahead` out: "
        "`predict` then tells of them too"
    )
    field: str
    name: str
