"""UQ72x: commands and calls that ask for something that is not there."""

from __future__ import annotations

from uqdsl.messages.problem import Problem, Warn


class WrongCommand(Problem):
    code = "UQ720"
    headline = "{what}"
    advice = "`{command} --help` lists what it takes"
    what: str
    command: str


class SpecUnreadable(Problem):
    code = "UQ721"
    headline = "the spec `{path}` cannot be read: {reason}"
    advice = "give the path of a `.uq` file, or `-` for standard input"
    path: str
    reason: str


class NotASetting(Problem):
    code = "UQ722"
    headline = "`--set {given}` does not give a setting a value"
    advice = "write a name, `=` and a value, as in `--set hidden=64`"
    given: str


class WrongRunFile(Problem):
    code = "UQ723"
    headline = "the run file `{path}` cannot be used: {reason}"
    advice = "a run file is YAML with `settings`, `seed`, `by` or `runs`, `device`, `precision` or `out`"
    path: str
    reason: str


class NoSuchDevice(Problem):
    code = "UQ724"
    headline = "there is no {device} here that JAX can use"
    advice = "leave out `--device`, or install JAX for your accelerator, such as `uqdsl[cuda]`"
    device: str


class AlreadyThere(Problem):
    code = "UQ725"
    headline = "`{path}` is there already"
    advice = "choose another name, or remove it first"
    path: str


class NotAMethodCall(Problem):
    code = "UQ726"
    headline = "`{given}` is not a method with its options"
    advice = "write it as after `by`, such as `nuts(chains = 2)`"
    given: str


class WhichRun(Problem):
    code = "UQ727"
    headline = "the spec has {count} `infer` statements, so it must be said which is meant"
    advice = "name one of {names}"
    count: int
    names: str


class NoSuchPicture(Problem):
    code = "UQ730"
    headline = "there is not one picture `{name}`"
    advice = "there are {names}; those of predictions only after `predict`"
    name: str
    names: str


class NoSuchStage(Problem):
    code = "UQ731"
    headline = "the spec has no stage `{name}`"
    advice = "it has {names}"
    name: str
    names: str


class NotFormatted(Problem):
    code = "UQ728"
    headline = "`{path}` is not in the style of the language"
    advice = "`uqdsl fmt {path}` formats it"
    path: str


class InternalFault(Problem):
    """A fault of ours."""

    code = "UQ729"
    headline = "uqdsl failed unexpectedly ({exception}): this is a fault of uqdsl"
    advice = "please report it, with the spec and what `UQDSL_DEBUG=1` before the command then shows"
    exception: str


class NothingToCompare(Problem):
    code = "UQ732"
    headline = "the run in `{path}` has nothing to compare: {reason}"
    advice = "let it come to its end, with `--resume` if it was stopped"
    path: str
    reason: str


class NoLogLikelihood(Warn):
    """A run that cannot tell how it predicts what it leaves out."""

    code = "UQ733"
    headline = "`{name}` has no log likelihood of rows of data, so leave-one-out cannot tell how it predicts"
    advice = "data that come in by `factor` have none; otherwise see what was said when it ran"
    name: str


class OtherData(Warn):
    """Runs whose data differ."""

    code = "UQ734"
    headline = "`{first}` and `{second}` are of other data: {what}"
    advice = "they differ by their data too, and not by their models and methods alone"
    first: str
    second: str
    what: str


class NotDrawn(Problem):
    """What `simulate` cannot draw."""

    code = "UQ735"
    headline = "`{name}` cannot be simulated: {reason}"
    name: str
    reason: str


class NowhereToWrite(Problem):
    """What `simulate` has drawn and cannot write."""

    code = "UQ736"
    headline = "simulated values of {names} cannot be written: {reason}"
    advice = "name a file in the `data` statement, such as `twin.nc`, that holds them"
    names: str
    reason: str
