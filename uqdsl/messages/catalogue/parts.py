"""UQ370–379, UQ460–469: data in parts, for training, testing and new, and fields that are standardised."""

from __future__ import annotations

from uqdsl.messages.problem import Note, Problem, Warn

# ----------------------------------------------------------------------------------------------------------- the spec


class PartTwice(Problem):
    code = "UQ370"
    headline = "the rows for `{part}` are given twice"
    label = "again"
    advice = "keep one of the two"
    part: str


class NoTraining(Problem):
    code = "UQ371"
    headline = "there are rows for `{part}`, but none for training"
    label = "for `{part}`"
    advice = 'name those to learn from as well: `training = "….csv"`'
    part: str


class WrongSplit(Problem):
    code = "UQ372"
    headline = "{what}"
    label = "cannot be split so"
    what: str


class PartsDiffer(Problem):
    code = "UQ373"
    headline = "the rows of `{dim}` come in parts, but `{name}` {differs}"
    label = "over `{dim}`"
    dim: str
    name: str
    differs: str


class NoRows(Problem):
    code = "UQ374"
    headline = "`{name}` has no dimension of rows, so it cannot come in parts"
    label = "the same in every part"
    name: str


class CannotStandardise(Problem):
    code = "UQ375"
    headline = "`{name}` cannot be standardised, because {reason}"
    label = "has no mean and standard deviation"
    name: str
    reason: str


class NoUnits(Problem):
    code = "UQ376"
    headline = "`{law}` has no location and scale, so it cannot be the law of the standardised `{name}`"
    label = "cannot be put into the units of `{name}`"
    advice = "take `standardized` out of `{name}`, or choose a law that is shifted and scaled, such as `Normal`"
    law: str
    name: str


# ----------------------------------------------------------------------------------------------------------- the data


class EmptyPart(Problem):
    code = "UQ460"
    headline = "of the {count} of {where} none is for `{part}`"
    label = "is split here"
    count: str
    where: str
    part: str


class UnknownWord(Problem):
    code = "UQ461"
    headline = "{found} in `{column}` is not a part of the data"
    label = "is split by that column"
    advice = "the parts are `training`, `testing` and `new`"
    column: str
    found: str


class SharedRows(Warn):
    """Known once data are read, so that a check without them cannot tell whether it is there to be allowed."""

    code = "UQ462"
    lint = "shared_rows"
    headline = "{count} for testing {are} also among those for training"
    label = "of both"
    advice = (
        "testing says nothing about what was learned from: take them out of one part, or write `allow(shared_rows)`"
    )
    count: str
    are: str


class UnseenLabels(Note):
    code = "UQ463"
    headline = "{labels} of `{dim}` {are} in the rows for {part}, but not in those for training"
    label = "what is unknown of it keeps its prior"
    labels: str
    dim: str
    are: str
    part: str


class NoSpread(Problem):
    code = "UQ464"
    headline = "`{name}` cannot be standardised: {reason}"
    label = "its standard deviation is 0"
    name: str
    reason: str


class ErrorBeyondSpread(Warn):
    code = "UQ465"
    headline = "the recording error of `{name}` in `{source}` is larger than the spread of what was recorded"
    label = "a standard deviation of {error}"
    advice = "these records are then noise and no more: see whether the error is in their units, and no variance"
    name: str
    source: str
    error: str
