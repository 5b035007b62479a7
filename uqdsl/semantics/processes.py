"""Gaussian processes: `GaussianProcess(matern52(length, amplitude), at = [lon, lat])`, exact or by basis functions."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import did_you_mean, errors, listing
from uqdsl.messages.catalogue.kinds import (
    GivenTwice,
    MissingParameter,
    ParameterSupport,
    UnknownArgument,
    WrongArgumentCount,
)
from uqdsl.messages.catalogue.processes import NotAKernel, WrongProcess
from uqdsl.semantics.basis_functions import Place, by_basis_functions, joined
from uqdsl.semantics.composed import check_no_modifiers
from uqdsl.semantics.constants import evaluate
from uqdsl.semantics.context import Context, Typed, union
from uqdsl.semantics.expressions import number
from uqdsl.semantics.fit import Fit, fit, how_to_narrow
from uqdsl.semantics.formulas import lower_formula
from uqdsl.semantics.restrictions import decorrelated
from uqdsl.semantics.walk import ungrouped
from uqdsl.semantics.wording import plural
from uqdsl.syntax import tree
from uqdsl.vocabulary.kernels import KERNELS, Kernel
from uqdsl.vocabulary.supports import POSITIVE

PROCESS = "GaussianProcess"
_OPTIONS = ("at", "mean", "jitter", "basis", "boundary", "event")
_JITTER = 1e-6
"""Of the variance of data of unit scale: what keeps a covariance matrix invertible in double precision."""
_BOUNDARY = 1.5
"""Half the width of the box of the basis functions, in half-ranges of the places (Riutort-Mayol et al. 2023, 4.2)."""


class Process(NamedTuple):
    """A Gaussian process as written: its kernel, where its values are, its mean, and how it is computed."""

    kernel: tree.Expression
    at: tuple[Typed, ...]
    mean: ir.Expression
    jitter: float
    basis: int | None
    boundary: float


def lower_process(
    statement: tree.Prior, dims: tuple[str, ...], context: Context
) -> tuple[tuple[ir.Statement, ...], tuple[ir.Dim, ...]] | None:
    """The unknowns and quantities of a Gaussian process, and the dimensions of its basis functions."""
    call = ungrouped(statement.law)
    if not isinstance(call, tree.Call):
        return None
    check_no_modifiers(PROCESS, statement, ("noncentered", "nuisance"), context)
    dim = _dimension(call, dims, context)
    if dim is None:
        return None
    process = _process(call, dim, dims, context)
    if process is None:
        return None
    context = replace(context, ranges=tuple(each for each in dims if each != dim), list_dim=None)
    if process.basis is not None:
        return _by_basis(statement, process, dim, dims, context)
    squares, distances = _squares(statement, process, dim)
    covariance = _covariance(process.kernel, squares, context)
    if covariance is None:
        return None
    span = statement.law.span
    copy = dim + "'"
    identity = ir.Matrix(span=span, function="identity", operands=(), rows=dim, columns=copy, dims=(dim, copy))
    arguments = (
        ir.Argument(span=span, name="mean", value=process.mean),
        ir.Argument(
            span=span,
            name="covariance",
            value=lower_formula(f"k + {process.jitter!r} * i", {"k": covariance, "i": identity}, span),
        ),
    )
    law = ir.Law(span=span, distribution="MultiNormal", arguments=arguments, event=(dim,))
    given = {each.name for each in statement.modifiers}
    name, nuisance = statement.target.name, "nuisance" in given
    unknown = ir.Unknown(
        span=statement.span,
        name=name,
        dims=law.arranged(dims),
        law=law,
        nuisance=nuisance,
        noncentered="noncentered" in given,
    )
    return (*distances, *decorrelated(unknown)), ()


def _dimension(call: tree.Call, dims: tuple[str, ...], context: Context) -> str | None:
    named = next((each for each in call.arguments if isinstance(each, tree.Named) and each.name == "event"), None)
    if named is not None and isinstance(named.value, tree.Name) and named.value.name in dims:
        return named.value.name
    if len(dims) == 1 and named is None:
        return dims[0]
    reason = (
        "it is over no dimension"
        if not dims
        else f"say along which it goes: {listing(f'event = {dim}' for dim in dims)}"
    )
    context.report(WrongProcess(at=call.span, reason=reason))
    return None


def _process(call: tree.Call, dim: str, dims: tuple[str, ...], context: Context) -> Process | None:
    given: dict[str, tree.Expression] = {}
    kernels: list[tree.Expression] = []
    for argument in call.arguments:
        if not isinstance(argument, tree.Named):
            kernels.append(argument)
        elif argument.name in given:
            context.report(GivenTwice(at=argument.span, owner=PROCESS, name=argument.name))
        elif argument.name in _OPTIONS:
            given[argument.name] = argument.value
        else:
            hint = did_you_mean(argument.name, _OPTIONS, otherwise=f"it can be {listing(_OPTIONS)}")
            at = argument.name_span
            context.report(UnknownArgument(at=at, function=PROCESS, name=argument.name, hint=hint))
    if len(kernels) != 1:
        found = "none is" if not kernels else f"{len(kernels)} are"
        context.report(WrongArgumentCount(at=call.span, function=PROCESS, expected="one kernel", found=found))
        return None
    place = replace(context, ranges=dims)
    written = given.get("at")
    items = written.items if isinstance(written, tree.Listing) else (written,) if written is not None else ()
    at = [number(each, place) for each in items] or [number(tree.Name(call.span, dim), place)]
    mean = number(given["mean"], place).node if "mean" in given else ir.Constant(span=call.span, value=0.0)
    constants: dict[str, float] = {}
    for name in ("jitter", "basis", "boundary"):
        if name not in given:
            continue
        value = evaluate(given[name], context.settings)
        if isinstance(value, str | bool) or value <= 0 or (name == "basis" and not isinstance(value, int)):
            reason = f"`{name}` is {'a whole number' if name == 'basis' else 'a number'} above 0"
            context.report(WrongProcess(at=given[name].span, reason=reason))
            return None
        constants[name] = value
    if errors(context.problems):
        return None
    if "basis" in constants and any(each.random for each in at):
        context.report(WrongProcess(at=call.span, reason="basis functions need places that are data"))
        return None
    basis = int(constants["basis"]) if "basis" in constants else None
    jitter, boundary = constants.get("jitter", _JITTER), constants.get("boundary", _BOUNDARY)
    return Process(kernels[0], tuple(at), mean, jitter, basis, boundary)


def _squares(
    statement: tree.Prior, process: Process, dim: str
) -> tuple[tuple[ir.Expression, ...], tuple[ir.Quantity, ...]]:
    """The squared distances along each coordinate; those of places that are data have a name, and are computed once."""
    found: list[ir.Expression] = []
    made: list[ir.Quantity] = []
    for index, place in enumerate(process.at, 1):
        node, span = place.node, statement.span
        dims = tuple(dim + "'" if each == dim else each for each in node.dims)
        other = ir.Rename(span=span, value=node, names=((dim, dim + "'"),), dims=dims)
        square = lower_formula("(a - b)**2", {"a": node, "b": other}, span)
        if not place.random:
            own = f"{statement.target.name}_squares" + (f"_{index}" if len(process.at) > 1 else "")
            made.append(ir.Quantity(span=span, name=own, dims=square.dims, value=square, fixed=True))
            square = ir.Reference(span=span, name=own, dims=square.dims)
        found.append(square)
    return tuple(found), tuple(made)


# ------------------------------------------------------------------------------------------------------------- kernels


class _Called(NamedTuple):
    """A kernel with its parameters; `lengths` is one for all of the places' coordinates, or one for each."""

    kernel: Kernel
    lengths: tuple[ir.Expression, ...]
    parameters: tuple[ir.Expression, ...]


def _covariance(written: tree.Expression, squares: tuple[ir.Expression, ...], context: Context) -> ir.Expression | None:
    """The covariances by a kernel, or by a sum or product of kernels."""
    call = ungrouped(written)
    if isinstance(call, tree.Binary) and call.operator in ("+", "*"):
        left = _covariance(call.left, squares, context)
        right = _covariance(call.right, squares, context)
        if left is None or right is None:
            return None
        return lower_formula(f"a {call.operator} b", {"a": left, "b": right}, written.span)
    found = _called(written, len(squares), context)
    if found is None:
        return None
    kernel, lengths, parameters = found
    span = written.span
    if not kernel.scaled:
        if len(squares) > 1:
            context.report(WrongProcess(at=span, reason=f"`{kernel.name}` is for one coordinate"))
            return None
        arguments = (*squares, *lengths, *parameters)
    else:
        if len(lengths) == 1:
            scaled = lower_formula("s / length**2", {"s": joined("+", squares), "length": lengths[0]}, span)
        else:
            scaled = joined(
                "+",
                tuple(
                    lower_formula("s / length**2", {"s": each, "length": length}, span)
                    for each, length in zip(squares, lengths, strict=True)
                ),
            )
        arguments = (scaled, *parameters)
    return _apply(kernel.name, arguments)


def _apply(function: str, arguments: tuple[ir.Expression, ...]) -> ir.Apply:
    dims = union(*(each.dims for each in arguments))
    return ir.Apply(span=arguments[0].span, function=function, arguments=arguments, dims=dims)


def _called(written: tree.Expression, coordinates: int, context: Context) -> _Called | None:
    call = ungrouped(written)
    name = call.function.name if isinstance(call, tree.Call) and isinstance(call.function, tree.Name) else ""
    kernel = KERNELS.get(name)
    if kernel is None or not isinstance(call, tree.Call):
        hint = (
            did_you_mean(name, KERNELS, otherwise=f"it can be {listing(KERNELS)}")
            if name
            else f"such as {listing(KERNELS)}"
        )
        context.report(NotAKernel(at=written.span, hint=hint))
        return None
    names = ("length", "amplitude", *kernel.parameters)
    given: dict[str, tree.Expression] = {}
    for position, argument in enumerate(call.arguments):
        if isinstance(argument, tree.Named):
            given[argument.name] = argument.value
        elif position < len(names):
            given[names[position]] = argument
    unknown = [each for each in given if each not in names]
    missing = [each for each in names if each not in given]
    if unknown or missing or len(call.arguments) != len(names):
        hint = f"it is written `{name}({', '.join(names)})`"
        parameters = f"its {listing(missing or names, last='and')}"
        context.report(MissingParameter(at=call.span, law=name, parameters=parameters, hint=hint))
        return None
    length = ungrouped(given["length"])
    items = length.items if isinstance(length, tree.Listing) else (length,)
    lengths = [_positive(each, "length", name, context) for each in items]
    parameters = [_positive(given[each], each, name, context) for each in names[1:]]
    if errors(context.problems):
        return None
    if len(lengths) not in (1, coordinates):
        reason = f"it has {plural(coordinates, 'coordinate')} and {plural(len(lengths), 'length')}"
        context.report(WrongProcess(at=given["length"].span, reason=reason))
        return None
    return _Called(kernel, tuple(lengths), tuple(parameters))


def _positive(written: tree.Expression, parameter: str, kernel: str, context: Context) -> ir.Expression:
    """A parameter of a kernel; UQ304 where it is not positive."""
    found = number(written, context)
    if fit(found, POSITIVE, context) is Fit.LEAVES:
        at, expected, values = found.node.span, str(POSITIVE), str(found.support)
        hint = how_to_narrow(found, POSITIVE, context)
        context.report(
            ParameterSupport(at=at, law=kernel, parameter=parameter, expected=expected, found=values, hint=hint)
        )
    return found.node


def _by_basis(
    statement: tree.Prior, process: Process, dim: str, dims: tuple[str, ...], context: Context
) -> tuple[tuple[ir.Statement, ...], tuple[ir.Dim, ...]] | None:
    """The process by basis functions, which only some kernels have."""
    found = _called(process.kernel, len(process.at), context)
    if found is None:
        return None
    if not found.kernel.spectrum:
        possible = [each.name for each in KERNELS.values() if each.spectrum]
        context.report(WrongProcess(at=process.kernel.span, reason=f"basis functions are for {listing(possible)}"))
        return None
    lengths = found.lengths * (len(process.at) if len(found.lengths) == 1 else 1)
    places = [Place(at.node, length) for at, length in zip(process.at, lengths, strict=True)]
    assert process.basis is not None, "the number of basis functions is given"
    return by_basis_functions(
        ir.Quantity(span=statement.span, name=statement.target.name, dims=dims, value=process.mean, fixed=False),
        dim,
        places,
        found.kernel.spectrum,
        found.parameters[0],
        process.basis,
        process.boundary,
    )
