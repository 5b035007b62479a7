"""Gaussian processes by basis functions, for many places: the Hilbert-space approximation.

In a box with half-widths L_d around the middle c of the places (Solin & Särkkä 2020, eq. 60; Riutort-Mayol et al. 2023, eq. 14)

    f(x) ≈ Σ_j sqrt(S(ω_j)) φ_j(x) z_j,    φ_j(x) = Π_d sin(ω_jd (x_d - c_d + L_d)) / sqrt(L_d),    ω_jd = π j_d / (2 L_d),

with z_j standard normal and S the spectral density of the kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi
from typing import NamedTuple

from uqdsl import ir
from uqdsl.semantics.context import union
from uqdsl.semantics.formulas import lower_formula


class Place(NamedTuple):
    """A coordinate of the places, and the length of the kernel along it."""

    at: ir.Expression
    length: ir.Expression


def by_basis_functions(
    process: ir.Quantity,
    dim: str,
    places: Sequence[Place],
    spectrum: str,
    amplitude: ir.Expression,
    count: int,
    boundary: float,
) -> tuple[tuple[ir.Statement, ...], tuple[ir.Dim, ...]]:
    """The quantities and the unknown of a process, and the dimensions of its basis functions.

    Args:
        process: its name and dimensions, and as its value its mean.
        dim: along which it goes.
        places: of its values, which are data.
        spectrum: the function of the spectral density of its kernel.
        amplitude: of its kernel.
        count: of basis functions along each coordinate.
        boundary: half-width of the box, in half-ranges of the places.
    """
    name, span, mean = process.name, process.span, process.value
    numbers = [f"_{index + 1}" for index in range(len(places))] if len(places) > 1 else [""]
    bases = tuple(f"{name}_basis{number}" for number in numbers)
    fixed: list[ir.Quantity] = []

    def named(own: str, formula: str, **parts: ir.Expression) -> ir.Reference:
        value = lower_formula(formula, parts, span)
        fixed.append(ir.Quantity(span=span, name=f"{name}_{own}", dims=value.dims, value=value, fixed=True))
        return ir.Reference(span=span, name=f"{name}_{own}", dims=value.dims)

    waves: list[ir.Expression] = []
    squares: list[ir.Expression] = []
    for (at, length), basis, number in zip(places, bases, numbers, strict=True):
        rest = tuple(each for each in at.dims if each != dim)
        high, low = (ir.Reduce(span=span, function=each, operand=at, over=(dim,), dims=rest) for each in ("max", "min"))
        box = named(f"box{number}", f"{boundary!r} * (high - low) / 2", high=high, low=low)
        j = ir.Coordinate(span=span, dim=basis, dims=(basis,))
        frequency = named(f"frequency{number}", "pi * j / (2 * box)", pi=ir.Constant(value=pi), j=j, box=box)
        wave = "sin((x - (high + low) / 2 + box) * frequency) / sqrt(box)"
        waves.append(named(f"waves{number}", wave, frequency=frequency, x=at, high=high, low=low, box=box))
        squares.append(lower_formula("(length * w)**2", {"length": length, "w": frequency}, span))
    arguments = (joined("+", squares), amplitude, ir.Constant(span=span, value=len(places)))
    dims = union(*(each.dims for each in arguments))
    density: ir.Expression = ir.Apply(span=span, function=spectrum, arguments=arguments, dims=dims)
    volume = joined("*", [length for _, length in places])
    scale = lower_formula("sqrt(volume * density)", {"volume": volume, "density": density}, span)

    zero, one = ir.Constant(span=span, value=0.0), ir.Constant(span=span, value=1.0)
    law = ir.Law(
        span=span,
        distribution="Normal",
        arguments=(ir.Argument(name="mean", value=zero), ir.Argument(name="sd", value=one)),
    )
    batch = tuple(each for each in process.dims if each != dim)
    weights = ir.Unknown(span=span, name=f"{name}_weights", dims=(*batch, *bases), law=law, nuisance=True)
    drawn = ir.Reference(span=span, name=weights.name, dims=weights.dims)
    product = joined("*", [*waves, lower_formula("scale * z", {"scale": scale, "z": drawn}, span)])
    kept = tuple(each for each in product.dims if each not in bases)
    value: ir.Expression = ir.Reduce(span=span, function="sum", operand=product, over=bases, dims=kept)
    if not (isinstance(mean, ir.Constant) and mean.value == 0):
        value = lower_formula("mean + value", {"mean": mean, "value": value}, span)
    new = tuple(ir.Dim(span=span, name=each, size=count) for each in bases)
    return (*fixed, weights, process.model_copy(update={"value": value})), new


def joined(sign: str, parts: Sequence[ir.Expression]) -> ir.Expression:
    """Some expressions, added or multiplied."""
    total, *rest = parts
    for each in rest:
        total = lower_formula(f"a {sign} b", {"a": total, "b": each}, each.span)
    return total
