"""UQ3xx: values of the wrong kind, laws with the wrong parameters, supports that do not fit."""

from __future__ import annotations

from uqdsl.messages.problem import Problem


class UnknownDistribution(Problem):
    code = "UQ301"
    headline = "there is no distribution `{name}`"
    label = "not a distribution"
    name: str


class MissingParameter(Problem):
    code = "UQ302"
    headline = "`{law}` needs {parameters}"
    label = "without {parameters}"
    law: str
    parameters: str


class UnknownParameter(Problem):
    code = "UQ303"
    headline = "`{law}` has no {parameter}"
    label = "not a parameter of `{law}`"
    law: str
    parameter: str


class ParameterSupport(Problem):
    code = "UQ304"
    headline = "`{law}` takes {expected} as its {parameter}, but is given {found}"
    label = "{found}"
    law: str
    parameter: str
    expected: str
    found: str


class OutcomeSupport(Problem):
    code = "UQ305"
    headline = "`{law}` draws {expected}, but the data `{name}` are {found}"
    label = "draws {expected}"
    law: str
    name: str
    expected: str
    found: str


class NotALaw(Problem):
    code = "UQ306"
    headline = "a distribution is needed after `~`, such as `Normal(0, 1)`"
    label = "not a distribution"


class NoEventDimension(Problem):
    code = "UQ307"
    headline = "`{law}` draws a whole dimension at once, and it is not clear which"
    label = "along which dimension?"
    law: str


class NoEvent(Problem):
    code = "UQ308"
    headline = "`{law}` draws single numbers and has no event dimension"
    label = "not for this distribution"
    advice = "take `event` out"
    law: str


class CannotTruncate(Problem):
    code = "UQ309"
    headline = "`{law}` cannot be {what}"
    label = "{what} here"
    law: str
    what: str = "truncated"


class CannotNoncenter(Problem):
    code = "UQ310"
    headline = "{what}, so `noncentered` means nothing for it"
    label = "asked for here"
    advice = "take `noncentered` out"
    what: str


class FunctionDomain(Problem):
    code = "UQ311"
    headline = "`{function}` takes {expected}, but is given {found}"
    label = "{found}"
    function: str
    expected: str
    found: str


class NotANumber(Problem):
    code = "UQ312"
    headline = "{what} is not a number"
    label = "a number is needed here"
    what: str


class NotConstant(Problem):
    code = "UQ313"
    headline = "{what} must be known before any data are read"
    label = "not a constant"
    advice = "write a number, or an expression of settings"
    what: str


class WrongSetting(Problem):
    code = "UQ314"
    headline = "the setting `{name}` is declared as `{type}`, but its value is {found}"
    label = "the value must be {expected}"
    name: str
    type: str
    expected: str
    found: str


class WrongArgumentCount(Problem):
    code = "UQ315"
    headline = "`{function}` takes {expected}, but {found} given"
    label = "{found} given"
    function: str
    expected: str
    found: str


class UnknownArgument(Problem):
    code = "UQ316"
    headline = "`{function}` has no argument `{name}`"
    label = "not known here"
    function: str
    name: str


class UnknownType(Problem):
    code = "UQ317"
    headline = "there is no type `{name}`"
    label = "not a type of setting"
    advice = "a setting is `int`, `real`, `bool` or `text`"
    name: str


class WrongSize(Problem):
    code = "UQ318"
    headline = "the dimension `{name}` needs a whole number above 0 or a list of labels, but it is given {found}"
    label = "{said}"
    name: str
    found: str
    said: str = "neither a size nor labels"


class WrongData(Problem):
    code = "UQ319"
    headline = "{what}"
    label = "cannot be read as data"
    what: str


class NothingObserved(Problem):
    code = "UQ321"
    headline = "the spec has no likelihood, so there is nothing to infer from"
    advice = "say how the data arise: `likelihood y[…] ~ …`"


class WrongModifier(Problem):
    code = "UQ322"
    headline = "`{name}` {how}"
    label = "not of this form"
    name: str
    how: str


class RepeatedLabel(Problem):
    code = "UQ323"
    headline = "the label {shown} of the dimension `{dim}` stands twice"
    label = "again"
    dim: str
    shown: str


class EmptyInterval(Problem):
    code = "UQ324"
    headline = "there is nothing between {lower} and {upper}"
    label = "an empty interval"
    advice = "write the smaller end first"
    lower: str
    upper: str


class GivenTwice(Problem):
    code = "UQ327"
    headline = "`{owner}` is given `{name}` twice"
    label = "again"
    advice = "keep one of the two"
    owner: str
    name: str


class NoUnknown(Problem):
    code = "UQ325"
    headline = "the spec has no prior, so there is nothing to infer"
    advice = "declare what is not known: `prior mu ~ …`"


class OutcomeLabels(Problem):
    code = "UQ330"
    headline = "`{law}` draws {expected}, but `{name}` holds {found}"
    label = "draws {expected}"
    law: str
    name: str
    expected: str
    found: str


class CannotOrder(Problem):
    code = "UQ331"
    headline = "`{name}` cannot be `{restriction}`, because {reason}"
    label = "cannot hold here"
    name: str
    restriction: str
    reason: str


class RandomCondition(Problem):
    code = "UQ332"
    headline = "`{modifier}` speaks of the data, but this depends on an unknown"
    label = "depends on an unknown"
    advice = "say it in terms of data and settings"
    modifier: str
