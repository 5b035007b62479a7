"""B-splines: `bspline(x, over = k, low = 0, high = 10, degree = 3)`, basis functions of x over a dimension."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Problem, SpecError, did_you_mean, listing
from uqdsl.messages.catalogue.kinds import GivenTwice, UnknownArgument, WrongArgumentCount
from uqdsl.messages.catalogue.splines import NoEnds, WrongSpline
from uqdsl.semantics.constants import Settings, evaluate
from uqdsl.semantics.context import Context, Typed, poison, union
from uqdsl.semantics.wording import are, plural
from uqdsl.syntax import tree
from uqdsl.vocabulary.functions import SPLINE
from uqdsl.vocabulary.supports import REAL, UNIT

type Lower = Callable[[tree.Expression, Context], Typed]
type Dimension = Callable[[tree.Expression, Context], str | None]

_OPTIONS = ("over", "low", "high", "degree", "knots")
_CUBIC = 3


class _Spline(NamedTuple):
    """The options of a spline: its ends, where they are given, its degree, and the knots between the ends."""

    low: float | None
    high: float | None
    degree: int
    knots: tuple[float, ...] | None


def lower_spline(expression: tree.Call, context: Context, lower: Lower, dimension: Dimension) -> Typed:
    """The basis functions of a value, over a dimension with as many labels as there are functions."""
    span = expression.span
    operands = [each for each in expression.arguments if not isinstance(each, tree.Named)]
    given: dict[str, tree.Expression] = {}
    for argument in expression.arguments:
        if not isinstance(argument, tree.Named):
            continue
        if argument.name not in _OPTIONS:
            hint = did_you_mean(argument.name, _OPTIONS, otherwise=f"it can be {listing(_OPTIONS)}")
            at = argument.name_span
            return context.report(UnknownArgument(at=at, function=SPLINE, name=argument.name, hint=hint))
        if argument.name in given:
            return context.report(GivenTwice(at=argument.span, owner=SPLINE, name=argument.name))
        given[argument.name] = argument.value
    if len(operands) != 1 or "over" not in given:
        expected = "one argument and `over = k`"
        found = are(len(operands)) if len(operands) != 1 else "`over` is not"
        return context.report(WrongArgumentCount(at=span, function=SPLINE, expected=expected, found=found))
    dim = dimension(given["over"], context)
    x = lower(operands[0], context.anywhere())
    try:
        spline = _options(given, context.settings)
    except SpecError as error:
        context.problems.extend(error.problems)
        return poison(span)
    if dim is None or not x.sound:
        return poison(span)
    along = context.dims[ir.base(dim)]
    problem = next(_unfit(spline, x, dim, along, given, expression), None)
    if problem is not None:
        return context.report(problem)

    def end(value: float | None, extreme: str) -> ir.Expression:
        if value is not None:
            return ir.Constant(span=span, value=value)
        return ir.Reduce(span=span, function=extreme, operand=x.node, over=x.dims)

    place = ir.Coordinate(span=span, dim=dim, positions=True, dims=(dim,))
    shape = spline.knots if spline.knots is not None else (_size(along),)
    numbers = (ir.Constant(span=span, value=each) for each in (spline.degree, *shape))
    arguments = (x.node, place, end(spline.low, "min"), end(spline.high, "max"), *numbers)
    circle = along.boundary == "periodic"
    function = "bspline_between" if spline.knots is not None else "periodic_bspline" if circle else "bspline"
    node = ir.Apply(span=span, function=function, arguments=arguments, dims=union(x.dims, (dim,)))
    inside = circle or (spline.low is None and spline.high is None)
    return Typed(node, UNIT if inside else REAL, random=x.random)


def _options(given: Mapping[str, tree.Expression], settings: Settings) -> _Spline:
    """The options, each of which is known before any data are.

    Raises:
        SpecError: UQ313 for one that is not constant, UQ283 for one that is no number of its kind.
    """

    def constant(value: tree.Expression, what: str) -> float:
        found = evaluate(value, settings)
        if isinstance(found, str | bool):
            raise SpecError([WrongSpline(at=value.span, reason=f"{what} is a number")])
        return found

    low, high = (constant(given[name], f"`{name}`") if name in given else None for name in ("low", "high"))
    degree: float = _CUBIC
    if "degree" in given:
        degree = constant(given["degree"], "`degree`")
        if not isinstance(degree, int) or degree < 0:
            raise SpecError([WrongSpline(at=given["degree"].span, reason="`degree` is a whole number from 0 on")])
    knots = None
    if "knots" in given:
        written = given["knots"]
        if not isinstance(written, tree.Listing):
            raise SpecError([WrongSpline(at=written.span, reason="`knots` is a list of numbers")])
        knots = tuple(float(constant(each, "a knot")) for each in written.items)
    return _Spline(low, high, int(degree), knots)


def _unfit(
    spline: _Spline,
    x: Typed,
    dim: str,
    along: ir.Dim,
    given: Mapping[str, tree.Expression],
    expression: tree.Call,
) -> Iterator[Problem]:
    """What keeps the options, the value and the dimension from going together."""
    low, high, degree, knots = spline
    size, over = _size(along), given["over"].span
    if dim in x.dims:
        yield WrongSpline(at=over, reason=f"what it is a function of is over `{dim}` already")
    if not size:
        hint = f"say how many functions there are: `dim {along.name} = 10`"
        yield WrongSpline(at=over, reason=f"the size of `{along.name}` is not known before the data are", hint=hint)
    if knots is not None and along.boundary == "periodic":
        yield WrongSpline(
            at=given["knots"].span, reason=f"the knots of a spline over the periodic `{dim}` are evenly spaced"
        )
    needed = degree + 1 + len(knots or ())
    if size and (size < needed or (knots is not None and size > needed)):
        found = f"`{dim}` has {plural(size, 'label')}"
        if knots is None:
            reason, hint = f"one of degree {degree} has at least {plural(needed, 'function')}, but {found}", ""
        else:
            between = f"one of degree {degree} with {plural(len(knots), 'knot')} between its ends"
            reason = f"{between} has {plural(needed, 'function')}, but {found}"
            hint = "the ends themselves, `low` and `high`, are not among the `knots`"
        yield WrongSpline(at=over, reason=reason, hint=hint)
    ends = [each for each in (low, *(knots or ()), high) if each is not None]
    if any(one >= other for one, other in pairwise(ends)):
        what = "its low end, its knots and its high end" if knots else "its low and its high end"
        at = given["knots" if knots else "high"].span
        yield WrongSpline(at=at, reason=f"{what} have to increase")
    if low is None or high is None:
        if along.boundary == "periodic":
            yield NoEnds(at=expression.span, reason=f"`{along.name}` is periodic, so that its ends are one")
        elif x.random or not x.dims:
            reason = "what it is a function of is no data" if x.random else "what it is a function of is one number"
            yield NoEnds(at=expression.span, reason=reason)


def _size(dim: ir.Dim) -> int:
    """How many labels the spec gives to a dimension; 0 where they are known from data alone."""
    return len(dim.labels) if dim.labels is not None else dim.size or 0
