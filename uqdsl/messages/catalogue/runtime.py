"""UQ6xx: runs that failed."""

from __future__ import annotations

from uqdsl.messages.problem import Problem, Warn


class InfiniteDensity(Problem):
    """A statement whose log density is not finite at any of the positions from which a chain could start."""

    code = "UQ601"
    headline = "no chain can start: the log density of `{name}`{where} is {value}"
    label = "{value} at every one of {tries} random starting points"
    advice = "check that the law gives every value that the data hold, and every value its priors allow, some density"
    name: str
    where: str
    value: str
    tries: int


class InvalidParameter(Problem):
    """A law with a parameter outside the parameter's range, at every position from which a chain could start."""

    code = "UQ602"
    headline = "no chain can start: `{parameter}` of the law of `{name}`{where} is {value}, but must be {expected}"
    label = "`{parameter}` is {value} here"
    advice = "give what it is computed from a prior or a form that keeps it in range, such as `exp(...)` for a scale"
    name: str
    where: str
    parameter: str
    value: str
    expected: str


class UndefinedQuantity(Problem):
    """A quantity that is not a number at any position from which a chain could start."""

    code = "UQ603"
    headline = "no chain can start: `{name}`{where} is {value}"
    label = "{value} at every one of {tries} random starting points"
    advice = (
        "look for a logarithm or root of a negative number, a division by zero, an overflow, or the Cholesky factor of a "
        "matrix that is not positive definite"
    )
    name: str
    where: str
    value: str
    tries: int


class UndefinedGradient(Problem):
    """A log density that is finite while its gradient is not."""

    code = "UQ604"
    headline = "no chain can start: the derivative of the log density by `{name}`{where} is {value}"
    label = "the log density is finite, but its derivative by this is {value}"
    advice = (
        "look for a division by zero, or a root, power or absolute value of zero, that it goes into, or a branch of `if` "
        "that is not finite"
    )
    name: str
    where: str
    value: str


class StuckChains(Problem):
    """Chains none of which moves."""

    code = "UQ605"
    headline = "every proposal of every chain was rejected: after warm-up {chains}"
    advice = "the log density jumps or is not finite near the start of each; a narrower prior or a smooth form may help"
    chains: str


class OutOfMemory(Problem):
    """A run that needs more memory than there is."""

    code = "UQ606"
    headline = "the run needs more memory than there is"
    advice = "record fewer or smaller quantities, use fewer chains, or run where there is more memory"


class UnfitCheckpoint(Problem):
    """A checkpoint of another model or other options."""

    code = "UQ607"
    headline = "the checkpoint of chain {chain} is not one of this model with these options"
    advice = "start a new run without `--resume`"
    chain: int


class SamplerFailure(Problem):
    """A fault of ours."""

    code = "UQ608"
    headline = "the sampler failed unexpectedly ({exception}): this is a fault of uqdsl"
    advice = "please report it, with the spec and, if you can, the data"
    exception: str


class NoPredictions(Warn):
    """Draws from which nothing more could be computed."""

    code = "UQ609"
    headline = "the draws are kept, but predictions and log densities could not be computed ({exception})"
    advice = "where memory is short, record fewer draws; otherwise please report it, with the spec"
    exception: str


class SolverGaveUp(Problem):
    """A differential equation that has no trajectory at any position from which a chain could start."""

    code = "UQ611"
    headline = "no chain can start: the differential equation of `{name}` cannot be followed beyond {dim} = {reached}"
    label = "{why}, at every one of {tries} random starting points"
    name: str
    dim: str
    reached: str
    why: str
    tries: int


class NoMode(Problem):
    """A search for the largest density that found none."""

    code = "UQ613"
    headline = "no mode was found: {searches} ended where the density still rises along `{name}`"
    label = "no largest density along this"
    advice = (
        "a scale that is learned together with what it scales has no mode: state it, or write `weights inferred`; elsewhere a "
        "narrower prior may help"
    )
    name: str
    searches: str


class NotSimulated(Problem):
    """A model of which no data can be drawn on which a method could be tried."""

    code = "UQ614"
    headline = "nothing can be calibrated on simulated data: {reason}"
    label = "needs data that the model draws"
    advice = "look at draws of the prior: it may allow what no data can be, and then a narrower one may help"
    reason: str


class NotMixed(Warn):
    """Short chains, one for each draw of a posterior, that did not forget where they began, or could not follow the density."""

    code = "UQ617"
    headline = "short chains of {stage} {trouble}"
    label = "sampled by these"
    advice = "the parts of the predictions' variance that this brings may be wrong; give what is unknown here narrower priors"
    stage: str
    trouble: str


class NoPrediction(Warn):
    """Draws of a posterior from which nothing could be predicted."""

    code = "UQ618"
    headline = "the draws are kept, but what `predict` asks for could not be computed ({exception})"
    advice = "where memory is short, ask for fewer draws; otherwise please report it, with the spec"
    exception: str


class PredictionNotFinite(Warn):
    """Predictions that are not numbers."""

    code = "UQ619"
    headline = "predictions `{name}` have draws that are not finite numbers, at {count} places"
    label = "predicted here"
    advice = "look for an overflow, or for new rows far from those for training"
    name: str
    count: int


class NoPicture(Warn):
    """A picture that could not be drawn."""

    code = "UQ630"
    headline = "the result is kept, but its picture `{name}` could not be drawn ({reason})"
    advice = "`--no-pictures` leaves pictures out; unless the disk is at fault, please report it, with the spec"
    name: str
    reason: str


class UnfitEnsemble(Problem):
    """A kind of ensemble that a spec does not admit."""

    code = "UQ650"
    headline = "`ensemble(kind = {kind})` cannot be had of this spec: {why}"
    advice = "use another kind, such as `kind = deep`"
    kind: str
    why: str


class ErrorWithoutVariance(Problem):
    """An error of observations that is computed, and comes out as none."""

    code = "UQ665"
    headline = "the error of `{name}` has the variance {value} at {where}, and needs one above 0"
    label = "of {count} of its observations"
    advice = "look at what its scale is made of; what is known exactly still needs a small one"
    name: str
    value: str
    where: str
    count: int


class CannotFollow(Problem):
    """A method that is made for states of another kind."""

    code = "UQ660"
    headline = "`{method}` cannot follow these states: {reason}"
    label = "made for states of another kind"
    method: str
    reason: str


class MemberFailed(Problem):
    """A member of an ensemble whose model fails, where that is to stop it all."""

    code = "UQ670"
    headline = "{count} of the members failed on the way to {when}{why}"
    label = "to stop where one does"
    advice = (
        "look into the model there, or leave `failures = stop` out for others to take its place; what was found is kept"
    )
    count: int
    when: str
    why: str
