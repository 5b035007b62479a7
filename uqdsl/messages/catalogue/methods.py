"""UQ5xx: methods and their options."""

from __future__ import annotations

from uqdsl.messages.problem import Problem, Warn


class UnknownMethod(Problem):
    code = "UQ501"
    headline = "there is no method `{name}`"
    label = "not a method"
    advice = "see `uqdsl methods`"
    name: str


class UnknownOption(Problem):
    code = "UQ502"
    headline = "`{method}` has no option `{option}`"
    label = "not an option of `{method}`"
    method: str
    option: str


class WrongOption(Problem):
    code = "UQ503"
    headline = "the option `{option}` of `{method}` must be {expected}, but it is {found}"
    label = "must be {expected}"
    method: str
    option: str
    expected: str
    found: str


class NotOfInterest(Problem):
    code = "UQ504"
    headline = "`{name}` cannot be inferred: it is {what}"
    label = "neither an unknown nor a quantity that depends on one"
    name: str
    what: str


class Inadmissible(Problem):
    code = "UQ505"
    headline = "the method `{method}` assumes that {assumption}, but {reason}"
    label = "{said}"
    method: str
    assumption: str
    reason: str
    said: str


class RunDeclaredTwice(Problem):
    code = "UQ506"
    headline = "two runs are called `{name}`"
    label = "the second"
    advice = "name one of them: `infer by … as other`"
    name: str


class NotAMethod(Problem):
    code = "UQ507"
    headline = "a method is needed after `by`, such as `nuts(chains = 4)`"
    label = "not a method"


class UnusableMethod(Warn):
    code = "UQ508"
    headline = "the method `{name}` of the package `{package}` cannot be used: {reason}"
    advice = "mend or remove that package"
    name: str
    package: str
    reason: str


class CalibratedTwice(Problem):
    code = "UQ509"
    headline = "the run `{name}` is calibrated twice"
    label = "the second"
    advice = "take one out, or say which run each is of: `calibrate by sbc(…) of {name}`"
    name: str


class NotAllowed(Problem):
    code = "UQ510"
    headline = "`{name}` is a function of the Python module `{module}`, which may run only where it is allowed by name"
    label = "would run `{module}`"
    advice = '`--allow-extern {module}` lets it run; from Python, `allow_extern=["{module}"]`'
    name: str
    module: str


class NotImported(Problem):
    code = "UQ511"
    headline = "the function `{name}` cannot be had from the Python module `{module}`: {reason}"
    label = "imported from here"
    name: str
    module: str
    reason: str


class WrongResult(Problem):
    code = "UQ512"
    headline = "`{name}` is declared to give {expected}, but gives {found}"
    label = "gives {found}"
    name: str
    expected: str
    found: str


class FunctionFailed(Problem):
    code = "UQ513"
    headline = "the function `{name}` fails {when}: {exception}"
    label = "fails"
    name: str
    when: str
    exception: str


class NotLinearised(Problem):
    code = "UQ514"
    headline = "`predictive = linearised` cannot be had: {reason}"
    label = "asks for it"
    advice = "leave the option out"
    reason: str
