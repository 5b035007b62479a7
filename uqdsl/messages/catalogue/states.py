"""UQ25x: states, and the equations by which they move."""

from __future__ import annotations

from uqdsl.messages.problem import Note, Problem


class IncompleteState(Problem):
    code = "UQ251"
    headline = "the state `{name}` lacks {what}"
    label = "declared here"
    name: str
    what: str


class NotAStateEquation(Problem):
    code = "UQ252"
    headline = "`{keyword}` holds {expected}, but this is not one"
    label = "not of this form"
    keyword: str
    expected: str


class UnknownSolver(Problem):
    code = "UQ253"
    headline = "there is no solver `{name}`"
    label = "not a solver"
    name: str


class NoStep(Problem):
    code = "UQ254"
    headline = "`{solver}` takes steps of one length, which is not given"
    label = "how long are its steps?"
    advice = "give it: `{solver}(dt = 0.1)`"
    solver: str


class NotATimeAxis(Problem):
    code = "UQ255"
    headline = "a state moves along a time axis, but `{name}` is {what}"
    label = "not a time axis"
    advice = "declare it: `time {name}`, with a range as in `time {name} from 0 to 10 step 0.1` where no data have it"
    name: str
    what: str


class NotAState(Problem):
    code = "UQ256"
    headline = "`{name}` is not one of the states declared here, {states}"
    label = "not one of them"
    name: str
    states: str


class StatesOfOtherAxes(Problem):
    code = "UQ257"
    headline = "states move along `{axis}` and along `{first}`, but they can only move together"
    label = "these move along `{axis}`"
    advice = "let all move along one axis"
    axis: str
    first: str


class OtherTimes(Problem):
    code = "UQ258"
    headline = "the likelihood of `{name}` speaks of states at several times at once"
    label = "at these times"
    advice = "observe each at times of its own: a likelihood for each"
    name: str


class NotAssimilated(Problem):
    code = "UQ259"
    headline = "`{name}` is a state, and states are assimilated together"
    label = "not among these"
    advice = "name it too: what moves together is estimated together"
    name: str


class NeitherFixedNorSampled(Problem):
    code = "UQ260"
    headline = "nothing says what becomes of {names}, which no state is"
    label = "estimated here, or not?"
    names: str


class MethodChosen(Note):
    """A method that the spec leaves open."""

    code = "UQ278"
    headline = "`assimilate` goes by `{method}`: {why}"
    label = "goes by `{method}`"
    advice = "write `by` and a method for another"
    method: str
    why: str


class SolverOfOtherEquations(Problem):
    code = "UQ269"
    headline = "`{solver}` is for equations {kind} `diffusion`, and {found}"
    label = "of the other kind"
    solver: str
    kind: str
    found: str


class DiffusionOfOthers(Problem):
    code = "UQ270"
    headline = (
        "`milstein` is for a diffusion of each element that depends on this element alone, unlike that of `{name}`"
    )
    label = "depends on others"
    advice = "take `euler_maruyama`"
    name: str


class NotAnError(Problem):
    code = "UQ275"
    headline = "the error of `{name}` cannot be so, because {reason}"
    label = "this error"
    name: str
    reason: str


class NoKindOfState(Problem):
    code = "UQ276"
    headline = "states are {kinds}, and not `{kind}`"
    label = "declared here"
    kinds: str
    kind: str


class LeavesItsKind(Problem):
    code = "UQ277"
    headline = "`{name}` is declared {kind}, but {what} takes it beyond that"
    label = "not {kind} alone"
    name: str
    kind: str
    what: str


class NoStates(Problem):
    code = "UQ250"
    headline = "`assimilate` estimates states that move in time, and there are none"
    label = "of which state?"
    advice = "declare a `state`, or estimate what does not move by `infer`"


class StatesMoveAtRandom(Problem):
    code = "UQ285"
    headline = "states move at random, and `infer` does not say how they are accounted for"
    label = "drawn anew at each step"
    advice = "write `infer by nuts(states = kalman())` where everything is Gaussian, or estimate them by `assimilate`"


class StatesUnaccounted(Problem):
    code = "UQ286"
    headline = "this `infer` does not say how states are accounted for, though another does"
    label = "without `states = …`"
    advice = "write it here too, as in `infer by nuts(states = kalman())`"


class NothingToAccountFor(Problem):
    code = "UQ287"
    headline = "`states = …` accounts for states that move, and there are none"
    label = "of which states?"
    advice = "leave it out"


class LikelihoodEstimated(Problem):
    code = "UQ295"
    headline = "`{method}` needs the likelihood itself, but `{filter}` gives an estimate of it that is random"
    label = "particles estimate it"
    advice = (
        "write `infer by metropolis(states = {filter}(…))` or `smc(states = {filter}(…))`, "
        "or `states = extended_kalman()` where all is nearly Gaussian"
    )
    method: str
    filter: str


class RegularisedLikelihood(Problem):
    code = "UQ296"
    headline = "`regularisation` moves particles, so that the likelihood would be that of another system"
    label = "not with `infer`"
    advice = "leave it out, and take more members instead: `{filter}(members = 1000)`"
    filter: str


class RejectingLikelihood(Problem):
    code = "UQ268"
    headline = "`reject` leaves observations out, so that the likelihood would be one of other data at each step"
    label = "not with `infer`"
    advice = "leave it out; a law with heavy tails, such as `StudentT`, has room for outliers"


class NotTheTruth(Problem):
    code = "UQ288"
    headline = "{name} cannot be the truth of the state `{state}`: the dimensions differ"
    label = "scored against it here"
    advice = "declare it as `{expected}`"
    name: str
    state: str
    expected: str
