"""Whether a method may be used: what it assumes of a posterior is looked for in the spec before anything runs.

Each assumption has a function that gives the places of the spec which violate it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Label, Problem, Span, listing
from uqdsl.messages.catalogue.lints import MomentsAlone
from uqdsl.messages.catalogue.methods import Inadmissible, NotLinearised
from uqdsl.vocabulary.assimilation import MARGINAL, filters
from uqdsl.vocabulary.assimilation.schemes import Gated
from uqdsl.vocabulary.distributions import DISTRIBUTIONS
from uqdsl.vocabulary.methods import Assumption, Method, method_named, methods
from uqdsl.vocabulary.moments import lacks_variance

_MOST_SHOWN = 3


class Violation(NamedTuple):
    """Where a spec is not as a method assumes.

    - at: the place.
    - reason: what is there, as the rest of a sentence that ends in "but".
    - label: the same in short, at the place.
    - others: what else is to be seen.
    - mend: how the spec can be changed; empty where it is as it is.
    """

    at: Span
    reason: str
    label: str
    others: tuple[Label, ...] = ()
    mend: str = ""


def check_admissible(spec: ir.Spec) -> tuple[Problem, ...]:
    """UQ505 for each assumption of the method of a run or of an assimilation that a sound spec violates."""
    problems: list[Problem] = []
    for run in spec.runs:
        if (method := method_named(run.method)) is not None:
            problems += _violated(run, method, methods(), partial(_violations, spec))
        if run.states is not None:
            able = {name: each for name, each in filters().items() if name in MARGINAL}
            problems += _violated(run, able[run.states.method], able, partial(_violations_in_time, spec, ()))
    for each in spec.motion.assimilations if spec.motion is not None else ():
        look = partial(_violations_in_time, spec, each.names)
        problems += _violated(each, filters()[each.method], filters(), look)
        if (other := _fallback(each)) is not None:
            problems += _violated(each, other, filters(), look)
    return tuple(problems)


def _fallback(asked: ir.Assimilation) -> Method | None:
    """The method whose analysis stands in for another, with what that analysis assumes."""
    gate = getattr(filters()[asked.method].options(**asked.options), "fallback", None)
    if not isinstance(gate, Gated):
        return None
    method = filters()[gate.by.kind]
    return replace(method, assumptions=tuple({Assumption.SLOPES}.intersection(method.assumptions)))


def check_moments(spec: ir.Spec) -> tuple[Problem, ...]:
    """UQ267 for each likelihood that is not Gaussian, of which methods know the mean and the variance alone."""
    asked = spec.motion.assimilations if spec.motion is not None else ()
    asked = (*asked, *(run.states for run in spec.runs if run.states is not None))
    methods = dict.fromkeys(each.method for each in asked if Assumption.MOMENTS in filters()[each.method].assumptions)
    if not methods:
        return ()
    return tuple(
        MomentsAlone(at=each.law.span, methods=listing(methods, last="and"), name=each.name, law=shape)
        for each in _stage(spec, "observation").observations
        if (shape := shape_of(each.law)) and not _lacking(each.law)
    )


def check_linearised(spec: ir.Spec) -> tuple[Problem, ...]:
    """UQ514 for each run whose networks are to be linear about its mode, where that cannot be."""
    asked = [run for run in spec.runs if run.method == "laplace" and run.options["predictive"] == "linearised"]
    return tuple(
        # Without an `infer` statement of its own, a run has no place in the text.
        NotLinearised(at=run.span if run.span != Span(0, 0) else None, reason=reason, others=others)
        for run in asked
        for reason, others in _not_linear(spec, run)[:1]
    )


def _not_linear(spec: ir.Spec, run: ir.Run) -> list[tuple[str, tuple[Label, ...]]]:
    """Why the networks of a run cannot be linear about its mode."""
    found: list[tuple[str, tuple[Label, ...]]] = []
    if not spec.networks:
        found.append(("the spec has no network", ()))
    if run.states is not None:
        found.append(("states are integrated out by a filter, whose model stays as it is", ()))
    if any(each.name == "refit" for each in spec.stages):
        # Weights that are exact are the mode of that stage, others a draw of chains in it.
        named = {each.name: each for each in spec.sources}
        exact = named["weights"].stance == "exact"
        source = named["weights" if exact else "training_data"]
        again = "weights are found anew for each draw of true training data, by chains of the network itself"
        reason = "weights that are exact do not move away from a mode" if exact else again
        found.append((reason, (Label(source.span, "because of this"),)))
    return found


type _Look = Callable[[Assumption], list[Violation]]


def _violations(spec: ir.Spec, assumption: Assumption) -> list[Violation]:
    return VIOLATIONS[assumption](spec)


def _violations_in_time(spec: ir.Spec, estimated: Collection[str], assumption: Assumption) -> list[Violation]:
    return IN_TIME[assumption](spec, estimated)


def is_admissible(method: Method, look: _Look) -> bool:
    """Whether what a method assumes is so."""
    return not any(look(assumption) for assumption in method.assumptions)


def _violated(
    run: ir.Run | ir.Assimilation, method: Method, others: Mapping[str, Method], look: _Look
) -> Iterator[Problem]:
    for assumption in method.assumptions:
        if violations := look(assumption):
            yield _inadmissible(
                run,
                method,
                assumption,
                violations,
                [name for name, each in others.items() if is_admissible(each, look)],
            )


def _inadmissible(
    run: ir.Run | ir.Assimilation,
    method: Method,
    assumption: Assumption,
    violations: list[Violation],
    able: list[str],
) -> Problem:
    first = violations[0]
    places = tuple(Label(each.at, each.label) for each in violations[:_MOST_SHOWN])
    # Without an `infer` statement of its own, a run has no place in the text.
    stated = run.span != Span(0, 0)
    at, others = (run.span, places) if stated else (first.at, places[1:])
    instead = (
        f"admissible here {'is' if len(able) == 1 else 'are'} {listing(able, last='and', most=len(able))}"
        if able
        else ""
    )
    return Inadmissible(
        at=at,
        method=method.name,
        assumption=str(assumption),
        reason=first.reason,
        said="not admissible here" if stated else first.label,
        others=(*others, *dict.fromkeys(label for each in violations[:_MOST_SHOWN] for label in each.others)),
        hint="; ".join(filter(None, (first.mend, instead))),
    )


# -------------------------------------------------------------------------------------------------- the assumptions


def _discrete(spec: ir.Spec) -> list[Violation]:
    """Discrete unknowns that are not summed out."""
    summed = {each.name for each in spec.sums}
    return [
        Violation(each.span, f"`{each.name}` is discrete", "discrete")
        for each in spec.unknowns
        if DISTRIBUTIONS[each.law.distribution].discrete and each.name not in summed
    ]


def _without_gradient(spec: ir.Spec) -> list[Violation]:
    """Calls, in what the log density is made of, of functions that JAX cannot follow; not those of data alone."""
    calls = _opaque_calls(spec, _of_density(spec))
    return [_opaque(call, spec, "part of the log density", _with_gradient(call, spec)) for call in calls]


def _opaque_calls(spec: ir.Spec, statements: Sequence[ir.Statement]) -> Iterator[ir.Invoke]:
    opaque = ir.nondifferentiable(spec)
    for statement in statements if opaque else ():
        yield from (each for each in ir.nodes(statement) if isinstance(each, ir.Invoke) and each.function in opaque)


def _opaque(call: ir.Invoke, spec: ir.Spec, label: str, mend: str) -> Violation:
    declared = next(each.span for each in (*spec.functions, *spec.externs) if each.name == call.function)
    return Violation(
        call.span,
        f"the function `{call.function}` has none",
        label,
        (Label(declared, "has no gradient"),),
        mend,
    )


def _of_density(spec: ir.Spec) -> list[ir.Statement]:
    """The statements that the log density is made of, without quantities of data alone."""
    used: set[str] = set()
    found: list[ir.Statement] = []
    for each in reversed(spec.statements):
        if isinstance(each, ir.Quantity) and (each.fixed or not used & {each.name, *each.together}):
            continue
        used |= ir.names_used(each)
        found.append(each)
    return found[::-1]


def _with_gradient(call: ir.Invoke, spec: ir.Spec) -> str:
    if not ir.names_used(call) & _random(spec):
        return f"give it a `let` of its own, which is computed once: `let … = {call.function}(…)`"
    return "write it with `jax.numpy` and without `nondifferentiable`; a `let` that no law or factor uses may call it as it is"


def cannot_be_drawn(spec: ir.Spec) -> list[Violation]:
    """What has no law from which unknowns can be drawn, one after the other."""
    summed = {each.name for each in spec.sums}
    found: list[Violation] = []
    for each in spec.statements:
        if isinstance(each, ir.Factor):
            found.append(Violation(each.span, "a `factor` may be part of it", "no law that can be sampled"))
        if not isinstance(each, ir.Unknown):
            continue
        name = each.law.distribution
        if not DISTRIBUTIONS[name].normalised:
            reason = f"`{name}`, the law of `{each.name}`, is not normalised"
            found.append(Violation(each.span, reason, "not normalised"))
        elif each.imputes and each.name not in summed:
            found.append(Violation(each.span, f"`{each.name}` is known in part", "a law of observed values too"))
        elif each.restriction == "ordered" and _differ(each.law, each.along):
            reason = f"the values of `{each.name}` are `ordered` and have laws of their own"
            found.append(Violation(each.span, reason, "has no sampler"))
    return found


def _without_sampler(spec: ir.Spec) -> list[Violation]:
    """What keeps draws of the unknowns from being draws of what the program has for a prior density."""
    mixed = {term.statement for each in spec.sums for term in each.terms} - {each.name for each in spec.sums}
    return cannot_be_drawn(spec) + [
        Violation(
            each.span,
            f"the law of `{each.name}` depends on an unknown that is summed out",
            "summed over with the likelihood",
        )
        for each in spec.unknowns
        if each.name in mixed
    ]


def _differ(law: ir.Law, along: tuple[str, ...]) -> bool:
    """Whether a law is another one from place to place along a dimension."""
    values = (*(each.value for each in law.arguments), law.lower, law.upper)
    return any(dim in each.dims for each in values if each is not None for dim in along)


_SAMPLES = frozenset({"Empirical"})
"""Laws that are known by draws alone."""


def _without_density(spec: ir.Spec) -> list[Violation]:
    return [
        Violation(each.span, f"`{each.name}` is known by draws alone", "draws, without a density")
        for each in spec.unknowns
        if each.law.distribution in _SAMPLES
    ]


_GAUSSIAN = {"Normal": "sd", "MultiNormal": "covariance"}
"""The Gaussian laws, with what their scatter is called."""


def _prior_not_gaussian(spec: ir.Spec) -> list[Violation]:
    """Priors without which all unknowns were jointly Gaussian: a scatter or a mean that is curved in other unknowns."""
    random = _random(spec)
    bent = _bent(spec, random)
    found: list[Violation] = []
    for each in spec.unknowns:
        law = each.law
        laws = (law, *(each.past.laws if each.past is not None else ()))
        strange = next((one for one in laws if shape_of(one)), None)
        if strange is not None:
            found.append(Violation(each.span, f"that of `{each.name}` is {shape_of(strange)}", "not Gaussian"))
        elif each.restriction or each.imputes:
            why = f"`{each.restriction}`" if each.restriction else "known in part"
            found.append(Violation(each.span, f"`{each.name}` is {why}", "not Gaussian"))
        elif each.noncentered:
            continue  # what is moved is standard normal
        elif any(scatter(one) & random for one in laws):
            reason = f"the scatter of `{each.name}` depends on another unknown"
            mend = "write `noncentered` after its prior, if that unknown is itself Gaussian"
            found.append(Violation(each.span, reason, "a scatter that is unknown", mend=mend))
        elif any(not is_affine(argument.value, random, bent) for one in laws for argument in one.arguments):
            reason = f"the mean of `{each.name}` is not a linear function of other unknowns"
            found.append(Violation(each.span, reason, "not linear"))
    return found


def _likelihood_not_gaussian(spec: ir.Spec) -> list[Violation]:
    """Likelihoods whose data are not Gaussian given the unknowns, or whose scatter depends on these."""
    random = _random(spec)
    mixed = {term.statement for each in spec.sums for term in each.terms}
    missing = {each.name for each in spec.fields if each.missing}
    found = [
        Violation(run.span, "states that move at random are integrated out of it", "not Gaussian then")
        for run in spec.runs
        if run.states is not None
    ]
    for each in spec.statements:
        if isinstance(each, ir.Factor):
            found.append(Violation(each.span, "a `factor` may be part of it", "not Gaussian data"))
        if isinstance(each, ir.Unknown) and each.imputes:
            found.append(Violation(each.span, f"`{each.name}` is known in part", "holds observed values"))
        if not isinstance(each, ir.Observation):
            continue
        parts = {
            f"that of `{each.name}` is {shape_of(each.law)}": bool(shape_of(each.law)),
            f"that of `{each.name}` is a mixture over an unknown that is summed out": each.name in mixed,
            f"the scatter of `{each.name}` depends on unknowns": bool(scatter(each.law) & random),
            f"the terms of `{each.name}` have a `weight`": each.weight is not None,
            f"some values of `{each.name}` are left out": each.where is not None or each.name in missing,
        }
        reason = next((reason for reason, holds in parts.items() if holds), "")
        if reason:
            found.append(Violation(each.span, reason, reason.replace(f" of `{each.name}`", "")))
    return found


def shape_of(law: ir.Law) -> str:
    """What a law is if it is not Gaussian; empty if it is."""
    if law.distribution not in _GAUSSIAN:
        return f"`{law.distribution}`"
    if law.lower is not None or law.upper is not None:
        return "censored" if law.censored else "truncated"
    return ""


def scatter(law: ir.Law) -> set[str]:
    """The names in the scatter of a Gaussian law."""
    return {
        name for each in law.arguments if each.name == _GAUSSIAN.get(law.distribution) for name in ir.names_used(each)
    }


def _random(spec: ir.Spec) -> set[str]:
    """The unknowns and what depends on them."""
    return {each.name for each in spec.unknowns} | {each.name for each in spec.quantities if not each.fixed}


def _bent(spec: ir.Spec, random: set[str]) -> set[str]:
    """The quantities that are not linear in unknowns."""
    bent: set[str] = {each.name for each in spec.unknowns if each.noncentered and ir.names_used(each.law) & random}
    for each in spec.quantities:
        curved = each.flow is not None or not is_affine(each.value, random, bent)
        if not each.fixed and curved:
            bent.add(each.name)
    return bent


def is_affine(value: ir.Expression, random: set[str], bent: set[str]) -> bool:
    """Whether an expression is a linear function, with an intercept, of unknowns."""
    used = ir.names_used(value)
    if not used & random:
        return True
    if used & bent:
        return False
    match value:
        case ir.Reference():
            return True
        case ir.Gather(index=index) if ir.names_used(index) & random:
            return False
        case ir.Gather(value=inner) | ir.Pick(value=inner) | ir.Rename(value=inner) | ir.Shift(value=inner):
            return is_affine(inner, random, bent)
        case ir.Array(items=items):
            return all(is_affine(each, random, bent) for each in items)
        case ir.Reduce(function="sum" | "mean", operand=operand):
            return is_affine(operand, random, bent)
        case ir.Operation(operator="+" | "-" | "negative", operands=operands):
            return all(is_affine(each, random, bent) for each in operands)
        case ir.Operation(operator="*", operands=operands):
            moving = [each for each in operands if ir.names_used(each) & random]
            return len(moving) == 1 and is_affine(moving[0], random, bent)
        case ir.Operation(operator="/", operands=(above, below)):
            return not ir.names_used(below) & random and is_affine(above, random, bent)
    return False


def _without_batches(spec: ir.Spec) -> list[Violation]:
    """Likelihoods that are looked at as a whole, where none is looked at in batches."""
    if any(each.batch is not None for each in spec.observations):
        return []
    mend = "write `batch(32)` after the likelihood"
    return [
        Violation(each.span, f"all rows of `{each.name}` are looked at at a time", "all rows at a time", mend=mend)
        for each in spec.observations or spec.unknowns
    ]


def _without_hidden_units(spec: ir.Spec) -> list[Violation]:
    """Networks of one layer, or that there is none."""
    unknown = {each.name for each in spec.unknowns}
    if any(
        each.name in unknown and each.name.endswith(".kernel")
        for network in spec.networks
        for layer in network.layers[1:]
        for each in layer.weights
    ):
        return []
    shallow = [
        Violation(each.span, f"`{each.name}` has none that a layer of unknown weights takes in", "no hidden units")
        for each in spec.networks
    ]
    return shallow or [
        Violation(each.span, "the spec has no network", "depends on no network")
        for each in spec.observations or spec.unknowns
    ]


type _Violations = Callable[[ir.Spec], list[Violation]]

VIOLATIONS: Mapping[Assumption, _Violations] = {
    Assumption.CONTINUOUS: _discrete,
    Assumption.DIFFERENTIABLE: _without_gradient,
    Assumption.PRIOR_SAMPLER: _without_sampler,
    Assumption.PRIOR_DENSITY: _without_density,
    Assumption.GAUSSIAN_PRIOR: _prior_not_gaussian,
    Assumption.GAUSSIAN_LIKELIHOOD: _likelihood_not_gaussian,
    Assumption.BATCHES: _without_batches,
    Assumption.HIDDEN_UNITS: _without_hidden_units,
}
"""Of each assumption about a posterior where a spec violates it."""


# ------------------------------------------------------------------------------------------------------ states in time


def _stage(spec: ir.Spec, name: str) -> ir.Spec:
    return next(each.spec for each in spec.stages if each.name == name)


def _observed_not_gaussian(spec: ir.Spec, _estimated: Collection[str]) -> list[Violation]:
    """Likelihoods of states whose data are not Gaussian given these; values may be missing, and a scatter may move."""
    found: list[Violation] = []
    for each in _stage(spec, "observation").statements:
        if isinstance(each, ir.Observation) and (shape := shape_of(each.law)):
            found.append(Violation(each.span, f"that of `{each.name}` is {shape}", f"that is {shape}"))
    return found


def _observed_without_moments(spec: ir.Spec, _estimated: Collection[str]) -> list[Violation]:
    """Likelihoods of states whose data have no mean or no variance, or none that programs know."""
    return [
        Violation(each.span, f"that of `{each.name}` is {lacking}", f"that is {lacking}")
        for each in _stage(spec, "observation").observations
        if (lacking := _lacking(each.law))
    ]


def _lacking(law: ir.Law) -> str:
    """What a law is in the place of one with a mean and a variance; empty where it has both."""
    if law.lower is not None or law.upper is not None:
        return "censored" if law.censored else "truncated"
    constants = {each.name: float(each.value.value) for each in law.arguments if isinstance(each.value, ir.Constant)}
    inner = (_lacking(each) for each in law.components)
    return lacks_variance(law.distribution, constants) or next(filter(None, inner), "")


def _error_not_gaussian(spec: ir.Spec, _estimated: Collection[str]) -> list[Violation]:
    """Laws of a state given the one before that are not Gaussian."""
    assert spec.motion is not None
    kinds = dict(zip(spec.motion.states, spec.motion.kinds, strict=True))
    found: list[Violation] = []
    for each in _stage(spec, "step").unknowns:
        name = _moved_by(each.name)
        # Methods move a state above zero on the scale of its logarithm.
        normal = each.law.distribution == "LogNormal" and kinds.get(name) in ("positive", "nonnegative")
        if not normal and (shape := shape_of(each.law)):
            found.append(Violation(each.span, f"that of `{name}` is {shape}", f"that is {shape}"))
    return found


def _moved_by(name: str) -> str:
    """The state that moves at random by an unknown of a step."""
    for ending in (".error", ".multiplier", ".shock", ".forecast.noise"):
        name = name.removesuffix(ending)
    return name


def _without_error(spec: ir.Spec, _estimated: Collection[str]) -> list[Violation]:
    """States that move without an error."""
    assert spec.motion is not None
    step = _stage(spec, "step")
    drawn = {_moved_by(each.name) for each in step.unknowns}
    return [
        Violation(each.span, f"`{each.name}` moves without one", "no error", mend="give it one: `error … += Normal(…)`")
        for each in step.quantities
        if each.name in spec.motion.states and each.name not in drawn
    ]


def _with_error(spec: ir.Spec, _estimated: Collection[str]) -> list[Violation]:
    """What is drawn where a state moves."""
    return [
        Violation(
            each.span, f"`{_moved_by(each.name)}` moves with one", "its error", mend="state `error exact` instead"
        )
        for each in _stage(spec, "step").unknowns
    ]


def _with_parameters(spec: ir.Spec, estimated: Collection[str]) -> list[Violation]:
    """Parameters that are to be estimated."""
    return [
        Violation(
            each.span,
            f"`{each.name}` is to be estimated",
            "unknown",
            mend=f"state `with(fixed = [{each.name}])` instead",
        )
        for each in spec.unknowns
        if each.name in estimated
    ]


def _without_tangents(spec: ir.Spec, _estimated: Collection[str]) -> list[Violation]:
    """Calls of functions that JAX cannot follow, in how states begin, move and are observed."""
    return [found for name in ("initial", "step", "observation") for found in _stage_without_gradient(spec, name)]


def _without_slopes(spec: ir.Spec, _estimated: Collection[str]) -> list[Violation]:
    """The same in how states are observed alone."""
    return _stage_without_gradient(spec, "observation")


def _stage_without_gradient(spec: ir.Spec, name: str) -> list[Violation]:
    stage, mend = _stage(spec, name), "write it with `jax.numpy` and without `nondifferentiable`"
    moving = [each for each in stage.statements if not (isinstance(each, ir.Quantity) and each.fixed)]
    return [_opaque(call, stage, "no derivatives", mend) for call in _opaque_calls(stage, moving)]


type _ViolationsInTime = Callable[[ir.Spec, Collection[str]], list[Violation]]

IN_TIME: Mapping[Assumption, _ViolationsInTime] = {
    Assumption.GAUSSIAN_LIKELIHOOD: _observed_not_gaussian,
    Assumption.MOMENTS: _observed_without_moments,
    Assumption.VARIANCE: _observed_without_moments,
    Assumption.GAUSSIAN_ERROR: _error_not_gaussian,
    Assumption.ERROR: _without_error,
    Assumption.EXACT: _with_error,
    Assumption.KNOWN_PARAMETERS: _with_parameters,
    Assumption.TANGENTS: _without_tangents,
    Assumption.SLOPES: _without_slopes,
}
"""Of each assumption about states that move in time where a spec violates it, of which some parameters are estimated."""
