"""From `Normal(mu, variance = 4)` to a law of the IR, its parameters in standard form and within their supports."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor, inf, isinf
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Label, Span, did_you_mean, errors, listing
from uqdsl.messages.catalogue.kinds import (
    CannotTruncate,
    EmptyInterval,
    GivenTwice,
    NoEvent,
    NoEventDimension,
    NotALaw,
    UnknownDistribution,
    WrongArgumentCount,
    WrongModifier,
)
from uqdsl.messages.catalogue.lints import IdleBound
from uqdsl.messages.catalogue.names import ListLength, NoSuchDimension, ReductionWithoutDimension
from uqdsl.messages.catalogue.priors import OnlyAPrior
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.context import Context, Typed
from uqdsl.semantics.declare import Declared, What
from uqdsl.semantics.expressions import bound, dimension, number
from uqdsl.semantics.parameters import lower_arguments
from uqdsl.semantics.walk import law_name, names_in, ungrouped
from uqdsl.semantics.wording import are, plural
from uqdsl.syntax import tree
from uqdsl.vocabulary import synonyms
from uqdsl.vocabulary.composed import ALONE, COMPOSED
from uqdsl.vocabulary.distributions import DISTRIBUTIONS, PLANNED, Distribution
from uqdsl.vocabulary.functions import FUNCTIONS, REDUCTIONS
from uqdsl.vocabulary.supports import Support, interval, point
from uqdsl.vocabulary.synonyms import meant

_NOTHING = Declared("", What.UNREADABLE, Span(0, 0), Span(0, 0))


class LoweredLaw(NamedTuple):
    """A law, the support of its draws, whether it depends on an unknown, and the dimension whose labels it draws."""

    law: ir.Law
    distribution: Distribution
    support: Support
    random: bool
    category: str | None = None


def lower_law(
    expression: tree.Expression,
    modifiers: tuple[tree.Modifier, ...],
    dims: tuple[str, ...],
    context: Context,
) -> LoweredLaw | None:
    """The law of a statement over `dims`, or None where a problem was reported."""
    call = ungrouped(expression)
    if not isinstance(call, tree.Call) or not isinstance(call.function, tree.Name):
        return _refuse_law(call, context)
    name = call.function.name
    distribution = DISTRIBUTIONS.get(name)
    if distribution is None:
        return _refuse_distribution(call, call.function, context)
    before = len(errors(context.problems))
    event, given = lower_event(distribution, call, dims, context)
    if event is None:
        return None
    laws = [each for each in given if _is_law(each)] if distribution.laws else []
    given = [each for each in given if each not in laws]
    over, given = _consumed(distribution, given, call, dims, laws, context)
    if len(errors(context.problems)) > before:
        return None
    components = _components(distribution, laws, call, dims, event, over, context)
    if components is None:
        return None
    arguments = lower_arguments(distribution, given, call, dims, event, over, context)
    if distribution.samples and any(each.random for each in arguments.values()):
        context.report(FeatureNotBuilt(at=call.span, feature=f"`{name}` with members that are unknown"))
    lower, upper, censors = _truncation(distribution, modifiers, tuple(d for d in dims if d not in event), context)
    _check_interval(distribution, arguments, call, context)
    if len(errors(context.problems)) > before:
        return None
    _check_bounds(distribution, arguments, lower, upper, censors, context)
    if len(errors(context.problems)) > before:
        return None
    ends = (None, None) if censors else (lower, upper)
    support = _draw_support(distribution, arguments, *ends)
    for place, each in enumerate(components):
        support = each.support if place == 0 else support.hull(each.support)
    if distribution.laws == "one":
        support = support.hull(point(0.0))
    parts = [*arguments.values(), *(bound for bound in (lower, upper) if bound is not None)]
    if not all(part.sound for part in parts):
        return None
    law = ir.Law(
        span=expression.span,
        distribution=name,
        arguments=tuple(ir.Argument(span=v.node.span, name=k, value=v.node) for k, v in arguments.items()),
        event=event,
        over=None if over == ir.PLACES else over,
        components=tuple(each.law for each in components),
        lower=lower.node if lower else None,
        upper=upper.node if upper else None,
        censored=censors,
    )
    random = any(part.random for part in parts) or any(each.random for each in components)
    category = ir.base(over) if over is not None and distribution.values == "labels" else None
    return LoweredLaw(law, distribution, support, random, category)


def check_has_density(lowered: LoweredLaw, context: Context) -> None:
    """UQ902 where a law that is known by draws alone stands for a density."""
    if lowered.distribution.samples:
        feature = f"`{lowered.distribution.name}` but as the whole law of a `prior`"
        context.report(FeatureNotBuilt(at=lowered.law.span, feature=feature))


def _is_law(argument: tree.Expression | tree.Named) -> bool:
    """Whether an argument is itself a law."""
    name = law_name(argument)
    return name in DISTRIBUTIONS or name in ALONE


def _consumed(
    distribution: Distribution,
    given: list[tree.Expression | tree.Named],
    call: tree.Call,
    dims: tuple[str, ...],
    laws: list[tree.Expression | tree.Named],
    context: Context,
) -> tuple[str | None, list[tree.Expression | tree.Named]]:
    """The dimension that a law consumes, where it does, and its other arguments."""
    named = [each for each in given if isinstance(each, tree.Named) and each.name == "over"]
    rest = [each for each in given if each not in named]
    if not any(parameter.over for way in distribution.ways for parameter in way.parameters):
        return None, given
    if len(named) > 1:
        context.report(GivenTwice(at=named[1].span, owner=distribution.name, name="over"))
        return None, rest
    if named:
        return dimension(named[0].value, context), rest
    if distribution.laws and len(laws) > 1:
        return ir.PLACES, rest
    values = [ungrouped(each.value if isinstance(each, tree.Named) else each) for each in rest]
    tried = replace(context, problems=[], free=True)
    found = {dim for each in values if not isinstance(each, tree.Listing) for dim in number(each, tried).dims}
    others = sorted(found - set(dims))
    if len(others) == 1:
        return others[0], rest
    if not errors(tried.problems):
        hint = f"write {listing(f'over = {dim}' for dim in others)}" if others else "write `over = k`"
        context.report(ReductionWithoutDimension(at=call.span, function=distribution.name, hint=hint))
    else:
        context.problems.extend(tried.problems)
    return None, rest


def _components(
    distribution: Distribution,
    laws: list[tree.Expression | tree.Named],
    call: tree.Call,
    dims: tuple[str, ...],
    event: tuple[str, ...],
    over: str | None,
    context: Context,
) -> list[LoweredLaw] | None:
    """The laws of which one is made; None where a problem was reported."""
    if not distribution.laws:
        return []
    if not laws or (distribution.laws == "one" and len(laws) > 1):
        expected = "one law" if distribution.laws == "one" else "the laws that it mixes"
        found = are(len(laws))
        context.report(WrongArgumentCount(at=call.span, function=distribution.name, expected=expected, found=found))
        return None
    consumes = over not in (None, ir.PLACES) and len(laws) == 1
    batch = tuple(dim for dim in dims if dim not in event)
    inner = (*batch, over, *event) if consumes and over is not None else dims
    found = []
    for each in laws:
        lowered = lower_law(each.value if isinstance(each, tree.Named) else each, (), inner, context)
        if lowered is None:
            return None
        check_has_density(lowered, context)
        found.append(lowered)
    if over is not None and over != ir.PLACES and len(laws) > 1:
        labels = context.dims[ir.base(over)]
        size = len(labels.labels) if labels.labels is not None else labels.size
        if size is not None and size != len(laws):
            expected, given = plural(size, "label"), plural(len(laws), "law")
            context.report(ListLength(at=call.span, dim=over, expected=expected, found=given))
            return None
    return found


def _refuse_law(expression: tree.Expression, context: Context) -> None:
    hint = ""
    if isinstance(expression, tree.Name) and expression.name in DISTRIBUTIONS:
        hint = f"write its parameters: `{DISTRIBUTIONS[expression.name].signature()}`"
    elif isinstance(expression, tree.Name) and expression.name in COMPOSED:
        hint = f"write its parameters: `{COMPOSED[expression.name].signature()}`"
    elif isinstance(expression, tree.Name) and expression.name in {*ALONE, *PLANNED}:
        hint = f"write its parameters: `{expression.name}(…)`"
    elif isinstance(expression, tree.Call) and isinstance(expression.function, tree.Attribute):
        name = expression.function.name
        hint = f"laws have no prefix: `{name}(…)`" if name in DISTRIBUTIONS else ""
    elif any(each.name in DISTRIBUTIONS for each in names_in(expression)):
        hint = _shifted(expression, context)
    elif context.declarations.values.get(context.owner, _NOTHING).what is What.UNKNOWN:
        hint = f"a quantity that follows from others is a `let`: `let {context.owner} = …`"
    context.report(NotALaw(at=expression.span, hint=hint))


def _shifted(expression: tree.Expression, context: Context) -> str:
    """What is meant by a law to which a number is added: the law at another place."""
    if isinstance(expression, tree.Binary) and expression.operator in ("+", "-"):
        call, number = ungrouped(expression.left), ungrouped(expression.right)
        if not isinstance(call, tree.Call) and expression.operator == "+":
            call, number = number, call
        if isinstance(call, tree.Call) and isinstance(call.function, tree.Name) and call.arguments:
            distribution = DISTRIBUTIONS.get(call.function.name)
            first, *rest = call.arguments
            shifts = distribution is not None and distribution.location_scale is not None
            if shifts and not any(isinstance(each, tree.Named) for each in call.arguments):
                sign = expression.operator
                by = context.written(number.span)
                place = f"{context.written(first.span)} {sign} {by}"
                if isinstance(first, tree.Number) and float(first.text) == 0:
                    place = by if sign == "+" else f"-{by}"
                shown = ", ".join([place, *(context.written(each.span) for each in rest)])
                return f"shift the law itself: `{call.function.name}({shown})`"
    return "a law stands alone after `~`; what is computed with its draws is a `let`"


def _refuse_distribution(call: tree.Call, function: tree.Name, context: Context) -> None:
    name = function.name
    declared = context.declarations.values.get(name)
    if declared is not None:
        if declared.what not in (What.FUNCTION, What.NETWORK, What.STATE, What.UNREADABLE):
            _refuse_law(call, context)
        elif declared.what in (What.FUNCTION, What.NETWORK):
            context.report(NotALaw(at=call.span, hint=f"`{name}` is {declared.what}"))
    elif name in ALONE:
        hint = f"declare an unknown of it, and use that here: `prior beta[…] ~ {name}(…)`"
        context.report(OnlyAPrior(at=call.span, law=name, hint=hint))
    elif name in PLANNED:
        context.report(FeatureNotBuilt(at=function.span, feature=f"the distribution `{name}`"))
    elif name in FUNCTIONS or name in REDUCTIONS:
        hint = f"`{name}` is a function; it may stand inside of a law: `Normal({name}(…), 1)`"
        if not any(names_in(call.arguments)):
            hint = meant(name, DISTRIBUTIONS, synonyms.DISTRIBUTIONS, otherwise=hint)
        elif context.declarations.values.get(context.owner, _NOTHING).what is What.UNKNOWN:
            hint = (
                f"a quantity that follows from others is a `let`: `let {context.owner} = {context.written(call.span)}`"
            )
        context.report(UnknownDistribution(at=function.span, name=name, hint=hint))
    elif not context.declarations.may_declare(name):
        hint = meant(name, [*DISTRIBUTIONS, *ALONE, *PLANNED], synonyms.DISTRIBUTIONS)
        context.report(UnknownDistribution(at=function.span, name=name, hint=hint))


def lower_event(
    distribution: Distribution, call: tree.Call, dims: tuple[str, ...], context: Context
) -> tuple[tuple[str, ...] | None, list[tree.Expression | tree.Named]]:
    """The event dimensions of a law, None where they are not known, and its other arguments."""
    named = [a for a in call.arguments if isinstance(a, tree.Named) and a.name == "event"]
    rest = [a for a in call.arguments if a not in named]
    mixes = distribution.laws == "several"
    if distribution.samples and not named:
        return dims, rest
    if len(named) > 1:
        context.report(GivenTwice(at=named[1].span, owner=distribution.name, name="event"))
        return None, rest
    if named and not distribution.event and not mixes:
        context.report(NoEvent(at=named[0].span, law=distribution.name))
        return (), rest
    if not distribution.event and not (mixes and named):
        return (), rest
    if not named:
        possible = [(dim,) for dim in dims] if distribution.event == 1 else _matrices(dims)
        if len(possible) == 1:
            return possible[0], rest
        shape = "k" if distribution.event == 1 else "k, k'"
        hint = f"the left-hand side has no such dimension: `{context.owner}[{shape}] ~ {distribution.name}(…)`"
        if possible:
            hint = f"name it: {listing(f'event = {each[0]}' for each in possible)}"
        context.report(NoEventDimension(at=call.span, law=distribution.name, hint=hint))
        return None, rest
    dim = dimension(named[0].value, context)
    if dim is None:
        return None, rest
    if distribution.event == 2:
        pair = next((each for each in _matrices(dims) if each[0] == dim), None)
        if pair is None:
            hint = f"the left-hand side needs it and its copy: `{context.owner}[{dim}, {dim}']`"
            context.report(NoEventDimension(at=named[0].span, law=distribution.name, hint=hint))
        return pair, rest
    if dim not in dims:
        otherwise = f"add `{dim}` to the left-hand side"
        if len(dims) > 1:
            otherwise += f", or name one that is there: {listing(f'event = {each}' for each in reversed(dims))}"
        hint = did_you_mean(dim, dims, otherwise=otherwise)
        context.report(NoSuchDimension(at=named[0].value.span, name=context.owner, dim=dim, hint=hint))
        return None, rest
    return (dim,), rest


def _matrices(dims: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Each dimension with a copy of it that stands after it."""
    return [
        (dim, copy) for place, dim in enumerate(dims) for copy in dims[place + 1 :] if ir.base(dim) == ir.base(copy)
    ]


def _truncation(
    distribution: Distribution, modifiers: tuple[tree.Modifier, ...], dims: tuple[str, ...], context: Context
) -> tuple[Typed | None, Typed | None, bool]:
    """The bounds of `truncated(a, b)` or `censored(a, b)`, None for an infinite one; and whether they censor."""
    both = [modifier for modifier in modifiers if modifier.name in ("truncated", "censored")]
    if not both:
        return None, None, False
    found = both[0]
    if any(each.name != found.name for each in both):
        others = (Label(found.span, f"{found.name} here"),)
        hint = "data are either left out beyond the limits, or recorded at them"
        context.report(
            WrongModifier(
                at=both[-1].span, name=both[-1].name, how=f"does not go with `{found.name}`", others=others, hint=hint
            )
        )
        return None, None, False
    if not distribution.truncates:
        hint = "possible for most laws of single numbers, such as `Normal`, `StudentT`, `Gamma`, `Beta` and `Poisson`"
        context.report(CannotTruncate(at=found.span, law=distribution.name, what=found.name, hint=hint))
        return None, None, False
    values = [argument for argument in found.arguments or () if not isinstance(argument, tree.Named)]
    if len(values) != 2 or len(values) != len(found.arguments or ()):
        hint = _ends_of(found, context)
        how = f"is written `{found.name}(lower, upper)`"
        context.report(WrongModifier(at=found.span, name=found.name, how=how, hint=hint))
        return None, None, False
    lower, upper = (bound(value, replace(context, ranges=dims)) for value in values)
    _check_not_empty(distribution, lower, upper, found.span, context)
    return (
        None if lower.support.upper == -inf else lower,
        None if upper.support.lower == inf else upper,
        found.name == "censored",
    )


_LOWER = frozenset(("lower", "low", "min", "minimum", "a", "left", "from"))
_UPPER = frozenset(("upper", "high", "max", "maximum", "b", "right", "to"))


def _ends_of(modifier: tree.Modifier, context: Context) -> str:
    """What to write where both ends of an interval are not given by their places."""
    match modifier.arguments or ():
        case (tree.Named(name=name, value=value),) if name in _LOWER | _UPPER:
            end = context.written(value.span)
            return f"write `{modifier.name}({end}, inf)`" if name in _LOWER else f"write `{modifier.name}(-inf, {end})`"
        case (tree.Named(name=low, value=first), tree.Named(name=high, value=second)) if (
            low in _LOWER and high in _UPPER
        ):
            return f"without names: `{modifier.name}({context.written(first.span)}, {context.written(second.span)})`"
        case (value,) if not isinstance(value, tree.Named):
            end = context.written(value.span)
            return f"give both ends: `{modifier.name}({end}, inf)` or `{modifier.name}(-inf, {end})`"
    return f"give both ends, as in `{modifier.name}(0, inf)`"


def _check_not_empty(distribution: Distribution, lower: Typed, upper: Typed, span: Span, context: Context) -> None:
    """UQ324 where nothing lies between two ends, themselves included where the values are whole numbers."""
    if not lower.sound or not upper.sound:
        return
    low, high = lower.support.lower, upper.support.upper
    if distribution.discrete:
        low, high = (low if isinf(low) else ceil(low)), (high if isinf(high) else floor(high))
    if low > high or (low == high and not distribution.discrete):
        _report_empty(lower, upper, span, context)


def _report_empty(lower: Typed, upper: Typed, span: Span, context: Context) -> None:
    hint = "the two ends are the same" if lower.support.lower == upper.support.upper else ""
    if lower.support.lower < upper.support.upper:
        hint = "no whole number lies between the two"
    low, high = f"{lower.support.lower:g}", f"{upper.support.upper:g}"
    context.report(EmptyInterval(at=span, lower=low, upper=high, hint=hint))


def _check_bounds(
    distribution: Distribution,
    arguments: dict[str, Typed],
    lower: Typed | None,
    upper: Typed | None,
    censors: bool,
    context: Context,
) -> None:
    """UQ324 where the bounds leave nothing of the law's own support, UQ335 for one that lies beyond its end."""
    own, name = _draw_support(distribution, arguments, None, None), distribution.name
    if lower is not None and lower.support.lower > own.upper and not censors:
        low, high, at = context.written(lower.node.span), f"{own.upper:g}", lower.node.span
    elif upper is not None and upper.support.upper < own.lower and not censors:
        low, high, at = f"{own.lower:g}", context.written(upper.node.span), upper.node.span
    else:
        beyond = [(lower, "-inf")] if lower is not None and lower.support.upper < own.lower else []
        beyond += [(upper, "inf")] if upper is not None and upper.support.lower > own.upper else []
        for bound, absent in beyond:
            at, hint = bound.node.span, f"an end that is not there is `{absent}`"
            context.report(IdleBound(at=at, law=name, support=str(own), bound=context.written(at), hint=hint))
        return
    context.report(EmptyInterval(at=at, lower=low, upper=high, hint=f"`{name}` draws {own}"))


def _draw_support(
    distribution: Distribution, arguments: dict[str, Typed], lower: Typed | None, upper: Typed | None
) -> Support:
    """Where the draws of a law lie."""
    support = distribution.support
    if distribution.bounds is not None and all(name in arguments for name in distribution.bounds):
        low, high = (arguments[name].support for name in distribution.bounds)
        support = interval(low.lower, high.upper, integer=distribution.discrete)
    if lower is not None:
        support = support._replace(lower=max(support.lower, lower.support.lower))
    if upper is not None:
        support = support._replace(upper=min(support.upper, upper.support.upper))
    return support


def _check_interval(distribution: Distribution, arguments: dict[str, Typed], call: tree.Call, context: Context) -> None:
    """UQ324 where nothing can lie between the parameters that are the ends of a law's support."""
    if distribution.bounds is None or not all(name in arguments for name in distribution.bounds):
        return
    lower, upper = (arguments[name] for name in distribution.bounds)
    _check_not_empty(distribution, lower, upper, call.span, context)
