"""Gaussian processes: `GaussianProcess(matern52(length, amplitude), at = [lon, lat])`, exact or by basis functions."""

from __future__ import annotations

from dataclasses import replace
from math import pi
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import did_you_mean, errors, listing
from uqdsl.messages.catalogue.kinds import MissingParameter, UnknownArgument, WrongArgumentCount
from uqdsl.messages.catalogue.processes import NotAKernel, WrongProcess
from uqdsl.semantics.composed import check_no_modifiers
from uqdsl.semantics.constants import evaluate
from uqdsl.semantics.context import Context, union
from uqdsl.semantics.expressions import number
from uqdsl.semantics.formulas import lower_formula
from uqdsl.semantics.walk import ungrouped
from uqdsl.syntax import tree
from uqdsl.vocabulary.kernels import KERNELS, Kernel

PROCESS = "GaussianProcess"
_OPTIONS = ("at", "mean", "jitter", "basis", "boundary", "event")
_JITTER = 1e-6
"""Of the amplitude squared of data of unit scale: what keeps a covariance matrix invertible in double precision."""


class Process(NamedTuple):
    """A Gaussian process as written: its kernel, places, mean, and how it is computed."""

    kernel: tree.Expression
    at: tuple[ir.Expression, ...]
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
    name = statement.target.name
    dim = _dimension(call, dims, context)
    if dim is None:
        return None
    process = _process(call, dim, dims, context)
    if process is None:
        return None
    context = replace(context, ranges=tuple(each for each in dims if each != dim))
    if process.basis is None:
        noncentered = any(each.name == "noncentered" for each in statement.modifiers)
        covariance = _covariance(process, dim, context)
        if covariance is None:
            return None
        span = statement.law.span
        arguments = (
            ir.Argument(span=span, name="mean", value=process.mean),
            ir.Argument(span=span, name="covariance", value=covariance),
        )
        law = ir.Law(span=span, distribution="MultiNormal", arguments=arguments, event=(dim,))
        nuisance = any(each.name == "nuisance" for each in statement.modifiers)
        unknown = ir.Unknown(span=statement.span, name=name, dims=law.arranged(dims), law=law, nuisance=nuisance)
        if noncentered:
            from uqdsl.semantics.restrictions import decorrelated

            return decorrelated(unknown), ()
        return (unknown,), ()
    return _by_basis(statement, process, dim, dims, context)


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
    kernels = []
    for argument in call.arguments:
        if not isinstance(argument, tree.Named):
            kernels.append(argument)
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
    place = replace(context, ranges=(dim,))
    written = given.get("at")
    items = written.items if isinstance(written, tree.Listing) else (written,) if written is not None else ()
    at = [number(each, place) for each in items] or [number(tree.Name(call.span, dim), place)]
    mean = number(given["mean"], replace(context, ranges=dims)) if "mean" in given else None
    constants = {}
    for name in ("jitter", "basis", "boundary"):
        if name in given:
            value = evaluate(given[name], context.settings)
            if isinstance(value, str | bool) or value <= 0 or (name == "basis" and not isinstance(value, int)):
                reason = f"`{name}` is {'a whole number' if name == 'basis' else 'a number'} above 0"
                context.report(WrongProcess(at=given[name].span, reason=reason))
                return None
            constants[name] = value
    if errors(context.problems) or not all(each.sound for each in at):
        return None
    if "basis" in constants and any(each.random for each in at):
        context.report(WrongProcess(at=call.span, reason="basis functions need places that are data"))
        return None
    zero: ir.Expression = ir.Constant(span=call.span, value=0.0)
    return Process(
        kernels[0],
        tuple(each.node for each in at),
        mean.node if mean is not None else zero,
        float(constants.get("jitter", _JITTER)),
        constants.get("basis"),  # type: ignore[arg-type]
        float(constants.get("boundary", 1.5)),
    )


# ------------------------------------------------------------------------------------------------------------- kernels


class _Called(NamedTuple):
    """A kernel with its parameters; `lengths` is one for each of the places' coordinates."""

    kernel: Kernel
    lengths: tuple[ir.Expression, ...]
    values: dict[str, ir.Expression]


def _called(written: tree.Expression, count: int, context: Context) -> _Called | None:
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
    if unknown or missing or len(call.arguments) > len(names):
        hint = f"it is written `{name}({', '.join(names)})`"
        parameters = f"its {listing(missing or names, last='and')}"
        context.report(MissingParameter(at=call.span, law=name, parameters=parameters, hint=hint))
        return None
    place = replace(context, list_dim=None)
    length = ungrouped(given["length"])
    items = length.items if isinstance(length, tree.Listing) else (length,)
    lengths = [number(each, place) for each in items]
    values = {each: number(given[each], place) for each in names[1:]}
    if errors(context.problems):
        return None
    if len(lengths) not in (1, count):
        reason = f"there are {count} coordinates and {len(lengths)} lengths"
        context.report(WrongProcess(at=given["length"].span, reason=reason))
        return None
    nodes = tuple(each.node for each in lengths) * (count if len(lengths) == 1 else 1)
    return _Called(kernel, nodes, {key: each.node for key, each in values.items()})


def _covariance(process: Process, dim: str, context: Context) -> ir.Expression | None:
    """The matrix of covariances, with the jitter on its diagonal."""
    copy = dim + "'"
    found = _kernel_matrix(process.kernel, process, dim, context)
    if found is None:
        return None
    span = process.kernel.span
    identity = ir.Matrix(span=span, function="identity", operands=(), rows=dim, columns=copy, dims=(dim, copy))
    return lower_formula(f"k + {process.jitter!r} * i", {"k": found, "i": identity}, span)


def _kernel_matrix(written: tree.Expression, process: Process, dim: str, context: Context) -> ir.Expression | None:
    call = ungrouped(written)
    if isinstance(call, tree.Binary) and call.operator in ("+", "*"):
        left = _kernel_matrix(call.left, process, dim, context)
        right = _kernel_matrix(call.right, process, dim, context)
        if left is None or right is None:
            return None
        return lower_formula(f"a {call.operator} b", {"a": left, "b": right}, written.span)
    found = _called(written, len(process.at), context)
    if found is None:
        return None
    span = written.span
    values: dict[str, ir.Expression] = dict(found.values)
    values["pi"] = ir.Constant(span=span, value=pi)
    squares: ir.Expression | None = None
    for place, length in zip(process.at, found.lengths, strict=True):
        other = ir.Rename(span=span, value=place, names=((dim, dim + "'"),), dims=_renamed(place.dims, dim))
        parts = {"a": place, "b": other, "length": length}
        square = lower_formula("((a - b) / length)**2", parts, span)
        squares = square if squares is None else lower_formula("a + b", {"a": squares, "b": square}, span)
    assert squares is not None, "a process has a place"
    values["r2"] = squares
    if len(process.at) == 1:
        (place,), (length,) = process.at, found.lengths
        other = ir.Rename(span=span, value=place, names=((dim, dim + "'"),), dims=_renamed(place.dims, dim))
        distance = lower_formula("abs(a - b)", {"a": place, "b": other}, span)
        values |= {
            "distance": distance,
            "length": length,
            "r": lower_formula("d / l", {"d": distance, "l": length}, span),
        }
    elif found.kernel.name == "periodic":
        context.report(WrongProcess(at=span, reason="`periodic` is for one coordinate"))
        return None
    else:
        # Away from zero, where the square root has no derivative.
        tiny = ir.Constant(span=span, value=1e-30)
        least = ir.Apply(span=span, function="maximum", arguments=(squares, tiny), dims=squares.dims)
        values["r"] = lower_formula("sqrt(x)", {"x": least}, span)
    return lower_formula(found.kernel.formula, values, span)


def _renamed(dims: tuple[str, ...], dim: str) -> tuple[str, ...]:
    return tuple(dim + "'" if each == dim else each for each in dims)


# ----------------------------------------------------------------------------------------------------- basis functions


def _by_basis(
    statement: tree.Prior, process: Process, dim: str, dims: tuple[str, ...], context: Context
) -> tuple[tuple[ir.Statement, ...], tuple[ir.Dim, ...]] | None:
    """f(x) ≈ Σ_j sqrt(S(ω_j)) φ_j(x) z_j with z standard normal (Solin & Särkkä 2020, eq. 60).

    φ_j(x) = Π_d sqrt(1 / L_d) sin(ω_jd (x_d - c_d + L_d)), ω_jd = π j_d / (2 L_d), where c_d and L_d are the middle of the
    places and `boundary` times half of their range.
    """
    name, span = statement.target.name, statement.span
    found = _called(process.kernel, len(process.at), context)
    if found is None:
        return None
    if found.kernel.order is None:
        possible = [each.name for each in KERNELS.values() if each.order is not None]
        context.report(WrongProcess(at=process.kernel.span, reason=f"basis functions are for {listing(possible)}"))
        return None
    several = len(process.at) > 1
    bases = [f"{name}_basis" + (f"_{place + 1}" if several else "") for place in range(len(process.at))]
    new = tuple(ir.Dim(span=span, name=each, size=process.basis) for each in bases)
    waves: ir.Expression | None = None
    q: ir.Expression | None = None
    scale: ir.Expression | None = None
    for place, basis, length in zip(process.at, bases, found.lengths, strict=True):
        j = ir.Coordinate(span=span, dim=basis, dims=(basis,))
        high, low = (
            ir.Reduce(span=span, function=each, operand=place, over=(dim,), dims=()) for each in ("max", "min")
        )
        ends = {"high": high, "low": low}
        half = lower_formula(f"{process.boundary!r} * (high - low) / 2", ends, span)
        middle = lower_formula("(high + low) / 2", ends, span)
        omega = lower_formula(f"{pi!r} * j / (2 * half)", {"j": j, "half": half}, span)
        inner = {"x": place, "c": middle, "half": half, "omega": omega}
        wave = lower_formula("sin(omega * (x - c + half)) / sqrt(half)", inner, span)
        waves = wave if waves is None else lower_formula("a * b", {"a": waves, "b": wave}, span)
        part = lower_formula("(length * omega)**2", {"length": length, "omega": omega}, span)
        q = part if q is None else lower_formula("a + b", {"a": q, "b": part}, span)
        scale = length if scale is None else lower_formula("a * b", {"a": scale, "b": length}, span)
    if waves is None or q is None or scale is None:
        return None
    density = lower_formula(
        found.kernel.spectrum(len(process.at)), {"q": q, "amplitude": found.values["amplitude"]}, span
    )
    amplitude = lower_formula("sqrt(scale * density)", {"scale": scale, "density": density}, span)
    batch = tuple(each for each in dims if each != dim)
    zero, one = ir.Constant(span=span, value=0.0), ir.Constant(span=span, value=1.0)
    arguments = (ir.Argument(name="mean", value=zero), ir.Argument(name="sd", value=one))
    law = ir.Law(span=span, distribution="Normal", arguments=arguments)
    weights = ir.Unknown(span=span, name=f"{name}_weights", dims=(*batch, *bases), law=law, nuisance=True)
    own = ir.Reference(span=span, name=weights.name, dims=weights.dims)
    basis = ir.Quantity(span=span, name=f"{name}_waves", dims=(dim, *bases), value=waves, fixed=True)
    seen = ir.Reference(span=span, name=basis.name, dims=basis.dims)
    scaled = lower_formula("a * z", {"a": amplitude, "z": own}, span)
    over = union(basis.dims, scaled.dims)
    product = ir.Operation(span=span, operator="*", operands=(seen, scaled), dims=over)
    kept = tuple(each for each in over if each not in bases)
    value: ir.Expression = ir.Reduce(span=span, function="sum", operand=product, over=tuple(bases), dims=kept)
    if not (isinstance(process.mean, ir.Constant) and process.mean.value == 0):
        value = lower_formula("m + f", {"m": process.mean, "f": value}, span)
    made = ir.Quantity(span=span, name=name, dims=dims, value=value, fixed=False)
    return (basis, weights, made), new
